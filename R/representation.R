# Representations: how a group acts on the channels of a feature.

#' Representations of a group
#'
#' A representation says how an element acts on the channels of a feature. It is a function: `rho(g)` is the matrix of
#' element `g`. Representations of finite groups that permute channels hold exact zeros and ones.
#'
#' * `irrep()` is an irreducible one: frequency `k` turns k times as fast as the image does. Frequency 0 is a scalar, 1 a
#'   vector.
#' * `trivial_repr()` is the scalar: it does not change.
#' * `regular_repr()` has a channel for each element of the group, which the group permutes. Pointwise nonlinearities act on
#'   it, and it can learn the most: the usual choice.
#' * `quotient_repr()` has one channel for each coset of a subgroup.
#' * `representations()` lists the irreps and the regular one by name.
#'
#' `2 * rho` is a list of two copies, as [field_type()] takes it, and `a + b` the direct sum.
#'
#' @param gs A group or a space, such as [gspace_rot2d()].
#' @param frequency Frequency of the irrep; a value, from 0.
#' @param flip For groups with reflections: 1 if the irrep changes its sign under a reflection, 0 if not. By default the one
#'   that exists, or 0 where both do.
#' @param label The label of an irrep of any other group.
#' @param rotations Number of rotations in the subgroup; `Inf` for all.
#' @param axis For groups with reflections: the step of rotation of the reflection that is in the subgroup; `NULL` if none
#'   is.
#' @param ... Representations, or lists of them.
#' @param a,b Representations of one group.
#' @return A representation; `representations()` a named list of them.
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 4)
#' representations(gs)
#' rho <- irrep(gs, frequency = 1)
#' rho(group_element(gs, rotation = 1))
#' regular_repr(gs)(group_element(gs, rotation = 1))
#' direct_sum(trivial_repr(gs), rho)
#' tensor_product(rho, rho)
irrep <- function(gs, frequency = NULL, flip = NULL, label = NULL) {
  check_has_group(gs)
  if (!is.null(frequency)) frequency <- as_count(frequency, min = 0)
  if (!is.null(flip)) flip <- as_count(flip, min = 0, max = 1)
  if (!is.null(label)) label <- as_whole(label)
  py_call_checked("_r.groups.irrep", list(gs, frequency, flip, label))
}

#' @rdname irrep
#' @export
trivial_repr <- function(gs) {
  check_has_group(gs)
  py_call_checked("_r.groups.trivial", list(gs))
}

#' @rdname irrep
#' @export
regular_repr <- function(gs) {
  check_has_group(gs)
  py_call_checked("_r.groups.regular", list(gs))
}

#' @rdname irrep
#' @export
quotient_repr <- function(gs, rotations = NULL, axis = NULL) {
  check_has_group(gs)
  subgroup <- as_subgroup(rotations, axis)
  py_call_checked("_r.groups.quotient", list(gs, subgroup$rotations, subgroup$axis))
}

#' @rdname irrep
#' @export
representations <- function(gs) {
  check_has_group(gs)
  new_representation_list(py_call_checked("_r.groups.representations", list(gs)))
}

#' @rdname irrep
#' @export
direct_sum <- function(...) {
  parts <- as_representations(list(...))
  if (!length(parts)) abort_intertwine("direct_sum() needs at least one representation.")
  py_call_checked("_r.groups.direct_sum", list(parts))
}

#' @rdname irrep
#' @export
tensor_product <- function(a, b) {
  check_representation(a)
  check_representation(b)
  py_call_checked("_r.groups.tensor_product", list(a, b))
}

#' Rotations and axis of a subgroup, checked.
#' @noRd
as_subgroup <- function(rotations, axis, call = rlang::caller_env()) {
  list(
    rotations = if (!is.null(rotations)) if (identical(rotations, Inf)) -1L else as_count(rotations, min = 1, call = call),
    axis = if (!is.null(axis)) as_axis(axis, "axis", call)
  )
}

#' An axis: a step of rotation; for the continuous groups an angle.
#' @noRd
as_axis <- function(x, arg, call) {
  check_number(x, min = 0, arg = arg, call = call)
  if (x == round(x)) as.integer(x) else as.double(x)
}

check_representation <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  check_class(
    x, "group_representation", "a representation",
    hint = "Make one with irrep(), regular_repr() or trivial_repr().", arg = arg, call = call
  )
}

# Representations are R functions ---------------------------------------------------------------------------------------

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
    if (!is_element(g)) {
      abort_intertwine(
        paste0("A representation is a function of a group element, not of ", describe_value(g), "."),
        class = "argument_type", hint = "Make one with group_element(gs, rotation = 1).", call = call
      )
    }
    check_alive(x, call)
    as_square(py_call_checked("_r.groups.matrix", list(x, check_alive(g, call)), call))
  }
}

as_square <- function(x) {
  if (is.matrix(x)) x else matrix(x, 1, 1)
}

#' @export
dim.group_representation <- function(x) {
  size <- py_call_checked("_r.groups.size", list(check_alive(x)))
  c(size, size)
}

#' @export
length.group_representation <- function(x) 1L

#' @export
summary.group_representation <- function(object, ...) {
  structure(py_call_checked("_r.groups.facts", list(check_alive(object))), class = "summary_representation")
}

#' @export
format.summary_representation <- function(x, ...) {
  c(
    paste0("Representation ", x$name, " of ", x$group),
    paste0("size:        ", x$size),
    paste0("irreps:      ", paste(unlist(x$irreps), collapse = " + ")),
    paste0("irreducible: ", if (x$irreducible) "yes" else "no"),
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
    return(py_call_checked("_r.groups.direct_sum", list(list(e1, e2)), call))
  }
  if (.Generic %in% c("==", "!=")) {
    same <- is_representation(e1) && is_representation(e2) &&
      isTRUE(py_call_checked("_r.objects.equal", list(e1, e2), call))
    return(if (.Generic == "==") same else !same)
  }
  refuse_operation(.Generic, e1, if (!unary) e2, call)
}

is_representation <- function(x) inherits(x, "group_representation")

repeat_representation <- function(x, times, call) {
  times <- as_count(times, min = 0, arg = "multiplicity", call = call)
  new_representation_list(rep(list(x), times))
}

# Lists of representations ------------------------------------------------------------------------------------------------

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
        paste0("A representation is needed, not ", describe_value(item), "."),
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
c.representation_list <- function(...) new_representation_list(as_representations(list(...)))

#' @export
c.group_representation <- function(...) new_representation_list(as_representations(list(...)))

#' @export
rep.group_representation <- function(x, ...) new_representation_list(rep(list(x), ...))
