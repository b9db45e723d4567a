# The targets that fit() and evaluate() take: classes, measurements, and those of folders of images.

as_target_type <- function(x, call) {
  if (is.null(x) || is_field_type(x) || identical(x, "invariant")) {
    return(x)
  }
  abort_intertwine(
    "`target_type` must be a field type or \"invariant\", not {describe_value(x)}.",
    class = "argument_type", hint = "A direction has the type field_type(gs, vector = 1).", call = call
  )
}

#' Targets as a fit has learned them: whole numbers are measurements to a network that was fitted to measurements.
#' @noRd
targets_of_fit <- function(y, fitted, arg = "y", call = rlang::caller_env()) {
  if (fitted$kind == "class" || is.null(y) || is_py(y)) {
    return(y)
  }
  y <- targets_in_table(y, arg, call)
  if (is_class_like(y)) {
    abort_intertwine(
      "`{arg}` holds classes ({describe_value(y)}), but this network was fitted to measurements.",
      class = "argument_type", hint = "Give numbers, one for each sample.", call = call
    )
  }
  if (is.integer(y)) storage.mode(y) <- "double"
  y
}

is_class_like <- function(y) {
  is.factor(y) || is.character(y) || is.logical(y)
}

# The named losses whose targets are classes, whatever type of R's numbers holds these.
losses_of_classes <- c("cross_entropy", "focal", "dice")

#' Targets, what they hold, and the levels of their classes.
#' @noRd
as_targets <- function(y, loss = NULL, na = "error", levels = NULL, arg = "y", call = rlang::caller_env()) {
  if (is.null(y) || is_py(y)) {
    return(list(value = y, kind = NULL, levels = levels, n = NULL))
  }
  if (is_images(y)) {
    y <- unclass(y)
  }
  y <- targets_in_table(y, arg, call)
  if (is.list(y) || !(is.numeric(y) || is_class_like(y))) {
    abort_intertwine(
      "`{arg}` must hold classes (a factor) or measurements (numbers), not {describe_value(y)}.",
      class = "argument_type",
      hint = if (inherits(y, c("Date", "POSIXt", "difftime"))) {
        "Turn them into numbers or classes first, such as as.numeric({arg}) or factor(format({arg}, \"%b\"))."
      } else if (inherits(y, "formula")) {
        "There are no formulas for networks: give the targets themselves."
      } else if (is.list(y)) {
        "Make it a vector: unlist({arg})."
      },
      call = call
    )
  }
  class_loss <- rlang::is_string(loss) && loss %in% losses_of_classes
  # whole numbers are classes, unless the loss is one of measurements
  if (is_class_like(y) || !is.null(levels) || class_loss || (is.integer(y) && !is.character(loss))) {
    return(class_targets(y, na, levels, arg, call))
  }
  check_targets_complete(y, na, arg, call)
  values <- y
  values[is.na(values)] <- NaN
  list(
    value = to_py_tensor(values, "float64", arg = arg, call = call), kind = "numeric",
    levels = NULL, n = target_count(y), outputs = if (is.matrix(y)) colnames(y)
  )
}

#' Targets in a table: the one column of a data frame, a matrix of several that are numbers, a matrix of the package Matrix.
#' @noRd
targets_in_table <- function(y, arg, call) {
  if (inherits(y, "Matrix")) {
    return(as.matrix(y))
  }
  if (!is.data.frame(y)) {
    return(y)
  }
  if (length(y) == 1) {
    return(y[[1]])
  }
  measured <- vapply(y, is.numeric, logical(1))
  if (length(y) && all(measured)) {
    return(as.matrix(y))
  }
  fault <- if (length(y)) paste("the column", dQuote(names(y)[!measured][1], FALSE), "holds none") else "it has no column"
  abort_intertwine(
    "`{arg}` must be one column, or several of numbers, but {fault}.",
    class = "argument_type", hint = "Take one of them: {arg} = data$name.", call = call
  )
}

#' Before a training: targets from which nothing, or something else than meant, would be learned.
#' @noRd
check_learnable <- function(y, targets, loss, call) {
  if (identical(targets$kind, "class") && length(targets$levels) == 1) {
    abort_intertwine(
      "All targets are of one class, {dQuote(targets$levels, FALSE)}: there is nothing to tell apart.",
      class = "levels", hint = "Give samples of two classes at least.", call = call
    )
  }
  if (is.data.frame(y) && length(y) == 1) y <- y[[1]]
  if (!identical(targets$kind, "numeric") || !is.null(loss) || !is.double(y) || length(dim(y)) %in% 2) {
    return(invisible())
  }
  values <- sort(unique(as.vector(y)))
  few <- length(values) %in% 2:12 && length(y) >= 2 * length(values)
  if (few && all(values %in% 0:12) && all(diff(values) == 1) && values[1] <= 1) {
    warn_intertwine(
      "`y` holds only the numbers {values[1]} to {values[length(values)]} as doubles, which are taken as measurements, not
       as classes.", "doubles",
      hint = "For classes give factor(y); for measurements say loss = \"mse\".", call = call
    )
  }
}

