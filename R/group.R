# Groups by name, and what they print.

#' Groups
#'
#' `cyclic_group()` holds the rotations of the plane by multiples of 2 pi / N, `dihedral_group()` these and N
#' reflections, `so2_group()` and `o2_group()` all rotations, `trivial_group()` the identity alone. Networks on images
#' start from a space, such as [gspace_rot2d()], which holds its group; every function that takes a group takes a space,
#' too.
#'
#' @param N Number of rotations; `Inf` for all of them.
#' @param max_frequency For continuous groups, the highest frequency of the irreps that [representations()] lists.
#' @param x A group, or anything that has one: a space, a field type, a representation, an element or a module.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A group.
#' @seealso [so3_group()] for groups of space, [symmetric_group()] and [group_from_matrices()] for any others,
#'   [group_elements()], [irrep()], [cayley_table()], [gspace_rot2d()]
#' @name groups
#' @examplesIf intertwine_available(torch = FALSE)
#' cyclic_group(4)
#' group_order(dihedral_group(6))
NULL

#' @rdname groups
#' @export
cyclic_group <- function(N, ...) {
  if (identical(N, Inf)) {
    return(so2_group())
  }
  py_call_checked("group.cyclic_group", list(as_count(N, min = 1)))
}

#' @rdname groups
#' @export
dihedral_group <- function(N, ...) {
  if (identical(N, Inf)) {
    return(o2_group())
  }
  py_call_checked("group.dihedral_group", list(as_count(N, min = 1)))
}

#' @rdname groups
#' @export
so2_group <- function(max_frequency = 3, ...) {
  py_call_checked("group.so2_group", list(as_count(max_frequency, min = 0)))
}

#' @rdname groups
#' @export
o2_group <- function(max_frequency = 3, ...) {
  py_call_checked("group.o2_group", list(as_count(max_frequency, min = 0)))
}

#' @rdname groups
#' @export
trivial_group <- function() {
  py_call_checked("group.trivial_group")
}

#' @rdname groups
#' @export
group_of <- function(x, ...) {
  check_has_group(x)
  py_call_checked("_r.elements.group_of", list(x))
}

#' Groups of space
#'
#' Rotations and reflections of three-dimensional space about the origin.
#'
#' * `so3_group()` holds all rotations, `o3_group()` the inversion x -> -x and so all reflections, too.
#' * `octahedral_group()` holds the 24 rotations of the cube, `full_octahedral_group()` all its 48 symmetries;
#'   `icosahedral_group()` the 60 rotations of the icosahedron, `full_icosahedral_group()` all 120 symmetries.
#' * `cylinder_group()` holds N rotations about the z-axis and the inversion, `full_cylinder_group()` half turns about
#'   axes across, too.
#' * `point_group()` gives any finite point group by its symbol: all Schoenflies symbols (`"C4v"`, `"D3h"`, `"S6"`,
#'   `"Td"`, `"Th"`, ...), and the Hermann-Mauguin symbols of the 32 crystallographic ones (`"4mm"`, `"-43m"`,
#'   `"m-3m"`, ...).
#'
#' Elements are named by angle and axis, matrix, quaternion or Euler angles, see [group_element()].
#'
#' @inheritParams groups
#' @param symbol A symbol, such as `"Td"` or `"m-3m"`.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A group. `point_groups()`: a data frame of the 32 crystallographic point groups.
#' @seealso [gspace_rot3d()] for spaces with these groups
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' g <- group_element(so3_group(), angle = pi / 2, axis = c(0, 0, 1))
#' g
#' g^2
#' octahedral_group()
#' group_elements(point_group("C3v"))
#' all.equal(point_group("m-3m"), point_group("Oh"))
so3_group <- function(max_frequency = 2, ...) {
  py_call_checked("group.so3_group", list(as_count(max_frequency, min = 0)))
}

