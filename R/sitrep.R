#' What intertwine runs on
#'
#' Versions of R, of the packages between R and Python, of Python and its libraries; which Python is used and where the
#' Python half comes from; the device. For bug reports, and to see why [intertwine_available()] is `FALSE`. Does not start a
#' Python that is not configured.
#'
#' @return An object with one entry for each fact, invisibly; called to be printed.
#' @export
#' @examples
#' intertwine_sitrep()
intertwine_sitrep <- function() {
  facts <- list(
    R = paste(R.version$major, R.version$minor, sep = "."),
    intertwine = as.character(utils::packageVersion("intertwine")),
    reticulate = as.character(utils::packageVersion("reticulate"))
  )
  reason <- NULL
  if (intertwine_available(torch = FALSE)) {
    facts <- c(facts, py_call_checked("_r.crossing.sitrep.facts"), list(source = the$source))
  } else {
    reason <- unavailable_reason()
  }
  structure(facts, class = "intertwine_sitrep", reason = reason)
}

#' Why there is no Python half.
#' @noRd
unavailable_reason <- function() {
  if (!python_refused() && !python_configured()) {
    return(c(
      "No Python is configured.",
      i = "Run install_intertwine(), or set INTERTWINE_PYTHON to a Python that has torch, numpy and scipy."
    ))
  }
  condition <- tryCatch(start_bridge(), error = identity)
  if (inherits(condition, "condition")) strsplit(conditionMessage(condition), "\n")[[1]]
}

#' @export
format.intertwine_sitrep <- function(x, ...) {
  facts <- unlist(unclass(x)[!vapply(x, is.null, NA)])
  c(
    paste0(format(names(facts)), "  ", facts),
    if (!is.null(attr(x, "reason"))) c("", "Python: not available", paste0("  ", attr(x, "reason")))
  )
}

#' @export
print.intertwine_sitrep <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}
