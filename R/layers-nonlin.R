# Nonlinearities.

#' Pointwise nonlinearities
#'
#' `nonlin_relu()` is `max(x, 0)` on every channel; `nonlin_leaky_relu()` keeps a slope below zero, `nonlin_elu()` bends
#' to `-alpha`. They commute with the group only where that permutes channels: on regular, quotient and trivial fields.
#' Others are refused.
#'
#' @inheritParams r2_conv
#' @param alpha Depth below zero.
#' @param negative_slope Slope below zero.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' type <- field_type(gspace_rot2d(N = 4), regular = 2)
#' relu <- nonlin_relu(type)
#' relu
nonlin_relu <- function(object, ...) {
  create_layer("ReLU")
}

#' @rdname nonlin_relu
#' @export
nonlin_elu <- function(object, alpha = 1, ...) {
  create_layer("ELU")
}

#' @rdname nonlin_relu
#' @export
nonlin_leaky_relu <- function(object, negative_slope = 0.01, ...) {
  create_layer("LeakyReLU")
}

#' Nonlinearities for any fields
#'
#' Pointwise nonlinearities act on fields that the group permutes alone. These act on others:
#'
#' * `nonlin_norm()` changes the length of each field and keeps its direction, so it takes every representation;
#' * `nonlin_gated()` multiplies fields by the sigmoid of invariant ones: as many trivial fields as others;
#' * `nonlin_concatenated()` applies a function to a channel and to its negative, for channels that change their sign;
#' * `nonlin_vector_field()` turns regular fields of rotations into vectors: the largest channel says how long and where to.
#'
#' `nonlin_pointwise()` is [nonlin_relu()] with another function.
#'
#' @inheritParams r2_conv
#' @param fun Name of the function: `"relu"`, `"elu"`, `"sigmoid"` or `"tanh"` for pointwise and concatenated ones, `"relu"`,
#'   `"sigmoid"`, `"softplus"` or `"squash"` for norms.
#' @param bias Learn a threshold for each field?
#' @param drop_gates Leave the gates out of the result?
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' vectors <- field_type(gspace_rot2d(N = 8), vector = 4)
#' nonlin_norm(vectors)
nonlin_norm <- function(object, fun = "relu", bias = TRUE, ...) {
  create_layer("NormNonLinearity")
}

#' @rdname nonlin_norm
#' @export
nonlin_gated <- function(object, drop_gates = TRUE, ...) {
  create_layer("GatedNonLinearity1", random = TRUE)
}

#' @rdname nonlin_norm
#' @export
nonlin_concatenated <- function(object, fun = "relu", ...) {
  create_layer("ConcatenatedNonLinearity")
}

#' @rdname nonlin_norm
#' @export
nonlin_vector_field <- function(object, ...) {
  create_layer("VectorFieldNonLinearity")
}

#' @rdname nonlin_norm
#' @export
nonlin_pointwise <- function(object, fun = "tanh", ...) {
  create_layer("PointwiseNonLinearity")
}

#' Nonlinearities gated by other features
#'
#' [nonlin_gated()] finds its gates among the fields that it acts on. `nonlin_gated_by()` takes them from other
#' features: it is called with both, `layer(gates, x)`. `nonlin_gated_uniform()` finds them inside of each field, the
#' first half of whose irreps must be trivial ones.
#'
#' @inheritParams r2_conv
#' @param gates The [field_type()] of the gates: as many trivial fields as `object` has fields.
#' @param fun Name of the function of the gates: `"sigmoid"`, `"tanh"` or `"relu"`.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @return A module; `nonlin_gated_uniform()` as [r2_conv()].
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 8)
#' layer <- nonlin_gated_by(field_type(gs, vector = 2), gates = field_type(gs, trivial = 2))
#' gates <- geometric_tensor(array(0, c(1, 2, 5, 5)), field_type(gs, trivial = 2))
#' layer(gates, geometric_tensor(array(1, c(1, 4, 5, 5)), field_type(gs, vector = 2)))
#'
#' field_type(gs, 2 * direct_sum(trivial_repr(gs), irrep(gs, frequency = 1))) |> nonlin_gated_uniform()
nonlin_gated_by <- function(object, gates, ...) {
  check_class(object, "field_type", "a field type", hint = "Make one with field_type(gs, vector = 2).")
  check_class(gates, "field_type", "a field type", hint = "Make one with field_type(gs, trivial = 2).")
  py_call_checked("_r.layers.gated_by", list(object, gates, draw_seed()))
}

