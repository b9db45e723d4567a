# Heads: from fields on space to an answer for the whole.

#' Heads that are no classes
#'
#' The last layer of a network that measures, points or finds. `head_numbers()` gives numbers that do not change when the
#' input moves; `head_fields()` fields of the whole image, such as a direction, which turn with it; `head_points()` the most
#' likely places in it. For an answer in each pixel no head is needed: end with a layer that keeps the grid, such as
#' `equivariant_linear(out = c(trivial = 2))`.
#'
#' [fit()] takes a matrix with a row for each image as `y`; with `augment = "rotations"` it turns with the images.
#'
#' @section Places:
#' A place has a column for each axis, x and y (and z), in pixels from the centre of the image, x to the right and y up. In
#' an image with `h` rows and `w` columns, row i and column j are the place x = j - (w + 1) / 2, y = (h + 1) / 2 - i. That is
#' exact for quarter turns and mirrors, for even and for odd sides.
#'
#' @inheritParams r2_conv
#' @param n How many numbers, or how many places.
#' @param out The fields of the answer, such as `c(vector = 1)` for a direction.
#' @param reduce `"mean"` or `"sum"` over all positions.
#' @param bias Add a bias?
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @seealso [head_classes()]; `head` in [equivariant_cnn()] and [equivariant_unet()]
#' @export
#' @examplesIf intertwine_available()
#' fields <- field_type(gspace_rot2d(N = 4), regular = 8)
#' x <- array(stats::rnorm(2 * 32 * 25), c(2, 32, 5, 5))
#' head_numbers(fields, n = 1)(x)
#' head_fields(fields, out = c(vector = 1))(x)
#' head_points(fields)(x)
head_numbers <- function(object, n = 1, bias = TRUE, ...) {
  create_layer("HeadNumbers", random = TRUE)
}

#' @rdname head_numbers
#' @export
head_fields <- function(object, out, reduce = "mean", bias = TRUE, ...) {
  create_layer("HeadFields", random = TRUE)
}

#' @rdname head_numbers
#' @export
head_points <- function(object, n = 1, ...) {
  create_layer("HeadPoints", random = TRUE)
}
