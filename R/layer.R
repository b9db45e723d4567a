# Layers: one mechanism for all of them.
#
# The first argument of every layer function is `object`. Without it the function returns a specification, which a
# sequence builds once it knows the type of its input; a field type gives the module; a module gives the sequence of both.

#' Make a layer, its specification, or a longer sequence: all that most layer functions do.
#'
#' It reads the arguments of the layer function that calls it, so that no argument is named twice.
#'
#' @param kind Name of the class in `intertwine.nn`.
#' @param random Does building it draw random numbers?
#' @param frame The frame of the layer function, whose first argument is `object`.
#' @noRd
create_layer <- function(kind, random = FALSE, frame = rlang::caller_env()) {
  names <- arguments_of(sys.function(sys.parent()), "object")
  args <- Filter(Negate(is.null), mget(names, envir = frame))
  spec <- new_layer_spec(kind, coerce_arguments(args, frame), random)
  if (eval(quote(missing(object)), frame)) spec else grow(frame$object, list(spec), frame)
}

#' Apply specifications to what there is: a field type, a module, or another specification.
#' @noRd
grow <- function(object, parts, call) {
  check_alive(object, call)
  if (is_layer_spec(object)) {
    return(new_sequence_spec(c(list(object), parts)))
  }
  if (!is_field_type(object) && !is_module(object)) {
    abort_intertwine(
      "`object` must be a field type or a module, not {describe_value(object)}.",
      class = "argument_type",
      hint = if (inherits(object, c("gspace", "symmetry_group"))) {
        "A space has no channels yet: add |> field_type(trivial = 1)."
      } else {
        "Start with field_type(gs, trivial = 1)."
      },
      call = call
    )
  }
  parts <- flatten_parts(parts, call)
  records <- lapply(parts, part_record, call)
  py_call_checked("_r.layers.grow", list(object, records), call)
}

#' What Python needs to build a part: the object itself, or kind, arguments and seed.
#' @noRd
part_record <- function(part, call) {
  if (is_py(part)) {
    return(list(module = part))
  }
  arguments <- attr(part, "arguments")
  # Layers within a layer: each is a sequence of its own.
  records <- function(inner) lapply(flatten_parts(list(inner), call), part_record, call)
  inner <- intersect(c("layer", "shortcut", "nonlinearity"), names(arguments))
  arguments[inner] <- lapply(arguments[inner], records)
  if (!is.null(arguments$parts)) arguments$parts <- lapply(arguments$parts, records)
  list(
    kind = attr(part, "kind"),
    arguments = as_py_dict(arguments),
    seed = if (attr(part, "random")) draw_seed()
  )
}

#' A seed for torch from R's generator, so that set.seed() governs.
#' @noRd
draw_seed <- function() {
  # As a double: whole numbers beyond 2^31 do not cross as integers.
  floor(stats::runif(1, 0, 2^31 - 1))
}

#' Specifications of sequences taken apart; everything else checked.
#' @noRd
flatten_parts <- function(parts, call) {
  flat <- list()
  for (part in parts) {
    if (inherits(part, "sequence_spec")) {
      flat <- c(flat, flatten_parts(attr(part, "parts"), call))
    } else if (is_layer_spec(part) || is_torch_module(part)) {
      flat <- c(flat, list(check_alive(part, call)))
    } else if (is.list(part) && !is.object(part)) {
      flat <- c(flat, flatten_parts(part, call))
    } else {
      abort_intertwine(
        "A sequence is made of layers, not of {describe_value(part)}.",
        class = "argument_type",
        hint = if (is.function(part)) {
          "Call the layer function: r2_conv(...), with its arguments."
        } else if (is_field_type(part)) {
          "The type of the input comes first: sequential_module(type, r2_conv(...), ...)."
        } else {
          "A layer is made by its function, such as nonlin_relu()."
        },
        call = call
      )
    }
  }
  flat
}

is_module <- function(x) inherits(x, "equivariant_module")
is_torch_module <- function(x) is_module(x) || inherits(x, "torch.nn.modules.module.Module")
is_layer_spec <- function(x) inherits(x, "layer_spec")

check_module <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (is_layer_spec(x)) {
    abort_intertwine(
      "`{arg}` is the specification of a layer, which has no type yet.",
      class = "argument_type",
      hint = "Give it a field type first: field_type(gs, trivial = 1) |> r2_conv(...).", call = call
    )
  }
  check_class(
    x, c("equivariant_module", "torch.nn.modules.module.Module"), "a module",
    hint = "Make one with sequential_module() or r2_conv().", arg = arg, call = call
  )
}

# Specifications --------------------------------------------------------------------------------------------------------

new_layer_spec <- function(kind, arguments, random) {
  spec <- function(object) grow(object, list(self()), call = rlang::current_env())
  self <- function() layer
  layer <- structure(
    spec,
    class = c(sub("\\(\\)$", "_spec", r_name_of(kind)), "layer_spec"),
    kind = kind, arguments = arguments, random = random
  )
  layer
}

