# Representations of a group that come from those of a subgroup, and functions on the group.

#' Induced representations, and functions on a group by their frequencies
#'
#' A feature of a subgroup H gives one of the group: a copy of it for each coset, which the group permutes and turns.
#' `induced_repr()` is that; with the trivial representation it is [quotient_repr()], and from the subgroup of one element
#' [regular_repr()].
#'
#' The group may be continuous if the subgroup has finitely many cosets: the rotations in `o2_group()` or `o3_group()`, a
#' factor in a product with a finite group. Otherwise the same functions are cut off: `spectral_regular_repr()` holds the
#' functions on the group, `spectral_quotient_repr()` those on the cosets, `spectral_induced_repr()` the fields that `rho`
#' induces, by their Fourier coefficients up to a `frequency`, or by a list of `irreps`.
#' `sphere_repr()` is the functions on the sphere. For the cube and the icosahedron `vertices_repr()`, `faces_repr()`
#' and `edges_repr()` permute what they name.
#'
#' @inheritParams irrep
#' @param rho A representation of the subgroup.
#' @param frequency The highest frequency that is kept.
#' @param irreps A list of irreps, or of labels, in place of `frequency`.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A representation.
#' @seealso [restrict()], [subgroups()], [fourier_repr()]
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' G <- dihedral_group(4)
#' H <- restrict(G, rotations = 4)
#' induced_repr(G, irrep(H, frequency = 1), rotations = 4)
#' induced_repr(o2_group(), irrep(so2_group(), frequency = 1), rotations = Inf)
#' sphere_repr(so3_group(), frequency = 2)
#' spectral_quotient_repr(so3_group(), subgroup = "ico", frequency = 6)
#' faces_repr(octahedral_group())
induced_repr <- function(gs, rho, rotations = NULL, axis = NULL, subgroup = NULL, ...) {
  check_has_group(gs)
  check_representation(rho)
  py_call_checked("_r.representations.induced", list(gs, as_subgroup(rotations, axis, subgroup), rho))
}

#' @rdname induced_repr
#' @export
spectral_regular_repr <- function(gs, frequency = NULL, irreps = NULL, ...) {
  check_has_group(gs)
  kept <- as_kept(frequency, irreps)
  py_call_checked("_r.representations.fourier", c(list(gs), kept))
}

#' @rdname induced_repr
#' @export
spectral_quotient_repr <- function(gs, frequency = NULL, irreps = NULL, rotations = NULL, axis = NULL, subgroup = NULL,
                                   ...) {
  check_has_group(gs)
  kept <- as_kept(frequency, irreps)
  py_call_checked("_r.representations.fourier_quotient", c(list(gs, as_subgroup(rotations, axis, subgroup)), kept))
}

#' @rdname induced_repr
#' @export
spectral_induced_repr <- function(gs, rho, frequency = NULL, irreps = NULL, rotations = NULL, axis = NULL,
                                  subgroup = NULL, ...) {
  check_has_group(gs)
  check_representation(rho)
  kept <- as_kept(frequency, irreps)
  py_call_checked("_r.representations.fourier_induced", c(list(gs, as_subgroup(rotations, axis, subgroup), rho), kept))
}

as_kept <- function(frequency, irreps, call = rlang::caller_env()) {
  if (!is.null(frequency)) frequency <- as_count(frequency, min = 0, arg = "frequency", call = call)
  if (is_representation(irreps)) irreps <- list(irreps)
  if (!is.null(irreps)) {
    irreps <- lapply(unname(unclass(irreps)), function(psi) {
      if (is_representation(psi)) return(psi)
      label <- as_label(psi, "irreps", call)
      if (is.list(label)) label else list(label)
    })
  }
  list(frequency, irreps)
}

#' @rdname induced_repr
#' @export
sphere_repr <- function(gs, frequency, ...) {
  check_has_group(gs)
  py_call_checked("_r.representations.sphere", list(gs, as_count(frequency, min = 0)))
}

#' @rdname induced_repr
#' @export
vertices_repr <- function(gs, ...) {
  check_has_group(gs)
  py_call_checked("_r.representations.solid", list(gs, "vertices"))
}

#' @rdname induced_repr
#' @export
faces_repr <- function(gs, ...) {
  check_has_group(gs)
  py_call_checked("_r.representations.solid", list(gs, "faces"))
}

#' @rdname induced_repr
#' @export
edges_repr <- function(gs, ...) {
  check_has_group(gs)
  py_call_checked("_r.representations.solid", list(gs, "edges"))
}
