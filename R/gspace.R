# Spaces: a base space with a group acting on it.

#' Spaces with a symmetry
#'
#' A space says on what features live and which transformations the network shall respect. On images: all of them are
#' also shifted, and
#'
#' * `gspace_trivial2d()` adds nothing, for ordinary convolutional networks;
#' * `gspace_rot2d()` adds N rotations;
#' * `gspace_flip2d()` adds a reflection;
#' * `gspace_flip_rot2d()` adds both.
#'
#' `gspace_none()` has no space at all, for vectors that a group acts on.
#'
#' @param N Number of rotations; `Inf` for all of them.
#' @param max_frequency For `N = Inf`, the highest frequency of the irreps that [representations()] lists.
#' @param axis Angle in radians of the axis of reflection; `pi / 2` is the vertical axis, so that left and right change
#'   places, and `0` the horizontal one.
#' @param G A group, such as [cyclic_group()].
#' @return A space. `gspaces()` gives a data frame of what is available.
#' @seealso [field_type()], [group_element()], [irrep()]
#' @name gspace
#' @examplesIf intertwine_available()
#' gspaces()
#' gspace_rot2d(N = 4)
#' gspace_flip_rot2d(N = 4)
NULL

#' @rdname gspace
#' @export
gspace_trivial2d <- function() {
  py_call_checked("gspaces.trivialOnR2")
}

#' @rdname gspace
#' @export
gspace_rot2d <- function(N, max_frequency = 6) {
  py_call_checked("gspaces.rot2dOnR2", list(N = as_order(N), maximum_frequency = as_count(max_frequency, min = 0)))
}

#' @rdname gspace
#' @export
gspace_flip2d <- function(axis = pi / 2) {
  check_number(axis)
  py_call_checked("gspaces.flip2dOnR2", list(axis = as.double(axis)))
}

#' @rdname gspace
#' @export
gspace_flip_rot2d <- function(N, axis = pi / 2, max_frequency = 6) {
  check_number(axis)
  py_call_checked("gspaces.flipRot2dOnR2", list(
    N = as_order(N), axis = as.double(axis), maximum_frequency = as_count(max_frequency, min = 0)
  ))
}

#' A number of rotations as Python has it: -1 stands for all of them.
#' @noRd
as_order <- function(N, call = rlang::caller_env()) {
  if (identical(N, Inf)) -1L else as_count(N, min = 1, arg = "N", call = call)
}

#' @rdname gspace
#' @export
gspace_none <- function(G) {
  check_has_group(G)
  py_call_checked("gspaces.no_base_space", list(group_of(G)))
}

#' @rdname gspace
#' @export
gspaces <- function() {
  structure(
    data.frame(
      space = c("gspace_trivial2d()", "gspace_rot2d(N)", "gspace_flip2d()", "gspace_flip_rot2d(N)", "gspace_none(G)"),
      on = c(rep("the plane", 4), "no space"),
      group = c("trivial", "C_N", "C_2", "D_N", "any"),
      elements = c("1", "N", "2", "2 N", "those of G"),
      symmetry = c(
        "shifts alone", "shifts and N rotations", "shifts and a reflection",
        "shifts, N rotations and N reflections", "a group acting on vectors"
      )
    ),
    class = c("gspace_table", "data.frame")
  )
}

#' @export
format.gspace_table <- function(x, ...) {
  columns <- lapply(names(x), function(name) format(c(name, as.character(x[[name]]))))
  sub(" +$", "", do.call(paste, c(columns, sep = "  ")))
}

#' @export
print.gspace_table <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @export
format.gspace <- function(x, ...) {
  if (is_dead(x)) {
    return(NextMethod())
  }
  facts <- py_call_checked("_r.fields.space_facts", list(x))
  count <- if (facts$order < 0) "infinitely many" else facts$order
  elements <- paste(count, if (identical(count, 1)) "element" else "elements")
  c(
    paste0("<space: ", facts$title, ", ", elements, ">"),
    paste0("  representations: ", paste(unlist(facts$representations), collapse = ", "))
  )
}
