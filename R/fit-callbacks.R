#' Callbacks of `fit()`
#'
#' What else happens while a network is trained. A plain function of a list is
#' called after each epoch, too.
#'
#' @param on_epoch_end A function of a list: `epoch` (from 1), `split`, `loss`, the
#'   metrics, `learn_rate`, `seconds`. Return `FALSE` to stop.
#' @param on_batch_end A function of a list: `epoch`, `epochs`, `batch` (from
#'   1), `batches`, `loss`, `learn_rate`, `seconds`. It is called at most ten
#'   times a second. Return `FALSE` to stop.
#' @param patience Stop when the loss (of the validation data, if there are
#'   any) has not become better for so many epochs, and return to the weights
#'   of the best one.
#' @param min_delta By how much it must become better.
#' @param folder Where to keep the state after each epoch (with the best weights so far), unless its loss is not finite. No
#'   other run may use the folder meanwhile. A state is written whole or not at all.
#' @param resume Whether to go on from there, if there is such a state: with its seed and the same samples held out, as
#'   if nothing had happened in between. The data, their levels, the module and the other arguments must be the same,
#'   but for `epochs`, early stopping and callbacks; an error of class `intertwine_error_checkpoint` says what differs.
#'   Data are known by their values, files by their names, sizes and times of change. A run that is finished comes back
#'   as it is.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return An object for the argument `callbacks` of [fit()].
#' @examples
#' callback_function(on_epoch_end = function(logs) logs$loss > 0.1)
#' callback_stop_early(patience = 3)
#' @export
callback_function <- function(on_epoch_end = NULL, on_batch_end = NULL, ...) {
  for (hook in list(on_epoch_end, on_batch_end)) {
    if (!is.null(hook) && !is.function(hook)) {
      abort_intertwine("A callback must be a function, not {describe_value(hook)}.", class = "argument_type")
    }
  }
  new_callback(list(epoch = on_epoch_end, batch = on_batch_end))
}

#' @rdname callback_function
#' @export
callback_stop_early <- function(patience = 5, min_delta = 0, ...) {
  new_callback(list(options = list(
    patience = as_count(patience, min = 1), min_delta = as_optional_double(min_delta)
  )))
}

#' @rdname callback_function
#' @export
callback_checkpoint <- function(folder, resume = TRUE, ...) {
  check_string(folder)
  check_flag(resume)
  new_callback(list(options = list(checkpoint = as_utf8(path.expand(folder)), resume = resume)))
}

new_callback <- function(x) {
  structure(x, class = "intertwine_callback")
}

#' @export
format.intertwine_callback <- function(x, ...) {
  options <- x$options
  if (!is.null(options$patience)) {
    return(paste0("<callback> stops after ", options$patience, " epochs without progress"))
  }
  if (!is.null(options$checkpoint)) {
    return(paste0("<callback> keeps the state after each epoch in '", options$checkpoint, "'"))
  }
  hooks <- c(if (!is.null(x$epoch)) "after each epoch", if (!is.null(x$batch)) "after batches")
  paste0("<callback> called ", if (length(hooks)) paste(hooks, collapse = " and ") else "never")
}

