#' Predict with a network
#'
#' @param object A fit of [fit()], or a module.
#' @param newdata What [fit()] takes as `x`: [images()], an array (n, channels, height, width), a matrix or data frame, an
#'   [image_folder()]. Where the network was fitted to columns with names, they are found
#'   by name, and others are left out.
#' @param type What to give:
#'   * `"class"`, the most likely class, a factor (the default of a network
#'     that was fitted to classes),
#'   * `"prob"`, the probability of each class, a matrix with a column for each,
#'   * `"response"`, what the module gives: measurements, or the scores of
#'     classes before they become probabilities,
#'   * `"features"`, what its last linear layer receives.
#' @param batch_size Samples at a time.
#' @param tile `NULL`; or the side of the tiles, in pixels, into which large images or volumes are
#'   cut, for networks that answer for each pixel. Only one place of the images is in the network at a
#'   time, so memory does not limit their size.
#' @param overlap How many pixels at each side of a tile its neighbours decide. By default as many as needed: how far
#'   the network sees, and at which steps its strides repeat, are measured on the network, and tiles are laid
#'   accordingly and checked. The result is that of whole images but for rounding; where no tiles give it (a layer that
#'   looks at the whole image, such as instance normalisation or attention; circular padding; a `tile` or an `overlap`
#'   that is too small), the call is refused and says why.
#' @param device Where to compute; the module's own device if `NULL`.
#' @param ... Not used.
#' @return A factor; a vector, or a matrix with a row for each sample and a column for each output, called like that of
#'   the `y` that the network was fitted to, or like the class. For networks that answer for each
#'   pixel, arrays: (n, height, width) for `"class"`, (n, classes, height, width) for `"prob"`.
#' @section Errors:
#' `intertwine_error_argument` if an argument is out of range, or tiles of this size cannot give what
#' whole images give; `intertwine_error_shape` if `newdata` does not fit the network, or if tiles are asked of a
#' network that does not answer for each pixel.
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' fitted <- equivariant_cnn(digits$x[1:200], digits$y[1:200], epochs = 1)
#' predict(fitted, digits$x[201:204])
#' round(predict(fitted, digits$x[201:204], type = "prob"), 2)
#'
#' # a network that answers for each pixel, on one large image
#' edges <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(trivial = 2), kernel_size = 5, padding = 2)
#' land <- images(volcano / max(volcano), layout = "wh", origin = "bottom")
#' tiled <- predict(edges, land, tile = 32)
#' all.equal(tiled, predict(edges, land), tolerance = 1e-5)
#' @export
predict.intertwine_fit <- function(object, newdata, type = NULL, batch_size = 256, device = NULL, tile = NULL,
                                   overlap = NULL, ...) {
  type <- check_predict_type(type, object$kind)
  check_input_size(newdata, object$input_size)
  newdata <- match_columns(match_folder(newdata, object$levels), object$inputs)
  predict_module(
    fit_module(object), newdata, type, batch_size, device, check_tiles(tile, overlap, type),
    levels = object$levels, outputs = object$levels %||% object$outputs, call = rlang::current_env()
  )
}

#' @rdname predict.intertwine_fit
#' @export
predict.equivariant_module <- function(object, newdata, type = "response", batch_size = 256, device = NULL,
                                       tile = NULL, overlap = NULL, ...) {
  check_alive(object)
  type <- check_predict_type(type, "module")
  tiles <- check_tiles(tile, overlap, type)
  predict_module(object, newdata, type, batch_size, device, tiles, call = rlang::current_env())
}

#' @rdname predict.intertwine_fit
#' @method predict torch.nn.modules.module.Module
#' @export
predict.torch.nn.modules.module.Module <- predict.equivariant_module

check_predict_type <- function(type, kind, call = rlang::caller_env()) {
  types <- c("class", "prob", "response", "features")
  if (is.null(type)) {
    return(if (kind == "class") "class" else "response")
  }
  if (!rlang::is_string(type) || !(type %in% types)) {
    abort_intertwine(
      "`type` must be one of {listed(types, quote = TRUE)}, not {describe_value(type)}.",
      call = call
    )
  }
  if (kind == "numeric" && type %in% c("class", "prob")) {
    abort_intertwine(
      "This network was fitted to measurements, so it has no \"{type}\".",
      hint = "Use type = \"response\".", call = call
    )
  }
  type
}

