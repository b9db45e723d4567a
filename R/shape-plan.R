#' Where exact equivariance is lost on the grid
#'
#' Layers with strides keep quarter turns and reflections exact only if their windows lie evenly about the centre
#' of the image.
#' This follows the sizes through a model without computing anything, says which layers break the symmetry, and
#' names sizes of
#' the input nearby at which none does.
#'
#' @param module A module.
#' @param size Height and width of the input; one number for both.
#' @return A data frame with one row for each layer: `layer`, `name`, `input`, `output`, `exact`, `reason`. It prints the
#'   verdict; `attr(plan, "sizes")` are sizes at which the model is exact, nearest first.
#' @seealso [check_equivariance()], which measures
#' @export
#' @examplesIf intertwine_available()
#' conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(regular = 1), kernel_size = 3, stride = 2)
#' shape_plan(conv, 32)
shape_plan <- function(module, size) {
  check_module(module)
  check_class(module, "equivariant_module", "an equivariant module")
  size <- as_whole(size, min = 1)
  found <- py_call_checked("_r.checks.shape_plan", list(module, as.list(size)))
  rows <- found$rows
  column <- function(name) vapply(rows, function(row) row[[name]] %||% NA_character_, "")
  structure(
    data.frame(
      layer = seq_along(rows),
      name = vapply(rows, function(row) sub("\\(\\)$", "", r_name_of(row$kind)), ""),
      input = column("input"),
      output = column("output"),
      exact = vapply(rows, function(row) row$exact, NA),
      reason = column("reason")
    ),
    class = c("shape_plan", "data.frame"),
    sizes = as.integer(unlist(found$sizes))
  )
}

#' @export
format.shape_plan <- function(x, ...) {
  sizes <- attr(x, "sizes")
  broken <- sum(!x$exact)
  verdict <- if (!broken) {
    "Exact on the grid: every layer keeps quarter turns and reflections."
  } else {
    paste0(broken, if (broken == 1) " layer breaks" else " layers break", " exact equivariance.")
  }
  lines <- paste0(
    "  ", formatC(x$layer, width = nchar(nrow(x))), "  ", format(x$name), "  ", format(x$input), " -> ", format(x$output),
    ifelse(x$exact, "", paste0("  BREAKS: ", x$reason))
  )
  near <- if (broken && length(sizes)) paste0("Exact sizes nearby: ", paste(utils::head(sizes, 6), collapse = ", "))
  c(verdict, sub(" +$", "", lines), near)
}

#' @export
print.shape_plan <- function(x, ...) {
  if (!all(c("layer", "exact") %in% names(x))) {
    return(NextMethod())
  }
  cat(format(x), sep = "\n")
  invisible(x)
}
