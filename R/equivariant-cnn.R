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
#' @param x [images()] of signals, pictures or volumes, or an array of them; or an [image_folder()], which has its own
#'   targets.
#' @param y Their classes; or measurements: a numeric vector, or a matrix with one column for each.
#' @param group What leaves the answer alone: a space, such as [gspace_rot2d()] or [gspace_flip_rot2d()]; by default 8
#'   rotations for pictures, those of the cube ([gspace_octa()]) for volumes, the mirror for signals. Or the fields of `x`,
#'   if its channels turn with it: `field_type(gs, vector = 1)` for a flow.
#' @param restrict Where the network gives up symmetry: a list of spaces with less of it, each named by the number of the
#'   block before which it comes, such as `list("3" = gspace_flip2d())`; or of arguments of [restrict()] in place of a
#'   space, such as `list("3" = list(rotations = 4))`. The number of channels stays.
#' @param widths The number of fields (of channels in `plain_cnn()`) in each block. Behind a restriction it may be a part
#'   of one, such as 2.5, for the nearest number of fields of the smaller group.
#' @param parameters About how many parameters the network has: the
#'   `widths` are then proportions. So networks of different groups compare fairly.
#' @param kernel_size Odd sizes of the filters: one for all blocks, or one for
#'   each.
#' @param dropout The share of features that are dropped in training.
#' @param padding_mode How images go on beyond their edges, in all layers: `"zeros"`, `"reflect"`, `"replicate"` or
#'   `"circular"`.
#' @param head The last layer, or a sequence of layers, in place of the usual one: [head_fields()] for a direction that
#'   turns with the image, [head_points()] for a place in it, [head_numbers()] for measurements that do not turn. For an
#'   answer in each pixel give `equivariant_linear(out = c(trivial = 2))` and `downsample = FALSE`.
#' @param downsample Halve the images between the blocks?
#' @param nonlinearity `"relu"` on regular fields; `"gated"` on irreps; `"fourier"` on functions on a continuous group.
#'   By default the first for a finite group, the second for one such as that of [gspace_rot3d()].
#' @param frequency Irreps go up to this frequency, where fields are made of them.
#' @param spacing The distance of pixels or voxels: one number, or one for each axis, such as `c(2, 1, 1)` for voxels
#'   that are twice as high as wide. The group must keep such axes apart, as [gspace_axis3d()] does.
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
equivariant_cnn <- function(x, y = NULL, group = NULL, widths = c(8, 16, 16), parameters = NULL, kernel_size = 5,
                            dropout = 0, train = TRUE, epochs = 10, learn_rate = 0.005, ..., padding_mode = "zeros",
                            restrict = NULL, head = NULL, downsample = TRUE, nonlinearity = NULL, frequency = 2,
                            spacing = 1) {
  grid_network("equivariant_cnn", list(epochs = epochs, learn_rate = learn_rate, ...))
}

#' @rdname equivariant_cnn
#' @export
plain_cnn <- function(x, y = NULL, widths = c(16, 32, 32), parameters = NULL, kernel_size = 5,
                      dropout = 0, train = TRUE, epochs = 10, learn_rate = 0.005, ...) {
  grid_network("plain_cnn", list(epochs = epochs, learn_rate = learn_rate, ...))
}

#' Build a ready network of images, signals or volumes, and train it: all that its function does.
#'
#' It reads the arguments of the function that calls it, so that no argument is named twice.
#'
#' @param family Name of the function, here and in `intertwine.models`.
#' @param training What [fit()] takes.
#' @param call The frame of the function.
#' @noRd
grid_network <- function(family, training, call = rlang::caller_env()) {
  known <- arguments_of(sys.function(sys.parent()))
  check_no_formula(call$x, call)
  check_fit_names(eval(quote(...names()), call), family, c("x", "y"), known, call)
  x <- as_grid_images(call$x, call)
  options <- network_options(known, call)
  outputs <- network_outputs(x, call, pixels = endsWith(family, "unet"))
  size <- spatial_size(x)
  if (!endsWith(family, "_cnn") || can_be_halved(size, length(call$widths) - 1)) options$size <- as.list(size)
  if (startsWith(family, "plain")) {
    options$dimension <- length(size)
    space <- NULL
  } else {
    space <- network_space(call$group, x, call)
  }
  channels <- if (is_field_type(call$group)) call$group else n_channels_of(x)
  module <- build_network(family, channels, outputs, space, options, call)
  train_network(module, x, call$y, call$train, training, call)
}

