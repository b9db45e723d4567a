# Pictures of features on points.

#' Draw features on points: a panel for each field, seen from `view`.
#' @noRd
plot_on_points <- function(x, fields, max, edges, labels, view, title, call) {
  place <- point_coords(x)
  n <- nrow(place)
  if (!is.null(labels) && length(labels) != n) {
    abort_intertwine(
      "`labels` must be {n}, one for each point, not {length(labels)}.", hint = "Give one for each point.", call = call
    )
  }
  if (!is.null(edges)) {
    edge_tensor(edges, n, call)
    edges <- as.matrix(edges)
  }
  seen <- view_points(place, view, call)
  kinds <- py_call_checked("_r.kernels.fields", list(x$type), call)
  shown <- chosen_fields(fields, kinds, max, call)
  ends <- cumsum(vapply(kinds, function(kind) as.numeric(kind$size), 0))
  values <- as.array(x)
  columns <- ceiling(sqrt(length(shown)))
  old <- graphics::par(
    mfrow = c(ceiling(length(shown) / columns), columns), mar = c(1.4, 0.4, 1.6, 0.4), xpd = NA,
    oma = c(0, 0, if (is.null(title)) 0 else 2, 0)
  )
  on.exit(graphics::par(old))
  for (i in shown) {
    channels <- seq(ends[i] - kinds[[i]]$size + 1, ends[i])
    draw_points(
      seen, values[, channels, drop = FALSE], kinds[[i]], edges, labels, paste(i, kinds[[i]]$name), ncol(place)
    )
  }
  if (!is.null(title)) graphics::mtext(title, outer = TRUE, line = 0.6, cex = 1.1)
}

# Where points and directions lie for the eye: `right`, `up`, and `near`, the distance towards it.
view_points <- function(place, view, call) {
  if (!is.numeric(view) || length(view) != 2 || !all(is.finite(view))) {
    abort_intertwine(
      "`view` must be two angles in degrees, not {describe_value(view)}.",
      hint = "The first turns the points about the z-axis, the second lifts the eye: view = c(30, 20).", call = call
    )
  }
  d <- ncol(place)
  axes <- if (d == 3) view_axes(view) else diag(3)[seq_len(d), , drop = FALSE]
  centre <- colMeans(place)
  list(at = sweep(place, 2, centre) %*% axes, axes = axes)
}

# The columns are the directions right, up and towards the eye.
view_axes <- function(view) {
  a <- view[1] * pi / 180
  e <- view[2] * pi / 180
  cbind(
    c(cos(a), sin(a), 0),
    c(-sin(a) * sin(e), cos(a) * sin(e), cos(e)),
    c(sin(a) * cos(e), -cos(a) * cos(e), sin(e))
  )
}

draw_points <- function(seen, values, kind, edges, labels, name, d) {
  at <- seen$at
  reach <- max(abs(at[, 1:2]), 1e-9)
  graphics::plot.new()
  vector <- kind$kind == "vector"
  strength <- sqrt(rowSums(values^2))
  step <- reach / max(1, sqrt(nrow(at)) / 1.6)
  graphics::plot.window(xlim = c(-1, 1) * (reach + 0.6 * step), ylim = c(-1, 1) * (reach + 0.6 * step), asp = 1)
  if (!is.null(edges)) {
    graphics::segments(at[edges[, 1], 1], at[edges[, 1], 2], at[edges[, 2], 1], at[edges[, 2], 2], col = "grey80", lwd = 0.8)
  }
  # Far points first, and smaller.
  order <- order(at[, 3])
  spread <- diff(range(at[, 3]))
  near <- if (spread > 1e-9) (at[, 3] - min(at[, 3])) / spread else rep(1, nrow(at))
  size <- min(5, max(0.9, 14 / sqrt(nrow(at)))) * (0.75 + 0.35 * near)
  scalar <- kind$size == 1
  fill <- if (scalar) {
    value_colours(values[, 1])
  } else {
    grDevices::colorRampPalette(c("#FFFFFF", "#BDD7E7"))(64)[1 + round(63 * strength / max(strength, 1e-12))]
  }
  graphics::points(
    at[order, 1], at[order, 2], pch = 21, cex = size[order], bg = fill[order], col = "grey35", lwd = 0.8
  )
  if (vector && max(strength) > 0) {
    arrows <- values %*% seen$axes[seq_len(d), , drop = FALSE] * (0.9 * step / max(strength))
    keep <- sqrt(rowSums(arrows[, 1:2, drop = FALSE]^2)) > 0.02 * step
    # Arrows start at their points.
    if (any(keep)) {
      draw_heads(
        (at[, 1] + arrows[, 1] / 2)[keep], (at[, 2] + arrows[, 2] / 2)[keep], arrows[keep, 1], arrows[keep, 2],
        colour = "#B35806"
      )
    }
  }
  if (!is.null(labels)) {
    dark <- if (scalar) is_dark(fill) else rep(FALSE, nrow(at))
    graphics::text(at[order, 1], at[order, 2], labels[order], cex = 0.8, col = ifelse(dark[order], "white", "black"))
  }
  graphics::title(name, line = 0.4, font.main = 1, cex.main = 1)
  note <- if (scalar) {
    paste("from", format(signif(min(values), 2)), "to", format(signif(max(values), 2)))
  } else {
    paste("lengths up to", format(signif(max(strength), 2)))
  }
  graphics::mtext(note, side = 1, line = 0.2, cex = 0.65, col = "grey40")
}

# Blue for negative, white for zero and orange for positive; blue on white without negative values.
value_colours <- function(values) {
  scale <- max(abs(values), 1e-12)
  if (min(values) >= 0) {
    palette <- grDevices::colorRampPalette(c("#FFFFFF", "#9ECAE1", "#3182BD", "#08306B"))(256)
    return(palette[1 + round(255 * values / scale)])
  }
  signed_palette(257)[129 + round(128 * values / scale)]
}

is_dark <- function(colours) {
  as.vector(c(0.3, 0.59, 0.11) %*% grDevices::col2rgb(colours)) < 110
}
