#' Train a network
#'
#' Trains a copy of a module on images or other arrays and returns it with its
#' history. The module itself stays as it is.
#'
#' Ctrl-C (or Esc) stops at the end of a batch: the fit is returned as it is
#' then, with its history, and says that it was stopped. `set.seed()` governs
#' everything random.
#'
#' @param object A module, such as [sequential_module()]; any module of PyTorch
#'   that maps a batch to one tensor; or a fit, which is trained on (see below). A
#'   [head_classes()] without a number of classes is filled from `y`.
#' @param x The inputs: [images()], an array (n, channels, height, width), a matrix with
#'   one row for each sample, a [geometric_tensor()]; or what gives its own targets: an
#'   [image_folder()], a torch data set of inputs and targets.
#' @param y The targets. Classes are a factor, strings, logicals, or whole
#'   numbers of type integer that count from 1; what is of type double are
#'   measurements: a vector, or a matrix or data frame with one row for each sample. For each
#'   pixel they are an array (n, height, width) or a factor with such
#'   dimensions.
#' @param epochs Passes over the data; in addition to those of a fit that is trained on.
#' @param batch_size Samples in a batch.
#' @param optimizer `"adam"`, `"adamw"`, `"rmsprop"` or `"sgd"` (with Nesterov
#'   momentum 0.9).
#' @param learn_rate The learning rate; `NULL` for the optimizer's usual one.
#' @param loss `NULL`: the cross-entropy of classes, the mean square of
#'   measurements; or `"cross_entropy"`, `"mse"`, `"mae"`, `"huber"`, or a function of two
#'   torch tensors, output and target, that gives their mean loss as a tensor; see "Losses and metrics of your own".
#' @param metrics `NULL`: the accuracy of classes, the root mean square error of
#'   measurements; or names: of classes `"accuracy"`, `"balanced_accuracy"`, `"f1"`, `"precision"`, `"recall"` (means
#'   over the classes), `"kappa"`, `"mcc"`, `"auroc"`, of measurements `"mse"`, `"rmse"`, `"mae"`, `"r2"`; a function of
#'   output and target that gives a number; a metric object of the Python package torchmetrics; or a list of those, whose
#'   names are those of the columns in the history.
#' @param validation A fraction of the samples that is held out, a list of
#'   `x` and `y`, or an [image_folder()].
#' @param augment `NULL`; `"rotations"`, which moves each image of a batch by a
#'   random element of the module's own group (a random angle for modules
#'   without a group), and its target with it, as `target_type` says; or a function of a batch of
#'   [images()] that returns it changed; or, where targets have to change too, a function of `x` and `y` that
#'   returns `list(x, y)`: there `y` is a factor, a vector or an array as you gave it.
#' @param target_type How targets move when the images are turned: a [field_type()], such as
#'   `field_type(gs, vector = 1)` for a direction for each image or pixel, or `"invariant"`. By default it is
#'   what the module puts out, or the type of `y` if that is a [geometric_tensor()]. Classes are
#'   invariant, and those of pixels move with them; so is a single number behind an invariant head. What
#'   nothing says is refused. Pixels that turn in from outside of the image are left out of the loss.
#' @param class_weights `NULL`; `"balanced"`, for the same total weight of each
#'   class; or a number for each class, by name or in the order of the levels.
#' @param callbacks A function of a list (`epoch`, `loss`, the metrics, ...) that is
#'   called after each epoch and may return `FALSE` to stop; or a list of such
#'   functions and of [callback_function()], [callback_stop_early()] and [callback_checkpoint()].
#' @param device `"cpu"`, `"cuda"`, `"mps"`; `NULL` for the fastest there is.
#' @param verbose `TRUE` for a progress bar, `FALSE` for silence, `NULL` for a
#'   bar in interactive sessions and one line for each epoch in documents.
#' @param na What to do about missing targets: `"error"`, or `"mask"` to leave
#'   them out of loss and metrics (the other pixels of the image count).
#' @param schedule Of the learning rate: `"constant"`, `"cosine"`,
#'   `"onecycle"`, or a function. It is called before each batch with the progress of the training, a number from 0 at the
#'   first batch to below 1, and gives the factor by which `learn_rate` is multiplied: `function(progress) 1 - progress`.
#' @param weight_decay The strength of the pull of the weights towards 0.
#' @param seed A whole number; drawn from R's random numbers by default.
#' @param keep_state Whether the fit holds its weights as raw bytes, so that it
#'   survives `saveRDS()` and the end of the session.
#' @param ... More of the arguments of the Python function
#'   `intertwine.training.fit`, such as `clip_norm` or `precision`.
#' @return An object of class `intertwine_fit`: a list of
#'   * `module`, the trained module,
#'   * `history`, a data frame with a row for each epoch and split (`"train"`, `"validation"`),
#'   * `levels`, of the classes, or `NULL`,
#'   * `outputs`, the names of the columns of a matrix `y` of measurements, or `NULL`,
#'   * `input_size`, the channels and sizes of a sample,
#'   * `stopped`, one of `"finished"`, `"interrupted"`, `"callback"`, `"early"`, `"diverged"`
#'     (the loss, its gradient or the weights were no longer finite: the module is the best finite one), `"failed"` (see Errors),
#'   * `seconds`, `batches`, `best_epoch`, `parameters`, `settings` and `state`.
#'
#'   It has methods for [predict()][predict.intertwine_fit], `evaluate()`,
#'   `augment()`, [confusion_table()], `plot()`, `tidy()`, `glance()` and
#'   [intertwine_save()].
#' @section Losses and metrics of your own:
#' They receive output and target just as the named ones do: in dimensions that belong together (an output of n x 1 or
#' n x 1 x 1 x 1 beside n targets becomes n numbers), and without what is missing. With `na = "mask"` only known targets
#' are left: two vectors, or the scores of known samples or pixels (one row for each) and their classes.
#'
#' A *loss* is a function of two torch tensors for each batch. Targets of classes are class numbers from 0 there, as torch's
#' own losses take them. [Arithmetic][tensor-arithmetic] works as with R's arrays, `((output - target)^2) |> mean()`, and so
#' do torch's functions; the result has to be a tensor, for `as.array()` and functions for R's numbers leave torch, which
#' then has no gradient.
#'
#' A *metric* is a function of R's own objects, and receives all outputs and targets of an epoch at once: vectors, matrices or
#' arrays of numbers. Of classes, the output is the matrix of their scores with the levels as column names, as
#' `predict(type = "response")` gives it, and the target a factor: `function(output, target) mean(max.col(output) ==
#' as.integer(target))`. It gives one number, whatever the `batch_size`. The outputs wait in memory until the epoch is over.
#' @section Training on:
#' `fit(fitted, x, y, ...)` goes on where `fitted` ended: with its weights, the state of its optimizer and of the random
#' numbers, its history and epoch numbers, and all arguments that are not given anew, but for `epochs`, `seed`, `callbacks`
#' other than early stopping, and data for `validation`. With a fraction for `validation` the same samples are held out.
#' Two fits are one in this way: 2 epochs and then 3 give what 5 epochs give. A schedule begins anew. From a file of
#' [intertwine_save()] the optimizer starts afresh, and so do functions among the arguments.
#' @section Errors:
#' `intertwine_error_argument`, `intertwine_error_shape`,
#' `intertwine_error_missing_values` if the data do not fit, all before the
#' first batch; `intertwine_error_callback` if a callback, or a function for loss, metrics, schedule or augmentation, fails,
#' with its error as parent; `intertwine_error_argument_type` if a loss leaves torch; `intertwine_error_sample` if an image
#' cannot be read; `intertwine_error_checkpoint` if a checkpoint cannot be written, its folder is in use, or it belongs to
#' another run.
#'
#' An error in the midst of training has what was learned until then, as a fit, in the field `fit` of its condition:
#' `tryCatch(fit(...), intertwine_error = function(e) e$fit)`, or `rlang::last_error()$fit`.
#' @seealso [equivariant_cnn()] for a network in one line.
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' train <- 1:300
#' model <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(regular = 4), kernel_size = 3) |>
#'   nonlin_relu() |>
#'   pool_group() |>
#'   head_classes()
#' fitted <- fit(model, digits$x[train], digits$y[train], epochs = 2)
#' fitted
#' predict(fitted, digits$x[301:303])
#' @name fit
#' @method fit equivariant_module
#' @export
fit.equivariant_module <- function(object, x, y = NULL, epochs = 10, batch_size = 32, optimizer = "adam",
                                   learn_rate = NULL, loss = NULL, metrics = NULL, validation = NULL,
                                   augment = NULL, class_weights = NULL, callbacks = NULL, device = NULL,
                                   verbose = NULL, na = c("error", "mask"), schedule = "constant",
                                   weight_decay = 0, seed = NULL, keep_state = TRUE, target_type = NULL, ...) {
  more <- list(...)
  former <- more$.former
  more$.former <- NULL
  call <- former$call %||% rlang::current_env()
  if (length(more)) check_fit_names(names(more) %||% "", call = call)
  more <- coerce_more(more, call)
  supplied <- names(match.call())
  for (name in setdiff(names(former$settings), supplied)) {
    if (name %in% names(formals())) assign(name, former$settings[[name]]) else more[[name]] <- former$settings[[name]]
  }
  na <- match_choice(na)
  check_flag(keep_state)
  check_alive(object, call)
  input <- as_input(x, object, call = call)
  targets <- pair_targets(input, y, loss = loss, na = na, call = call)
  check_learnable(y, targets, loss, call)
  hooks <- as_callbacks(callbacks, call)
  metrics <- named_metrics(metrics, substitute(metrics), call)
  functions <- user_functions()
  options <- c(
    list(
      epochs = as_count(epochs, min = 1), batch_size = as_count(batch_size, min = 1),
      optimizer = check_string(optimizer), learn_rate = as_optional_double(learn_rate),
      loss = as_loss(loss, functions, call), metrics = as_metrics(metrics, targets$levels, functions, call),
      validation = as_validation(validation, object, targets, loss, na, call),
      class_weights = as_class_weights(class_weights, targets$levels, call, input$classes),
      n_classes = length_or_null(targets$levels), na = na,
      schedule = as_schedule(schedule, functions, call),
      weight_decay = as.double(check_number(weight_decay, min = 0)), device = device %||% "auto",
      seed = if (!is.null(seed)) as_seed(seed, call), target_type = as_target_type(target_type, call)
    ),
    list(labels = if (length(targets$levels)) as.list(targets$levels)),
    # a callback says it for this fit, even if the former one had said otherwise
    more[setdiff(names(more), names(hooks$options))], hooks$options
  )
  before <- if (is.null(former)) 0 else former$epochs
  watcher <- fit_watcher(verbose_mode(verbose), before + options$epochs, hooks)
  changer <- as_augment(augment, targets, call)
  on.exit(watcher$close(), add = TRUE)
  # what evaluate() and a fit that goes on take again, in R's own terms
  raw <- list(
    loss = loss, metrics = metrics, class_weights = class_weights, schedule = schedule, augment = augment,
    target_type = target_type, validation = if (is.numeric(validation)) validation
  )
  settings <- c(options[setdiff(names(options), names(raw))], raw)
  made <- function(result) new_fit(result, targets, input, settings, keep_state)
  fitted <- with_fit_in_hand(
    {
      result <- functions$run(py_call_polled(
        "_r.training.fit",
        list(
          object, input$value, targets$value, options,
          augment = changer$value, draw = as_seed(seed, call), former = former$result, code = changer$code
        ),
        on = list(on_batch = watcher$batch, on_epoch = watcher$epoch), call = call
      ), call)
      watcher$close()
      changer$check(call, result)
      made(result)
    },
    made
  )
  announce_stop(fitted)
  fitted
}

