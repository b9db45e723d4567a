#' Look at the kernels of a convolution
#'
#' Draws the steerable basis of which the filters are made, or the filter itself. Kernels are drawn as the image is seen:
#' up is up. Those in space are drawn as slices, side by side from the bottom to the top. Blue is negative, white is zero
#' and orange is positive, at the same scale on both sides.
#'
#' A kernel of the basis is a Gaussian ring of some radius times a wave of some frequency around the centre. Between
#' scalars it is one small image. Between other fields it is a block of them: a row for each channel of the output, and a
#' column for each of the input. The rows of a regular field hold the same kernel, turned. Of a differential operator
#' ([r2_diffop()]) the basis holds powers of the Laplacian in place of rings.
#'
#' @param x A convolution: a module of [r2_conv()], [r3_conv()], [r1_conv()], of [r2_point_conv()] or [r3_point_conv()],
#'   or of one of their relatives.
#' @param what `"basis"`, or `"filter"`: the sum of the basis with the present weights.
#' @param in_field,out_field Positions of an input and an output field. For a filter all are drawn by default, as long as
#'   there are no more than `max` channels.
#' @param max Draw at most so many kernels of the basis; every ring and frequency comes before a second kernel of the
#'   same. For a filter, at most so many channels on each side.
#' @param title A title.
#' @param slices For kernels in space: the positions of the slices to draw, from the bottom; all by default.
#' @param ... Not used.
#' @return `x`, invisibly.
#' @seealso [plot_orbit()], which shows what a convolution does to an image
#' @examplesIf intertwine::intertwine_available()
#' gs <- gspace_rot2d(N = 8)
#' conv <- field_type(gs, trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 7)
#' plot(conv)
#' plot(conv, what = "filter")
#'
#' # In space: a vector field of a scalar one
#' gs <- gspace_rot3d()
#' conv <- field_type(gs, trivial = 1) |> r3_conv(out = c(vector = 1), kernel_size = 5)
#' plot(conv)
#' @export
plot.r2_conv <- function(x, what = c("basis", "filter"), in_field = NULL, out_field = NULL, max = NULL, title = NULL,
                         slices = NULL, ...) {
  call <- quote(plot())
  check_alive(x, call)
  what <- match_choice(what)
  most <- as_count(max %||% if (what == "basis") 24 else 16, min = 1, arg = "max")
  if (what == "basis") {
    draw_basis(x, in_field %||% 1, out_field %||% 1, most, title, slices, call)
  } else {
    draw_filter(x, in_field, out_field, most, title, slices, call)
  }
  invisible(x)
}

#' @rdname plot.r2_conv
#' @export
plot.r2_conv_transposed <- plot.r2_conv

#' @rdname plot.r2_conv
#' @export
plot.r3_conv <- plot.r2_conv

#' @rdname plot.r2_conv
#' @export
plot.r3_conv_transposed <- plot.r2_conv

#' @rdname plot.r2_conv
#' @export
plot.r3_ico_conv <- plot.r2_conv

#' @rdname plot.r2_conv
#' @export
plot.r3_ico_conv_transposed <- plot.r2_conv

#' @rdname plot.r2_conv
#' @export
plot.r1_conv <- plot.r2_conv

#' @rdname plot.r2_conv
#' @export
plot.r1_conv_transposed <- plot.r2_conv

#' @rdname plot.r2_conv
#' @export
plot.r2_diffop <- plot.r2_conv

#' @rdname plot.r2_conv
#' @export
plot.r3_diffop <- plot.r2_conv

#' @rdname plot.r2_conv
#' @export
plot.r2_point_conv <- plot.r2_conv

#' @rdname plot.r2_conv
#' @export
plot.r3_point_conv <- plot.r2_conv

