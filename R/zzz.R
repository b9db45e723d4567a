.onLoad <- function(libname, pkgname) {
  # Nothing here may start Python. reticulate itself takes longer to load than all of intertwine, so it waits for its first
  # use.
  adopt_python_choice()
  if (isNamespaceLoaded("reticulate")) {
    prepare_reticulate()
  } else {
    setHook(packageEvent("reticulate", "onLoad"), function(...) prepare_reticulate())
  }
  register_tensor_methods()
  register_statistics()
  register_study_methods()
}

#' What reticulate has to know of us before it starts Python.
#' @noRd
prepare_reticulate <- function() {
  reticulate::register_class_filter(short_classes)
  if (!python_refused()) declare_requirements()
}

#' An interpreter that the user names for intertwine is one that reticulate shall use, unless it was told already.
#' @noRd
adopt_python_choice <- function() {
  chosen <- Sys.getenv("INTERTWINE_PYTHON")
  if (nzchar(chosen) && !python_refused() && !nzchar(Sys.getenv("RETICULATE_PYTHON"))) {
    Sys.setenv(RETICULATE_PYTHON = chosen)
  }
}

#' Tell reticulate what Python needs, as far as its version can be told; and in which environment to look first.
#' @noRd
declare_requirements <- function() {
  if ("py_require" %in% getNamespaceExports("reticulate")) {
    declare <- getExportedValue("reticulate", "py_require")
    declare(requirements(python_packages), python_version = ">=3.10")
  }
  # An import that is delayed, and never made through this object: reticulate searches this environment by it.
  the$hint <- reticulate::import("torch", delay_load = list(environment = "r-intertwine"))
}

#' Methods for `torch.Tensor`, unless some other package has them.
#' @noRd
register_tensor_methods <- function() {
  methods <- list(
    as.array = as.array_torch_tensor, dim = dim_torch_tensor, length = length_torch_tensor, mean = mean_torch_tensor,
    Ops = Ops.geometric_tensor, Math = math_torch_tensor, Summary = summary_torch_tensor, "[" = part_torch_tensor,
    as.double = double_torch_tensor, as.vector = vector_torch_tensor
  )
  for (generic in names(methods)) {
    taken <- utils::getS3method(generic, "torch.Tensor", optional = TRUE, envir = baseenv())
    if (is.null(taken)) {
      registerS3method(generic, "torch.Tensor", methods[[generic]], envir = baseenv())
    }
  }
}

# Behind all functions; documentation reads the sources without a namespace.
if (isNamespace(environment())) guard_functions(environment())
