# Representations as R objects: functions of elements, sums and lists of them.

#' Python objects that are R functions
#'
#' Modules are functions of features, representations of group elements, and field types of arrays.
#'
#' @param x A Python object.
#' @return A function.
#' @name callables
#' @keywords internal
NULL

#' @rdname callables
#' @usage NULL
#' @rawNamespace S3method(reticulate::py_to_r_wrapper, group_representation)
py_to_r_wrapper.group_representation <- function(x) { # nolint: object_length_linter. Its generic's name is long.
  force(x)
  function(g) {
    # `x` is the Python callable as reticulate made it; it dies with its session as the object itself does.
    call <- rlang::current_env()
    if (missing(g)) abort_no_input("A representation is a function of a group element", "rho(g)")
    if (!is_element(g)) {
      abort_intertwine(
        "A representation is a function of a group element, not of {describe_value(g)}.",
        class = "argument_type", hint = "Make one with group_element(gs, rotation = 1).", call = call
      )
    }
    check_alive(x, call)
    as_square(py_call_checked("_r.representations.matrix", list(x, check_alive(g, call)), call))
  }
}

as_square <- function(x) {
  if (is.matrix(x)) x else matrix(x, 1, 1)
}

#' @export
dim.group_representation <- function(x) {
  size <- py_call_checked("_r.representations.size", list(check_alive(x)))
  c(size, size)
}

#' @export
length.group_representation <- function(x) 1L

#' @export
format.group_representation <- function(x, ...) {
  if (is_dead(x)) {
    return(NextMethod())
  }
  py_call_checked("_r.representations.text", list(x))
}

#' @export
summary.group_representation <- function(object, ...) {
  structure(py_call_checked("_r.representations.facts", list(check_alive(object))), class = "summary_representation")
}

#' @export
format.summary_representation <- function(x, ...) {
  c(
    paste0("Representation ", x$name, " of ", x$group),
    paste0("size:        ", x$size),
    paste0("irreps:      ", paste(unlist(x$irreps), collapse = " + ")),
    paste0("irreducible: ", if (x$irreducible) paste0("yes, of type ", x$type) else "no"),
    paste0("permutation: ", if (x$permutation) "yes, pointwise nonlinearities act on it" else "no")
  )
}

#' @export
print.summary_representation <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @export
Ops.group_representation <- function(e1, e2) {
  call <- rlang::caller_env()
  unary <- missing(e2)
  if (!unary && .Generic == "*" && is.numeric(e1)) {
    return(repeat_representation(e2, e1, call))
  }
  if (!unary && .Generic == "*" && is.numeric(e2)) {
    return(repeat_representation(e1, e2, call))
  }
  if (!unary && .Generic == "+" && is_representation(e1) && is_representation(e2)) {
    return(py_call_checked("_r.representations.direct_sum", list(list(e1, e2)), call))
  }
  if (.Generic %in% c("==", "!=")) {
    same <- is_representation(e1) && is_representation(e2) &&
      isTRUE(py_call_checked("_r.crossing.generic_methods.equal", list(e1, e2), call))
    return(if (.Generic == "==") same else !same)
  }
  refuse_operation(.Generic, e1, if (!unary) e2, call)
}

is_representation <- function(x) inherits(x, "group_representation")

repeat_representation <- function(x, times, call) {
  times <- as_count(times, min = 0, arg = "multiplicity", call = call)
  new_representation_list(rep(list(x), times))
}

new_representation_list <- function(x) {
  structure(if (is.list(x)) x else list(x), class = "representation_list")
}

#' Representations and lists of them as one plain list.
#' @noRd
as_representations <- function(x, call = rlang::caller_env()) {
  parts <- list()
  for (item in x) {
    if (is_representation(item)) {
      parts <- c(parts, list(check_alive(item, call)))
    } else if (is.list(item)) {
      parts <- c(parts, as_representations(item, call))
    } else {
      abort_intertwine(
        "A representation is needed, not {describe_value(item)}.",
        class = "argument_type",
        hint = "Make one with irrep(), regular_repr() or trivial_repr().", call = call
      )
    }
  }
  parts
}

#' @export
format.representation_list <- function(x, ...) vapply(unclass(x), function(rho) paste(format(rho), collapse = " "), "")

#' @export
print.representation_list <- function(x, ...) {
  if (length(x)) cat(format(x), sep = "\n") else cat("<no representations>\n")
  invisible(x)
}

#' @export
`[.representation_list` <- function(x, i) new_representation_list(unclass(x)[i])

#' @export
`[[.representation_list` <- function(x, i, ...) {
  call <- rlang::current_env()
  unclass(x)[[
    if (is.character(i)) match_choice(i, names(x), "i", call) else as_position(i, length(x), "representation", call = call)
  ]]
}

#' @export
c.representation_list <- function(...) new_representation_list(as_representations(list(...)))

#' @export
c.group_representation <- function(...) new_representation_list(as_representations(list(...)))

#' @export
rep.group_representation <- function(x, ...) new_representation_list(rep(list(x), ...))
