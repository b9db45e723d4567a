# Convolutions of volumes and signals, and what goes with them.

#' Equivariant convolution of volumes
#'
#' `r3_conv()` is [r2_conv()] in three dimensions: turn the volume, and the features turn with it. Kernels are
#' Gaussian spheres
#' times spherical harmonics. The rotations of the cube ([gspace_octa()]) are exact; other rotations are as exact as
#' the voxels
#' are fine.
#'
#' `r3_conv_transposed()` is its adjoint, which makes volumes larger. `r3_ico_conv()` and `r3_ico_conv_transposed()`
#' are for the
#' groups of the icosahedron ([gspace_ico()]): their kernels are Gaussians at the corners of a regular solid, which
#' see more of
#' the grid and turn less exactly.
#'
#' @section Voxels that are no cubes:
#' `kernel_size` and `spacing` may be three numbers, for depth, height and width, where the group does not mix these
#' axes, as in
#' [gspace_axis3d()]. Groups that do mix them refuse: resample such volumes to cubes first.
#'
#' @inheritParams r2_conv
#' @param kernel_size Width of the filters in voxels; one number, or one for each of depth, height and width. Odd in
#'   most cases.
#' @param padding Voxels added on each side, or `"same"`, so that the output is as large as the input.
#' @param sigma,rings,frequencies_cutoff How the filters are sampled: widths and radii of the spheres, and the highest order
#'   of the harmonics. The defaults suit most uses.
#' @param spacing The size of a voxel; one number, or one for each of depth, height and width. Only ratios count.
#' @param output_padding Voxels added at one end of each axis.
#' @param samples Which solid: `"ico"` (12 corners), `"dodeca"` (20) or `"icosidodeca"` (30).
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @seealso [plot.r3_conv()], [r3_point_conv()], [r3_upsampling()], [mri_data()]
#' @export
#' @examplesIf intertwine_available()
#' conv <- field_type(gspace_octa(), trivial = 1) |>
#'   r3_conv(out = c(regular = 1), kernel_size = 3, padding = "same")
#' conv
#' dim(conv(mri_data()))
r3_conv <- function(object, out, kernel_size, padding = 0, stride = 1, dilation = 1, groups = 1, bias = TRUE,
                    padding_mode = NULL, sigma = NULL, rings = NULL, frequencies_cutoff = NULL, spacing = 1,
                    low_error = FALSE, initialize = TRUE, ...) {
  create_layer("R3Conv", random = TRUE)
}

#' @rdname r3_conv
#' @export
r3_conv_transposed <- function(object, out, kernel_size, padding = 0, output_padding = 0, stride = 1, dilation = 1,
                               groups = 1, bias = TRUE, sigma = NULL, rings = NULL, frequencies_cutoff = NULL,
                               spacing = 1, low_error = FALSE, initialize = TRUE, padding_mode = NULL, ...) {
  create_layer("R3ConvTransposed", random = TRUE)
}

#' @rdname r3_conv
#' @export
r3_ico_conv <- function(object, out, kernel_size, padding = 0, stride = 1, dilation = 1, groups = 1, bias = TRUE,
                        padding_mode = NULL, samples = "ico", sigma = NULL, rings = NULL, spacing = 1,
                        initialize = TRUE, ...) {
  create_layer("R3IcoConv", random = TRUE)
}

#' @rdname r3_conv
#' @export
r3_ico_conv_transposed <- function(object, out, kernel_size, padding = 0, output_padding = 0, stride = 1, dilation = 1,
                                   groups = 1, bias = TRUE, samples = "ico", sigma = NULL, rings = NULL, spacing = 1,
                                   initialize = TRUE, padding_mode = NULL, ...) {
  create_layer("R3IcoConvTransposed", random = TRUE)
}

#' Equivariant convolution of signals
#'
#' For time series and sequences that may be read in both directions ([gspace_flip1d()]): reverse the signal, and the
#' features
#' are reversed. Every symmetry of the line is exact. `r1_conv_transposed()` is the adjoint, which makes signals longer.
#'
#' @inheritParams r2_conv
#' @param kernel_size Width of the filters in points, odd in most cases.
#' @param padding Points added on each side, or `"same"`, so that the output is as long as the input.
#' @param sigma,rings,frequencies_cutoff How the filters are sampled: widths and radii of the rings, and the highest order, 0
#'   for even filters and 1 for odd ones, too.
#' @param output_padding Points added at one end of the output.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @seealso [plot.r3_conv()], [images()] for signals as data
#' @export
#' @examplesIf intertwine_available()
#' conv <- field_type(gspace_flip1d(), trivial = 1) |>
#'   r1_conv(out = c(regular = 2), kernel_size = 5, padding = "same")
#' sunspots <- images(as.vector(sunspot.year), "w")
#' dim(conv(sunspots))
#' check_equivariance(conv)
r1_conv <- function(object, out, kernel_size, padding = 0, stride = 1, dilation = 1, groups = 1, bias = TRUE,
                    padding_mode = NULL, sigma = NULL, rings = NULL, frequencies_cutoff = NULL, initialize = TRUE, ...) {
  create_layer("R1Conv", random = TRUE)
}

