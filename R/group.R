# Groups.

#' Groups
#'
#' `cyclic_group()` holds the rotations of the plane by multiples of 2 pi / N, `dihedral_group()` these and N
#' reflections, `so2_group()` and `o2_group()` all rotations, `trivial_group()` the identity alone. Networks on
#' images start from a space, such as [gspace_rot2d()],
#' which holds its group; every function that takes a group takes a space, too.
#'
#' @param N Number of rotations; `Inf` for all of them.
#' @param max_frequency For continuous groups, the highest frequency of the irreps that [representations()] lists.
#' @param x A group, or anything that has one: a space, a field type, a representation, an element or a module.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A group.
#' @seealso [so3_group()] for groups of space, [symmetric_group()] and [group_from_matrices()] for any others,
#'   [group_elements()], [irrep()], [cayley_table()], [gspace_rot2d()]
#' @name groups
#' @examplesIf intertwine_available(torch = FALSE)
#' cyclic_group(4)
#' group_order(dihedral_group(6))
NULL

#' @rdname groups
#' @export
cyclic_group <- function(N, ...) {
  if (identical(N, Inf)) {
    return(so2_group())
  }
  py_call_checked("group.cyclic_group", list(as_count(N, min = 1)))
}

#' @rdname groups
#' @export
dihedral_group <- function(N, ...) {
  if (identical(N, Inf)) {
    return(o2_group())
  }
  py_call_checked("group.dihedral_group", list(as_count(N, min = 1)))
}

#' @rdname groups
#' @export
so2_group <- function(max_frequency = 3, ...) {
  py_call_checked("group.so2_group", list(as_count(max_frequency, min = 0)))
}

#' @rdname groups
#' @export
o2_group <- function(max_frequency = 3, ...) {
  py_call_checked("group.o2_group", list(as_count(max_frequency, min = 0)))
}

#' @rdname groups
#' @export
trivial_group <- function() {
  py_call_checked("group.trivial_group")
}

#' @rdname groups
#' @export
group_of <- function(x, ...) {
  check_has_group(x)
  py_call_checked("_r.elements.group_of", list(x))
}

#' Groups of space
#'
#' Rotations and reflections of three-dimensional space about the origin.
#'
#' * `so3_group()` holds all rotations, `o3_group()` the inversion x -> -x and so all reflections, too.
#' * `octahedral_group()` holds the 24 rotations of the cube, `full_octahedral_group()` all its 48 symmetries;
#'   `icosahedral_group()` the 60 rotations of the icosahedron, `full_icosahedral_group()` all 120 symmetries.
#' * `cylinder_group()` holds N rotations about the z-axis and the inversion, `full_cylinder_group()` half turns about
#'   axes across, too.
#' * `point_group()` gives any finite point group by its symbol: all Schoenflies symbols (`"C4v"`, `"D3h"`, `"S6"`,
#'   `"Td"`, `"Th"`, ...), and the Hermann-Mauguin symbols of the 32 crystallographic ones (`"4mm"`, `"-43m"`,
#'   `"m-3m"`, ...).
#'
#' Elements are named by angle and axis, matrix, quaternion or Euler angles, see [group_element()].
#'
#' @inheritParams groups
#' @param symbol A symbol, such as `"Td"` or `"m-3m"`.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A group. `point_groups()`: a data frame of the 32 crystallographic point groups.
#' @seealso [gspace_rot3d()] for spaces with these groups
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' g <- group_element(so3_group(), angle = pi / 2, axis = c(0, 0, 1))
#' g
#' g^2
#' octahedral_group()
#' group_elements(point_group("C3v"))
#' all.equal(point_group("m-3m"), point_group("Oh"))
so3_group <- function(max_frequency = 2, ...) {
  py_call_checked("group.so3_group", list(as_count(max_frequency, min = 0)))
}

#' @rdname so3_group
#' @export
o3_group <- function(max_frequency = 2, ...) {
  py_call_checked("group.o3_group", list(as_count(max_frequency, min = 0)))
}

#' @rdname so3_group
#' @export
octahedral_group <- function() py_call_checked("group.octa_group")

#' @rdname so3_group
#' @export
full_octahedral_group <- function() py_call_checked("group.full_octa_group")

#' @rdname so3_group
#' @export
icosahedral_group <- function() py_call_checked("group.ico_group")

#' @rdname so3_group
#' @export
full_icosahedral_group <- function() py_call_checked("group.full_ico_group")

#' @rdname so3_group
#' @export
cylinder_group <- function(N = Inf, max_frequency = 3, ...) {
  py_call_checked("_r.groups.cylinder", list(as_order(N), FALSE, as_count(max_frequency, min = 0)))
}

#' @rdname so3_group
#' @export
full_cylinder_group <- function(N = Inf, max_frequency = 3, ...) {
  py_call_checked("_r.groups.cylinder", list(as_order(N), TRUE, as_count(max_frequency, min = 0)))
}

#' @rdname so3_group
#' @export
point_group <- function(symbol, ...) {
  check_string(symbol)
  py_call_checked("group.point_group", list(symbol))
}

