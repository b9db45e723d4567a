# R classes of Python objects, and the methods that all of them share.
#
# R objects are the Python objects. The class filter puts short, stable classes before Python's: `field_type`,
# `geometric_tensor`, `r2_conv`, ... then `equivariant_module` for modules, then `intertwine_object`.

#' S3 classes of Python classes whose short name in snake case would be too general, or would read badly.
#' @noRd
class_names <- c(
  Group = "symmetry_group",
  Representation = "group_representation",
  IrreducibleRepresentation = "irreducible_representation",
  GSpace = "gspace",
  GSpace0D = "gspace",
  GSpace2D = "gspace",
  GSpace3D = "gspace",
  GeneratedGroup = "generated_group",
  MatrixGroup = "matrix_group",
  PermutationGroup = "permutation_group",
  TableGroup = "table_group",
  Spec = "py_layer_spec",
  EquivarianceReport = "equivariance_report"
)

#' The class filter: short classes before Python's own. It runs for each object that comes from Python, so that what it found
#' for these classes before is looked up.
#' @noRd
short_classes <- function(classes) {
  key <- paste(classes, collapse = " ")
  found_classes[[key]] %||% (found_classes[[key]] <- find_short_classes(classes))
}

found_classes <- new.env(parent = emptyenv())

find_short_classes <- function(classes) {
  ours <- startsWith(classes, "intertwine.")
  # Exceptions pass through here, too, under newer versions of reticulate; they are conditions and stay it.
  if (!any(ours) || "intertwine_object" %in% classes || "python.builtin.BaseException" %in% classes) {
    return(classes)
  }
  names <- sub("^.*\\.", "", classes[ours])
  names <- names[!startsWith(names, "_")]
  known <- class_names[names]
  r_names <- sub("\\(\\)$", "", r_names_of_python()[names])
  short <- ifelse(!is.na(known), known, ifelse(!is.na(r_names), r_names, snake_case(names)))
  c(unique(unname(short)), "intertwine_object", classes)
}

snake_case <- function(x) {
  tolower(gsub("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", x, perl = TRUE))
}

#' Is this a Python object?
#' @noRd
is_py <- function(x) inherits(x, "python.builtin.object")

#' Is this an object of the Python half, alive or not?
#' @noRd
is_ours <- function(x) inherits(x, "intertwine_object")

is_dead <- function(x) is_py(x) && reticulate::py_is_null_xptr(x)

#' A reference to a Python object dies with its session. Name what would have kept it.
#' @noRd
check_alive <- function(x, call = rlang::caller_env()) {
  if (is_dead(x)) {
    abort_intertwine(
      "This {class(x)[1]} was made in another R session, and only its reference was kept, not its contents.",
      class = "dead_pointer",
      hint = "Make it again; or keep models with intertwine_save() and read them with intertwine_load(), and fits with
              saveRDS().",
      call = call
    )
  }
  invisible(x)
}

#' @export
`$.intertwine_object` <- function(x, name) {
  check_part(x, name)
  tidy_value(NextMethod())
}

#' @export
`[[.intertwine_object` <- function(x, name, ...) {
  check_alive(x)
  if (is.numeric(name)) {
    if (!reticulate::py_has_attr(x, "__len__")) refuse_object(x, parts_by_position, hint = NULL)
    return(item_at(x, name))
  }
  check_part(x, name)
  tidy_value(NextMethod())
}

#' Is there a part of this name? If not, the names like it are said.
#' @noRd
check_part <- function(x, name, call = rlang::caller_env()) {
  check_alive(x, call)
  if (!rlang::is_string(name)) {
    abort_intertwine(
      "A part has a position or a name, not {describe_value(name)}.", class = "argument_type", call = call
    )
  }
  if (!reticulate::py_has_attr(x, name)) {
    abort_intertwine(
      "This {kind_of_object(x)} has nothing called `{name}`.",
      class = "missing_name",
      hint = if (is_module(x) && !length(nearest_names(name, names(x)))) {
        "Its layers are parts by position, such as model[[1]]; see summary()."
      } else {
        "{did_you_mean(name, names(x))}"
      },
      call = call
    )
  }
}

#' Sizes and NumPy arrays as R has them.
#' @noRd
tidy_value <- function(value) {
  if (inherits(value, "torch.Size")) {
    return(as.integer(unlist(py_call_checked("_r.crossing.values.plain", list(value)))))
  }
  value
}

#' One position in something of length `n`.
#' @noRd
as_position <- function(x, n, what = "part", arg = "i", call = rlang::caller_env()) {
  position <- as_positions(x, n, what, arg, call)
  if (length(position) != 1) {
    abort_intertwine("`[[` takes one position.", class = "position", call = call)
  }
  position
}

#' The part at a position counted from one.
#' @noRd
item_at <- function(x, position, call = rlang::caller_env()) {
  n <- py_call_checked("_r.crossing.generic_methods.count", list(x), call)
  position <- as_position(position, n, call = call)
  py_call_checked("_r.crossing.generic_methods.item", list(x, position - 1L), call)
}

#' @export
format.intertwine_object <- function(x, ...) {
  if (is_dead(x)) {
    return(paste0("<", class(x)[1], " of another R session: a dead reference>"))
  }
  strsplit(py_call_checked("_r.crossing.generic_methods.text", list(x)), "\n", fixed = TRUE)[[1]]
}

#' @export
print.intertwine_object <- function(x, ...) {
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' @export
summary.intertwine_object <- function(object, ...) check_alive(object)

#' @importFrom utils str
#' @export
str.intertwine_object <- function(object, ...) {
  cat(" <", class(object)[1], "> ", paste(format(object), collapse = " "), "\n", sep = "")
  invisible(object)
}

#' @export
as.character.intertwine_object <- function(x, ...) {
  paste(format(x), collapse = "\n")
}

#' Equality of objects of intertwine
#'
#' Two groups, elements, representations, spaces or field types are equal if they are the same mathematical object, however
#' they were made; two tensors if their types are equal and their values, within `tolerance`.
#'
#' @param target,current Objects.
#' @param ... For tensors, `tolerance` and what else [all.equal.numeric()] takes.
#' @return `TRUE`, or a description of the difference.
#' @keywords internal
#' @method all.equal intertwine_object
#' @export
#' @examplesIf intertwine_available()
#' all.equal(cyclic_group(4), group_of(gspace_rot2d(4)))
all.equal.intertwine_object <- function(target, current, ...) {
  check_alive(target)
  if (!is_ours(current)) {
    return(paste0("target is a ", class(target)[1], ", current is ", describe_value(current)))
  }
  check_alive(current)
  if (isTRUE(py_call_checked("_r.crossing.generic_methods.equal", list(target, current)))) {
    return(TRUE)
  }
  paste0(
    "target is ", paste(format(target), collapse = " "),
    ", current is ", paste(format(current), collapse = " ")
  )
}

#' @export
Ops.intertwine_object <- function(e1, e2) {
  if (.Generic %in% c("==", "!=")) {
    same <- is_ours(e1) && is_ours(e2) &&
      isTRUE(py_call_checked("_r.crossing.generic_methods.equal", list(check_alive(e1), check_alive(e2))))
    return(if (.Generic == "==") same else !same)
  }
  refuse_operation(.Generic, e1, if (missing(e2)) NULL else e2)
}

refuse_operation <- function(generic, e1, e2, call = rlang::caller_env()) {
  operands <- c(describe_value(e1), if (!is.null(e2)) describe_value(e2))
  abort_intertwine(
    "`{generic}` is not defined for {or_list(operands, ' and ')}.",
    class = "argument_type", call = call
  )
}
