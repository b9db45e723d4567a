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
tidy.intertwine_object <- function(x, ...) refuse_object(x, "tidy() takes a fit", hint = NULL)

#' @export
glance.intertwine_object <- function(x, ...) refuse_object(x, "glance() takes a fit", hint = NULL)

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
`[.intertwine_object` <- function(x, i, ...) {
  refuse_object(x, "`[` takes sequences of layers, field types and features", hint = NULL)
}