#' @rdname fit
#' @method fit torch.nn.modules.module.Module
#' @export
fit.torch.nn.modules.module.Module <- fit.equivariant_module

#' @rdname fit
#' @method fit intertwine_fit
#' @export
fit.intertwine_fit <- function(object, x, y = NULL, ...) {
  if (is_class_like(y) && !is.null(object$levels)) {
    y <- match_levels(y, object$levels)
  }
  x <- match_folder(x, object$levels, arg = "x")
  former <- former_fit(object, rlang::current_env())
  # the dots as they are, for metrics have their names from what the user wrote
  fit(former$module, x, y, ..., .former = former)
}

#' Where a fit ended, and its settings, for another one to go on from there.
#' @noRd
former_fit <- function(object, call) {
  kept <- unclass(object)
  module <- fit_module(object, call)
  result <- kept$live$result
  if (is.null(result) || is_dead(result)) {
    result <- py_call_checked("_r.training.revived", list(
      module, list(
        seconds = kept$seconds, batches = kept$batches, samples = kept$samples, seed = kept$settings$seed
      ),
      lapply(kept$history, as.list), kept$progress
    ))
  }
  settings <- Filter(Negate(is.null), kept$settings[setdiff(names(kept$settings), c("epochs", "seed"))])
  list(result = result, module = module, epochs = max(kept$history$epoch, 0), settings = settings, call = call)
}

