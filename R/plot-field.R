#' Look at fields
#'
#' Draws the fields of a feature map on the plane, in space or on points, up being up. Scalars are colours; a field that
#' turns like an arrow (a `vector`) is drawn as arrows; a regular field is a row of pictures, one for each element of
#' the group; other fields are drawn channel by channel. Blue is negative, white is zero and orange is positive; maps
#' without negative values are blue on white.
#'
#' Fields on the line are drawn as curves, one for each channel. Fields in space are drawn as slices. Arrows show the
#' part of a vector that lies in the slice, and the colour what points out of it: orange towards you, blue away. Fields
#' on points are drawn from a point of view: far points are smaller. Fields that are no scalars or arrows are shown by
#' their length there.
#'
#' @param x A [geometric_tensor()] on the line, the plane, in space or on points.
#' @param sample The position of the sample to draw.
#' @param fields The positions of the fields to draw; by default the first ones.
#' @param max Draw at most so many fields.
#' @param arrows About so many arrows along the longer side.
#' @param title A title.
#' @param slices In space: how many slices to draw, evenly spaced, or which ones, as positions from the bottom (the left for
#'   `axis = "x"`, the back for `"y"` is the last). By default 6 for fields of one picture, and the middle one for others.
#' @param axis In space: the axis across which slices are cut, see [plot.images()].
#' @param edges On points: the edges to draw, see [radius_graph()].
#' @param labels On points: what to write on them, such as the names of elements.
#' @param view On points of space: two angles in degrees, by which the points are turned about the z-axis and the eye
#'   is lifted.
#' @param ... Not used.
#' @return `x`, invisibly.
#' @examplesIf intertwine::intertwine_available()
#' gs <- gspace_rot2d(N = 4)
#' digit <- resize_images(digits_data()$x[5], 24)
#' x <- geometric_tensor(digit, field_type(gs, trivial = 1))
#' set.seed(1)
#' conv <- x$type |> r2_conv(out = c(trivial = 1, vector = 1, regular = 1), kernel_size = 5, padding = 2)
#' plot(conv(x))
#'
#' # In space: a head, and where it gets brighter
#' gs <- gspace_rot3d()
#' gradient <- field_type(gs, trivial = 1) |>
#'   r3_conv(out = c(trivial = 1, vector = 1), kernel_size = 5, padding = 2)
#' plot(gradient(geometric_tensor(mri_data(), gradient$in_type)), slices = 4)
#'
#' # On points: a molecule
#' atoms <- molecules_data("CH3OH")$atoms
#' place <- as.matrix(atoms[c("x", "y", "z")])
#' x <- geometric_tensor(as.matrix(atoms$element == "O"), field_type(gs, trivial = 1), coords = place)
#' plot(x, edges = radius_graph(x, radius = 1.6), labels = atoms$element)
#' @export
plot.geometric_tensor <- function(x, sample = 1, fields = NULL, max = 6, arrows = 12, title = NULL, slices = NULL,
                                  axis = c("z", "y", "x"), edges = NULL, labels = NULL, view = c(30, 20), ...) {
  call <- quote(plot())
  check_alive(x, call)
  size <- dim(x)
  max <- as_count(max, min = 1)
  if (!is.null(x$coords)) {
    plot_on_points(x, fields, max, edges, labels, view, title, call)
    return(invisible(x))
  }
  if (length(size) < 3 || length(size) > 5) {
    abort_intertwine(
      "Fields are drawn on a line, the plane or in space, but this tensor has the dimensions {shape_text(size)}.",
      class = "shape",
      hint = "Draw one of dimensions (batch, channel, height, width), or one with coordinates of points.", call = call
    )
  }
  axis <- match_choice(axis)
  sample <- as_positions(sample, size[1], "sample", arg = "sample", call = call)[1]
  arrows <- as_count(arrows, min = 1)
  kinds <- py_call_checked("_r.kernels.fields", list(x$type), call)
  shown <- chosen_fields(fields, kinds, max, call)
  ends <- cumsum(vapply(kinds, function(kind) as.numeric(kind$size), 0))
  values <- as.array(x[sample])
  hidden <- length(kinds) - length(shown)
  caption <- if (hidden > 0) paste0(length(shown), " of ", length(kinds), " fields")
  names <- paste(shown, vapply(kinds[shown], function(kind) kind$name, ""))
  if (length(size) == 3) {
    curves <- lapply(shown, function(i) matrix(values[1, seq(ends[i] - kinds[[i]]$size + 1, ends[i]), ], ncol = size[3]))
    draw_curves(curves, names, NULL, range(values), title, caption)
    return(invisible(x))
  }
  panels <- lapply(shown, function(i) {
    channels <- seq(ends[i] - kinds[[i]]$size + 1, ends[i])
    if (length(size) == 5) {
      return(space_panels(values[1, channels, , , , drop = FALSE], kinds[[i]], x$type$gspace, slices, axis, call))
    }
    field_panels(array(values[1, channels, , ], c(length(channels), size[3:4])), kinds[[i]], x$type$gspace)
  })
  picture <- dim(panels[[1]][[1]]$raster)
  draw_fields(panels, names, picture, arrows, title, caption)
  invisible(x)
}

