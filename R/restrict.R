# Less symmetry: restriction to a subgroup, and bases in which restricted fields are known ones.

#' Restrict to a subgroup
#'
#' `restrict()` is the same object under a subgroup: of a space, a group, a representation, a field type or a tensor.
#' `restrict_module()` is the layer that does it to features, half-way up a network: rotations and mirrors below, mirrors
#' alone above. `disentangle()` splits a representation into smaller ones, and `disentangle_module()` changes the basis
#' of features so that restricted fields are again sums of known ones; use it after a restriction.
#'
#' @inheritParams r2_conv
#' @param x A space, a group, a representation, a field type or a geometric tensor.
#' @param rotations Number of rotations that are kept; 1 keeps none but the identity, `Inf` all.
#' @param axis For groups with reflections: the rotation of the reflection that is kept, as a number of steps from 0 (for
#'   continuous groups as an angle in radians); `NULL` keeps no reflection.
#' @param degrees For continuous groups: the angle of `axis` in degrees, in its place.
#' @param subgroup The subgroup of any other group: a row of [subgroups()], elements that generate it, the name of its
#'   structure, or its label.
#' @param ... For methods.
#' @inheritSection r2_conv One argument, three uses
#' @return `restrict()`: an object of the same kind. `disentangle()`: for a representation, a list of
#'   `change_of_basis` and `representations`; for a field type, the module that disentangles it. The others as
#'   [r2_conv()].
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_flip_rot2d(N = 4)
#' restrict(gs, rotations = 4)
#' restrict(regular_repr(gs), rotations = 1, axis = 0)
#' restrict(gspace_octa(), subgroup = "D3")
#' field_type(gs, regular = 2) |>
#'   restrict_module(rotations = 1, axis = 0) |>
#'   disentangle_module()
restrict <- function(x, ...) {
  UseMethod("restrict")
}

#' @rdname restrict
#' @export
restrict.default <- function(x, rotations = NULL, axis = NULL, subgroup = NULL, degrees = NULL, ...) {
  call <- quote(restrict())
  check_class(
    x, c("symmetry_group", "gspace", "group_representation", "field_type", "geometric_tensor"),
    "a space, a group, a representation, a field type or a geometric tensor",
    arg = "x", call = call
  )
  if (!is.null(degrees)) axis <- as_axis_angle(axis, degrees, NULL, call)
  py_call_checked("_r.subgroups.restrict", c(list(x), as_subgroup(rotations, axis, subgroup, call)), call)
}

#' @export
restrict.equivariant_module <- function(x, rotations = NULL, axis = NULL, subgroup = NULL, degrees = NULL, ...) {
  restrict_module(x, rotations = rotations, axis = axis, subgroup = subgroup, degrees = degrees)
}

#' @rdname restrict
#' @export
restrict_module <- function(object, rotations = NULL, axis = NULL, subgroup = NULL, degrees = NULL, ...) {
  if (!is.null(degrees)) axis <- as_axis_angle(axis, degrees, NULL)
  degrees <- NULL
  create_layer("RestrictionModule")
}

#' @rdname restrict
#' @export
disentangle <- function(x, ...) {
  UseMethod("disentangle")
}

#' @export
disentangle.default <- function(x, ...) {
  check_class(x, c("group_representation", "field_type", "equivariant_module"), "a representation or a field type")
}

#' @export
disentangle.group_representation <- function(x, ...) {
  parts <- py_call_checked("_r.representations.disentangle", list(check_alive(x)), quote(disentangle()))
  parts$representations <- new_representation_list(parts$representations)
  parts
}

#' @export
disentangle.field_type <- function(x, ...) disentangle_module(x)

#' @export
disentangle.equivariant_module <- function(x, ...) disentangle_module(x)

#' @rdname restrict
#' @export
disentangle_module <- function(object, ...) {
  create_layer("DisentangleModule")
}

#' Less symmetry for a trained model
#'
#' `restrict_model()` is the model with less symmetry from one of its layers on, and the same answers: what respects a
#' group respects its subgroups. Trained further, it may learn what the larger group forbids, for example that digits
#' stand upright.
#'
#' @param model A sequence of layers, or a fit of one.
#' @param to The space with less symmetry, such as `gspace_rot2d(N = 4)` for a model on `gspace_flip_rot2d(N = 4)`.
#' @param from_layer The number of the first layer that is restricted.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A module: the layers before, the restriction, and the other layers for the restricted fields, with all that
#'   they have learned.
#' @seealso [restrict_module()] for a layer that restricts, `restrict` in [equivariant_cnn()]
#' @export
#' @examplesIf intertwine_available()
#' model <- field_type(gspace_flip_rot2d(N = 4), trivial = 1) |>
#'   r2_conv(out = c(regular = 2), kernel_size = 3) |>
#'   nonlin_relu() |>
#'   head_classes(n = 2)
#' less <- restrict_model(model, to = gspace_rot2d(N = 4), from_layer = 2)
#' x <- array(rnorm(49), c(1, 1, 7, 7))
#' all.equal(less(x), model(x), tolerance = 1e-5)
restrict_model <- function(model, to, from_layer = 1, ...) {
  if (inherits(model, "intertwine_fit")) model <- model$module
  check_module(model)
  check_class(to, "gspace", "a space", hint = "For example gspace_rot2d(N = 4).")
  from_layer <- as_count(from_layer, min = 1)
  py_call_checked("models.restrict_model", list(model, to, from_layer - 1L))
}
