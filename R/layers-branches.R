# Fields that go different ways.

#' Different layers for different fields
#'
#' Fields of one type may need different layers: pointwise nonlinearities for regular fields, norms for vectors.
#' `multiple_module()` gives each label of fields to its own layer and puts the results together again; it is a layer as
#' any other. Its two halves are `branching_module()`, whose output is a named list of features, and `merge_module()`,
#' whose input is one.
#'
#' @inheritParams r2_conv
#' @param labels A label for each field.
#' @param parts A list of layers, named by the labels.
#' @param ... Modules, named by the labels of their inputs.
#' @inheritSection r2_conv One argument, three uses
#' @return A module; or a specification. `merge_module()` is always a module.
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 8)
#' type <- field_type(gs, regular = 2, vector = 1)
#' layer <- type |>
#'   multiple_module(c("scalar", "scalar", "vector"), list(scalar = nonlin_relu(), vector = nonlin_norm()))
#' layer
#'
#' branches <- branching_module(type, labels = c("a", "a", "b"))
#' parts <- branches(geometric_tensor(array(0, c(1, 18, 5, 5)), type))
#' names(parts)
#' merge_module(a = pool_group(parts$a$type), b = pool_norm(parts$b$type))(parts)
multiple_module <- function(object, labels, parts, ...) {
  create_layer("MultipleModule")
}

#' @rdname multiple_module
#' @export
branching_module <- function(object, labels, ...) {
  create_layer("BranchingModule")
}

#' @rdname multiple_module
#' @export
merge_module <- function(...) {
  call <- rlang::current_env()
  modules <- list(...)
  check_labelled(modules, "...", call)
  for (module in modules) check_module(module, arg = "...", call = call)
  py_call_checked("_r.layers.merge", list(unname(modules), as.list(names(modules))))
}

#' A way around a part of a network
#'
#' `residual()` adds the input of a part to its output: x + layer(x), as in a ResNet. `concat()` puts the fields of the
#' input beside those of the output, as in a U-Net, where `layer` goes to coarser grids and comes back. The sum of two
#' modules, `first + second`, gives both the same input and adds their outputs; the second may be a specification.
#'
#' @inheritParams r2_conv
#' @param layer The part: the specification of a layer or, with [sequential_module()], of a sequence. (In a sequence it
#'   may be the only argument: `residual(sequential_module(...))`.)
#' @param shortcut The specification of what happens on the way around it, where the part changes fields or size; `NULL`
#'   for nothing.
#' @param crop Crop the larger of the two around its centre to the size of the other, as where convolutions are not padded?
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' block <- sequential_module(
#'   r2_conv(out = c(regular = 4), kernel_size = 3, padding = 1),
#'   nonlin_relu(),
#'   r2_conv(out = c(regular = 4), kernel_size = 3, padding = 1)
#' )
#' fields <- field_type(gspace_rot2d(N = 4), regular = 4)
#' fields |> residual(block)
#' fields |> concat(sequential_module(pool_avg(2), r2_upsampling(scale_factor = 2)))
#' fields |> concat(r2_conv(out = c(regular = 4), kernel_size = 3), crop = TRUE)
#' nonlin_relu(fields) + r2_conv(out = c(regular = 4), kernel_size = 3, padding = 1)
residual <- function(object, layer, shortcut = NULL, crop = NULL, ...) {
  if (!missing(object) && missing(layer) && is_layer_spec(object)) {
    # In a sequence, a specification alone is the part itself.
    return(residual(layer = object, shortcut = shortcut, crop = crop))
  }
  layer <- needed(layer)
  create_layer("ResidualModule")
}

#' @rdname residual
#' @export
concat <- function(object, layer, shortcut = NULL, crop = NULL, ...) {
  if (!missing(object) && missing(layer) && is_layer_spec(object)) {
    return(concat(layer = object, shortcut = shortcut, crop = crop))
  }
  layer <- needed(layer)
  create_layer("ConcatModule")
}

#' @export
Ops.equivariant_module <- function(e1, e2) {
  call <- rlang::current_env()
  if (.Generic == "+" && !missing(e2) && is_module(e1) && (is_module(e2) || is_layer_spec(e2))) {
    lapply(list(e1, e2), check_alive, call)
    second <- if (is_module(e2)) e2 else lapply(flatten_parts(list(e2), call), part_record, call)
    return(py_call_checked("_r.layers.add", list(e1, second), call))
  }
  NextMethod()
}

#' Labels of fields as Python takes them.
#' @noRd
as_labels <- function(x, arg, call) {
  if (!is.character(x) || !length(x) || anyNA(x)) {
    abort_intertwine(
      "`{arg}` must be a label for each field, not {describe_value(x)}.",
      class = "argument_type", hint = "Write labels = c(\"a\", \"a\", \"b\").", call = call
    )
  }
  as.list(x)
}

#' Layers by the labels of their fields.
#' @noRd
check_parts <- function(x, arg, call) {
  check_labelled(x, arg, call)
  for (part in x) {
    if (!is_layer_spec(part) && !is_module(part)) {
      abort_intertwine(
        "`{arg}` holds layers, not {describe_value(part)}.",
        class = "argument_type", hint = "Write list(a = nonlin_relu(), b = nonlin_norm()).", call = call
      )
    }
  }
  x
}

check_labelled <- function(x, arg, call) {
  if (!is.list(x) || !length(x) || is.null(names(x)) || any(!nzchar(names(x)))) {
    abort_intertwine(
      "`{arg}` must be layers named by labels.",
      class = "argument",
      hint = if (arg == "...") {
        "Write a = nonlin_relu(), b = nonlin_norm()."
      } else {
        "Write {arg} = list(a = nonlin_relu(), b = nonlin_norm())."
      },
      call = call
    )
  }
}
