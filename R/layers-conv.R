# Convolutions and linear maps.

#' Equivariant convolution on the plane
#'
#' A convolution whose filters are the solutions of the equivariance constraint: when its input is moved by a group
#' element, its output moves by the same one. It holds weights for the basis of these filters, so it has fewer parameters
#' than an ordinary convolution of the same width.
#'
#' @section One argument, three uses:
#' Like every layer, it looks at `object`. Without it, the result is a *specification*, which [sequential_module()]
#' builds once it knows what comes before. A [field_type()] gives the module; a module gives the sequence with the layer
#' appended, so that layers pipe. Modules are functions: `conv(x)`, or `x |> conv()`.
#'
#' @section How exact is my network?:
#' Quarter turns and mirrors that carry the grid to itself are exact. Other rotations leave an error, which comes from
#' filters of few pixels, and from what non-linearities do between the layers. On photographs turned by 45 degrees
#' (rotations by multiples of 45 degrees, relative error):
#'
#' | | default | `low_error = TRUE` | with alias-free ReLU too |
#' |:--|--:|--:|--:|
#' | one layer, `kernel_size = 3` | 0.040 | 0.020 | |
#' | one layer, `kernel_size = 5` | 0.023 | 0.015 | |
#' | three layers, `kernel_size = 3` | 0.132 | 0.047 | 0.028 |
#' | three layers, `kernel_size = 5` | 0.036 | 0.027 | 0.018 |
#'
#' With `low_error` the filters are fitted to natural images instead of sampled at points, and angular frequencies of
#' which more than 0.1 (or the bound given) would still turn wrongly are left out. It costs no time. A 3 x 3 filter
#' loses a third of its weights, a 5 x 5 filter none; `low_error = 0.2` keeps them all. Larger filters turn more exactly
#' than small ones.
#'
#' @param object A field type, a module, or nothing.
#' @param out The fields to put out: numbers by name (`c(regular = 8)`), representations, or a field type.
#' @param kernel_size Width of the filters in pixels, odd in most cases.
#' @param padding Pixels added on each side, or `"same"`, so that the output is as large as the input.
#' @param stride,dilation,groups As in any convolution. Strides keep quarter turns exact when the padded size minus the
#'   kernel size is a multiple of the stride: see [shape_plan()].
#' @param padding_mode What is added: `"zeros"`, `"reflect"`, `"replicate"` or `"circular"`.
#' @param bias Add a learned constant to the invariant part of each field?
#' @param sigma,rings,frequencies_cutoff How the filters are sampled: widths and radii of the rings, and the highest
#'   angular frequency. The defaults suit most uses.
#' @param low_error Choose filters that turn more exactly by angles between quarter turns? `TRUE`, or the greatest error
#'   of a filter, such as 0.05. See the section below.
#' @param initialize Set `FALSE` to skip the random start of the weights.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A module, a sequence or a specification.
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 4)
#' conv <- field_type(gs, trivial = 1) |>
#'   r2_conv(out = c(regular = 3), kernel_size = 3)
#' conv
#' x <- array(rnorm(2 * 32 * 32), c(2, 1, 32, 32))
#' dim(conv(x))
#'
#' # A specification, for later
#' r2_conv(out = c(regular = 3), kernel_size = 3)
r2_conv <- function(object, out, kernel_size, padding = 0, stride = 1, dilation = 1, groups = 1, bias = TRUE,
                    padding_mode = NULL, sigma = NULL, rings = NULL, frequencies_cutoff = NULL, low_error = FALSE,
                    initialize = TRUE, ...) {
  create_layer("R2Conv", random = TRUE)
}

#' Equivariant transposed convolution on the plane
#'
#' The transpose of [r2_conv()], which makes images larger.
#'
#' @inheritParams r2_conv
#' @param output_padding Pixels added on one side of the output.
#' @param padding_mode How the input goes on beyond its edges: by `"zeros"`, `"reflect"`, `"replicate"` or `"circular"`.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' up <- field_type(gspace_rot2d(N = 4), regular = 1) |>
#'   r2_conv_transposed(out = c(regular = 1), kernel_size = 3, stride = 2, padding = 1)
#' dim(up(array(0, c(1, 4, 5, 5))))
r2_conv_transposed <- function(object, out, kernel_size, padding = 0, output_padding = 0, stride = 1, dilation = 1,
                               groups = 1, bias = TRUE, sigma = NULL, rings = NULL, frequencies_cutoff = NULL,
                               low_error = FALSE, initialize = TRUE, padding_mode = NULL, ...) {
  create_layer("R2ConvTransposed", random = TRUE)
}