#' Errors on the way have what was learned until then in their field `fit`.
#' @noRd
with_fit_in_hand <- function(code, made) {
  tryCatch(code, intertwine_error = function(condition) {
    result <- condition$value
    if (!is.null(result)) {
      result$stopped <- "failed"
      condition$value <- NULL
      condition$fit <- made(result)
      condition$body <- c(condition$body, i = "What was learned until then is in the field `fit` of this condition.")
    }
    rlang::cnd_signal(condition)
  })
}

# Arguments ----------------------------------------------------------------------

#' Refuse what is no argument of fit(), nor of the Python function that its dots go to.
#' @noRd
check_fit_names <- function(given, name = "fit", without = character(), also = character(), call = rlang::caller_env()) {
  known <- c(also, arguments_of(fit.equivariant_module, c("object", without)))
  if (all(given %in% known & !is.na(given))) {
    return(invisible())
  }
  more <- py_call_checked("_r.training.more_arguments", call = call)
  check_passed_on(given, name, c(known, setdiff(unlist(more), names(formals(fit.equivariant_module)))), call)
}

#' What the dots of fit() hold, as Python takes it.
#' @noRd
coerce_more <- function(more, call) {
  count <- function(min) function(x, arg) as_count(x, min = min, arg = arg, call = call)
  number <- function(x, arg) as.double(check_number(x, arg = arg, call = call))
  python <- function(x, arg) check_class(x, "python.builtin.object", "an object made through reticulate", arg = arg, call = call)
  table <- list(
    patience = count(1), workers = count(0), min_delta = number, clip_norm = number,
    checkpoint = function(x, arg) check_string(x, arg, call), resume = function(x, arg) check_flag(x, arg, call),
    precision = function(x, arg) check_string(x, arg, call), fabric = python, generator = python
  )
  for (name in intersect(names(more), names(table))) {
    if (!is.null(more[[name]])) more[[name]] <- table[[name]](more[[name]], name)
  }
  if (isTRUE(more$resume) && is.null(more$checkpoint)) {
    abort_intertwine(
      "`resume` needs `checkpoint`, the file to go on from.",
      hint = "callback_checkpoint(folder) keeps one and goes on from it.", call = call
    )
  }
  more
}

