#' Read images from IDX files
#'
#' The format of the MNIST family of data sets, plain or gzipped.
#'
#' @param path A file.
#' @param scale Whether unsigned bytes, which lie between 0 and 255, become
#'   numbers between 0 and 1. Labels are never scaled.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return [images()] for files with three dimensions (images, rows, columns)
#'   or four (images, rows, columns, channels), an integer or double vector for files with one
#'   dimension (labels), an array for the rest.
#' @section Errors:
#' A condition of class `intertwine_error_file` if there is no such file, if it
#' is not an IDX file, or if it ends too early.
#' @source <http://yann.lecun.com/exdb/mnist/>, where the format is described.
#' @examples
#' # two pictures of two by three pixels, as such a file holds them
#' path <- tempfile()
#' writeBin(as.raw(c(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1:12)), path)
#' read_idx(path, scale = FALSE)
#' @export
read_idx <- function(path, scale = TRUE, ...) {
  if (rlang::is_string(path)) path <- as_native(path)
  check_file(path)
  connection <- gzfile(path, "rb")
  on.exit(close(connection))
  magic <- readBin(connection, "raw", 4)
  types <- c("08" = "unsigned", "09" = "signed", "0b" = "short", "0c" = "int", "0d" = "float", "0e" = "double")
  kind <- if (length(magic) == 4) types[as.character(magic[3])]
  n_dims <- if (length(magic) == 4) as.integer(magic[4]) else 0L
  if (is.null(kind) || is.na(kind) || any(magic[1:2] != as.raw(0)) || n_dims < 1) {
    abort_intertwine(
      "'{path}' is not an IDX file.",
      class = "file",
      hint = "An IDX file begins with two zero bytes, the type of its numbers and the number of its dimensions."
    )
  }
  dims <- readBin(connection, "integer", n_dims, size = 4, endian = "big")
  if (length(dims) < n_dims || anyNA(dims) || any(dims < 0)) {
    abort_truncated(path)
  }
  values <- read_numbers(connection, kind, prod(dims))
  if (length(values) < prod(dims)) {
    abort_truncated(path, paste("it holds", length(values), "of", prod(dims), "values"))
  }
  if (n_dims == 1) {
    return(values)
  }
  # the last index runs fastest in the file, the first one in R
  x <- array(values, dim = rev(dims))
  range <- if (scale && kind == "unsigned") c(0, 255)
  switch(as.character(n_dims),
    "3" = images(x, "whn", range = range),
    "4" = images(x, "cwhn", range = range),
    aperm(x, rev(seq_len(n_dims)))
  )
}

read_numbers <- function(connection, kind, count) {
  read <- function(what, size, signed = TRUE) {
    readBin(connection, what, count, size = size, signed = signed, endian = "big")
  }
  switch(kind,
    unsigned = read("integer", 1, signed = FALSE),
    signed = read("integer", 1),
    short = read("integer", 2),
    int = read("integer", 4),
    float = read("double", 4),
    double = read("double", 8)
  )
}

check_file <- function(path, call = rlang::caller_env()) {
  check_string(path, "path", call)
  if (dir.exists(path)) {
    abort_intertwine(
      "'{path}' is a folder, not a file.",
      class = "file", hint = "Give a file in it: file.path(path, \"name\").", call = call
    )
  }
  if (!file.exists(path)) {
    abort_intertwine(
      "There is no file '{path}'.",
      class = "file", hint = "The working directory is '{getwd()}'.", call = call
    )
  }
  invisible(path)
}

abort_truncated <- function(path, detail = NULL, call = rlang::caller_env()) {
  abort_intertwine(
    "'{path}' ends too early{if (!is.null(detail)) paste0(': ', detail)}.",
    class = "file",
    hint = "Fetch the file again.",
    call = call
  )
}
