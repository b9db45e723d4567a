# Calling Python.
#
# Everything that crosses goes through these functions:
#
#   py_call_checked(target, args, call)          an ordinary call;
#   py_call_polled(target, args, on, call)       a long call that takes callbacks (such as `on_batch`), which return FALSE
#                                                when it should stop: Ctrl-C does, and R functions may;
#   py_call_stoppable(target, args, modules)     a long call without callbacks that runs `modules`;
#   as_torch(x), from_py_array(record)           arrays in and out (arrays.R).
#
# `target` is a dotted name inside the Python package ("nn.R2Conv", "training.fit") or a Python callable. `args` is a
# list: named elements are passed by name. Errors are raised as classed conditions whose call is that of the
# function which the user called: pass `call = rlang::caller_env()` on from there. Interrupts are suspended while
# Python runs, because an interrupt inside Python ends the R process under reticulate 1.28.

#' Call Python; raise its errors and warnings as R conditions.
#' @noRd
py_call_checked <- function(target, args = list(), call = rlang::caller_env()) {
  # Arguments are checked before Python is looked for.
  force(args)
  bridge_call <- the$call %||% start_bridge(call)
  given <- split_args(args)
  reply <- tryCatch(
    suspendInterrupts(bridge_call(
      target,
      if (length(given$positional)) given$positional,
      if (length(given$keywords)) given$keywords
    )),
    # Not from the Python half, which returns its errors: an argument could not cross.
    error = function(condition) abort_crossing(condition, args, call)
  )
  py_reply(reply, call)
}

#' Arguments of a call without names and with names.
#' @noRd
split_args <- function(args) {
  named <- names(args) %||% rep("", length(args))
  list(positional = unname(args[named == ""]), keywords = args[named != ""])
}

#' An error of reticulate's: a dead reference among the arguments, or what Python has no counterpart of.
#' @noRd
abort_crossing <- function(condition, args, call) {
  check_each <- function(x) {
    if (is_py(x)) {
      check_alive(x, call)
    } else if (is.list(x)) {
      for (part in unclass(x)) check_each(part)
    }
  }
  check_each(args)
  abort_intertwine(
    "An argument is of a kind that cannot be used here.",
    class = c("argument_type", "internal"), details = conditionMessage(condition),
    hint = "rlang::last_error()$details says what could not be converted.", call = call
  )
}

#' The value of a reply, or the condition that it describes.
#' @noRd
py_reply <- function(reply, call) {
  switch(reply[[1]],
    ok = {
      if (length(reply) > 2) warn_python(reply[[3]])
      from_py(reply[[2]])
    },
    error = abort_python(reply[[2]], call),
    interrupt = rlang::interrupt()
  )
}

#' A value from Python as R has it: records of arrays become arrays, wherever they are in lists.
#' @noRd
from_py <- function(value) {
  if (!is.list(value) || is.object(value)) {
    return(value)
  }
  if (is_py_array(value)) {
    return(from_py_array(value))
  }
  for (i in seq_along(value)) {
    if (is.list(value[[i]])) {
      value[[i]] <- from_py(value[[i]])
    } else if (inherits(value[[i]], c("equivariant_module", "field_type"))) {
      # reticulate 1.28 makes our functions of objects that come alone, not of those in lists.
      value[[i]] <- py_call_checked("_r.crossing.generic_methods.itself", list(value[[i]]))
    }
  }
  value
}

#' Call a Python function that takes callbacks, and stop it cleanly on Ctrl-C.
#'
#' `on` has the R functions by the names of the callbacks in Python. Each receives the event (a list, or NULL) and returns
#' FALSE to stop; `NULL` in place of a function polls for Ctrl-C alone. Those named in `throttled` are called about ten
#' times a second, the others each time. An error in one stops Python and is raised again here, as the parent of ours.
#' @return What the Python function returns when it is told to stop, or when it is done. `the$interrupted` tells
#'   afterwards whether Ctrl-C stopped it.
#' @noRd
py_call_polled <- function(target, args = list(), on = list(on_batch = NULL), throttled = "on_batch", every = 0.1,
                           call = rlang::caller_env()) {
  asker <- poll_asker(on)
  given <- split_args(args)
  value <- py_call_checked("_r.crossing.polling.with_callbacks", list(
    target,
    as.list(given$positional),
    as_py_dict(given$keywords),
    asker$ask,
    as.list(intersect(names(on), throttled)),
    as.list(setdiff(names(on), throttled)),
    as.double(every)
  ), call)
  finish_polling(asker, call, stop = FALSE, value = value)
  value
}

#' Call a Python function that runs modules; each of their submodules asks first whether to go on.
#' @noRd
py_call_stoppable <- function(target, args = list(), modules = list(), call = rlang::caller_env()) {
  force(args)
  bridge_call <- the$call %||% start_bridge(call)
  asker <- poll_asker(list())
  given <- split_args(args)
  reply <- suspendInterrupts(bridge_call(
    "_r.crossing.polling.polled",
    list(target, as.list(given$positional), as_py_dict(given$keywords), asker$ask, modules)
  ))
  if (identical(reply[[1]], "interrupt")) finish_polling(asker, call, stop = TRUE)
  py_reply(reply, call)
}

#' The R function that Python asks, and what it has seen.
#' @noRd
poll_asker <- function(on) {
  state <- new.env(parent = emptyenv())
  state$interrupted <- FALSE
  state$error <- NULL
  state$ask <- function(name, event = NULL) {
    # Leaving this function by a jump would cross Python's frames; say FALSE instead and speak up when Python is back.
    tryCatch(
      {
        allowInterrupts(Sys.sleep(0))
        on_event <- on[[name]]
        if (is.null(on_event)) TRUE else !isFALSE(on_event(from_py(event)))
      },
      interrupt = function(condition) {
        state$interrupted <- TRUE
        FALSE
      },
      error = function(condition) {
        state$error <- condition
        FALSE
      }
    )
  }
  state
}

#' After a polled call: raise again what the callback could not, and remember an interrupt.
#' @noRd
finish_polling <- function(asker, call, stop, value = NULL) {
  the$interrupted <- asker$interrupted
  if (!is.null(asker$error)) {
    abort_intertwine("A callback failed.", class = "callback", parent = asker$error, call = call, value = value)
  }
  if (stop && asker$interrupted) rlang::interrupt()
}

#' A list as a Python dict, also when it is empty.
#' @noRd
as_py_dict <- function(x) {
  if (length(x)) as.list(x) else reticulate::dict()
}