as_optional_double <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (is.null(x)) {
    return(NULL)
  }
  check_number(x, arg = arg, call = call)
  as.double(x)
}

length_or_null <- function(x) {
  if (is.null(x)) NULL else length(x)
}

as_target_type <- function(x, call) {
  if (is.null(x) || is_field_type(x) || identical(x, "invariant")) {
    return(x)
  }
  abort_intertwine(
    paste0("`target_type` must be a field type or \"invariant\", not ", describe_value(x), "."),
    class = "argument_type", hint = "A direction has the type field_type(gs, vector = 1).", call = call
  )
}

as_seed <- function(seed, call) {
  if (is.null(seed)) sample.int(.Machine$integer.max, 1) else as_count(seed, min = 0, arg = "seed", call = call)
}

#' What a module takes, from what R users have.
#'
#' @return A list of `value`, a torch tensor or a Python object that gives samples; `n`, how many there are; `size`, the
#'   dimensions of a sample; `names`.
#' @noRd
as_input <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  UseMethod("as_input")
}

#' @export
as_input.default <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  if (is_py(x)) {
    check_alive(x, call)
    dims <- if (inherits(x, "torch.Tensor")) dim_torch_tensor(x)
    return(list(value = x, n = dims[1], size = dims[-1], names = NULL))
  }
  if (is.factor(x) || !(is.numeric(x) || is.logical(x))) {
    abort_intertwine(
      paste0("`", arg, "` must be images or a numeric array, not ", describe_value(x), "."),
      class = "argument_type", hint = "Make images from arrays with images().", call = call
    )
  }
  array_input(x, module, arg, call)
}

#' @export
as_input.images <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  list(
    value = to_py_tensor(bare_array(x), input_dtype(module), arg = arg, call = call),
    n = n_images(x), size = dim(x)[-1], names = names(x)
  )
}

#' @export
as_input.data.frame <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  if (!all(vapply(x, is.numeric, logical(1)))) {
    abort_intertwine(
      paste0("`", arg, "` must have numeric columns alone."),
      class = "argument_type", hint = "Turn factors into numbers with model.matrix().", call = call
    )
  }
  values <- as.matrix(x)
  if (.row_names_info(x) < 0) {
    # the numbers that R gives to rows without names
    rownames(values) <- NULL
  }
  array_input(values, module, arg, call)
}

# matrices of the package Matrix, dense and sparse
#' @export
as_input.Matrix <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  array_input(as.matrix(x), module, arg, call)
}

#' @export
as_input.geometric_tensor <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  dims <- dim(x)
  list(value = x, n = dims[1], size = dims[-1], names = NULL)
}

#' @export
as_input.list <- function(x, module = NULL, arg = "x", call = rlang::caller_env()) {
  as_input(images(x), module, arg, call)
}

array_input <- function(x, module, arg, call) {
  if (length(dim(x)) < 2) {
    x <- matrix(x, ncol = 1)
  }
  if (length(dim(x)) == 3) {
    abort_intertwine(
      paste0("`", arg, "` has three dimensions (", shape_text(dim(x)), "), which may mean several things."),
      class = "shape",
      hint = "A batch of grey images is images(x, \"nhw\"), one image with channels images(x, \"hwc\").",
      call = call
    )
  }
  list(
    value = to_py_tensor(x, input_dtype(module), arg = arg, call = call),
    n = dim(x)[1], size = dim(x)[-1], names = dimnames(x)[[1]]
  )
}

input_dtype <- function(module) {
  if (is.null(module)) {
    return("float32")
  }
  dtype <- py_call_checked("_r.crossing.arrays.dtype_name", list(module))
  if (identical(dtype, "float64")) "float64" else "float32"
}

is_class_like <- function(y) {
  is.factor(y) || is.character(y) || is.logical(y)
}

