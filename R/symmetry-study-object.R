# What symmetry_study() returns: plain values, which outlive the session, and the study of Python behind them.

#' Run a study, or go on with one, with a bar that tells how far it is.
#'
#' @param go A function of the watcher that gives Python's study.
#' @noRd
run_study <- function(go, functions, verbose, levels, call) {
  watcher <- study_watcher(verbose_mode(verbose))
  on.exit(watcher$close())
  study <- functions$run(go(watcher), call)
  watcher$close()
  failed <- functions$kept()
  made <- new_study(study, levels, isTRUE(the$interrupted))
  if (!is.null(failed$error)) {
    if (!isTRUE(unclass(made)$compared)) {
      abort_intertwine("The function for `{failed$what}` failed.", "callback", parent = failed$error, call = call)
    }
    text <- conditionMessage(failed$error)
    what <- failed$what
    warn_intertwine("The function for `{what}` failed in some trainings: {text}", "callback")
  }
  table <- unclass(made)$table
  if (!isTRUE(unclass(made)$compared) && unclass(made)$stopped == "finished" && nrow(table)) {
    text <- table$message[1]
    abort_intertwine("No training of the study came to an end: {text}", hint = "Nothing was compared.", call = call)
  }
  made
}

new_study <- function(study, levels, interrupted = FALSE) {
  record <- py_call_checked("_r.studies.record", list(study))
  # Data that Python has read bring their own.
  levels <- levels %||% unlist(record$levels)
  record$levels <- NULL
  tables <- lapply(record[intersect(c("table", "ranks", "means", "angles"), names(record))], as_study_table)
  vectors <- lapply(record[intersect(c("notes", "words", "pictures"), names(record))], unlist)
  rest <- record[setdiff(names(record), c(names(tables), names(vectors)))]
  if (interrupted && rest$stopped == "callback") rest$stopped <- "interrupted"
  out <- structure(
    c(tables, vectors, rest, list(levels = levels, live = new.env(parent = emptyenv()))),
    class = "intertwine_symmetry_study"
  )
  live <- unclass(out)$live
  live$study <- study
  live$says <- rest$stopped
  announce_study(out)
  out
}

as_study_table <- function(columns) {
  table <- list2DF(lapply(columns, function(column) unlist(column)))
  whole <- c("rank", "seeds", "n", "seed", "train_size", "n_test", "more_seeds", "more_samples", "parameters")
  for (name in names(table)) {
    column <- table[[name]]
    if (is.numeric(column)) column[is.nan(column)] <- NA
    table[[name]] <- if (name %in% whole) as.integer(column) else column
  }
  table
}

#' Say why a study ended early.
#' @noRd
announce_study <- function(study) {
  runs <- n_trainings(study)
  switch(unclass(study)$stopped,
    interrupted = warn_intertwine(
      "The study was stopped after {runs} training{?s}; it holds what there is.", "interrupted",
      hint = "update(study) goes on."
    ),
    disk = warn_intertwine(
      "The study ended because its folder could not be written to; finished trainings are kept.", "disk",
      hint = "Free some space and make the same call again."
    )
  )
}

n_trainings <- function(study) {
  table <- unclass(study)$table
  nrow(unique(table[c("candidate", "phase", "train_size", "seed", "learn_rate")]))
}

#' Python's study, or an error if it belongs to a session that is gone.
#' @noRd
live_study <- function(study, call = rlang::caller_env()) {
  check_study(study, call)
  live <- unclass(study)$live$study
  if (is.null(live) || is_dead(live)) {
    abort_intertwine(
      "This study was made in another R session: its tables and plots are here, but not its data and networks.",
      class = "dead_pointer",
      hint = "Make the same call of symmetry_study() with the same `folder`: finished trainings are not repeated.",
      call = call
    )
  }
  live
}

check_study <- function(study, call = rlang::caller_env()) {
  check_class(
    study, "intertwine_symmetry_study", "a study", hint = "Make one with symmetry_study().", arg = "study", call = call
  )
}

#' A study that has compared something, or an error.
#' @noRd
check_compared <- function(study, call = rlang::caller_env()) {
  check_study(study, call)
  if (!isTRUE(unclass(study)$compared)) {
    stopped <- unclass(study)$stopped
    abort_intertwine(
      "The study has compared no candidates yet ({stopped}).",
      hint = "update(study) goes on.", call = call
    )
  }
  invisible(study)
}

#' What receives the events of a study, and moves the bar.
#' @noRd
study_watcher <- function(mode) {
  bar <- if (mode == "bar") progress_bar("Study", 1)
  closed <- FALSE
  tell <- function(event) {
    if (is.null(event$done)) {
      return(TRUE)
    }
    text <- study_progress_text(event)
    if (mode == "bar") bar$set(event$done / max(event$most, 1), text)
    if (mode == "lines" && event$event == "round") cat(text, "\n", sep = "")
    TRUE
  }
  close <- function() {
    if (!closed && !is.null(bar)) bar$done()
    closed <<- TRUE
  }
  list(tell = tell, close = close)
}

#' How many trainings, which leads, how many are open, how long still.
#' @noRd
study_progress_text <- function(event) {
  parts <- c(
    paste(event$done, if (event$done == 1) "training" else "trainings"),
    if (!is.null(event$leader)) paste(event$leader, "leads"),
    if (!is.null(event$leader)) paste(event$open, "undecided"),
    if (isTRUE(is.finite(event$seconds_left_at_most))) paste("at most", span_text(event$seconds_left_at_most), "left")
  )
  paste(parts, collapse = ", ")
}

span_text <- function(seconds) {
  if (seconds < 120) {
    paste(format(round(seconds, if (seconds < 10) 1 else 0)), "s")
  } else if (seconds < 7200) {
    paste(round(seconds / 60), "min")
  } else {
    paste(round(seconds / 3600, 1), "h")
  }
}

#' @export
`$.intertwine_symmetry_study` <- function(x, name) {
  kept <- unclass(x)
  if (!name %in% names(kept)) {
    abort_intertwine(
      "A study has nothing called `{name}`.",
      class = "missing_name", hint = "{did_you_mean(name, names(x)) %||% takes_parts(x)}"
    )
  }
  kept[[name]]
}

#' @export
`[[.intertwine_symmetry_study` <- function(x, i, ...) {
  if (rlang::is_string(i)) `$.intertwine_symmetry_study`(x, i) else unclass(x)[[i]]
}

#' @export
names.intertwine_symmetry_study <- function(x) setdiff(names(unclass(x)), c("live", "compared", "pictures", "sample_size"))
