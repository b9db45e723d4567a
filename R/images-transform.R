#' Turn or mirror images
#'
#' Moves each image about its centre: by an angle, or as a group element moves
#' the plane. Positive angles turn anticlockwise as you see the picture.
#' Quarter turns and mirrors at the axes only move pixels, so they are exact;
#' other angles interpolate with splines, and what comes from outside of the
#' image is 0.
#'
#' @param _data [images()].
#' @param element A [group_element()] of a group that acts on the plane, or on
#'   space for volumes. (Or an angle, as a number.)
#' @param angle Angles in radians, one for all images or one for each, in the plane of height
#'   and width.
#' @param gs The space in which `element` acts, for its axis of reflection; by default
#'   [gspace_rot2d()] or [gspace_flip_rot2d()] with the group of the element.
#' @param order The order of the interpolating spline, from 0 (the nearest
#'   pixel) to 5.
#' @param ... Not used.
#' @return The moved [images()].
#' @examplesIf intertwine::intertwine_available()
#' x <- images(matrix(1:4, 2, byrow = TRUE), "hw")
#' x[[1]]
#' transform(x, angle = pi / 2)[[1]]
#' transform(x, group_element(gspace_rot2d(N = 4), rotation = 1))[[1]]
#' @export
transform.images <- function(`_data`, element = NULL, angle = NULL, gs = NULL, order = 2, ...) {
  x <- `_data`
  if (is.numeric(element) && is.null(angle)) {
    angle <- element
    element <- NULL
  }
  if (is.null(element) == is.null(angle)) {
    abort_intertwine(
      "Say by what to move the images: either a group element or an angle.",
      hint = "For a quarter turn, transform(x, angle = pi / 2)."
    )
  }
  order <- as_count(order, min = 0, max = 5)
  if (!is.null(element)) {
    check_class(element, "group_element", "a group element or an angle")
    if (!is.null(gs)) check_class(gs, "gspace", "a space")
    moved <- py_call_checked("_r.pictures.act", list(double_tensor(x), element, gs, order))
    return(restore_images(moved, x))
  }
  check_angles(angle, x)
  if (length(angle) == 1) {
    return(turn_all(x, angle, order))
  }
  if (is_volume(x)) {
    abort_intertwine("Volumes are turned by one angle at a time.", hint = "Turn them one by one, and join them with c().")
  }
  moved <- py_call_checked(
    "_r.pictures.turn", list(double_tensor(x), as_torch(as.double(angle), dtype = "float64"), order)
  )
  restore_images(moved, x)
}

double_tensor <- function(x) {
  as_torch(bare_array(x), dtype = "float64")
}

check_angles <- function(angle, x, call = rlang::caller_env()) {
  if (!is.numeric(angle) || !all(is.finite(angle)) || !(length(angle) %in% c(1, n_images(x)))) {
    abort_intertwine(
      paste0(
        "`angle` must be one number or one for each of the ", n_images(x), " images, not ",
        describe_value(angle), "."
      ),
      hint = "Angles are in radians: a quarter turn is pi / 2.", call = call
    )
  }
}

# One angle for all: the pixels move by the same matrix, computed once.
turn_all <- function(x, angle, order, call = rlang::caller_env()) {
  dimensions <- length(spatial_size(x))
  matrix <- diag(dimensions)
  plane <- c(cos(angle), sin(angle), -sin(angle), cos(angle))
  # pi / 2 is a quarter turn, although its cosine is 6e-17
  whole <- abs(plane - round(plane)) < 1e-9
  plane[whole] <- round(plane[whole])
  matrix[1:2, 1:2] <- plane
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
#' `resize_images()` gives pictures another size by smooth interpolation, with
#' antialiasing when they shrink. `pad_images()` adds a border. Both treat all
#' directions alike, so that they commute with quarter turns and mirrors.
#'
#' A network that should answer alike for turned pictures wants some room around
#' the object, so that no turn moves part of it outside, and an odd size, so that pooling
#' by two keeps the centre in place.
#'
#' @param x [images()] of the plane.
#' @param size The new height and width; one number means a square.
#' @param by Pixels to add at each side.
#' @param value The value of the added pixels.
#' @return [images()].
#' @examples
#' x <- images(matrix(1:4, 2), "hw")
#' pad_images(x, 1)[[1]]
#' @export
pad_images <- function(x, by, value = 0) {
  check_plane_images(x)
  by <- as_count(by, min = 0)
  check_number(value)
  size <- spatial_size(x)
  out <- array(value, dim = c(dim(x)[1:2], size + 2L * by))
  out[, , by + seq_len(size[1]), by + seq_len(size[2])] <- as.vector(unclass(x))
  if (!is.null(names(x))) {
    dimnames(out) <- list(names(x), NULL, NULL, NULL)
  }
  new_images(out)
}

#' @rdname pad_images
#' @export
resize_images <- function(x, size) {
  check_plane_images(x)
  size <- rep_len(as_whole(size, min = 1), 2)
  resized <- py_call_checked(
    "_r.pictures.resize", list(as_torch(bare_array(x), dtype = "float64"), as.list(size))
  )
  restore_images(resized, x)
}

check_plane_images <- function(x, arg = "x", call = rlang::caller_env()) {
  if (!is_images(x) || is_volume(x)) {
    abort_intertwine(
      paste0("`", arg, "` must be images of the plane, not ", if (is_images(x)) "volumes" else describe_value(x), "."),
      class = "argument_type", hint = "Make them from an array with images().", call = call
    )
  }
  invisible(x)
}