#' Targets, what they hold, and the levels of their classes.
#' @noRd
as_targets <- function(y, loss = NULL, na = "error", levels = NULL, arg = "y", call = rlang::caller_env()) {
  if (is.null(y) || is_py(y)) {
    return(list(value = y, kind = NULL, levels = levels, n = NULL))
  }
  if (is_images(y)) {
    y <- unclass(y)
  }
  y <- targets_in_table(y, arg, call)
  if (is.list(y) || !(is.numeric(y) || is_class_like(y))) {
    abort_intertwine(
      paste0("`", arg, "` must hold classes (a factor) or measurements (numbers), not ", describe_value(y), "."),
      class = "argument_type",
      hint = if (inherits(y, c("Date", "POSIXt", "difftime"))) {
        paste0("Turn them into numbers or classes first, such as as.numeric(", arg, ") or factor(format(", arg, ", \"%b\")).")
      },
      call = call
    )
  }
  numeric_loss <- is.character(loss) && loss != "cross_entropy"
  if (is_class_like(y) || !is.null(levels) || (!numeric_loss && (is.integer(y) || identical(loss, "cross_entropy")))) {
    return(class_targets(y, na, levels, arg, call))
  }
  check_targets_complete(y, na, arg, call)
  values <- y
  values[is.na(values)] <- NaN
  list(
    value = to_py_tensor(values, "float64", arg = arg, call = call), kind = "numeric",
    levels = NULL, n = target_count(y), outputs = if (is.matrix(y)) colnames(y)
  )
}

#' Targets in a table: the one column of a data frame, a matrix of several that are numbers, a matrix of the package Matrix.
#' @noRd
targets_in_table <- function(y, arg, call) {
  if (inherits(y, "Matrix")) {
    return(as.matrix(y))
  }
  if (!is.data.frame(y)) {
    return(y)
  }
  if (length(y) == 1) {
    return(y[[1]])
  }
  measured <- vapply(y, is.numeric, logical(1))
  if (length(y) && all(measured)) {
    return(as.matrix(y))
  }
  abort_intertwine(
    paste0(
      "`", arg, "` must be one column, or several of numbers, but ",
      if (length(y)) paste0("the column ", dQuote(names(y)[!measured][1], FALSE), " holds none.") else "it has no column."
    ),
    class = "argument_type", hint = paste0("Take one of them: ", arg, " = data$name."), call = call
  )
}

#' Before a training: targets from which nothing, or something else than meant, would be learned.
#' @noRd
check_learnable <- function(y, targets, loss, call) {
  if (identical(targets$kind, "class") && length(targets$levels) == 1) {
    abort_intertwine(
      paste0("All targets are of one class, ", dQuote(targets$levels, FALSE), ": there is nothing to tell apart."),
      class = "levels", hint = "Give samples of two classes at least.", call = call
    )
  }
  if (is.data.frame(y) && length(y) == 1) y <- y[[1]]
  if (!identical(targets$kind, "numeric") || !is.null(loss) || !is.double(y) || length(dim(y)) %in% 2) {
    return(invisible())
  }
  values <- sort(unique(as.vector(y)))
  few <- length(values) %in% 2:12 && length(y) >= 2 * length(values)
  if (few && all(values %in% 0:12) && all(diff(values) == 1) && values[1] <= 1) {
    rlang::warn(
      c(
        paste0(
          "`y` holds only the numbers ", values[1], " to ", values[length(values)],
          " as doubles, which are taken as measurements, not as classes."
        ),
        i = "For classes give factor(y); for measurements say loss = \"mse\"."
      ),
      class = c("intertwine_warning_doubles", "intertwine_warning"), call = call
    )
  }
}

target_count <- function(y) {
  if (is.null(dim(y))) length(y) else dim(y)[1]
}

class_targets <- function(y, na, levels, arg, call) {
  dims <- dim(y)
  if (is.null(levels) && !is_class_like(y)) {
    check_class_numbers(y, arg, call)
    levels <- as.character(seq_len(max(y, na.rm = TRUE)))
  }
  if (!is.factor(y)) {
    y <- if (is.numeric(y)) factor(as.vector(y), levels = seq_along(levels), labels = levels) else factor(y)
  } else if (is.null(levels) && any(tabulate(y, nlevels(y)) == 0)) {
    rlang::warn(
      c(
        paste0(
          "No sample of `", arg, "` has the level ",
          paste(dQuote(setdiff(levels(y), unique(y)), FALSE), collapse = ", ")
        ),
        i = "Drop such levels with droplevels() if they are not meant to be learned."
      ),
      class = c("intertwine_warning_levels", "intertwine_warning"), call = call
    )
  }
  if (anyNA(levels(y))) {
    abort_intertwine(
      paste0("`", arg, "` has a level that is missing (NA)."),
      class = "levels", hint = paste0("Give it a name: levels(", arg, ")[is.na(levels(", arg, "))] <- \"none\"."), call = call
    )
  }
  if (!is.null(levels) && !identical(levels(y), levels)) {
    y <- match_levels(y, levels, arg, call)
  }
  codes <- as.integer(y)
  check_targets_complete(codes, na, arg, call)
  if (all(is.na(codes))) {
    abort_intertwine(paste0("Every value of `", arg, "` is missing."), class = "missing_values", call = call)
  }
  codes[is.na(codes)] <- -1L
  if (length(dims) == 4 && dims[2] == 1) {
    # classes of the pixels of one-channel images
    dims <- dims[-2]
  }
  value <- py_call_checked(
    "_r.training.class_numbers",
    list(to_py_tensor(codes, "int64", dims = dims %||% length(codes), arg = arg, call = call)), call
  )
  list(value = value, kind = "class", levels = levels(y), n = if (is.null(dims)) length(codes) else dims[1])
}

