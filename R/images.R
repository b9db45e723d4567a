#' A batch of images, volumes or signals
#'
#' `images()` takes pictures in whichever order of axes they come and keeps
#' them in one: image, channel, (depth,) height, width. Row 1 of the height is
#' the top of the picture and column 1 of the width its left side, so that "up"
#' means the same to your eyes, to [plot()] and to a rotation. Volumes have a
#' depth, too: their first slice is the top one. Signals, such as time series,
#' have a width alone.
#'
#' The letters of `layout` name the axes of `x` from first to last:
#'
#' | letter | axis |
#' |---|---|
#' | `n` | the images of the batch |
#' | `c` | channels, such as red, green and blue |
#' | `d` | depth: the slices of a volume, from the top |
#' | `h` | height: the rows of the picture, from the top |
#' | `w` | width: its columns, from the left |
#'
#' So one picture of the png package is `"hwc"`, a batch of grey pictures
#' `"nhw"`, a batch of keras3 `"nhwc"`, one of PyTorch `"nchw"`, and arrays
#' whose first index runs along the x axis are `"whn"` or `"whcn"`. A batch of
#' volumes is `"ndhw"`, one volume whose indices run along x, y and z is `"whd"`
#' with `origin = "bottom"`, and a batch of signals is `"nw"`. An axis
#' that is not named has size one. Because axes are moved by name, a transposed
#' layout never reverses the sense of a rotation.
#'
#' @param x An array or matrix of numbers or logicals; a list of arrays of the
#'   same size (`layout` then describes one of them); pictures of EBImage and rasters of terra (alone or in a list), which
#'   know their own layout; or `images`, which are returned as they are.
#' @param layout Letters that name the axes of `x`, see above.
#' @param origin Where the first row is: `"top"`, as in image files, or
#'   `"bottom"`, as in [graphics::image()] and on maps. Of volumes it says so of
#'   the first slice, too.
#' @param range `NULL` to keep the values, or the two values that mean black
#'   and white, which become 0 and 1: `c(0, 255)` for bytes, `c(0, 65535)` for
#'   16-bit pictures.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return An object of class `images`: a numeric array with dimensions
#'   (n, c, h, w), (n, c, d, h, w) for volumes, or (n, c, w) for signals. `x[i]` is some of the
#'   images, `x[[i]]` one of them as an array (height, width, channels),
#'   `length(x)` their number, `as.array(x, layout)` a plain array in any
#'   layout, `c()` joins batches and arithmetic works on the pixels.
#' @section Errors:
#' A condition of class `intertwine_error_argument` if a layout is not one, if
#' its letters do not match the dimensions of `x`; `intertwine_error_missing_values`
#' if pixels are missing or not finite.
#' @seealso [plot.images()], [transform.images()], [read_idx()],
#'   [read_image_folder()], [digits_data()]
#' @examples
#' x <- images(array(runif(3 * 8 * 8), c(3, 8, 8)), layout = "nhw")
#' x
#' dim(x)
#' x[2:3]
#' dim(as.array(x, layout = "whn"))
#'
#' # a matrix whose rows run along the x axis, with y going up
#' peak <- images(volcano, layout = "wh", origin = "bottom")
#' summary(peak)
#' @export
images <- function(x, layout = "nhw", origin = c("top", "bottom"), range = NULL, ...) {
  if (is_images(x)) {
    return(x)
  }
  x <- plain_pictures(x)
  if (is_images(x)) {
    return(if (is.null(range)) x else new_images(rescale_pixels(x, range)))
  }
  origin <- match_choice(origin)
  if (is.list(x) && !is.object(x)) {
    stacked <- stack_images(x, layout)
    x <- stacked$x
    layout <- stacked$layout
  }
  axes <- check_layout(layout)
  x <- check_pixels(x, axes, layout)
  full <- full_axes(axes)
  x <- spread_axes(x, axes, full)
  if (origin == "bottom") {
    for (axis in which(full %in% c("d", "h"))) x <- flip_axis(x, axis)
  }
  if (!is.null(range)) {
    x <- rescale_pixels(x, range)
  }
  new_images(x)
}

new_images <- function(x) {
  structure(x, class = "images")
}

#' @rdname images
#' @export
is_images <- function(x, ...) {
  inherits(x, "images")
}