chosen_fields <- function(fields, kinds, max, call) {
  if (is.null(fields)) {
    return(utils::head(seq_along(kinds), max))
  }
  as_positions(fields, length(kinds), "field", arg = "fields", call = call)
}

# A field in space [1, channels, depth, height, width] as slices.
space_panels <- function(values, kind, gs, slices, axis, call) {
  size <- dim(values)
  n <- size[c(z = 3, y = 4, x = 5)[[axis]]]
  single <- kind$kind %in% c("vector", "scalar")
  chosen <- choose_slices(slices, n, default = if (single) 6 else 1, call)
  labels <- paste(axis, "=", chosen)
  cuts <- lapply(chosen, function(k) cut_volume(values, axis, k))
  if (kind$kind == "vector") {
    across <- c(z = 3, y = 2, x = 1)[[axis]]
    # Slices across y are seen from the front, where y points away.
    sign <- if (axis == "y") -1 else 1
    limit <- max(abs(values[1, across, , , ]), 1e-12)
    strength <- sqrt(apply(unclass(values)^2, c(1, 3, 4, 5), sum))
    return(lapply(seq_along(cuts), function(i) {
      cut <- cuts[[i]]
      out <- matrix(sign * cut[across, , ], dim(cut)[2], dim(cut)[3])
      pale <- grDevices::colorRampPalette(c("#6BAED6", "#FFFFFF", "#FDAE61"))(257)
      list(
        raster = value_raster(out, c(-limit, limit), pale), vectors = cut[-across, , , drop = FALSE],
        label = labels[i], longest = max(strength),
        usual = stats::quantile(strength[strength > 0.04 * max(strength)], 0.9, names = FALSE)
      )
    }))
  }
  # One scale for all slices: they are pictures of one field.
  channels <- field_panels(
    array(unlist(lapply(cuts, as.vector)), c(dim(cuts[[1]])[1:2], dim(cuts[[1]])[3] * length(cuts))), kind, gs
  )
  width <- dim(cuts[[1]])[3]
  panels <- lapply(channels, function(panel) {
    lapply(seq_along(cuts), function(i) {
      raster <- as.matrix(panel$raster)[, (i - 1) * width + seq_len(width), drop = FALSE]
      label <- if (single) labels[i] else if (length(cuts) > 1) paste0(panel$label, ", ", labels[i]) else panel$label
      list(raster = grDevices::as.raster(raster), label = label)
    })
  })
  unlist(panels, recursive = FALSE)
}

# What one field is drawn as: a list of pictures, each with a label, and arrows if it has any.
field_panels <- function(values, kind, gs) {
  scale <- max(abs(values), 1e-12)
  if (kind$kind == "vector") {
    strength <- sqrt(values[1, , ]^2 + values[2, , ]^2)
    pale <- grDevices::colorRampPalette(c("#FFFFFF", "#BDD7E7"))(256)
    dim(strength) <- dim(values)[-1]
    return(list(list(raster = value_raster(strength, c(0, max(strength, 1e-12)), pale), vectors = values, label = "")))
  }
  labels <- if (kind$kind == "regular") {
    move_labels(gs, kind$elements)
  } else if (kind$size == 1) {
    ""
  } else {
    paste("channel", seq_len(kind$size))
  }
  positive <- min(values) >= 0
  palette <- if (positive) {
    grDevices::colorRampPalette(c("#FFFFFF", "#9ECAE1", "#3182BD", "#08306B"))(256)
  } else {
    signed_palette()
  }
  range <- if (positive) c(0, scale) else c(-scale, scale)
  lapply(seq_len(kind$size), function(k) {
    picture <- matrix(values[k, , ], dim(values)[2], dim(values)[3])
    list(raster = value_raster(picture, range, palette), label = labels[k])
  })
}