check_class_numbers <- function(y, arg, call) {
  if (any(y != round(y), na.rm = TRUE) || any(y < 1, na.rm = TRUE)) {
    worst <- y[which(y < 1 | y != round(y))[1]]
    abort_intertwine(
      paste0("`", arg, "` holds the class number ", worst, ", but class numbers count from 1."),
      class = "argument",
      hint = paste0("Make it a factor: factor(", arg, ")."), call = call
    )
  }
}

#' A factor with the levels of the training, or an error that names the new ones.
#' @noRd
match_levels <- function(y, levels, arg = "y", call = rlang::caller_env()) {
  dims <- dim(y)
  if (is.numeric(y)) {
    return(y)
  }
  values <- as.character(y)
  unknown <- setdiff(values[!is.na(values)], levels)
  if (length(unknown) > 0) {
    abort_intertwine(
      paste0("`", arg, "` has a class that the network does not know: ", dQuote(unknown[1], FALSE), "."),
      hint = paste0("It knows ", paste(dQuote(utils::head(levels, 12), FALSE), collapse = ", "), "."),
      call = call
    )
  }
  out <- factor(values, levels = levels)
  dim(out) <- dims
  out
}

check_targets_complete <- function(y, na, arg, call) {
  count <- sum(is.na(y))
  if (na == "error" && count > 0) {
    abort_intertwine(
      paste0("`", arg, "` has ", count, " missing value", if (count > 1) "s", "."),
      class = "missing_values",
      hint = "Drop these samples, or leave them out of the loss with na = \"mask\".", call = call
    )
  }
}

#' The targets of inputs: those given, or those that a folder of images has by itself.
#' @noRd
pair_targets <- function(input, y, loss, na, levels = NULL, x_arg = "x", y_arg = "y", call = rlang::caller_env()) {
  if (!isTRUE(input$is_folder)) {
    targets <- as_targets(y, loss = loss, na = na, levels = levels, arg = y_arg, call = call)
    check_pairs(input, targets, call, x_arg, y_arg)
    return(targets)
  }
  if (!is.null(y)) {
    abort_intertwine(
      paste0("`", x_arg, "` is an image_folder(), which gives its own classes."),
      hint = paste0("Leave `", y_arg, "` out, or read the images with read_image_folder()."), call = call
    )
  }
  if (is.null(input$classes)) {
    abort_intertwine(
      paste0("The images of `", x_arg, "` have no classes, for they lie in no subfolders."),
      hint = "Put those of each class into a subfolder with its name.", call = call
    )
  }
  list(value = NULL, kind = "class", levels = levels(input$classes), n = input$n)
}

check_pairs <- function(input, targets, call, x_arg = "x", y_arg = "y") {
  if (is.null(targets$value)) {
    is_data <- is_py(input$value) && is.null(input$n)
    if (!is_data) {
      abort_intertwine(
        paste0("`", y_arg, "`, the targets, is missing."),
        class = c("missing_argument", "argument"),
        hint = "They are a factor of classes, or numbers: one target for each sample.", call = call
      )
    }
  } else if (!is.null(input$n) && !is.null(targets$n) && input$n != targets$n) {
    abort_intertwine(
      paste0("`", x_arg, "` has ", input$n, " samples, but `", y_arg, "` has ", targets$n, " targets."),
      class = "shape", hint = "Give one target for each sample.", call = call
    )
  }
}

as_validation <- function(validation, module, targets, loss, na, call) {
  if (is.null(validation) || is_py(validation)) {
    return(validation)
  }
  if (is.numeric(validation) && length(validation) == 1) {
    check_number(validation, arg = "validation", call = call)
    return(as.double(validation))
  }
  if (is_image_folder(validation)) {
    held <- as_input(match_folder(validation, targets$levels, "validation", call), module, arg = "validation", call = call)
    pair_targets(held, NULL, loss, na, x_arg = "validation", call = call)
    return(held$value)
  }
  if (!is.list(validation) || is.data.frame(validation) || length(validation) != 2) {
    abort_intertwine(
      paste0("`validation` must be a fraction or list(x, y), not ", describe_value(validation), "."),
      class = "argument_type", call = call
    )
  }
  named <- all(c("x", "y") %in% names(validation))
  held_x <- as_input(if (named) validation$x else validation[[1]], module, arg = "validation$x", call = call)
  held_y <- pair_targets(
    held_x, if (named) validation$y else validation[[2]],
    loss = loss, na = na, levels = targets$levels, x_arg = "validation$x", y_arg = "validation$y", call = call
  )
  list(held_x$value, held_y$value)
}