#' Another height or width is fine for a network that takes it; other channels never are.
#' @noRd
check_input_size <- function(x, size, arg = "newdata", call = rlang::caller_env()) {
  given <- if (is_images(x) || is_image_folder(x) || is.array(x)) dim(x)[-1]
  if (length(size) == 0 || is.null(given) || length(given) != length(size) || given[1] == size[1]) {
    return(invisible(x))
  }
  last <- if (given[length(given)] == size[1]) " The channels seem to be last: say so with images(x, \"nhwc\")."
  abort_intertwine(
    "`{arg}` has {given[1]} channels, but the network was fitted to {size[1]}.",
    class = "shape", hint = "It was fitted to samples of {shape_text(size)}.{last}",
    call = call
  )
}

#' `tile` and `overlap` as whole numbers, or `NULL` without tiles.
#' @noRd
check_tiles <- function(tile, overlap, type, call = rlang::caller_env()) {
  if (is.null(tile)) {
    if (!is.null(overlap)) {
      abort_intertwine("`overlap` needs `tile`, the side of the tiles that overlap.", call = call)
    }
    return(NULL)
  }
  tile <- as_count(tile, min = 1, call = call)
  if (!is.null(overlap)) {
    overlap <- as_count(overlap, min = 0, call = call)
    if (2 * overlap >= tile) {
      abort_intertwine(
        "Tiles of {tile} pixels with an `overlap` of {overlap} at each side leave nothing.",
        hint = "`tile` must exceed twice the overlap.", call = call
      )
    }
  }
  if (type == "features") {
    abort_intertwine("There are no \"features\" of tiles, only answers for each pixel.", call = call)
  }
  list(tile = tile, overlap = overlap)
}

predict_module <- function(module, newdata, type, batch_size, device, tiles = NULL, levels = NULL, outputs = NULL, call) {
  input <- as_input(newdata, module, arg = "newdata", call = call)
  if (is_geometric_tensor(input$value) && !is.null(input$value$coords)) {
    abort_intertwine(
      "predict() takes samples, but `newdata` is points with coordinates.",
      class = "argument_type", hint = "Call the module: module(x, edges, batch = graphs).", call = call
    )
  }
  if (identical(input$n, 0L)) {
    abort_intertwine("`newdata` holds no samples.", class = "shape", call = call)
  }
  batch_size <- as_count(batch_size, min = 1, call = call)
  result <- if (is.null(tiles)) {
    polled_value("_r.training.predict", list(module, input$value, type, batch_size, device = device), call)
  } else {
    check_tileable(input, call)
    polled_value(
      "_r.training.predict_tiled",
      list(module, input$value, type, tiles$tile, tiles$overlap, batch_size, device = device), call
    )
  }
  result <- drop_trailing(result, keep = if (type == "class") 1 else 2)
  if (type == "class") {
    return(as_classes(result, levels, input$names))
  }
  name_predictions(result, if (type != "features") outputs, input$names, type)
}

check_tileable <- function(input, call) {
  if (isTRUE(input$is_folder) || is.null(input$n)) {
    abort_intertwine(
      "`tile` needs images in memory, but `newdata` loads its own.",
      class = "argument_type", hint = "Read some of them at a time with read_image_folder().", call = call
    )
  }
  if (length(input$size) < 2) {
    abort_intertwine(
      "`tile` needs images or volumes, but `newdata` has one row for each sample.",
      class = "shape", call = call
    )
  }
}

#' The value of a polled call, or an interrupt like that of any R function.
#' @noRd
polled_value <- function(target, args, call) {
  value <- py_call_polled(target, args, on = list(poll = NULL), throttled = "poll", call = call)
  if (isTRUE(the$interrupted)) {
    rlang::interrupt()
  }
  value
}

as_classes <- function(codes, levels, names) {
  dims <- dim(codes)
  if (is.null(levels)) {
    return(if (is.null(dims)) stats::setNames(as.integer(codes), names) else array(as.integer(codes), dims))
  }
  out <- structure(as.integer(codes), levels = levels, class = "factor")
  if (is.null(dims)) {
    names(out) <- names
  } else {
    dim(out) <- dims
  }
  out
}

