#' A classifier in one line
#'
#' `equivariant_cnn()` builds a convolutional network that answers alike however
#' its images are turned (and mirrored, if the space says so), and trains it
#' with [fit()]. `plain_cnn()` is the same network of ordinary layers, which
#' knows no symmetry, to compare it with.
#'
#' The network has blocks of convolution, batch normalisation and ReLU on
#' regular fields, halves the images between the blocks, and ends in an
#' invariant map. Quarter turns and mirrors are exact, other turns as good as
#' the pixels allow.
#'
#' @param x [images()].
#' @param y Their classes.
#' @param group What leaves the answer alone: a space, such as
#'   [gspace_rot2d()] (8 rotations by default) or [gspace_flip_rot2d()].
#' @param widths The number of regular fields (of channels in `plain_cnn()`) in
#'   each block.
#' @param parameters About how many parameters the network has: the
#'   `widths` are then proportions. So networks of different groups compare fairly.
#' @param kernel_size Odd sizes of the filters: one for all blocks, or one for
#'   each.
#' @param dropout The share of features that are dropped in training.
#' @param padding_mode How images go on beyond their edges, in all layers: `"zeros"`, `"reflect"`, `"replicate"` or
#'   `"circular"`.
#' @param train `FALSE` for the network as it is built, without training.
#' @param epochs,learn_rate,... Arguments of [fit()].
#' @return A fit, as [fit()] returns it; or a module if `train = FALSE`.
#' @seealso [sequential_module()] to build a network of your own.
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' fitted <- equivariant_cnn(
#'   digits$x[1:200], digits$y[1:200],
#'   group = gspace_rot2d(N = 4), widths = c(4, 8), kernel_size = 3, epochs = 2
#' )
#' fitted
#'
#' # as it is built
#' equivariant_cnn(digits$x, digits$y, parameters = 5000, train = FALSE)
#' @export
equivariant_cnn <- function(x, y, group = NULL, widths = c(8, 16, 16), parameters = NULL, kernel_size = 5,
                            dropout = 0, train = TRUE, epochs = 10, learn_rate = 0.005, ..., padding_mode = "zeros") {
  call <- rlang::current_env()
  check_fit_names(...names(), "equivariant_cnn", c("x", "y"), names(formals()), call)
  check_string(padding_mode)
  if (is.null(group)) {
    group <- gspace_rot2d(N = 8)
  }
  check_class(group, "gspace", "a space", hint = "Make one with gspace_rot2d(N = 8).")
  x <- as_plane_images(x, call)
  module <- build_classifier(x, y, group, widths, parameters, kernel_size, dropout, call, padding_mode)
  train_classifier(module, x, y, train, list(epochs = epochs, learn_rate = learn_rate, ...), call)
}

#' @rdname equivariant_cnn
#' @export
plain_cnn <- function(x, y, widths = c(16, 32, 32), parameters = NULL, kernel_size = 5,
                      dropout = 0, train = TRUE, epochs = 10, learn_rate = 0.005, ...) {
  call <- rlang::current_env()
  check_fit_names(...names(), "plain_cnn", c("x", "y"), names(formals()), call)
  x <- as_plane_images(x, call)
  module <- build_classifier(x, y, NULL, widths, parameters, kernel_size, dropout, call)
  train_classifier(module, x, y, train, list(epochs = epochs, learn_rate = learn_rate, ...), call)
}

as_plane_images <- function(x, call) {
  if (is_image_folder(x)) {
    abort_intertwine(
      "This function takes images in memory, not an image folder.",
      class = "argument_type",
      hint = "Read them at once with read_image_folder(), or build a network with sequential_module() and use
              fit(model, folder).",
      call = call
    )
  }
  if (!is_images(x)) {
    x <- images(x, if (length(dim(x)) == 4) "nchw" else "nhw")
  }
  check_plane_images(x, call = call)
}

build_classifier <- function(x, y, group, widths, parameters, kernel_size, dropout, call, padding_mode = NULL) {
  size <- spatial_size(x)
  widths <- as_whole(widths, min = 1, call = call)
  options <- list(
    kernel_size = as_odd(kernel_size, call),
    size = if (size[1] == size[2]) size[1],
    dropout = as.double(dropout),
    padding_mode = padding_mode
  )
  parameters <- if (!is.null(parameters)) as_count(parameters, min = 1, call = call)
  py_call_checked(
    "_r.training.classifier",
    list(n_channels_of(x), n_classes_of(y, call), group, draw_seed(), parameters, as.list(widths), options), call
  )
}

train_classifier <- function(module, x, y, train, options, call) {
  check_flag(train, call = call)
  if (train) do.call(fit, c(list(module, x, y), options)) else module
}

as_odd <- function(kernel_size, call) {
  kernel_size <- as_whole(kernel_size, min = 1, arg = "kernel_size", call = call)
  if (length(kernel_size) == 1) kernel_size else as.list(kernel_size)
}

n_classes_of <- function(y, call) {
  if (is.factor(y)) {
    return(nlevels(y))
  }
  if (is_class_like(y)) {
    return(length(unique(y[!is.na(y)])))
  }
  if (!is.integer(y)) {
    abort_intertwine(
      "`y` must hold classes, not {describe_value(y)}.",
      class = "argument_type", hint = "Make it a factor: factor(y).", call = call
    )
  }
  check_class_numbers(y, "y", call)
  max(y, na.rm = TRUE)
}
