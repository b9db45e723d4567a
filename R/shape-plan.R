#' Where exact equivariance is lost on the grid
#'
#' Layers with strides keep quarter turns and reflections exact only if their windows lie evenly about the centre
#' of the image. This follows the sizes through a model, says which layers break the symmetry, and names sizes of the
#' input nearby at which the whole model is exact.
#'
#' Layers of this package answer for themselves, without computing anything. Modules that were written by hand in Python,
#' and layers of torch that are given a grid, are run on noise and on turned noise, and their error is measured; the part at
#' fault is named. What cannot be measured is *unknown* (`NA`).
#'
#' @param module A module.
#' @param size Height and width of the input; one number for both.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A data frame with one row for each layer: `layer`, `name`, `part` (where it is in the model, positions
#'   counted from 1), `input`, `output`, `exact`, `reason`. A module that was written by hand comes after the layers in
#'   it. It prints the verdict; `attr(plan, "sizes")` are sizes at which the model is exact, nearest first.
#' @seealso [check_equivariance()], which measures
#' @export
#' @examplesIf intertwine_available()
#' conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(regular = 1), kernel_size = 3, stride = 2)
#' shape_plan(conv, 32)
shape_plan <- function(module, size, ...) {
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
      part = column("part"),
      input = column("input"),
      output = column("output"),
      exact = vapply(rows, function(row) row$exact %||% NA, NA),
      reason = reasons(rows)
    ),
    class = c("shape_plan", "data.frame"),
    sizes = as.integer(unlist(found$sizes))
  )
}

#' @export
format.shape_plan <- function(x, ...) {
  sizes <- attr(x, "sizes")
  broken <- sum(!x$exact, na.rm = TRUE)
  unknown <- sum(is.na(x$exact))
  verdict <- if (broken) {
    paste0(broken, if (broken == 1) " layer breaks" else " layers break", " exact equivariance.")
  } else if (unknown) {
    paste0("It is not known whether this is exact on the grid: see the ", unknown, " unknown of ", nrow(x), " layers.")
  } else {
    "Exact on the grid: every layer keeps quarter turns and reflections."
  }
  lines <- paste0(
    "  ", formatC(x$layer, width = nchar(nrow(x))), "  ", format(part_title(x$name, x$part, x$layer)), "  ",
    format(x$input), " -> ", format(x$output), "  ", grid_text(x$exact, x$reason, good = "")
  )
  near <- if (broken && length(sizes)) paste0("Exact sizes nearby: ", paste(utils::head(sizes, 6), collapse = ", "))
  c(verdict, sub(" +$", "", lines), near)
}

# Where in the model a layer is, unless its number says it.
part_title <- function(name, part, layer) {
  nested <- !is.na(part) & part != "" & part != as.character(layer)
  paste0(name, ifelse(nested, paste0(" (", part, ")"), ""))
}

grid_text <- function(exact, reason, good = "exact") {
  known <- ifelse(exact, good, paste0("BREAKS: ", reason))
  ifelse(is.na(exact), ifelse(is.na(reason), "", reason), known)
}

reasons <- function(rows) {
  vapply(rows, function(row) if (is.null(row$reason)) NA_character_ else in_r_words(row$reason), "")
}

#' @export
print.shape_plan <- function(x, ...) {
  if (!all(c("layer", "exact") %in% names(x))) {
    return(NextMethod())
  }
  cat(format(x), sep = "\n")
  invisible(x)
}
