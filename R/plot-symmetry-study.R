# Pictures of studies of symmetry.

#' Plot a study of symmetry
#'
#' * `"schedules"`: each candidate as a staircase from the image to the answer (the higher a step, the more movements its
#' block knows), beside its difference to the leader with the interval; in the grey band differences do not matter. *
#' `"angles"`: the score on turned test images around a circle. * `"sizes"`: the score by the number of training images.
#' * `"cost"`: the score against the operations for one sample.
#'
#' @param x,object A study of [symmetry_study()].
#' @param type Which picture.
#' @param title A title.
#' @param ... Not used.
#' @return `autoplot()`: a ggplot. `plot()`: `x`, invisibly.
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' study <- symmetry_study(
#'   digits$x[1:300], digits$y[1:300],
#'   schedules = c("D4 | C1", "D1"), rivals = "plain", depth = 2, budget = c(parameters = 1000),
#'   learn_rates = 0.02, epochs = 2, max_seeds = 3, test_share = 0.5
#' )
#' plot(study)
#' plot(study, type = "cost")
#' @export
plot.intertwine_symmetry_study <- function(x, type = c("schedules", "angles", "sizes", "cost"), title = NULL, ...) {
  type <- match_choice(type)
  print(ggplot2::autoplot(x, type = type, title = title))
  invisible(x)
}

#' @rdname plot.intertwine_symmetry_study
#' @usage
#' \method{autoplot}{intertwine_symmetry_study}(
#'   object, type = c("schedules", "angles", "sizes", "cost"), title = NULL, ...
#' )
#' @rawNamespace S3method(ggplot2::autoplot, intertwine_symmetry_study)
autoplot.intertwine_symmetry_study <- function( # nolint: object_length_linter.
    object, type = c("schedules", "angles", "sizes", "cost"), title = NULL, ...) {
  type <- match_choice(type)
  check_compared(object)
  kept <- unclass(object)
  if (!type %in% kept$pictures) {
    lacking <- switch(type,
      angles = "the test samples of this study were not turned",
      sizes = "this study had one number of training samples",
      cost = "the operations of these networks could not be counted"
    )
    hint <- switch(type,
      angles = "Give transforms = c(\"as_is\", \"rotations\").", sizes = "Give train_sizes = c(100, 300).",
      cost = "study_ranks() has their seconds."
    )
    abort_intertwine("There is no such picture: {lacking}.", hint = hint)
  }
  kept$ranks <- kept$ranks[kept$ranks$leader_is != "failed", ]
  kept$ranks$label <- candidate_label(kept$ranks)
  kept$scale <- if (kept$metric == "accuracy") 100 else 1
  chart <- switch(type,
    schedules = plot_study_schedules(kept), angles = plot_study_angles(kept), sizes = plot_study_sizes(kept),
    cost = plot_study_cost(kept)
  )
  chart + ggplot2::labs(title = title)
}

study_score_name <- function(kept) {
  name <- if (kept$metric %in% c("loss", "mse", "mae")) paste("minus the", kept$metric) else kept$metric
  paste0(name, " on test samples", if (kept$metric == "accuracy") ", %")
}

#' One colour for each candidate, the same in all pictures.
#' @noRd
study_colours <- function(ranks) {
  others <- c("#009E73", "#CC79A7", "#56B4E9", "#999999", "#B8A900", "#444444", "#7B3294", "#A6761D")
  colours <- rep_len(others, sum(ranks$kind == "schedule"))
  out <- character(nrow(ranks))
  out[ranks$kind == "schedule"] <- colours
  out[ranks$kind == "plain"] <- "#D55E00"
  out[ranks$kind == "augmented"] <- "#E69F00"
  # the leader is blue, and its colour is free for the others
  if (ranks$kind[1] == "schedule") out[ranks$kind == "schedule"] <- c("", colours)[seq_along(colours)]
  out[1] <- "#0072B2"
  stats::setNames(out, ranks$label)
}

