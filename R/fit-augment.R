# Augmentation by functions of R: what they receive, and what becomes of what they return.

#' An augmentation by an R function: it gets and gives images (and targets, if it takes two arguments), and its error is
#' kept until Python is back.
#' @noRd
as_augment <- function(augment, targets, call) {
  if (!is.null(augment) && !is.function(augment) && !is_py(augment) && !is.character(augment)) {
    abort_intertwine(
      "`augment` must be \"rotations\" or a function, not {describe_value(augment)}.",
      class = "argument_type", hint = "Leave it out for none.", call = call
    )
  }
  if (!is.function(augment) || is_py(augment)) {
    return(list(value = augment, check = function(call, result) NULL, code = ""))
  }
  both <- takes_targets(augment)
  state <- new.env(parent = emptyenv())
  changed <- function(x, y) {
    tryCatch(
      {
        plain <- tensor_to_array(x)
        given <- if (length(dim(plain)) >= 4) new_images(plain) else plain
        if (!both) {
          return(list(changed_part(augment(given), given, "x"), y))
        }
        truth <- targets_of_batch(y, targets)
        moved <- as_pair(augment(given, truth))
        list(changed_part(moved$x, given, "x"), changed_targets(moved$y, truth, targets))
      },
      error = function(condition) {
        state$error <- condition
        NULL
      }
    )
  }
  check <- function(call, result) {
    if (!is.null(state$error)) {
      abort_intertwine("`augment` failed.", class = "callback", parent = state$error, call = call, value = result)
    }
  }
  list(value = changed, check = check, code = function_text(augment))
}

#' Whether a function has a second argument without a default, which is then for the targets.
#' @noRd
takes_targets <- function(f) {
  needed <- Filter(function(value) rlang::is_missing(value), as.list(formals(args(f))))
  length(setdiff(names(needed), "...")) >= 2
}

as_pair <- function(x) {
  if (!is.list(x) || is_images(x) || length(x) != 2) {
    abort_intertwine(
      "`augment` takes x and y, so it must return list(x, y), not {describe_value(x)}.",
      class = "argument_type", call = NULL
    )
  }
  if (all(c("x", "y") %in% names(x))) x else list(x = x[[1]], y = x[[2]])
}

changed_part <- function(moved, given, arg, dtype = "float32") {
  size <- function(x) dim(x) %||% length(x)
  if (!identical(as.integer(size(moved)), as.integer(size(given)))) {
    abort_intertwine(
      "`augment` must keep the dimensions of {arg}, {shape_text(size(given))}; it gave {describe_value(moved)}.",
      class = "shape", call = NULL
    )
  }
  to_py_tensor(unclass(moved), dtype, dims = size(given))
}

#' The targets of a batch as R has them: classes as a factor.
#' @noRd
targets_of_batch <- function(y, targets) {
  values <- tensor_to_array(y)
  dims <- dim(values)
  if (length(dims) == 1) {
    values <- as.vector(values)
  }
  if (!identical(targets$kind, "class")) {
    return(values)
  }
  out <- factor(targets$levels[ifelse(values < 0, NA, values + 1)], levels = targets$levels)
  if (length(dims) > 1) dim(out) <- dims
  out
}

changed_targets <- function(moved, given, targets) {
  if (!identical(targets$kind, "class")) {
    moved[is.na(moved)] <- NaN
    return(changed_part(moved, given, "y", "float64"))
  }
  moved <- match_levels(moved, targets$levels, "y", call = NULL)
  codes <- as.integer(moved)
  codes[is.na(codes)] <- -1L
  dim(codes) <- dim(moved)
  py_call_checked("_r.training.class_numbers", list(changed_part(codes, given, "y", "int64")))
}
