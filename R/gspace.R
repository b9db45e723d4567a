# Spaces: a base space with a group acting on it.

#' Spaces with a symmetry
#'
#' A space says where features are and which symmetries the network keeps. Networks on images always keep shifts. Beside
#' shifts,
#'
#' * `gspace_trivial2d()` adds nothing, for ordinary convolutional networks;
#' * `gspace_rot2d()` adds N rotations;
#' * `gspace_flip2d()` adds a reflection;
#' * `gspace_flip_rot2d()` adds both.
#'
#' `gspace_none()` has no space at all, for vectors that a group acts on. See [gspace_rot3d()] for volumes and points of
#' space, [gspace_flip1d()] for signals, and [gspace()] for any group.
#'
#' @param N Number of rotations; `Inf` for all of them.
#' @param max_frequency For `N = Inf`, the highest frequency of the irreps that [representations()] lists.
#' @param axis Angle in radians of the axis of reflection; `pi / 2` is the vertical axis, so that left and right change
#'   places, and `0` the horizontal one.
#' @param degrees The angle of `axis` in degrees, in its place.
#' @param G A group, such as [cyclic_group()].
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A space. `gspaces()` gives a data frame of what is available, with the name of each space in Python.
#' @seealso [field_type()], [group_element()], [irrep()], [plot.gspace()]
#' @name gspace_rot2d
#' @examplesIf intertwine_available(torch = FALSE)
#' gspaces()
#' gspace_rot2d(N = 4)
#' gspace_flip_rot2d(N = 4)
NULL

#' @rdname gspace_rot2d
#' @export
gspace_trivial2d <- function() {
  py_call_checked("gspaces.trivialOnR2")
}

#' @rdname gspace_rot2d
#' @export
gspace_rot2d <- function(N, max_frequency = 6, ...) {
  py_call_checked("gspaces.rot2dOnR2", list(N = as_order(N), maximum_frequency = as_count(max_frequency, min = 0)))
}

#' @rdname gspace_rot2d
#' @export
gspace_flip2d <- function(axis = pi / 2, degrees = NULL, ...) {
  py_call_checked("gspaces.flip2dOnR2", list(axis = as_axis_angle(axis, degrees)))
}

#' @rdname gspace_rot2d
#' @export
gspace_flip_rot2d <- function(N, axis = pi / 2, max_frequency = 6, degrees = NULL, ...) {
  py_call_checked("gspaces.flipRot2dOnR2", list(
    N = as_order(N), axis = as_axis_angle(axis, degrees), maximum_frequency = as_count(max_frequency, min = 0)
  ))
}

#' A number of rotations as Python has it: -1 stands for all of them.
#' @noRd
as_order <- function(N, call = rlang::caller_env()) {
  if (identical(N, Inf)) -1L else as_count(N, min = 1, arg = "N", call = call)
}

#' @rdname gspace_rot2d
#' @export
gspace_none <- function(G, ...) {
  check_has_group(G)
  py_call_checked("gspaces.no_base_space", list(group_of(G)))
}

#' Spaces on the line
#'
#' For signals, which are also shifted: `gspace_flip1d()` adds the reflection, for signals that may be read in both
#' directions, and `gspace_trivial1d()` nothing.
#'
#' @return A space.
#' @seealso [gspace_rot2d()], [gspace()]
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' gs <- gspace_flip1d()
#' gs
#' as.matrix(group_element(gs, flip = 1))
gspace_flip1d <- function() py_call_checked("gspaces.flipOnR1")

#' @rdname gspace_flip1d
#' @export
gspace_trivial1d <- function() py_call_checked("gspaces.trivialOnR1")

