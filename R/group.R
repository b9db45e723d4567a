# Groups and their elements.

#' Groups
#'
#' `cyclic_group()` holds the rotations of the plane by multiples of 2 pi / N, `dihedral_group()` these and N
#' reflections, `so2_group()` and `o2_group()` all rotations, `trivial_group()` the identity alone. Networks on
#' images start from a space, such as [gspace_rot2d()],
#' which holds its group; every function that takes a group takes a space, too.
#'
#' @param N Number of rotations; `Inf` for all of them.
#' @param max_frequency For continuous groups, the highest frequency of the irreps that [representations()] lists.
#' @param x A group, or anything that has one: a space, a field type, a representation, an element or a module.
#' @return A group.
#' @seealso [group_elements()], [irrep()], [gspace_rot2d()]
#' @name groups
#' @examplesIf intertwine_available()
#' cyclic_group(4)
#' group_order(dihedral_group(6))
NULL

#' @rdname groups
#' @export
cyclic_group <- function(N) {
  if (identical(N, Inf)) {
    return(so2_group())
  }
  py_call_checked("group.cyclic_group", list(as_count(N, min = 1)))
}

#' @rdname groups
#' @export
dihedral_group <- function(N) {
  if (identical(N, Inf)) {
    return(o2_group())
  }
  py_call_checked("group.dihedral_group", list(as_count(N, min = 1)))
}

#' @rdname groups
#' @export
so2_group <- function(max_frequency = 3) {
  py_call_checked("group.so2_group", list(as_count(max_frequency, min = 0)))
}

#' @rdname groups
#' @export
o2_group <- function(max_frequency = 3) {
  py_call_checked("group.o2_group", list(as_count(max_frequency, min = 0)))
}

#' @rdname groups
#' @export
trivial_group <- function() {
  py_call_checked("group.trivial_group")
}

#' @rdname groups
#' @export
group_of <- function(x) {
  check_has_group(x)
  py_call_checked("_r.groups.group_of", list(x))
}

#' Elements of a group
#'
#' An element is named by what it does. `group_element()` turns by `rotation` steps of 2 pi / N, or by `angle`, after
#' `flip` reflections in the horizontal axis; steps are values, so 0 is the identity. `group_elements()` lists all
#' elements by position: the first is the identity.
#'
#' Elements multiply with `*` (the right one acts first), have powers and an inverse (`g^2`, `g^-1`), and are compared with
#' `==`. A representation is a function of them, see [irrep()].
#'
#' @param gs A group or a space, such as [gspace_rot2d()].
#' @param rotation Steps of rotation, counter-clockwise.
#' @param flip 1 to reflect first, 0 not to.
#' @param angle Angle of rotation in radians, in place of `rotation`.
#' @return `group_element()` and `group_identity()`: an element. `group_elements()`: a list of them. `group_order()`: their
#'   number.
#' @seealso [transform.geometric_tensor()]
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 4)
#' g <- group_element(gs, rotation = 1)
#' g
#' g * g
#' g^-1 == group_element(gs, angle = -pi / 2)
#' group_elements(gs)
#' group_order(gs)
group_element <- function(gs, rotation = NULL, flip = NULL, angle = NULL) {
  check_has_group(gs)
  if (!is.null(rotation)) rotation <- as_count(rotation)
  if (!is.null(flip)) flip <- as_count(flip, min = 0, max = 1)
  if (!is.null(angle)) check_number(angle)
  py_call_checked("_r.groups.element", list(gs, rotation, flip, if (!is.null(angle)) as.double(angle)))
}

#' @rdname group_element
#' @export
group_elements <- function(gs) {
  check_has_group(gs)
  new_element_list(py_call_checked("_r.groups.elements", list(gs)))
}

#' @rdname group_element
#' @export
group_order <- function(gs) {
  check_has_group(gs)
  py_call_checked("_r.groups.order", list(gs))
}

#' @rdname group_element
#' @export
group_identity <- function(gs) {
  check_has_group(gs)
  py_call_checked("_r.groups.identity", list(gs))
}

new_element_list <- function(x) {
  structure(if (is.list(x)) x else list(x), class = "group_element_list")
}

#' @export
format.group_element_list <- function(x, ...) vapply(unclass(x), format, "")

#' @export
print.group_element_list <- function(x, ...) {
  cat(paste(formatC(paste0("[[", seq_along(x), "]]"), width = nchar(length(x)) + 4), format(x)), sep = "\n")
  invisible(x)
}

#' @export
`[.group_element_list` <- function(x, i) new_element_list(unclass(x)[i])

#' @export
Ops.group_element <- function(e1, e2) {
  call <- rlang::caller_env()
  unary <- missing(e2)
  switch(.Generic,
    "*" = if (!unary && is_element(e1) && is_element(e2)) {
      py_call_checked("_r.groups.product", list(check_alive(e1), check_alive(e2)), call)
    } else {
      refuse_operation("*", e1, if (!unary) e2, call)
    },
    "^" = {
      if (!is_element(e1)) refuse_operation("^", e1, e2, call)
      py_call_checked("_r.groups.power", list(check_alive(e1), as_count(e2, arg = "exponent", call = call)), call)
    },
    "==" = ,
    "!=" = {
      same <- is_element(e1) && is_element(e2) && isTRUE(py_call_checked("_r.objects.equal", list(e1, e2), call))
      if (.Generic == "==") same else !same
    },
    refuse_operation(.Generic, e1, if (!unary) e2, call)
  )
}

is_element <- function(x) inherits(x, "group_element")

#' A group, or something that has one.
#' @noRd
check_has_group <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  check_class(
    x,
    c(
      "symmetry_group", "gspace", "field_type", "group_representation", "group_element", "equivariant_module",
      "geometric_tensor"
    ),
    "a group or a space",
    hint = "Make one with gspace_rot2d(N = 4) or cyclic_group(4).", arg = arg, call = call
  )
}
