# What fit(), predict() and evaluate() take as `x` or `newdata`, as Python takes it.

#' What a module takes, from what R users have.
#'
#' @return A list of `value`, a torch tensor or a Python object that gives samples; `n`, how many there are; `size`, the
#'   dimensions of a sample; `names`; `columns`, the names of the columns of a table.
#' @noRd
as_input <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  UseMethod("as_input")
}

#' @export
as_input.default <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  if (is_py(x)) {
    check_alive(x, call)
    dims <- if (inherits(x, "torch.Tensor")) dim_torch_tensor(x)
    return(list(value = x, n = dims[1], size = dims[-1], names = NULL))
  }
  if (is.factor(x) || !(is.numeric(x) || is.logical(x))) {
    abort_intertwine(
      "`{arg}` must be images or a numeric array, not {describe_value(x)}.",
      class = "argument_type", hint = "{input_hint(x)}", call = call
    )
  }
  array_input(x, module, arg, call)
}

#' How what was given becomes an input.
#' @noRd
input_hint <- function(x) {
  if (is.character(x) && is.null(dim(x))) {
    "image_folder() stands for the picture files of a folder; png::readPNG() and images(layout = \"hwc\") read a single one."
  } else if (inherits(x, "formula")) {
    "There are no formulas for networks: give x and y, as in fit(model, x, y)."
  } else {
    "Make images from arrays with images()."
  }
}

#' @export
as_input.images <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  check_axes(x, module, arg, call)
  list(
    value = to_py_tensor(bare_array(x), input_dtype(module), arg = arg, call = call),
    n = n_images(x), size = dim(x)[-1], names = names(x)
  )
}

#' @export
as_input.data.frame <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  check_numeric_columns(x, arg, "Turn factors into numbers with model.matrix().", call)
  check_no_image_network(x, module, arg, call)
  values <- as.matrix(x)
  if (.row_names_info(x) < 0) {
    # the numbers that R gives to rows without names
    rownames(values) <- NULL
  }
  array_input(values, module, arg, call)
}

#' How many axes of space the data of a network have, and what such data are called; `NULL` if that is not known.
#' @noRd
grid_of <- function(module) {
  type <- if (is_module(module)) module$in_type
  if (is_field_type(type) && type$gspace$dimensionality > 0) {
    d <- type$gspace$dimensionality
    list(d = d, kind = c("signals", "images", "volumes")[d], layout = c("nw", "nhw", "ndhw")[d], channels = n_channels(type))
  }
}

#' Refuse the rows of a table where a network takes images.
#' @noRd
check_no_image_network <- function(x, module, arg, call, what = "a data frame") {
  grid <- grid_of(module)
  if (!is.null(grid) && (what == "a vector" || grid$channels != ncol(x))) {
    hint <- switch(grid$d,
      "Signals, one in each row of a matrix, are images({arg}, \"nw\").",
      paste0(if (is.matrix(x)) "One picture is images({arg}, \"hw\"). ", "{pixels_hint(as.data.frame(x))}"),
      "A batch of volumes is images(x, \"ndhw\"), of an array with four dimensions."
    )
    kind <- grid$kind
    abort_intertwine(
      "`{arg}` is {what}, but the network takes {kind}, which are arrays.",
      class = "shape", hint = hint, call = call
    )
  }
}

#' Refuse arrays with other numbers of axes than the data of a network have.
#' @noRd
check_axes <- function(x, module, arg, call) {
  grid <- grid_of(module)
  given <- length(dim(x))
  if (is.null(grid) || given == grid$d + 2) {
    return(invisible())
  }
  what <- if (is_images(x)) {
    paste0("holds ", kind_of(x)[1], "s")
  } else {
    paste0("has ", given, " dimensions (", shape_text(dim(x)), ")")
  }
  axes <- shape_text(c("n", "channels", "depth", "height", "width")[c(1, 2, (6 - grid$d):5)])
  kind <- grid$kind
  layout <- grid$layout
  abort_intertwine(
    "`{arg}` {what}, but the network takes {kind} ({axes}).",
    class = "shape",
    hint = if (is_images(x) || given > grid$d + 2) {
      "Build the network on a space of as many dimensions as the data have."
    } else if (given == grid$d + 1) {
      "A batch with one channel is images({arg}, \"{layout}\")."
    } else {
      "One sample with one channel is images({arg}, \"{sub('n', '', layout)}\")."
    },
    call = call
  )
}

check_numeric_columns <- function(x, arg, hint, call) {
  odd <- which(!vapply(x, is.numeric, logical(1)))
  if (length(odd)) {
    abort_intertwine(
      "`{arg}` must have only numeric columns, but {dQuote(names(x)[odd[1]], FALSE)} is of class {class(x[[odd[1]]])[1]}.",
      class = "argument_type", hint = hint, call = call
    )
  }
}

# matrices of the package Matrix, dense and sparse
#' @export
as_input.Matrix <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  array_input(as.matrix(x), module, arg, call)
}

#' @export
as_input.geometric_tensor <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  dims <- dim(x)
  list(value = x, n = dims[1], size = dims[-1], names = NULL)
}

#' @export
as_input.list <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  if (all(c("x", "y") %in% names(x))) {
    abort_intertwine(
      "`{arg}` is a list of x and y, which are two arguments.",
      class = "argument_type", hint = "Give its parts: data$x, data$y.", call = call
    )
  }
  if (any(vapply(x, is_images, logical(1)))) {
    abort_intertwine(
      "`{arg}` is a list of batches of images.",
      class = "argument_type", hint = "c() joins them: do.call(c, {arg}).", call = call
    )
  }
  as_input(images(x), module, arg, call)
}

array_input <- function(x, module, arg, call) {
  what <- if (length(dim(x)) < 2) "a vector" else "a matrix"
  if (length(dim(x)) < 2) {
    x <- matrix(x, ncol = 1)
  }
  if (length(dim(x)) == 3 && (grid_of(module)$d %||% 2) == 2) {
    abort_intertwine(
      "`{arg}` has three dimensions ({shape_text(dim(x))}), which may mean several things.",
      class = "shape",
      hint = "A batch of grey images is images(x, \"nhw\"), one image with channels images(x, \"hwc\").",
      call = call
    )
  }
  if (is.matrix(x)) check_no_image_network(x, module, arg, call, what) else check_axes(x, module, arg, call)
  list(
    value = to_py_tensor(x, input_dtype(module), arg = arg, call = call),
    n = dim(x)[1], size = dim(x)[-1], names = dimnames(x)[[1]], columns = if (is.matrix(x)) colnames(x)
  )
}

input_dtype <- function(module) {
  if (is.null(module)) {
    return("float32")
  }
  dtype <- py_call_checked("_r.crossing.arrays.dtype_name", list(module))
  if (identical(dtype, "float64")) "float64" else "float32"
}
