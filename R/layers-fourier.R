# Functions on the group by their Fourier coefficients: the features of continuous groups.

#' Features by their Fourier coefficients
#'
#' A regular field has a channel for each element of the group, and a continuous group has too many. `fourier_repr()` is what
#' stands in its place: a function on the group, given by its Fourier coefficients up to a frequency. `nonlin_fourier()`
#' samples such functions at `N` rotations, applies a nonlinearity to each sample, and transforms back. The finer the grid,
#' the closer to exact for all rotations; the `N` rotations themselves are exact. `pool_max_fourier()` takes the maximum of
#' each sample over windows in space, in place of a nonlinearity.
#'
#' With `rotations` or `axis`, which name a subgroup as in [quotient_repr()], the functions live on the cosets of the
#' subgroup: they are fewer, and blind to the subgroup. Give the layer the same subgroup as the representation.
#'
#' @inheritParams r2_conv
#' @param gs A space or a group.
#' @param frequency The highest frequency.
#' @param N Number of rotations to sample at; take two to four times as many as a field has channels. By default 16 in
#'   the plane, 4 times 24 in space, and all elements of a finite group.
#' @param grid The kind of grid, for rotations of space: `"thomson_cube"`, the default, has `N` times 24 of them, and
#'   the rotations of the cube are exact; `"thomson"`, `"hopf"`, `"fibonacci"`, `"ico"`, `"cube"` and `"tetra"` are
#'   others. Functions on the sphere are sampled at such points of it.
#' @param rotations,axis,subgroup The subgroup, as for [quotient_repr()]; none for functions on the group.
#' @param fun Name of the function: `"elu"`, `"relu"`, `"sigmoid"` or `"tanh"`.
#' @param kernel_size Width of the window, one number or one for each axis.
#' @param stride Distance of windows; `kernel_size` by default.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @return `fourier_repr()`: a representation. The others: a module, a sequence or a specification.
#' @seealso [regular_repr()], [sphere_repr()], [fourier_transform()], [nonlin_relu()] and [nonlin_gated()]
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = Inf)
#' field_type(gs, trivial = 1) |>
#'   r2_conv(out = 4 * fourier_repr(gs, frequency = 2), kernel_size = 5) |>
#'   batchnorm_iid() |>
#'   nonlin_fourier(N = 16) |>
#'   pool_max_fourier(kernel_size = 2)
#'
#' # Functions on the sphere, in space
#' gs <- gspace_rot3d()
#' field_type(gs, 2 * sphere_repr(gs, frequency = 2)) |> nonlin_fourier(rotations = Inf)
nonlin_fourier <- function(object, N = NULL, fun = "elu", rotations = NULL, axis = NULL, subgroup = NULL, grid = NULL, ...) {
  on_cosets <- !is.null(rotations) || !is.null(axis) || !is.null(subgroup)
  create_layer(if (on_cosets) "QuotientFourierPointwise" else "FourierPointwise")
}

#' @rdname nonlin_fourier
#' @export
pool_max_fourier <- function(object, kernel_size, stride = NULL, N = NULL, rotations = NULL, axis = NULL, subgroup = NULL,
                             grid = NULL, ...) {
  create_layer("FourierMaxPool")
}

#' @rdname nonlin_fourier
#' @export
fourier_repr <- function(gs, frequency = 3, rotations = NULL, axis = NULL, subgroup = NULL, ...) {
  check_has_group(gs)
  frequency <- as_count(frequency, min = 0)
  if (is.null(rotations) && is.null(axis) && is.null(subgroup)) {
    return(py_call_checked("_r.representations.fourier", list(gs, frequency)))
  }
  py_call_checked("_r.representations.fourier_quotient", list(gs, as_subgroup(rotations, axis, subgroup), frequency, NULL))
}

#' Harmonic polynomials of points
#'
#' The polynomials `|x|^l Y_l(x / |x|)` of a point x of space, for the degrees l from 0 to `degree`: those of degree l
#' turn by the irrep of frequency l. They say in which direction and how far a point lies, in numbers that a network can
#' work with.
#'
#' @param degree The highest degree.
#' @param group `"so3"`, or `"o3"` for reflections, too.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A module from vectors to `(degree + 1)^2` numbers for each.
#' @export
#' @examplesIf intertwine_available()
#' harmonics <- harmonic_polynomial(2)
#' harmonics
#' harmonics(rbind(c(0, 0, 2), c(1, 0, 0)))
harmonic_polynomial <- function(degree, group = c("so3", "o3"), ...) {
  group <- match_choice(group)
  py_call_checked("nn.HarmonicPolynomialR3", list(as_count(degree, min = 0), group))
}

#' Between functions on a group and their Fourier coefficients
#'
#' `fourier_transform()` knows the values of functions on a group at some of its elements: `fourier_sample()` gives the
#' values of functions with these Fourier coefficients, `fourier_coefficients()` finds the coefficients from values by
#' least squares. On a grid that is fine enough one undoes the other. [nonlin_fourier()] does both with a nonlinearity
#' in between.
#'
#' @param gs A space or a group.
#' @param frequency The highest frequency of the coefficients.
#' @param elements The elements at which functions are sampled; all of a finite group if `NULL`.
#' @param rotations,axis,subgroup A subgroup, for functions on its cosets; see [restrict()].
#' @param transform What `fourier_transform()` gives.
#' @param x Coefficients or samples: an array `[batch, functions * size, ...]`, or a vector for one function.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return `fourier_transform()`: a module. `fourier_sample()` and `fourier_coefficients()`: an array like `x`.
#' @seealso [fourier_repr()], [group_elements()]
#' @export
#' @examplesIf intertwine_available()
#' G <- so2_group()
#' angles <- 2 * pi * (0:15) / 16
#' grid <- lapply(angles, function(a) group_element(G, angle = a))
#' fourier <- fourier_transform(G, frequency = 3, elements = grid)
#' values <- fourier_sample(fourier, c(0, 0, 1, 0, 0, 0, 0))
#' round(fourier_coefficients(fourier, values), 6)
fourier_transform <- function(gs, frequency = 3, elements = NULL, rotations = NULL, axis = NULL, subgroup = NULL, ...) {
  check_has_group(gs)
  if (!is.null(elements)) elements <- as_elements(elements, rlang::current_env())
  py_call_checked("_r.layers.fourier_transform", list(
    gs, as_count(frequency, min = 0), elements, as_subgroup(rotations, axis, subgroup)
  ))
}

#' @rdname fourier_transform
#' @export
fourier_sample <- function(transform, x, ...) {
  check_class(transform, "fourier_transform", "a Fourier transform")
  fourier_apply(transform, "sample", x)
}

#' @rdname fourier_transform
#' @export
fourier_coefficients <- function(transform, x, ...) {
  check_class(transform, "fourier_transform", "a Fourier transform")
  fourier_apply(transform, "coefficients", x)
}

fourier_apply <- function(transform, way, x, call = rlang::caller_env()) {
  single <- is.null(dim(x))
  tensor <- as_torch(if (single) matrix(x, 1) else x, dtype = "float64")
  result <- tensor_to_array(py_call_checked("_r.layers.fourier_apply", list(transform, way, tensor), call), call)
  if (single) as.vector(result) else result
}
