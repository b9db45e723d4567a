# Functions on the group by their Fourier coefficients: the features of continuous groups.

#' Features by their Fourier coefficients
#'
#' A regular field has a channel for each element of the group, and a continuous group has too many. `fourier_repr()` is what
#' stands in its place: a function on the group, given by its Fourier coefficients up to a frequency. `nonlin_fourier()`
#' samples such functions at `N` rotations, applies a nonlinearity to each sample, and transforms back. The finer the grid,
#' the closer to exact for all rotations; the `N` rotations themselves are exact.
#'
#' With `rotations` or `axis`, which name a subgroup as in [quotient_repr()], the functions live on the cosets of the
#' subgroup: they are fewer, and blind to the subgroup. Give the layer the same subgroup as the representation.
#'
#' @inheritParams r2_conv
#' @param gs A space or a group.
#' @param frequency The highest frequency.
#' @param N Number of rotations to sample at; take two to four times as many as a field has channels. By default 16
#'   in the plane,
#'   4 times 24 in space, and all elements of a finite group.
#' @param grid The kind of grid, for rotations of space: `"thomson_cube"`, the default, has `N` times 24 of them, and
#'   the rotations
#'   of the cube are exact; `"thomson"`, `"hopf"`, `"fibonacci"`, `"ico"`, `"cube"` and `"tetra"` are others.
#'   Functions on the
#'   sphere are sampled at such points of it.
#' @param rotations,axis,subgroup The subgroup, as for [quotient_repr()]; none for functions on the group.
#' @param fun Name of the function: `"elu"`, `"relu"`, `"sigmoid"` or `"tanh"`.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @return `fourier_repr()`: a representation. `nonlin_fourier()`: a module, a sequence or a specification.
#' @seealso [regular_repr()], [sphere_repr()], [fourier_transform()], [nonlin_relu()] and [nonlin_gated()]
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = Inf)
#' field_type(gs, trivial = 1) |>
#'   r2_conv(out = 4 * fourier_repr(gs, frequency = 2), kernel_size = 5) |>
#'   batchnorm_iid() |>
#'   nonlin_fourier(N = 16)
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
fourier_repr <- function(gs, frequency = 3, rotations = NULL, axis = NULL, subgroup = NULL, ...) {
  check_has_group(gs)
  frequency <- as_count(frequency, min = 0)
  if (is.null(rotations) && is.null(axis) && is.null(subgroup)) {
    return(py_call_checked("_r.representations.fourier", list(gs, frequency)))
  }
  py_call_checked("_r.representations.fourier_quotient", list(gs, as_subgroup(rotations, axis, subgroup), frequency, NULL))
}
