# Ready networks beyond the classifier of a few blocks: residual networks and U-Nets.

#' Deep networks in one line
#'
#' `equivariant_resnet()` builds a residual network that gives one answer for each image, signal or volume, however it is
#' turned; `equivariant_unet()` a U-Net that gives an answer for each pixel, which moves with the image. Both are trained
#' with [fit()].
#'
#' Quarter turns and mirrors are exact, for even and odd sizes; other turns as good as the pixels allow. How often a grid
#' can be halved depends on its size: all sides even or all odd at each level.
#'
#' @inheritParams equivariant_cnn
#' @param y For `equivariant_resnet()`, as for [equivariant_cnn()]. For `equivariant_unet()` an answer for each pixel (an
#'   [image_folder()] with `masks` has its own): an array (n, height, width) of classes (a factor with such dimensions, or
#'   whole numbers from 1) or of measurements, or an array (n, channels, height, width) of measurements.
#' @param depths The number of residual blocks in each stage.
#' @param widths The number of regular fields in each stage or level.
#' @param kernel_size The odd size of the filters.
#' @param restrict Where the network gives up symmetry, as in [equivariant_cnn()]: before a stage, or from a level on, on the
#'   way down and all the way up.
#' @param bottleneck Put each filter between two 1 x 1 maps, on a quarter of the fields?
#' @param norm The normalisation: `"batch"`, `"instance"`, `"layer"`, `"rms"` or `"field"`.
#' @param depth The number of blocks on each way through a level.
#' @param out The fields of the answer, such as `c(vector = 1)` for a direction in each pixel. By default one number for
#'   each class, or for each channel of `y`.
#' @inherit equivariant_cnn return
#' @seealso [residual()], [concat()] and [sequential_module()] to build a network of your own.
#' @export
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' x <- digits$x[1:60]
#' equivariant_resnet(
#'   x, digits$y[1:60],
#'   group = gspace_rot2d(N = 4), depths = c(1, 1), widths = c(2, 4), epochs = 1
#' )
#'
#' # Which pixels are ink?
#' pixels <- as.array(x)[, 1, , ]
#' ink <- factor(ifelse(pixels > 0.5, "ink", "paper"))
#' dim(ink) <- dim(pixels)
#' fitted <- equivariant_unet(x, ink, group = gspace_rot2d(N = 4), widths = c(2, 4), epochs = 1)
#' dim(predict(fitted, x[1:2], type = "class"))
equivariant_resnet <- function(x, y = NULL, group = NULL, depths = c(2, 2, 2), widths = c(8, 16, 32), parameters = NULL,
                               kernel_size = 3, bottleneck = FALSE, norm = "batch", train = TRUE, epochs = 10,
                               learn_rate = 0.005, ..., padding_mode = "zeros", restrict = NULL, head = NULL,
                               downsample = TRUE, nonlinearity = NULL, frequency = 2) {
  call <- rlang::current_env()
  check_no_formula(x, call)
  check_fit_names(...names(), "equivariant_resnet", c("x", "y"), names(formals()), call)
  x <- as_grid_images(x, call)
  options <- c(
    list(
      depths = as.list(as_whole(depths, min = 1, call = call)), kernel_size = as_count(kernel_size, min = 1, call = call),
      bottleneck = check_flag(bottleneck, call = call), norm = check_string(norm), padding_mode = check_string(padding_mode),
      downsample = check_flag(downsample)
    ),
    field_options(nonlinearity, frequency, call)
  )
  module <- build_network(
    "equivariant_resnet", x, outputs_of(x, y, head, call), network_space(group, x, call), widths, parameters, options, call,
    restrict, head
  )
  train_network(module, x, y, train, list(epochs = epochs, learn_rate = learn_rate, ...), call)
}

#' @rdname equivariant_resnet
#' @export
equivariant_unet <- function(x, y = NULL, group = NULL, widths = c(8, 16, 32), parameters = NULL, kernel_size = 3,
                             norm = "batch", out = NULL, train = TRUE, epochs = 10, learn_rate = 0.005, ...,
                             padding_mode = "zeros", depth = 2, restrict = NULL, head = NULL, nonlinearity = NULL,
                             frequency = 2) {
  call <- rlang::current_env()
  check_no_formula(x, call)
  check_fit_names(...names(), "equivariant_unet", c("x", "y"), names(formals()), call)
  x <- as_grid_images(x, call)
  space <- network_space(group, x, call)
  options <- c(
    list(
      kernel_size = as_count(kernel_size, min = 1, call = call), norm = check_string(norm),
      padding_mode = check_string(padding_mode), depth = as_count(depth, min = 1, call = call)
    ),
    field_options(nonlinearity, frequency, call)
  )
  outputs <- if (is.null(out)) outputs_of(x, y, head, call, pixels = TRUE) else unclass(as_out(out, "out", call))
  module <- build_network("equivariant_unet", x, outputs, space, widths, parameters, options, call, restrict, head)
  train_network(module, x, y, train, list(epochs = epochs, learn_rate = learn_rate, ...), call)
}
