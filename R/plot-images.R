#' Look at images
#'
#' Draws a batch as a grid of pictures, each with row 1 at the top, so that up
#' is up and a rotation by a positive angle turns anticlockwise. One channel is
#' drawn in greys, three or four as colours, other numbers channel by channel.
#' A volume is drawn as a row of slices, from the bottom to the top as you read; signals
#' are drawn as lines, one panel for each, with all its channels.
#'
#' @param x [images()].
#' @param labels What to write above the pictures, one for each; by default
#'   their names, if they have any.
#' @param max Draw at most so many.
#' @param ncol Pictures in a row; chosen to fill the device by default.
#' @param range The values of black and of white; by default the range of all
#'   pictures drawn, or 0 and 1 if all values lie between them.
#' @param palette Colours from low to high for pictures of one channel.
#' @param title A title.
#' @param slices For volumes: how many slices to draw of each, evenly spaced, or which ones, as positions from the bottom.
#'   One slice of each is the middle one.
#' @param axis For volumes: the axis along which they are cut, `"z"` (the depth), `"y"` (the height) or `"x"` (the width).
#'   Slices across z are seen from above, those across y from the front (z goes up), those across x from the side (z goes up,
#'   y to the right).
#' @param ... Not used.
#' @return `x`, invisibly.
#' @examples
#' ramp <- outer(1:9, 1:9, function(row, column) (10 - row) * column)
#' x <- images(list(one = ramp, other = t(ramp)), "hw")
#' plot(x)
#'
#' # a real volume: slices from its bottom to its top
#' plot(mri_data())
#' plot(mri_data(), slices = 4, axis = "x")
#' @export
plot.images <- function(x, labels = names(x), max = 36, ncol = NULL, range = NULL,
                        palette = grDevices::grey.colors(256, 0, 1, gamma = 1),
                        title = NULL, slices = NULL, axis = c("z", "y", "x"), ...) {
  if (!is.null(labels) && length(labels) != n_images(x)) {
    abort_intertwine(
      "`labels` must be {n_images(x)}, one for each image, not {length(labels)}.",
      hint = "Give one label for each image, or labels = NULL for none."
    )
  }
  shown <- seq_len(min(n_images(x), as_count(max, min = 1)))
  if (length(shown) == 0) {
    abort_intertwine("There is no image to draw: the batch is empty.")
  }
  if (!is_volume(x) && (!is.null(slices) || !missing(axis))) {
    abort_intertwine(
      "`slices` and `axis` are of volumes, not of {kind_of(x)[1]}s.", hint = "Volumes are images() with a depth."
    )
  }
  drawn <- x[shown]
  hidden <- n_images(x) - length(shown)
  caption <- if (hidden > 0) paste0("the first ", length(shown), " of ", n_images(x))
  labels <- if (!is.null(labels)) as.character(labels)[shown]
  if (is_signal(x)) {
    draw_signals(drawn, labels, ncol, range, title, caption)
    return(invisible(x))
  }
  range <- display_range(drawn, range)
  if (is_volume(x)) {
    draw_volumes(drawn, slices, match_choice(axis), labels, ncol, range, palette, title, caption)
    return(invisible(x))
  }
  tiles <- lapply(drawn, picture_tiles, channels = n_channels_of(x), range = range, palette = palette)
  if (length(tiles[[1]]) > 1) {
    labels <- channel_labels(labels, length(tiles), length(tiles[[1]]))
    ncol <- if (is.null(ncol)) length(tiles[[1]]) else ncol
  }
  draw_tiles(unlist(tiles, recursive = FALSE), labels = labels, ncol = ncol, title = title, caption = caption)
  invisible(x)
}

display_range <- function(x, range = NULL) {
  if (!is.null(range)) {
    return(range)
  }
  values <- range(unclass(x))
  if (values[1] >= 0 && values[2] <= 1) {
    return(c(0, 1))
  }
  if (values[1] == values[2]) {
    return(values + c(-0.5, 0.5))
  }
  values
}

# The rasters of one picture: one, or one per channel if they are no colours.
picture_tiles <- function(picture, channels, range, palette) {
  if (channels == 1) {
    return(list(value_raster(picture, range, palette)))
  }
  if (channels %in% c(3, 4)) {
    return(list(picture_raster(picture, range)))
  }
  lapply(seq_len(channels), function(k) value_raster(picture[, , k], range, palette))
}

