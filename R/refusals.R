# Errors of generics of R for objects of intertwine that they cannot handle.

#' Refuse an object, whatever else was given; guards leave the dots of functions that call it alone.
#' @noRd
refuse_object <- function(object, does, hint = network_hint(object), call = rlang::caller_env()) {
  check_alive(object, call)
  abort_intertwine("{does}, not {describe_value(object)}.", class = "argument_type", hint = "{hint}", call = call)
}

network_hint <- function(object) {
  if (is_layer_spec(object)) {
    "A layer needs the type of its input first: field_type(gs, trivial = 1) |> r2_conv(...)."
  } else if (is_field_type(object)) {
    "Append layers to the field type first: type |> r2_conv(...) |> nonlin_relu() |> ..."
  } else if (inherits(object, c("gspace", "symmetry_group"))) {
    "Start a network with field_type(gs, trivial = 1), or let equivariant_cnn() make one."
  } else {
    "The module comes first, then the data."
  }
}

#' @export
fit.default <- function(object, ...) refuse_object(object, "fit() takes a module or a fit")

#' @export
evaluate.default <- function(x, ...) refuse_object(x, "evaluate() takes a module or a fit")

#' @export
predict.intertwine_object <- function(object, ...) refuse_object(object, "predict() takes a module or a fit")

#' @export
predict.layer_spec <- predict.intertwine_object

#' @export
augment.intertwine_object <- function(x, ...) {
  refuse_object(
    x, "augment() takes a fit",
    hint = if (is_module(x)) "Use the value of fit(), or predict() of the module." else network_hint(x)
  )
}

#' @export
plot.intertwine_object <- function(x, ...) {
  hint <- if (is_module(x)) {
    paste(
      "plot(model[[1]]) draws the filters of a first layer, plot_orbit(model, x) what the module makes of an image;",
      "summary(model) lists its layers."
    )
  } else if (is_field_type(x)) {
    "plot(type[[1]]) draws the representation of its first field."
  }
  refuse_object(x, "plot() draws convolutions, features, groups, representations and fits", hint)
}

#' @export
plot.layer_spec <- plot.intertwine_object

#' @export
as.matrix.intertwine_object <- function(x, ...) {
  refuse_object(
    x, "as.matrix() takes group elements and tensors",
    hint = if (is_representation(x)) "A representation gives the matrix of an element: rho(group_element(G, rotation = 1))."
  )
}

#' @export
as.array.intertwine_object <- function(x, ...) {
  refuse_object(x, "as.array() takes geometric tensors and torch tensors", hint = NULL)
}

#' @export
as.data.frame.intertwine_object <- function(x, row.names = NULL, optional = FALSE, ...) { # nolint: object_name_linter. R's.
  refuse_object(
    x, "as.data.frame() takes fits and checks of equivariance",
    hint = if (is_module(x)) "as.data.frame(summary(model)) has a row for each layer."
  )
}

#' @export
tidy.intertwine_object <- function(x, ...) refuse_object(x, "tidy() takes a fit", hint = "Use the value of fit().")

#' @export
glance.intertwine_object <- function(x, ...) refuse_object(x, "glance() takes a fit", hint = "Use the value of fit().")

#' @export
Math.intertwine_object <- function(x, ...) refuse_numbers(x, .Generic)

#' @export
Summary.intertwine_object <- function(..., na.rm = FALSE) refuse_numbers(..1, .Generic) # nolint: object_name_linter. R's.

#' @export
mean.intertwine_object <- function(x, ...) refuse_numbers(x, "mean")

#' Refuse functions of numbers.
#' @noRd
refuse_numbers <- function(x, name, call = rlang::caller_env()) {
  hint <- if (is_geometric_tensor(x)) paste0("Take the numbers out of it: ", name, "(as.array(x)).")
  refuse_object(x, paste0(name, "() takes numbers"), hint, call)
}

#' @export
as.list.intertwine_object <- function(x, ...) {
  refuse_object(x, "as.list() takes sequences of layers and lists of R", hint = NULL)
}

#' @export
`[.intertwine_object` <- function(x, i, ...) refuse_object(x, parts_by_position, hint = NULL)

parts_by_position <- "Sequences of layers, field types and features have parts by position"

#' @export
`[[<-.intertwine_object` <- function(x, i, ..., value) {
  abort_intertwine(
    "The parts of {describe_value(x)} cannot be replaced.",
    class = "argument_type",
    hint = if (is_module(x)) "Make another one of its layers: model[1:2] |> r2_conv(...), or sequential_module(type, ...)."
  )
}

#' @export
`[<-.intertwine_object` <- `[[<-.intertwine_object`

# Functions of R for statistical models, and what they mean for a network -----------------------------------------------