#' @rdname so3_group
#' @export
o3_group <- function(max_frequency = 2, ...) {
  py_call_checked("group.o3_group", list(as_count(max_frequency, min = 0)))
}

#' @rdname so3_group
#' @export
octahedral_group <- function() py_call_checked("group.octa_group")

#' @rdname so3_group
#' @export
full_octahedral_group <- function() py_call_checked("group.full_octa_group")

#' @rdname so3_group
#' @export
icosahedral_group <- function() py_call_checked("group.ico_group")

#' @rdname so3_group
#' @export
full_icosahedral_group <- function() py_call_checked("group.full_ico_group")

#' @rdname so3_group
#' @export
cylinder_group <- function(N = Inf, max_frequency = 3, ...) {
  py_call_checked("_r.groups.cylinder", list(as_order(N), FALSE, as_count(max_frequency, min = 0)))
}

#' @rdname so3_group
#' @export
full_cylinder_group <- function(N = Inf, max_frequency = 3, ...) {
  py_call_checked("_r.groups.cylinder", list(as_order(N), TRUE, as_count(max_frequency, min = 0)))
}

#' @rdname so3_group
#' @export
point_group <- function(symbol, ...) {
  check_string(symbol)
  py_call_checked("group.point_group", list(symbol))
}

#' @rdname so3_group
#' @export
point_groups <- function() {
  found <- py_call_checked("_r.groups.crystallographic")
  structure(
    data.frame(
      schoenflies = unlist(found$schoenflies), hermann_mauguin = unlist(found$hermann_mauguin),
      order = as.integer(unlist(found$order))
    ),
    class = c("gspace_table", "data.frame")
  )
}

#' Finite groups by family
#'
#' * `symmetric_group()` holds all permutations of 1, ..., n, `alternating_group()` the even ones.
#' * `dicyclic_group()` has 4 n elements, `quaternion_group()` holds 1, i, j, k and their negatives; some of their
#'   irreps are of type H: four matrices commute with them, see [endomorphisms()].
#'
#' @param n Number of points that are permuted, from 1 to 6; for dicyclic groups a quarter of the order.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A group.
#' @seealso [group_from_permutations()], [direct_product()]
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' S3 <- symmetric_group(3)
#' group_elements(S3)
#' character_table(S3)
#' group_order(alternating_group(5))
#' group_elements(quaternion_group())
symmetric_group <- function(n, ...) py_call_checked("group.symmetric_group", list(as_count(n, min = 1)))

#' @rdname symmetric_group
#' @export
alternating_group <- function(n, ...) py_call_checked("group.alternating_group", list(as_count(n, min = 1)))

#' @rdname symmetric_group
#' @export
dicyclic_group <- function(n, ...) py_call_checked("group.dicyclic_group", list(as_count(n, min = 1)))

#' @rdname symmetric_group
#' @export
quaternion_group <- function() py_call_checked("group.quaternion_group")

#' @export
length.symmetry_group <- function(x) 1L

#' @export
summary.symmetry_group <- function(object, ...) {
  check_alive(object)
  structure(list(group = object), class = "summary_group")
}

#' @export
format.summary_group <- function(x, ...) {
  order <- group_order(x$group)
  count <- if (is.finite(order)) format(order) else "infinitely many"
  found <- irreps(x$group)
  classes <- if (is.finite(order)) length(conjugacy_classes(x$group))
  c(
    paste0("Group ", format(x$group)[1]),
    paste0("elements:  ", count),
    paste0("generated: ", paste(format(group_generators(x$group)), collapse = "; ")),
    if (!is.null(classes)) paste0("classes:   ", classes),
    paste0("irreps:    ", paste(vapply(found, irrep_text, ""), collapse = ", "), if (!is.finite(order)) ", ...")
  )
}

irrep_text <- function(rho) {
  facts <- py_call_checked("_r.representations.facts", list(rho))
  paste0(unlist(facts$irreps), " (size ", facts$size, ")")
}

#' @export
print.summary_group <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

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
