# Layers that change the size of images or the number of fields, and masks.

#' Pooling over positions
#'
#' In images, volumes and signals alike: `pool_avg()` averages windows, `pool_max()` takes their largest value (on
#' fields that the group permutes). `pool_avg_antialiased()` blurs with a Gaussian of width `sigma` before it takes
#' every `stride`-th pixel, which keeps rotations closer to exact; `pool_max_antialiased()` does so after taking the
#' largest values.
#'
#' @inheritParams r2_conv
#' @param kernel_size Width of the window, one number or one for each axis.
#' @param stride Distance of windows; `kernel_size` by default.
#' @param padding Pixels added on each side.
#' @param ceil_mode Keep windows that stick out?
#' @param padding_mode What is added: `"zeros"` (of largest values: nothing), or the image continued by `"reflect"`,
#'   `"replicate"` or `"circular"`.
#' @param sigma Width of the blur in pixels.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' pool <- field_type(gspace_rot2d(N = 4), regular = 2) |> pool_avg(kernel_size = 11)
#' dim(pool(array(0, c(1, 8, 11, 11))))
pool_avg <- function(object, kernel_size, stride = NULL, padding = 0, ceil_mode = FALSE, padding_mode = NULL, ...) {
  create_layer("PointwiseAvgPool")
}

#' @rdname pool_avg
#' @export
pool_max <- function(object, kernel_size, stride = NULL, padding = 0, ceil_mode = FALSE, padding_mode = NULL, ...) {
  create_layer("PointwiseMaxPool")
}

#' @rdname pool_avg
#' @export
pool_avg_antialiased <- function(object, sigma, stride, padding = NULL, padding_mode = NULL, ...) {
  create_layer("PointwiseAvgPoolAntialiased")
}

#' @rdname pool_avg
#' @export
pool_max_antialiased <- function(object, kernel_size, stride = NULL, padding = 0, sigma = 0.6, ceil_mode = FALSE,
                                 padding_mode = NULL, ...) {
  create_layer("PointwiseMaxPoolAntialiased")
}

#' Pooling over the group
#'
#' `pool_group()` takes the largest channel of each regular or quotient field: a scalar that the group does not change.
#' `pool_subgroup()` takes the largest channel, or the mean, of each coset of a subgroup. What comes out does not change
#' under the subgroup, and the whole group acts on it: of a regular field of rotations and mirrors, pooled over the
#' rotations, one channel for each side of the mirror.
#'
#' @inheritParams restrict
#' @param rotations Number of rotations of the subgroup; 1 for none but the identity.
#' @param axis For groups with reflections: the rotation of the reflection in it, in steps from 0; `NULL` for no reflection.
#' @param mode `"max"` or `"mean"`.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritParams r2_conv
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' field_type(gspace_rot2d(N = 4), regular = 2) |> pool_group()
#' field_type(gspace_flip_rot2d(N = 4), regular = 2) |> pool_subgroup(rotations = 4)
pool_group <- function(object, ...) {
  create_layer("GroupPooling")
}

#' @rdname pool_group
#' @export
pool_subgroup <- function(object, rotations = NULL, axis = NULL, subgroup = NULL, mode = "max", ...) {
  create_layer("SubgroupPooling")
}

#' Pooling of norms
#'
#' `pool_norm()` is the length of each field, which the group does not change; `pool_norm_max()` takes in each window the
#' field that is longest. Both take every representation.
#'
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritParams pool_avg
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' field_type(gspace_rot2d(N = 8), vector = 4) |> pool_norm()
pool_norm <- function(object, ...) {
  create_layer("NormPool")
}

#' @rdname pool_norm
#' @export
pool_norm_max <- function(object, kernel_size, stride = NULL, padding = 0, ceil_mode = FALSE, padding_mode = NULL, ...) {
  create_layer("NormMaxPool")
}

#' Pooling to a given size
#'
#' @inheritParams r2_conv
#' @param output_size Height and width (depth, height and width) of the output; one number for all.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' field_type(gspace_rot2d(N = 4), regular = 2) |> pool_adaptive_avg(output_size = 1)
pool_adaptive_avg <- function(object, output_size, ...) {
  create_layer("PointwiseAdaptiveAvgPool")
}

