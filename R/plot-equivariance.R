#' Look at the errors of equivariance
#'
#' Draws the error of each element on a logarithmic scale. Elements that carry the grid of pixels onto itself must stay
#' left of the dashed line, the tolerance; of the others it shows how far interpolation is from exact. With
#' `check_equivariance(layers = TRUE)` a second panel has the largest error after each layer. Of groups with many
#' elements those with the largest errors are drawn.
#'
#' @param x,object What [check_equivariance()] returns.
#' @param title A title; the verdict by default.
#' @param ... Not used.
#' @return `autoplot()`: a ggplot. `plot()`: `x`, invisibly.
#' @examplesIf intertwine::intertwine_available() && requireNamespace("ggplot2", quietly = TRUE)
#' conv <- field_type(gspace_rot2d(N = 8), trivial = 1) |> r2_conv(out = c(regular = 2), kernel_size = 5)
#' plot(check_equivariance(conv))
#' @export
plot.equivariance_check <- function(x, ..., title = NULL) {
  rlang::check_installed("ggplot2", reason = "to draw errors of equivariance.")
  print(ggplot2::autoplot(x, title = title))
  invisible(x)
}

#' @rdname plot.equivariance_check
#' @usage \method{autoplot}{equivariance_check}(object, ..., title = NULL)
#' @rawNamespace S3method(ggplot2::autoplot, equivariance_check)
autoplot.equivariance_check <- function(object, ..., title = NULL) {
  rows <- equivariance_points(object)
  tolerance <- attr(object, "tolerance")
  verdict <- sub("\\.$", "", format(object)[1])
  kinds <- c(exact = "on the grid", failed = "on the grid, FAILED", interpolated = "interpolated")
  colours <- c("#0072B2", "#D55E00", "#999999")
  chart <- ggplot2::ggplot(rows, ggplot2::aes(
    x = .data[["error"]], y = .data[["label"]], colour = .data[["kind"]], shape = .data[["kind"]]
  ))
  if (!is.null(tolerance) && tolerance > 0) {
    chart <- chart + ggplot2::geom_vline(xintercept = tolerance, linetype = "dashed", colour = "grey50")
  }
  chart <- chart +
    ggplot2::geom_point(size = 2.6) +
    ggplot2::scale_x_log10(
      limits = 10^c(-17, max(0, ceiling(log10(max(rows$error, na.rm = TRUE))))), breaks = 10^seq(-16, 4, by = 4),
      labels = function(value) ifelse(value == 1, "1", paste0("1e", round(log10(value))))
    ) +
    ggplot2::scale_y_discrete(limits = rev) +
    ggplot2::scale_colour_manual(values = stats::setNames(colours, kinds), limits = intersect(kinds, rows$kind)) +
    ggplot2::scale_shape_manual(
      values = stats::setNames(c(16, 4, 1), kinds), limits = intersect(kinds, rows$kind)
    ) +
    ggplot2::labs(x = "relative error", y = NULL, title = title %||% verdict) +
    chart_theme()
  if (nlevels(rows$panel) > 1) {
    chart <- chart + ggplot2::facet_wrap(ggplot2::vars(.data[["panel"]]), scales = "free_y")
  }
  chart
}

# Elements and layers in one table: what each panel draws.
equivariance_points <- function(check) {
  tolerance <- attr(check, "tolerance") %||% Inf
  kind <- function(exact, failed) {
    ifelse(!exact, "interpolated", ifelse(failed, "on the grid, FAILED", "on the grid"))
  }
  rows <- data.frame(
    panel = "elements", label = check$element, error = check$error,
    kind = kind(check$exact, !is.na(check$passed) & !check$passed)
  )
  if (nrow(rows) > 30) rows <- rows[worst_rows(check, 15), ]
  layers <- attr(check, "layers")
  if (!is.null(layers)) {
    failed <- !is.na(layers$exact) & layers$exact > tolerance
    label <- paste(formatC(layers$position, width = nchar(nrow(layers))), layers$layer)
    rows <- rbind(
      rows,
      data.frame(
        panel = "largest after each layer", label = rep(label, 2), error = c(layers$exact, layers$interpolated),
        kind = c(kind(rep(TRUE, length(failed)), failed), rep("interpolated", length(failed)))
      )
    )
  }
  rows <- rows[!is.na(rows$error), ]
  # Bit for bit equal has no logarithm: it stands at the left edge.
  rows$error <- pmax(rows$error, 1e-17)
  rows$panel <- factor(rows$panel, unique(rows$panel))
  rows$label <- factor(rows$label, unique(rows$label))
  rows
}