target_count <- function(y) {
  if (is.null(dim(y))) length(y) else dim(y)[1]
}

class_targets <- function(y, na, levels, arg, call) {
  dims <- dim(y)
  if (length(y) == 0) {
    abort_intertwine("`{arg}` holds no targets.", class = "shape", hint = "Give one for each sample.", call = call)
  }
  if (!is_class_like(y)) {
    if (!is.null(levels)) check_positions_of_levels(y, levels, arg, call)
    check_class_numbers(y, arg, call)
    levels <- levels %||% as.character(seq_len(max(y, na.rm = TRUE)))
  }
  if (!is.factor(y)) {
    y <- if (is.numeric(y)) factor(as.vector(y), levels = seq_along(levels), labels = levels) else factor(y)
  } else if (is.null(levels) && any(tabulate(y, nlevels(y)) == 0)) {
    warn_intertwine(
      "No sample of `{arg}` has the level {listed(setdiff(levels(y), unique(y)), quote = TRUE)}", "levels",
      hint = "Drop such levels with droplevels() if they are not meant to be learned.", call = call
    )
  }
  if (anyNA(levels(y))) {
    abort_intertwine(
      "`{arg}` has a level that is missing (NA).",
      class = "levels", hint = "Give it a name: levels({arg})[is.na(levels({arg}))] <- \"none\".", call = call
    )
  }
  if (!is.null(levels) && !identical(levels(y), levels)) {
    y <- match_levels(y, levels, arg, call)
  }
  codes <- as.integer(y)
  check_targets_complete(codes, na, arg, call)
  if (all(is.na(codes))) {
    abort_intertwine("Every value of `{arg}` is missing.", class = "missing_values", call = call)
  }
  codes[is.na(codes)] <- -1L
  if (length(dims) == 4 && dims[2] == 1) {
    # classes of the pixels of one-channel images
    dims <- dims[-2]
  }
  value <- py_call_checked(
    "_r.training.class_numbers",
    list(to_py_tensor(codes, "int64", dims = dims %||% length(codes), arg = arg, call = call)), call
  )
  list(value = value, kind = "class", levels = levels(y), n = if (is.null(dims)) length(codes) else dims[1])
}

#' Numbers are positions of the levels of a fit, unless they may be the labels of these levels.
#' @noRd
check_positions_of_levels <- function(y, levels, arg, call) {
  numbered <- identical(levels, as.character(seq_along(levels)))
  if (is.double(y) && !numbered) {
    abort_intertwine(
      "`{arg}` holds measurements (numbers of type double), but the network was fitted to classes.",
      class = "argument_type",
      hint = "Give classes: factor({arg}). They are {listed(utils::head(levels, 12), quote = TRUE)}.", call = call
    )
  }
  if (!numbered && all(grepl("^[0-9]+$", levels))) {
    warn_intertwine(
      "The whole numbers in `{arg}` are taken as positions of levels: 1 is the class {dQuote(levels[1], FALSE)}.", "levels",
      hint = "For the labels of classes give factor({arg}).", call = call
    )
  }
}

check_class_numbers <- function(y, arg, call) {
  if (any(y != round(y), na.rm = TRUE) || any(y < 1, na.rm = TRUE)) {
    worst <- y[which(y < 1 | y != round(y))[1]]
    abort_intertwine(
      "`{arg}` holds the class number {worst}, but class numbers count from 1.",
      class = "argument",
      hint = "Make it a factor: factor({arg}).", call = call
    )
  }
}

#' A factor with the levels of the training, or an error that names the new ones.
#' @noRd
match_levels <- function(y, levels, arg = "y", call = rlang::caller_env(), more = NULL) {
  dims <- dim(y)
  if (is.numeric(y)) {
    return(y)
  }
  values <- as.character(y)
  unknown <- setdiff(values[!is.na(values)], levels)
  if (length(unknown) > 0) {
    abort_intertwine(
      "`{arg}` has a class that the network does not know: {dQuote(unknown[1], FALSE)}.",
      hint = paste0("It knows {listed(utils::head(levels, 12), quote = TRUE)}.", more),
      call = call
    )
  }
  out <- factor(values, levels = levels)
  dim(out) <- dims
  out
}

