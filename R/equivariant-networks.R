# Ready networks beyond the classifier of a few blocks: residual networks, U-Nets and transformers.

#' Deep networks in one line
#'
#' `equivariant_resnet()` builds a residual network that gives one answer for each image, signal or volume, however it is
#' turned; so does `equivariant_transformer()`, which attends to patches. `equivariant_unet()` is a U-Net that gives an
#' answer for each pixel, which moves with the image. `plain_resnet()` and `plain_unet()` are the same networks of
#' ordinary layers, to compare with. All are trained with [fit()].
#'
#' Quarter turns and mirrors are exact, for even and odd sizes; other turns as good as the pixels allow. How often a grid
#' can be halved depends on its size: all sides even or all odd at each level. Sides for a transformer are all multiples
#' of `patch`, so that patches lie side by side, or all one more, so that they overlap.
#'
#' @inheritParams equivariant_cnn
#' @param y As for [equivariant_cnn()]. For U-Nets an answer for each pixel (an
#'   [image_folder()] with `masks` has its own): an array (n, height, width) of classes (a factor with such dimensions, or
#'   whole numbers from 1) or of measurements, or an array (n, channels, height, width) of measurements.
#' @param depths The number of residual blocks in each stage.
#' @param widths The number of regular fields (of channels without symmetry) in each stage or level.
#' @param kernel_size The odd size of the filters.
#' @param restrict Where the network gives up symmetry, as in [equivariant_cnn()]: before a stage or block, or from a
#'   level on, on the way down and all the way up.
#' @param bottleneck Put each filter between two 1 x 1 maps, on a quarter of the fields?
#' @param norm The normalisation: `"batch"`, `"instance"`, `"layer"`, `"rms"` or `"field"`.
#' @param depth The number of blocks on each way through a level; of a transformer, in all.
#' @param out The fields of the answer, such as `c(vector = 1)` for a direction in each pixel. By default one number for
#'   each class, or for each channel of `y`.
#' @param width The number of fields of each patch, which `heads` divides. With `parameters` it follows from them.
#' @param patch The distance of patches in pixels.
#' @param reach,window Each patch attends to those at most so many patches away (`NULL`: to all); or within windows of so
#'   many patches, which are shifted in every second block.
#' @param heads,expansion,dropout As in [transformer_block()].
#' @inherit equivariant_cnn return
#' @seealso [residual()], [concat()], [transformer_block()] and [sequential_module()] to build a network of your own;
#'   [equivariant_mlp()] for data without a grid.
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
#'
#' net <- equivariant_transformer(x, digits$y[1:60], gspace_rot2d(N = 4), width = 2, depth = 2, patch = 2, train = FALSE)
#' check_equivariance(net, size = 8)
equivariant_resnet <- function(x, y = NULL, group = NULL, depths = c(2, 2, 2), widths = c(8, 16, 32), parameters = NULL,
                               kernel_size = 3, bottleneck = FALSE, norm = "batch", train = TRUE, epochs = 10,
                               learn_rate = 0.005, ..., padding_mode = "zeros", restrict = NULL, head = NULL,
                               downsample = TRUE, nonlinearity = NULL, frequency = 2, spacing = 1) {
  grid_network("equivariant_resnet", list(epochs = epochs, learn_rate = learn_rate, ...))
}

#' @rdname equivariant_resnet
#' @export
equivariant_unet <- function(x, y = NULL, group = NULL, widths = c(8, 16, 32), parameters = NULL, kernel_size = 3,
                             norm = "batch", out = NULL, train = TRUE, epochs = 10, learn_rate = 0.005, ...,
                             padding_mode = "zeros", depth = 2, restrict = NULL, head = NULL, nonlinearity = NULL,
                             frequency = 2, spacing = 1) {
  grid_network("equivariant_unet", list(epochs = epochs, learn_rate = learn_rate, ...))
}

#' @rdname equivariant_resnet
#' @export
equivariant_transformer <- function(x, y = NULL, group = NULL, width = 8, depth = 4, heads = 2, patch = 4, parameters = NULL,
                                    reach = 2, window = NULL, expansion = 2, dropout = 0, train = TRUE, epochs = 10,
                                    learn_rate = 0.005, ..., restrict = NULL, head = NULL, nonlinearity = NULL,
                                    frequency = 2) {
  grid_network("equivariant_transformer", list(epochs = epochs, learn_rate = learn_rate, ...))
}

#' @rdname equivariant_resnet
#' @export
plain_resnet <- function(x, y = NULL, depths = c(2, 2, 2), widths = c(16, 32, 64), parameters = NULL, kernel_size = 3,
                         bottleneck = FALSE, train = TRUE, epochs = 10, learn_rate = 0.005, ..., padding_mode = "zeros") {
  grid_network("plain_resnet", list(epochs = epochs, learn_rate = learn_rate, ...))
}

#' @rdname equivariant_resnet
#' @export
plain_unet <- function(x, y = NULL, widths = c(16, 32, 64), parameters = NULL, kernel_size = 3, train = TRUE, epochs = 10,
                       learn_rate = 0.005, ..., padding_mode = "zeros", depth = 2) {
  grid_network("plain_unet", list(epochs = epochs, learn_rate = learn_rate, ...))
}
