# Finding and starting Python, and the package's Python half.

#' State of the session, in an environment that is called `the` by custom: `the$call` (the bridge's function), `the$bridge`,
#' `the$source` (where Python code came from), `the$interrupted` (whether Ctrl-C stopped the last polled call).
#' @noRd
the <- new.env(parent = emptyenv())

`%||%` <- function(x, y) if (is.null(x)) y else x

#' Does the user want no Python at all? For checks of the package as it is where there is none.
#' @noRd
python_refused <- function() {
  identical(tolower(Sys.getenv("INTERTWINE_PYTHON")), "none")
}

#' The bridge module, loaded on first use.
#' @noRd
bridge <- function(call = rlang::caller_env()) {
  if (is.null(the$bridge)) start_bridge(call)
  the$bridge
}

#' Load the Python half, and remember it. Returns the bridge's `call`.
#' @noRd
start_bridge <- function(call = rlang::caller_env()) {
  check_python_usable(call)
  source <- python_source()
  package <- tryCatch(
    suspendInterrupts(import_half("intertwine._r", source)),
    # The handler must not be the frame that the message names.
    error = function(condition) condition
  )
  if (inherits(package, "condition")) abort_no_python(conditionMessage(package), source, call)
  the$source <- source %||% "an installed package"
  the$python <- import_half("intertwine", source)
  warn_versions_differ(the$python)
  the$call <- package$call
  the$bridge <- package
  the$call
}

import_half <- function(module, source) {
  if (is.null(source)) {
    reticulate::import(module, convert = TRUE)
  } else {
    reticulate::import_from_path(module, path = source, convert = TRUE)
  }
}

#' The folder that holds the Python half; NULL when an installed package is to be used.
#' @noRd
python_source <- function() {
  asked <- Sys.getenv("INTERTWINE_PYTHON_PATH")
  if (nzchar(asked)) {
    return(normalizePath(asked, mustWork = FALSE))
  }
  carried <- system.file("python", package = "intertwine")
  if (nzchar(carried) && file.exists(file.path(carried, "intertwine", "__init__.py"))) carried
}

check_python_usable <- function(call, r_torch = isNamespaceLoaded("torch")) {
  if (python_refused()) {
    abort_intertwine(
      "Python is switched off: the environment variable INTERTWINE_PYTHON is \"none\".",
      class = "python",
      hint = "Unset it, or set it to the Python to use, and restart R.",
      call = call
    )
  }
  # Both halves bring a libtorch of their own; the second one to load fails with undefined symbols.
  if (r_torch) {
    abort_intertwine(
      "The R package torch is loaded; it cannot share a session with Python's torch, which intertwine runs on.",
      class = "torch_conflict",
      hint = "Restart R without library(torch), and exchange arrays between sessions, for example with callr.",
      call = call
    )
  }
}

#' Tell a missing torch from a missing Python and from a fault of ours.
#' @noRd
abort_no_python <- function(message, source, call) {
  message <- sub("\n+$", "", sub("\nRun `reticulate::py_last_error.*$", "", message))
  python <- tryCatch(
    reticulate::py_config()$python,
    error = function(condition) NULL
  )
  missing <- regmatches(message, regexec("No module named '([^']+)'", message))[[1]][2]
  dependency <- !is.na(missing) && !startsWith(missing, "intertwine")
  what <- if (is.null(python)) {
    "No Python could be started."
  } else if (dependency) {
    paste0("The Python at ", python, " has no ", missing, ".")
  } else {
    paste0("The Python half of intertwine could not be loaded with ", python, ".")
  }
  rlang::abort(
    c(
      what,
      x = message,
      i = if (is.null(python) || dependency) {
        "Run `install_intertwine()`, or set INTERTWINE_PYTHON to a Python that has torch, numpy and scipy, and restart R."
      } else {
        "Run `intertwine_sitrep()` to see what was found."
      }
    ),
    class = c("intertwine_error_python", "intertwine_error"),
    python = python,
    source = source,
    call = call
  )
}

