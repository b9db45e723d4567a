# Features on points of the plane or of space: convolutions along the edges of graphs.

#' Equivariant convolution on points
#'
#' For molecules, point clouds and other graphs in space: the features of a point are mixed with those of its neighbours by a
#' filter that depends on where they lie. Turn the points, and the features turn with them; this is exact for every rotation,
#' for there is no grid.
#'
#' Features on points are a [geometric_tensor()] with `coords`, and a module takes them with the edges of the graph:
#' `conv(x, edges)`, where `edges` is what [radius_graph()] gives or any matrix of two columns, from and to. Other
#' layers, such as [nonlin_gated()] or [batchnorm_iid()], take their place between convolutions as usual:
#' `model(x, edges)`. Where [attention()] or [squeeze_excitation()] are among them, say to which graph each point belongs:
#' `model(x, edges, batch = graphs)`, else all points are one.
#'
#' @section Profiles:
#' `radial = "gaussian"` makes Gaussian rings; `"normalized"` ones that add up to 1 at each distance; `"bessel"` waves
#' that vanish smoothly at the outermost radius, so that nothing jumps when a neighbour comes or goes: use it for
#' energies and forces.
#'
#' @inheritParams r2_conv
#' @param width Radius of the outermost ring: as far as the edges reach.
#' @param n_rings Number of evenly spaced rings from 0 to `width`.
#' @param rings Their radii, in place of `width` and `n_rings`.
#' @param sigma Widths of the rings.
#' @param frequencies_cutoff The highest order of the harmonics: on a ring of radius r it is this number times r; 3
#'   by default.
#' @param radial The profiles: `"gaussian"`, `"normalized"` or `"bessel"`.
#' @param aggr `"mean"` or `"sum"` over the neighbours of a point.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @seealso [radius_graph()], [point_forces()], [plot.geometric_tensor()], [molecules_data()]
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_flip_rot3d()
#' methanol <- molecules_data("CH3OH")$atoms
#' place <- as.matrix(methanol[c("x", "y", "z")])
#' edges <- radius_graph(place, radius = 3)
#' features <- cbind(methanol$element == "C", methanol$element == "O")
#' x <- geometric_tensor(features, field_type(gs, trivial = 2), coords = place)
#'
#' conv <- x$type |> r3_point_conv(out = c(trivial = 2, vector = 1), width = 3, n_rings = 4)
#' conv(x, edges)
#' check_equivariance(conv)
r3_point_conv <- function(object, out, width = NULL, n_rings = NULL, rings = NULL, sigma = NULL, frequencies_cutoff = NULL,
                          radial = "gaussian", aggr = "mean", bias = TRUE, initialize = TRUE, ...) {
  check_rings(width, n_rings, rings)
  create_layer("R3PointConv", random = TRUE)
}

#' @rdname r3_point_conv
#' @export
r2_point_conv <- function(object, out, width = NULL, n_rings = NULL, rings = NULL, sigma = NULL, frequencies_cutoff = NULL,
                          radial = "gaussian", aggr = "mean", bias = TRUE, initialize = TRUE, ...) {
  check_rings(width, n_rings, rings)
  create_layer("R2PointConv", random = TRUE)
}

#' @rdname r3_point_conv
#' @export
r1_point_conv <- function(object, out, width = NULL, n_rings = NULL, rings = NULL, sigma = NULL, frequencies_cutoff = NULL,
                          radial = "gaussian", aggr = "mean", bias = TRUE, initialize = TRUE, ...) {
  check_rings(width, n_rings, rings)
  create_layer("R1PointConv", random = TRUE)
}

check_rings <- function(width, n_rings, rings, call = rlang::caller_env()) {
  if (is.null(rings) && (is.null(width) || is.null(n_rings))) {
    abort_intertwine(
      "The rings are missing: a convolution on points cannot know how far the neighbours are.",
      hint = "For example width = 3 and n_rings = 4, or rings = c(0, 1, 2, 3).", call = call
    )
  }
}

