# Layers that keep or shrink fields: nonlinearities, normalisation, pooling.

#' Pointwise nonlinearities
#'
#' `nonlin_relu()` is `max(x, 0)` on every channel; `nonlin_leaky_relu()` keeps a slope below zero, `nonlin_elu()` bends to
#' `-alpha`. They commute with the group only where that permutes channels: on regular, quotient and trivial
#' fields. Others are
#' refused.
#'
#' @inheritParams r2_conv
#' @param alpha Depth below zero.
#' @param negative_slope Slope below zero.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' type <- field_type(gspace_rot2d(N = 4), regular = 2)
#' relu <- nonlin_relu(type)
#' relu
nonlin_relu <- function(object, ...) {
  create_layer("ReLU")
}

#' @rdname nonlin_relu
#' @export
nonlin_elu <- function(object, alpha = 1, ...) {
  create_layer("ELU")
}

#' @rdname nonlin_relu
#' @export
nonlin_leaky_relu <- function(object, negative_slope = 0.01, ...) {
  create_layer("LeakyReLU")
}

#' Batch normalisation of fields
#'
#' Normalises each field over the batch, over positions and over those of its channels which the group exchanges, so that it
#' commutes with the group.
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

#' Pooling over positions
#'
#' In images, volumes and signals alike:
#' `pool_avg()` averages windows, `pool_max()` takes their largest value (on fields that the group permutes).
#' `pool_avg_antialiased()` blurs with a Gaussian of width `sigma` before it takes every
#' `stride`-th pixel, which keeps rotations closer to exact; `pool_max_antialiased()` does so after taking the largest
#' values.
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
#' The largest channel of each regular or quotient field: a scalar that the group does not change.
#'
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritParams r2_conv
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' field_type(gspace_rot2d(N = 4), regular = 2) |> pool_group()
pool_group <- function(object, ...) {
  create_layer("GroupPooling")
}