warn_versions_differ <- function(package) {
  there <- as.character(package[["__version__"]])
  here <- tryCatch(
    as.character(utils::packageVersion("intertwine")),
    error = function(condition) there
  )
  if (!identical(there, here)) {
    file <- package[["__file__"]]
    warn_intertwine(
      "The R package is version {here}, its Python half version {there}.", "versions",
      hint = "The Python half was loaded from {file}."
    )
  }
}

#' Is the Python half of intertwine there?
#'
#' Examples, vignettes and tests ask before they run. Python is started only if the session already uses it, if one
#' is configured (`INTERTWINE_PYTHON`, `RETICULATE_PYTHON`, or the virtual environment "r-intertwine" of
#' [install_intertwine()]), or if `initialize = TRUE`; so the answer never downloads anything.
#'
#' Groups, spaces and representations need Python with NumPy and SciPy alone, networks need torch, too.
#'
#' @param initialize Start a Python that is not configured, too?
#' @param torch Is torch needed? With `FALSE` the answer is whether groups, spaces and representations can be used.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return `TRUE` if intertwine can be used, else `FALSE`.
#' @seealso [intertwine_sitrep()] for what was found.
#' @export
#' @examples
#' intertwine_available()
#' intertwine_available(torch = FALSE)
intertwine_available <- function(initialize = FALSE, torch = TRUE, ...) {
  check_flag(initialize)
  check_flag(torch)
  bridge_available(initialize) && (!torch || torch_available())
}

#' Can networks be built? Asked of Python once, when it has started.
#' @noRd
torch_available <- function() {
  if (is.null(the$torch)) the$torch <- isTRUE(py_call_checked("_r.crossing.sitrep.has_torch"))
  the$torch
}

bridge_available <- function(initialize) {
  if (!is.null(the$bridge)) {
    return(TRUE)
  }
  if (python_refused() || isNamespaceLoaded("torch")) {
    return(FALSE)
  }
  if (!initialize && !python_configured()) {
    return(FALSE)
  }
  if (identical(the$unavailable, python_fingerprint())) {
    return(FALSE)
  }
  started <- tryCatch(
    {
      start_bridge()
      TRUE
    },
    error = function(condition) FALSE
  )
  # A Python cannot be changed within a session, so a failure is final; do not pay for it twice.
  if (!started) the$unavailable <- python_fingerprint()
  started
}

python_fingerprint <- function() {
  Sys.getenv(c("INTERTWINE_PYTHON", "RETICULATE_PYTHON", "INTERTWINE_PYTHON_PATH"))
}

#' Is a Python configured, so that asking for it is not a surprise?
#' @noRd
python_configured <- function() {
  variables <- c("RETICULATE_PYTHON", "RETICULATE_PYTHON_ENV", "INTERTWINE_PYTHON")
  any(nzchar(Sys.getenv(variables))) ||
    reticulate::py_available(initialize = FALSE) ||
    file.exists(environment_folder("r-intertwine"))
}

environment_folder <- function(name) {
  root <- Sys.getenv("WORKON_HOME", unset = "~/.virtualenvs")
  path.expand(file.path(root, name))
}

#' The Python half of intertwine
#'
#' The Python module itself, for what has no R function yet. Inside it the rules are Python's: positions count from
#' zero, whole numbers are written `4L`.
#'
#' @param compat `"escnn"` or `"e2cnn"`: the names of this Python library then give what intertwine has in their place, also
#'   for `reticulate::import()` and for Python files that the session runs. Do this before the library itself is imported.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A Python module; with `compat` the one that has the library's name.
#' @export
#' @examplesIf intertwine_available()
#' python <- intertwine_py()
#' python$gspaces$rot2dOnR2(4L)
#'
#' escnn <- intertwine_py(compat = "escnn")
#' escnn$nn$FieldType(escnn$gspaces$rot2dOnR2(4L), list(escnn$gspaces$rot2dOnR2(4L)$regular_repr))
intertwine_py <- function(compat = NULL, ...) {
  bridge()
  if (is.null(compat)) {
    return(the$python)
  }
  check_string(compat)
  py_call_checked("compat.install", list(compat))
  reticulate::import(compat, convert = TRUE)
}
