# What fit() returns, and what a fit does that comes from another session.

new_fit <- function(result, targets, input, settings, keep_state) {
  always <- c("epochs", "batch_size", "optimizer", "learn_rate", "loss", "metrics", "class_weights", "na", "seed")
  usual <- list(schedule = "constant", weight_decay = 0, min_delta = 0)
  # the others if they are not as they always are
  other <- setdiff(names(settings), c(always, "device", "labels", "n_classes", "checkpoint", "resume", "workers"))
  other <- Filter(function(name) !is.null(settings[[name]]) && !identical(settings[[name]], usual[[name]]), other)
  fitted <- structure(
    list(
      history = as_history(result$history),
      levels = targets$levels %||% if (identical(targets$kind, "class")) as.character(seq_len(result$n_classes)),
      inputs = input$columns,
      outputs = targets$outputs,
      kind = targets$kind %||% if (is.null(result$n_classes)) "numeric" else "class",
      input_size = as.integer(input$size),
      stopped = if (isTRUE(the$interrupted)) "interrupted" else result$stopped,
      seconds = result$seconds,
      batches = result$batches,
      best_epoch = result$best_epoch,
      parameters = result$parameters,
      settings = settings[c(always, other)],
      samples = result$samples,
      state = NULL,
      live = new.env(parent = emptyenv())
    ),
    class = "intertwine_fit"
  )
  fitted$settings$seed <- result$seed
  fitted$settings$epochs <- result$planned
  fitted$live$module <- result$module
  fitted$live$result <- result$result
  if (keep_state) {
    fitted$state <- tryCatch(
      module_state(result$module),
      intertwine_error = function(condition) {
        # a module of the user's own has no recipe; it lives as long as the session
        structure(raw(0), reason = conditionMessage(condition))
      }
    )
    fitted$progress <- py_call_checked("_r.training.progress", list(result$result))
  }
  fitted
}

as_history <- function(columns) {
  # metrics keep the names that the user gave them
  history <- list2DF(lapply(columns, unlist))
  if (nrow(history) == 0) {
    return(data.frame(epoch = integer(), split = character(), loss = numeric()))
  }
  history$epoch <- as.integer(history$epoch)
  history$batches <- as.integer(history$batches)
  history
}

#' The trained module, built again from its bytes where its session is gone.
#' @noRd
fit_module <- function(object, call = rlang::caller_env()) {
  live <- unclass(object)$live
  if (!is.environment(live)) abort_damaged("it has no `live`", call)
  module <- live$module
  if (!is.null(module) && !is_dead(module)) {
    return(module)
  }
  state <- unclass(object)$state
  if (length(state) == 0) {
    abort_intertwine(
      "This fit was made in another R session and holds no weights.",
      class = "dead_pointer",
      hint = "{attr(state, 'reason') %||% 'Fit with keep_state = TRUE, or keep it with intertwine_save().'}",
      call = call
    )
  }
  live$module <- module_from_state(state, call)
  live$module
}

# what every fit has, however it ended
parts_of_fit <- c("history", "kind", "stopped", "settings", "live")
parts_of_some_fits <- c("levels", "inputs", "outputs", "input_size", "best_epoch", "samples", "state", "progress")

#' @export
`$.intertwine_fit` <- function(x, name) {
  if (identical(name, "module")) {
    return(fit_module(x))
  }
  # exact names: $state must not find what $states would
  value <- unclass(x)[[name]]
  if (is.null(value) && name %in% parts_of_fit) abort_damaged(paste0("it has no `", name, "`"))
  if (is.null(value) && !name %in% c(names(unclass(x)), parts_of_some_fits)) {
    abort_intertwine(
      "A fit has nothing called `{name}`.",
      class = "missing_name", hint = "{did_you_mean(name, names(x)) %||% takes_parts(x)}"
    )
  }
  value
}

takes_parts <- function(x) paste0("It has ", or_list(paste0("`", names(x), "`"), " and "), ".")

abort_damaged <- function(reason, call = NULL, parent = NULL) {
  abort_intertwine(
    "This fit is damaged: {reason}.",
    class = "damaged_fit", hint = "Read it again from where it was saved, or train again.", call = call, parent = parent
  )
}

#' @export
`[[.intertwine_fit` <- function(x, i, ...) if (rlang::is_string(i)) `$.intertwine_fit`(x, i) else unclass(x)[[i]]

#' @export
names.intertwine_fit <- function(x) {
  c("module", setdiff(names(unclass(x)), c("live", "progress", "samples", "inputs")))
}

announce_stop <- function(fitted) {
  last <- max(fitted$history$epoch, 0)
  kept <- if (is.null(fitted$best_epoch)) "the start" else paste("epoch", fitted$best_epoch)
  switch(fitted$stopped,
    interrupted = warn_intertwine(
      "Training was stopped in epoch {last}; the fit holds what was learned until then.", "interrupted"
    ),
    diverged = warn_intertwine(
      "Training ended in epoch {last}, because its loss, the gradient or the weights were no longer finite; the fit holds the
       weights of {kept}.",
      "diverged",
      hint = "Try a smaller learn_rate, or clip_norm = 1."
    )
  )
}