#' The graph of neighbours
#'
#' Joins each point to all others within a radius.
#'
#' @param coords A matrix of coordinates with a row for each point, or a [geometric_tensor()] on points.
#' @param radius The greatest distance.
#' @param batch For several graphs at once: to which of them each point belongs, a factor or a vector. Points of different
#'   graphs are not joined.
#' @param loop Join each point to itself?
#' @param max_neighbours Keep only so many neighbours of a point, from the nearest on. Those as far as the first that is
#'   left out are left out, too, so that the graph turns with the points.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return An integer matrix with a row for each edge and the columns `from` and `to`: positions of points, counted from 1.
#' @seealso [r3_point_conv()]
#' @export
#' @examplesIf intertwine_available()
#' water <- molecules_data("H2O")$atoms
#' radius_graph(water[c("x", "y", "z")], radius = 1.2)
radius_graph <- function(coords, radius, batch = NULL, loop = FALSE, max_neighbours = NULL, ...) {
  call <- rlang::current_env()
  coords <- coords_tensor(coords, call)
  check_number(radius, min = 0)
  if (!is.finite(radius)) {
    abort_intertwine("`radius` must be finite, not Inf.", hint = "max(dist(coords)) joins all points.", call = call)
  }
  check_flag(loop)
  if (!is.null(max_neighbours)) max_neighbours <- as_count(max_neighbours, min = 1)
  if (!is.null(batch)) batch <- member_tensor(as_graphs(batch, dim_torch_tensor(coords)[1], "batch", call))
  edges <- py_call_checked("_r.points.graph", list(coords, as.double(radius), batch, loop, max_neighbours))
  edges <- t(edges) + 1L
  storage.mode(edges) <- "integer"
  dimnames(edges) <- list(NULL, c("from", "to"))
  edges
}

coords_tensor <- function(coords, call) {
  if (is_geometric_tensor(coords)) coords <- point_coords(coords)
  if (is_py(coords)) {
    return(check_alive(coords, call))
  }
  to_py_tensor(coords_matrix(coords, call), "float64", arg = "coords", call = call)
}

coords_matrix <- function(coords, call = rlang::caller_env(), arg = "coords") {
  if (is.data.frame(coords)) coords <- as.matrix(coords)
  if (!is.matrix(coords) || !is.numeric(coords)) {
    abort_intertwine(
      "`{arg}` must be a matrix of numbers with a row for each point, not {describe_value(coords)}.",
      class = "argument_type", hint = "For example as.matrix(atoms[c(\"x\", \"y\", \"z\")]).", call = call
    )
  }
  if (!all(is.finite(coords))) {
    bad <- which(rowSums(!is.finite(coords)) > 0)[1]
    abort_intertwine(
      "`{arg}` must be finite, but point {bad} is at ({listed(format(coords[bad, ]))}).",
      class = "missing_values", hint = "Remove or correct such points first.", call = call
    )
  }
  unname(coords)
}

#' @rdname geometric_tensor
#' @export
point_coords <- function(x, ...) {
  check_class(x, "geometric_tensor", "a geometric tensor")
  coords <- x$coords
  if (is.null(coords)) {
    abort_intertwine(
      "This geometric tensor lives on a grid and has no coordinates.",
      hint = "Give them to geometric_tensor(x, type, coords = )."
    )
  }
  tensor_to_array(coords)
}