#' Spaces in three dimensions
#'
#' For volumes and points of space, which are also shifted.
#'
#' | function | in Python | what it adds | elements |
#' |---|---|---|---|
#' | `gspace_trivial3d()` | `trivialOnR3` | nothing | 1 |
#' | `gspace_rot3d()` | `rot3dOnR3` | all rotations, SO(3) | all |
#' | `gspace_flip_rot3d()` | `flipRot3dOnR3` | all rotations and the inversion, O(3) | all |
#' | `gspace_octa()` | `octaOnR3` | the rotations of the cube | 24 |
#' | `gspace_full_octa()` | `fullOctaOnR3` | all symmetries of the cube | 48 |
#' | `gspace_ico()` | `icoOnR3` | the rotations of the icosahedron | 60 |
#' | `gspace_full_ico()` | `fullIcoOnR3` | all symmetries of the icosahedron | 120 |
#' | `gspace_axis3d(N)` | `rot2dOnR3` | N rotations about the z-axis | N |
#' | `gspace_dihedral3d(N)` | `dihedralOnR3` | these, and half turns about axes across | 2 N |
#' | `gspace_cone(N)` | `conicalOnR3` | these rotations, and mirrors through the axis | 2 N |
#' | `gspace_cylinder(N)` | `cylindricalOnR3` | these rotations, and the inversion | 2 N |
#' | `gspace_full_cylinder(N)` | `fullCylindricalOnR3` | these, half turns across, and the inversion | 4 N |
#' | `gspace_mirror3d()` | `mirOnR3` | one mirror | 2 |
#' | `gspace_inversion3d()` | `invOnR3` | the inversion x -> -x | 2 |
#'
#' Those of the cube move a grid of voxels without interpolation, see [exact_elements()].
#'
#' @param N Number of rotations about the axis; `Inf` for all of them.
#' @param axis Angle in radians between the x-axis and one of the axes across, or one of the mirrors.
#' @param degrees The angle of `axis` in degrees, in its place.
#' @param adjoint An element a of [o3_group()] or [so3_group()]: the group becomes a^-1 H a, so that its axis is a^-1 z.
#' @param max_frequency For continuous groups, the highest frequency of the irreps that [representations()] lists.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A space.
#' @seealso [gspace_rot2d()] for images, [gspace()] for any group, [so3_group()], [group_element()], [plot.gspace()]
#' @name gspace_rot3d
#' @examplesIf intertwine_available(torch = FALSE)
#' gspace_octa()
#' gs <- gspace_cone(N = 4)
#' as.matrix(group_element(gs, rotation = 1))
#'
#' # About the x-axis in place of the z-axis
#' turn <- group_element(so3_group(), angle = -pi / 2, axis = c(0, 1, 0))
#' gs <- gspace_axis3d(N = 4, adjoint = turn)
#' standard_repr(gs)(group_element(gs, rotation = 1))
NULL

#' @rdname gspace_rot3d
#' @export
gspace_trivial3d <- function() py_call_checked("gspaces.trivialOnR3")

#' @rdname gspace_rot3d
#' @export
gspace_rot3d <- function(max_frequency = 2, ...) {
  py_call_checked("gspaces.rot3dOnR3", list(as_count(max_frequency, min = 0)))
}

#' @rdname gspace_rot3d
#' @export
gspace_flip_rot3d <- function(max_frequency = 2, ...) {
  py_call_checked("gspaces.flipRot3dOnR3", list(as_count(max_frequency, min = 0)))
}

#' @rdname gspace_rot3d
#' @export
gspace_octa <- function() py_call_checked("gspaces.octaOnR3")

#' @rdname gspace_rot3d
#' @export
gspace_full_octa <- function() py_call_checked("gspaces.fullOctaOnR3")

#' @rdname gspace_rot3d
#' @export
gspace_ico <- function() py_call_checked("gspaces.icoOnR3")

#' @rdname gspace_rot3d
#' @export
gspace_full_ico <- function() py_call_checked("gspaces.fullIcoOnR3")

#' @rdname gspace_rot3d
#' @export
gspace_axis3d <- function(N = Inf, adjoint = NULL, max_frequency = 2, ...) {
  axial_space("gspaces.rot2dOnR3", N, adjoint, max_frequency)
}

