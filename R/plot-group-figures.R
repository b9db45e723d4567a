# How figures, cubes and matrices are drawn that an element has moved.

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