#' Are the sides all even or all odd, whenever the grid is halved?
#' @noRd
can_be_halved <- function(size, times) {
  times < 1 || (length(unique(size %% 2)) == 1 && can_be_halved(ceiling(size / 2), times - 1))
}

check_no_formula <- function(x, call) {
  if (inherits(x, "formula")) {
    hint <- input_hint(x)
    abort_intertwine("`x` must be images or a numeric array, not a formula.", "argument_type", hint = hint, call = call)
  }
}

#' Images, volumes, signals or a folder of images, as the ready networks take them.
#' @noRd
as_grid_images <- function(x, call) {
  if (is_images(x) || is_image_folder(x)) {
    return(x)
  }
  images(x, switch(as.character(length(dim(x))), "5" = "ncdhw", "4" = "nchw", "nhw"))
}

#' The space of a ready network: the user's, that of the fields of its input, or the usual one for the data.
#' @noRd
network_space <- function(group, x, call) {
  dimension <- length(spatial_size(x))
  if (is.null(group)) {
    return(switch(dimension, gspace_flip1d(), gspace_rot2d(N = 8), gspace_octa()))
  }
  if (is_field_type(group)) group <- check_alive(group, call)$gspace
  check_class(group, "gspace", "a space", hint = "Make one with gspace_rot2d(N = 8).", arg = "group", call = call)
  if (group$dimensionality != dimension) {
    abort_intertwine(
      "`group` is a space of {group$dimensionality} dimension{?s}, but `x` holds {kind_of(x)[1]}s, which have
       {dimension} dimension{?s}.",
      class = "argument", hint = "For images take gspace_rot2d(N = 8), for volumes gspace_octa().", call = call
    )
  }
  group
}

#' Build a ready network.
#'
#' @param family Name of the function in `intertwine.models`.
#' @param channels How many the input has, or its fields.
#' @param outputs How many numbers it gives, or fields.
#' @param space The space of the grid; `NULL` without a grid, and for ordinary layers.
#' @param call The frame of the function that the user called, with its arguments.
#' @noRd
build_network <- function(family, channels, outputs, space, options, call) {
  sizes <- if (exists("width", call, inherits = FALSE)) "width" else "widths"
  whole <- is.null(call$restrict) || sizes == "width"
  widths <- if (whole) as_whole(call[[sizes]], min = 1, arg = sizes, call = call) else as_widths(call$widths, call)
  parameters <- if (!is.null(call$parameters)) as_count(call$parameters, min = 1, arg = "parameters", call = call)
  stages <- if (sizes == "width") options$depth else length(widths)
  py_call_checked(
    "_r.training.network",
    list(
      family, channels, outputs, space, draw_seed(), parameters, as.list(widths), options,
      as_restrictions(call$restrict, stages, call), as_head(call$head, call)
    ), call
  )
}

#' The arguments of a ready network that Python takes as they are named, coerced.
#' @noRd
network_options <- function(names, call) {
  table <- layer_arguments()
  # Of layers, these say something else.
  table[c("nonlinearity", "radius")] <- table[c("norm", "margin")]
  without <- c(
    "x", "y", "group", "type", "graph", "edges", "out", "widths", "width", "parameters", "restrict", "head", "train",
    "epochs", "learn_rate"
  )
  coerce_arguments(mget(setdiff(names, without), envir = call), call, table)
}

#' What a ready network puts out: the fields of `out`, or as many numbers as the targets say.
#' @noRd
network_outputs <- function(x, call, pixels = FALSE) {
  if (is.null(call$out)) {
    return(outputs_of(x, call$y, call$head, call, pixels))
  }
  out <- as_out(call$out, "out", call)
  if (is_field_type(out)) out else unclass(out)
}

