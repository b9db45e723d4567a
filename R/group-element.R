# Elements of groups.

#' Elements of a group
#'
#' An element is named by what it does.
#'
#' * Of the plane: `rotation` steps of 2 pi / N, or an `angle`, after `flip` reflections. Steps are values, so 0 is the
#'   identity.
#' * Of space: an `angle` about an `axis` (the z-axis if none is given), a `quaternion` or `euler` angles; with
#'   `inversion = TRUE` followed by x -> -x. Or the orthogonal `matrix` by which it acts.
#' * Of any other group: its `position` in `group_elements()`, its printed `name`, a `permutation`, or the two `parts`
#'   of an element of a product.
#'
#' `group_elements()` lists all elements by position: the first is the identity.
#'
#' Elements multiply with `*` (the right one acts first), have powers and an inverse (`g^2`, `g^-1`), and are compared
#' with `==`. A representation is a function of them, see [irrep()]. `as.matrix()` is the orthogonal matrix of an
#' element of a group of the plane or of space. Rotations print by their angle in degrees and their axis.
#'
#' @param gs A group or a space, such as [gspace_rot2d()].
#' @param rotation Steps of rotation, counter-clockwise.
#' @param flip 1 to reflect first, 0 not to.
#' @param angle Angle of rotation in radians; a quarter turn is `pi / 2`.
#' @param degrees The same in degrees, in place of `angle`.
#' @param axis The axis of a rotation of space, a vector of any length.
#' @param matrix An orthogonal matrix.
#' @param quaternion A unit quaternion in the order x, y, z, w.
#' @param euler Three Euler angles in radians.
#' @param order The axes of the Euler angles: capital letters for axes that turn with the body, small ones for fixed axes.
#' @param inversion `TRUE` for a rotation that is followed by the inversion.
#' @param position A position in `group_elements()`, from 1.
#' @param permutation The images of 1, ..., n.
#' @param name The printed form of an element.
#' @param parts For products: a list of an element of each group.
#' @param g An element.
#' @param param What to write the element as. `"angle"` gives a list of `angle` (in radians), and `flip` or `axis` and
#'   `inversion`.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return `group_element()` and `group_identity()`: an element. `group_elements()` and `group_generators()`: a list
#'   of them. `group_order()`: the number of elements of a group, `Inf` for continuous ones; of an element, the least
#'   n > 0 with `g^n` the identity. `group_element_as()`: numbers.
#' @seealso [transform.geometric_tensor()], [group_sample()], [plot.group_element()]
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' gs <- gspace_rot2d(N = 4)
#' g <- group_element(gs, rotation = 1)
#' g
#' g * g
#' g^-1 == group_element(gs, angle = -pi / 2)
#' group_elements(gs)
#' group_order(gs)
#'
#' r <- group_element(so3_group(), angle = 2 * pi / 3, axis = c(1, 1, 1))
#' r
#' as.matrix(r)
#' group_element_as(r, "quaternion")
#' group_element(o3_group(), matrix = diag(c(1, 1, -1)))
#' group_element(symmetric_group(3), permutation = c(2, 3, 1))
group_element <- function(gs, rotation = NULL, flip = NULL, angle = NULL, axis = NULL, matrix = NULL, quaternion = NULL,
                          euler = NULL, order = "ZYZ", inversion = NULL, position = NULL, permutation = NULL,
                          name = NULL, parts = NULL, degrees = NULL, ...) {
  check_has_group(gs)
  how <- list()
  if (!is.null(rotation)) how$rotation <- as_count(rotation)
  if (!is.null(flip)) how$flip <- as_count(flip, min = 0, max = 1)
  how$angle <- as_angle(angle, degrees)
  if (!is.null(axis)) how$axis <- as_numbers(axis, 3)
  if (!is.null(quaternion)) how$quaternion <- as_numbers(quaternion, 4)
  if (!is.null(euler)) {
    how$euler <- as_numbers(euler, 3)
    in_radians(euler, 3)
  }
  if (!is.null(inversion)) {
    check_flag(inversion)
    how$inversion <- inversion
  }
  if (!is.null(matrix)) {
    if (!is.numeric(matrix)) {
      abort_intertwine(
        "`matrix` must be a numeric matrix, not {describe_value(matrix)}.", class = "argument_type"
      )
    }
    how$matrix <- pack_array(as.matrix(matrix) + 0, "float64", arg = "matrix")
  }
  if (!is.null(position)) how$position <- as_positions(position, finite_order(gs), "element", arg = "position")[1] - 1L
  if (!is.null(permutation)) how$permutation <- as.list(as.integer(check_permutation(permutation, "permutation")) - 1L)
  if (!is.null(name)) how$name <- check_string(name)
  if (!is.null(parts)) {
    for (part in unclass(parts)) check_element(part, "parts")
    how$parts <- unname(as.list(unclass(parts)))
  }
  py_call_checked("_r.elements.element", c(list(gs), how, list(order = check_string(order))))
}