# Volumes: a row of slices for each, or for each of its channels if they are no colours.
draw_volumes <- function(x, slices, axis, labels, ncol, range, palette, title, caption, call = rlang::caller_env()) {
  n <- dim(x)[c(z = 3, y = 4, x = 5)[[axis]]]
  chosen <- choose_slices(slices, n, default = if (n_images(x) == 1 && n_channels_of(x) %in% c(1, 3, 4)) 12 else 6, call)
  colours <- n_channels_of(x) %in% c(3, 4)
  rows <- list()
  names <- character()
  for (i in seq_len(n_images(x))) {
    volume <- bare_array(x[i])
    groups <- if (colours) list(seq_len(dim(x)[2])) else as.list(seq_len(dim(x)[2]))
    for (group in groups) {
      rows <- c(rows, list(lapply(chosen, function(k) {
        slice <- cut_volume(volume[1, group, , , , drop = FALSE], axis, k)
        if (colours) {
          picture_raster(aperm(slice, c(2, 3, 1)), range)
        } else {
          value_raster(matrix(slice, dim(slice)[2], dim(slice)[3]), range, palette)
        }
      })))
      names <- c(names, paste0(
        labels[i] %||% if (n_images(x) > 1) paste("volume", i) else "",
        if (length(groups) > 1) paste0(if (n_images(x) > 1 || !is.null(labels)) ", ", "channel ", group)
      ))
    }
  }
  single <- length(rows) == 1
  positions <- paste(axis, "=", chosen)
  draw_tiles(
    unlist(rows, recursive = FALSE),
    labels = if (single) positions, ncol = if (single) ncol else length(chosen),
    column_labels = if (!single) positions, row_labels = if (!single && any(nzchar(names))) names,
    title = title %||% if (single && nzchar(names)) names, caption = caption
  )
}

# Positions of slices counted from the bottom: those asked for, or so many, evenly.
choose_slices <- function(slices, n, default, call) {
  if (is.null(slices)) slices <- min(n, default)
  if (length(slices) > 1) {
    return(as_positions(slices, n, "slice", arg = "slices", call = call))
  }
  count <- min(n, as_count(slices, min = 1, arg = "slices", call = call))
  ceiling((seq_len(count) - 0.5) * n / count)
}

# A slice of a volume [1, channels, depth, height, width] as [channels, rows, columns], up being up. In memory depth
# and height
# run against z and y.
cut_volume <- function(volume, axis, k) {
  size <- dim(volume)
  switch(axis,
    z = array(volume[1, , size[3] + 1 - k, , ], size[c(2, 4, 5)]),
    y = array(volume[1, , , size[4] + 1 - k, ], size[c(2, 3, 5)]),
    x = {
      slice <- array(volume[1, , , , k], size[2:4])
      slice[, , rev(seq_len(size[4])), drop = FALSE]
    }
  )
}

draw_signals <- function(x, labels, ncol, range, title, caption) {
  curves <- lapply(seq_len(n_images(x)), function(i) matrix(bare_array(x)[i, , ], dim(x)[2], dim(x)[3]))
  draw_curves(curves, labels, ncol, range %||% base::range(unclass(x)), title, caption)
}

# A panel of curves for each matrix [curves, points].
draw_curves <- function(curves, labels, ncol, range, title, caption) {
  n <- length(curves)
  ncol <- ncol %||% ceiling(sqrt(n / 2))
  nrow <- ceiling(n / ncol)
  old <- graphics::par(mfrow = c(nrow, ncol), mar = c(2, 3.6, if (is.null(labels)) 0.6 else 1.8, 1.2), oma = c(
    if (is.null(caption)) 0 else 1, 0, if (is.null(title)) 0 else 2, 0
  ))
  on.exit(graphics::par(old))
  for (i in seq_len(n)) {
    colours <- safe_colours(nrow(curves[[i]]))
    graphics::matplot(
      t(curves[[i]]), type = "l", lty = 1, col = colours, ylim = range, xlab = "", ylab = "", bty = "l", las = 1,
      main = labels[i], font.main = 1, cex.main = 1
    )
  }
  if (!is.null(title)) graphics::mtext(title, outer = TRUE, cex = 1.1)
  if (!is.null(caption)) graphics::mtext(caption, side = 1, outer = TRUE, cex = 0.8, col = "grey40")
  invisible(NULL)
}

channel_labels <- function(labels, pictures, channels) {
  names <- rep(paste("channel", seq_len(channels)), pictures)
  if (is.null(labels)) {
    return(names)
  }
  paste0(rep(labels, each = channels), ", ", names)
}

value_raster <- function(values, range, palette) {
  scaled <- (values - range[1]) / (range[2] - range[1])
  index <- 1 + round(pmin(pmax(scaled, 0), 1) * (length(palette) - 1))
  grDevices::as.raster(matrix(palette[index], nrow = nrow(values)))
}