# Kernels [..., out, in, cells] as pictures [..., out, in, height, width]: of space, the slices stand side by side,
# the lowest
# first, as if they were input channels; on the line a picture has one row.
as_pictures <- function(kernels, found, slices, call) {
  levels <- as.numeric(unlist(found$levels))
  size <- dim(kernels)
  if (!length(levels)) {
    line <- length(size) == if (is.null(found$radius)) 3 else 4
    if (line) dim(kernels) <- c(size[-length(size)], 1, size[length(size)])
    return(list(kernels = kernels, slices = 1, levels = NULL))
  }
  n <- length(levels)
  chosen <- if (is.null(slices)) seq_len(n) else as_positions(slices, n, "slice", arg = "slices", call = call)
  # In memory the first slice is the top one.
  kept <- n + 1L - chosen
  lead <- length(size) - 5
  index <- rep(list(TRUE), length(size))
  index[[lead + 3]] <- kept
  kernels <- do.call(`[`, c(list(kernels), index, list(drop = FALSE)))
  size <- dim(kernels)
  turned <- aperm(kernels, c(seq_len(lead + 1), lead + 3, lead + 2, lead + 4, lead + 5))
  list(
    kernels = array(turned, c(size[seq_len(lead + 1)], size[lead + 3] * size[lead + 2], size[lead + 4:5])),
    slices = length(chosen), levels = levels[kept]
  )
}

slice_note <- function(shown) {
  if (is.null(shown$levels)) {
    return(NULL)
  }
  ends <- format(signif(range(shown$levels), 2), trim = TRUE)
  paste0("side by side: ", shown$slices, " slices, z from ", ends[1], " to ", ends[2])
}

draw_basis <- function(conv, in_field, out_field, most, title, slices, call) {
  in_field <- as_positions(in_field, length(conv$in_type), "input field", arg = "in_field", call = call)[1]
  out_field <- as_positions(out_field, length(conv$out_type), "output field", arg = "out_field", call = call)[1]
  found <- py_call_checked("_r.kernels.basis", list(conv, in_field - 1L, out_field - 1L, most), call)
  shown <- as_pictures(found$kernels, found, slices, call)
  kernels <- shown$kernels
  n <- dim(kernels)[1]
  radius <- as.numeric(unlist(found$radius))
  frequency <- as.integer(unlist(found$frequency))
  channels <- dim(kernels)[2:3]
  tiles <- lapply(seq_len(n), function(k) {
    block <- array(kernels[k, , , , ], dim(kernels)[-1])
    mosaic_raster(block, max(abs(block)))
  })
  title <- title %||% paste0("Steerable basis: ", found$in_name, " to ", found$out_name)
  notes <- c(
    if (n < found$total) paste0(n, " of ", found$total, " kernels"),
    if (channels[2] > shown$slices) {
      "rows: output channels, columns: input channels"
    } else if (channels[1] > 1) {
      if (is.null(shown$levels)) "rows: output channels, columns: input channels" else "rows: output channels"
    },
    slice_note(shown),
    "blue negative, orange positive, each scaled by itself"
  )
  # Tall blocks stand beside each other, ring by ring; others lie in a table of rings and frequencies.
  if (channels[1] >= 3 * channels[2]) {
    draw_ring_columns(tiles, radius, frequency, channels, found$ring, title, paste(notes, collapse = "; "))
  } else {
    draw_ring_rows(tiles, radius, frequency, channels, found$ring, title, paste(notes, collapse = "; "))
  }
}

