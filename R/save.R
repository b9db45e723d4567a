#' Save and load networks
#'
#' Writes a module or a fit to one file that R and Python read alike
#' (`intertwine.deploy.load()` in Python), on any machine. The file
#' holds the weights and how to build the module, nothing that could be run. A fit also
#' keeps its history, its levels and the rest.
#'
#' @param object A module, or a fit of [fit()].
#' @param path A file; the usual ending is `.safetensors`.
#' @param overwrite Whether an existing file may be replaced.
#' @return `intertwine_save()`: `path`, invisibly. `intertwine_load()`: the
#'   module or fit.
#' @section Errors:
#' `intertwine_error_file` if the file does not exist, or exists and may not be
#' replaced; `intertwine_error_model_file` if it is no such file, is cut
#' short, or was written by an incompatible version; and if a module cannot be saved,
#' because it has parts that are R functions or unknown classes. A file is
#' replaced whole or not at all.
#' @examplesIf intertwine::intertwine_available()
#' module <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(regular = 2), kernel_size = 3)
#' path <- tempfile(fileext = ".safetensors")
#' intertwine_save(module, path)
#' intertwine_load(path)
#' @export
intertwine_save <- function(object, path, overwrite = TRUE) {
  check_string(path)
  check_flag(overwrite)
  check_class(
    object, c("intertwine_fit", "equivariant_module", "torch.nn.modules.module.Module"), "a fit or a module",
    hint = "Other R objects are kept by saveRDS()."
  )
  if (file.exists(path) && !overwrite) {
    abort_intertwine(
      paste0("There is already a file '", path, "'."),
      class = "file", hint = "Use another name, or overwrite = TRUE."
    )
  }
  if (!dir.exists(dirname(path))) {
    abort_intertwine(paste0("There is no folder '", dirname(path), "'."), class = "file")
  }
  extra <- if (inherits(object, "intertwine_fit")) list(fit = fit_record(object))
  module <- if (inherits(object, "intertwine_fit")) fit_module(object) else object
  py_call_checked("_r.files.save", list(module, path.expand(path), extra))
  invisible(path)
}

#' @rdname intertwine_save
#' @export
intertwine_load <- function(path) {
  check_file(path)
  found <- py_call_checked("_r.files.load", list(path.expand(path)))
  if (is.null(found$fit)) found$module else fit_from_record(found$fit, found$module)
}

module_state <- function(module, call = rlang::caller_env()) {
  py_call_checked("_r.files.to_bytes", list(module), call)
}

module_from_state <- function(state, call = rlang::caller_env()) {
  py_call_checked("_r.files.from_bytes", list(as.vector(state)), call)
}

#' What a fit holds besides its module, as lists that JSON can hold, for either language to read.
#' @noRd
fit_record <- function(fit) {
  kept <- unclass(fit)
  list(
    kind = kept$kind,
    levels = if (!is.null(kept$levels)) as.list(kept$levels),
    history = lapply(kept$history, as.list),
    input_size = as.list(kept$input_size),
    stopped = kept$stopped,
    seconds = kept$seconds,
    batches = kept$batches,
    best_epoch = kept$best_epoch,
    parameters = kept$parameters,
    # functions belong to the session
    settings = kept$settings[!vapply(kept$settings, function(value) is.function(value) || is.null(value), logical(1))]
  )
}

fit_from_record <- function(record, module) {
  vectors <- lapply(record[c("levels", "input_size")], unlist)
  fitted <- list(
    history = as_history(record$history), levels = vectors$levels, kind = record$kind,
    input_size = as.integer(vectors$input_size), stopped = record$stopped, seconds = record$seconds,
    batches = record$batches, best_epoch = record$best_epoch, parameters = record$parameters,
    settings = record$settings, state = module_state(module), live = new.env(parent = emptyenv())
  )
  fitted$live$module <- module
  structure(fitted, class = "intertwine_fit")
}