picture_raster <- function(picture, range) {
  if (length(dim(picture)) == 2) {
    return(value_raster(picture, range, grDevices::grey.colors(256, 0, 1, gamma = 1)))
  }
  scaled <- (picture - range[1]) / (range[2] - range[1])
  grDevices::as.raster(array(pmin(pmax(scaled, 0), 1), dim(picture)), max = 1)
}

# Blue for negative, white for zero, orange for positive: safe for the colour
# blind. Values are scaled by the largest absolute one.
signed_palette <- function(n = 257) {
  grDevices::colorRampPalette(c("#08519C", "#6BAED6", "#FFFFFF", "#FDAE61", "#B35806"))(n)
}

# Okabe and Ito's colours, told apart by every kind of colour vision.
safe_colours <- function(n) {
  colours <- c(
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999", "#F0E442"
  )
  if (n <= length(colours)) {
    return(colours[seq_len(n)])
  }
  grDevices::hcl.colors(n, "viridis")
}

# Rasters in a grid, from the top left, in one plot region: so it works in a
# layout() of the user's, and restores nothing but the margins.
#
# `labels` are written above each tile, `column_labels` above the columns,
# `row_labels` left of the rows; `borders` are colours, NA for a thin grey one;
# `gap_after` is a column after which some room is left.
draw_tiles <- function(tiles, labels = NULL, ncol = NULL, row_labels = NULL, column_labels = NULL, title = NULL,
                       borders = rep(NA, length(tiles)), caption = NULL, gap_after = Inf) {
  if (!is.null(ncol)) ncol <- as_count(ncol, min = 1, call = rlang::caller_env())
  n <- length(tiles)
  aspect <- ncol(tiles[[1]]) / nrow(tiles[[1]])
  if (is.null(ncol)) {
    ncol <- best_columns(n, aspect)
  }
  nrow <- ceiling(n / ncol)
  old <- graphics::par(
    mar = c(if (is.null(caption)) 0.6 else 1.6, 0.6, if (is.null(title)) 0.6 else 2.6, 0.6), xpd = NA
  )
  on.exit(graphics::par(old))
  header <- if (is.null(labels)) 0 else 0.18
  top <- if (is.null(column_labels)) 0 else 0.24
  gap <- if (is.finite(gap_after)) 0.25 else 0
  left <- if (is.null(row_labels)) 0 else 0.2 + 0.1 * max(nchar(row_labels))
  x0 <- ((seq_len(ncol) - 1) * (aspect + 0.1)) + ifelse(seq_len(ncol) > gap_after, gap, 0)
  y1 <- -(seq_len(nrow) - 1) * (1.1 + header) - header - top
  graphics::plot.new()
  graphics::plot.window(xlim = c(-left, max(x0) + aspect), ylim = c(min(y1) - 1, 0), asp = 1, xaxs = "i", yaxs = "i")
  unit <- graphics::par("pin")[2] / diff(graphics::par("usr")[3:4])
  size <- min(1, max(0.5, unit * 1.05))
  for (k in seq_len(n)) {
    column <- (k - 1) %% ncol + 1
    row <- (k - 1) %/% ncol + 1
    draw_tile(tiles[[k]], x0[column], y1[row], aspect, borders[k])
    if (!is.null(labels)) {
      # a long label shrinks until it fits above its own tile
      fit <- min(1, 1.06 * aspect / graphics::strwidth(labels[k], cex = size))
      graphics::text(x0[column] + aspect / 2, y1[row] + header / 2, labels[k], cex = size * fit)
    }
  }
  if (!is.null(row_labels)) {
    graphics::text(-0.12, y1 - 0.5, row_labels, cex = size, adj = 1)
  }
  if (!is.null(column_labels)) {
    graphics::text(x0 + aspect / 2, -top / 2, column_labels, cex = size)
  }
  if (!is.null(caption)) {
    graphics::mtext(caption, side = 1, line = 0.3, cex = 0.8, col = "grey40")
  }
  if (!is.null(title)) {
    graphics::title(title, line = 1, font.main = 1, cex.main = 1.1)
  }
  invisible(NULL)
}

draw_tile <- function(tile, x0, y1, aspect, border) {
  graphics::rasterImage(tile, x0, y1 - 1, x0 + aspect, y1, interpolate = FALSE)
  if (is.na(border)) {
    graphics::rect(x0, y1 - 1, x0 + aspect, y1, border = "grey75", lwd = 0.6)
  } else {
    graphics::rect(x0, y1 - 1, x0 + aspect, y1, border = border, lwd = 4, ljoin = 1)
  }
}

# As many columns as make the grid's shape most like the device's.
best_columns <- function(n, aspect) {
  device <- grDevices::dev.size()
  columns <- seq_len(n)
  rows <- ceiling(n / columns)
  tile <- pmin(device[1] / (columns * aspect), device[2] / rows)
  which.max(tile)
}