#' Gradients of energies with respect to the points
#'
#' A network that puts out invariant numbers for points gives an energy, their sum, and so forces: minus its gradient
#' with respect to the coordinates. They turn with the points if the energy does not change.
#'
#' With `batch` the energies are those of several graphs, each the sum over its points, and attention stays within a graph.
#'
#' @param module A module whose output is trivial fields.
#' @param x A [geometric_tensor()] on points.
#' @param edges The edges of the graph, see [radius_graph()].
#' @param batch For several graphs at once: to which of them each point belongs, a factor or a vector.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A list of the `energy`, a number (with `batch` one for each graph, with its name), and the `forces`, a matrix with
#'   a row for each point.
#' @seealso [r3_point_conv()]; its `radial = "bessel"` makes energies without jumps
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_flip_rot3d()
#' water <- molecules_data("H2O")$atoms
#' place <- as.matrix(water[c("x", "y", "z")])
#' x <- geometric_tensor(cbind(water$element == "O", water$element == "H"), field_type(gs, trivial = 2), coords = place)
#' set.seed(1)
#' model <- x$type |>
#'   r3_point_conv(out = list(trivial = 4), width = 3, n_rings = 4, radial = "bessel") |>
#'   nonlin_elu() |>
#'   r3_point_conv(out = list(trivial = 1), width = 3, n_rings = 4, radial = "bessel")
#' point_forces(model, x, radius_graph(place, radius = 3))
point_forces <- function(module, x, edges, batch = NULL, ...) {
  check_module(module)
  check_class(x, "geometric_tensor", "a geometric tensor on points")
  call <- rlang::current_env()
  edges <- edge_tensor(edges, dim(x)[1], call)
  graphs <- if (!is.null(batch)) as_graphs(batch, dim(x)[1], "batch", call)
  found <- py_call_checked("_r.points.forces", list(module, x, edges, member_tensor(graphs), max(1L, nlevels(graphs))), call)
  found$energy <- stats::setNames(as.numeric(unlist(found$energy)), levels(graphs))
  found
}

#' The edges and the graph of each point that a module was called with, if there are any.
#' @noRd
graph_of <- function(more) {
  batch <- more[["batch"]]
  more[["batch"]] <- NULL
  edges <- if (length(more) == 1) more[[1]]
  named <- identical(names(more), "edges")
  if (named || (is.matrix(edges) && is.numeric(edges)) || is.data.frame(edges) || (!length(more) && !is.null(batch))) {
    list(edges = edges, batch = batch)
  }
}

call_on_points <- function(module, x, graph, call) {
  if (!is_geometric_tensor(x) || is.null(x$coords)) {
    abort_intertwine(
      "Features on points must be a geometric tensor with coordinates, not {describe_value(x)}.",
      class = "argument_type", hint = "Make one with geometric_tensor(x, type, coords = ).", call = call
    )
  }
  n <- dim(x)[1]
  edges <- if (!is.null(graph$edges)) edge_tensor(graph$edges, n, call)
  members <- if (!is.null(graph$batch)) member_tensor(as_graphs(graph$batch, n, "batch", call))
  py_call_checked("_r.points.run", list(module, x, edges, members), call)
}

#' The graph of each point as a factor.
#' @noRd
as_graphs <- function(graph, n, arg, call) {
  if (!is.atomic(graph) || length(dim(graph)) > 1) {
    abort_intertwine(
      "`{arg}` must be a vector or a factor, not {describe_value(graph)}.",
      class = "argument_type", hint = "It says for each point to which graph it belongs.", call = call
    )
  }
  if (length(graph) != n || anyNA(graph)) {
    abort_intertwine(
      "`{arg}` must name the graph of each of the {n} points, but it holds
       {if (anyNA(graph)) 'missing values' else length(graph)}.",
      class = "shape", call = call
    )
  }
  if (is.factor(graph)) graph else factor(graph, levels = unique(graph))
}

#' Graphs as Python has them: numbers from 0 on.
#' @noRd
member_tensor <- function(graphs) {
  if (!is.null(graphs)) to_py_tensor(as.integer(graphs) - 1L, "int64")
}

#' Edges as Python has them: two rows, counted from 0.
#' @noRd
edge_tensor <- function(edges, n, call) {
  if (is.data.frame(edges)) edges <- as.matrix(edges)
  whole <- is.numeric(edges) && !anyNA(edges) && all(edges == round(edges))
  if (!is.matrix(edges) || ncol(edges) != 2 || !whole) {
    abort_intertwine(
      "`edges` must be a matrix of positions with two columns, from and to, not {describe_value(edges)}.",
      class = "argument_type",
      hint = if (is.matrix(edges) && nrow(edges) == 2) "Turn it over with t()." else "Make it with radius_graph().",
      call = call
    )
  }
  bad <- which(edges < 1 | edges > n)
  if (length(bad)) {
    abort_intertwine(
      "`edges` holds the point {edges[bad[1]]}, but the {n} points have the positions 1 to {n}.",
      class = "position",
      hint = "With several graphs in one tensor, the points are numbered from the first graph to the last.", call = call
    )
  }
  to_py_tensor(t(unname(edges)) - 1, "int64", arg = "edges", call = call)
}

