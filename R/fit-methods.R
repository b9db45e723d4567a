#' Look at a fit
#'
#' @param x,object A fit of [fit()].
#' @param ... Not used.
#' @return `tidy()` and `as.data.frame()`: a data frame, the one with a row for
#'   each epoch, split and measure, the other with a row for each epoch and split.
#'   `glance()`: one row that sums up the training. `summary()`: an object that
#'   prints the fit with its module.
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' fitted <- equivariant_cnn(digits$x[1:200], digits$y[1:200], epochs = 2, validation = 0.2)
#' tidy(fitted)
#' glance(fitted)
#' @name fit-methods
NULL

#' @export
format.intertwine_fit <- function(x, ...) {
  what <- if (x$kind == "class") {
    paste0(length(x$levels), " classes")
  } else {
    "measurements"
  }
  from <- if (length(x$input_size)) paste0(" from samples of ", shape_text(x$input_size))
  epochs <- max(x$history$epoch, 0)
  asked <- x$settings$epochs
  done <- paste0(
    epochs, if (epochs != asked) paste0(" of ", asked), if (asked == 1) " epoch" else " epochs",
    " in ", format(round(x$seconds, 1), nsmall = 1), " s, ", format(x$parameters, big.mark = ","), " parameters"
  )
  ended <- switch(x$stopped,
    interrupted = "stopped by the user",
    callback = "stopped by a callback",
    early = paste0("stopped early; the weights are those of epoch ", x$best_epoch),
    diverged = paste0(
      "stopped because the loss, its gradient or the weights were not finite; the weights are those of ",
      if (is.null(x$best_epoch)) "the start" else paste0("epoch ", x$best_epoch)
    ),
    failed = "stopped by an error",
    NULL
  )
  c(paste0("<intertwine_fit> ", what, from), done, ended, last_lines(x$history))
}

last_lines <- function(history) {
  if (nrow(history) == 0) {
    return("no batch was seen")
  }
  last <- history[history$epoch == max(history$epoch), , drop = FALSE]
  measures <- setdiff(names(last), c("epoch", "split", "batches", "learn_rate", "seconds"))
  lines <- vapply(seq_len(nrow(last)), function(i) {
    values <- vapply(last[i, measures], function(value) formatC(value, digits = 4, format = "f"), "")
    paste(format(last$split[i], width = max(nchar(last$split))), paste(measures, values, collapse = "  "))
  }, "")
  lines
}

#' @export
print.intertwine_fit <- function(x, ...) {
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' @rdname fit-methods
#' @export
summary.intertwine_fit <- function(object, ...) {
  structure(list(fit = object), class = "summary.intertwine_fit")
}

#' @export
format.summary.intertwine_fit <- function(x, ...) {
  fit <- x$fit
  settings <- fit$settings[!vapply(fit$settings, is.null, logical(1))]
  shown <- vapply(settings, setting_text, "")
  c(
    format(fit), "",
    if (!is.null(fit$levels)) paste0("classes: ", paste(fit$levels, collapse = ", ")),
    paste0(names(shown), ": ", shown), "",
    format(fit_module(fit))
  )
}

#' A setting as text: functions by their names, for their code is long.
#' @noRd
setting_text <- function(value) {
  if (is.function(value)) {
    return("a function")
  }
  if (is.list(value) && !is.null(names(value))) value <- names(value)
  paste(format(unlist(value)), collapse = ", ")
}

#' @export
print.summary.intertwine_fit <- function(x, ...) {
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' @export
str.intertwine_fit <- function(object, ...) {
  cat("", paste(format(object), collapse = "; "), "\n")
  invisible(NULL)
}

#' @rdname fit-methods
#' @param row.names,optional Not used.
#' @export
as.data.frame.intertwine_fit <- function(x, row.names = NULL, optional = FALSE, ...) {
  x$history
}

#' @rdname fit-methods
#' @method tidy intertwine_fit
#' @export
tidy.intertwine_fit <- function(x, ...) {
  history <- x$history
  measures <- setdiff(names(history), c("epoch", "split", "batches", "learn_rate", "seconds"))
  parts <- lapply(measures, function(measure) {
    data.frame(
      epoch = history$epoch, split = history$split, metric = rep(measure, nrow(history)),
      value = history[[measure]], stringsAsFactors = FALSE
    )
  })
  out <- do.call(rbind, parts)
  out <- out[order(out$epoch, match(out$split, c("train", "validation")), match(out$metric, measures)), ]
  rownames(out) <- NULL
  out
}

#' @rdname fit-methods
#' @method glance intertwine_fit
#' @export
glance.intertwine_fit <- function(x, ...) {
  history <- x$history
  last <- history[history$epoch == max(history$epoch, 0), , drop = FALSE]
  measures <- setdiff(names(history), c("epoch", "split", "batches", "learn_rate", "seconds"))
  final <- list()
  for (split in unique(last$split)) {
    values <- as.list(last[last$split == split, measures, drop = FALSE])
    names(values) <- paste0(if (split == "validation") "validation_", names(values))
    final <- c(final, values)
  }
  before <- list(epochs = max(history$epoch, 0L), batches = x$batches)
  after <- list(parameters = x$parameters, seconds = x$seconds, stopped = x$stopped)
  names(final) <- column_names(names(final), c(names(before), names(after)))
  list2DF(c(before, final, after))
}
