# Layers for induced fields: fields made of blocks that the group permutes, and turns inside.

#' Layers for induced fields
#'
#' An induced field has a block of channels for each coset of a subgroup: the group permutes the blocks and acts
#' inside of them as a representation of the subgroup does. [induced_repr()] makes such a representation; regular and
#' quotient representations are the ones whose blocks are a single channel.
#'
#' * `nonlin_induced_norm()` changes the length of each block and keeps its direction;
#' * `nonlin_induced_gated()` multiplies each block by the sigmoid of its channel in a quotient field: as many quotient
#'   fields as induced ones, the gates first;
#' * `batchnorm_induced_norm()` normalises the lengths of the blocks of each field;
#' * `pool_induced_norm()` is the length of the longest block of each field, which the group does not change.
#'
#' @inheritParams r2_conv
#' @inheritParams nonlin_norm
#' @inheritParams batchnorm_norm
#' @param block_size Number of channels of a block, one for all fields or one for each, where a representation does not
#'   say it; `NULL` finds the smallest blocks.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @seealso [induced_repr()], [nonlin_norm()], [batchnorm_norm()], [pool_norm()]
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = 8)
#' half_turns <- restrict(gs, rotations = 2)
#' rho <- induced_repr(gs, irrep(half_turns, frequency = 1), rotations = 2)
#' field_type(gs, 2 * rho) |> nonlin_induced_norm()
#' field_type(gs, 2 * quotient_repr(gs, rotations = 2), 2 * rho) |> nonlin_induced_gated()
nonlin_induced_norm <- function(object, fun = "relu", bias = TRUE, block_size = NULL, ...) {
  create_layer("InducedNormNonLinearity")
}

#' @rdname nonlin_induced_norm
#' @export
nonlin_induced_gated <- function(object, drop_gates = TRUE, ...) {
  create_layer("InducedGatedNonLinearity1", random = TRUE)
}

#' @rdname nonlin_induced_norm
#' @export
batchnorm_induced_norm <- function(object, eps = 1e-5, momentum = 0.1, affine = TRUE, block_size = NULL, ...) {
  create_layer("InducedNormBatchNorm")
}

#' @rdname nonlin_induced_norm
#' @export
pool_induced_norm <- function(object, block_size = NULL, ...) {
  create_layer("InducedNormPool")
}