draw_filter <- function(conv, in_field, out_field, most, title, slices, call) {
  found <- py_call_checked("_r.kernels.expanded", list(conv), call)
  pictures <- as_pictures(found$kernels, found, slices, call)
  whole <- dim(found$kernels)[1:2]
  found$kernels <- pictures$kernels
  rows <- filter_fields(unlist(found$out_sizes), unlist(found$out_names), out_field, most, "out_field", call)
  columns <- filter_fields(
    unlist(found$in_sizes) * pictures$slices, unlist(found$in_names), in_field, max(most, pictures$slices), "in_field", call
  )
  shown <- found$kernels[unlist(rows$channels), unlist(columns$channels), , , drop = FALSE]
  limit <- max(abs(shown))
  unit <- 0.06 * max(dim(shown)[1:2])
  y <- offsets(lengths(rows$channels), unit)
  x <- offsets(lengths(columns$channels), unit)
  hidden <- rows$hidden || columns$hidden
  value <- format(signif(limit, 2))
  caption <- paste0(
    if (hidden) paste0("the first fields of ", whole[1], " x ", whole[2], " channels; "),
    if (!is.null(pictures$levels)) paste0(slice_note(pictures), "; "),
    "rows: output, columns: input; from -", value, " (blue) to ", value, " (orange)"
  )
  total <- c(sum(lengths(columns$channels)), sum(lengths(rows$channels)))
  canvas <- open_canvas(
    max(x + lengths(columns$channels)), max(y + lengths(rows$channels)),
    left = 1, top = 1, title %||% "Filter", caption
  )
  on.exit(graphics::par(canvas$old))
  for (i in seq_along(rows$channels)) {
    for (j in seq_along(columns$channels)) {
      block <- found$kernels[rows$channels[[i]], columns$channels[[j]], , , drop = FALSE]
      draw_block(mosaic_raster(block, limit), x[j], y[i], lengths(columns$channels)[j], lengths(rows$channels)[i])
    }
  }
  middle_x <- x + lengths(columns$channels) / 2
  middle_y <- y + lengths(rows$channels) / 2
  graphics::text(middle_x, canvas$line, fitting(columns$names, lengths(columns$channels), total[1]), cex = 0.85)
  graphics::text(-canvas$line, -middle_y, fitting(rows$names, lengths(rows$channels), total[2]), cex = 0.85, srt = 90)
}

# The fields that are drawn: those asked for, or the first ones up to a number of channels.
filter_fields <- function(sizes, names, asked, most, arg, call) {
  ends <- cumsum(sizes)
  fields <- if (is.null(asked)) {
    seq_len(max(1, sum(ends <= most)))
  } else {
    as_positions(asked, length(sizes), "field", arg = arg, call = call)
  }
  channels <- lapply(fields, function(i) seq(ends[i] - sizes[i] + 1, ends[i]))
  # Of one large field the first channels show what the others are.
  cut <- any(lengths(channels) > most)
  if (cut) channels <- lapply(channels, utils::head, most)
  list(channels = channels, names = names[fields], hidden = cut || (is.null(asked) && length(fields) < length(sizes)))
}

offsets <- function(sizes, gap) cumsum(c(0, utils::head(sizes, -1) + gap))

# Names where there is room for them.
fitting <- function(names, sizes, total) ifelse(sizes / total >= 0.012 * nchar(names), names, "")

# A block of kernels [rows, columns, height, width] as one raster.
mosaic_raster <- function(block, limit) {
  size <- dim(block)
  limit <- if (limit > 0) limit else 1
  flat <- matrix(aperm(block, c(3, 1, 4, 2)), size[1] * size[3], size[2] * size[4])
  value_raster(flat, c(-limit, limit), signed_palette())
}

# An empty plot whose unit is one kernel, from (0, 0) at the top left, with lines of text left, above and in between.
open_canvas <- function(width, height, left, top, title, caption, between = 0) {
  old <- graphics::par(mar = c(1.8, 0.8, 2.6, 0.8), xpd = NA)
  graphics::plot.new()
  inches <- graphics::par("pin")
  text <- 0.19
  scale <- min(
    (inches[1] - (2 * left + 0.3) * text) / width,
    (inches[2] - (2 * top + between + 0.3) * text) / height
  )
  line <- text / max(scale, 0.01)
  graphics::plot.window(
    xlim = c(-2 * left * line, width + 0.3 * line), ylim = c(-height - (between + 0.3) * line, 2 * top * line),
    asp = 1, xaxs = "i", yaxs = "i"
  )
  graphics::title(title, line = 1, font.main = 1, cex.main = 1.1)
  fit <- min(1, inches[1] / graphics::strwidth(caption, units = "inches", cex = 0.75))
  graphics::mtext(caption, side = 1, line = 0.5, cex = 0.75 * fit, col = "grey40")
  list(old = old, line = line)
}

