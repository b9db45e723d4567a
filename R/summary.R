#' What a module is made of, and what it costs
#'
#' One row for each layer: the fields that it takes and gives, its parameters and, for an input of some size, the
#' shape of its output, its operations, its memory, and whether it keeps the symmetries of the grid exactly. Layers of
#' this package compute nothing, whatever the size; modules that were written by hand in Python are measured, see
#' [shape_plan()].
#'
#' @param object A module.
#' @param size Height and width of the input; one number for both. Without it only what does not depend on the size is told.
#' @param ... Not used.
#' @return A data frame with one row for each layer, which prints as a table:
#'   * `layer`, `input`, `output`: the layer and the types of its fields, `NA` for plain numbers;
#'   * `parameters`: what training adjusts;
#'   * `shape`: of the output for one image, as `"channels x height x width"`;
#'   * `multiply_adds`: of convolutions and matrix products for one image, with filters expanded;
#'   * `memory`: of the output for one image, in bytes;
#'   * `exact`, `reason`: whether quarter turns and reflections are exact on a grid of this size, and why not; `NA` where
#'     nothing is said or known;
#'   * `part`: where the layer is in the model, positions counted from 1.
#'
#'   `attr(found, "exact")` is the verdict on the whole, `NA` if it is not known. The columns from `shape` on are there
#'   if `size` is given.
#' @seealso [shape_plan()] for sizes at which every layer is exact; [n_parameters()]
#' @name summary.equivariant_module
#' @export
#' @examplesIf intertwine_available()
#' model <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(regular = 8), kernel_size = 5) |>
#'   nonlin_relu() |>
#'   head_classes(n = 10)
#' summary(model)
#' summary(model, size = 28)
#' sum(summary(model, size = 28)$multiply_adds)
summary.equivariant_module <- function(object, size = NULL, ...) {
  check_alive(object)
  sizes <- if (!is.null(size)) as.list(as_whole(size, min = 1))
  found <- py_call_checked("_r.layers.summary", list(object, sizes))
  rows <- found$rows
  text <- function(name) vapply(rows, function(row) row[[name]] %||% NA_character_, "")
  number <- function(name) vapply(rows, function(row) row[[name]] %||% NA_real_, 0)
  table <- data.frame(
    layer = vapply(rows, layer_title, ""),
    input = text("input"),
    output = text("out"),
    parameters = number("parameters")
  )
  if (!is.null(size)) {
    table$shape <- text("shape")
    table$multiply_adds <- number("multiply_adds")
    table$memory <- number("activation_bytes")
    table$exact <- vapply(rows, function(row) row$exact %||% NA, NA)
    table$reason <- reasons(rows)
    table$part <- text("part")
  }
  structure(
    table,
    class = c("module_summary", "data.frame"),
    start = py_call_checked("_r.layers.start_text", list(object)),
    size = size,
    exact = if (isTRUE(found$judged)) found$exact %||% NA,
    expansion = sum(0, number("expansion"), na.rm = TRUE)
  )
}

#' @export
format.module_summary <- function(x, ...) {
  sized <- "multiply_adds" %in% names(x)
  total <- sum(x$parameters)
  header <- c(
    paste0(
      nrow(x), if (nrow(x) == 1) " layer, " else " layers, ", big_number(total),
      if (total == 1) " parameter" else " parameters"
    ),
    if (!is.null(attr(x, "start"))) paste0("from ", attr(x, "start"))
  )
  positions <- formatC(seq_len(nrow(x)), width = nchar(nrow(x)))
  titles <- if (sized) part_title(x$layer, x$part, seq_len(nrow(x))) else x$layer
  columns <- list(
    left(paste0(strrep(" ", nchar(nrow(x)) + 2), "layer"), paste0(positions, "  ", titles)),
    left("output", ifelse(is.na(x$output), "plain numbers", sub("^.* on [^:]*: ", "", x$output))),
    if (sized) right("shape", ifelse(is.na(x$shape), "", x$shape)),
    right("parameters", big_number(x$parameters)),
    if (sized) right("multiply-adds", big_number(x$multiply_adds)),
    if (sized) right("memory", byte_text(x$memory)),
    if (sized) left("grid", grid_text(x$exact, x$reason))
  )
  table <- sub(" +$", "", do.call(paste, c(list(" "), columns[!vapply(columns, is.null, NA)], sep = "  ")))
  footer <- if (sized) {
    c(
      paste0(
        "For one image of ", paste(rep_len(attr(x, "size"), max(2, length(attr(x, "size")))), collapse = " x "), ": ",
        big_number(sum(x$multiply_adds)), " multiply-adds, ", byte_text(sum(x$memory)), " of activations."
      ),
      grid_verdict(attr(x, "exact"))
    )
  }
  c(header, table, footer)
}

#' @export
print.module_summary <- function(x, ...) {
  if (!all(c("layer", "output", "parameters") %in% names(x))) {
    return(NextMethod())
  }
  cat(format(x), sep = "\n")
  invisible(x)
}

grid_verdict <- function(exact) {
  if (is.null(exact)) {
    NULL
  } else if (is.na(exact)) {
    "It is not known whether this is exact on a grid of this size."
  } else if (exact) {
    "Exact on the grid: every layer keeps quarter turns and reflections."
  } else {
    "Not exact on a grid of this size: shape_plan() names sizes at which it is."
  }
}

left <- function(title, cells) format(c(title, cells))

right <- function(title, cells) formatC(c(title, cells), width = max(nchar(c(title, cells))))

big_number <- function(x) formatC(x, format = "d", big.mark = ",")

byte_text <- function(x) {
  unit <- pmin(pmax(floor(log10(pmax(x, 1)) / 3), 0), 3)
  paste(format_significant(x / 1000^unit), c("B", "KB", "MB", "GB")[unit + 1])
}

format_significant <- function(x) vapply(x, function(value) format(signif(value, 3), trim = TRUE), "")