as_numbers <- function(x, n, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  if (!is.numeric(x) || length(x) != n || anyNA(x) || !all(is.finite(x))) {
    abort_intertwine("`{arg}` must be {n} numbers, not {describe_value(x)}.", call = call)
  }
  as.list(as.double(x))
}

finite_order <- function(gs, call = rlang::caller_env()) {
  order <- py_call_checked("_r.groups.order", list(gs), call)
  if (!is.finite(order)) {
    abort_intertwine(
      "{format(group_of(gs))[1]} has infinitely many elements, so they have no positions.",
      class = "group", hint = "Take a finite group, or name elements by angle and axis, or by matrix.", call = call
    )
  }
  order
}

check_element <- function(x, arg = rlang::caller_arg(x), call = rlang::caller_env()) {
  check_class(
    x, "group_element", "a group element",
    hint = "Make one with group_element(gs, rotation = 1).", arg = arg, call = call
  )
}

#' @rdname group_element
#' @export
group_elements <- function(gs, ...) {
  check_has_group(gs)
  new_element_list(py_call_checked("_r.elements.elements", list(gs)))
}

#' @rdname group_element
#' @export
group_generators <- function(gs, ...) {
  check_has_group(gs)
  new_element_list(py_call_checked("_r.groups.generators", list(gs)))
}

#' @rdname group_element
#' @export
group_order <- function(gs, ...) {
  check_has_group(gs)
  if (is_element(gs)) {
    return(py_call_checked("_r.elements.element_order", list(gs)))
  }
  py_call_checked("_r.groups.order", list(gs))
}

#' @rdname group_element
#' @export
group_identity <- function(gs, ...) {
  check_has_group(gs)
  py_call_checked("_r.groups.identity", list(gs))
}

#' @rdname group_element
#' @export
group_element_as <- function(g, param = c("angle", "matrix", "quaternion", "euler", "position", "permutation", "name"),
                             order = "ZYZ", gs = NULL, ...) {
  check_element(g)
  param <- match_choice(param)
  if (param == "name") {
    return(format(g))
  }
  found <- py_call_checked("_r.elements.values", list(g, param, check_string(order), gs))
  switch(param,
    position = as.integer(found) + 1L,
    permutation = as.integer(found) + 1L,
    matrix = as_square(found),
    quaternion = ,
    euler = {
      value <- as.numeric(found[[param]])
      if (isTRUE(found$inversion)) structure(value, inversion = TRUE) else value
    },
    angle = {
      if (!is.null(found$axis)) found$axis <- as.numeric(found$axis)
      found
    }
  )
}

#' @export
as.matrix.group_element <- function(x, ...) group_element_as(x, "matrix")

#' @export
format.group_element <- function(x, ...) {
  if (is_dead(x)) {
    return(NextMethod())
  }
  py_call_checked("_r.elements.text", list(x))
}

#' @export
length.group_element <- function(x) 1L

#' Random elements, and grids of elements
#'
#' `group_sample()` draws elements, uniform over the group. `group_grid()` spreads elements evenly over it, and
#' `sphere_grid()` points over the unit sphere. `group_quadrature()` gives elements and weights that integrate exactly
#' what has at most the frequency `degree`. `group_testing_elements()` are those on which equivariance is checked.
#'
#' Types for rotations of space: `"thomson"` (N that repel each other), `"thomson_cube"` (24 N, with the symmetry of the
#' cube), `"ico"` (60), `"cube"` (24), `"tetra"` (12), `"hopf"`, `"fibonacci"` (about N), `"rand"` (N at random). For
#' the sphere the same, with 30 and 6 points for the solids, `"healpix"` (12 N^2 points), and `"longlat"` (N longitudes
#' by M latitudes). Groups of the plane have `"regular"` (N rotations) and `"rand"`.
#'
#' Everything random follows [set.seed()].
#'
#' @param gs A group or a space.
#' @param n Number of elements.
#' @param type The type of the grid; chosen by the group if `NULL`.
#' @param N,M Numbers, where the type needs them.
#' @param degree The highest frequency that is integrated exactly.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A list of elements. `sphere_grid()`: a matrix with columns x, y, z. `group_quadrature()`: a list of
#'   `elements` and `weights`.
#' @export
#' @examplesIf intertwine_available(torch = FALSE)
#' set.seed(1)
#' group_sample(so3_group(), 2)
#' length(group_grid(so3_group(), "cube"))
#' group_grid(so2_group(), N = 4)
#' sphere_grid("cube")
#'
#' # The mean of a character over the group is 0, unless it is trivial.
#' rule <- group_quadrature(so3_group(), 4)
#' sum(rule$weights * sapply(rule$elements, repr_character, rho = irrep(so3_group(), frequency = 2)))
group_sample <- function(gs, n = 1, ...) {
  check_has_group(gs)
  new_element_list(py_call_checked("_r.groups.sample", list(gs, as_count(n, min = 1), drawn_seed())))
}