#' @rdname r1_conv
#' @export
r1_conv_transposed <- function(object, out, kernel_size, padding = 0, output_padding = 0, stride = 1, dilation = 1,
                               groups = 1, bias = TRUE, sigma = NULL, rings = NULL, frequencies_cutoff = NULL,
                               initialize = TRUE, padding_mode = NULL, ...) {
  create_layer("R1ConvTransposed", random = TRUE)
}

#' Convolutions with fewer weights
#'
#' In `depthwise_conv()` every field sees itself alone. `separable_conv()` adds a map of fields at each point behind it: far
#' fewer weights and multiplications than a full convolution. For images, volumes and signals.
#'
#' @inheritParams r2_conv
#' @param kernel_size Width of the filters; one number, or one for each axis where the group keeps them apart.
#' @param stride,dilation As in any convolution.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @seealso [r2_conv()], [r3_conv()]
#' @export
#' @examplesIf intertwine_available()
#' type <- field_type(gspace_octa(), regular = 4)
#' full <- type |> r3_conv(out = c(regular = 4), kernel_size = 3)
#' separable <- type |> separable_conv(out = c(regular = 4), kernel_size = 3)
#' c(full = n_parameters(full), separable = n_parameters(separable))
separable_conv <- function(object, out, kernel_size, padding = 0, stride = 1, dilation = 1, bias = TRUE,
                           padding_mode = NULL, ...) {
  create_layer("separable_conv", random = TRUE)
}

#' @rdname separable_conv
#' @export
depthwise_conv <- function(object, kernel_size, padding = 0, stride = 1, dilation = 1, bias = TRUE, padding_mode = NULL,
                           ...) {
  create_layer("depthwise_conv", random = TRUE)
}

#' Products of fields
#'
#' Multiplies each field by itself and maps the products to fields of another kind, with weights that are learned: a
#' nonlinearity of degree two for every group and every representation, which is exact.
#'
#' @inheritParams r2_conv
#' @param out As many fields as there are in the input, of one representation.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot3d()
#' field_type(gs, vector = 4) |>
#'   tensor_product_module(out = 4 * irrep(gs, frequency = 2))
tensor_product_module <- function(object, out, initialize = TRUE, ...) {
  create_layer("TensorProductModule", random = TRUE)
}

#' Nonlinearities with less aliasing
#'
#' A nonlinearity makes frequencies that the grid cannot hold; they fold back, and not in the same way for the turned image.
#' `alias_free()` lets a layer work on a grid that is finer by `factor`, and takes away what the first grid cannot
#' hold before it
#' goes back. What is exact on the grid stays exact, and the error of all other rotations falls. It costs about `factor^d`
#' times the layer, plus the filters.
#'
#' @inheritParams r2_conv
#' @param layer The layer that acts at each point alone, such as `nonlin_relu()`: a specification. (In a sequence it
#'   may be the
#'   only argument: `alias_free(nonlin_relu())`.)
#' @param factor How many times as fine the grid is.
#' @param radius How far the filters reach, in pixels of the first grid.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' type <- field_type(gspace_rot2d(N = 8), regular = 1)
#' type |> alias_free(nonlin_elu())
#' r2_conv(out = c(regular = 4), kernel_size = 5, padding = 2) |> alias_free(nonlin_relu())
alias_free <- function(object, layer, factor = 2, radius = 3, ...) {
  if (!missing(object) && missing(layer) && is_layer_spec(object)) {
    # In a sequence, a specification alone is the layer itself.
    return(alias_free(layer = object, factor = factor, radius = radius))
  }
  layer <- needed(layer)
  create_layer("AliasFree")
}

#' Harmonic polynomials of points
#'
#' The polynomials `|x|^l Y_l(x / |x|)` of a point x of space, for the degrees l from 0 to `degree`: those of degree
#' l turn by the
#' irrep of frequency l. They say in which direction and how far a point lies, in numbers that a network can work with.
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
#' `fourier_transform()` knows the values of functions on a group at some of its elements: `fourier_sample()` gives
#' the values
#' of functions with these Fourier coefficients, `fourier_coefficients()` finds the coefficients from values by least
#' squares. On
#' a grid that is fine enough one undoes the other. [nonlin_fourier()] does both with a nonlinearity in between.
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
