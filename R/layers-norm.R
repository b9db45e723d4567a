# Normalisation and dropout.

#' Batch normalisation of fields
#'
#' Normalises each field over the batch, over positions and over those of its channels which the group exchanges, so that
#' it commutes with the group.
#'
#' @inheritParams r2_conv
#' @param eps Added to the variance.
#' @param momentum Weight of the present batch in the running statistics.
#' @param affine Learn a scale and a shift?
#' @param track_running_stats Keep statistics for evaluation?
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' field_type(gspace_rot2d(N = 4), regular = 2) |> batchnorm_inner()
batchnorm_inner <- function(object, eps = 1e-5, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, ...) {
  create_layer("InnerBatchNorm")
}

#' Normalisation of any fields
#'
#' `batchnorm_iid()` normalises the channels of each field together, `batchnorm_norm()` the length of each field,
#' `batchnorm_gnorm()` each irreducible part of it, over the batch and over positions. `norm_field()` normalises each
#' field by itself, in each sample. See [batchnorm_inner()] for fields that the group permutes.
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

#' Normalisation of each sample
#'
#' Subtracts the mean along the invariant vectors and divides by the root mean square, within each sample: `norm_layer()`
#' of all fields at each position, `norm_rms()` likewise without the mean, `norm_instance()` of each field over all
#' positions, `norm_group()` of groups of consecutive fields over all positions. Nothing depends on the batch, so that
#' they do the same in training and evaluation, also for a batch of one sample. Any fields will do.
#'
#' @inheritParams batchnorm_inner
#' @param num_groups How many groups; it divides the number of fields.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' fields <- field_type(gspace_rot2d(N = 8), vector = 4)
#' norm_layer(fields)
#' norm_group(fields, num_groups = 2)
norm_layer <- function(object, eps = 1e-5, affine = TRUE, ...) {
  create_layer("LayerNorm")
}

#' @rdname norm_layer
#' @export
norm_rms <- function(object, eps = 1e-5, affine = TRUE, ...) {
  create_layer("RMSNorm")
}

#' @rdname norm_layer
#' @export
norm_instance <- function(object, eps = 1e-5, affine = FALSE, ...) {
  create_layer("InstanceNorm")
}

#' @rdname norm_layer
#' @export
norm_group <- function(object, num_groups, eps = 1e-5, affine = TRUE, ...) {
  create_layer("GroupNorm")
}

#' Dropout of fields
#'
#' `dropout_field()` sets whole fields to zero, which keeps equivariance; `dropout_pointwise()` single channels, for
#' fields that the group permutes. Both act in training alone.
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
