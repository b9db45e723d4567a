# Field types: which channels a feature map has, and how they transform.

#' Field types
#'
#' The type of a feature map: its space, and the representations by which the channels transform, in order. Each
#' representation is a *field*; it takes as many channels as it is large.
#'
#' Fields are given by name and number (`regular = 8`, `trivial = 2`, `vector = 1`), as representations, or as lists of them
#' (`4 * irrep(gs, frequency = 2)`), in any mixture. Their order is kept. The names are
#'
#' * `trivial`: numbers that the group does not change, and `regular`: one channel for each of its elements;
#' * `vector`: arrows, with a channel for each of x (to the right), y (up) and z, that move as the space does, mirrors
#'   included: gradients, flow, velocities, forces ([standard_repr()]);
#' * `pseudovector` and `pseudoscalar`: the same with another sign under mirrors, such as vorticity in the plane
#'   ([pseudoscalar_repr()]);
#' * irreps such as `irrep_1`, or any other name in [representations()]. They are labels: on a plane with mirrors
#'   `irrep_1_1` is *not* a vector.
#'
#' A field type is a function: `type(x)` is [geometric_tensor()]`(x, type)`.
#'
#' @param gs A space, such as [gspace_rot2d()]. A group makes a space without positions.
#' @param ... Numbers of fields by name, one by one or as a vector; representations; lists of representations.
#' @param x A field type.
#' @return A field type. `length()` is the number of its fields, `type[i]` the type with some of them, `c()` puts types one
#'   after the other. `n_channels()` is the number of its channels.
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 4)
#' field_type(gs, trivial = 1)
#' type <- field_type(gs, regular = 8, trivial = 2)
#' n_channels(type)
#' length(type)
#' gs |> field_type(4 * irrep(gs, frequency = 1))
#'
#' # Flows of the plane with its mirrors: a velocity, and its curl
#' gspace_flip_rot2d(N = 4) |> field_type(vector = 1, pseudoscalar = 1)
field_type <- function(gs, ...) {
  check_class(
    gs, c("gspace", "symmetry_group"), "a space",
    hint = "Make one with gspace_rot2d(N = 4)."
  )
  fields <- as_fields(spread_named(list(...)))
  py_call_checked("_r.fields.field_type", list(gs, fields$names, fields$values))
}

#' Vectors and lists of numbers by name, as `out` of layers takes them, one entry for each.
#' @noRd
spread_named <- function(x) {
  by_name <- vapply(x, function(part) !is.object(part) && !is.null(names(part)), NA)
  single <- names(x) %||% rep("", length(x))
  do.call(c, lapply(seq_along(x), function(i) if (by_name[i] && !nzchar(single[i])) as.list(x[[i]]) else x[i]))
}

#' Names and values of fields: numbers by name, or lists of representations with an empty name.
#' @noRd
as_fields <- function(x, call = rlang::caller_env()) {
  if (!length(x)) {
    abort_intertwine(
      "A field type needs at least one field.",
      hint = "Give the number of fields of each kind, such as regular = 8.", call = call
    )
  }
  names <- names(x) %||% rep("", length(x))
  values <- vector("list", length(x))
  for (i in seq_along(x)) {
    values[[i]] <- if (nzchar(names[i])) {
      as_count(x[[i]], min = 0, arg = names[i], call = call)
    } else if (is.numeric(x[[i]]) || is.character(x[[i]])) {
      abort_intertwine(
        "Fields are numbers with a name, not {describe_value(x[[i]])} alone.",
        hint = "Name their kind, such as {if (is.character(x[[i]])) x[[i]][1] else 'regular'} = 8.", call = call
      )
    } else {
      as_representations(list(x[[i]]), call)
    }
  }
  list(names = as.list(names), values = values)
}

#' @rdname field_type
#' @export
n_channels <- function(x, ...) {
  check_class(x, c("field_type", "geometric_tensor"), "a field type", hint = "Make one with field_type(gs, regular = 8).")
  py_call_checked("_r.fields.channels", list(x))
}

check_field_type <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  check_class(
    x, "field_type", "a field type",
    hint = "Make one with field_type(gs, regular = 8).", arg = arg, call = call
  )
}

is_field_type <- function(x) inherits(x, "field_type")

#' @rdname callables
#' @usage NULL
#' @rawNamespace S3method(reticulate::py_to_r_wrapper, field_type)
py_to_r_wrapper.field_type <- function(x) {
  force(x)
  function(object) {
    if (missing(object)) abort_no_input("A field type makes a geometric tensor of an array", "type(x)")
    new_geometric_tensor(object, x, call = rlang::current_env())
  }
}

#' @export
length.field_type <- function(x) py_call_checked("_r.crossing.generic_methods.count", list(check_alive(x)))

#' @export
`[.field_type` <- function(x, i) {
  call <- rlang::current_env()
  positions <- as_positions(i, length(x), "field", arg = "i", call = call)
  py_call_checked("_r.fields.subset", list(check_alive(x), as.list(positions - 1L)), call)
}

#' @export
`[[.field_type` <- function(x, i, ...) {
  if (is.character(i)) {
    return(NextMethod())
  }
  call <- rlang::current_env()
  position <- as_positions(i, length(x), "field", arg = "i", call = call)
  py_call_checked("_r.fields.field", list(check_alive(x), position - 1L), call)
}

#' @export
c.field_type <- function(...) {
  types <- list(...)
  odd <- Find(Negate(is_field_type), types)
  if (!is.null(odd)) {
    abort_intertwine(
      "c() joins field types, not {describe_value(odd)}.",
      class = "argument_type", hint = "Make one with field_type(gs, regular = 8)."
    )
  }
  lapply(types, check_alive)
  py_call_checked("_r.fields.concatenate", list(unname(types)))
}

#' @export
Ops.field_type <- function(e1, e2) {
  call <- rlang::caller_env()
  if (.Generic == "+" && !missing(e2) && is_field_type(e1) && is_field_type(e2)) {
    return(py_call_checked("_r.fields.concatenate", list(list(e1, e2)), call))
  }
  if (.Generic %in% c("==", "!=")) {
    types <- is_field_type(e1) && is_field_type(e2)
    same <- types && isTRUE(py_call_checked("_r.crossing.generic_methods.equal", list(e1, e2), call))
    return(if (.Generic == "==") same else !same)
  }
  refuse_operation(.Generic, e1, if (!missing(e2)) e2, call)
}

#' @export
format.field_type <- function(x, ...) {
  if (is_dead(x)) {
    return(NextMethod())
  }
  facts <- py_call_checked("_r.fields.facts", list(x))
  terms <- paste0(facts$counts, " x ", facts$names, ifelse(unlist(facts$sizes) > 1, paste0(" (", facts$sizes, ")"), ""))
  paste0(
    facts$space, ": ", paste(terms, collapse = " + "), " = ", facts$channels,
    if (facts$channels == 1) " channel" else " channels"
  )
}