new_sequence_spec <- function(parts) {
  spec <- function(object) grow(object, parts, call = rlang::current_env())
  structure(spec, class = c("sequence_spec", "layer_spec"), parts = parts)
}

r_name_of <- function(kind) {
  name <- r_names_of_python()[kind]
  if (is.na(name)) paste0(snake_case(kind), "()") else name[[1]]
}

#' @export
format.layer_spec <- function(x, ...) {
  arguments <- drop_defaults(attr(x, "arguments"), r_name_of(attr(x, "kind")))
  texts <- vapply(names(arguments), function(name) paste0(name, " = ", argument_text(arguments[[name]])), "")
  paste0(sub("\\(\\)$", "", r_name_of(attr(x, "kind"))), "(", paste(texts, collapse = ", "), ")")
}

#' The arguments that differ from those that the layer function has by itself.
#' @noRd
drop_defaults <- function(arguments, name) {
  defaults <- formals(get(sub("\\(\\)$", "", name), envir = topenv()))
  usual <- vapply(names(arguments), function(argument) {
    # Defaults of layers are constants; an argument without one has an empty symbol, which cannot be assigned.
    constant <- !is.symbol(defaults[[argument]]) && !is_py(arguments[[argument]])
    constant && isTRUE(all.equal(unlist(arguments[[argument]]), eval(defaults[[argument]])))
  }, NA)
  arguments[!usual]
}

#' @export
format.sequence_spec <- function(x, ...) {
  unlist(lapply(attr(x, "parts"), format))
}

#' @export
print.layer_spec <- function(x, ...) {
  lines <- format(x)
  cat("<layer to be built: it takes the type of what comes before it>\n")
  cat(paste0("  ", lines), sep = "\n")
  invisible(x)
}

#' An entry of `out`: a number with its name, or representations.
#' @noRd
field_text <- function(name, value) {
  if (nzchar(name)) {
    return(paste0(name, " = ", value))
  }
  paste(format(new_representation_list(value)), collapse = ", ")
}

argument_text <- function(x) {
  if (inherits(x, "field_spec")) {
    terms <- mapply(field_text, x$names, x$values)
    return(paste0("c(", paste(terms, collapse = ", "), ")"))
  }
  if (is_py(x) || is_layer_spec(x)) {
    return(paste(format(x), collapse = " "))
  }
  if (is.list(x) && length(x) && all(vapply(x, is_layer_spec, NA)) && is.null(names(x))) {
    return(paste(unlist(lapply(x, format)), collapse = ", "))
  }
  if (is.list(x) && !is.null(names(x))) {
    return(paste0("list(", paste0(names(x), " = ", vapply(x, argument_text, ""), collapse = ", "), ")"))
  }
  x <- unlist(x)
  shown <- if (is.character(x)) paste0("\"", x, "\"") else format(x, trim = TRUE)
  if (length(x) == 1) shown else paste0("c(", paste(shown, collapse = ", "), ")")
}

# Modules are R functions -----------------------------------------------------------------------------------------------

#' @rdname callables
#' @usage NULL
#' @rawNamespace S3method(reticulate::py_to_r_wrapper, equivariant_module)
py_to_r_wrapper.equivariant_module <- function(x) { # nolint: object_length_linter. Its generic's name is long.
  force(x)
  function(object, ...) {
    if (missing(object)) abort_no_input("A module is a function of features", "module(x)")
    call_module(x, object, ..., call = rlang::current_env())
  }
}

#' The error of modules, types and representations that are called without an argument.
#' @noRd
abort_no_input <- function(what, example, call = rlang::caller_env()) {
  abort_intertwine(
    "{what}, and none was given.", class = c("missing_argument", "argument"),
    hint = "Write {example}.", call = call
  )
}

