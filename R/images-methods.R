# Images as R objects: positions, printing, arithmetic.

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
    given <- ...length() + 1
    if (given != length(dim(plain))) {
      abort_intertwine(
        "Images have {length(dim(plain))} dimensions, but `[` was given positions for {given}.",
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
      "`[[` takes one image, not {length(i)}.",
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
    is.na(i) | abs(i) > n | i == 0 | i != round(i) | (i < 0 & any(i > 0))
  } else {
    TRUE
  }
  if (any(bad)) {
    first <- i[which(bad)[1]]
    wrong <- if (is.character(i)) {
      if (is.null(names(x))) "These images have no names." else "There is no image called {dQuote(first, FALSE)}."
    } else if (is.logical(i) && !is.na(first)) {
      "There are {length(i)} truth values for {n} images."
    } else {
      "There is no image {format(first)} in a batch of {n}."
    }
    abort_intertwine(
      wrong, class = "position",
      hint = if (is.logical(i)) "Give TRUE or FALSE for each image." else "Positions count from 1 to {n}.", call = call
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
    axes <- c(c = "channels", d = "depth", h = "height", w = "width")[axes_of(batches[[1]])[-1]]
    odd <- batches[[which(!alike)[1]]]
    other <- if (is_images(odd)) shape_text(dim(odd)[-1]) else describe_value(odd)
    abort_intertwine(
      "Only images with equal channels and sizes can be joined, but number {which(!alike)[1]} is {other}.",
      hint = "The first batch holds {shape_text(dim(batches[[1]])[-1])} ({listed(axes)}); see resize_images()."
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
      "Images of {shape_text(dim(e1))} and of {shape_text(dim(e2))} do not match.",
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