check_targets_complete <- function(y, na, arg, call) {
  count <- sum(is.na(y))
  if (na == "error" && count > 0) {
    abort_intertwine(
      "`{arg}` has {count} missing value{?s}.",
      class = "missing_values",
      hint = "Drop these samples, or leave them out of the loss with na = \"mask\".", call = call
    )
  }
}

#' The targets of inputs: those given, or those that a folder of images has by itself.
#' @noRd
pair_targets <- function(input, y, loss, na, levels = NULL, x_arg = "x", y_arg = "y", call = rlang::caller_env()) {
  if (!isTRUE(input$is_folder)) {
    targets <- as_targets(y, loss = loss, na = na, levels = levels, arg = y_arg, call = call)
    check_pairs(input, targets, call, x_arg, y_arg)
    return(targets)
  }
  if (!is.null(y)) {
    abort_intertwine(
      "`{x_arg}` is an image_folder(), which gives its own classes.",
      hint = "Leave `{y_arg}` out, or read the images with read_image_folder().", call = call
    )
  }
  if (!is.null(input$pixels)) {
    return(list(value = NULL, kind = "class", levels = input$pixels, n = input$n))
  }
  if (is.null(input$classes)) {
    abort_intertwine(
      "The images of `{x_arg}` have no classes, because they are not in subfolders.",
      hint = "Put those of each class into a subfolder with its name, or give a folder of `masks`.", call = call
    )
  }
  list(value = NULL, kind = "class", levels = levels(input$classes), n = input$n)
}

check_pairs <- function(input, targets, call, x_arg = "x", y_arg = "y") {
  if (is.null(targets$value)) {
    is_data <- is_py(input$value) && is.null(input$n)
    if (!is_data) {
      abort_intertwine(
        "`{y_arg}`, the targets, is missing.",
        class = c("missing_argument", "argument"),
        hint = "They are a factor of classes, or numbers: one target for each sample.", call = call
      )
    }
  } else if (!is.null(input$n) && !is.null(targets$n) && input$n != targets$n) {
    abort_intertwine(
      "`{x_arg}` has {input$n} sample{?s}, but `{y_arg}` has {targets$n} target{?s}.",
      class = "shape",
      hint = if (is_geometric_tensor(input$value) && !is.null(input$value$coords)) {
        "Points are trained by fit_points(), which takes a number for each graph."
      } else {
        "Give one target for each sample."
      },
      call = call
    )
  }
}

as_validation <- function(validation, module, targets, loss, na, call) {
  if (is.null(validation) || is_py(validation)) {
    return(validation)
  }
  if (is.numeric(validation) && length(validation) == 1) {
    check_number(validation, arg = "validation", call = call)
    return(as.double(validation))
  }
  if (is_image_folder(validation)) {
    held <- as_input(match_folder(validation, targets$levels, "validation", call), module, arg = "validation", call = call)
    pair_targets(held, NULL, loss, na, x_arg = "validation", call = call)
    return(held$value)
  }
  if (!is.list(validation) || is.data.frame(validation) || length(validation) != 2) {
    abort_intertwine(
      "`validation` must be a fraction or list(x, y), not {describe_value(validation)}.",
      class = "argument_type", call = call
    )
  }
  named <- all(c("x", "y") %in% names(validation))
  held_x <- as_input(if (named) validation$x else validation[[1]], module, arg = "validation$x", call = call)
  held_y <- pair_targets(
    held_x, if (named) validation$y else validation[[2]],
    loss = loss, na = na, levels = targets$levels, x_arg = "validation$x", y_arg = "validation$y", call = call
  )
  list(held_x$value, held_y$value)
}

as_class_weights <- function(class_weights, levels, call, classes = NULL) {
  if (identical(class_weights, "balanced") && !is.null(classes)) {
    # of images in files, which Python would have to read to count their classes
    counts <- tabulate(classes, nlevels(classes))
    return(as.list(ifelse(counts > 0, sum(counts) / (sum(counts > 0) * pmax(counts, 1)), 0)))
  }
  if (is.null(class_weights) || identical(class_weights, "balanced")) {
    return(class_weights)
  }
  if (!is.numeric(class_weights) || anyNA(class_weights)) {
    abort_intertwine(
      "`class_weights` must be \"balanced\" or numbers, not {describe_value(class_weights)}.",
      class = "argument_type", call = call
    )
  }
  if (!is.null(names(class_weights))) {
    unknown <- setdiff(names(class_weights), levels)
    if (length(unknown) > 0) {
      abort_intertwine(
        "`class_weights` names {dQuote(unknown[1], FALSE)}, which is not a class.",
        hint = "The classes are {listed(levels, quote = TRUE)}.", call = call
      )
    }
    full <- stats::setNames(rep(1, length(levels)), levels)
    full[names(class_weights)] <- class_weights
    class_weights <- unname(full)
  }
  as.list(as.double(class_weights))
}