#' The candidates that lines show: the leader, the rivals, and the best of the others by some scores, named by candidate.
#' @noRd
study_lines <- function(ranks, scores, most = 6) {
  rival <- ranks$kind != "schedule"
  rival[1] <- TRUE
  others <- ranks$candidate[!rival & ranks$candidate %in% names(scores)]
  others <- others[order(-scores[others])]
  ranks$label[rival | ranks$candidate %in% utils::head(others, max(0, most - sum(rival)))]
}

#' How many movements a group has, by its name.
#' @noRd
group_size_by_name <- function(names) {
  parts <- regmatches(names, regexec("^([CD])(\\d+)([vh]?)$", names))
  solids <- c(Oh = 48, O = 24, Ih = 120, I = 60, Ci = 2, Cs = 2)
  vapply(seq_along(names), function(i) {
    part <- parts[[i]]
    if (length(part)) as.numeric(part[3]) * 2^((part[2] == "D") + nzchar(part[4])) else unname(solids[names[i]])
  }, numeric(1))
}

# The staircases, the intervals and the verdicts are three panels of one chart. Each has a range of its own on the x axis,
# far from those of the others, by which the function of its breaks and labels knows where it is.
study_far <- 1e6

plot_study_schedules <- function(kept) {
  ranks <- kept$ranks
  unit <- if (kept$metric == "accuracy") ", points"
  panels <- c("from the image to the answer", paste0("difference to the leader", unit), " ")
  panel <- function(i, rows) cbind(rows, panel = factor(panels[i], levels = panels))
  steps <- panel(1, study_steps(ranks, kept$settings$depth))
  intervals <- panel(2, data.frame(
    row = -seq_len(nrow(ranks)), middle = -kept$scale * ranks$difference, low = -kept$scale * ranks$high,
    high = -kept$scale * ranks$low, verdict = ranks$leader_is
  ))
  said <- c(
    better = "the leader is better", equivalent = "as good, within the margin", undecided = "undecided",
    samples = "too few test samples", worse = "better than the leader"
  )
  verdicts <- panel(3, data.frame(
    row = intervals$row, verdict = intervals$verdict, text = c("the leader", unname(said[ranks$leader_is[-1]]))
  ))
  colours <- c(
    leader = "#0072B2", better = "#D55E00", equivalent = "#009E73", undecided = "#777777", samples = "#777777",
    worse = "#CC79A7"
  )
  intervals$verdict <- verdicts$verdict <- c("leader", ranks$leader_is[-1])
  band <- panel(2, data.frame(margin = kept$margin * kept$scale))
  room <- panel(3, data.frame(x = -study_far + c(0, 1), row = -1))
  ends <- range(intervals$low, intervals$high, -band$margin, band$margin, na.rm = TRUE)
  lines <- panel(2, data.frame(at = pretty(ends, 4)))
  labels <- function(breaks) {
    ifelse(breaks > study_far / 2, paste("block", round(breaks - study_far + 0.5)), format(breaks, trim = TRUE))
  }
  ggplot2::ggplot(mapping = ggplot2::aes(y = .data[["row"]])) +
    ggplot2::geom_rect(
      data = steps, ggplot2::aes(
        xmin = .data[["left"]], xmax = .data[["left"]] + 0.96, ymin = .data[["row"]] - 0.36,
        ymax = .data[["row"]] - 0.36 + .data[["height"]]
      ),
      fill = steps$fill
    ) +
    ggplot2::geom_text(
      data = steps, ggplot2::aes(x = .data[["left"]] + 0.48, y = .data[["text_y"]], label = .data[["text"]]),
      colour = steps$text_colour, size = 3.1
    ) +
    ggplot2::geom_rect(
      data = band, ggplot2::aes(xmin = -.data[["margin"]], xmax = .data[["margin"]], ymin = -Inf, ymax = Inf),
      fill = "grey92", inherit.aes = FALSE
    ) +
    ggplot2::geom_vline(data = lines, ggplot2::aes(xintercept = .data[["at"]]), colour = "grey88", linewidth = 0.3) +
    ggplot2::geom_segment(
      data = intervals[-1, ], ggplot2::aes(
        x = .data[["low"]], xend = .data[["high"]], yend = .data[["row"]], colour = .data[["verdict"]]
      ),
      linewidth = 1, na.rm = TRUE
    ) +
    ggplot2::geom_point(
      data = intervals, ggplot2::aes(x = .data[["middle"]], colour = .data[["verdict"]]),
      size = 2.4, shape = c(18, rep(16, nrow(ranks) - 1))
    ) +
    ggplot2::geom_text(
      data = verdicts, ggplot2::aes(x = -study_far, label = .data[["text"]], colour = .data[["verdict"]]),
      hjust = 0, size = 3.2
    ) +
    ggplot2::geom_blank(data = room, ggplot2::aes(x = .data[["x"]])) +
    ggplot2::facet_grid(cols = ggplot2::vars(.data[["panel"]]), scales = "free_x") +
    ggplot2::scale_colour_manual(values = colours, guide = "none") +
    ggplot2::scale_x_continuous(breaks = study_breaks, labels = labels, name = NULL) +
    ggplot2::scale_y_continuous(breaks = NULL, name = NULL) +
    chart_theme() +
    ggplot2::theme(panel.grid.major = ggplot2::element_blank(), strip.text = ggplot2::element_text(size = 10))
}

