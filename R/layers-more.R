# Layers for any representation: nonlinearities and normalisations of norms and gates, and dropout.

#' Nonlinearities for any fields
#'
#' Pointwise nonlinearities act on fields that the group permutes alone. These act on others:
#'
#' * `nonlin_norm()` changes the length of each field and keeps its direction, so it takes every representation;
#' * `nonlin_gated()` multiplies fields by the sigmoid of invariant ones: as many trivial fields as others;
#' * `nonlin_concatenated()` applies a function to a channel and to its negative, for channels that change their sign;
#' * `nonlin_vector_field()` turns regular fields of rotations into vectors: the largest channel says how long and where to.
#'
#' `nonlin_pointwise()` is [nonlin_relu()] with another function.
#'
#' @inheritParams r2_conv
#' @param fun Name of the function: `"relu"`, `"elu"`, `"sigmoid"` or `"tanh"` for pointwise and concatenated ones, `"relu"`,
#'   `"sigmoid"`, `"softplus"` or `"squash"` for norms.
#' @param bias Learn a threshold for each field?
#' @param drop_gates Leave the gates out of the result?
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' vectors <- field_type(gspace_rot2d(N = 8), vector = 4)
#' nonlin_norm(vectors)
nonlin_norm <- function(object, fun = "relu", bias = TRUE, ...) {
  create_layer("NormNonLinearity")
}

#' @rdname nonlin_norm
#' @export
nonlin_gated <- function(object, drop_gates = TRUE, ...) {
  create_layer("GatedNonLinearity1", random = TRUE)
}

#' @rdname nonlin_norm
#' @export
nonlin_concatenated <- function(object, fun = "relu", ...) {
  create_layer("ConcatenatedNonLinearity")
}

#' @rdname nonlin_norm
#' @export
nonlin_vector_field <- function(object, ...) {
  create_layer("VectorFieldNonLinearity")
}

#' @rdname nonlin_norm
#' @export
nonlin_pointwise <- function(object, fun = "tanh", ...) {
  create_layer("PointwiseNonLinearity")
}

#' Normalisation of any fields
#'
#' `batchnorm_iid()` normalises the channels of each field together, `batchnorm_norm()` the length of each field,
#' `batchnorm_gnorm()` each irreducible part of it, over the batch and over positions. `norm_field()` normalises each field
#' by itself, in each sample. See [batchnorm_inner()] for fields that the group permutes.
#'
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritParams batchnorm_inner
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' field_type(gspace_rot2d(N = 8), vector = 4) |> batchnorm_norm()
batchnorm_norm <- function(object, eps = 1e-5, momentum = 0.1, affine = TRUE, ...) {
  create_layer("NormBatchNorm")
}

#' @rdname batchnorm_norm
#' @export
batchnorm_gnorm <- function(object, eps = 1e-5, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, ...) {
  create_layer("GNormBatchNorm")
}

#' @rdname batchnorm_norm
#' @export
batchnorm_iid <- function(object, eps = 1e-5, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, ...) {
  create_layer("IIDBatchNorm")
}

#' @rdname batchnorm_norm
#' @export
norm_field <- function(object, eps = 1e-5, affine = TRUE, ...) {
  create_layer("FieldNorm")
}

#' Dropout of fields
#'
#' `dropout_field()` sets whole fields to zero, which keeps equivariance; `dropout_pointwise()` single channels, for fields
#' that the group permutes. Both act in training alone.
#'
#' @inheritParams r2_conv
#' @param p Probability of zero.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' field_type(gspace_rot2d(N = 4), regular = 8) |> dropout_field(p = 0.2)
dropout_field <- function(object, p = 0.5, ...) {
  create_layer("FieldDropout")
}

#' @rdname dropout_field
#' @export
dropout_pointwise <- function(object, p = 0.5, ...) {
  create_layer("PointwiseDropout")
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
#' `r2_upsampling()` and `r3_upsampling()` enlarge images and volumes by interpolation. `mask_module()` sets
#' everything outside of a disc or a ball to zero, so that
#' corners cannot tell how an image was turned. `reshuffle_module()` puts fields into another order.
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
