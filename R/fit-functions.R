# Losses, metrics and schedules that are R functions: what they receive, and what becomes of their errors.

#' The R functions of a call that runs Python.
#'
#' Leaving one of them by a jump would cross Python's frames: it keeps its error and gives `NULL`, at which Python raises an
#' error of its own. `run()` raises the kept one in its place.
#' @return A list of `wrap(f, what, use)`, a Python function that gives `use(f, ...)` of its arguments, `run(code, call)`,
#'   and `kept()`, the last error and the function that raised it.
#' @noRd
user_functions <- function() {
  state <- new.env(parent = emptyenv())
  wrap <- function(f, what, use) {
    force(f)
    force(use)
    kept <- function(...) {
      tryCatch(use(f, ...), error = function(condition) {
        state$error <- condition
        state$what <- what
        NULL
      })
    }
    py_call_checked("_r.crossing.functions.FunctionOfR", list(kept, what, function_text(f)))
  }
  run <- function(code, call) {
    withCallingHandlers(code, error = function(condition) {
      error <- state$error
      state$error <- NULL
      if (inherits(error, "intertwine_refusal")) {
        error$value <- condition$value
        rlang::cnd_signal(error)
      }
      if (!is.null(error)) {
        abort_intertwine(
          "The function for `{state$what}` failed.", "callback",
          hint = if (identical(state$what, "loss")) "It receives torch tensors: see ?`tensor-arithmetic`.",
          parent = error, call = call, value = condition$value
        )
      }
    })
  }
  list(wrap = wrap, run = run, kept = function() state)
}

#' An error of ours about what a function of the user gave, which is raised as it is.
#' @noRd
refuse_value <- function(message, class, hint, call, .envir = parent.frame()) {
  condition <- rlang::catch_cnd(abort_intertwine(message, class, hint, call = call, .envir = .envir))
  class(condition) <- c(class(condition)[1], "intertwine_refusal", class(condition)[-1])
  stop(condition)
}

#' The code of a function, by which a checkpoint knows it again.
#' @noRd
function_text <- function(f) {
  paste(deparse(f, control = c("keepNA", "keepInteger", "digits17")), collapse = "\n")
}

is_r_function <- function(x) is.function(x) && !is_py(x)

#' A loss as Python takes it: a name, a Python function, or an R function of two tensors.
#' @noRd
as_loss <- function(loss, functions, call) {
  if (is.null(loss) || is_py(loss) || rlang::is_string(loss)) {
    return(loss)
  }
  if (!is_r_function(loss)) {
    abort_intertwine(
      "`loss` must be a name or a function of output and target, not {describe_value(loss)}.",
      class = "argument_type", call = call
    )
  }
  functions$wrap(loss, "loss", function(f, output, target) {
    value <- f(output, target)
    if (!is_torch_tensor(value)) {
      refuse_value(
        "`loss` must give a tensor, but it gave {describe_value(value)}, from which nothing can be learned.",
        "argument_type",
        "as.array() and functions for R's numbers leave torch. Calculate with the tensors themselves: ((output -
         target)^2) |> mean().", call
      )
    }
    value
  })
}

#' Metrics by name, for the fit to keep: strings, functions, and objects of torchmetrics.
#'
#' `expr` is what the user wrote, which names functions that have no other name.
#' @noRd
named_metrics <- function(metrics, expr, call = rlang::caller_env()) {
  if (is.null(metrics)) {
    return(NULL)
  }
  written <- if (is.symbol(expr)) list(expr) else if (is.call(expr)) as.list(expr)[-1]
  if (is.function(metrics) || is_py(metrics)) metrics <- list(metrics)
  metrics <- as.list(metrics)
  named <- names(metrics) %||% rep("", length(metrics))
  for (k in which(!nzchar(named))) {
    metric <- metrics[[k]]
    symbol <- if (length(written) == length(metrics)) written[[k]]
    named[k] <- if (rlang::is_string(metric)) {
      metric
    } else if (is_py(metric)) {
      py_call_checked("_r.training.metric_name", list(metric, k))
    } else if (is.symbol(symbol)) {
      as.character(symbol)
    } else {
      paste0("metric_", k)
    }
  }
  for (metric in metrics) {
    if (!(rlang::is_string(metric) || is.function(metric) || is_py(metric))) {
      abort_intertwine(
        "`metrics` must be names and functions of output and target, not {describe_value(metric)}.",
        class = "argument_type", call = call
      )
    }
    if (is_py(metric)) check_alive(metric, call)
  }
  rlang::set_names(metrics, named)
}

#' Metrics as Python takes them; R functions receive R's vectors.
#' @noRd
as_metrics <- function(metrics, levels, functions, call) {
  if (length(metrics) == 0) {
    return(metrics)
  }
  # a list of lists: a dict would take two metrics of one name for one
  unname(Map(function(metric, name) {
    if (is_dead(metric)) {
      abort_intertwine(
        "The metric `{name}` is a Python object of another R session.",
        class = "dead_pointer", hint = "Make it again, and give it as `metrics`.", call = call
      )
    }
    if (is_r_function(metric)) {
      metric <- functions$wrap(metric, name, function(f, output, target) {
        as_metric_value(f(metric_output(output, levels), metric_target(target, levels)), name, call)
      })
    }
    stats::setNames(list(metric), name)
  }, metrics, names(metrics)))
}

#' What a metric receives as output: a vector or an array, the second dimension of scores named by class.
#' @noRd
metric_output <- function(output, levels) {
  values <- tensor_to_array(output)
  if (length(levels) > 0 && length(dim(values)) >= 2 && dim(values)[2] == length(levels)) {
    dimnames(values) <- c(list(NULL, levels), rep(list(NULL), length(dim(values)) - 2))
  }
  values
}

#' What a metric receives as target: measurements, or a factor with the levels of the fit.
#' @noRd
metric_target <- function(target, levels) {
  values <- tensor_to_array(target)
  is_class <- isTRUE(py_call_checked("_r.training.holds_classes", list(target)))
  if (is_class) as_classes(values + 1, levels, NULL) else values
}

as_metric_value <- function(value, name, call) {
  if (!((is.numeric(value) || is.logical(value)) && length(value) == 1)) {
    refuse_value(
      "The metric `{name}` must give one number, not {describe_value(value)}.",
      "argument_type", "For example mean(abs(output - target)).", call
    )
  }
  as.double(value)
}

#' A schedule as Python takes it: a name, a Python function, or an R function of the progress.
#' @noRd
as_schedule <- function(schedule, functions, call) {
  if (is_py(schedule) || rlang::is_string(schedule)) {
    return(schedule)
  }
  if (!is_r_function(schedule)) {
    abort_intertwine(
      "`schedule` must be a name or a function of the progress, not {describe_value(schedule)}.",
      class = "argument_type", call = call
    )
  }
  functions$wrap(schedule, "schedule", function(f, progress) {
    factor <- f(progress)
    if (!(is.numeric(factor) && length(factor) == 1 && is.finite(factor) && factor >= 0)) {
      refuse_value(
        "`schedule` must give a number of at least 0, but gave {describe_value(factor)} at {format(progress)}.",
        "argument", "The learning rate is learn_rate times this number.", call
      )
    }
    as.double(factor)
  })
}
