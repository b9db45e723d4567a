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
#' @param flip Whether to mirror first, top to bottom: the reflection at the
#'   horizontal axis.
#' @param order The order of the interpolating spline, from 0 (the nearest
#'   pixel) to 5.
#' @param ... Not used.
#' @return The moved [images()].
#' @examplesIf intertwine::intertwine_available()
#' x <- images(matrix(1:4, 2, byrow = TRUE), "hw")
#' x[[1]]
#' transform(x, angle = pi / 2)[[1]]
#' @export
transform.images <- function(`_data`, element = NULL, angle = NULL, flip = FALSE, order = 2, ...) {
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
    return(move_images(x, element_matrix(element, length(spatial_size(x))), order))
  }
  check_flag(flip)
  check_angles(angle, x)
  if (length(angle) == 1) {
    return(move_images(x, turn_matrix(angle, flip, length(spatial_size(x))), order))
  }
  turned <- x
  for (value in unique(angle)) {
    chosen <- which(angle == value)
    turned <- turned_into(turned, chosen, transform(x[chosen], angle = value, flip = flip, order = order))
  }
  turned
}

turned_into <- function(x, chosen, value) {
  plain <- bare_array(x)
  if (identical(dim(x)[-1], dim(value)[-1])) {
    index <- c(list(chosen), rep(list(TRUE), length(dim(plain)) - 1))
    return(new_images(do.call(`[<-`, c(list(plain), index, list(value = as.vector(value))))))
  }
  abort_intertwine(
    "Turning images that are not square by different angles gives different sizes.",
    hint = "Turn them by one angle at a time.", call = rlang::caller_env(2)
  )
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

# The matrix in (x, y) or (x, y, z). Entries near 0 and 1 are made exact, so that pi / 2 is a quarter turn.
turn_matrix <- function(angle, flip, dimensions) {
  plane <- matrix(c(cos(angle), sin(angle), -sin(angle), cos(angle)), 2)
  plane[abs(plane - round(plane)) < 1e-9] <- round(plane[abs(plane - round(plane)) < 1e-9])
  if (flip) {
    plane <- plane %*% diag(c(1, -1))
  }
  full <- diag(dimensions)
  full[1:2, 1:2] <- plane
  full
}

move_images <- function(x, matrix, order, call = rlang::caller_env()) {
  moved <- py_call_checked(
    "_r.pictures.move",
    list(as_torch(bare_array(x), dtype = "float64"), as_torch(matrix, dtype = "float64"), order = order),
    call = call
  )
  out <- from_py_array(moved)
  dimnames(out) <- dimnames(x)
  new_images(out)
}
