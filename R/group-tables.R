# Tables of finite groups: products, characters, conjugacy classes, subgroups.

#' Tables of a finite group
#'
#' `cayley_table()` is the table of products: row `a`, column `b` holds `a * b`, as the position of the element;
#' `plot()` draws it as a grid of colours. `character_table()` has a row for each irrep and a column for each
#' conjugacy class, named by the order of its elements and a letter, with the trace of the irrep there.
#' `conjugacy_classes()` are the elements that are conjugate, `group_centre()` those that commute with all others.
#'
#' The rows of a character table are orthogonal under the sizes of the classes. Irreps are real, so a complex one and its
#' conjugate share a row: the squared norm of a row is 1, 2 or 4 for the types R, C and H.
#'
#' @param gs A finite group, or a space.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return Named matrices: `cayley_table()` of positions, `character_table()` of characters, with the attributes
#'   `sizes`, `orders`, `representatives` of the columns and `types` of the rows. `conjugacy_classes()`: a list of
#'   lists of elements.
#' @seealso [plot.cayley_table()], [subgroups()], [group_from_table()]
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' cayley_table(cyclic_group(3))
#' plot(cayley_table(dihedral_group(3)))
#'
#' X <- character_table(octahedral_group())
#' X
#' sizes <- attr(X, "sizes")
#' round(X %*% diag(sizes) %*% t(X) / sum(sizes), 12)
#' conjugacy_classes(dihedral_group(3))
cayley_table <- function(gs, ...) {
  check_has_group(gs)
  found <- py_call_checked("_r.tables.cayley", list(gs))
  names <- as.character(unlist(found$names))
  table <- array(as.integer(found$table), rep(length(names), 2), dimnames = list(names, names))
  structure(table, class = "cayley_table", group = found$group)
}

#' @export
format.cayley_table <- function(x, ...) {
  names <- rownames(x)
  positions <- array(as.integer(x), dim(x))
  cells <- array(names[positions], dim(x))
  wide <- sum(nchar(c("", names), "width") + 1) + max(nchar(names, "width"))
  if (wide > getOption("width")) {
    head <- format(c("", seq_along(names)), justify = "right")
    rows <- apply(positions, 1, function(row) paste(formatC(row, width = nchar(head[1])), collapse = " "))
    legend <- paste0(formatC(seq_along(names), width = nchar(head[1])), "  ", names)
    return(c(
      paste0("Products in ", attr(x, "group"), ", by position"),
      paste(head, collapse = " "), paste(head[-1], rows), "", legend
    ))
  }
  columns <- lapply(seq_along(names), function(k) format(c(names[k], cells[, k]), justify = "right"))
  c(
    paste0("Products in ", attr(x, "group"), ": row * column"),
    do.call(paste, c(list(format(c("", names))), columns))
  )
}

#' @export
print.cayley_table <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @rdname cayley_table
#' @export
character_table <- function(gs, ...) {
  check_has_group(gs)
  found <- py_call_checked("_r.tables.characters", list(gs))
  orders <- as.integer(unlist(found$orders))
  letter <- stats::ave(orders, orders, FUN = seq_along)
  columns <- paste0(orders, ifelse(letter <= 26, LETTERS[pmin(letter, 26)], paste0("_", letter)))
  irreps <- as.character(unlist(found$irreps))
  structure(
    array(as.numeric(found$values), c(length(irreps), length(columns)), dimnames = list(irreps, columns)),
    class = "character_table",
    sizes = as.integer(unlist(found$sizes)), orders = orders,
    representatives = as.character(unlist(found$classes)), types = as.character(unlist(found$types)),
    group = found$group
  )
}

#' @export
format.character_table <- function(x, digits = 4, ...) {
  values <- array(format_characters(as.numeric(x), digits), dim(x))
  rows <- paste0(rownames(x), " (", attr(x, "types"), ")")
  first <- format(c("", "size", rows))
  columns <- lapply(seq_len(ncol(x)), function(k) {
    format(c(colnames(x)[k], attr(x, "sizes")[k], values[, k]), justify = "right")
  })
  c(
    paste0("Characters of ", attr(x, "group")),
    do.call(paste, c(list(first), columns, sep = "  ")),
    "",
    paste0(format(colnames(x)), "  ", attr(x, "representatives"))
  )
}

format_characters <- function(values, digits) {
  vapply(values, function(v) format(signif(v, digits), trim = TRUE, digits = digits), "")
}

