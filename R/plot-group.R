# Pictures of groups: elements that act on a figure, and irreps as arrows that turn.

#' See what group elements do
#'
#' Draws a figure, and what each element makes of it: a letter on the plane, a cube with letters on its faces, faint
#' on those at the back, in space, a ramp on the line. The figure as it was is outlined; rotations are blue,
#' reflections orange. Dashed lines are the mirrors of the plane and the axes of rotations of space.
#'
#' @param x An element, a list of elements, a space or a group.
#' @param gs The space in which the elements act; by default that of their group.
#' @param what What to draw of a group: its `"elements"` as they act on a figure, its `"table"` of products, or its
#'   `"irreps"`. By default the table of a finite group.
#' @param elements Elements; all of them by default, or some of a continuous group.
#' @param max Draw at most so many elements.
#' @param ncol Pictures in a row; chosen to fill the device by default.
#' @param title A title.
#' @param ... For a group: arguments of the method that draws it. Else not used.
#' @return `x`, invisibly.
#' @seealso [plot_orbit()], which does it to images and features; [plot.group_representation()]; [plot.cayley_table()]
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' plot(gspace_flip_rot2d(N = 4))
#' plot(group_element(octahedral_group(), angle = 2 * pi / 3, axis = c(1, 1, 1)))
#' plot(dihedral_group(3))
#' plot(cyclic_group(8), what = "irreps")
plot.group_element <- function(x, gs = NULL, title = NULL, ...) {
  check_alive(x)
  plot(c(group_identity(x), x), gs = gs, title = title, ncol = 2)
  invisible(x)
}

#' @rdname plot.group_element
#' @export
plot.group_element_list <- function(x, gs = NULL, max = 24, ncol = NULL, title = NULL, ...) {
  if (!length(x)) abort_intertwine("There is no element to draw.", call = quote(plot()))
  shown <- x[seq_len(min(length(x), as_count(max, min = 1)))]
  matrices <- element_matrices(shown, gs)
  draw_panels(
    lapply(matrices, function(m) function(at) draw_figure(m, at)),
    labels = picture_labels(shown, gs), ncol = ncol, title = title,
    caption = if (length(shown) < length(x)) paste0("the first ", length(shown), " of ", length(x))
  )
  invisible(x)
}

#' @rdname plot.group_element
#' @export
plot.gspace <- function(x, elements = NULL, max = 24, ncol = NULL, title = NULL, ...) {
  check_alive(x)
  elements <- elements %||% shown_elements(x, max)
  plot(
    new_element_list(unclass(elements)), gs = x, max = max, ncol = ncol,
    title = title %||% sub("^<space: (.*), .*>$", "\\1", format(x)[1])
  )
  invisible(x)
}

#' @rdname plot.group_element
#' @export
plot.symmetry_group <- function(x, what = NULL, elements = NULL, ...) {
  check_alive(x)
  finite <- is.finite(group_order(x))
  what <- match_choice(what %||% if (finite) "table" else "elements", c("elements", "table", "irreps"), "what")
  drawing <- switch(what,
    table = plot.cayley_table, elements = plot.group_element_list, irreps = draw_irreps
  )
  check_passed_on(...names(), "plot", arguments_of(drawing, c("x", "gs", "irreps", "elements", "what")))
  switch(what,
    table = plot(cayley_table(x), ...),
    elements = plot(new_element_list(unclass(elements %||% shown_elements(x))), gs = x, ...),
    irreps = draw_irreps(irreps(x), elements %||% shown_elements(x), x, ...)
  )
  invisible(x)
}

#' Elements that stand for a group in a picture.
#' @noRd
shown_elements <- function(gs, max = 24) {
  if (is.finite(group_order(gs))) {
    return(group_elements(gs))
  }
  group <- group_of(gs)
  if (inherits(group, c("so2_group", "o2_group"))) {
    return(group_grid(group, N = 8))
  }
  if (inherits(group, c("so3_group", "o3_group"))) {
    return(group_grid(group, "cube"))
  }
  found <- group_testing_elements(group)
  found[seq_len(min(length(found), max))]
}

