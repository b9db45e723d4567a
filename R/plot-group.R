# Pictures of groups: elements that act on a figure, irreps as arrows that turn, tables as grids of colours.

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

# Panels ------------------------------------------------------------------------------------------------------------------

#' Pictures in a grid, each drawn by a function of the middle of its square, whose half width is 1.
#' @noRd
draw_panels <- function(panels, labels = NULL, ncol = NULL, row_labels = NULL, column_labels = NULL, title = NULL,
                        caption = NULL) {
  n <- length(panels)
  ncol <- ncol %||% best_columns(n, 1)
  nrow <- ceiling(n / ncol)
  old <- graphics::par(
    mar = c(if (is.null(caption)) 0.4 else 1.6, 0.4, if (is.null(title)) 0.4 else 2.4, 0.4), xpd = NA
  )
  on.exit(graphics::par(old))
  two_lines <- any(grepl("\n", c(labels, column_labels), fixed = TRUE))
  header <- if (is.null(labels)) 0.1 else if (two_lines) 0.8 else 0.55
  top <- if (is.null(column_labels)) 0.1 else if (two_lines) 0.9 else 0.6
  graphics::plot.new()
  inches <- graphics::par("pin")
  side <- if (is.null(row_labels)) 0 else max(graphics::strwidth(row_labels, units = "inches", cex = 0.85)) + 0.12
  scale <- min((inches[1] - side) / (2.2 * ncol), inches[2] / ((2.1 + header) * nrow + top))
  left <- side / max(scale, 1e-3)
  width <- 2.2 * ncol
  height <- (2.1 + header) * nrow + top
  graphics::plot.window(xlim = c(-left, width), ylim = c(-height, 0), asp = 1, xaxs = "i", yaxs = "i")
  x <- 1.1 + 2.2 * ((seq_len(n) - 1) %% ncol)
  y <- -top - header - 1.05 - (2.1 + header) * ((seq_len(n) - 1) %/% ncol)
  size <- min(0.95, max(0.5, scale * 1.6))
  for (k in seq_len(n)) panels[[k]](c(x[k], y[k]))
  if (!is.null(labels)) {
    fit <- pmin(1, 2.1 / graphics::strwidth(labels, cex = size))
    graphics::text(x, y + 1.05 + header / 2, labels, cex = size * fit)
  }
  if (!is.null(column_labels)) {
    fit <- pmin(1, 2.1 / graphics::strwidth(column_labels, cex = size))
    graphics::text(x[seq_len(ncol)], -top / 2, column_labels, cex = size * fit)
  }
  if (!is.null(row_labels)) {
    graphics::text(-0.12 / max(scale, 1e-3), y[1 + (seq_len(nrow) - 1) * ncol], row_labels, cex = 0.85, adj = 1)
  }
  if (!is.null(caption)) graphics::mtext(caption, side = 1, line = 0.3, cex = 0.8, col = "grey40")
  if (!is.null(title)) graphics::title(title, line = 0.9, font.main = 1, cex.main = 1.1)
  invisible(NULL)
}

figure_colours <- function() {
  c(proper = "#0072B2", improper = "#D55E00", ghost = "grey70", guide = "grey88", mirror = "grey45")
}

#' What an orthogonal matrix makes of the figure of its dimension.
#' @noRd
draw_figure <- function(m, at) {
  switch(nrow(m), draw_ramp(m, at), draw_letter(m, at), draw_cube(m, at))
}

# The letter F has no symmetry of its own.
letter_f <- function() {
  cbind(
    c(-0.34, -0.34, 0.38, 0.38, -0.08, -0.08, 0.24, 0.24, -0.08, -0.08),
    c(-0.56, 0.56, 0.56, 0.32, 0.32, 0.08, 0.08, -0.16, -0.16, -0.56)
  )
}

draw_circle <- function(at, radius, ...) {
  angle <- seq(0, 2 * pi, length.out = 90)
  graphics::polygon(at[1] + radius * cos(angle), at[2] + radius * sin(angle), ...)
}

