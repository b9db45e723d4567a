# Tables of groups as grids of colours.

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