element_matrices <- function(elements, gs = NULL, call = quote(plot())) {
  members <- as.list(unclass(elements))
  found <- py_call_checked("_r.elements.matrices", list(gs %||% group_of(members[[1]]), members), call)
  if (!dim(found)[2] %in% 1:3) {
    abort_intertwine("These elements do not act on the line, the plane or space.", call = call)
  }
  lapply(seq_len(dim(found)[1]), function(k) array(found[k, , ], dim(found)[-1]))
}

#' What elements do, in the space that is drawn; in two lines where an axis is named.
#' @noRd
picture_labels <- function(elements, gs = NULL) {
  members <- as.list(unclass(elements))
  moves <- unlist(py_call_checked("_r.elements.moves", list(gs %||% group_of(members[[1]]), members)))
  sub(" (about|of) ", " \\1\n", gsub(" deg", "\u00b0", moves, fixed = TRUE))
}

#' See representations
#'
#' Draws the matrices of a representation, a picture for each element. An irrep of size 1 or 2 is drawn as arrows:
#' where its matrix takes the first basis vector (dark) and the second (light). The irrep of frequency k turns k times
#' as fast as the figure in the first row. Others are drawn as grids of colours: blue is negative, white zero, and
#' orange positive.
#'
#' @param x A representation, or a list of them, such as [irreps()] gives.
#' @param elements Elements; all of them by default, or some of a continuous group.
#' @param what `"arrows"` or `"matrices"`; chosen by size if `NULL`.
#' @param max Draw at most so many elements.
#' @param title A title.
#' @param ... Not used.
#' @return `x`, invisibly.
#' @seealso [plot.group_element()], [split_irreps()]
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' gs <- gspace_rot2d(N = 8)
#' plot(irreps(gs))
#' plot(regular_repr(gspace_rot2d(N = 4)))
plot.group_representation <- function(x, elements = NULL, what = NULL, max = 8, title = NULL, ...) {
  check_alive(x)
  draw_irreps(list(x), elements %||% shown_elements(x), group_of(x), what = what, max = max, title = title %||% format(x))
  invisible(x)
}

#' @rdname plot.group_representation
#' @export
plot.representation_list <- function(x, elements = NULL, what = NULL, max = 8, title = NULL, ...) {
  if (!length(x)) abort_intertwine("There is no representation to draw.", call = quote(plot()))
  for (rho in unclass(x)) check_alive(rho)
  first <- unclass(x)[[1]]
  draw_irreps(unclass(x), elements %||% shown_elements(first), group_of(first), what = what, max = max, title = title)
  invisible(x)
}

draw_irreps <- function(irreps, elements, gs, what = NULL, max = 8, title = NULL) {
  if (!is.null(what)) what <- match_choice(what, c("arrows", "matrices"))
  total <- length(elements)
  elements <- elements[seq_len(min(total, as_count(max, min = 1)))]
  irreps <- unname(as.list(unclass(irreps)))
  panels <- list()
  acts <- py_call_checked("_r.elements.has_matrices", list(gs))
  if (acts) {
    for (m in element_matrices(elements, gs)) panels <- c(panels, list(figure_panel(m)))
  }
  for (rho in irreps) {
    arrows <- identical(what %||% if (nrow(rho(elements[[1]])) <= 2) "arrows" else "matrices", "arrows")
    if (arrows && nrow(rho(elements[[1]])) > 2) {
      abort_intertwine(
        "Arrows can be drawn for representations of size 1 or 2.", hint = "Use what = \"matrices\".", call = quote(plot())
      )
    }
    for (g in unclass(elements)) panels <- c(panels, list(matrix_panel(rho(g), arrows)))
  }
  names <- vapply(irreps, function(rho) sub("^.*?\\|\\[(.*)\\]:\\d+$", "\\1", format(rho), perl = TRUE), "")
  draw_panels(
    panels,
    ncol = length(elements), row_labels = c(if (acts) "figure", names), column_labels = picture_labels(elements, gs),
    title = title,
    caption = if (length(elements) < total) paste0("the first ", length(elements), " of ", total, " elements")
  )
}