# Fields of several pictures fill rows of their own; those of one picture share rows.
draw_fields <- function(panels, names, size, arrows, title, caption) {
  aspect <- size[2] / size[1]
  single <- lengths(panels) == 1
  wide <- max(lengths(panels))
  across <- if (wide > 8) ceiling(wide / ceiling(wide / 8)) else max(wide, if (sum(single) > 1) min(sum(single), 4))
  rows <- list()
  current <- list()
  for (i in seq_along(panels)) {
    own <- lapply(seq_along(panels[[i]]), function(k) {
      panel <- panels[[i]][[k]]
      panel$name <- if (k == 1) names[i] else ""
      panel
    })
    if (!single[i] || length(current) == across) {
      if (length(current)) rows <- c(rows, list(current))
      current <- list()
    }
    if (single[i]) {
      current <- c(current, own)
    } else {
      rows <- c(rows, split(own, ceiling(seq_along(own) / across)))
    }
  }
  if (length(current)) rows <- c(rows, list(current))

  old <- graphics::par(mar = c(if (is.null(caption)) 0.8 else 1.8, 0.8, if (is.null(title)) 0.8 else 2.6, 0.8), xpd = NA)
  on.exit(graphics::par(old))
  graphics::plot.new()
  inches <- graphics::par("pin")
  line <- 0.2
  titled <- vapply(rows, function(row) any(vapply(row, function(panel) nzchar(panel$name), NA)), NA)
  labelled <- vapply(rows, function(row) any(vapply(row, function(panel) nzchar(panel$label), NA)), NA)
  room <- (titled + labelled) * line
  tile <- min(inches[1] / (across * aspect * 1.08), (inches[2] - sum(room)) / (length(rows) * 1.08))
  tile <- max(tile, 0.05)
  width <- across * aspect * tile + (across - 1) * 0.08 * tile * aspect
  height <- sum(room) + length(rows) * tile * 1.08
  graphics::plot.window(xlim = c(0, width), ylim = c(-height, 0), asp = 1, xaxs = "i", yaxs = "i")
  y <- 0
  for (i in seq_along(rows)) {
    y <- y + room[i]
    for (k in seq_along(rows[[i]])) {
      panel <- rows[[i]][[k]]
      x <- (k - 1) * aspect * tile * 1.08
      draw_panel(panel, x, -y, aspect * tile, tile, size, arrows)
      graphics::text(x + aspect * tile / 2, -y + line / 2, panel$label, cex = 0.8)
      graphics::text(x, -y + line * (0.5 + labelled[i]), panel$name, adj = 0, cex = 0.9)
    }
    y <- y + tile * 1.08
  }
  if (!is.null(title)) graphics::title(title, line = 1, font.main = 1, cex.main = 1.1)
  if (!is.null(caption)) graphics::mtext(caption, side = 1, line = 0.5, cex = 0.75, col = "grey40")
}

draw_panel <- function(panel, x, y, width, height, size, arrows) {
  graphics::rasterImage(panel$raster, x, y - height, x + width, y, interpolate = FALSE)
  graphics::rect(x, y - height, x + width, y, border = "grey75", lwd = 0.6)
  if (!is.null(panel$vectors)) {
    draw_field_arrows(panel$vectors, x, y, height / size[1], arrows, panel$longest, panel$usual)
  }
}

# Arrows on about so many pixels along the longer side, evenly about the centre; long ones span their distance.
draw_field_arrows <- function(vectors, x, y, pixel, arrows, longest = NULL, usual = NULL) {
  size <- dim(vectors)[-1]
  step <- max(1, ceiling(max(size) / arrows))
  places <- function(n) seq(1 + ((n - 1) %% step) %/% 2, n, by = step)
  at <- expand.grid(row = places(size[1]), column = places(size[2]))
  along <- vectors[cbind(1, at$row, at$column)]
  up <- vectors[cbind(2, at$row, at$column)]
  strength <- sqrt(along^2 + up^2)
  longest <- longest %||% max(strength, 1e-12)
  keep <- strength > 0.04 * longest
  if (!any(keep)) {
    return(invisible())
  }
  # A few long arrows shall not make all others too short to see.
  usual <- usual %||% stats::quantile(strength[keep], 0.9, names = FALSE)
  unit <- 0.95 * step * pixel / pmax(usual, strength / 1.2)
  draw_heads(
    (x + (at$column - 0.5) * pixel)[keep], (y - (at$row - 0.5) * pixel)[keep], (along * unit)[keep], (up * unit)[keep]
  )
}

# Arrows about their centres, with filled heads in proportion, so that short ones are no mere heads.
draw_heads <- function(x, y, dx, dy, colour = "#08306B") {
  tip_x <- x + dx / 2
  tip_y <- y + dy / 2
  back_x <- tip_x - 0.45 * dx
  back_y <- tip_y - 0.45 * dy
  graphics::segments(x - dx / 2, y - dy / 2, back_x, back_y, lwd = 1.3, col = colour, lend = 1)
  graphics::polygon(
    rbind(tip_x, back_x - 0.2 * dy, back_x + 0.2 * dy, NA), rbind(tip_y, back_y + 0.2 * dx, back_y - 0.2 * dx, NA),
    col = colour, border = NA
  )
}