drawn_seed <- function() sample.int(.Machine$integer.max, 1)

#' @rdname group_sample
#' @export
group_grid <- function(gs, type = NULL, N = NULL, ...) {
  check_has_group(gs)
  if (!is.null(type)) check_string(type)
  if (!is.null(N)) N <- as_count(N, min = 1)
  seed <- if (identical(type, "rand")) drawn_seed() else 0L
  new_element_list(py_call_checked("_r.groups.grid", list(gs, type, N, seed)))
}

#' @rdname group_sample
#' @export
sphere_grid <- function(type = "thomson", N = NULL, M = NULL, ...) {
  check_string(type)
  if (!is.null(N)) N <- as_count(N, min = 1)
  if (!is.null(M)) M <- as_count(M, min = 1)
  seed <- if (identical(type, "rand")) drawn_seed() else 0L
  points <- py_call_checked("_r.groups.sphere_grid", list(type, N, M, seed))
  colnames(points) <- c("x", "y", "z")
  points
}

#' @rdname group_sample
#' @export
group_quadrature <- function(gs, degree, ...) {
  check_has_group(gs)
  rule <- py_call_checked("_r.groups.quadrature", list(gs, as_count(degree, min = 0)))
  rule$elements <- new_element_list(rule$elements)
  rule
}

#' @rdname group_sample
#' @export
group_testing_elements <- function(gs, ...) {
  check_has_group(gs)
  new_element_list(py_call_checked("_r.groups.testing_elements", list(gs)))
}

new_element_list <- function(x) {
  structure(if (is_py(x)) list(x) else as.list(x), class = "group_element_list")
}

#' @export
format.group_element_list <- function(x, ...) {
  if (!length(x)) {
    return(character())
  }
  if (any(vapply(unclass(x), is_dead, NA))) {
    return(vapply(unclass(x), format, ""))
  }
  as.character(unlist(py_call_checked("_r.elements.texts", list(unname(as.list(unclass(x)))))))
}

#' @export
print.group_element_list <- function(x, ...) {
  if (length(x)) {
    cat(paste(formatC(paste0("[[", seq_along(x), "]]"), width = nchar(length(x)) + 4), format(x)), sep = "\n")
  } else {
    cat("<no elements>\n")
  }
  invisible(x)
}

#' @export
`[.group_element_list` <- function(x, i) new_element_list(unclass(x)[i])

#' @export
`[[.group_element_list` <- function(x, i, ...) {
  call <- rlang::current_env()
  is_name <- is.character(i)
  unclass(x)[[if (is_name) match_choice(i, names(x), "i", call) else as_position(i, length(x), "element", call = call)]]
}

#' @export
c.group_element <- function(...) {
  new_element_list(unlist(lapply(list(...), function(x) if (is_element(x)) list(x) else unclass(x)), recursive = FALSE))
}

#' @export
c.group_element_list <- c.group_element

#' @export
Ops.group_element <- function(e1, e2) {
  call <- rlang::caller_env()
  unary <- missing(e2)
  switch(.Generic,
    "*" = if (!unary && is_element(e1) && is_element(e2)) {
      py_call_checked("_r.elements.product", list(check_alive(e1), check_alive(e2)), call)
    } else {
      refuse_operation("*", e1, if (!unary) e2, call)
    },
    "^" = {
      if (!is_element(e1)) refuse_operation("^", e1, e2, call)
      py_call_checked("_r.elements.power", list(check_alive(e1), as_count(e2, arg = "exponent", call = call)), call)
    },
    "==" = ,
    "!=" = {
      same <- is_element(e1) && is_element(e2) &&
        isTRUE(py_call_checked("_r.crossing.generic_methods.equal", list(e1, e2), call))
      if (.Generic == "==") same else !same
    },
    refuse_operation(.Generic, e1, if (!unary) e2, call)
  )
}

is_element <- function(x) inherits(x, "group_element")