#' What to write in place of each.
#' @noRd
statistics <- c(
  coef = "n_parameters(fitted$module) counts the weights, plot(fitted$module[[1]]) draws the filters of a first layer.",
  residuals = "The data are not kept; for measurements, y - predict(fitted, x).",
  fitted = "The data are not kept: predict(fitted, x).",
  nobs = "The data are not kept: length(y).",
  deviance = "evaluate(fitted, x, y) gives the loss.",
  logLik = "evaluate(fitted, x, y) gives the loss.",
  formula = "A network has no formula: fit(model, x, y).",
  model.frame = "A network has no formula: fit(model, x, y).",
  terms = "A network has no formula: fit(model, x, y).",
  update = "fit(fitted, x, y, epochs = 5) trains on; for other settings, fit the model again.",
  vcov = "There is no theory of its errors: evaluate(fitted, x, y) with data that it has not seen.",
  confint = "There is no theory of its errors: evaluate(fitted, x, y) with data that it has not seen.",
  anova = "Compare networks by evaluate(fitted, x, y) with data that they have not seen.",
  simulate = "A network predicts: predict(fitted, x).",
  weights = "class_weights of fit() weigh classes; n_parameters(fitted$module) counts the weights of the network."
)

refuse_statistics <- function(object, ...) {
  generic <- .Generic
  refuse_object(object, paste0(generic, "() is for statistical models"), statistics[[generic]])
}

#' One method for all of them; .onLoad() calls it.
#' @noRd
register_statistics <- function() {
  for (generic in names(statistics)) {
    for (class in c("intertwine_fit", "intertwine_object")) {
      registerS3method(generic, class, refuse_statistics, envir = asNamespace("stats"))
    }
  }
}

#' @export
predict.points_fit <- function(object, ...) refuse_object(object, "predict() takes a module or a fit of fit()", points_hint)

#' @export
augment.points_fit <- function(x, ...) refuse_object(x, "augment() takes a fit of fit()", points_hint)

#' @export
evaluate.points_fit <- function(x, ...) refuse_object(x, "evaluate() takes a module or a fit of fit()", points_hint)

#' @export
tidy.points_fit <- function(x, ...) refuse_object(x, "tidy() takes a fit of fit()", "fitted$history is a data frame.")

#' @export
glance.points_fit <- tidy.points_fit

points_hint <-
  "fitted$module(x, edges) gives numbers for the points; rowsum(as.array(...), graph) adds them up for each graph."

#' @export
plot.points_fit <- function(x, ...) {
  refuse_object(x, "plot() draws fits of fit()", "plot(loss ~ epoch, data = fitted$history, type = \"l\") draws the loss.")
}

#' @export
plot.shape_plan <- function(x, ...) {
  refuse_object(x, "plot() draws checks of equivariance", "print(plan) lists the layers.")
}

# What c() and rbind() would tear apart ----------------------------------------------------------------------------------

#' @export
c.intertwine_fit <- function(...) {
  refuse_object(..1, "c() joins vectors", "list(one = fitted, other = fitted2) holds several, for accuracy_by_angle().")
}

#' @export
c.image_folder <- function(...) {
  refuse_object(..1, "c() joins images in memory", "Put the pictures into one folder, or use read_image_folder().")
}

#' @export
c.intertwine_callback <- function(...) list(...)

#' @export
rbind.images <- function(...) refuse_object(..1, "rbind() and cbind() take matrices", "c() joins batches of images.")

#' @export
cbind.images <- rbind.images

# Images and folders of images -------------------------------------------------------------------------------------------

#' @export
`$.images` <- function(x, name) {
  abort_intertwine(
    "Images have no part called `{name}`.",
    class = "missing_name", hint = "x[i] takes images; their classes are a vector of their own."
  )
}

#' @export
as.data.frame.images <- function(x, row.names = NULL, optional = FALSE, ...) { # nolint: object_name_linter. R's.
  hint <- "as.matrix(x) has a row of pixels for each image."
  refuse_object(x, "as.data.frame() takes fits and checks of equivariance", hint)
}

#' @export
predict.images <- function(object, ...) refuse_object(object, "predict() takes a module or a fit")

#' @export
predict.image_folder <- predict.images

#' @export
augment.images <- function(x, ...) refuse_object(x, "augment() takes a fit", "The fit comes first: augment(fitted, x).")

#' @export
augment.image_folder <- augment.images

#' @export
plot.image_folder <- function(x, ...) refuse_object(x, "plot() draws images in memory", folder_hint)

#' @export
as.array.image_folder <- function(x, ...) refuse_object(x, "as.array() takes images in memory", folder_hint)

#' @export
as.matrix.image_folder <- function(x, ...) refuse_object(x, "as.matrix() takes images in memory", folder_hint)

#' @export
summary.image_folder <- function(object, ...) object

folder_hint <- "Read its pictures first: read_image_folder(path)$x."
