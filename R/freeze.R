# Freezing: a promise that weights stay as they are.

#' Freeze a module for evaluation
#'
#' Equivariant layers expand their weights to filters. In evaluation they keep the filters, but compare the weights with a
#' copy at every call. `freeze_module()` promises that the weights stay as they are, so that nothing is compared;
#' `thaw_module()` ends this. [predict()][predict.intertwine_fit], [evaluate()] and the validation in [fit()] freeze a module
#' while they run, so that you need this for many calls of a module of your own.
#'
#' Training, loading, moving and casting the module, and steps of an optimizer on its weights thaw it. Changes of the
#' numbers in place (`model$weights$data$mul_(2)`) are not seen: call `thaw_module()` after them.
#'
#' @param module A torch module, such as a layer or a sequence. It is changed in place.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return `freeze_module()` and `thaw_module()`: the module, invisibly. `is_frozen()`: `TRUE` or `FALSE`.
#' @export
#' @examplesIf intertwine_available()
#' model <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 2), kernel_size = 3)
#' model$eval()
#' freeze_module(model)
#' is_frozen(model)
#' is_frozen(thaw_module(model))
freeze_module <- function(module, ...) {
  check_module(module)
  invisible(py_call_checked("nn.freeze", list(module)))
}

#' @rdname freeze_module
#' @export
thaw_module <- function(module, ...) {
  check_module(module)
  invisible(py_call_checked("nn.thaw", list(module)))
}

#' @rdname freeze_module
#' @export
is_frozen <- function(module, ...) {
  check_module(module)
  py_call_checked("nn.is_frozen", list(module))
}