#' Widths of a network with restrictions: numbers above 0, whole ones as such. Python refuses parts before a restriction.
#' @noRd
as_widths <- function(widths, call) {
  if (!is.numeric(widths) || length(widths) == 0 || !all(is.finite(widths)) || any(widths <= 0)) {
    abort_intertwine("`widths` must be numbers above 0, not {describe_value(widths)}.", call = call)
  }
  lapply(widths, function(width) if (width == round(width)) as.integer(width) else width)
}

#' The last layers as Python builds them, or `NULL` for the usual ones.
#' @noRd
as_head <- function(head, call) {
  if (is.null(head)) {
    return(NULL)
  }
  check_class(
    head, "layer_spec", "the specification of a layer, or of a sequence", "For example head = head_points().", "head", call
  )
  lapply(flatten_parts(list(head), call), part_record, call)
}

#' Less symmetry by the number of the block before which it comes, as Python takes it.
#' @noRd
as_restrictions <- function(restrict, blocks, call) {
  if (is.null(restrict)) {
    return(NULL)
  }
  numbers <- suppressWarnings(as.numeric(names(restrict) %||% ""))
  names_subgroup <- function(to) {
    is.list(to) && !is.object(to) && length(to) && all((names(to) %||% "") %in% c("rotations", "axis", "subgroup"))
  }
  fine <- is.list(restrict) && !is.object(restrict) && length(numbers) == length(restrict) && !anyNA(numbers) &&
    all(numbers %in% seq_len(blocks)) &&
    all(vapply(restrict, function(to) inherits(to, "gspace") || names_subgroup(to), NA))
  if (!fine) {
    abort_intertwine(
      "`restrict` must be a list of spaces, each named by the number of a block, from 1 to {blocks}.",
      class = "argument",
      hint = "Write restrict = list(\"{blocks}\" = gspace_flip2d()), or list(\"{blocks}\" = list(rotations = 1)).",
      call = call
    )
  }
  unname(Map(function(number, to) {
    list(number - 1, if (inherits(to, "gspace")) to else as_subgroup(to$rotations, to$axis, to$subgroup, call))
  }, numbers, restrict))
}

train_network <- function(module, x, y, train, training, call) {
  check_flag(train, call = call)
  if (train) do.call(fit, c(list(module, x, y), training)) else module
}

#' How many numbers a network gives: as the targets say, those of a folder or `y`; a head of the user's own says it
#' itself.
#' @noRd
outputs_of <- function(x, y, head, call, pixels = FALSE) {
  if (!is.null(head)) {
    return(NULL)
  }
  if (!is_image_folder(x) && is.null(y)) abort_missing("y", "this network", call)
  if (!is_image_folder(x)) {
    return(n_outputs_of(y, call, pixels))
  }
  levels <- if (pixels) x$masks$levels else levels(x$y)
  if (is.null(levels)) {
    abort_intertwine(
      if (pixels) "`x` has no masks, which say the class of each pixel." else "The images of `x` have no classes.",
      class = "argument",
      hint = if (pixels) "Give them to image_folder(masks = )." else "Put those of each class into a subfolder.", call = call
    )
  }
  length(levels)
}

#' How many numbers a network gives for each sample (or pixel): one for each class or measurement.
#' @noRd
n_outputs_of <- function(y, call, pixels = FALSE) {
  if (is_images(y)) y <- unclass(y)
  if (is.data.frame(y)) {
    check_numeric_columns(y, "y", "Classes are a factor: y[[1]].", call)
    return(ncol(y))
  }
  if (is.factor(y)) {
    return(nlevels(y))
  }
  if (is_class_like(y)) {
    return(length(unique(y[!is.na(y)])))
  }
  if (is.integer(y)) {
    check_class_numbers(y, "y", call)
    return(max(y, na.rm = TRUE))
  }
  if (!is.numeric(y)) {
    abort_intertwine(
      "`y` must hold classes (a factor) or measurements (numbers), not {describe_value(y)}.",
      class = "argument_type", hint = "Make classes a factor: factor(y).", call = call
    )
  }
  # Measurements of pixels have their channels in the second dimension, as images have.
  if (length(dim(y)) == 2 || (pixels && length(dim(y)) > 3)) dim(y)[2] else 1L
}
