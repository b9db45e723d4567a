# Representations: how a group acts on the channels of a feature.

#' Representations of a group
#'
#' A representation says how an element acts on the channels of a feature. It is a function: `rho(g)` is the matrix of
#' element `g`. Representations of finite groups that permute channels hold exact zeros and ones.
#'
#' * `irrep()` is an irreducible one: frequency `k` turns k times as fast as the image does. Frequency 0 is a scalar; 1 is
#'   a vector where there are rotations alone, but not where there are mirrors: take `standard_repr()` for directions.
#'   Of rotations of space, frequency `l` has size 2 l + 1.
#' * `trivial_repr()` is the scalar: it does not change.
#' * `regular_repr()` has a channel for each element of the group, which the group permutes. Pointwise nonlinearities
#'   act on it, and it can learn the most: the usual choice.
#' * `quotient_repr()` has one channel for each coset of a subgroup.
#' * `standard_repr()` is a vector: the orthogonal matrices by which a space moves (or those of the group itself), in the
#'   coordinates x (to the right), y (up), z. Gradients, flows, velocities and forces are vectors.
#' * `pseudovector_repr()` is a vector that mirrors turn around, \eqn{det A(g) A(g)}{det A(g) A(g)}: curls in space,
#'   such as a magnetic field; in the plane a vector turned by 90 degrees. `pseudoscalar_repr()` is a number whose sign
#'   changes under mirrors, \eqn{det A(g)}: curls in the plane, such as vorticity, or handedness in space.
#' * `irreps()` lists the irreps, `representations()` these and the regular one by name.
#'
#' `2 * rho` is a list of two copies, as [field_type()] takes it, and `a + b` the direct sum.
#'
#' Labels name the irreps of any group: `label = c(1, 2)` is what prints as `irrep_1,2`. Those of products are nested:
#' what prints as `irrep_1 x 0,2` is `label = list(1, c(0, 2))`.
#'
#' @param gs A group or a space, such as [gspace_rot2d()].
#' @param frequency Frequency of the irrep; a value, from 0.
#' @param flip For groups with reflections: 1 if the irrep changes its sign under a reflection, 0 if not. By default
#'   the one that exists, or 0 where both do.
#' @param label The label of an irrep of any group: numbers, or a list of labels for products.
#' @param inversion For groups with the inversion of space: 1 if it changes the sign, 0 if not. For `o3_group()` by
#'   default that of the vector and of the harmonics, else 0.
#' @param rotations Number of rotations in the subgroup; `Inf` for all.
#' @param axis For groups with reflections: the step of rotation of the reflection that is in the subgroup; `NULL` if none
#'   is.
#' @param subgroup The subgroup of any other group, in place of `rotations` and `axis`: a row of [subgroups()], elements
#'   that generate it, the name of its structure, or its label.
#' @param max_frequency For continuous groups, the highest frequency; that of the group by default.
#' @param ... Representations, or lists of them.
#' @param a,b Representations of one group.
#' @param rho A representation.
#' @param basis An orthogonal matrix.
#' @param name How it prints.
#' @param g An element.
#' @return A representation; `representations()` a named list of them, `irreps()` a list. `repr_character()`: the
#'   trace of `rho(g)`. `split_irreps()`: a list of `irreps` and `change_of_basis`, an orthogonal Q with rho = Q
#'   (psi_1 + psi_2 + ...) Q^T.
#' @seealso [induced_repr()], [spectral_regular_repr()], [intertwiners()], [disentangle()], [plot.group_representation()]
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' gs <- gspace_rot2d(N = 4)
#' representations(gs)
#' rho <- irrep(gs, frequency = 1)
#' rho(group_element(gs, rotation = 1))
#' regular_repr(gs)(group_element(gs, rotation = 1))
#' direct_sum(trivial_repr(gs), rho)
#'
#' mirrored <- gspace_flip_rot2d(N = 4)
#' mirror <- group_element(mirrored, flip = 1)
#' standard_repr(mirrored)(mirror)
#' pseudoscalar_repr(mirrored)(mirror)
#'
#' tensor_product(rho, rho)
#'
#' irrep(so3_group(), frequency = 2)
#' irrep(octahedral_group(), label = -1)
#' irrep(full_octahedral_group(), label = list(1, 2))
#' split_irreps(regular_repr(dihedral_group(3)))$irreps
irrep <- function(gs, frequency = NULL, flip = NULL, label = NULL, inversion = NULL, ...) {
  check_has_group(gs)
  if (!is.null(frequency)) frequency <- as_count(frequency, min = 0)
  if (!is.null(flip)) flip <- as_count(flip, min = 0, max = 1)
  if (!is.null(inversion)) inversion <- as_count(inversion, min = 0, max = 1)
  if (!is.null(label)) label <- as_label(label)
  py_call_checked("_r.representations.irrep", list(gs, frequency, flip, label, inversion))
}

#' @rdname irrep
#' @export
trivial_repr <- function(gs, ...) {
  check_has_group(gs)
  py_call_checked("_r.representations.trivial", list(gs))
}

