#' How many cores the computations use
#'
#' Small networks run fastest on one core: with more, threads mostly wait for
#' each other, above all where other programs run beside.
#'
#' @param n The number of cores, or `NULL` to leave it as it is.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return The number before the call, invisibly if it was changed.
#' @examplesIf intertwine::intertwine_available()
#' intertwine_threads()
#' before <- intertwine_threads(1)
#' intertwine_threads(before)
#' @export
intertwine_threads <- function(n = NULL, ...) {
  if (!is.null(n)) {
    n <- as_count(n, min = 1)
  }
  before <- py_call_checked("_r.training.threads", list(n))
  if (is.null(n)) before else invisible(before)
}
