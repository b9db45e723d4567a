# Checks of equivariance.

#' Check that a module is equivariant
#'
#' Compares `f(g x)` with `g f(x)` for the elements of the group, on `x` or on random features, in double precision, with the module
#' in evaluation mode. The error is the largest difference, relative to the largest value.
#'
#' Quarter turns and reflections map the grid of pixels onto itself: to them a module is exact or it is not. Other elements
#' need interpolation; they are reported, but neither pass nor fail unless `interpolated = TRUE`.
#'
#' @param module A module.
#' @param x Features: an array, a torch tensor or a [geometric_tensor()]; random ones if `NULL`.
#' @param size Height and width of random features; chosen by itself if `NULL`.
#' @param elements Elements to check, see [group_elements()]; those that the group suggests if `NULL`.
#' @param tolerance Largest error that passes.
#' @param interpolated Do elements that need interpolation count, too?
#' @return A data frame with one row for each element: `element`, `error`, `exact`, `passed` (`NA` where it does not count). It prints the
#'   verdict; `attr(, "layers")` has the errors of the single layers.
#' @seealso [expect_equivariant()] for tests
#' @export
#' @examplesIf intertwine_available()
#' conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(regular = 2), kernel_size = 3)
#' check_equivariance(conv)
check_equivariance <- function(module, x = NULL, size = NULL, elements = NULL, tolerance = 1e-6, interpolated = FALSE) {
  call <- rlang::current_env()
  check_module(module)
  check_number(tolerance, min = 0)
  check_flag(interpolated)
  if (!is.null(size)) size <- as_whole(size, min = 1)
  if (!is.null(elements)) elements <- as_elements(elements, call)
  if (!is.null(x)) x <- input_tensor(x, module, "float64", call = call)
  seed <- if (is.null(x)) draw_seed()
  found <- py_call_stoppable(
    "_r.checks.equivariance",
    list(module, x, if (!is.null(size)) as.list(size), elements, as.double(tolerance), seed),
    modules = list(module), call = call
  )
  rows <- found$rows
  exact <- vapply(rows, function(row) row$exact, NA)
  error <- vapply(rows, function(row) row$error, 0)
  counts <- exact | interpolated
  structure(
    data.frame(
      element = vapply(rows, function(row) row$element, ""),
      error = error,
      exact = exact,
      passed = ifelse(counts, error <= tolerance & !is.na(error), NA)
    ),
    class = c("equivariance_check", "data.frame"),
    tolerance = tolerance,
    layers = layer_errors(found$layers)
  )
}

as_elements <- function(x, call) {
  if (is_element(x)) x <- list(x)
  good <- is.list(x) && length(x) && all(vapply(x, is_element, NA))
  if (!good) {
    abort_intertwine(
      paste0("`elements` must be a list of group elements, not ", describe_value(x), "."),
      class = "argument_type", hint = "Take them from group_elements(gs).", call = call
    )
  }
  lapply(unclass(x), check_alive, call)
}

layer_errors <- function(rows) {
  if (!length(rows)) {
    return(NULL)
  }
  data.frame(
    layer = vapply(rows, function(row) row$layer, ""),
    error = vapply(rows, function(row) row$error, 0)
  )
}

#' @export
format.equivariance_check <- function(x, ...) {
  tolerance <- attr(x, "tolerance") %||% NA
  failed <- sum(!x$passed, na.rm = TRUE)
  counted <- sum(!is.na(x$passed))
  verdict <- if (!counted) {
    "No element counts: all of them need interpolation."
  } else if (failed) {
    paste0("NOT equivariant: ", failed, " of ", counted, " exact elements have an error above ", format(tolerance), ".")
  } else {
    paste0("Equivariant: all ", counted, " exact elements have an error of at most ", format(tolerance), ".")
  }
  status <- ifelse(is.na(x$passed), "interpolated", ifelse(x$passed, "passed", "FAILED"))
  c(verdict, paste0("  ", format(x$element), "  ", formatC(x$error, digits = 1, format = "e"), "  ", status))
}

#' @export
print.equivariance_check <- function(x, ...) {
  if (!all(c("element", "error", "passed") %in% names(x))) {
    return(NextMethod())
  }
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @export
`[.equivariance_check` <- function(x, ...) {
  # Parts of it are ordinary data: the verdict is about the whole.
  as.data.frame(x)[...]
}

#' @export
as.data.frame.equivariance_check <- function(x, ...) {
  attr(x, "tolerance") <- NULL
  attr(x, "layers") <- NULL
  class(x) <- "data.frame"
  x
}

#' Expect that a module is equivariant
#'
#' For your own tests with testthat: fails with the table of errors if an exact element fails.
#'
#' @param module A module.
#' @param ... What [check_equivariance()] takes.
#' @return The module, invisibly.
#' @export
#' @examplesIf intertwine_available() && requireNamespace("testthat", quietly = TRUE)
#' conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(regular = 2), kernel_size = 3)
#' expect_equivariant(conv)
expect_equivariant <- function(module, ...) {
  if (!requireNamespace("testthat", quietly = TRUE)) {
    abort_intertwine("expect_equivariant() needs the package testthat.", class = "missing_dependency")
  }
  check <- check_equivariance(module, ...)
  passed <- !any(!check$passed, na.rm = TRUE) && any(!is.na(check$passed))
  testthat::expect(passed, paste(format(check), collapse = "\n"))
  invisible(module)
}