#' @rdname irrep
#' @export
regular_repr <- function(gs, ...) {
  check_has_group(gs)
  py_call_checked("_r.representations.regular", list(gs))
}

#' @rdname irrep
#' @export
quotient_repr <- function(gs, rotations = NULL, axis = NULL, subgroup = NULL, ...) {
  check_has_group(gs)
  py_call_checked("_r.representations.quotient", c(list(gs), as_subgroup(rotations, axis, subgroup)))
}

#' @rdname irrep
#' @export
standard_repr <- function(gs, ...) {
  check_has_group(gs)
  py_call_checked("_r.representations.standard", list(gs))
}

#' @rdname irrep
#' @export
pseudovector_repr <- function(gs, ...) {
  check_has_group(gs)
  py_call_checked("_r.representations.pseudo", list(gs, "pseudovector"))
}

#' @rdname irrep
#' @export
pseudoscalar_repr <- function(gs, ...) {
  check_has_group(gs)
  py_call_checked("_r.representations.pseudo", list(gs, "pseudoscalar"))
}

#' @rdname irrep
#' @export
representations <- function(gs, ...) {
  check_has_group(gs)
  new_representation_list(py_call_checked("_r.representations.representations", list(gs)))
}

#' @rdname irrep
#' @export
irreps <- function(gs, max_frequency = NULL, ...) {
  check_has_group(gs)
  if (!is.null(max_frequency)) max_frequency <- as_count(max_frequency, min = 0)
  new_representation_list(py_call_checked("_r.representations.irreps", list(gs, max_frequency)))
}

#' @rdname irrep
#' @export
direct_sum <- function(...) {
  parts <- as_representations(list(...))
  if (!length(parts)) abort_intertwine("direct_sum() needs at least one representation.")
  py_call_checked("_r.representations.direct_sum", list(parts))
}

#' @rdname irrep
#' @export
tensor_product <- function(a, b, ...) {
  check_representation(a)
  check_representation(b)
  py_call_checked("_r.representations.tensor_product", list(a, b))
}

#' @rdname irrep
#' @export
change_basis <- function(rho, basis, name = "turned", ...) {
  check_representation(rho)
  check_string(name)
  if (!is.matrix(basis) || !is.numeric(basis) || nrow(basis) != ncol(basis)) {
    abort_intertwine("`basis` must be a square matrix of numbers, not {describe_value(basis)}.", class = "argument_type")
  }
  error <- max(abs(crossprod(basis) - diag(ncol(basis))))
  if (!isTRUE(error <= 1e-6)) {
    abort_intertwine(
      "`basis` must be orthogonal, but crossprod(basis) misses the identity by {format(error, digits = 2)}.",
      class = "argument_type", hint = "qr.Q(qr(basis)) is an orthogonal matrix of the same columns."
    )
  }
  py_call_checked("_r.representations.change_basis", list(rho, pack_array(basis + 0, "float64"), name))
}

#' @rdname irrep
#' @export
repr_character <- function(rho, g, ...) {
  check_representation(rho)
  check_element(g)
  py_call_checked("_r.representations.character", list(rho, g))
}

#' @rdname irrep
#' @export
split_irreps <- function(rho, ...) {
  check_representation(rho)
  found <- py_call_checked("_r.representations.split_irreps", list(rho))
  list(irreps = new_representation_list(found$irreps), change_of_basis = as_square(found$change_of_basis))
}

#' Equivariant linear maps
#'
#' `intertwiners()` is an orthonormal basis of the matrices X with `b(g) %*% X` equal to `X %*% a(g)` for all elements
#' g: the weights that an equivariant linear layer is free to choose. `endomorphisms()` is a basis of those that
#' commute with a representation, the identity first; of an irrep there are 1, 2 or 4 of them: its type is R, C or H.
#'
#' @param a,b,rho Representations of one group.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A list of matrices.
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' G <- cyclic_group(4)
#' endomorphisms(irrep(G, frequency = 1))
#'
#' # Equivariant maps between regular representations are the circular convolutions.
#' intertwiners(regular_repr(G), regular_repr(G))[[1]]
#'
#' # Schur's lemma: none from one irrep to another.
#' length(intertwiners(irrep(G, frequency = 0), irrep(G, frequency = 1)))
intertwiners <- function(a, b, ...) {
  check_representation(a)
  check_representation(b)
  as_matrices(py_call_checked("_r.representations.homomorphisms", list(a, b)))
}

#' @rdname intertwiners
#' @export
endomorphisms <- function(rho, ...) {
  check_representation(rho)
  as_matrices(py_call_checked("_r.representations.endomorphisms", list(rho)))
}

as_matrices <- function(x) {
  lapply(seq_len(dim(x)[1]), function(k) array(x[k, , ], dim(x)[-1]))
}

#' An axis: a step of rotation; for the continuous groups an angle.
#' @noRd
as_axis <- function(x, arg, call) {
  check_number(x, min = 0, arg = arg, call = call)
  if (x == round(x)) as.integer(x) else as.double(x)
}

check_representation <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  check_class(
    x, "group_representation", "a representation",
    hint = "Make one with irrep(), regular_repr() or trivial_repr().", arg = arg, call = call
  )
}
