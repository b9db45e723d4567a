# Checks of equivariance.

#' Check that a module is equivariant
#'
#' Compares `f(g x)` with `g f(x)` for the elements of the group, on `x` or on smooth random features, in double precision,
#' with a copy of the module in evaluation mode. The error is the largest difference, relative to the largest value.
#'
#' Quarter turns and reflections map the grid of pixels (or voxels) onto itself: to them a module is exact or it is not.
#' Other elements need interpolation; they are reported, but neither pass nor fail unless `interpolated = TRUE`. On
#' points ([r3_point_conv()]) every element is exact.
#'
#' Strides keep a symmetry at some sizes of the image alone. Without `x` and `size` an odd and an even size are tried: the
#' module passes if it is equivariant at one of them, and the verdict and a warning say at which it is not. With `size`, it
#' must be equivariant at each that you give. [shape_plan()] lists sizes that are exact.
#'
#' @param module A module.
#' @param x Features: an array, a torch tensor, [images()] or a [geometric_tensor()]; random ones if `NULL`.
#' @param elements Elements to check, see [group_elements()]; those that the group suggests if `NULL`.
#' @param tolerance Largest error that passes.
#' @param interpolated Do elements that need interpolation count, too?
#' @param layers Report the parts of the module one by one, down to single layers?
#' @param edges,batch For networks on points, the edges of `x` and the graph to which each point belongs, see
#'   [radius_graph()].
#' @param size Size of the random features: one number, or height and width; or a list of such sizes.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A data frame with one row for each element: `element`, `error`, `exact`, `passed` (`NA` where it does not count)
#'   and `sizes` (of the features for which that holds). It prints the verdict. `attr(check, "sizes")` is a data frame of
#'   the sizes that were tried: `size`, `error` (the largest of exact elements), `passed`. With `layers = TRUE`,
#'   `attr(check, "layers")` is a data frame of the largest error after each part: `part` says where it is in the
#'   module (positions counted from 1); the error is `NA` where the type of what it gives is not known.
#' @seealso [expect_equivariant()] for tests
#' @export
#' @examplesIf intertwine_available()
#' conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(regular = 2), kernel_size = 3)
#' check_equivariance(conv)
#' check_equivariance(conv, size = 28)
check_equivariance <- function(module, x = NULL, elements = NULL, tolerance = 1e-6, interpolated = FALSE, layers = FALSE,
                               edges = NULL, size = NULL, batch = NULL, ...) {
  call <- rlang::current_env()
  check_module(module)
  check_class(module, "equivariant_module", "an equivariant module")
  check_number(tolerance, min = 0)
  check_flag(interpolated)
  check_flag(layers)
  if (!is.null(elements)) elements <- as_elements(elements, call)
  if (!is.null(x)) x <- input_tensor(x, module, "float64", call = call)
  if (!is.null(edges) || !is.null(batch)) {
    if (!is_geometric_tensor(x) || is.null(x$coords)) {
      given <- if (is.null(edges)) "batch" else "edges"
      abort_intertwine(
        "`{given}` {if (is.null(edges)) 'sorts' else 'join'} the points of `x`, but `x` has no points.",
        hint = "Give geometric_tensor(features, type, coords = ), or leave `{given}` out.", call = call
      )
    }
    if (!is.null(edges)) edges <- edge_tensor(edges, dim(x)[1], call)
    if (!is.null(batch)) batch <- member_tensor(as_graphs(batch, dim(x)[1], "batch", call))
  }
  if (!is.null(size)) {
    sizes <- if (is.list(size)) size else list(size)
    size <- lapply(sizes, function(n) as.list(as_whole(n, min = 1, arg = "size", call = call)))
  }
  found <- py_call_stoppable(
    "_r.checks.equivariance", list(module, x, elements, as.double(tolerance), layers, edges, size, batch),
    modules = list(module), call = call
  )
  rows <- found$rows
  exact <- vapply(rows, function(row) row$exact, NA)
  error <- vapply(rows, function(row) row$error, 0)
  structure(
    data.frame(
      element = vapply(rows, function(row) row$element, ""),
      error = error,
      exact = exact,
      passed = ifelse(exact | interpolated, !is.na(error) & error <= tolerance, NA),
      sizes = vapply(rows, function(row) row$sizes, "")
    ),
    class = c("equivariance_check", "data.frame"),
    tolerance = tolerance,
    size = as.integer(unlist(found$shape)),
    sizes = tried_sizes(found$sizes),
    layers = layer_errors(found$layers)
  )
}

