# Arrays in and out, as raw bytes: never through reticulate's NumPy conversion, which aliases R's memory, leaves tensors
# in column-major strides, turns NA into data, and fails for NumPy 2 under reticulate 1.28. Dimensions keep their order.

#' Bytes that cross at once. R writes at most 2^31 - 1 in one piece. Smaller in tests.
#' @noRd
chunk_bytes <- function() getOption("intertwine.chunk_bytes", 2^30)

#' A torch tensor
#'
#' Copies an R array into a new torch tensor. Dimensions keep their order: element `[i, j, k]` of the array is that of
#' the tensor. The tensor is contiguous in Python's sense and shares no memory with R.
#'
#' @param x An array, matrix or vector; or a tensor, or a [geometric_tensor()].
#' @param dtype The kind of number: `"float32"` (the default), `"float64"`, `"float16"`, `"bfloat16"`, `"int64"`,
#'   `"int32"`, `"int16"`, `"int8"`, `"uint8"`, `"bool"`, `"complex64"` or `"complex128"`.
#' @param device Where the tensor lives, such as `"cuda"`; the CPU if `NULL`.
#' @param ... For methods.
#' @return A `torch.Tensor`. `as.array()` and `dim()` work on it.
#' @details `NA` is an error, for no torch type has a missing value. `NaN` and infinities pass in floating-point types.
#' @seealso [geometric_tensor()]
#' @export
#' @examplesIf intertwine_available()
#' x <- as_torch(array(1:24, c(2, 3, 4)))
#' dim(x)
#' as.array(x)[2, 3, 4]
as_torch <- function(x, dtype = "float32", device = NULL, ...) {
  UseMethod("as_torch")
}

#' @export
as_torch.default <- function(x, dtype = "float32", device = NULL, ...) {
  # Errors are those of the generic, which the user called.
  to_py_tensor(x, dtype, device, call = quote(as_torch()))
}

#' @export
as_torch.Matrix <- function(x, dtype = "float32", device = NULL, ...) {
  to_py_tensor(as.matrix(x), dtype, device, call = quote(as_torch()))
}

#' @export
as_torch.geometric_tensor <- function(x, dtype = "float32", device = NULL, ...) {
  cast_tensor(x$tensor, if (!missing(dtype)) dtype, device)
}

#' @export
as_torch.torch.Tensor <- function(x, dtype = "float32", device = NULL, ...) {
  cast_tensor(x, if (!missing(dtype)) dtype, device)
}

#' A tensor as it is, but for a type of number and a device that were asked for.
#' @noRd
cast_tensor <- function(x, dtype, device, call = quote(as_torch())) {
  check_alive(x, call)
  if (is.null(dtype) && is.null(device)) x else py_call_checked("_r.crossing.arrays.cast", list(x, dtype, device), call)
}

#' An R array as a torch tensor.
#'
#' `dims` replaces the dimensions of `x`; `arg` names it in messages.
#' @noRd
to_py_tensor <- function(x, dtype = "float32", device = NULL, dims = array_dims(x), arg = "x",
                         call = rlang::caller_env()) {
  packed <- pack_array(x, dtype, dims, arg, call)
  if (is.null(packed$inbox)) {
    py_call_checked("_r.crossing.arrays.unpack", list(packed$data, packed$dims, packed$wire, dtype, device), call)
  } else {
    py_call_checked(packed$inbox$tensor, list(packed$dims, packed$wire, dtype, device), call)
  }
}

#' The bytes of an array, with what Python needs to read them: `data`, `dims`, `wire`; above [chunk_bytes()] an `inbox`
#' that is already filled, in place of `data`.
#' @noRd
pack_array <- function(x, dtype = "float32", dims = array_dims(x), arg = "x", call = rlang::caller_env()) {
  check_array(x, dtype, arg, call)
  wire <- switch(typeof(x),
    double = if (dtype %in% c("float32", "float16", "bfloat16")) "float" else "double",
    integer = , logical = "integer",
    complex = "complex",
    raw = "raw"
  )
  width <- c(double = 8, float = 4, integer = 4, complex = 16, raw = 1)[[wire]]
  values <- if (is.object(x)) unclass(x) else x
  record <- list(dims = as.list(as.integer(dims)), wire = wire)
  if (length(values) * width <= chunk_bytes()) {
    record$data <- value_bytes(values, wire, width)
    return(record)
  }
  inbox <- py_call_checked("_r.crossing.arrays.Inbox", list(length(values) * width), call)
  each <- max(1, floor(chunk_bytes() / width))
  for (start in seq(1, length(values), by = each)) {
    piece <- values[start:min(start + each - 1, length(values))]
    inbox$add(value_bytes(piece, wire, width))
  }
  record$inbox <- inbox
  record
}

value_bytes <- function(values, wire, width) {
  attributes(values) <- NULL
  switch(wire,
    raw = values,
    complex = writeBin(values, raw()),
    writeBin(values, raw(), size = width)
  )
}