draw_letter <- function(m, at) {
  colours <- figure_colours()
  proper <- det(m) > 0
  draw_circle(at, 0.95, border = colours[["guide"]])
  if (!proper) {
    axis <- atan2(m[2, 1], m[1, 1]) / 2
    end <- 0.95 * c(cos(axis), sin(axis))
    graphics::segments(
      at[1] - end[1], at[2] - end[2], at[1] + end[1], at[2] + end[2], lty = 2, col = colours[["mirror"]]
    )
  }
  points <- letter_f() %*% t(m)
  colour <- colours[[if (proper) "proper" else "improper"]]
  graphics::polygon(
    at[1] + points[, 1], at[2] + points[, 2], col = grDevices::adjustcolor(colour, 0.85), border = colour
  )
  if (max(abs(m - diag(2))) > 1e-9) {
    graphics::polygon(at[1] + letter_f()[, 1], at[2] + letter_f()[, 2], border = colours[["ghost"]])
  }
}

draw_ramp <- function(m, at) {
  colours <- figure_colours()
  ramp <- cbind(c(-0.8, 0.25, 0.45, 0.8), c(0, 0.8, 0.15, 0))
  colour <- colours[[if (m[1, 1] > 0) "proper" else "improper"]]
  graphics::segments(at[1] - 1, at[2] - 0.4, at[1] + 1, at[2] - 0.4, col = colours[["ghost"]])
  graphics::polygon(
    at[1] + m[1, 1] * ramp[, 1], at[2] - 0.4 + ramp[, 2], col = grDevices::adjustcolor(colour, 0.85), border = colour
  )
  if (m[1, 1] < 0) {
    graphics::polygon(at[1] + ramp[, 1], at[2] - 0.4 + ramp[, 2], border = colours[["ghost"]])
    graphics::segments(at[1], at[2] - 0.6, at[1], at[2] + 0.6, lty = 2, col = colours[["mirror"]])
  }
}

# Coordinates on the page of points of space: x towards the reader and left, y right, z up.
project <- function(points) {
  azimuth <- 32 * pi / 180
  height <- 24 * pi / 180
  right <- c(-sin(azimuth), cos(azimuth), 0)
  up <- c(-sin(height) * cos(azimuth), -sin(height) * sin(azimuth), cos(height))
  view <- c(cos(height) * cos(azimuth), cos(height) * sin(azimuth), sin(height))
  list(page = points %*% cbind(right, up), depth = points %*% view)
}

# A face of the cube in coordinates of the plane: corners, or the letter, at 1 along an axis.
cube_face <- function(plane, axis, sign, half = 0.55) {
  # Upright on the sides, and with its foot towards the reader on top.
  across <- cbind(c(0, 1, 0), c(-1, 0, 0), c(0, 1, 0))[, axis]
  up <- cbind(c(0, 0, 1), c(0, 0, 1), c(-1, 0, 0))[, axis]
  out <- replace(numeric(3), axis, sign)
  half * (plane[, 1] %o% (sign * across) + plane[, 2] %o% up + rep(1, nrow(plane)) %o% out)
}

draw_cube <- function(m, at) {
  colours <- figure_colours()
  proper <- det(m) > 0
  axis <- rotation_axis(m)
  if (!is.null(axis)) {
    ends <- project(rbind(axis, -axis) * 1.2)$page
    graphics::segments(
      at[1] + ends[1, 1], at[2] + ends[1, 2], at[1] + ends[2, 1], at[2] + ends[2, 2], lty = 2, col = colours[["mirror"]]
    )
  }
  faces <- expand.grid(axis = 1:3, sign = c(-1, 1))
  square <- cbind(c(-1, 1, 1, -1), c(-1, -1, 1, 1))
  tints <- c("#56B4E9", "#F0E442", "#009E73")
  for (k in seq_len(nrow(faces))) {
    out <- matrix(replace(numeric(3), faces$axis[k], faces$sign[k]), 1) %*% t(m)
    if (project(out)$depth <= 1e-9) next
    front <- faces$sign[k] > 0
    tint <- grDevices::adjustcolor(tints[faces$axis[k]], if (front) 0.9 else 0.35)
    corners <- project(cube_face(square, faces$axis[k], faces$sign[k]) %*% t(m))$page
    graphics::polygon(at[1] + corners[, 1], at[2] + corners[, 2], col = "white", border = NA)
    graphics::polygon(at[1] + corners[, 1], at[2] + corners[, 2], col = tint, border = "grey25")
    letter <- project(cube_face(1.25 * letter_f(), faces$axis[k], faces$sign[k]) %*% t(m))$page
    ink <- grDevices::adjustcolor(if (proper) "grey15" else colours[["improper"]], if (front) 1 else 0.3)
    graphics::polygon(at[1] + letter[, 1], at[2] + letter[, 2], col = ink, border = ink, lwd = 0.2)
  }
  if (max(abs(m - diag(3))) < 1e-9) draw_axes(at)
}

