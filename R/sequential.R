# Sequences of layers, and the layers that hold them together.

#' Sequences of layers
#'
#' One layer after the other. Each layer takes the type of what comes before it, so only outputs are named. Ordinary
#' modules of Python's torch may follow where all fields are invariant, as after [pool_group()].
#'
#' `model[[i]]` is the layer at position `i`, `length(model)` their number.
#'
#' @param object The [field_type()] of the input, or a module to go on from. Without either, the result is a
#'   specification, to be used as a block in another sequence.
#' @param ... Layers: specifications such as `nonlin_relu()`, modules, torch modules, or lists of them.
#' @return A module; or a specification.
#' @seealso [head_classes()] for the end of a classifier
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 4)
#' model <- sequential_module(
#'   field_type(gs, trivial = 1),
#'   r2_conv(out = c(regular = 8), kernel_size = 5),
#'   batchnorm_inner(),
#'   nonlin_relu(),
#'   pool_group(),
#'   head_classes(n = 10)
#' )
#' model
#' dim(model(array(rnorm(2 * 28 * 28), c(2, 1, 28, 28))))
#'
#' # A block that is used twice
#' block <- sequential_module(r2_conv(out = c(regular = 4), kernel_size = 3), nonlin_relu())
#' sequential_module(field_type(gs, trivial = 1), block, block)
sequential_module <- function(object, ...) {
  call <- rlang::current_env()
  parts <- unname(list(...))
  if (missing(object)) {
    return(new_sequence_spec(parts))
  }
  if (is_layer_spec(object)) {
    return(new_sequence_spec(flatten_parts(c(list(object), parts), call)))
  }
  check_alive(object, call)
  if (!is_field_type(object) && !is_module(object)) {
    abort_intertwine(
      "A sequence starts with the field type of its input, not with {describe_value(object)}.",
      class = "argument_type", hint = "Start with field_type(gs, trivial = 1).", call = call
    )
  }
  records <- lapply(flatten_parts(parts, call), part_record, call)
  py_call_checked("_r.layers.sequence", list(object, records), call)
}

#' Classification head
#'
#' An invariant map of the fields, the mean over all positions, and a linear map to `n` numbers, one for each class: the
#' answer is unchanged when the input is moved.
#'
#' @inheritParams r2_conv
#' @param n Number of classes. `fit()` fills it in from the data if it is `NULL`.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' head <- field_type(gspace_rot2d(N = 4), regular = 8) |> head_classes(n = 3)
#' dim(head(array(0, c(2, 32, 5, 5))))
head_classes <- function(object, n = NULL, ...) {
  create_layer("HeadClasses", random = TRUE)
}

#' The identity layer
#'
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritParams r2_conv
#' @inherit r2_conv return
#' @export
#' @examplesIf intertwine_available()
#' field_type(gspace_rot2d(N = 4), regular = 2) |> identity_module()
identity_module <- function(object, ...) {
  create_layer("IdentityModule")
}

#' @export
`[.sequential_module` <- function(x, i) {
  call <- rlang::current_env()
  positions <- as_positions(i, length(x), "layer", arg = "i", call = call)
  py_call_checked("_r.layers.part_of_sequence", list(x, as.list(positions - 1L)), call)
}

#' @export
as.list.sequential_module <- function(x, ...) lapply(seq_along(x), function(i) x[[i]])
