# Geometric tensors: values with the type of their channels.

#' Geometric tensors
#'
#' A feature map with its [field_type()]: an array `[batch, channel, height, width]` whose channels know how they transform.
#'
#' `transform(x, g)` moves positions and channels by a group element; quarter turns and reflections are exact, other angles
#' interpolate. Images are seen as they are drawn: rows run downwards, and rotations go counter-clockwise.
#'
#' Tensors of one type add (`x + y`), and have multiples (`2 * x`). `x[i]` takes samples, `x[i, j]` of them the fields `j`.
#'
#' @param x An array, a torch tensor, [images()], or a geometric tensor, with `[batch, channel, ...]` as its dimensions. A
#'   matrix is one image of one channel where the type has one, if the space is the plane.
#' @param type A [field_type()] with as many channels.
#' @param coords For points instead of a grid: a matrix or data frame of positions, one row each. `x` is then a matrix with a
#'   row for each point, too.
#' @param dtype Kind of number, see [as_torch()].
#' @param device Where the tensor lives, see [as_torch()].
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A geometric tensor. `dim()`, `length()` and `as.array()` work on it, `x$type` is its type and `x$tensor` the
#'   torch tensor. `point_coords(x)` is the matrix of the coordinates of points.
#' @seealso [transform.geometric_tensor()], [as_torch()], [r3_point_conv()]
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 4)
#' image <- outer(0:3, 3:0, "^")
#' x <- geometric_tensor(image, field_type(gs, trivial = 1))
#' x
#' turned <- transform(x, group_element(gs, rotation = 1))
#' as.array(turned)[1, 1, , ]
geometric_tensor <- function(x, type, coords = NULL, dtype = "float32", device = NULL, ...) {
  check_field_type(type)
  if (inherits(x, "torch.Tensor")) x <- cast_tensor(x, if (!missing(dtype)) dtype, device, rlang::current_env())
  new_geometric_tensor(x, type, coords, dtype, device, call = rlang::current_env())
}

new_geometric_tensor <- function(x, type, coords = NULL, dtype = "float32", device = NULL, call = rlang::caller_env()) {
  check_alive(type, call)
  if (!is.null(coords) && !is_py(coords)) {
    coords <- to_py_tensor(coords_matrix(coords, call), dtype, device, arg = "coords", call = call)
  }
  if (is_py(x)) {
    check_alive(x, call)
  } else if (is.null(coords) && is_plain_array(x)) {
    packed <- pack_array(x, dtype, feature_dims(x, type, call), "x", call)
    if (is.null(packed$inbox)) {
      return(py_call_checked(
        "_r.fields.received", list(packed$data, packed$dims, packed$wire, dtype, device, type), call
      ))
    }
    x <- py_call_checked(packed$inbox$tensor, list(packed$dims, packed$wire, dtype, device), call)
  } else {
    x <- if (is.null(coords)) input_tensor(x, type, dtype, device, call) else as_torch(x, dtype = dtype, device = device)
  }
  py_call_checked("_r.fields.geometric_tensor", list(x, type, coords), call)
}

is_plain_array <- function(x) !is.object(x)

#' The dimensions that a network sees: on the plane, a matrix is one image of one channel.
#' @noRd
feature_dims <- function(x, type, call = rlang::caller_env()) {
  dims <- array_dims(x)
  planar <- is.matrix(x) && py_call_checked("_r.fields.dimensionality", list(type), call) == 2
  if (planar) c(1L, 1L, dims) else dims
}

#' Anything that a network takes, as a torch tensor: arrays, torch tensors, images. `type` is a field type or a module.
#' @noRd
input_tensor <- function(x, type, dtype = "float32", device = NULL, call = rlang::caller_env()) {
  if (is_py(x)) {
    return(check_alive(x, call))
  }
  if (is_plain_array(x)) {
    return(to_py_tensor(x, dtype, device, feature_dims(x, type, call), "x", call))
  }
  as_torch(x, dtype = dtype, device = device)
}

is_geometric_tensor <- function(x) inherits(x, "geometric_tensor")

#' Move a feature map by a group element
#'
#' Positions move, and channels transform by the representations of the tensor's type: this is what equivariance is about.
#'
#' @param _data A [geometric_tensor()].
#' @param g A [group_element()] of its group.
#' @param ... Unused.
#' @return A geometric tensor of the same type.
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 4)
#' x <- geometric_tensor(matrix(1:9, 3), field_type(gs, trivial = 1))
#' transform(x, group_element(gs, rotation = 1))
transform.geometric_tensor <- function(`_data`, g, ...) {
  if (!is_element(g)) {
    abort_intertwine(
      "`g` must be a group element, not {describe_value(g)}.",
      class = "argument_type", hint = "Make one of its group: group_element(gs, angle = pi / 2).", call = quote(transform())
    )
  }
  check_alive(`_data`)
  py_call_checked("_r.fields.transform", list(`_data`, check_alive(g)), quote(transform()))
}

