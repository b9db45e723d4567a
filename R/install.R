#' Install what the Python half needs
#'
#' Makes a virtual environment of its own and installs torch, numpy, scipy and what training and plots need into it.
#' intertwine finds the environment by its name in the next session. pip's own configuration (`pip.conf`, `PIP_INDEX_URL`,
#' proxies) is honoured.
#'
#' Where a Python with these packages exists already, installing is not needed: set the environment variable
#' `INTERTWINE_PYTHON` to it.
#'
#' @param envname Name or folder of the virtual environment.
#' @param torch `"cpu"` for the small build without CUDA, where torch's own index can be reached; `"default"` for what pip's
#'   configured index has.
#' @param python The Python to make the environment with; found automatically if `NULL`. reticulate before 1.33 needs 3.11 or
#'   older.
#' @param extra Further packages.
#' @param dry_run Only return the commands?
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return The commands that were run, invisibly.
#' @export
#' @examples
#' install_intertwine(dry_run = TRUE)
install_intertwine <- function(envname = "r-intertwine", torch = c("cpu", "default"), python = NULL,
                               extra = character(), dry_run = FALSE, ...) {
  torch <- match_choice(torch)
  check_string(envname)
  check_flag(dry_run)
  folder <- if (grepl("[/\\\\]", envname)) path.expand(envname) else environment_folder(envname)
  commands <- install_commands(folder, torch, python %||% starter_python(), extra)
  if (dry_run) {
    return(commands)
  }
  # Checks run examples of strangers on machines of strangers.
  if (nzchar(Sys.getenv("_R_CHECK_PACKAGE_NAME_"))) {
    abort_intertwine("install_intertwine() does not run inside R CMD check.", class = "install")
  }
  for (command in commands) run_command(command, optional = isTRUE(attr(command, "optional")))
  rlang::inform(c("Installed.", i = "Restart R; intertwine will then find the environment by itself."))
  invisible(commands)
}

#' The Python packages that the R functions use, with the versions that they need: the core, `train`, `plot` and `data` of
#' pyproject.toml (a test compares the two). `install_intertwine()` installs them, and a reticulate that makes environments
#' itself is told of them.
#' @noRd
python_packages <- c(
  torch = ">=2.6", numpy = ">=1.26", scipy = ">=1.11", safetensors = ">=0.4.3",
  filelock = ">=3.12", "lightning-fabric" = ">=2.2", torchmetrics = ">=1.4", matplotlib = ">=3.8",
  "scikit-learn" = ">=1.3", pillow = ">=10"
)

#' Requirements as pip writes them.
#' @noRd
requirements <- function(packages) paste0(names(packages), packages)

#' The commands of an installation, in order.
#' @noRd
install_commands <- function(folder, torch, python, extra = character()) {
  inside <- file.path(folder, if (.Platform$OS.type == "windows") "Scripts/python.exe" else "bin/python")
  needed <- python_packages
  if (utils::packageVersion("reticulate") < "1.38") {
    # Older versions convert only the arrays of NumPy 1 for those who use it directly.
    needed[["numpy"]] <- paste0(needed[["numpy"]], ",<2")
  }
  commands <- list(
    c(python, "-m", "venv", folder),
    c(inside, "-m", "pip", "install", "--upgrade", "pip")
  )
  if (torch == "cpu" && Sys.info()[["sysname"]] %in% c("Linux", "Windows")) {
    # An extra index, tried for torch alone: everything else comes from where pip is configured to look.
    index <- "https://download.pytorch.org/whl/cpu"
    cpu <- c(inside, "-m", "pip", "install", "--index-url", index, requirements(needed["torch"]))
    commands <- c(commands, list(structure(cpu, optional = TRUE)))
  }
  c(commands, list(c(inside, "-m", "pip", "install", requirements(needed), extra)))
}

starter_python <- function() {
  candidates <- c("python3", "python")
  if (utils::packageVersion("reticulate") < "1.33") candidates <- c("python3.11", "python3.10", candidates)
  found <- Sys.which(candidates)
  found <- found[nzchar(found)]
  if (length(found)) found[[1]] else "python3"
}

run_command <- function(command, optional = FALSE) {
  status <- system2(command[1], shQuote(command[-1]))
  if (status != 0 && !optional) {
    abort_intertwine(
      "This command failed: {paste(command, collapse = ' ')}",
      class = "install", hint = "Its own messages are above.", call = quote(install_intertwine())
    )
  }
  invisible(status)
}