#' @rdname nonlin_gated_by
#' @export
nonlin_gated_uniform <- function(object, fun = "sigmoid", ...) {
  create_layer("GatedNonLinearityUniform", random = TRUE)
}

#' Products of fields
#'
#' `tensor_product_module()` multiplies each field by itself and maps the products to fields of another kind, with weights
#' that are learned: a nonlinearity of degree two for every group and every representation, which is exact.
#' `equivariant_bilinear()` multiplies the fields of two inputs, each of one by each of the other: all paths that the
#' Clebsch-Gordan coefficients allow, with a weight for each. It is called with both, `layer(x, z)`.
#'
#' @inheritParams r2_conv
#' @param out For `tensor_product_module()` as many fields as there are in the input, of one representation; for
#'   `equivariant_bilinear()` any fields.
#' @param other The [field_type()] of the second input.
#' @param groups The number of equal groups into which the fields of both inputs and of the output fall; products are
#'   taken within a group.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot3d()
#' field_type(gs, vector = 4) |>
#'   tensor_product_module(out = 4 * irrep(gs, frequency = 2))
#'
#' arrows <- field_type(gs, vector = 2)
#' layer <- equivariant_bilinear(arrows, other = field_type(gs, vector = 1), out = c(trivial = 2, vector = 2))
#' x <- geometric_tensor(matrix(rnorm(5 * 6), 5), arrows)
#' layer(x, geometric_tensor(matrix(rnorm(5 * 3), 5), field_type(gs, vector = 1)))
tensor_product_module <- function(object, out, initialize = TRUE, ...) {
  create_layer("TensorProductModule", random = TRUE)
}

#' @rdname tensor_product_module
#' @export
equivariant_bilinear <- function(object, other, out, bias = TRUE, groups = 1, ...) {
  call <- rlang::current_env()
  check_class(object, "field_type", "a field type", hint = "Make one with field_type(gs, vector = 2).")
  check_class(other, "field_type", "a field type", hint = "Make one with field_type(gs, vector = 2).")
  arguments <- coerce_arguments(list(out = out, bias = bias, groups = groups), call)
  py_call_checked("_r.layers.bilinear", list(object, other, as_py_dict(arguments), draw_seed()))
}

#' Nonlinearities with less aliasing
#'
#' A nonlinearity makes frequencies that the grid cannot hold; they fold back, and not in the same way for the turned
#' image. `alias_free()` lets a layer work on a grid that is finer by `factor`, and takes away what the first grid
#' cannot hold before it goes back. What is exact on the grid stays exact, and the error of all other rotations falls.
#' It costs about `factor^d` times the layer, plus the filters.
#'
#' @inheritParams r2_conv
#' @param layer The layer that acts at each point alone, such as `nonlin_relu()`: a specification. (In a sequence it may
#'   be the only argument: `alias_free(nonlin_relu())`.)
#' @param factor How many times as fine the grid is.
#' @param radius How far the filters reach, in pixels of the first grid.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' type <- field_type(gspace_rot2d(N = 8), regular = 1)
#' type |> alias_free(nonlin_elu())
#' r2_conv(out = c(regular = 4), kernel_size = 5, padding = 2) |> alias_free(nonlin_relu())
alias_free <- function(object, layer, factor = 2, radius = 3, ...) {
  if (!missing(object) && missing(layer) && is_layer_spec(object)) {
    # In a sequence, a specification alone is the layer itself.
    return(alias_free(layer = object, factor = factor, radius = radius))
  }
  layer <- needed(layer)
  create_layer("AliasFree")
}