draw_axes <- function(at) {
  ends <- project(diag(3) * 0.98)$page
  starts <- project(diag(3) * 0.55)$page
  graphics::segments(at[1] + starts[, 1], at[2] + starts[, 2], at[1] + ends[, 1], at[2] + ends[, 2], col = "grey40")
  graphics::text(at[1] + 1.1 * ends[, 1], at[2] + 1.1 * ends[, 2], c("x", "y", "z"), cex = 0.7, col = "grey40")
}

#' The axis of the rotation in an orthogonal matrix of space, `NULL` for the identity and the inversion.
#' @noRd
rotation_axis <- function(m) {
  turn <- m * sign(det(m))
  if (max(abs(turn - diag(3))) < 1e-9) {
    return(NULL)
  }
  symmetric <- (turn + t(turn)) / 2
  vectors <- eigen(symmetric, symmetric = TRUE)
  vectors$vectors[, which.max(vectors$values)]
}

# Representations ---------------------------------------------------------------------------------------------------------

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
        "Arrows are drawn of representations of size 1 or 2.", hint = "Use what = \"matrices\".", call = quote(plot())
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

figure_panel <- function(m) {
  force(m)
  function(at) draw_figure(m, at)
}

matrix_panel <- function(m, arrows) {
  force(m)
  if (arrows) function(at) draw_frame(m, at) else function(at) draw_matrix_grid(m, at)
}

draw_frame <- function(m, at) {
  colours <- figure_colours()
  draw_circle(at, 0.9, border = "grey80")
  tip <- function(v, colour, lwd) {
    graphics::arrows(
      at[1], at[2], at[1] + 0.9 * v[1], at[2] + 0.9 * v[2], length = 0.05 + 0.01 * lwd, col = colour, lwd = lwd
    )
  }
  if (nrow(m) == 1) {
    graphics::segments(at[1] - 0.9, at[2], at[1] + 0.9, at[2], col = "grey80")
    tip(c(m[1, 1], 0), colours[[if (m[1, 1] > 0) "proper" else "improper"]], 2.2)
    return(invisible())
  }
  colour <- colours[[if (det(m) > 0) "proper" else "improper"]]
  tip(m[, 2], grDevices::adjustcolor(colour, 0.35), 1.4)
  tip(m[, 1], colour, 2.2)
}

draw_matrix_grid <- function(m, at) {
  palette <- signed_palette()
  n <- nrow(m)
  raster <- value_raster(m, c(-1, 1), palette)
  graphics::rasterImage(raster, at[1] - 0.95, at[2] - 0.95, at[1] + 0.95, at[2] + 0.95, interpolate = FALSE)
  lines <- seq(-0.95, 0.95, length.out = n + 1)
  graphics::segments(at[1] + lines, at[2] - 0.95, at[1] + lines, at[2] + 0.95, col = "grey80", lwd = 0.6)
  graphics::segments(at[1] - 0.95, at[2] + lines, at[1] + 0.95, at[2] + lines, col = "grey80", lwd = 0.6)
  graphics::rect(at[1] - 0.95, at[2] - 0.95, at[1] + 0.95, at[2] + 0.95, border = "grey45", lwd = 0.8)
}

# Tables ------------------------------------------------------------------------------------------------------------------

