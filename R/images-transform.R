#' Turn or mirror images
#'
#' Moves each image, volume or signal about its centre: by an angle, or as a group element moves the line, the plane or
#' space. Positive angles turn anticlockwise as you see the picture. Quarter turns and mirrors at the axes only move
#' pixels, so they are exact; other angles interpolate with splines, and what comes from outside of the image is 0.
#' Channels are moved as pictures, which do not mix: arrows (flows, gradients) turn as well if they are a
#' [geometric_tensor()] of the type `field_type(gs, vector = 1)`, which has such a method too.
#'
#' @param _data [images()].
#' @param element A [group_element()] of a group that acts on the plane, on
#'   space for volumes, on the line for signals. (Or an angle in radians, as a number.)
#' @param angle Angles in radians, one for all images or one for each; a quarter turn is `pi / 2`.
#' @param degrees The same in degrees, in place of `angle`.
#' @param axis For volumes, the axis (x, y, z) about which `angle` turns.
#' @param gs The space in which `element` acts, for its axis of reflection; by default
#'   [gspace_rot2d()] or [gspace_flip_rot2d()] with the group of the element, and [standard_repr()] for volumes.
#' @param order The order of the interpolating spline, from 0 (the nearest
#'   pixel) to 5.
#' @param ... Not used.
#' @return The moved [images()].
#' @examplesIf intertwine::intertwine_available()
#' x <- images(matrix(1:4, 2, byrow = TRUE), "hw")
#' x[[1]]
#' transform(x, degrees = 90)[[1]]
#' transform(x, angle = pi / 2)[[1]]
#' transform(x, group_element(gspace_rot2d(N = 4), rotation = 1))[[1]]
#' @export
transform.images <- function(`_data`, element = NULL, angle = NULL, gs = NULL, order = 2, axis = c(0, 0, 1), degrees = NULL,
                             ...) {
  x <- `_data`
  if (is.numeric(element) && is.null(angle) && is.null(degrees)) {
    angle <- element
    element <- NULL
  }
  if (!missing(axis) && !is_volume(x)) {
    abort_intertwine(
      "`axis` is of volumes: {kind_of(x)[1]}s turn in their plane.",
      hint = "Leave it out, or make images() with a depth."
    )
  }
  if (is.null(element) == (is.null(angle) && is.null(degrees))) {
    abort_intertwine(
      "Give either a group element or an angle, by which the images are moved.",
      hint = "For a quarter turn, transform(x, degrees = 90) or transform(x, angle = pi / 2)."
    )
  }
  order <- as_count(order, min = 0, max = 5)
  if (!is.null(element)) {
    check_class(
      element, "group_element", "a group element or an angle",
      hint = "Make one with group_element(gs, rotation = 1), or give degrees = 90."
    )
    if (!is.null(gs)) check_class(gs, "gspace", "a space")
    moved <- py_call_checked("_r.pictures.act", list(double_tensor(x), element, gs, order))
    return(restore_images(moved, x))
  }
  check_has_angles(x)
  angle <- as_angle(angle, degrees, n_images(x))
  if (is_volume(x)) {
    turns <- lapply(angle, axis_rotation, axis = check_axis(axis))
    if (length(turns) == 1) {
      return(move_all(x, turns[[1]], order))
    }
    return(do.call(c, lapply(seq_along(turns), function(i) move_all(x[i], turns[[i]], order))))
  }
  if (length(angle) == 1) {
    return(move_all(x, axis_rotation(angle, c(0, 0, 1))[1:2, 1:2], order))
  }
  moved <- py_call_checked(
    "_r.pictures.turn", list(double_tensor(x), as_torch(as.double(angle), dtype = "float64"), order)
  )
  restore_images(moved, x)
}

double_tensor <- function(x) {
  as_torch(bare_array(x), dtype = "float64")
}

check_has_angles <- function(x, call = rlang::caller_env()) {
  if (is_signal(x)) {
    abort_intertwine(
      "Signals have no angle: the line can only be mirrored.",
      hint = "Mirror them with transform(x, group_element(gspace_flip1d(), flip = 1)).", call = call
    )
  }
}

