#' Accuracy on turned images
#'
#' Turns the test images by one angle after the other and measures how often
#' the network names the right class. A network that knows no rotations does well near
#' 0 degrees alone; an equivariant one does equally well at each multiple of its own angle.
#'
#' @param object A fit of [fit()] to classes, or a named list of such fits, to compare them.
#' @param x [images()] of the plane.
#' @param y Their classes.
#' @param angles Angles in degrees, anticlockwise.
#' @param order The order of the interpolating spline, see [transform.images()].
#' @param ... Not used.
#' @return A data frame with a row for each model and angle, and the columns `model`,
#'   `angle` and `accuracy`. Its `plot()` and `autoplot()` draw accuracy over angle.
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' fitted <- equivariant_cnn(digits$x[1:300], digits$y[1:300], epochs = 2)
#' turned <- accuracy_by_angle(fitted, digits$x[1500:1797], digits$y[1500:1797], angles = c(0, 90, 180))
#' turned
#' plot(turned)
#' @export
accuracy_by_angle <- function(object, x, y, angles = seq(0, 345, by = 15), order = 2, ...) {
  fits <- if (inherits(object, "intertwine_fit")) list(object) else object
  if (!is.list(fits) || length(fits) == 0 || !all(vapply(fits, inherits, logical(1), "intertwine_fit"))) {
    abort_intertwine(
      "`object` must be a fit or a named list of fits, not {describe_value(object)}.",
      class = "argument_type", hint = "Train modules with fit()."
    )
  }
  if (any(vapply(fits, function(fit) fit$kind, "") != "class")) {
    abort_intertwine("Accuracy needs networks that were fitted to classes.")
  }
  check_plane_images(x)
  angles <- in_degrees(angles)
  if (length(y) != n_images(x)) {
    abort_intertwine("There are {n_images(x)} images, but `y` has {length(y)} classes.", class = "shape")
  }
  names <- names(fits) %||% if (length(fits) == 1) "model" else paste("model", seq_along(fits))
  rows <- lapply(angles, function(angle) {
    turned <- transform(x, angle = angle * pi / 180, order = order)
    hits <- vapply(fits, function(fit) mean(as.character(predict(fit, turned)) == as.character(y)), numeric(1))
    data.frame(model = names, angle = angle, accuracy = unname(hits), stringsAsFactors = FALSE)
  })
  out <- do.call(rbind, rows)
  out <- out[order(match(out$model, names)), ]
  out$model <- factor(out$model, levels = names)
  rownames(out) <- NULL
  structure(out, class = c("accuracy_by_angle", "data.frame"))
}

#' @rdname accuracy_by_angle
#' @param title A title.
#' @export
plot.accuracy_by_angle <- function(x, ..., title = NULL) {
  print(ggplot2::autoplot(x, title = title))
  invisible(x)
}

#' @rdname accuracy_by_angle
#' @usage \method{autoplot}{accuracy_by_angle}(object, ..., title = NULL)
#' @rawNamespace S3method(ggplot2::autoplot, accuracy_by_angle)
autoplot.accuracy_by_angle <- function(object, ..., title = NULL) {
  models <- levels(object$model)
  rows <- close_circle(as.data.frame(object))
  wide <- 1.22 * diff(range(rows$angle))
  ends <- spread_labels(rows)
  chart <- ggplot2::ggplot(
    rows,
    ggplot2::aes(x = .data[["angle"]], y = .data[["accuracy"]], colour = .data[["model"]], group = .data[["model"]])
  ) +
    (if (length(unique(rows$angle)) > 1) ggplot2::geom_line(linewidth = 0.9)) +
    ggplot2::geom_point(size = 1.4) +
    ggplot2::scale_colour_manual(values = stats::setNames(safe_colours(length(models)), models)) +
    ggplot2::scale_x_continuous(
      breaks = angle_breaks(rows$angle), labels = function(value) paste0(value, "\u00b0"),
      expand = ggplot2::expansion(mult = c(0.02, if (length(models) > 1) 0.02 else 0.02))
    ) +
    ggplot2::scale_y_continuous(
      limits = c(0, 1), breaks = seq(0, 1, 0.2), labels = function(value) paste0(round(100 * value), "%"),
      expand = ggplot2::expansion(mult = c(0, 0.02))
    ) +
    ggplot2::labs(
      x = "test images turned by", y = NULL, title = title %||% "Accuracy on turned images"
    ) +
    chart_theme() +
    ggplot2::theme(legend.position = "none", panel.grid.major.x = ggplot2::element_line(colour = "grey95"))
  if (length(models) > 1) {
    # names at the end of their lines: no legend to look up
    chart <- chart +
      ggplot2::geom_text(
        data = ends,
        ggplot2::aes(x = .data[["angle"]], y = .data[["label_y"]], label = .data[["model"]]),
        hjust = 0, nudge_x = 0.012 * wide, size = 3.8
      ) +
      ggplot2::coord_cartesian(clip = "off") +
      ggplot2::theme(plot.margin = ggplot2::margin(8, 10 + 6.2 * max(nchar(models)), 8, 8))
  }
  chart
}

# A full circle ends where it began.
close_circle <- function(rows) {
  steps <- diff(sort(unique(rows$angle)))
  whole <- length(steps) > 1 && min(rows$angle) == 0 && isTRUE(all.equal(max(rows$angle) + max(steps), 360))
  if (!whole) {
    return(rows)
  }
  last <- rows[rows$angle == 0, ]
  last$angle <- 360
  rbind(rows, last)
}

angle_breaks <- function(angles) {
  if (diff(range(angles)) >= 180) seq(-360, 360, by = 45) else ggplot2::waiver()
}

# Labels at the right end, pushed apart where lines end close together.
spread_labels <- function(rows, gap = 0.055) {
  ends <- rows[rows$angle == max(rows$angle), ]
  ends <- ends[order(ends$accuracy), ]
  y <- ends$accuracy
  for (round in seq_len(100)) {
    close <- which(diff(y) < gap - 1e-9)
    if (length(close) == 0) {
      break
    }
    for (i in close) {
      middle <- (y[i] + y[i + 1]) / 2
      y[i] <- middle - gap / 2
      y[i + 1] <- middle + gap / 2
    }
  }
  ends$label_y <- y - max(0, max(y) - 1)
  ends
}