as_elements <- function(x, call) {
  if (is_element(x)) x <- list(x)
  good <- is.list(x) && length(x) && all(vapply(x, is_element, NA))
  if (!good) {
    abort_intertwine(
      "`elements` must be a list of group elements, not {describe_value(x)}.",
      class = "argument_type", hint = "Take them from group_elements(gs).", call = call
    )
  }
  lapply(unclass(x), check_alive, call)
}

tried_sizes <- function(rows) {
  data.frame(
    size = vapply(rows, function(row) row$size, ""),
    error = vapply(rows, function(row) row$error, 0),
    passed = vapply(rows, function(row) row$passed, NA)
  )
}

layer_errors <- function(rows) {
  if (!length(rows)) {
    return(NULL)
  }
  number <- function(name) vapply(rows, function(row) row[[name]], 0)
  data.frame(
    position = number("position"),
    layer = vapply(rows, function(row) sub("\\(\\)$", "", r_name_of(row$kind)), ""),
    part = vapply(rows, function(row) row$part, ""),
    exact = number("exact"),
    interpolated = number("interpolated")
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
  verdict <- c(verdict, size_lines(attr(x, "sizes")))
  status <- ifelse(is.na(x$passed), "interpolated", ifelse(x$passed, "passed", "FAILED"))
  # Of many elements those with the largest errors say all.
  most <- 24
  rows <- if (nrow(x) > most) worst_rows(x, 4) else seq_len(nrow(x))
  lines <- paste0(
    "  ", format(x$element[rows]), "  ", formatC(x$error[rows], digits = 1, format = "e"), "  ", status[rows]
  )
  if (nrow(x) > most) lines <- c(lines, paste0("  ... and ", nrow(x) - length(rows), " more elements with smaller errors"))
  layers <- attr(x, "layers")
  if (!is.null(layers)) {
    errors <- ifelse(is.na(layers$exact), "unknown", formatC(layers$exact, digits = 1, format = "e"))
    titles <- part_title(layers$layer, layers$part, layers$position)
    numbers <- formatC(layers$position, width = nchar(nrow(layers)))
    rows <- paste0("  ", numbers, "  ", format(titles), "  ", errors)
    lines <- c(lines, "Largest error of exact elements after each layer:", rows)
  }
  c(verdict, lines)
}

# Where a module is equivariant at some of the sizes that were tried, and not at others.
size_lines <- function(sizes) {
  if (is.null(sizes) || !any(sizes$passed) || all(sizes$passed)) {
    return(NULL)
  }
  broken <- !sizes$passed
  paste0(
    "This holds for inputs of size ", toString(sizes$size[!broken]), ", but NOT for ",
    toString(paste0(sizes$size[broken], " (error ", formatC(sizes$error[broken], digits = 1, format = "e"), ")")), "."
  )
}

# The rows with the largest errors, of those that are exact and of those that are not.
worst_rows <- function(x, n) {
  order <- order(-x$error)
  sort(c(utils::head(order[x$exact[order]], n), utils::head(order[!x$exact[order]], n)))
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
  for (name in c("tolerance", "size", "sizes", "layers")) attr(x, name) <- NULL
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
  check_passed_on(...names(), "expect_equivariant", arguments_of(check_equivariance, "module"))
  check <- check_equivariance(module, ...)
  passed <- !any(!check$passed, na.rm = TRUE) && any(!is.na(check$passed))
  testthat::expect(passed, paste(format(check), collapse = "\n"))
  invisible(module)
}
