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
#'   same size (`layout` then describes one of them); or `images`, which are
#'   returned as they are.
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

# Layouts --------------------------------------------------------------------

# "nhw" -> c("n", "h", "w"), or an error that lists the letters.
check_layout <- function(layout, arg = "layout", call = rlang::caller_env()) {
  if (!rlang::is_string(layout) || !nzchar(layout)) {
    abort_intertwine(
      paste0("`", arg, "` must be one string that names the axes."),
      hint = "For a batch of grey pictures it is \"nhw\", for PyTorch's order \"nchw\".",
      call = call
    )
  }
  axes <- strsplit(layout, "", fixed = TRUE)[[1]]
  unknown <- setdiff(axes, c("n", "c", "d", "h", "w"))
  needed <- if ("d" %in% axes) c("h", "w") else "w"
  if (length(unknown) > 0 || anyDuplicated(axes) || !all(needed %in% axes)) {
    abort_intertwine(
      paste0("`", arg, "` is \"", layout, "\", which is no order of axes."),
      hint = paste(
        "Use each of the letters n (image), c (channel), d (depth), h (height) and",
        "w (width) at most once: h and w for pictures, d too for volumes, w alone for signals;",
        "for example \"nhw\" or \"nhwc\"."
      ),
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
      paste0("`x` must be an array of numbers, not ", describe_value(x), "."),
      hint = pixels_hint(x),
      call = call
    )
  }
  if (length(dim(x)) != length(axes)) {
    abort_intertwine(
      paste0(
        "`x` has ", length(dim(x)), " dimensions (", shape_text(dim(x)),
        "), but the layout \"", layout, "\" names ", length(axes), "."
      ),
      hint = paste0(
        "Name every axis in `layout`, for example layout = \"",
        example_layout(length(dim(x))), "\"."
      ),
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
      paste0(
        sum(missing), " of the ", length(x), " ", what,
        " are missing or not finite (NA, NaN or Inf)."
      ),
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
    return("Give it dimensions, for example array(x, c(n, height, width)).")
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
      paste0(
        "The pictures differ in size: the first is ", sizes[1], ", number ", odd,
        " is ", sizes[odd], "."
      ),
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

# Facts ------------------------------------------------------------------------

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

# Methods ----------------------------------------------------------------------

#' @export
length.images <- function(x) {
  dim(x)[1]
}

#' @export
names.images <- function(x) {
  dimnames(x)[[1]]
}

#' @export
`[.images` <- function(x, i, ..., drop = TRUE) {
  plain <- bare_array(x)
  # x[i, , , ] and x[mask] are ordinary array indexing and give plain numbers
  if (nargs() - (!missing(drop)) > 2) {
    if (missing(i)) {
      i <- TRUE
    }
    if (...length() + 1 != length(dim(plain))) {
      abort_intertwine(
        paste0("Images have ", length(dim(plain)), " dimensions, but `[` was given positions for ", ...length() + 1, "."),
        class = "position", hint = "x[i] takes images; x[i, , , ] takes pixels (image, channel, height, width)."
      )
    }
    return(plain[i, ..., drop = drop])
  }
  if (missing(i)) {
    return(x)
  }
  if (is.array(i) && length(i) == length(plain)) {
    return(as.vector(plain)[as.vector(i)])
  }
  i <- check_positions(i, x)
  index <- c(list(i), rep(list(TRUE), length(dim(plain)) - 1))
  new_images(do.call(`[`, c(list(plain), index, list(drop = FALSE))))
}

#' @export
`[[.images` <- function(x, i, ...) {
  if (length(i) != 1) {
    abort_intertwine(
      paste0("`[[` takes one image, not ", length(i), "."),
      hint = "Use x[i] for several."
    )
  }
  one <- bare_array(x[i])
  dims <- dim(one)[-1]
  dim(one) <- dims
  one <- aperm(one, c(seq_along(dims)[-1], 1))
  if (dims[1] == 1) {
    # a signal of one channel is a plain vector
    dim(one) <- if (length(dims) > 2) dims[-1]
  }
  one
}

#' @export
`[<-.images` <- function(x, i, ..., value) {
  plain <- bare_array(x)
  if (nargs() > 3) {
    if (missing(i)) {
      i <- TRUE
    }
    plain[i, ...] <- as.vector(value)
  } else if (missing(i)) {
    plain[] <- as.vector(value)
  } else if (is.array(i) && length(i) == length(plain)) {
    plain[as.vector(i)] <- as.vector(value)
  } else {
    i <- check_positions(i, x)
    index <- c(list(i), rep(list(TRUE), length(dim(plain)) - 1))
    plain <- do.call(`[<-`, c(list(plain), index, list(value = as.vector(value))))
  }
  check_complete(plain)
  new_images(plain)
}

check_positions <- function(i, x, call = rlang::caller_env()) {
  n <- n_images(x)
  if (is.factor(i)) {
    i <- as.character(i)
  }
  bad <- if (is.character(i)) {
    !(i %in% names(x))
  } else if (is.logical(i)) {
    is.na(i) | (length(i) != n & length(i) != 1)
  } else if (is.numeric(i)) {
    is.na(i) | abs(i) > n | i == 0 | i != round(i)
  } else {
    TRUE
  }
  if (any(bad)) {
    abort_intertwine(
      paste0("There is no image ", format(i[which(bad)[1]]), " in a batch of ", n, "."),
      class = "position",
      hint = paste0("Positions count from 1 to ", n, "."),
      call = call
    )
  }
  i
}

#' @export
c.images <- function(...) {
  batches <- list(...)
  alike <- vapply(
    batches,
    function(batch) is_images(batch) && identical(dim(batch)[-1], dim(batches[[1]])[-1]),
    logical(1)
  )
  if (!all(alike)) {
    abort_intertwine(
      "Only images with equal channels and sizes can be joined.",
      hint = paste0(
        "The first batch holds ", shape_text(dim(batches[[1]])[-1]), " (",
        paste(c(c = "channels", d = "depth", h = "height", w = "width")[axes_of(batches[[1]])[-1]], collapse = ", "),
        ")."
      )
    )
  }
  order <- c(seq_along(dim(batches[[1]]))[-1], 1)
  moved <- lapply(batches, function(batch) as.vector(aperm(bare_array(batch), order)))
  total <- sum(vapply(batches, n_images, numeric(1)))
  joined <- array(unlist(moved), dim = c(dim(batches[[1]])[-1], total))
  out <- aperm(joined, c(length(order), seq_len(length(order) - 1)))
  all_names <- lapply(batches, function(batch) {
    names(batch) %||% rep("", n_images(batch))
  })
  if (any(nzchar(unlist(all_names)))) {
    dimnames(out) <- c(list(unlist(all_names)), rep(list(NULL), length(order) - 1))
  }
  new_images(out)
}

#' @export
rev.images <- function(x) {
  x[rev(seq_len(n_images(x)))]
}

#' @export
unique.images <- function(x, incomparables = FALSE, ...) {
  rows <- matrix(as.vector(bare_array(x)), nrow = n_images(x))
  x[!duplicated(rows)]
}

#' @importFrom utils head
#' @export
head.images <- function(x, n = 6L, ...) {
  x[utils::head(seq_len(n_images(x)), n)]
}

#' @importFrom utils tail
#' @export
tail.images <- function(x, n = 6L, ...) {
  x[utils::tail(seq_len(n_images(x)), n)]
}

#' @export
as.list.images <- function(x, ...) {
  out <- lapply(seq_len(n_images(x)), function(i) x[[i]])
  names(out) <- names(x)
  out
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
      paste0(
        "The layout \"", layout, "\" leaves out \"", lost, "\", but there are ",
        sizes[lost], " of them."
      ),
      hint = paste0("Name it too, for example layout = \"", paste(from, collapse = ""), "\".")
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

#' @export
as.matrix.images <- function(x, ...) {
  matrix(as.vector(bare_array(x)), nrow = n_images(x), dimnames = list(names(x), NULL))
}

#' @export
as.raster.images <- function(x, max = 1, ...) {
  picture_raster(x[[1]], range = c(0, max))
}

#' @export
format.images <- function(x, ...) {
  n <- n_images(x)
  channels <- n_channels_of(x)
  kind <- kind_of(x)
  header <- paste0(
    "<images> ", n, " ", kind[1], if (n != 1) "s", " of ",
    shape_text(spatial_size(x)), " ", kind[2], ", ", channels, " channel",
    if (channels != 1) "s"
  )
  if (n == 0) {
    return(header)
  }
  range <- range(unclass(x))
  c(header, paste0("values from ", format(range[1], digits = 3), " to ", format(range[2], digits = 3)))
}

#' @export
print.images <- function(x, ...) {
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' @export
str.images <- function(object, ...) {
  cat("", paste(format(object), collapse = ", "), "\n")
  invisible(NULL)
}

#' @export
summary.images <- function(object, ...) {
  pixels <- as.vector(unclass(object))
  per_channel <- apply(bare_array(object), 2, function(channel) {
    c(minimum = min(channel), mean = mean(channel), maximum = max(channel), sd = stats::sd(channel))
  })
  structure(
    list(
      n = n_images(object), kind = kind_of(object)[1], channels = n_channels_of(object),
      size = spatial_size(object), range = range(pixels), values = t(per_channel)
    ),
    class = "summary.images"
  )
}

#' @export
format.summary.images <- function(x, ...) {
  values <- x$values
  rownames(values) <- paste("channel", seq_len(nrow(values)))
  table <- utils::capture.output(print(signif(values, 3)))
  c(
    paste0(
      x$n, " ", x$kind, if (x$n != 1) "s", " of ", shape_text(x$size), ", ",
      x$channels, " channel", if (x$channels != 1) "s"
    ),
    table
  )
}

#' @export
print.summary.images <- function(x, ...) {
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' @export
Ops.images <- function(e1, e2) {
  bare <- function(e) if (is_images(e)) bare_array(e) else e
  if (!missing(e2) && is_images(e1) && is_images(e2) && !identical(dim(e1), dim(e2))) {
    abort_intertwine(
      paste0("Images of ", shape_text(dim(e1)), " and of ", shape_text(dim(e2)), " do not match."),
      class = "shape", hint = "Dimensions are image, channel, height and width.", call = rlang::caller_env()
    )
  }
  result <- if (missing(e2)) {
    get(.Generic)(bare(e1))
  } else {
    get(.Generic)(bare(e1), bare(e2))
  }
  if (.Generic %in% c("+", "-", "*", "/", "^", "%%", "%/%")) {
    return(new_images(result))
  }
  result
}

#' @export
Summary.images <- function(..., na.rm = FALSE) {
  pixels <- lapply(list(...), function(x) as.vector(unclass(x)))
  do.call(.Generic, c(pixels, list(na.rm = na.rm)))
}

#' @export
mean.images <- function(x, ...) {
  mean(as.vector(unclass(x)), ...)
}
