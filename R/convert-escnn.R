#' Models of escnn
#'
#' Reads the weights of a model of the Python library escnn (or e2cnn) into a model of ours with the same layers. The other
#' library need not be installed: its files hold the filters, which are projected on our basis.
#'
#' @param module A model with the same layers as the other one, in the same order. It is not changed.
#' @param state The file that `torch.save(model.state_dict(), path)` wrote, from training or evaluation mode; or a named
#'   list of arrays or tensors.
#' @param tolerance The largest residual that passes: the part of a filter that our basis cannot make. `NULL` for any.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A list of the converted `module` and a data frame `layers` with the `layer`, its `kind` and the `residual` of its
#'   filters (`NA` for layers without).
#' @section Errors:
#' `intertwine_error_model_file` if a layer finds nothing that fits, or a residual is larger than the tolerance;
#' `intertwine_error_file` if there is no such file. Files are read without running anything in them.
#' @seealso [intertwine_load()] for our own files
#' @export
#' @examplesIf intertwine_available()
#' conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(regular = 2), kernel_size = 3)
#' # what escnn saves: expanded filters and biases
#' theirs <- list(filter = as.array(conv$expand_parameters()[[1]]), expanded_bias = rep(0.5, 8))
#' converted <- convert_escnn(conv, theirs)
#' converted$layers
convert_escnn <- function(module, state, tolerance = 1e-4, ...) {
  check_module(module)
  if (!is.null(tolerance)) tolerance <- as.double(check_number(tolerance, min = 0))
  if (is.list(state) && !is.null(names(state)) && !is_py(state)) {
    state <- as_py_dict(lapply(state, function(value) if (is_py(value)) value else as_torch(value, dtype = "float64")))
  } else {
    check_file(state)
    state <- path.expand(state)
  }
  found <- py_call_checked("_r.crossing.files.convert", list(module, state, tolerance))
  list(
    module = found$module,
    layers = data.frame(
      layer = vapply(found$layers, function(row) row$name, ""),
      kind = vapply(found$layers, function(row) sub("\\(\\)$", "", r_name_of(row$kind)), ""),
      residual = vapply(found$layers, function(row) row$residual %||% NA_real_, 0)
    )
  )
}
