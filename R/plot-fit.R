#' @importFrom rlang .data
NULL

# The look of all charts: a white ground, few lines, large enough text.
chart_theme <- function() {
  ggplot2::theme_minimal(base_size = 12) +
    ggplot2::theme(
      panel.grid.minor = ggplot2::element_blank(),
      panel.grid.major = ggplot2::element_line(colour = "grey92"),
      plot.title = ggplot2::element_text(size = 13),
      plot.subtitle = ggplot2::element_text(colour = "grey35"),
      plot.title.position = "plot",
      legend.position = "top",
      legend.justification = "left",
      legend.title = ggplot2::element_blank(),
      strip.text = ggplot2::element_text(hjust = 0, size = 12),
      plot.margin = ggplot2::margin(8, 14, 8, 8)
    )
}

#' Plot a training
#'
#' Draws loss and metrics over the epochs, of the training and the validation data.
#'
#' @param x,object A fit of [fit()].
#' @param title A title.
#' @param ... Not used.
#' @return `autoplot()`: a ggplot. `plot()`: `x`, invisibly.
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' fitted <- equivariant_cnn(digits$x[1:200], digits$y[1:200], epochs = 3, validation = 0.2)
#' plot(fitted)
#' @export
plot.intertwine_fit <- function(x, title = NULL, ...) {
  print(ggplot2::autoplot(x, title = title))
  invisible(x)
}

#' @rdname plot.intertwine_fit
#' @usage \method{autoplot}{intertwine_fit}(object, title = NULL, ...)
#' @rawNamespace S3method(ggplot2::autoplot, intertwine_fit)
autoplot.intertwine_fit <- function(object, title = NULL, ...) {
  rows <- tidy(object)
  rows$metric <- factor(rows$metric, levels = unique(rows$metric))
  epochs <- max(rows$epoch)
  splits <- unique(rows$split)
  chart <- ggplot2::ggplot(
    rows, ggplot2::aes(x = .data[["epoch"]], y = .data[["value"]], colour = .data[["split"]], shape = .data[["split"]])
  ) +
    (if (epochs > 1) ggplot2::geom_line(linewidth = 0.7)) +
    ggplot2::facet_wrap(ggplot2::vars(.data[["metric"]]), scales = "free_y") +
    ggplot2::scale_colour_manual(values = c(train = "#0072B2", validation = "#D55E00")) +
    ggplot2::scale_x_continuous(breaks = function(limits) unique(round(pretty(limits)))) +
    ggplot2::labs(x = "epoch", y = NULL, title = title) +
    chart_theme()
  if (epochs <= 40) {
    chart <- chart + ggplot2::geom_point(size = 1.8)
  }
  if (length(splits) == 1) {
    chart <- chart + ggplot2::guides(colour = "none", shape = "none")
  }
  chart
}