as_class_weights <- function(class_weights, levels, call, classes = NULL) {
  if (identical(class_weights, "balanced") && !is.null(classes)) {
    # of images in files, which Python would have to read to count their classes
    counts <- tabulate(classes, nlevels(classes))
    return(as.list(ifelse(counts > 0, sum(counts) / (sum(counts > 0) * pmax(counts, 1)), 0)))
  }
  if (is.null(class_weights) || identical(class_weights, "balanced")) {
    return(class_weights)
  }
  if (!is.numeric(class_weights) || anyNA(class_weights)) {
    abort_intertwine(
      paste0("`class_weights` must be \"balanced\" or numbers, not ", describe_value(class_weights), "."),
      class = "argument_type", call = call
    )
  }
  if (!is.null(names(class_weights))) {
    unknown <- setdiff(names(class_weights), levels)
    if (length(unknown) > 0) {
      abort_intertwine(
        paste0("`class_weights` names ", dQuote(unknown[1], FALSE), ", which is no class."),
        hint = paste0("The classes are ", paste(dQuote(levels, FALSE), collapse = ", "), "."), call = call
      )
    }
    full <- stats::setNames(rep(1, length(levels)), levels)
    full[names(class_weights)] <- class_weights
    class_weights <- unname(full)
  }
  as.list(as.double(class_weights))
}

#' An augmentation by an R function: it gets and gives images (and targets, if it takes two arguments), and its error is
#' kept until Python is back.
#' @noRd
as_augment <- function(augment, targets, call) {
  if (!is.null(augment) && !is.function(augment) && !is_py(augment) && !is.character(augment)) {
    abort_intertwine(
      paste0("`augment` must be \"rotations\" or a function, not ", describe_value(augment), "."),
      class = "argument_type", hint = "Leave it out for none.", call = call
    )
  }
  if (!is.function(augment) || is_py(augment)) {
    return(list(value = augment, check = function(call, result) NULL, code = ""))
  }
  both <- takes_targets(augment)
  state <- new.env(parent = emptyenv())
  changed <- function(x, y) {
    tryCatch(
      {
        plain <- tensor_to_array(x)
        given <- if (length(dim(plain)) >= 4) new_images(plain) else plain
        if (!both) {
          return(list(changed_part(augment(given), given, "x"), y))
        }
        truth <- targets_of_batch(y, targets)
        moved <- as_pair(augment(given, truth))
        list(changed_part(moved$x, given, "x"), changed_targets(moved$y, truth, targets))
      },
      error = function(condition) {
        state$error <- condition
        NULL
      }
    )
  }
  check <- function(call, result) {
    if (!is.null(state$error)) {
      abort_intertwine("`augment` failed.", class = "callback", parent = state$error, call = call, value = result)
    }
  }
  list(value = changed, check = check, code = function_text(augment))
}

#' Whether a function has a second argument without a default, which is then for the targets.
#' @noRd
takes_targets <- function(f) {
  needed <- Filter(function(value) rlang::is_missing(value), as.list(formals(args(f))))
  length(setdiff(names(needed), "...")) >= 2
}

as_pair <- function(x) {
  if (!is.list(x) || is_images(x) || length(x) != 2) {
    abort_intertwine(
      paste0("`augment` takes x and y, so it must return list(x, y), not ", describe_value(x), "."),
      class = "argument_type", call = NULL
    )
  }
  if (all(c("x", "y") %in% names(x))) x else list(x = x[[1]], y = x[[2]])
}

changed_part <- function(moved, given, arg, dtype = "float32") {
  size <- function(x) dim(x) %||% length(x)
  if (!identical(as.integer(size(moved)), as.integer(size(given)))) {
    abort_intertwine(
      paste0(
        "`augment` must keep the dimensions of ", arg, ", ", shape_text(size(given)), "; it gave ", describe_value(moved), "."
      ),
      class = "shape", call = NULL
    )
  }
  to_py_tensor(unclass(moved), dtype, dims = size(given))
}

#' The targets of a batch as R has them: classes as a factor.
#' @noRd
targets_of_batch <- function(y, targets) {
  values <- tensor_to_array(y)
  dims <- dim(values)
  if (length(dims) == 1) {
    values <- as.vector(values)
  }
  if (!identical(targets$kind, "class")) {
    return(values)
  }
  out <- factor(targets$levels[ifelse(values < 0, NA, values + 1)], levels = targets$levels)
  if (length(dims) > 1) dim(out) <- dims
  out
}

changed_targets <- function(moved, given, targets) {
  if (!identical(targets$kind, "class")) {
    moved[is.na(moved)] <- NaN
    return(changed_part(moved, given, "y", "float64"))
  }
  moved <- match_levels(moved, targets$levels, "y", call = NULL)
  codes <- as.integer(moved)
  codes[is.na(codes)] <- -1L
  dim(codes) <- dim(moved)
  py_call_checked("_r.training.class_numbers", list(changed_part(codes, given, "y", "int64")))
}

