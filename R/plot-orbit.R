#' See an image turn, and features turn with it
#'
#' For images, draws what each element of a group makes of one image. For a
#' network, draws in each row the moved image and the channels of one field of
#' the output. Under a rotation each feature map turns, and the channels of a regular
#' field change places: frames of one colour hold the same map, moved.
#'
#' @param object One image of [images()], or a module.
#' @param gs The space whose group moves the image.
#' @param x The image that a module receives.
#' @param field The position of the field of the output that is drawn.
#' @param elements Elements of the group; all of them by default.
#' @param title A title.
#' @param ... Not used.
#' @return `object`, invisibly.
#' @examplesIf intertwine::intertwine_available()
#' gs <- gspace_rot2d(N = 4)
#' one <- resize_images(digits_data()$x[5], 24)
#' plot_orbit(one, gs)
#'
#' set.seed(1)
#' conv <- field_type(gs, trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 5)
#' plot_orbit(conv, one)
#' @export
plot_orbit <- function(object, ...) {
  UseMethod("plot_orbit")
}

#' @rdname plot_orbit
#' @export
plot_orbit.default <- function(object, ...) {
  refuse_object(object, "`object` must be images or a module", "Make images from arrays with images().")
}

#' @rdname plot_orbit
#' @export
plot_orbit.images <- function(object, gs, elements = group_elements(gs), title = NULL, ...) {
  hint <- if (is_module(gs)) "The module comes first: plot_orbit(module, x)." else "Make one with gspace_rot2d(N = 4)."
  check_class(gs, "gspace", "a space", hint = hint)
  one <- check_one_image(object)
  moved <- lapply(elements, function(g) transform(one, g, gs = gs))
  range <- display_range(one)
  tiles <- lapply(moved, function(image) {
    picture_tiles(image[[1]], n_channels_of(image), range, grDevices::grey.colors(256, 0, 1, gamma = 1))[[1]]
  })
  # the order of D_N's elements: rotations first, then mirrors, a row each
  rows <- if (any(grepl("mirror", move_labels(gs, elements)))) 2 else 1
  draw_tiles(
    tiles,
    labels = move_labels(gs, elements),
    ncol = if (length(tiles) %% rows == 0 && length(tiles) / rows <= 8) length(tiles) / rows, title = title
  )
  invisible(object)
}

#' @rdname plot_orbit
#' @export
plot_orbit.equivariant_module <- function(object, x, field = 1, elements = NULL, title = NULL, ...) {
  check_alive(object)
  one <- check_one_image(if (is_images(x)) x else images(x, if (length(dim(x)) == 4) "nchw" else "hw"), "x")
  gs <- object$in_type$gspace
  elements <- elements %||% group_elements(gs)
  field <- field_channels(object$out_type, field)
  inputs <- lapply(elements, function(g) transform(one, g, gs = gs))
  outputs <- lapply(inputs, function(image) {
    found <- object(as.array(image))
    array(found[1, field$channels, , ], c(length(field$channels), dim(found)[3:4]))
  })
  draw_feature_rows(inputs, outputs, feature_colours(field, elements), move_labels(gs, elements), title)
  invisible(object)
}

#' @rdname plot_orbit
#' @export
plot_orbit.intertwine_fit <- function(object, x, ...) {
  plot_orbit(fit_module(object), x, ...)
  invisible(object)
}

check_one_image <- function(x, arg = "object", call = rlang::caller_env()) {
  check_plane_images(x, arg, call)
  if (n_images(x) < 1) {
    abort_intertwine("`{arg}` holds no image.", class = "shape", call = call)
  }
  x[1]
}

field_channels <- function(type, field, call = rlang::caller_env()) {
  if (is.null(type)) {
    abort_intertwine(
      "The module gives plain numbers, not fields that turn.",
      hint = "Draw a part of it, such as model[[1]].", call = call
    )
  }
  field <- as_positions(field, length(type), "field", call = call)[1]
  sizes <- vapply(seq_len(length(type)), function(i) n_channels(type[i]), numeric(1))
  start <- sum(sizes[seq_len(field - 1)])
  list(channels = start + seq_len(sizes[field]), representation = type[[field]])
}

# The colour of each channel's frame in each row; none where the channels do not just change places.
feature_colours <- function(field, elements) {
  size <- length(field$channels)
  rho <- field$representation
  lapply(elements, function(g) {
    matrix <- as.matrix(rho(g))
    places <- all(abs(matrix - round(matrix)) < 1e-9) && all(rowSums(abs(matrix)) == 1) && all(matrix >= -1e-9)
    if (size == 1 || size > 8 || !places) {
      return(rep(NA, size))
    }
    safe_colours(size)[max.col(matrix, "first")]
  })
}

draw_feature_rows <- function(inputs, outputs, colours, labels, title) {
  values <- range(unlist(outputs))
  positive <- values[1] >= 0
  palette <- if (positive) {
    grDevices::colorRampPalette(c("#FFFFFF", "#9ECAE1", "#3182BD", "#08306B"))(256)
  } else {
    signed_palette()
  }
  range <- if (positive) c(0, max(values, 1e-12)) else c(-1, 1) * max(abs(values))
  input_range <- display_range(inputs[[1]])
  grey <- grDevices::grey.colors(256, 0, 1, gamma = 1)
  tiles <- list()
  borders <- character()
  for (i in seq_along(inputs)) {
    picture <- picture_tiles(inputs[[i]][[1]], n_channels_of(inputs[[i]]), input_range, grey)[[1]]
    maps <- lapply(seq_len(dim(outputs[[i]])[1]), function(k) value_raster(outputs[[i]][k, , ], range, palette))
    tiles <- c(tiles, list(picture), maps)
    borders <- c(borders, NA, colours[[i]])
  }
  channels <- dim(outputs[[1]])[1]
  draw_tiles(
    tiles,
    ncol = channels + 1, row_labels = labels, column_labels = c("image", paste("channel", seq_len(channels))),
    borders = borders, gap_after = 1, title = title,
    caption = if (any(!is.na(borders))) "frames of one colour hold the same feature map, moved"
  )
}

# "90°", "mirror 45°": the angle of the turn, or of the axis of the mirror.
move_labels <- function(gs, elements) {
  if (gs$dimensionality != 2) {
    return(unlist(py_call_checked("_r.elements.texts", list(as.list(unclass(elements))))))
  }
  moves <- py_call_checked("_r.pictures.moves", list(gs, as.list(unclass(elements))))
  degrees <- paste0(format(as.numeric(unlist(moves$degrees)), trim = TRUE, digits = 3, drop0trailing = TRUE), "\u00b0")
  ifelse(unlist(moves$mirrored), paste("mirror", degrees), degrees)
}