#' @rdname gspace_rot3d
#' @export
gspace_dihedral3d <- function(N = Inf, axis = pi / 2, adjoint = NULL, max_frequency = 2, degrees = NULL, ...) {
  axial_space("gspaces.dihedralOnR3", N, adjoint, max_frequency, axis = as_axis_angle(axis, degrees))
}

#' @rdname gspace_rot3d
#' @export
gspace_cone <- function(N = Inf, axis = pi / 2, adjoint = NULL, max_frequency = 2, degrees = NULL, ...) {
  axial_space("gspaces.conicalOnR3", N, adjoint, max_frequency, axis = as_axis_angle(axis, degrees))
}

#' @rdname gspace_rot3d
#' @export
gspace_cylinder <- function(N = Inf, adjoint = NULL, max_frequency = 2, ...) {
  axial_space("gspaces.cylindricalOnR3", N, adjoint, max_frequency)
}

#' @rdname gspace_rot3d
#' @export
gspace_full_cylinder <- function(N = Inf, axis = pi / 2, adjoint = NULL, max_frequency = 2, degrees = NULL, ...) {
  # Python takes twice the angle here, as escnn does, and the angle elsewhere.
  axial_space("gspaces.fullCylindricalOnR3", N, adjoint, max_frequency, axis = 2 * as_axis_angle(axis, degrees))
}

#' @rdname gspace_rot3d
#' @export
gspace_mirror3d <- function(axis = pi / 2, adjoint = NULL, degrees = NULL, ...) {
  py_call_checked("gspaces.mirOnR3", list(as_axis_angle(axis, degrees), checked_adjoint(adjoint)))
}

#' @rdname gspace_rot3d
#' @export
gspace_inversion3d <- function() py_call_checked("gspaces.invOnR3")

axial_space <- function(target, N, adjoint, max_frequency, axis = NULL, call = rlang::caller_env()) {
  arguments <- list(
    n = as_order(N, call), adjoint = checked_adjoint(adjoint, call),
    maximum_frequency = as_count(max_frequency, min = 0, arg = "max_frequency", call = call)
  )
  if (!is.null(axis)) arguments$axis <- as.double(axis)
  py_call_checked(target, arguments, call)
}

checked_adjoint <- function(adjoint, call = rlang::caller_env()) {
  if (!is.null(adjoint)) check_element(adjoint, "adjoint", call)
  adjoint
}

#' The space of any group
#'
#' Any group that acts by orthogonal matrices on the line, the plane or space makes a space, on which every layer works.
#'
#' @param group A group.
#' @param action A representation of size 1, 2 or 3: the matrices by which the group moves points, in the coordinates x
#'   (right), y (up), z. By default the group's own, for groups of the plane and of space and groups of matrices.
#' @param name How the space prints.
#' @param gs A space.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A space. `exact_elements()`: a list of the elements that move a grid of pixels or voxels without interpolation.
#' @seealso [gspace_rot2d()], [gspace_rot3d()], [group_from_matrices()], [point_group()], [standard_repr()]
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' gspace(point_group("Td"))
#'
#' # The permutations of three points as the symmetries of a triangle
#' S3 <- symmetric_group(3)
#' gs <- gspace(S3, action = irrep(S3, label = 2))
#' gs
#' exact_elements(gs)
gspace <- function(group, action = NULL, name = NULL, ...) {
  check_has_group(group)
  if (!is.null(action)) check_representation(action)
  if (!is.null(name)) check_string(name)
  py_call_checked("_r.spaces.general", list(group, action, name))
}

#' @rdname gspace
#' @export
exact_elements <- function(gs, ...) {
  check_class(gs, "gspace", "a space", hint = "Make one with gspace_rot2d(N = 4).")
  new_element_list(py_call_checked("_r.spaces.exact_elements", list(gs)))
}