#' @rdname so3_group
#' @export
point_groups <- function() {
  found <- py_call_checked("_r.groups.crystallographic")
  structure(
    data.frame(
      schoenflies = unlist(found$schoenflies), hermann_mauguin = unlist(found$hermann_mauguin),
      order = as.integer(unlist(found$order))
    ),
    class = c("gspace_table", "data.frame")
  )
}

#' Finite groups by family
#'
#' * `symmetric_group()` holds all permutations of 1, ..., n, `alternating_group()` the even ones.
#' * `dicyclic_group()` has 4 n elements, `quaternion_group()` holds 1, i, j, k and their negatives; some of their
#'   irreps are of type H: four matrices commute with them, see [endomorphisms()].
#'
#' @param n Number of points that are permuted, from 1 to 6; for dicyclic groups a quarter of the order.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A group.
#' @seealso [group_from_permutations()], [direct_product()]
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' S3 <- symmetric_group(3)
#' group_elements(S3)
#' character_table(S3)
#' group_order(alternating_group(5))
#' group_elements(quaternion_group())
symmetric_group <- function(n, ...) py_call_checked("group.symmetric_group", list(as_count(n, min = 1)))

#' @rdname symmetric_group
#' @export
alternating_group <- function(n, ...) py_call_checked("group.alternating_group", list(as_count(n, min = 1)))

#' @rdname symmetric_group
#' @export
dicyclic_group <- function(n, ...) py_call_checked("group.dicyclic_group", list(as_count(n, min = 1)))

#' @rdname symmetric_group
#' @export
quaternion_group <- function() py_call_checked("group.quaternion_group")

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
      paste0("`action` must be a function of two elements, or a matrix of positions, not ", describe_value(action), "."),
      class = "argument_type"
    )
  }
  if (!identical(as.numeric(dim(action)), orders) || anyNA(action) || !all(action %in% seq_len(orders[2]))) {
    abort_intertwine(
      paste0("`action` must be a matrix of ", shape_text(orders), " positions from 1 to ", orders[2], "."),
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
      paste0("`generators` must be matrices, not ", describe_value(generators), "."),
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
      paste0("Generator ", k, " is not orthogonal: ", fault, "."),
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
      paste0("The permutations have different lengths: ", paste(unique(lengths(generators)), collapse = ", "), "."),
      hint = "Give the images of 1, ..., n under each generator, with one n for all."
    )
  }
  images <- lapply(unname(generators), function(p) as.list(as.integer(p) - 1L))
  py_call_checked("_r.groups.from_permutations", list(images, name, as_count(max_order, min = 1)))
}

check_permutation <- function(x, arg = "generators", call = rlang::caller_env()) {
  if (!is.numeric(x) || !length(x) || anyNA(x) || !setequal(x, seq_along(x)) || anyDuplicated(x)) {
    abort_intertwine(
      paste0("`", arg, "` must hold permutations of 1, ..., n, not ", describe_value(x), "."),
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
      paste0("`table` must be a matrix of positions or of names, not ", describe_value(table), "."),
      class = "argument_type"
    )
  }
  table <- unclass(table)
  if (is.character(table)) {
    names <- names %||% rownames(table) %||% unique(c(t(table)))
    unknown <- setdiff(table, names)
    if (length(unknown)) {
      abort_intertwine(paste0("\"", unknown[1], "\" is in `table`, but no name of a row."))
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
      paste0("`table` must be a square matrix of positions from 1 to ", n, "."),
      hint = "Entry [i, j] is the position of the product of elements i and j.", call = call
    )
  }
  for (side in 1:2) {
    wrong <- which(apply(table, side, anyDuplicated) > 0)
    if (length(wrong)) {
      abort_intertwine(
        paste0(c("Row ", "Column ")[side], wrong[1], " of `table` holds an element twice, so this is no group."),
        class = "group", hint = "Every element must be once in every row and in every column.", call = call
      )
    }
  }
}

#' @export
length.symmetry_group <- function(x) 1L

#' @export
summary.symmetry_group <- function(object, ...) {
  check_alive(object)
  structure(list(group = object), class = "summary_group")
}

#' @export
format.summary_group <- function(x, ...) {
  order <- group_order(x$group)
  count <- if (is.finite(order)) format(order) else "infinitely many"
  found <- irreps(x$group)
  classes <- if (is.finite(order)) length(conjugacy_classes(x$group))
  c(
    paste0("Group ", format(x$group)[1]),
    paste0("elements:  ", count),
    paste0("generated: ", paste(format(group_generators(x$group)), collapse = "; ")),
    if (!is.null(classes)) paste0("classes:   ", classes),
    paste0("irreps:    ", paste(vapply(found, irrep_text, ""), collapse = ", "), if (!is.finite(order)) ", ...")
  )
}

irrep_text <- function(rho) {
  facts <- py_call_checked("_r.representations.facts", list(rho))
  paste0(unlist(facts$irreps), " (size ", facts$size, ")")
}

#' @export
print.summary_group <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' A group, or something that has one.
#' @noRd
check_has_group <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  check_class(
    x,
    c(
      "symmetry_group", "gspace", "field_type", "group_representation", "group_element", "equivariant_module",
      "geometric_tensor"
    ),
    "a group or a space",
    hint = "Make one with gspace_rot2d(N = 4) or cyclic_group(4).", arg = arg, call = call
  )
}
