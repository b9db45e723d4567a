# How the arguments of layers cross: R numbers are doubles, vectors stand for tuples, named numbers for fields.

#' Arguments of layers by name, and what becomes of them. An argument without an entry crosses as it is.
#' @noRd
layer_arguments <- function() {
  sizes <- function(min) {
    function(x, arg, call) {
      x <- as_whole(x, min = min, arg = arg, call = call)
      if (length(x) == 1) x else as.list(x)
    }
  }
  count <- function(min) function(x, arg, call) as_count(x, min = min, arg = arg, call = call)
  flag <- function(x, arg, call) check_flag(x, arg, call)
  string <- function(x, arg, call) check_string(x, arg, call)
  number <- function(min) {
    function(x, arg, call) as.double(check_number(x, min, arg = arg, call = call))
  }
  share <- function(x, arg, call) as.double(check_number(x, 0, 1, arg = arg, call = call))
  numbers <- function(x, arg, call) {
    for (value in x) check_number(value, arg = arg, call = call)
    as.list(as.double(x))
  }
  inner_layer <- function(x, arg, call) {
    hint <- paste0("For example ", arg, " = nonlin_relu().")
    check_class(x, "layer_spec", "the specification of a layer, or of a sequence", hint, arg, call)
  }
  list(
    out = as_out,
    fun = string,
    labels = as_labels,
    parts = check_parts,
    layer = inner_layer,
    shortcut = inner_layer,
    kernel_size = sizes(1),
    padding = function(x, arg, call) {
      if (rlang::is_string(x) && x != "same") {
        abort_intertwine(
          "`{arg}` must be whole numbers or \"same\", not {describe_value(x)}.",
          hint = "padding = 0 adds nothing.", call = call
        )
      }
      if (is.character(x)) x else sizes(0)(x, arg, call)
    },
    output_padding = sizes(0),
    stride = sizes(1),
    dilation = sizes(1),
    groups = count(1),
    bias = flag,
    inplace = flag,
    affine = flag,
    track_running_stats = flag,
    ceil_mode = flag,
    count_include_pad = flag,
    initialize = flag,
    padding_mode = string,
    output_size = sizes(1),
    size = sizes(1),
    cells = sizes(0),
    crop = flag,
    S = count(1),
    margin = number(0),
    scale_factor = number(0),
    mode = string,
    align_corners = flag,
    drop_gates = flag,
    block_size = sizes(1),
    frequency = count(0),
    p = share,
    # Positions count from 1 here, from 0 in Python.
    permutation = function(x, arg, call) as.list(as_whole(x, min = 1, arg = arg, call = call) - 1L),
    alpha = number(0),
    negative_slope = number(-Inf),
    eps = number(0),
    heads = function(x, arg, call) if (identical(x, "permuted")) x else count(1)(x, arg, call),
    reach = count(1),
    window = count(1),
    shifted = flag,
    reduction = count(1),
    expansion = count(1),
    depths = function(x, arg, call) as.list(as_whole(x, min = 1, arg = arg, call = call)),
    depth = count(1),
    patch = count(1),
    bottleneck = flag,
    downsample = flag,
    norm = string,
    num_groups = count(1),
    nonlinearity = inner_layer,
    dropout = share,
    momentum = share,
    sigma = function(x, arg, call) if (length(x) == 1) number(0)(x, arg, call) else numbers(x, arg, call),
    rings = numbers,
    spacing = function(x, arg, call) if (length(x) == 1) number(0)(x, arg, call) else numbers(x, arg, call),
    samples = string,
    width = number(0),
    n_rings = count(1),
    accuracy = count(1),
    maximum_order = count(0),
    maximum_power = count(0),
    smoothing = number(0),
    rbffd = flag,
    radial_basis_function = string,
    radial = string,
    aggr = string,
    reduce = string,
    factor = count(1),
    radius = count(1),
    grid = string,
    N = count(1),
    frequencies_cutoff = number(0),
    low_error = function(x, arg, call) {
      if (!is.logical(x) && !is.numeric(x)) {
        abort_intertwine(
          "`{arg}` must be TRUE, FALSE or a number, not {describe_value(x)}.",
          class = "argument_type", call = call
        )
      }
      if (is.logical(x)) flag(x, arg, call) else number(0)(x, arg, call)
    },
    n = count(1),
    rotations = function(x, arg, call) if (identical(x, Inf)) -1L else as_count(x, min = 1, arg = arg, call = call),
    axis = as_axis,
    subgroup = function(x, arg, call) as_subgroup_label(x, call)
  )
}

coerce_arguments <- function(args, call, table = layer_arguments()) {
  for (name in names(args)) {
    coerce <- table[[name]]
    if (!is.null(coerce) && !is.null(args[[name]])) args[[name]] <- coerce(args[[name]], name, call)
  }
  args
}

#' The output type of a layer: a field type, numbers by name, representations, or a mixture of these.
#' @noRd
as_out <- function(x, arg, call) {
  if (is_field_type(x)) {
    return(check_alive(x, call))
  }
  if (is_representation(x)) x <- list(x)
  if (!is.list(x) && !(is.numeric(x) && !is.null(names(x)))) {
    abort_intertwine(
      "`{arg}` must say which fields the layer puts out, not {describe_value(x)}.",
      class = "argument_type",
      hint = "Give numbers by name, such as out = c(regular = 8), representations, or a field type.", call = call
    )
  }
  structure(as_fields(as.list(unclass(x)), call), class = "field_spec")
}

as_rate <- function(x, call) {
  check_number(x, arg = "learn_rate", call = call)
  if (x <= 0) abort_intertwine("`learn_rate` must be a number above 0, not {describe_value(x)}.", call = call)
  as.double(x)
}