#' Breaks of each of the three panels, which it tells by their limits: the blocks, the differences, none.
#' @noRd
study_breaks <- function(limits) {
  if (limits[2] > study_far / 2) {
    return(seq(study_far, floor(limits[2] - 0.5)) + 0.48)
  }
  if (limits[1] < -study_far / 2) numeric() else pretty(limits, 4)
}

#' The steps of all staircases: a row for each candidate and block.
#' @noRd
study_steps <- function(ranks, depth) {
  schedules <- strsplit(ranks$schedule, " | ", fixed = TRUE)
  depth <- max(lengths(schedules), depth)
  schedules <- lapply(schedules, function(groups) rep_len(if (length(groups)) groups else NA, depth))
  sizes <- sort(unique(group_size_by_name(stats::na.omit(c(unlist(schedules), "C1")))))
  rows <- lapply(seq_along(schedules), function(i) {
    groups <- schedules[[i]]
    plain <- is.na(groups)
    level <- match(group_size_by_name(ifelse(plain, "C1", groups)), sizes) - 1
    height <- 0.1 + 0.6 * level / max(1, length(sizes) - 1)
    inside <- height > 0.3
    text <- ifelse(plain, "", groups)
    if (all(plain)) text[1] <- ranks$label[i]
    data.frame(
      row = -i, left = study_far + seq_len(depth) - 1, height = height, text = text,
      text_y = -i - 0.36 + ifelse(inside, height / 2, height + 0.16),
      fill = if (all(plain)) "grey85" else if (i == 1) "#0072B2" else "#7A8794",
      text_colour = ifelse(inside, "white", "grey25")
    )
  })
  do.call(rbind, rows)
}

plot_study_angles <- function(kept) {
  rows <- kept$angles
  shown <- study_lines(kept$ranks, tapply(rows$score, rows$candidate, mean))
  rows$label <- kept$ranks$label[match(rows$candidate, kept$ranks$candidate)]
  rows <- rows[rows$label %in% shown, ]
  rows <- rbind(rows, transform(rows[rows$degrees == 0, ], degrees = 360))
  rows <- rows[order(rows$degrees), ]
  rows$label <- factor(rows$label, levels = shown)
  rows$score <- kept$scale * rows$score
  percent <- if (kept$metric == "accuracy") "%" else ""
  top <- if (kept$metric == "accuracy") c(0, 100) else range(rows$score)
  circles <- pretty(top, 5)
  circles <- circles[circles > top[1] & circles <= top[2]]
  first <- shown[1]
  ggplot2::ggplot(rows, ggplot2::aes(x = .data[["degrees"]], y = .data[["score"]], colour = .data[["label"]])) +
    ggplot2::geom_line(ggplot2::aes(linewidth = .data[["label"]] == first)) +
    # anticlockwise, with upright images at the top
    ggplot2::coord_polar(direction = -1) +
    ggplot2::scale_x_continuous(
      limits = c(0, 360), breaks = seq(0, 315, 45),
      labels = function(angle) ifelse(angle == 0, "upright", paste0(angle, "\u00b0")), name = NULL
    ) +
    ggplot2::scale_y_continuous(limits = top, breaks = circles, labels = NULL, name = NULL) +
    ggplot2::geom_text(
      data = data.frame(degrees = 337.5, score = circles, text = paste0(circles, percent)),
      ggplot2::aes(label = .data[["text"]]), colour = "grey40", size = 2.8
    ) +
    ggplot2::labs(subtitle = study_score_name(kept)) +
    ggplot2::scale_linewidth_manual(values = c(`FALSE` = 0.7, `TRUE` = 1.3), guide = "none") +
    ggplot2::scale_colour_manual(values = study_colours(kept$ranks)[shown]) +
    chart_theme() +
    ggplot2::theme(legend.position = "right", panel.grid.major = ggplot2::element_line(colour = "grey88"))
}