#' @export
dim.geometric_tensor <- function(x) {
  as.integer(unlist(py_call_checked("_r.crossing.values.shape", list(check_alive(x)))))
}

#' @export
length.geometric_tensor <- function(x) {
  size <- prod(dim(x))
  if (size < .Machine$integer.max) as.integer(size) else size
}

#' @export
as.array.geometric_tensor <- function(x, ...) {
  check_alive(x)
  # One dimension is a plain vector elsewhere; feature maps always have two or more.
  from_py_array(py_call_checked("_r.crossing.arrays.pack_features", list(x, chunk_bytes()), quote(as.array())))
}

#' @export
as.matrix.geometric_tensor <- function(x, ...) {
  values <- as.array(x)
  if (length(dim(values)) > 2) values <- drop(values)
  if (length(dim(values)) != 2) {
    abort_intertwine(
      "A tensor of {shape_text(dim(x))} is not a matrix.",
      class = "shape", hint = "Take parts of as.array(x).", call = quote(as.matrix())
    )
  }
  values
}

#' @export
`[.geometric_tensor` <- function(x, i, j, ...) {
  call <- rlang::current_env()
  samples <- if (!missing(i)) as.list(as_positions(i, dim(x)[1], "sample", arg = "i", call = call) - 1L)
  fields <- if (!missing(j)) as.list(as_positions(j, length(x$type), "field", arg = "j", call = call) - 1L)
  py_call_checked("_r.fields.select", list(check_alive(x), samples, fields), call)
}

# Also the method of torch's tensors (zzz.R): R refuses two operands whose methods differ.
#' @export
Ops.geometric_tensor <- function(e1, e2) {
  operate_on_tensors(.Generic, e1, if (!missing(e2)) e2, rlang::caller_env())
}

#' What an operator gives for two geometric tensors, or for one and a number.
#' @noRd
geometric_operator <- function(op, e1, e2, call) {
  unary <- is.null(e2)
  both <- is_geometric_tensor(e1) && is_geometric_tensor(e2)
  scalar <- function(x) is.numeric(x) && length(x) == 1
  number <- function(x) if (scalar(x)) as.double(x) else x
  one_scalar <- scalar(e1) || scalar(e2)
  switch(op,
    "+" = ,
    "-" = if (both || (op == "-" && unary)) {
      return(py_call_checked("_r.fields.arithmetic", list(op, e1, e2), call))
    },
    "*" = if (one_scalar) {
      return(py_call_checked("_r.fields.arithmetic", list("*", number(e1), number(e2)), call))
    },
    "/" = if (scalar(e2)) {
      return(py_call_checked("_r.fields.arithmetic", list("*", e1, 1 / as.double(e2)), call))
    },
    "==" = ,
    "!=" = {
      same <- both && isTRUE(py_call_checked("_r.fields.close", list(e1, e2, 0), call))
      return(if (op == "==") same else !same)
    }
  )
  refuse_operation(op, e1, e2, call)
}

#' @rdname all.equal.intertwine_object
#' @param tolerance Largest mean difference that counts as none, relative to the mean size of the values.
#' @method all.equal geometric_tensor
#' @export
all.equal.geometric_tensor <- function(target, current, ..., tolerance = 1.5e-6) {
  check_alive(target)
  if (!is_geometric_tensor(current)) {
    return(paste0("target is a geometric tensor, current is ", describe_value(current)))
  }
  if (isTRUE(py_call_checked("_r.fields.close", list(target, check_alive(current), tolerance)))) {
    return(TRUE)
  }
  if (!isTRUE(target$type == current$type)) {
    return(paste0("types differ: ", format(target$type), "; ", format(current$type)))
  }
  all.equal(as.array(target), as.array(current), tolerance = tolerance, ...)
}

#' @export
format.geometric_tensor <- function(x, ...) {
  if (is_dead(x)) {
    return(NextMethod())
  }
  points <- if (!is.null(x$coords)) " on points"
  paste0("<geometric tensor ", shape_text(dim(x)), points, " | ", format(x$type), ">")
}

#' @export
print.geometric_tensor <- function(x, ..., digits = 4) {
  cat(format(x), sep = "\n")
  # Small ones show their values: a console is where one looks at them.
  if (!is_dead(x) && length(x) <= 64 && length(x) > 0) {
    values <- as.array(x)
    print(if (length(dim(values)) > 2) drop(values) else values, digits = digits)
  }
  invisible(x)
}

#' @export
summary.geometric_tensor <- function(object, ...) {
  values <- as.array(object)
  cat(format(object), "\n", sep = "")
  summary(as.vector(values))
}
