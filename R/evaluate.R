#' Evaluate a network on data
#'
#' `evaluate()` gives the loss and the metrics, `confusion_table()` how often
#' each class was taken for which.
#'
#' @param object,x A fit of [fit()], or a module.
#' @param y The true targets, as in [fit()]; `NULL` for an [image_folder()], which gives its own. Whole numbers of type
#'   integer are positions of the levels to a fit of classes, and measurements to a fit of measurements.
#' @param newdata The inputs, as in [fit()]; columns are found by name, as in [predict()][predict.intertwine_fit].
#' @param metrics As in [fit()]; by default those of the fit.
#' @param batch_size Samples at a time.
#' @param na `"error"` or `"mask"`, as in [fit()].
#' @param device Where to compute; the module's own device if `NULL`.
#' @param ... Not used.
#' @return `evaluate()`: a named vector, the loss first. `confusion_table()`: a
#'   table with a row for each true class and a column for each predicted one.
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' fitted <- equivariant_cnn(digits$x[1:300], digits$y[1:300], epochs = 2)
#' test <- 1500:1797
#' evaluate(fitted, digits$x[test], digits$y[test])
#' confusion_table(fitted, digits$x[test], digits$y[test])
#' @name evaluate
NULL

#' @rdname evaluate
#' @method evaluate intertwine_fit
#' @export
evaluate.intertwine_fit <- function(x, newdata, y = NULL, metrics = NULL, batch_size = 256,
                                    na = c("error", "mask"), device = NULL, ...) {
  na <- match_choice(na)
  newdata <- match_columns(newdata, x$inputs)
  y <- targets_of_fit(y, x)
  evaluate_module(
    fit_module(x), newdata, y, x$settings$loss, named_metrics(metrics, substitute(metrics)) %||% x$settings$metrics,
    x$levels, batch_size, na, device, rlang::current_env()
  )
}

#' @rdname evaluate
#' @method evaluate equivariant_module
#' @export
evaluate.equivariant_module <- function(x, newdata, y = NULL, metrics = NULL, batch_size = 256,
                                        na = c("error", "mask"), device = NULL, ...) {
  na <- match_choice(na)
  check_alive(x)
  metrics <- named_metrics(metrics, substitute(metrics))
  evaluate_module(x, newdata, y, NULL, metrics, NULL, batch_size, na, device, rlang::current_env())
}

#' @rdname evaluate
#' @method evaluate torch.nn.modules.module.Module
#' @export
evaluate.torch.nn.modules.module.Module <- evaluate.equivariant_module

evaluate_module <- function(module, newdata, y, loss, metrics, levels, batch_size, na, device, call) {
  data <- pair_of(module, newdata, y, loss, na, levels, call)
  functions <- user_functions()
  options <- list(
    loss = as_loss(loss, functions, call), metrics = as_metrics(metrics, data$levels, functions, call), na = na,
    batch_size = as_count(batch_size, min = 1, call = call), device = device
  )
  values <- functions$run(
    polled_value("_r.training.evaluate", list(module, data$x, data$y, options), call), call
  )
  unlist(values)
}

#' @rdname evaluate
#' @export
confusion_table <- function(object, newdata, y = NULL, batch_size = 256, na = c("error", "mask"), device = NULL, ...) {
  na <- match_choice(na)
  call <- rlang::current_env()
  check_class(
    object, c("intertwine_fit", "equivariant_module", "torch.nn.modules.module.Module"), "a fit or a module",
    call = call
  )
  is_fit <- inherits(object, "intertwine_fit")
  if (is_fit) {
    newdata <- match_columns(newdata, object$inputs)
    if (object$kind != "class") {
      abort_intertwine(
        "A confusion table needs classes, but this network was fitted to measurements.",
        hint = "evaluate() gives their errors.", call = call
      )
    }
  }
  module <- if (is_fit) fit_module(object) else object
  data <- pair_of(module, newdata, y, NULL, na, if (is_fit) object$levels, call)
  if (!identical(data$kind, "class")) {
    abort_intertwine(
      "A confusion table needs classes, but `y` holds measurements.", hint = "Make them classes with factor(y)."
    )
  }
  counts <- polled_value(
    "_r.training.confusion",
    list(module, data$x, data$y, na, as_count(batch_size, min = 1), device = device), call
  )
  levels <- data$levels
  if (nrow(counts) > length(levels)) {
    # the module has more outputs than the data have classes
    levels <- column_names(c(levels, seq_len(nrow(counts))[-seq_along(levels)]))
  }
  as.table(array(as.integer(counts), dim(counts), list(truth = levels, predicted = levels)))
}

pair_of <- function(module, newdata, y, loss, na, levels, call) {
  newdata <- match_folder(newdata, levels, call = call)
  input <- as_input(newdata, module, arg = "newdata", call = call)
  targets <- pair_targets(input, y, loss = loss, na = na, levels = levels, x_arg = "newdata", call = call)
  list(x = input$value, y = targets$value, kind = targets$kind, levels = targets$levels)
}
