# Groups that users make: products, and groups from generators or a table.

#' Products of groups
#'
#' The elements of a product are pairs: `direct_product()` multiplies each part by itself, `double_group()` is the
#' product of a group with itself. In `semidirect_product()` the second group acts on the first by automorphisms: (n,
#' h) (n', h') = (n h.n', h h').
#'
#' Irreps of a direct product are named by two labels, see [irrep()]: `irrep(G, label = list(1, c(0, 2)))`. Where both
#' irreps are of type C their product has two parts, 0 and 1: `label = list(1, 1, 1)`.
#'
#' @param first,second Groups or spaces.
#' @param G A group or a space.
#' @param normal,acting Finite groups.
#' @param action How an element of `acting` acts on one of `normal`: a function of both, `function(h, n)`, that gives an
#'   element of `normal`; or a matrix of positions with a row for each element of `acting`.
#' @param name How the group prints.
#' @param x A product, or an element of one.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A group. `group_parts()`: a list of the two groups, or of the two parts of an element.
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' G <- direct_product(cyclic_group(3), dihedral_group(2))
#' group_order(G)
#' g <- group_element(G, parts = list(group_element(cyclic_group(3), rotation = 1), group_identity(dihedral_group(2))))
#' g
#' group_parts(g)
#' irreps(G)
#'
#' # The quarter turns act on the fifth ones: a group of 20 elements.
#' semidirect_product(cyclic_group(5), cyclic_group(4), function(h, n) n^(2^(group_element_as(h, "position") - 1)))
direct_product <- function(first, second, name = NULL, ...) {
  check_has_group(first)
  check_has_group(second)
  if (!is.null(name)) check_string(name)
  py_call_checked("_r.groups.product_of", list(first, second, name))
}

#' @rdname direct_product
#' @export
double_group <- function(G, ...) {
  check_has_group(G)
  py_call_checked("_r.groups.double", list(G))
}

#' @rdname direct_product
#' @export
semidirect_product <- function(normal, acting, action, name = NULL, ...) {
  check_has_group(normal)
  check_has_group(acting)
  if (!is.null(name)) check_string(name)
  orders <- c(finite_order(acting), finite_order(normal))
  if (is.function(action)) action <- action_table(normal, acting, action)
  if (!is.matrix(action) || !is.numeric(action)) {
    abort_intertwine(
      "`action` must be a function of two elements, or a matrix of positions, not {describe_value(action)}.",
      class = "argument_type"
    )
  }
  if (!identical(as.numeric(dim(action)), orders) || anyNA(action) || !all(action %in% seq_len(orders[2]))) {
    abort_intertwine(
      "`action` must be a matrix of {shape_text(orders)} positions from 1 to {orders[2]}.",
      hint = "It has a row for each element of `acting`, and a column for each element of `normal`."
    )
  }
  table <- array(as.integer(action), dim(action)) - 1L
  py_call_checked("_r.groups.semidirect", list(normal, acting, pack_array(table, "int32"), name))
}

action_table <- function(normal, acting, action) {
  t(vapply(group_elements(acting), function(h) {
    vapply(group_elements(normal), function(n) as.integer(group_element_as(action(h, n), "position")), integer(1))
  }, integer(group_order(normal))))
}

#' @rdname direct_product
#' @export
group_parts <- function(x, ...) {
  check_has_group(x)
  parts <- py_call_checked("_r.elements.parts", list(x))
  if (is_element(x)) new_element_list(parts) else parts
}

#' Any finite group
#'
#' A group is given by what generates it: orthogonal matrices or permutations; or by its table of products. Its
#' elements have a stated order: the identity, the generators as they were given, then the products with one generator
#' more; those of a table keep their order, but that the identity comes first. Irreps, characters and subgroups are
#' found, and any such group that acts on the line, the plane or space makes a space, see [gspace()], on which every
#' layer works.
#'
#' @param generators Orthogonal matrices of one size: a list, one matrix, or an array whose last dimension counts them.
#'   Complex unitary ones are taken as real ones of twice the size, with the block `rbind(c(a, -b), c(b, a))` for each
#'   entry a + bi. Or permutations of 1, ..., n: a list of vectors, each with the images of 1, ..., n.
#' @param table A matrix with the product of the elements of its row and its column: positions from 1, or names.
#' @param names How the elements print; by default the row names of `table`, or the names in it.
#' @param name How the group prints.
#' @param max_order The order below which the generators must close.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A group. Generators that do not close, that are not orthogonal, and tables of no group are refused with the
#'   reason.
#' @seealso [symmetric_group()], [point_group()], [cayley_table()]
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' turn <- rbind(c(0, -1), c(1, 0))
#' mirror <- rbind(c(1, 0), c(0, -1))
#' square <- group_from_matrices(list(turn, mirror), name = "square")
#' group_elements(square)
#' gspace(square)
#'
#' # Rotations of a deck of four cards, and a swap of the first two
#' group_order(group_from_permutations(list(c(2, 3, 4, 1), c(2, 1, 3, 4))))
#'
#' group_from_table(rbind(c("e", "a"), c("a", "e")))
group_from_matrices <- function(generators, name = NULL, max_order = 1000, ...) {
  if (!is.null(name)) check_string(name)
  if (is.matrix(generators)) generators <- list(generators)
  if ((is.numeric(generators) || is.complex(generators)) && length(dim(generators)) == 3) {
    generators <- lapply(seq_len(dim(generators)[3]), function(k) array(generators[, , k], dim(generators)[1:2]))
  }
  is_numbers <- function(x) is.matrix(x) && (is.numeric(x) || is.complex(x))
  are_matrices <- is.list(generators) && all(vapply(generators, is_numbers, NA))
  if (!are_matrices || !length(generators)) {
    abort_intertwine(
      "`generators` must be matrices, not {describe_value(generators)}.",
      class = "argument_type", hint = "Give a list of orthogonal matrices of one size."
    )
  }
  if (any(vapply(generators, is.complex, NA))) generators <- lapply(generators, realified)
  for (k in seq_along(generators)) check_orthogonal(generators[[k]], k)
  packed <- lapply(unname(generators), function(x) pack_array(x + 0, "float64", arg = "generators"))
  py_call_checked("_r.groups.from_matrices", list(packed, name, as_count(max_order, min = 1)))
}