# "nhw" -> c("n", "h", "w"), or an error that lists the letters.
check_layout <- function(layout, arg = "layout", call = rlang::caller_env()) {
  if (!rlang::is_string(layout) || !nzchar(layout)) {
    abort_intertwine(
      "`{arg}` must be one string that names the axes.",
      hint = "For a batch of grey pictures it is \"nhw\", for PyTorch's order \"nchw\".",
      call = call
    )
  }
  axes <- strsplit(layout, "", fixed = TRUE)[[1]]
  unknown <- setdiff(axes, c("n", "c", "d", "h", "w"))
  needed <- if ("d" %in% axes) c("h", "w") else "w"
  if (length(unknown) > 0 || anyDuplicated(axes) || !all(needed %in% axes)) {
    abort_intertwine(
      "`{arg}` is \"{layout}\", which is not an order of axes.",
      hint = "Use each of the letters n (image), c (channel), d (depth), h (height) and w (width) at most once: h and
              w for pictures, d too for volumes, w alone for signals; for example \"nhw\" or \"nhwc\".",
      call = call
    )
  }
  axes
}

check_pixels <- function(x, axes, layout, call = rlang::caller_env()) {
  if (length(axes) == 1 && is.null(dim(x)) && is.atomic(x)) {
    # one signal is a vector
    x <- array(x, length(x))
  }
  if (is.data.frame(x) || !(is.numeric(x) || is.logical(x)) || is.null(dim(x))) {
    abort_intertwine(
      "`x` must be an array of numbers, not {describe_value(x)}.",
      hint = "{pixels_hint(x)}",
      call = call
    )
  }
  if (length(dim(x)) != length(axes)) {
    abort_intertwine(
      "`x` has {length(dim(x))} dimensions ({shape_text(dim(x))}), but the layout \"{layout}\" names {length(axes)}.",
      hint = "Name every axis in `layout`, for example layout = \"{example_layout(length(dim(x)))}\".",
      call = call
    )
  }
  check_complete(x, call = call)
  # bare pixels: names of rows and classes of other packages do not travel
  array(as.vector(x), dim = dim(x), dimnames = image_names(x, axes))
}

check_complete <- function(x, what = "pixels", call = rlang::caller_env()) {
  missing <- if (is.double(x)) !is.finite(x) else is.na(x)
  if (any(missing)) {
    abort_intertwine(
      "{sum(missing)} of the {length(x)} {what} are missing or not finite (NA, NaN or Inf).",
      class = "missing_values",
      hint = "Replace them first, for example x[is.na(x)] <- 0.",
      call = call
    )
  }
  invisible(x)
}

pixels_hint <- function(x) {
  if (is.data.frame(x)) {
    return(paste(
      "Put one picture's pixels into each row of a matrix m, then",
      "images(array(as.matrix(m), c(nrow(m), width, height)), \"nwh\") if they were stored row by row."
    ))
  }
  if (is.numeric(x) || is.logical(x)) {
    return("Give it dimensions, for example array(x, c(n, height, width)); one signal is images(x, \"w\").")
  }
  "Read pictures with read_image_folder(), or with png::readPNG() and layout = \"hwc\"."
}

example_layout <- function(n_dims) {
  known <- c("", "hw", "nhw", "nhwc", "ndhwc")
  known[max(2, min(n_dims, length(known)))]
}

image_names <- function(x, axes) {
  names <- dimnames(x)[[match("n", axes)]]
  if (!("n" %in% axes) || is.null(names)) {
    return(NULL)
  }
  blank <- rep(list(NULL), length(axes))
  blank[[match("n", axes)]] <- names
  blank
}

# The stored order of the axes: volumes have a depth, signals no height.
full_axes <- function(axes) {
  c("n", "c", intersect(c("d", "h", "w"), axes))
}

# Move the axes of `x` to the order `full`, with size 1 where one is new.
spread_axes <- function(x, axes, full) {
  sizes <- stats::setNames(rep(1L, length(full)), full)
  sizes[axes] <- dim(x)
  names <- stats::setNames(rep(list(NULL), length(full)), full)
  if (!is.null(dimnames(x))) {
    names[axes] <- dimnames(x)
  }
  moved <- if (identical(axes, full[full %in% axes])) {
    x
  } else {
    aperm(x, match(full[full %in% axes], axes))
  }
  out <- as.vector(moved)
  dim(out) <- unname(sizes)
  if (!is.null(dimnames(x))) {
    dimnames(out) <- unname(names)
  }
  out
}