#' @rdname pool_adaptive_avg
#' @export
pool_adaptive_max <- function(object, output_size, ...) {
  create_layer("PointwiseAdaptiveMaxPool")
}

#' Larger images, masks, and another order of fields
#'
#' `r2_upsampling()` and `r3_upsampling()` enlarge images and volumes by interpolation. `mask_module()` sets everything
#' outside of a disc or a ball to zero, so that corners cannot tell how an image was turned. `reshuffle_module()` puts
#' fields into another order.
#'
#' @inheritParams r2_conv
#' @param scale_factor How many times as large; or `size` in its place.
#' @param size Height and width (depth, height and width) of the output.
#' @param mode `"bilinear"`, `"bicubic"` or `"nearest"` for images, `"trilinear"` or `"nearest"` for volumes.
#' @param align_corners Do the outermost pixels keep their places?
#' @param padding_mode How the image goes on beyond its edges: by `"replicate"`, or with a whole `scale_factor` by `"zeros"`,
#'   `"reflect"` or `"circular"`.
#' @param S Width of the image in pixels.
#' @param margin Pixels between the disc and the edge.
#' @param sigma Width of the soft edge of the disc.
#' @param permutation The positions, counted from 1, of the fields in their new order.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 4)
#' up <- field_type(gs, regular = 1) |> r2_upsampling(scale_factor = 2)
#' dim(up(array(0, c(1, 4, 5, 5))))
r2_upsampling <- function(object, scale_factor = NULL, size = NULL, mode = "bilinear", align_corners = FALSE,
                          padding_mode = NULL, ...) {
  create_layer("R2Upsampling")
}

#' @rdname r2_upsampling
#' @export
r3_upsampling <- function(object, scale_factor = NULL, size = NULL, mode = "trilinear", align_corners = FALSE,
                          padding_mode = NULL, ...) {
  create_layer("R3Upsampling")
}

#' @rdname r2_upsampling
#' @export
mask_module <- function(object, S, margin = 0, sigma = 2, ...) {
  create_layer("MaskModule")
}

#' @rdname r2_upsampling
#' @export
reshuffle_module <- function(object, permutation, ...) {
  create_layer("ReshuffleModule")
}

#' Cropped and padded images
#'
#' `crop_module()` takes as many cells away at both ends of each axis, `pad_module()` adds as many. The centre stays where it
#' is, so that both are exact on the lattice; a size at which it would move is refused, and [shape_plan()] finds others.
#'
#' @inheritParams pool_avg
#' @param cells How many at each end, one number or one for each axis; or `size` in its place.
#' @param size Height and width (depth, height and width) of the output.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @seealso [concat()], which crops one branch to the size of another
#' @export
#' @examplesIf intertwine_available()
#' fields <- field_type(gspace_rot2d(N = 4), regular = 1)
#' inner <- fields |> crop_module(size = 5)
#' dim(inner(array(0, c(1, 4, 9, 9))))
#' outer <- fields |> pad_module(cells = 2, padding_mode = "reflect")
#' dim(outer(array(0, c(1, 4, 5, 5))))
crop_module <- function(object, cells = NULL, size = NULL, ...) {
  create_layer("CropModule")
}

#' @rdname crop_module
#' @export
pad_module <- function(object, cells = NULL, size = NULL, padding_mode = NULL, ...) {
  create_layer("PadModule")
}

#' The maximum of adjacent channels
#'
#' An ordinary torch module, for features that the group does not change.
#'
#' @inheritParams r2_conv
#' @param size Number of channels.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @return A torch module, a sequence or a specification.
#' @seealso [pool_group()], which knows how many channels a field has
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 4)
#' field_type(gs, regular = 4) |> pool_group() |> pool_max_channels(size = 2)
pool_max_channels <- function(object, size, ...) {
  size <- as_count(size, min = 1)
  create_layer("MaxPoolChannels")
}