#' See the tables of a group
#'
#' The table of products as a grid with a colour for each element: every colour is once in each row and in each
#' column, and equal rectangles are the cosets of subgroups. The table of characters as a grid, blue for negative and
#' orange for positive values.
#'
#' @param x A table, of [cayley_table()] or [character_table()].
#' @param title A title.
#' @param ... Not used.
#' @return `x`, invisibly.
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' plot(cayley_table(dihedral_group(4)))
#' plot(character_table(octahedral_group()))
plot.cayley_table <- function(x, title = NULL, ...) {
  n <- nrow(x)
  positions <- array(as.integer(x), dim(x))
  fills <- element_colours(n)
  draw_grid(
    array(fills[positions], dim(x)), text = if (n <= 16) positions, rows = rownames(x), columns = rownames(x),
    title = title %||% paste0("Products in ", attr(x, "group")),
    caption = "row * column: the column acts first", number = n > 1
  )
  invisible(x)
}

#' @rdname plot.cayley_table
#' @export
plot.character_table <- function(x, title = NULL, ...) {
  values <- array(as.numeric(x), dim(x))
  limit <- max(abs(values))
  palette <- signed_palette()
  index <- 1 + round((values / limit + 1) / 2 * (length(palette) - 1))
  sizes <- attr(x, "sizes")
  draw_grid(
    array(palette[index], dim(x)), text = array(format_characters(values, 3), dim(x)),
    rows = paste0(rownames(x), " (", attr(x, "types"), ")"), columns = paste0(sizes, " x ", colnames(x)),
    title = title %||% paste0("Characters of ", attr(x, "group")),
    caption = paste(paste0(colnames(x), ": ", attr(x, "representatives")), collapse = ";  "),
    ink = array(ifelse(abs(values) > 0.75 * limit, "white", "grey15"), dim(x)), wide = 1.6
  )
  invisible(x)
}

#' A colour for each element; neighbours in the order are told apart by lightness, too.
#' @noRd
element_colours <- function(n) {
  if (n <= 2) {
    return(c("#9ECAE1", "#FDD0A2")[seq_len(n)])
  }
  hue <- 15 + 360 * (seq_len(n) - 1) / n
  light <- if (n > 8) rep_len(c(82, 68), n) else rep(78, n)
  grDevices::hcl(hue, c = if (n > 8) rep_len(c(45, 60), n) else 50, l = light)
}

draw_grid <- function(fills, text = NULL, rows, columns, title, caption, ink = NULL, wide = 1, number = FALSE) {
  n <- dim(fills)
  if (number) {
    rows <- paste0(seq_along(rows), ":  ", rows)
    columns <- seq_along(columns)
  }
  old <- graphics::par(mar = c(1.8, 0.6, 2.6, 0.6), xpd = NA)
  on.exit(graphics::par(old))
  graphics::plot.new()
  inches <- graphics::par("pin")
  side <- max(graphics::strwidth(rows, units = "inches", cex = 0.8)) + 0.15
  cell <- min((inches[1] - side) / (wide * n[2]), (inches[2] - 0.3) / n[1])
  cex <- min(0.9, max(0.35, 3.2 * cell))
  squeeze <- min(1, 4.2 * cell)
  graphics::plot.window(
    xlim = c(-side / cell, wide * n[2]), ylim = c(-n[1], 0.3 / cell), asp = 1, xaxs = "i", yaxs = "i"
  )
  at <- expand.grid(row = seq_len(n[1]), column = seq_len(n[2]))
  x <- wide * (at$column - 1)
  graphics::rect(x, -at$row, x + wide, 1 - at$row, col = c(fills), border = "white", lwd = if (n[1] > 16) 0.3 else 1)
  if (!is.null(text)) {
    fit <- min(1, 0.9 * wide / max(graphics::strwidth(c(text), cex = cex)))
    graphics::text(x + wide / 2, 0.5 - at$row, c(text), cex = cex * fit, col = if (is.null(ink)) "grey15" else c(ink))
  }
  label <- 0.8 * max(0.4, squeeze)
  graphics::text(-0.1 / cell, 0.5 - seq_len(n[1]), rows, adj = 1, cex = label)
  if (n[2] <= 30) graphics::text(wide * (seq_len(n[2]) - 0.5), 0.15 / cell, columns, cex = label)
  graphics::title(title, line = 1, font.main = 1, cex.main = 1.1)
  fit <- min(1, graphics::par("pin")[1] / graphics::strwidth(caption, units = "inches", cex = 0.75))
  graphics::mtext(caption, side = 1, line = 0.5, cex = 0.75 * fit, col = "grey40")
}