check_axis <- function(axis, call = rlang::caller_env()) {
  if (!is.numeric(axis) || length(axis) != 3 || !all(is.finite(axis)) || all(axis == 0)) {
    abort_intertwine(
      "`axis` must be a direction (x, y, z), not {describe_value(axis)}.",
      hint = "For the vertical axis, c(0, 0, 1).", call = call
    )
  }
  axis / sqrt(sum(axis^2))
}

# The rotation of space by an angle about an axis of length 1, by Rodrigues' formula.
axis_rotation <- function(angle, axis) {
  across <- matrix(c(0, axis[3], -axis[2], -axis[3], 0, axis[1], axis[2], -axis[1], 0), 3)
  turn <- diag(3) + sin(angle) * across + (1 - cos(angle)) * across %*% across
  # pi / 2 is a quarter turn, although its cosine is 6e-17
  whole <- abs(turn - round(turn)) < 1e-9
  turn[whole] <- round(turn[whole])
  turn
}

# The pixels of all images move by the same matrix.
move_all <- function(x, matrix, order, call = rlang::caller_env()) {
  moved <- py_call_checked(
    "_r.pictures.move", list(double_tensor(x), as_torch(matrix, dtype = "float64"), order), call
  )
  restore_images(moved, x)
}

restore_images <- function(record, like) {
  out <- record
  if (!is.null(names(like))) {
    dimnames(out) <- c(list(names(like)), rep(list(NULL), length(dim(out)) - 1))
  }
  new_images(out)
}

#' Resize or pad images
#'
#' `resize_images()` gives pictures, volumes or signals another size by smooth interpolation, with
#' antialiasing when they shrink. `pad_images()` adds a border. Both treat all
#' directions alike, so that they commute with quarter turns and mirrors.
#'
#' A network that should answer alike for turned pictures wants some room around
#' the object, so that no turn moves part of it outside, and an odd size, so that pooling
#' by two keeps the centre in place.
#'
#' @param x [images()].
#' @param size The new height and width (depth, height and width of volumes); one number means a square or a cube.
#' @param by Pixels to add at each side; one number, or one for each axis.
#' @param value The value of the added pixels.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return [images()].
#' @examples
#' x <- images(matrix(1:4, 2), "hw")
#' pad_images(x, 1)[[1]]
#' @export
pad_images <- function(x, by, value = 0, ...) {
  check_images(x)
  size <- spatial_size(x)
  by <- as_sizes(by, length(size), min = 0, arg = "by")
  check_number(value)
  out <- array(value, dim = c(dim(x)[1:2], size + 2L * by))
  inside <- Map(function(margin, n) margin + seq_len(n), by, size)
  out <- do.call(`[<-`, c(list(out, TRUE, TRUE), unname(inside), list(value = as.vector(unclass(x)))))
  restore_images(out, x)
}

# One whole number for each axis.
as_sizes <- function(x, n, min, arg, call = rlang::caller_env()) {
  x <- as_whole(x, min = min, arg = arg, call = call)
  if (!(length(x) %in% c(1, n))) {
    abort_intertwine(
      "`{arg}` must be one number or one for each of the {n} axes, not {length(x)}.", call = call
    )
  }
  rep_len(x, n)
}

#' @rdname pad_images
#' @export
resize_images <- function(x, size, ...) {
  check_images(x)
  size <- as_sizes(size, length(spatial_size(x)), min = 1, arg = "size")
  resized <- py_call_checked(
    "_r.pictures.resize", list(as_torch(bare_array(x), dtype = "float64"), as.list(size))
  )
  restore_images(resized, x)
}

check_images <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (!is_images(x)) {
    abort_intertwine(
      "`{arg}` must be images, not {describe_value(x)}.",
      class = "argument_type", hint = "Make them from an array with images().", call = call
    )
  }
  invisible(x)
}

check_plane_images <- function(x, arg = "x", call = rlang::caller_env()) {
  if (!is_images(x) || length(spatial_size(x)) != 2) {
    given <- if (is_images(x)) paste0(kind_of(x)[1], "s") else describe_value(x)
    abort_intertwine(
      "`{arg}` must be images of the plane, not {given}.",
      class = "argument_type",
      hint = if (is_images(x)) {
        "Only images of the plane turn by one angle."
      } else {
        "Make them from an array with images()."
      },
      call = call
    )
  }
  invisible(x)
}