# A block of kernels of size one, with thin lines between them.
draw_block <- function(raster, x, y, width, height) {
  graphics::rasterImage(raster, x, -y - height, x + width, -y, interpolate = FALSE)
  across <- seq_len(width - 1)
  down <- seq_len(height - 1)
  if (length(across)) graphics::segments(x + across, -y, x + across, -y - height, col = "grey75", lwd = 0.6)
  if (length(down)) graphics::segments(x, -y - down, x + width, -y - down, col = "grey75", lwd = 0.6)
  graphics::rect(x, -y - height, x + width, -y, border = "grey45", lwd = 0.8)
}

# Rings below each other, frequencies beside each other.
draw_ring_rows <- function(tiles, radius, frequency, channels, ring, title, caption) {
  rings <- unique(radius)
  across <- max(table(factor(radius, rings)))
  gap <- 0.12 * channels
  canvas <- open_canvas(
    across * channels[2] + (across - 1) * gap[2], length(rings) * channels[1] + (length(rings) - 1) * gap[1],
    left = 2.8, top = 0.1, title, caption, between = length(rings)
  )
  on.exit(graphics::par(canvas$old))
  line <- canvas$line
  labels <- ifelse(frequency < 0, "", paste("frequency", frequency))
  fits <- all(graphics::strwidth(labels, cex = 0.8) <= 0.97 * channels[2])
  for (i in seq_along(rings)) {
    row <- which(radius == rings[i])
    y <- (i - 1) * (channels[1] + gap[1]) + i * line
    x <- (seq_along(row) - 1) * (channels[2] + gap[2])
    graphics::text(-0.6 * line, -(y + channels[1] / 2), paste(ring, format(rings[i])), adj = 1, cex = 0.9)
    graphics::text(
      x + channels[2] / 2, -y + 0.5 * line, if (fits) labels[row] else sub("-1", "", frequency[row]),
      cex = 0.8, col = "grey25"
    )
    if (!fits) graphics::text(-0.6 * line, -y + 0.5 * line, "frequency", adj = 1, cex = 0.8, col = "grey25")
    for (k in seq_along(row)) draw_block(tiles[[row[k]]], x[k], y, channels[2], channels[1])
  }
}

# Blocks as columns, ring after ring.
draw_ring_columns <- function(tiles, radius, frequency, channels, ring, title, caption) {
  n <- length(tiles)
  new_ring <- c(FALSE, diff(radius) != 0)
  step <- channels[2] * 1.25
  x <- (seq_len(n) - 1) * step + cumsum(new_ring) * 0.5 * channels[2]
  canvas <- open_canvas(max(x) + channels[2], channels[1], left = 3.2, top = 1.6, title, caption)
  on.exit(graphics::par(canvas$old))
  for (k in seq_len(n)) {
    draw_block(tiles[[k]], x[k], 0, channels[2], channels[1])
  }
  line <- canvas$line
  graphics::text(x + channels[2] / 2, 0.7 * line, sub("-1", "", frequency), cex = 0.85)
  for (one in unique(radius)) {
    ends <- range(x[radius == one])
    graphics::segments(ends[1], 1.35 * line, ends[2] + channels[2], 1.35 * line, col = "grey60")
    graphics::text(mean(ends) + channels[2] / 2, 2.1 * line, format(one), cex = 0.85)
  }
  graphics::text(-0.6 * line, c(0.7, 2.1) * line, c("frequency", ring), adj = 1, cex = 0.85)
}