check_array <- function(x, dtype, arg, call) {
  if (is.data.frame(x) || is.factor(x) || !(is.numeric(x) || is.logical(x) || is.complex(x) || is.raw(x))) {
    abort_intertwine(
      "`{arg}` must be a numeric array, not {describe_value(x)}.",
      class = "argument_type",
      hint = if (is.data.frame(x)) {
        "Convert it with as.matrix() or data.matrix()."
      } else if (is.list(x)) {
        "Bind a list of arrays of one size with simplify2array(), or use images()."
      } else if (is.factor(x) || (is.character(x) && length(x) > 1 && is.null(dim(x)))) {
        "One column for each class: outer(x, unique(x), \"==\")."
      },
      call = call
    )
  }
  check_no_na(x, arg, call)
  if (is.complex(x) && !startsWith(dtype, "complex")) {
    abort_intertwine(
      "`{arg}` is complex, and {dtype} has no imaginary part.",
      class = "argument_type", hint = "Use Re(), Im() or Mod(), or dtype = \"complex64\".", call = call
    )
  }
  if (is.double(x) && grepl("int|bool", dtype) && any(x != round(x) | !is.finite(x))) {
    abort_intertwine(
      "`{arg}` holds values that are not whole numbers, which {dtype} cannot hold.",
      hint = "Round them, or use dtype = \"float32\".", call = call
    )
  }
}

#' Refuse NA; NaN is a number to torch and passes.
#' @noRd
check_no_na <- function(x, arg, call) {
  # anyNA() is fast and also finds NaN, so look closer only where it finds something.
  if (!anyNA(x)) {
    return(invisible())
  }
  missing <- if (is.double(x)) is.na(x) & !is.nan(x) else is.na(x)
  count <- sum(missing)
  if (count) {
    abort_intertwine(
      "`{arg}` has {count} missing value{?s} (NA), which a tensor cannot hold.",
      class = "missing_values",
      hint = "Replace them, or drop the cases that have them.",
      call = call
    )
  }
}

array_dims <- function(x) {
  if (is.null(dim(x))) length(x) else dim(x)
}

#' Is this a record of an array that Python sent?
#' @noRd
is_py_array <- function(x) is.list(x) && !is.null(x$array) && !is.null(x$dims)

#' The R array in a record from Python; anything else as it is. One-dimensional ones become plain vectors.
#' @noRd
from_py_array <- function(record) {
  if (!is_py_array(record)) {
    return(record)
  }
  dims <- as.numeric(unlist(record$dims))
  count <- prod(dims)
  values <- if (!is.null(record$data)) {
    read_values(record$data, record$array, count)
  } else {
    read_outbox(record$outbox, record$array, count)
  }
  if (length(dims) > 1) dim(values) <- dims
  values
}

read_values <- function(bytes, kind, count) {
  switch(kind,
    double = readBin(bytes, "double", count),
    float = readBin(bytes, "double", count, size = 4),
    integer = readBin(bytes, "integer", count),
    logical = as.logical(readBin(bytes, "integer", count)),
    complex = readBin(bytes, "complex", count)
  )
}

read_outbox <- function(outbox, kind, count) {
  width <- c(double = 8, float = 4, integer = 4, logical = 4, complex = 16)[[kind]]
  values <- vector(if (kind == "float") "double" else kind, count)
  each <- max(1, floor(chunk_bytes() / width))
  for (start in seq(0, count - 1, by = each)) {
    stop <- min(start + each, count)
    piece <- outbox$piece(start * width, stop * width)
    values[(start + 1):stop] <- read_values(piece, kind, stop - start)
  }
  values
}

#' A tensor as an R array.
#' @noRd
tensor_to_array <- function(tensor, call = rlang::caller_env()) {
  from_py_array(py_call_checked("_r.crossing.arrays.pack", list(tensor, chunk_bytes()), call))
}

#' Arrays from tensors
#'
#' Copies the values of a torch tensor into an R array with the same dimensions.
#'
#' @param x A tensor.
#' @param ... Unused.
#' @return An array; a plain vector for tensors of one dimension or none. Half precision becomes double, 64-bit
#'   integers become double, other integers integer, booleans logical.
#' @name tensor-methods
#' @keywords internal
NULL

# These classes belong to Python's torch, and other packages may have methods for them: registered in .onLoad, and only
# where there are none.
as.array_torch_tensor <- function(x, ...) {
  tensor_to_array(x)
}

double_torch_tensor <- function(x, ...) {
  as.double(tensor_to_array(x))
}

vector_torch_tensor <- function(x, mode = "any") {
  as.vector(tensor_to_array(x), mode)
}

dim_torch_tensor <- function(x) {
  as.integer(unlist(py_call_checked("_r.crossing.values.shape", list(x))))
}