# The fit ------------------------------------------------------------------------

new_fit <- function(result, targets, input, settings, keep_state) {
  always <- c("epochs", "batch_size", "optimizer", "learn_rate", "loss", "metrics", "class_weights", "na", "seed")
  usual <- list(schedule = "constant", weight_decay = 0, min_delta = 0)
  # the others if they are not as they always are
  other <- setdiff(names(settings), c(always, "device", "labels", "n_classes", "checkpoint", "resume", "workers"))
  other <- Filter(function(name) !is.null(settings[[name]]) && !identical(settings[[name]], usual[[name]]), other)
  fitted <- structure(
    list(
      history = as_history(result$history),
      levels = targets$levels %||% if (identical(targets$kind, "class")) as.character(seq_len(result$n_classes)),
      outputs = targets$outputs,
      kind = targets$kind %||% if (is.null(result$n_classes)) "numeric" else "class",
      input_size = as.integer(input$size),
      stopped = if (isTRUE(the$interrupted)) "interrupted" else result$stopped,
      seconds = result$seconds,
      batches = result$batches,
      best_epoch = result$best_epoch,
      parameters = result$parameters,
      settings = settings[c(always, other)],
      samples = result$samples,
      state = NULL,
      live = new.env(parent = emptyenv())
    ),
    class = "intertwine_fit"
  )
  fitted$settings$seed <- result$seed
  fitted$settings$epochs <- result$planned
  fitted$live$module <- result$module
  fitted$live$result <- result$result
  if (keep_state) {
    fitted$state <- tryCatch(
      module_state(result$module),
      intertwine_error = function(condition) {
        # a module of the user's own has no recipe; it lives as long as the session
        structure(raw(0), reason = conditionMessage(condition))
      }
    )
    fitted$progress <- py_call_checked("_r.training.progress", list(result$result))
  }
  fitted
}

as_history <- function(columns) {
  # metrics keep the names that the user gave them
  history <- list2DF(lapply(columns, unlist))
  if (nrow(history) == 0) {
    return(data.frame(epoch = integer(), split = character(), loss = numeric()))
  }
  history$epoch <- as.integer(history$epoch)
  history$batches <- as.integer(history$batches)
  history
}

#' The trained module, built again from its bytes where its session is gone.
#' @noRd
fit_module <- function(object, call = rlang::caller_env()) {
  live <- unclass(object)$live
  if (!is.environment(live)) abort_damaged("it has no `live`", call)
  module <- live$module
  if (!is.null(module) && !is_dead(module)) {
    return(module)
  }
  state <- unclass(object)$state
  if (length(state) == 0) {
    abort_intertwine(
      "This fit was made in another R session and holds no weights.",
      class = "dead_pointer",
      hint = attr(state, "reason") %||% "Fit with keep_state = TRUE, or keep it with intertwine_save().",
      call = call
    )
  }
  live$module <- module_from_state(state, call)
  live$module
}

# what every fit has, however it ended
parts_of_fit <- c("history", "kind", "stopped", "settings", "live")

#' @export
`$.intertwine_fit` <- function(x, name) {
  if (identical(name, "module")) {
    return(fit_module(x))
  }
  # exact names: $state must not find what $states would
  value <- unclass(x)[[name]]
  if (is.null(value) && name %in% parts_of_fit) abort_damaged(paste0("it has no `", name, "`"))
  value
}

abort_damaged <- function(reason, call = NULL, parent = NULL) {
  abort_intertwine(
    paste0("This fit is damaged: ", reason, "."),
    class = "damaged_fit", hint = "Read it again from where it was saved, or train again.", call = call, parent = parent
  )
}

#' @export
`[[.intertwine_fit` <- function(x, i, ...) {
  if (identical(i, "module")) {
    return(fit_module(x))
  }
  unclass(x)[[i]]
}

#' @export
names.intertwine_fit <- function(x) {
  c("module", setdiff(names(unclass(x)), c("live", "progress", "samples")))
}

announce_stop <- function(fitted) {
  last <- max(fitted$history$epoch, 0)
  message <- switch(fitted$stopped,
    interrupted = paste0("Training was stopped in epoch ", last, "; the fit holds what was learned until then."),
    diverged = paste0(
      "Training ended in epoch ", last, ", for its loss, the gradient or the weights were no longer finite; the fit holds ",
      if (is.null(fitted$best_epoch)) "the weights of the start." else paste0("the weights of epoch ", fitted$best_epoch, ".")
    ),
    NULL
  )
  if (!is.null(message)) {
    hint <- if (fitted$stopped == "diverged") "Try a smaller learn_rate, or clip_norm = 1."
    rlang::warn(
      c(message, i = hint),
      class = c(paste0("intertwine_warning_", fitted$stopped), "intertwine_warning")
    )
  }
}