# Real matrices for complex ones: products stay products, and unitary matrices become orthogonal ones.
realified <- function(x) kronecker(Re(x), diag(2)) + kronecker(Im(x), rbind(c(0, -1), c(1, 0)))

check_orthogonal <- function(x, k, call = rlang::caller_env()) {
  miss <- if (nrow(x) == ncol(x)) max(abs(x %*% t(x) - diag(nrow(x)))) else Inf
  if (!is.finite(miss) || miss > 1e-6) {
    square <- nrow(x) == ncol(x)
    fault <- if (square) paste("A %*% t(A) misses the identity by", signif(miss, 3)) else paste("it is", shape_text(dim(x)))
    abort_intertwine(
      "Generator {k} is not orthogonal: {fault}.",
      class = "group", hint = "Change coordinates so that all generators are orthogonal, with entries to full precision.",
      call = call
    )
  }
}

#' @rdname group_from_matrices
#' @export
group_from_permutations <- function(generators, name = NULL, max_order = 1000, ...) {
  if (!is.null(name)) check_string(name)
  if (is.numeric(generators)) generators <- list(generators)
  for (permutation in generators) check_permutation(permutation)
  if (length(unique(lengths(generators))) > 1) {
    abort_intertwine(
      "The permutations have different lengths: {listed(unique(lengths(generators)))}.",
      hint = "Give the images of 1, ..., n under each generator, with one n for all."
    )
  }
  images <- lapply(unname(generators), function(p) as.list(as.integer(p) - 1L))
  py_call_checked("_r.groups.from_permutations", list(images, name, as_count(max_order, min = 1)))
}

check_permutation <- function(x, arg = "generators", call = rlang::caller_env()) {
  if (!is.numeric(x) || !length(x) || anyNA(x) || !setequal(x, seq_along(x)) || anyDuplicated(x)) {
    abort_intertwine(
      "`{arg}` must hold permutations of 1, ..., n, not {describe_value(x)}.",
      hint = "A permutation is the vector of the images of 1, ..., n, such as c(2, 1, 3).", call = call
    )
  }
  invisible(x)
}

#' @rdname group_from_matrices
#' @export
group_from_table <- function(table, names = NULL, name = NULL, ...) {
  if (!is.null(name)) check_string(name)
  if (is.data.frame(table)) table <- as.matrix(table)
  if (!is.matrix(table) || !(is.numeric(table) || is.character(table))) {
    abort_intertwine(
      "`table` must be a matrix of positions or of names, not {describe_value(table)}.",
      class = "argument_type"
    )
  }
  table <- unclass(table)
  if (is.character(table)) {
    names <- names %||% rownames(table) %||% unique(c(t(table)))
    unknown <- setdiff(table, names)
    if (length(unknown)) {
      abort_intertwine("\"{unknown[1]}\" is in `table`, but is not the name of a row.")
    }
    table <- array(match(table, names), dim(table))
  }
  names <- names %||% rownames(table)
  check_latin(table)
  positions <- array(as.integer(table), dim(table)) - 1L
  py_call_checked("_r.groups.from_table", list(
    pack_array(positions, "int32"), if (!is.null(names)) as.list(as.character(names)), name
  ))
}

check_latin <- function(table, call = rlang::caller_env()) {
  n <- nrow(table)
  if (n != ncol(table) || anyNA(table) || !all(table %in% seq_len(n))) {
    abort_intertwine(
      "`table` must be a square matrix of positions from 1 to {n}.",
      hint = "Entry [i, j] is the position of the product of elements i and j.", call = call
    )
  }
  for (side in 1:2) {
    wrong <- which(apply(table, side, anyDuplicated) > 0)
    if (length(wrong)) {
      abort_intertwine(
        "{c('Row', 'Column')[side]} {wrong[1]} of `table` holds an element twice, so this is not a group.",
        class = "group", hint = "Every element must be once in every row and in every column.", call = call
      )
    }
  }
}