flip_axis <- function(x, axis) {
  index <- rep(list(TRUE), length(dim(x)))
  index[[axis]] <- rev(seq_len(dim(x)[axis]))
  do.call(`[`, c(list(x), index, list(drop = FALSE)))
}

rescale_pixels <- function(x, range, call = rlang::caller_env()) {
  if (!is.numeric(range) || length(range) != 2 || anyNA(range) || range[1] == range[2]) {
    abort_intertwine(
      "`range` must be two different numbers: the values of black and of white.",
      hint = "For example range = c(0, 255).",
      call = call
    )
  }
  (x - range[1]) / (range[2] - range[1])
}

# A list of pictures becomes one array; `layout` describes one picture.
stack_images <- function(x, layout, call = rlang::caller_env()) {
  axes <- check_layout(layout, call = call)
  if (length(x) == 0) {
    abort_intertwine("`x` is an empty list: there is no picture in it.", call = call)
  }
  if ("n" %in% axes) {
    # the default layout names the batch, which the list now is
    axes <- setdiff(axes, "n")
  }
  if (!("c" %in% axes) && length(dim(x[[1]])) == length(axes) + 1) {
    axes <- c(axes, "c")
  }
  x <- lapply(x, check_pixels, axes = axes, layout = paste(axes, collapse = ""), call = call)
  sizes <- vapply(x, function(picture) shape_text(dim(picture)), character(1))
  if (length(unique(sizes)) > 1) {
    odd <- which(sizes != sizes[1])[1]
    abort_intertwine(
      "The pictures differ in size: the first is {sizes[1]}, number {odd} is {sizes[odd]}.",
      hint = "Crop or resize them first; read_image_folder() has an argument `size`.",
      call = call
    )
  }
  stacked <- array(
    unlist(lapply(x, as.vector), use.names = FALSE),
    dim = c(dim(x[[1]]), length(x))
  )
  if (!is.null(names(x))) {
    dimnames(stacked) <- c(rep(list(NULL), length(axes)), list(names(x)))
  }
  list(x = stacked, layout = paste(c(axes, "n"), collapse = ""))
}

# c("n", "c", "h", "w"), with a depth for volumes and without a height for signals.
axes_of <- function(x) {
  c("n", "c", utils::tail(c("d", "h", "w"), length(dim(x)) - 2))
}

is_volume <- function(x) {
  length(dim(x)) == 5
}

is_signal <- function(x) {
  length(dim(x)) == 3
}

# What one of them is called, and what it is made of.
kind_of <- function(x) {
  switch(as.character(length(dim(x))),
    "3" = c("signal", "points"),
    "5" = c("volume", "voxels"),
    c("image", "pixels")
  )
}

n_images <- function(x) {
  dim(x)[1]
}

n_channels_of <- function(x) {
  dim(x)[2]
}

spatial_size <- function(x) {
  dim(x)[-(1:2)]
}

bare_array <- function(x) {
  array(as.vector(unclass(x)), dim = dim(x), dimnames = dimnames(x))
}

#' @rdname images
#' @param ... Not used.
#' @export
as.array.images <- function(x, layout = NULL, ...) {
  plain <- bare_array(x)
  if (is.null(layout)) {
    return(plain)
  }
  axes <- check_layout(layout)
  from <- axes_of(x)
  extra <- setdiff(full_axes(axes), from)
  if (length(extra)) {
    dim(plain) <- c(dim(plain)[1:2], rep(1L, length(extra)), dim(plain)[-(1:2)])
    from <- c("n", "c", extra, from[-(1:2)])
  }
  left_out <- setdiff(from, axes)
  sizes <- stats::setNames(dim(plain), from)
  if (any(sizes[left_out] != 1)) {
    lost <- left_out[sizes[left_out] != 1][1]
    abort_intertwine(
      "The layout \"{layout}\" leaves out \"{lost}\", but there are {sizes[lost]} of them.",
      hint = "Name it too, for example layout = \"{paste(from, collapse = '')}\"."
    )
  }
  kept <- from[from %in% axes]
  names <- stats::setNames(dimnames(plain), if (!is.null(dimnames(plain))) from)
  out <- array(as.vector(plain), dim = unname(sizes[kept]))
  if (!is.null(names)) {
    dimnames(out) <- unname(names[kept])
  }
  aperm(out, match(axes, kept))
}