#' Train a network on points
#'
#' Adjusts the weights of a network on points so that its output, added up over the points of each graph, comes close to
#' a number for each graph: energies of molecules from their atoms, for example, and with `forces` its gradients, too
#' (Adam, with a learning rate that falls to zero along a cosine). The loss is the mean squared error of the numbers times
#' `energy_weight`, plus that of the forces times `force_weight`.
#'
#' With `start = "least_squares"` a network that begins and ends with convolutions on points starts where a linear model of
#' the same invariants ends: a multiple of each feature of a point and of each ring of its neighbours, fitted by least
#' squares. This model stays beside the network, which is scaled to what is left; so the numbers may have any size, and
#' forces are in units of the numbers and of the coordinates.
#'
#' @param module A module that ends with trivial fields, one for each number to learn. It is not changed.
#' @param x A [geometric_tensor()] on the points of all graphs.
#' @param edges The edges, see [radius_graph()] with its `batch`.
#' @param graph To which graph each point belongs: a factor, whose levels are in the order of `y`.
#' @param y A number for each graph, or a matrix or data frame with a row for each. Names (row names of a matrix) that are
#'   levels of `graph` say which graph each belongs to; without names they are in the order of the levels.
#' @param aggregate `"sum"` or `"mean"` over the points of a graph.
#' @param epochs Number of passes over the graphs.
#' @param learn_rate The learning rate at the start.
#' @param forces A matrix with a row for each point, minus the gradient of `y` with respect to its coordinates; see
#'   [point_forces()].
#' @param batch_size Number of graphs in a step; all at once if `NULL`.
#' @param energy_weight,force_weight Weights of the numbers and of the forces in the loss.
#' @param start `"least_squares"`, or `"as_given"` to train the module as it is.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return An object of class `points_fit`: a list of the trained `module` and a data frame `history` with the `loss` of each
#'   `epoch`. `fitted$module(x, edges)` gives the numbers of the points, [rowsum()] adds them up for each graph. Ctrl-C ends
#'   the training early and keeps what was learned.
#' @seealso [r3_point_conv()], [point_forces()], [fit()][fit.equivariant_module] for images and volumes
#' @export
#' @examplesIf intertwine_available()
#' # How many atoms are oxygen? A network that looks at them can count.
#' data <- molecules_data(c("H2O", "CH4", "CO2", "CH3OH"))
#' atoms <- data$atoms
#' gs <- gspace_flip_rot3d()
#' x <- geometric_tensor(
#'   outer(atoms$element, c("H", "C", "O"), "==") + 0, field_type(gs, trivial = 3), coords = atoms[c("x", "y", "z")]
#' )
#' edges <- radius_graph(x, radius = 3, batch = atoms$molecule, loop = TRUE)
#' set.seed(1)
#' model <- x$type |> r3_point_conv(out = c(trivial = 1), width = 3, n_rings = 3)
#' fitted <- fit_points(model, x, edges, atoms$molecule, y = c(1, 0, 2, 1), epochs = 200)
#' round(rowsum(as.array(fitted$module(x, edges)), atoms$molecule, reorder = FALSE), 1)
fit_points <- function(module, x, edges, graph, y, aggregate = c("sum", "mean"), epochs = 100, learn_rate = 0.01,
                       forces = NULL, batch_size = NULL, energy_weight = 1, force_weight = 1,
                       start = c("least_squares", "as_given"), ...) {
  call <- rlang::current_env()
  check_module(module)
  check_class(x, "geometric_tensor", "a geometric tensor on points")
  aggregate <- match_choice(aggregate)
  start <- match_choice(start)
  check_number(energy_weight, min = 0)
  check_number(force_weight, min = 0)
  n <- dim(x)[1]
  if (!is.null(forces)) {
    forces <- coords_matrix(forces, call, arg = "forces")
    if (!identical(dim(forces), dim(point_coords(x)))) {
      abort_intertwine(
        "`forces` must have the shape of the coordinates, {n} x {ncol(point_coords(x))}, but it has {nrow(forces)} x
         {ncol(forces)}.",
        class = "shape", call = call
      )
    }
    forces <- to_py_tensor(forces, "float64", arg = "forces", call = call)
  }
  edges <- edge_tensor(edges, n, call)
  graph <- as_graphs(graph, n, "graph", call)
  y <- numbers_of_graphs(y, graph, call)
  found <- py_call_polled("_r.points.fit", list(
    module, x, edges, member_tensor(graph), to_py_tensor(y, "float64", arg = "y"), forces,
    aggregate = aggregate, epochs = as_count(epochs, min = 1), learn_rate = as_rate(learn_rate, call),
    batch_size = if (!is.null(batch_size)) as_count(batch_size, min = 1), energy_weight = as.double(energy_weight),
    force_weight = as.double(force_weight), start = start, seed = draw_seed()
  ), on = list(on_epoch = NULL), throttled = "on_epoch", call = call)
  loss <- as.numeric(unlist(found$loss))
  structure(
    list(module = found$module, history = data.frame(epoch = seq_along(loss), loss = loss)), class = "points_fit"
  )
}