#' @export
print.intertwine_callback <- function(x, ...) {
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' Is this a function of one list, and no maker of callbacks?
#' @noRd
check_takes_logs <- function(f, call) {
  names <- c("callback_stop_early", "callback_function", "callback_checkpoint")
  found <- vapply(names, function(name) identical(f, get(name, envir = topenv())), NA)
  if (any(found)) {
    abort_intertwine(
      "`callbacks` holds the function {names[found]} itself.",
      class = "argument_type", hint = "Call it: {names[found]}(...).", call = call
    )
  }
  if (!is.primitive(f) && !length(formals(f))) {
    abort_intertwine(
      "A callback must be a function of one list, but `callbacks` holds one without arguments.",
      class = "argument_type", hint = "Write function(logs) ...: the list holds `epoch`, `loss` and the metrics.",
      call = call
    )
  }
}

#' The functions to call, and what else the callbacks ask of the training.
#' @noRd
as_callbacks <- function(callbacks, call) {
  if (is.null(callbacks)) {
    callbacks <- list()
  }
  if (is.function(callbacks) || inherits(callbacks, "intertwine_callback")) {
    callbacks <- list(callbacks)
  }
  hooks <- list(epoch = list(), batch = list(), options = list())
  for (callback in callbacks) {
    if (is.function(callback)) {
      check_takes_logs(callback, call)
      callback <- new_callback(list(epoch = callback))
    }
    if (!inherits(callback, "intertwine_callback")) {
      abort_intertwine(
        "`callbacks` must be functions, not {describe_value(callback)}.",
        class = "argument_type", hint = "See help(\"callback_function\").", call = call
      )
    }
    hooks$epoch <- c(hooks$epoch, callback$epoch)
    hooks$batch <- c(hooks$batch, callback$batch)
    hooks$options <- c(hooks$options, callback$options)
  }
  hooks
}

# Watching -------------------------------------------------------------------------

#' "bar", "lines" or "none".
#' @noRd
verbose_mode <- function(verbose) {
  if (is.null(verbose)) {
    if (identical(Sys.getenv("TESTTHAT"), "true")) {
      return("none")
    }
    if (isTRUE(getOption("knitr.in.progress"))) {
      return("lines")
    }
    return(if (interactive()) "bar" else "none")
  }
  check_flag(verbose, call = rlang::caller_env())
  if (verbose) "bar" else "none"
}

#' The functions that receive the events of a training: they move the bar and call the callbacks.
#' @noRd
fit_watcher <- function(mode, epochs, hooks) {
  bar <- if (mode == "bar") progress_bar("Training", epochs)
  closed <- FALSE
  latest <- ""
  label <- function(event) paste0("epoch ", event$epoch, "/", epochs, if (nzchar(latest)) "  ", latest)
  batch <- function(event) {
    if (mode == "bar") {
      bar$set(epochs_done(event), label(event))
    }
    run_hooks(hooks$batch, event)
  }
  epoch <- function(event) {
    latest <<- measures_text(event)
    if (mode == "lines") {
      cat(label(event), "\n", sep = "")
    }
    if (mode == "bar") {
      bar$set(event$epoch, label(event))
    }
    run_hooks(hooks$epoch, event)
  }
  close <- function() {
    if (!closed && !is.null(bar)) {
      bar$done()
    }
    closed <<- TRUE
  }
  list(batch = batch, epoch = epoch, close = close)
}

epochs_done <- function(event) {
  share <- if (is.null(event$batches)) 0 else event$batch / event$batches
  event$epoch - 1 + if (identical(event$split, "train")) min(share, 1) * 0.99 else 0.99
}

measures_text <- function(event) {
  measures <- event[setdiff(names(event), c("epoch", "split", "batches", "learn_rate", "seconds"))]
  paste(names(measures), vapply(measures, function(value) formatC(value, digits = 3, format = "f"), ""), collapse = "  ")
}

run_hooks <- function(hooks, logs) {
  for (hook in hooks) {
    if (isFALSE(hook(logs))) {
      return(FALSE)
    }
  }
  TRUE
}

#' A bar that cli draws; also where the output is no terminal, then as a line now and then.
#' @noRd
progress_bar <- function(name, total) {
  env <- environment()
  id <- cli::cli_progress_bar(
    name = name, total = 1000, .auto_close = FALSE, .envir = env,
    format = "{cli::pb_bar} {cli::pb_percent}  {cli::pb_status}",
    format_done = "{cli::pb_bar} {cli::pb_percent}  {cli::pb_status}",
    clear = FALSE
  )
  set <- function(done, text) {
    cli::cli_progress_update(set = min(1000, round(1000 * done / total)), status = text, id = id, .envir = env)
  }
  list(set = set, done = function() cli::cli_progress_done(id = id, .envir = env))
}
