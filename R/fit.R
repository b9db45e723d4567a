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
#'   measurements; or by name: `"cross_entropy"`, `"focal"`, `"dice"` of classes, `"mse"`, `"mae"`, `"huber"`,
#'   `"cosine"` (of directions) of measurements; or a function of two
#'   torch tensors, output and target, that gives their mean loss as a tensor; see "Losses and metrics of your own".
#' @param metrics `NULL`: the accuracy of classes, the root mean square error of
#'   measurements; or names: of classes `"accuracy"`, `"balanced_accuracy"`, `"f1"`, `"precision"`, `"recall"`, `"iou"`,
#'   `"dice"` (means over the classes), `"kappa"`, `"mcc"`, `"auroc"`, of measurements `"mse"`, `"rmse"`, `"mae"`, `"r2"`,
#'   `"angular_error"` (radians, of vectors along the channels); a function of
#'   output and target that gives a number; a metric object of the Python package torchmetrics; or a list of those, whose
#'   names are those of the columns in the history.
#' @param validation A fraction of the samples that is held out, a list of
#'   `x` and `y`, or an [image_folder()].
#' @param augment `NULL`; `"rotations"`, which moves each image of a batch by a random element of the module's own group
#'   (a random angle for modules without a group), and its target with it, as `target_type` says; or a function of a
#'   batch of [images()] that returns it changed; or, where targets have to change too, a function of `x` and `y` that
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
#' @param schedule Of the learning rate: `"constant"`, `"cosine"`, `"onecycle"`, or a function. It is called before each
#'   batch with the progress of the training, a number from 0 at the first batch to below 1, and gives the factor by
#'   which `learn_rate` is multiplied: `function(progress) 1 - progress`.
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
#'   * `stopped`, one of `"finished"`, `"interrupted"`, `"callback"`, `"early"`, `"diverged"` (the loss, its gradient or
#'     the weights were no longer finite: the module is the best finite one), `"failed"` (see Errors),
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
#' A *metric* is a function of R's own objects, and receives all outputs and targets of an epoch at once: vectors,
#' matrices or arrays of numbers. Of classes, the output is the matrix of their scores with the levels as column names,
#' as `predict(type = "response")` gives it, and the target a factor:
#' `function(output, target) mean(max.col(output) == as.integer(target))`. It gives one number, whatever the
#' `batch_size`. The outputs wait in memory until the epoch is over.
#' @section Training on:
#' `fit(fitted, x, y, ...)` goes on where `fitted` ended: with its weights, the state of its optimizer and of the random
#' numbers, its history and epoch numbers, and all arguments that are not given again, but for `epochs`, `seed`, `callbacks`
#' other than early stopping, and data for `validation`. With a fraction for `validation` the same samples are held out.
#' Two fits are one in this way: 2 epochs and then 3 give what 5 epochs give. A schedule starts again. From a file of
#' [intertwine_save()] the optimizer starts afresh, and so do functions among the arguments.
#' @section Errors:
#' `intertwine_error_argument`, `intertwine_error_shape`, `intertwine_error_missing_values` if the data do not fit, all
#' before the first batch; `intertwine_error_callback` if a callback, or a function for loss, metrics, schedule or
#' augmentation, fails, with its error as parent; `intertwine_error_argument_type` if a loss leaves torch;
#' `intertwine_error_sample` if an image cannot be read; `intertwine_error_checkpoint` if a checkpoint cannot be
#' written, its folder is in use, or it belongs to another run.
#'
#' If an error stops a training, the field `fit` of its condition holds what was learned until then, as a fit:
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
  y <- targets_of_fit(y, object)
  x <- match_columns(match_folder(x, object$levels, arg = "x"), object$inputs, arg = "x")
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

#' Refuse names that are arguments neither of fit() nor of the Python function that receives its dots.
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
  python <- function(x, arg) {
    check_class(x, "python.builtin.object", "an object made through reticulate", arg = arg, call = call)
  }
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

as_seed <- function(seed, call) {
  if (is.null(seed)) sample.int(.Machine$integer.max, 1) else as_count(seed, min = 0, arg = "seed", call = call)
}
