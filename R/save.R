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
#' @param classes The Python classes of your own that the module is made of, or
#'   `NULL`: one class or a list of them, made by `reticulate::PyClass()` or
#'   taken from a Python module.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return `intertwine_save()`: `path`, invisibly. `intertwine_load()`: the
#'   module or fit.
#' @details
#' A module is described, built again from the description on the spot, and
#' compared in all that it holds. What has changed since it was built (the
#' `eps` of a batch normalisation, a part in eval mode, frozen weights) is saved
#' along with it; what no file can hold, such as a hook, is refused. So a file
#' always holds the whole model.
#'
#' Classes of your own are saved by their name and the arguments with which the
#' module was built, if they inherit from `intertwine_py()$nn$EquivariantModule`,
#' and are found again among `classes` when the file is read: define them first, then
#' load. Only classes that you give are ever built from a file.
#'
#' A symbolic link stays a link, and the file that it points to is written; a
#' file that is there keeps its mode.
#' @section Errors:
#' `intertwine_error_file` if the file does not exist, or exists and may not be
#' replaced; `intertwine_error_model_file` if it is no such file, is cut
#' short, was written by an incompatible version, or is a folder, pipe or device;
#' `intertwine_error_missing_class` if it needs a class that is not among `classes`;
#' `intertwine_error_argument` if a module cannot be saved, because it has parts
#' that are R functions, hooks, or classes that do not tell their arguments. A file is
#' replaced whole or not at all.
#' @examplesIf intertwine::intertwine_available()
#' module <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(regular = 2), kernel_size = 3)
#' path <- tempfile(fileext = ".safetensors")
#' intertwine_save(module, path)
#' intertwine_load(path)
#' @export
intertwine_save <- function(object, path, overwrite = TRUE, ...) {
  path <- check_path(path)
  check_flag(overwrite)
  check_class(
    object, c("intertwine_fit", "equivariant_module", "torch.nn.modules.module.Module"), "a fit or a module",
    hint = "Other R objects are kept by saveRDS()."
  )
  if (file.exists(path) && !overwrite) {
    abort_intertwine(
      "There is already a file '{path}'.",
      class = "file", hint = "Use another name, or overwrite = TRUE."
    )
  }
  if (!dir.exists(dirname(path))) {
    abort_intertwine("There is no folder '{dirname(path)}'.", class = "file", hint = "Make it first: dir.create().")
  }
  extra <- if (inherits(object, "intertwine_fit")) list(fit = fit_record(object))
  module <- if (inherits(object, "intertwine_fit")) fit_module(object) else object
  py_call_checked("_r.crossing.files.save", list(module, as_utf8(path.expand(path)), extra))
  invisible(path)
}

#' @rdname intertwine_save
#' @export
intertwine_load <- function(path, classes = NULL, ...) {
  path <- check_path(path)
  check_file(path)
  found <- py_call_checked("_r.crossing.files.load", list(as_utf8(path.expand(path)), as_python_classes(classes)))
  if (is.null(found$fit)) found$module else fit_from_record(found$fit, found$module, found$state)
}

#' One name of a file that the system could have.
#' @noRd
check_path <- function(path, call = rlang::caller_env()) {
  check_string(path, "path", call)
  if (!nzchar(path)) {
    abort_intertwine("`path` must be the name of a file, not an empty string.", call = call)
  }
  # beyond this, R itself gives warnings and errors without a class
  if (nchar(path, "bytes") > 4000) {
    abort_intertwine(
      "There can be no file with a name of {nchar(path, 'bytes')} letters.",
      class = "file", hint = "Use a shorter name.", call = call
    )
  }
  as_native(path)
}

#' Names on the disk as R's own functions take them. In a locale without UTF-8, they cannot translate a name that is marked
#' as UTF-8, though the system holds just these bytes.
#' @noRd
as_native <- function(x) {
  if (!l10n_info()$`UTF-8`) Encoding(x[Encoding(x) == "UTF-8"]) <- "unknown"
  x
}

#' Names on the disk as Python takes them. In a locale without UTF-8, R does not say of names that they are UTF-8.
#' @noRd
as_utf8 <- function(x) {
  unmarked <- Encoding(x) == "unknown" & validUTF8(x)
  Encoding(x[unmarked]) <- "UTF-8"
  x
}

as_python_classes <- function(classes, call = rlang::caller_env()) {
  if (is.null(classes)) {
    return(NULL)
  }
  classes <- if (is_py(classes)) list(classes) else as.list(classes)
  wrong <- !vapply(classes, inherits, logical(1), "python.builtin.type")
  if (any(wrong)) {
    abort_intertwine(
      "`classes` must be Python classes, not {describe_value(classes[[which(wrong)[1]]])}.",
      class = "argument_type", hint = "Give the classes themselves, such as `classes = list(Net)`.", call = call
    )
  }
  unname(classes)
}

module_state <- function(module, call = rlang::caller_env()) {
  py_call_checked("_r.crossing.files.to_bytes", list(module), call)
}

module_from_state <- function(state, call = rlang::caller_env()) {
  withCallingHandlers(
    py_call_checked("_r.crossing.files.from_bytes", list(as.vector(state)), call),
    intertwine_error_model_file = function(condition) {
      if (!inherits(condition, "intertwine_error_missing_class")) {
        abort_intertwine(
          "This fit is damaged: its weights cannot be read.",
          class = c("damaged_fit", "model_file"), hint = "Read it again from where it was saved, or train again.",
          call = call, parent = condition
        )
      }
    },
    intertwine_error_missing_class = function(condition) {
      abort_intertwine(
        "This fit was made in another R session, of a module of your own class, which is not known here.",
        class = c("missing_class", "dead_pointer"),
        hint = "Keep such fits with intertwine_save(), and read them with intertwine_load(path, classes = ).",
        call = call
      )
    }
  )
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
    inputs = if (!is.null(kept$inputs)) as.list(kept$inputs),
    outputs = if (!is.null(kept$outputs)) as.list(kept$outputs),
    stopped = kept$stopped,
    seconds = kept$seconds,
    batches = kept$batches,
    best_epoch = kept$best_epoch,
    parameters = kept$parameters,
    samples = kept$samples,
    # functions and objects of Python belong to the session
    settings = Filter(is_plain, kept$settings)
  )
}

is_plain <- function(value) {
  if (is.list(value)) all(vapply(value, is_plain, logical(1))) else is.atomic(value) && !is.null(value)
}

fit_from_record <- function(record, module, state) {
  vectors <- lapply(record[c("levels", "input_size", "inputs", "outputs")], unlist)
  fitted <- list(
    history = as_history(record$history), levels = vectors$levels, inputs = vectors$inputs,
    outputs = vectors$outputs, kind = record$kind,
    input_size = as.integer(vectors$input_size), stopped = record$stopped, seconds = record$seconds,
    batches = record$batches, best_epoch = record$best_epoch, parameters = record$parameters,
    settings = lapply(record$settings, function(value) if (is.list(value)) unlist(value) else value),
    samples = record$samples, state = state, live = new.env(parent = emptyenv())
  )
  fitted$live$module <- module
  structure(fitted, class = "intertwine_fit")
}