#' @export
print.character_table <- function(x, ...) {
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' @rdname cayley_table
#' @export
conjugacy_classes <- function(gs, ...) {
  check_has_group(gs)
  found <- py_call_checked("_r.tables.classes", list(gs))
  structure(lapply(found, new_element_list), class = "conjugacy_classes")
}

#' @export
format.conjugacy_classes <- function(x, max = 6, ...) {
  sizes <- lengths(lapply(x, unclass))
  members <- vapply(unclass(x), function(class) {
    shown <- format(class[seq_len(min(max, length(class)))])
    paste0(paste(shown, collapse = "; "), if (length(class) > max) "; ...")
  }, "")
  paste0(formatC(sizes, width = max(nchar(sizes))), ifelse(sizes == 1, " element   ", " elements  "), members)
}

#' @export
print.conjugacy_classes <- function(x, ...) {
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' @rdname cayley_table
#' @export
group_centre <- function(gs, ...) {
  check_has_group(gs)
  new_element_list(py_call_checked("_r.groups.centre", list(gs)))
}

#' Subgroups
#'
#' `subgroups()` lists the subgroups of a finite group, one of each class of conjugate ones, with the usual name of their
#' structure. Functions that take a `subgroup`, such as [restrict()], [quotient_repr()] and [homspace()], take
#'
#' * a row of this table: `subgroups(G)[3, ]`,
#' * elements that generate it: `list(g, h)`,
#' * the name of its structure, where one class has it: `"C4"`,
#' * its label, as the Python half has it: `list(TRUE, 4)`.
#'
#' Labels of continuous groups: of rotations of space `list(FALSE, n)` for n rotations about the z-axis (`Inf` for
#' all), `list(TRUE, n)` with half turns about axes across, `"octa"`, `"ico"`, `"tetra"`; of `o3_group()` a leading
#' `TRUE` or `FALSE` says whether the inversion is in it, as in `list(TRUE, "octa")`, and `list("cone", n)` has
#' mirrors through the axis. Of a product it is a list of a label of each part.
#'
#' `subgroup_maps()` gives the subgroup as a group of its own, with the maps of elements between both.
#'
#' @param gs A group or a space.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritParams quotient_repr
#' @return `subgroups()`: a data frame with the columns `structure`, `order`, `conjugates` (how many subgroups are
#'   conjugate to it; 1 for normal ones), `generators` and `label`. `subgroup_maps()`: a list of `group`, the function
#'   `include`, from the subgroup into the group, and the function `project`, which gives `NULL` outside of the
#'   subgroup.
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' subgroups(dihedral_group(4))
#' G <- octahedral_group()
#' restrict(G, subgroup = "C4")
#' restrict(G, subgroup = subgroups(G)[9, ])
#' maps <- subgroup_maps(G, subgroup = "C4")
#' maps$include(group_elements(maps$group)[[2]])
subgroups <- function(gs, ...) {
  check_has_group(gs)
  rows <- py_call_checked("_r.tables.subgroups", list(gs))
  table <- data.frame(
    structure = vapply(rows, function(row) row$name, ""),
    order = vapply(rows, function(row) as.integer(row$order), 1L),
    conjugates = vapply(rows, function(row) as.integer(row$conjugates), 1L),
    generators = vapply(rows, function(row) paste(unlist(row$generators), collapse = "; "), ""),
    stringsAsFactors = FALSE
  )
  table$label <- lapply(rows, function(row) row$label)
  structure(table, class = c("subgroup_table", "data.frame"))
}

#' @export
format.subgroup_table <- function(x, ...) {
  shown <- x[intersect(c("structure", "order", "conjugates", "generators"), names(x))]
  class(shown) <- "data.frame"
  if ("conjugates" %in% names(shown)) shown$conjugates <- ifelse(shown$conjugates == 1, "normal", shown$conjugates)
  columns <- lapply(names(shown), function(name) {
    values <- as.character(shown[[name]])
    values[!nzchar(values)] <- "-"
    format(c(name, values))
  })
  sub(" +$", "", do.call(paste, c(list(format(c("", rownames(x)))), columns, sep = "  ")))
}

#' @export
print.subgroup_table <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @rdname subgroups
#' @export
subgroup_maps <- function(gs, rotations = NULL, axis = NULL, subgroup = NULL, ...) {
  check_has_group(gs)
  found <- py_call_checked("_r.subgroups.subgroup_maps", c(list(gs), as_subgroup(rotations, axis, subgroup)))
  maps <- found$maps
  carry <- function(way) {
    force(way)
    function(g) {
      check_element(g)
      py_call_checked("_r.subgroups.mapped", list(maps, way, g))
    }
  }
  list(group = found$group, include = carry("include"), project = carry("project"))
}

#' Rotations, axis or label of a subgroup, checked: the three arguments that the bridge takes.
#' @noRd
as_subgroup <- function(rotations, axis, subgroup = NULL, call = rlang::caller_env()) {
  list(
    if (identical(rotations, Inf)) {
      -1L
    } else if (!is.null(rotations)) {
      as_count(rotations, min = 1, arg = "rotations", call = call)
    },
    if (!is.null(axis)) as_axis(axis, "axis", call),
    if (!is.null(subgroup)) as_subgroup_label(subgroup, call)
  )
}

as_subgroup_label <- function(x, call = rlang::caller_env()) {
  if (inherits(x, "subgroup_table")) {
    if (nrow(x) != 1) {
      abort_intertwine(
        "`subgroup` must be one row of subgroups(), not {nrow(x)}.",
        hint = "Choose one: subgroups(G)[3, ].", call = call
      )
    }
    x <- x$label[[1]]
  }
  as_label(x, "subgroup", call)
}

#' A label, of an irrep or a subgroup: numbers, flags, strings, elements, and lists of these.
#' @noRd
as_label <- function(x, arg = "label", call = rlang::caller_env()) {
  if (is.null(x) || is_element(x) || (is.character(x) && length(x) == 1) || (is.logical(x) && length(x) == 1 && !is.na(x))) {
    return(x)
  }
  if (is.numeric(x) && !anyNA(x)) {
    numbers <- lapply(x, function(n) if (n == Inf) -1L else if (n == round(n)) as.integer(n) else as.double(n))
    return(if (length(numbers) == 1) numbers[[1]] else numbers)
  }
  if (is.list(x) && !is.object(x) || inherits(x, "group_element_list")) {
    return(lapply(unname(unclass(x)), as_label, arg = arg, call = call))
  }
  abort_intertwine(
    "`{arg}` must be a label, not {describe_value(x)}.",
    class = "argument_type", hint = "A label is a number, several, or a list of labels, such as list(1, c(0, 2)).",
    call = call
  )
}

#' Homogeneous spaces
#'
#' The space G/H of the cosets of a subgroup H: the sphere is that of the rotations of space and those about one axis.
#' `homspace_basis()` gives the functions (or with `psi` the fields) on it that transform by an irrep of G, at one point.
#'
#' @inheritParams subgroups
#' @param x A homogeneous space.
#' @param g,h Elements of G.
#' @param rho An irrep of G.
#' @param psi An irrep of H; the trivial one, for functions, if `NULL`.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return `homspace()`: an object that prints. `homspace_basis()`: an array of size of `rho` x number of such fields
#'   x size of `psi`. `same_coset()`: `TRUE` if two elements are one point of the space.
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' sphere <- homspace(so3_group(), rotations = Inf)
#' sphere
#' g <- group_element(so3_group(), angle = pi / 2, axis = c(0, 1, 0))
#' homspace_basis(sphere, g, irrep(so3_group(), frequency = 1))[, 1, 1]
#' same_coset(sphere, g, g * group_element(so3_group(), angle = 1))
homspace <- function(gs, rotations = NULL, axis = NULL, subgroup = NULL, ...) {
  check_has_group(gs)
  py_call_checked("_r.subgroups.homspace", c(list(gs), as_subgroup(rotations, axis, subgroup)))
}

#' @export
format.homspace <- function(x, ...) {
  if (is_dead(x)) {
    return(NextMethod())
  }
  facts <- py_call_checked("_r.subgroups.homspace_facts", list(x))
  count <- if (is.finite(facts$points)) facts$points else "infinitely many"
  points <- if (identical(count, 1)) "point" else "points"
  paste0("<homogeneous space: ", facts$group, " / ", facts$subgroup, ", ", count, " ", points, ">")
}

#' @rdname homspace
#' @export
homspace_basis <- function(x, g, rho, psi = NULL, ...) {
  check_homspace(x)
  check_element(g)
  check_representation(rho)
  if (!is.null(psi)) check_representation(psi)
  py_call_checked("_r.subgroups.homspace_basis", list(x, g, rho, psi))
}

#' @rdname homspace
#' @export
same_coset <- function(x, g, h, ...) {
  check_homspace(x)
  check_element(g)
  check_element(h)
  py_call_checked("_r.subgroups.same_coset", list(x, g, h))
}

check_homspace <- function(x, call = rlang::caller_env()) {
  check_class(x, "homspace", "a homogeneous space", hint = "Make one with homspace().", arg = "x", call = call)
}