#' A module at work: geometric tensors, torch tensors and arrays each give the same kind back.
#' @noRd
call_module <- function(module, x, ..., call) {
  check_alive(module, call)
  if (is_layer_spec(x) || is_field_type(x) || is_module(x)) {
    abort_intertwine(
      "A module is a function of features, not of {describe_value(x)}.",
      class = "argument_type",
      hint = if (is_layer_spec(x)) {
        "To append a layer, pipe the module into it: module |> nonlin_relu()."
      } else {
        "Make features with geometric_tensor()."
      },
      call = call
    )
  }
  graph <- graph_of(list(...))
  if (!is.null(graph)) {
    return(call_on_points(module, x, graph, call))
  }
  features <- list(x, ...)
  several <- length(features) > 1 || (is.list(x) && !is.null(names(x)) && !is.object(x))
  if (several && !all(vapply(if (length(features) > 1) features else x, is_py, NA))) {
    one <- is_field_type(module$in_type)
    points <- any(vapply(features, function(part) is_geometric_tensor(part) && !is.null(part$coords), NA))
    others <- Filter(Negate(is_py), features)
    odd <- describe_value(if (length(features) > 2) features[[length(features)]] else others[[1]])
    abort_intertwine(
      if (one) {
        "This module takes one input{if (points) ' and the edges of a graph'}, but was given {odd} besides."
      } else {
        "A module with several inputs takes geometric tensors or torch tensors."
      },
      class = "argument_type",
      hint = if (points) {
        "Make edges with radius_graph() and write module(x, edges)."
      } else if (one) {
        "Join batches of samples with c(), or call the module for each."
      } else {
        "Make features with geometric_tensor()."
      },
      call = call
    )
  }
  if (several || is_py(x)) {
    for (feature in features) check_alive(feature, call)
    return(py_call_checked("_r.layers.run", list(module, x, ...), call))
  }
  # Small arrays cross in double precision and become what the module computes in; large ones ask first, for half the bytes.
  dtype <- if (length(x) < 1e5) "float64" else py_call_checked("_r.crossing.arrays.dtype_name", list(module), call)
  if (is_plain_array(x)) {
    packed <- pack_array(x, dtype, feature_dims(x, module, call), "x", call)
    if (is.null(packed$inbox)) {
      return(py_call_checked(
        "_r.layers.run_array", list(module, packed$data, packed$dims, packed$wire, dtype, chunk_bytes()), call
      ))
    }
  }
  tensor <- input_tensor(x, module, dtype, call = call)
  tensor_to_array(py_call_checked("_r.layers.run_cast", list(module, tensor), call), call)
}

#' @export
dim.equivariant_module <- function(x) NULL

#' @export
length.equivariant_module <- function(x) 1L

#' @export
length.sequential_module <- function(x) py_call_checked("_r.crossing.generic_methods.count", list(check_alive(x)))

#' @export
format.equivariant_module <- function(x, ...) {
  if (is_dead(x)) {
    return(NextMethod())
  }
  rows <- py_call_checked("_r.layers.table", list(x))
  parameters <- sum(0, vapply(rows, function(row) row$parameters, 0))
  title <- paste0(
    "<", class(x)[1], ": ", if (length(rows) > 1) paste0(length(rows), " layers, "),
    format(parameters, big.mark = ","), if (parameters == 1) " parameter>" else " parameters>"
  )
  names <- vapply(rows, function(row) layer_title(row), "")
  outs <- vapply(rows, function(row) {
    row$out %||% if (row$open) "as many numbers as fit() finds classes" else "plain numbers"
  }, "")
  start <- py_call_checked("_r.layers.start_text", list(x))
  numbers <- formatC(seq_along(rows), width = nchar(length(rows)))
  lines <- if (length(rows)) paste0("  ", format(paste0(numbers, "  ", names)), "  -> ", outs)
  c(title, paste0("  ", strrep(" ", nchar(length(rows))), "  from ", start), lines)
}

#' The name of a layer with the settings that differ from the usual.
#' @noRd
layer_title <- function(row) {
  name <- if (row$ours) sub("\\(\\)$", "", r_name_of(row$kind)) else paste0("torch ", row$kind)
  if (row$detail == "") name else paste0(name, "(", row$detail, ")")
}

#' Number of parameters
#'
#' Counts the values that training adjusts.
#'
#' @param module A module.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A number.
#' @export
#' @examplesIf intertwine_available()
#' field_type(gspace_rot2d(4), trivial = 1) |>
#'   r2_conv(out = c(regular = 8), kernel_size = 5) |>
#'   n_parameters()
n_parameters <- function(module, ...) {
  check_module(module)
  py_call_checked("_r.layers.n_parameters", list(module))
}

#' An ordinary torch module
#'
#' The same function as a module of torch alone: filters expanded, field types gone. For deployment, or for code that
#' knows nothing of equivariance. Where `torch.nn` has no layer that does the same, the operations are recorded as a
#' `torch.fx.GraphModule`.
#'
#' @param module A module. It is not changed.
#' @param example Images or an array as the module takes them. Only some modules need one, such as those of
#'   [make_equivariant()] for turns that move images between their pixels: the result then takes images of that size.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A `torch.nn.Module` in evaluation mode.
#' @export
#' @examplesIf intertwine_available()
#' conv <- field_type(gspace_rot2d(4), trivial = 1) |>
#'   r2_conv(out = c(regular = 8), kernel_size = 5)
#' export_torch(conv)
export_torch <- function(module, example = NULL, ...) {
  check_class(module, "equivariant_module", "a module", hint = "Make one with sequential_module() or r2_conv().")
  if (!is.null(example)) example <- as_input(example, module, arg = "example")$value
  py_call_checked("_r.layers.export", list(module, example))
}