#' Predictions of n x k x 1 x 1 are a matrix, those of n x 1 x 1 a vector, behind the first `keep` dimensions.
#' @noRd
drop_trailing <- function(result, keep) {
  dims <- dim(result)
  if (length(dims) > keep && all(dims[-seq_len(keep)] == 1)) dim(result) <- if (keep > 1) dims[seq_len(keep)]
  result
}

name_predictions <- function(result, columns, names, type) {
  if (length(dim(result)) == 2 && ncol(result) == 1 && type == "response") {
    result <- as.vector(result)
  }
  if (is.null(dim(result))) {
    return(stats::setNames(result, names))
  }
  if (!is.null(columns) || !is.null(names)) {
    known <- rep(list(NULL), length(dim(result)))
    if (!is.null(names)) known[[1]] <- names
    if (length(columns) == dim(result)[2]) known[[2]] <- columns
    dimnames(result) <- known
  }
  result
}

#' Predictions beside the data
#'
#' @param x A fit of [fit()].
#' @param newdata What [fit()] takes as `x`; a data frame keeps its columns.
#' @param y The true targets, to be put beside the predictions; or `NULL`, for those of an
#'   [image_folder()] or none.
#' @param ... `batch_size`, `device`, `tile` and `overlap` of [predict()][predict.intertwine_fit].
#' @return A data frame with a row for each sample: the columns of `newdata` if it is a data frame, `.truth` if `y` is
#'   given, and `.pred_class` with `.pred_<class>` for each class; or `.pred`, for several outputs `.pred_<column of y>`
#'   or `.pred_1`, `.pred_2`, ..., and `.truth` likewise. Where a name is taken, by another of these (a level may be
#'   called `class`) or by a column of `newdata`, a number is put behind: `.pred_class_2`.
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' fitted <- equivariant_cnn(digits$x[1:200], digits$y[1:200], epochs = 1)
#' augment(fitted, digits$x[201:203], digits$y[201:203])[, 1:2]
#' @export
augment.intertwine_fit <- function(x, newdata, y = NULL, ...) {
  check_passed_on(...names(), "augment", arguments_of(predict.intertwine_fit, c("object", "newdata", "type")))
  if (x$kind == "class") {
    prob <- predict(x, newdata, type = "prob", ...)
    if (length(dim(prob)) != 2) {
      abort_pixels()
    }
    added <- data.frame(.pred_class = factor(x$levels[max.col(prob, "first")], levels = x$levels))
    own <- column_names(paste0(".pred_", x$levels), c(".pred_class", ".truth"))
    added <- cbind(added, stats::setNames(as.data.frame(unname(prob)), own))
  } else {
    response <- predict(x, newdata, type = "response", ...)
    if (length(dim(response)) > 2) abort_pixels()
    added <- columns_of(response, ".pred")
  }
  if (is.null(y) && is_image_folder(newdata)) {
    y <- newdata$y
  }
  if (!is.null(y)) {
    if (is.data.frame(y)) y <- as.matrix(y)
    if (NROW(y) != nrow(added) || length(dim(y)) > 2) {
      abort_intertwine(
        "There are {nrow(added)} samples, but `y` has {NROW(y)} targets.",
        class = "shape"
      )
    }
    truth <- if (is.null(x$levels)) columns_of(y, ".truth") else data.frame(.truth = match_levels(y, x$levels))
    added <- cbind(truth, added)
  }
  if (is.data.frame(newdata)) columns_beside(newdata, added) else added
}

abort_pixels <- function(call = rlang::caller_env()) {
  abort_intertwine(
    "augment() needs one prediction for each sample, but this network predicts pixels.",
    hint = "Use predict().", call = call
  )
}

#' A data frame with a column for each output: `.pred` for one, else `.pred_<name>`, or `.pred_1`, `.pred_2`, ...
#' @noRd
columns_of <- function(values, prefix) {
  if (is.null(dim(values)) || ncol(values) == 1) {
    return(stats::setNames(data.frame(as.vector(values)), prefix))
  }
  columns <- column_names(paste0(prefix, "_", colnames(values) %||% seq_len(ncol(values))))
  stats::setNames(as.data.frame(unname(values)), columns)
}