#' Equivariant differential operators
#'
#' Derivatives in place of filters: the result holds sums of partial derivatives of the input, such as its gradient,
#' divergence, curl or Laplacian, with weights that are learned. Of all partial differential operators with constant
#' coefficients, up to an order, these are the equivariant ones (Jenner and Weiler, "Steerable partial differential
#' operators for equivariant neural networks", 2022). They suit fields that obey such equations: flow, heat, waves,
#' potentials.
#'
#' On the grid, derivatives are finite differences, which are exact for polynomials of degree less than `kernel_size` in
#' each coordinate; with `smoothing`, derivatives of a Gaussian. Quarter turns and mirrors that carry the grid to itself
#' are exact. For other angles the error falls with the size of a pixel, by a factor of 4 for pixels half as large
#' (`accuracy = 2`).
#'
#' @inheritParams r2_conv
#' @param kernel_size Width of the stencil in pixels. Without it, as wide as `maximum_order` and `accuracy` need.
#' @param accuracy The error falls with this power of the size of a pixel; 2, unless `kernel_size` and `maximum_order`
#'   are both given. Give at most two of the three.
#' @param maximum_order The highest order of the derivatives, less than `kernel_size`. Without it, the highest that
#'   `kernel_size` and `accuracy` allow.
#' @param maximum_power The highest power of the Laplacian in an operator.
#' @param smoothing The width of a Gaussian in pixels, by which the input is smoothed. A quarter of `kernel_size` serves
#'   well.
#' @param rbffd Differences by radial functions instead of polynomials?
#' @param radial_basis_function Which radial functions: `"ga"` (Gaussian), `"mq"` (multiquadric), `"imq"` (inverse
#'   multiquadric) or `"iq"` (inverse quadratic).
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @seealso [r2_conv()], [plot.r2_diffop()]
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_flip_rot2d(N = 4)
#' gradient <- field_type(gs, trivial = 1) |>
#'   r2_diffop(out = c(vector = 1), kernel_size = 3, maximum_order = 1)
#' slope <- outer(1:5, 1:5, function(y, x) 2 * x - y)
#' gradient(array(slope, c(1, 1, 5, 5)))[1, , 2, 2]
#' expect_equivariant(gradient)
r2_diffop <- function(object, out, kernel_size = NULL, accuracy = NULL, padding = 0, stride = 1, dilation = 1, groups = 1,
                      bias = TRUE, padding_mode = NULL, maximum_order = NULL, maximum_power = NULL, smoothing = NULL,
                      rbffd = FALSE, radial_basis_function = "ga", initialize = TRUE, ...) {
  create_layer("R2Diffop", random = TRUE)
}

#' @rdname r2_diffop
#' @export
r3_diffop <- function(object, out, kernel_size = NULL, accuracy = NULL, padding = 0, stride = 1, dilation = 1, groups = 1,
                      bias = TRUE, padding_mode = NULL, maximum_order = NULL, maximum_power = NULL, smoothing = NULL,
                      rbffd = FALSE, radial_basis_function = "ga", initialize = TRUE, ...) {
  create_layer("R3Diffop", random = TRUE)
}

#' Equivariant linear map
#'
#' The linear maps of vectors that commute with the group: for [gspace_none()], or at each point of a space.
#'
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritParams r2_conv
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_none(cyclic_group(8))
#' linear <- field_type(gs, regular = 2) |> equivariant_linear(out = c(regular = 1, trivial = 3))
#' dim(linear(matrix(rnorm(5 * 16), 5)))
equivariant_linear <- function(object, out, bias = TRUE, initialize = TRUE, ...) {
  create_layer("Linear", random = TRUE)
}

#' Equivariant convolution of volumes
#'
#' `r3_conv()` is [r2_conv()] in three dimensions: turn the volume, and the features turn with it. Kernels are Gaussian
#' spheres times spherical harmonics. The rotations of the cube ([gspace_octa()]) are exact; other rotations are as
#' exact as the voxels are fine.
#'
#' `r3_conv_transposed()` is its adjoint, which makes volumes larger. `r3_ico_conv()` and `r3_ico_conv_transposed()` are
#' for the groups of the icosahedron ([gspace_ico()]): their kernels are Gaussians at the corners of a regular solid,
#' which see more of the grid and turn less exactly.
#'
#' @section Voxels that are no cubes:
#' `kernel_size` and `spacing` may be three numbers, for depth, height and width, where the group does not mix these
#' axes, as in [gspace_axis3d()]. Groups that do mix them refuse: resample such volumes to cubes first.
#'
#' @inheritParams r2_conv
#' @param kernel_size Width of the filters in voxels; one number, or one for each of depth, height and width. Odd in
#'   most cases.
#' @param padding Voxels added on each side, or `"same"`, so that the output is as large as the input.
#' @param sigma,rings,frequencies_cutoff How the filters are sampled: widths and radii of the spheres, and the highest
#'   order of the harmonics. The defaults suit most uses.
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
#' features are reversed. Every symmetry of the line is exact. `r1_conv_transposed()` is the adjoint, which makes
#' signals longer.
#'
#' @inheritParams r2_conv
#' @param kernel_size Width of the filters in points, odd in most cases.
#' @param padding Points added on each side, or `"same"`, so that the output is as long as the input.
#' @param sigma,rings,frequencies_cutoff How the filters are sampled: widths and radii of the rings, and the highest
#'   order, 0 for even filters and 1 for odd ones, too.
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
#' In `depthwise_conv()` every field sees itself alone. `separable_conv()` adds a map of fields at each point behind it:
#' far fewer weights and multiplications than a full convolution. For images, volumes and signals.
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