#' The numbers to learn, a row for each level of `graph`: by name if they have names, else in the order of the levels.
#' @noRd
numbers_of_graphs <- function(y, graph, call) {
  named <- if (is.data.frame(y)) .row_names_info(y) > 0 else !is.null(if (is.null(dim(y))) names(y) else rownames(y))
  if (is.data.frame(y)) check_numeric_columns(y, "y", "Take those to learn: y[c(\"a\", \"b\")].", call)
  given <- y
  y <- as.matrix(y)
  known <- levels(graph)
  empty <- known[tabulate(graph, nlevels(graph)) == 0]
  if (length(empty)) {
    abort_intertwine(
      "No point belongs to the level {dQuote(empty[1], FALSE)} of `graph`.",
      class = "levels", hint = "Drop levels without points with droplevels().", call = call
    )
  }
  if (!is.numeric(y) || nrow(y) != length(known) || !all(is.finite(y))) {
    fault <- if (!is.numeric(y)) {
      paste("is", describe_value(given))
    } else if (nrow(y) != length(known)) {
      paste("holds", nrow(y))
    } else {
      paste("holds", format(y[!is.finite(y)][1]))
    }
    abort_intertwine(
      "`y` must hold a finite number for each level of `graph`, {length(known)} in all, but it {fault}.",
      class = "shape", hint = "The levels are {listed(utils::head(known, 6), quote = TRUE)}, in this order.", call = call
    )
  }
  if (!named) {
    return(unname(y))
  }
  names <- rownames(y)
  if (anyDuplicated(names) || !setequal(names, known)) {
    wrong <- c(names[duplicated(names)], setdiff(names, known))[1]
    fault <- if (wrong %in% known) "it has twice" else "there is no level"
    abort_intertwine(
      "The names of `y` must be the levels of `graph`, each of them once, but {fault} {dQuote(wrong, FALSE)}.",
      class = "levels", hint = "For numbers in the order of the levels, give unname(y).", call = call
    )
  }
  unname(y[known, , drop = FALSE])
}

#' @export
print.points_fit <- function(x, ...) {
  history <- x$history
  last <- format(history$loss[nrow(history)], digits = 4)
  cat("<points_fit> ", nrow(history), if (nrow(history) == 1) " epoch" else " epochs", ", loss ", last, "\n", sep = "")
  print(x$module)
  invisible(x)
}

#' @export
summary.points_fit <- function(object, ...) object