plot_study_sizes <- function(kept) {
  rows <- kept$means[kept$means$transform == kept$judge & kept$means$phase != "tuning", ]
  # candidates that were dropped have no scores for fewer images
  least <- rows[rows$train_size == min(rows$train_size), ]
  shown <- study_lines(kept$ranks, stats::setNames(least$mean, least$candidate))
  rows$label <- kept$ranks$label[match(rows$candidate, kept$ranks$candidate)]
  rows <- rows[rows$label %in% shown, ]
  rows$label <- factor(rows$label, levels = shown)
  rows$std_err[is.na(rows$std_err)] <- 0
  values <- kept$scale * rows$mean
  rows$accuracy <- values
  rows$low <- values - kept$scale * rows$std_err
  rows$high <- values + kept$scale * rows$std_err
  sizes <- sort(unique(rows$train_size))
  colours <- study_colours(kept$ranks)[shown]
  ggplot2::ggplot(rows, ggplot2::aes(x = .data[["train_size"]], y = .data[["accuracy"]], colour = .data[["label"]])) +
    ggplot2::geom_ribbon(
      ggplot2::aes(ymin = .data[["low"]], ymax = .data[["high"]], fill = .data[["label"]]), alpha = 0.15, colour = NA
    ) +
    ggplot2::geom_line(linewidth = 0.9) +
    ggplot2::geom_point(size = 1.8) +
    ggplot2::scale_x_log10(breaks = sizes, labels = sizes, name = "training samples") +
    ggplot2::scale_y_continuous(name = study_score_name(kept)) +
    ggplot2::scale_colour_manual(values = colours) +
    ggplot2::scale_fill_manual(values = colours) +
    chart_theme() +
    ggplot2::theme(legend.position = "right")
}

plot_study_cost <- function(kept) {
  rows <- kept$ranks
  rows$label <- factor(rows$label, levels = rows$label)
  for (name in c("test", "test_low", "test_high")) rows[[name]] <- kept$scale * rows[[name]]
  ggplot2::ggplot(rows, ggplot2::aes(x = .data[["operations"]], y = .data[["test"]], colour = .data[["label"]])) +
    ggplot2::geom_linerange(ggplot2::aes(ymin = .data[["test_low"]], ymax = .data[["test_high"]]), linewidth = 0.9) +
    ggplot2::geom_point(size = 2.6) +
    ggplot2::scale_x_log10(labels = count_text, name = "operations for one sample (multiplications and additions)") +
    ggplot2::scale_y_continuous(name = study_score_name(kept)) +
    ggplot2::scale_colour_manual(values = study_colours(kept$ranks)) +
    chart_theme() +
    ggplot2::theme(legend.position = "right")
}

count_text <- function(values) {
  size <- c(1e9, 1e6, 1e3, 1)
  unit <- c(" billion", " million", " thousand", "")
  vapply(values, function(value) {
    k <- which(value >= size)[1]
    if (is.na(k)) "" else paste0(format(signif(value / size[k], 3)), unit[k])
  }, "")
}