#' @rdname gspace_rot2d
#' @export
gspaces <- function() {
  space <- function(space, python, on, group, elements, symmetry) {
    data.frame(space, on, group, elements, symmetry, python)
  }
  plane <- "the plane"
  line <- "the line"
  r3 <- "space"
  table <- rbind(
    space("gspace_trivial1d()", "trivialOnR1", line, "trivial", "1", "shifts alone"),
    space("gspace_flip1d()", "flipOnR1", line, "C_2", "2", "shifts and the reflection"),
    space("gspace_trivial2d()", "trivialOnR2", plane, "trivial", "1", "shifts alone"),
    space("gspace_rot2d(N)", "rot2dOnR2", plane, "C_N", "N", "shifts and N rotations"),
    space("gspace_flip2d()", "flip2dOnR2", plane, "C_2", "2", "shifts and a reflection"),
    space("gspace_flip_rot2d(N)", "flipRot2dOnR2", plane, "D_N", "2 N", "shifts, N rotations and N reflections"),
    space("gspace_trivial3d()", "trivialOnR3", r3, "trivial", "1", "shifts alone"),
    space("gspace_rot3d()", "rot3dOnR3", r3, "SO(3)", "all", "shifts and all rotations"),
    space("gspace_flip_rot3d()", "flipRot3dOnR3", r3, "O(3)", "all", "shifts, all rotations and reflections"),
    space("gspace_octa()", "octaOnR3", r3, "O", "24", "shifts and the rotations of a cube"),
    space("gspace_full_octa()", "fullOctaOnR3", r3, "O_h", "48", "shifts and all symmetries of a cube"),
    space("gspace_ico()", "icoOnR3", r3, "I", "60", "shifts and the rotations of an icosahedron"),
    space("gspace_full_ico()", "fullIcoOnR3", r3, "I_h", "120", "shifts and all symmetries of an icosahedron"),
    space("gspace_axis3d(N)", "rot2dOnR3", r3, "C_N", "N", "shifts and N rotations about z"),
    space("gspace_dihedral3d(N)", "dihedralOnR3", r3, "D_N", "2 N", "these, and half turns about axes across"),
    space("gspace_cone(N)", "conicalOnR3", r3, "D_N", "2 N", "N rotations about z, and mirrors through it"),
    space("gspace_cylinder(N)", "cylindricalOnR3", r3, "C_2 x C_N", "2 N", "N rotations about z, and the inversion"),
    space("gspace_full_cylinder(N)", "fullCylindricalOnR3", r3, "C_2 x D_N", "4 N", "these, and half turns across"),
    space("gspace_mirror3d()", "mirOnR3", r3, "C_2", "2", "shifts and a mirror"),
    space("gspace_inversion3d()", "invOnR3", r3, "C_2", "2", "shifts and the inversion"),
    space("gspace(G)", "gspace", "any of these", "any", "those of G", "shifts and any group of matrices"),
    space("gspace_none(G)", "no_base_space", "no space", "any", "those of G", "a group acting on vectors")
  )
  structure(table, class = c("gspace_table", "data.frame"))
}

#' @export
format.gspace_table <- function(x, ...) {
  shown <- setdiff(names(x), "python")
  columns <- lapply(shown, function(name) format(c(name, as.character(x[[name]]))))
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
  facts <- py_call_checked("_r.spaces.facts", list(x))
  count <- if (facts$order < 0) "infinitely many" else facts$order
  elements <- paste(count, if (identical(count, 1)) "element" else "elements")
  c(
    paste0("<space: ", facts$title, ", ", elements, ">"),
    wrap_list("  representations: ", unlist(facts$representations))
  )
}

#' Items with commas between them, broken between items into lines of a moderate length.
#' @noRd
wrap_list <- function(start, items, width = 120) {
  items <- paste0(items, c(rep(",", length(items) - 1), ""))
  lines <- start
  for (k in seq_along(items)) {
    line <- lines[length(lines)]
    fresh <- k > 1 && nchar(line) + nchar(items[k]) + 1 > width
    if (fresh) {
      lines <- c(lines, paste0(strrep(" ", nchar(start)), items[k]))
    } else {
      lines[length(lines)] <- paste0(line, if (k > 1) " ", items[k])
    }
  }
  lines
}
