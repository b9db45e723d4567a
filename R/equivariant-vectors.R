# Ready networks without a grid: on vectors of any representation, and on points.

#' Networks on vectors and on points, in one line
#'
#' `equivariant_mlp()` is a perceptron with several layers, for data whose columns the group mixes: if it moves a row of
#' `x`, it moves the answer. `equivariant_point_network()` is for molecules, point clouds and other graphs: convolutions
#' along the edges, in which features turn with the points. The first is trained with [fit()], the second with
#' [fit_points()].
#'
#' @inheritParams equivariant_resnet
#' @param x For `equivariant_mlp()` a matrix or data frame with a row for each sample, or a [geometric_tensor()]. For
#'   `equivariant_point_network()` a geometric tensor on the points of all graphs.
#' @param y The targets of [fit()]; of points, a number for each graph, as [fit_points()] takes them.
#' @param type The [field_type()] of the columns of `x`; a geometric tensor has its own.
#' @param out The fields of the answer, such as `c(irrep_1 = 1)`, or for points `c(vector = 1)`. By default one number
#'   for each class or column of `y`.
#' @param widths The number of fields in each block: regular ones of a finite group, of a continuous one all irreps up to
#'   the `frequency`.
#' @param norm `NULL` for none, `"layer"`, `"rms"` or `"field"`; without points also `"batch"`.
#' @param dropout The share of fields that are dropped in training.
#' @param restrict As in [equivariant_cnn()]; without a grid by arguments of [restrict()].
#' @param head The last layers in place of `out`.
#' @param graph To which graph each point belongs, see [fit_points()].
#' @param radius How far edges reach.
#' @param edges The edges; by default [radius_graph()] with each point joined to itself, too.
#' @param n_rings,radial,aggr As in [r3_point_conv()].
#' @param epochs,learn_rate,... Arguments of [fit()]; for points, of [fit_points()].
#' @return A fit, as [fit()] or [fit_points()] returns it; or a module if `train = FALSE`.
#' @seealso [equivariant_linear()] and [r3_point_conv()] to build a network of your own.
#' @export
#' @examplesIf intertwine::intertwine_available()
#' # The product of three vectors turns with them.
#' gs <- gspace_none(so3_group())
#' vectors <- matrix(rnorm(50 * 9), 50)
#' y <- vectors[, 1:3] * rowSums(vectors[, 4:6] * vectors[, 7:9])
#' type <- field_type(gs, irrep_1 = 3)
#' fitted <- equivariant_mlp(vectors, y, type, out = c(irrep_1 = 1), widths = 4, epochs = 2)
#' predict(fitted, vectors[1:2, ])
#'
#' # How many atoms are oxygen?
#' atoms <- molecules_data(c("H2O", "CH4", "CO2", "CH3OH"))$atoms
#' x <- geometric_tensor(
#'   outer(atoms$element, c("H", "C", "O"), "==") + 0, field_type(gspace_flip_rot3d(), trivial = 3),
#'   coords = atoms[c("x", "y", "z")]
#' )
#' equivariant_point_network(x, c(1, 0, 2, 1), atoms$molecule, radius = 2, widths = 2, epochs = 5)
equivariant_mlp <- function(x, y = NULL, type = NULL, out = NULL, widths = c(16, 16), parameters = NULL, norm = NULL,
                            dropout = 0, train = TRUE, epochs = 10, learn_rate = 0.005, ..., restrict = NULL, head = NULL,
                            nonlinearity = NULL, frequency = 2) {
  call <- rlang::current_env()
  known <- arguments_of(equivariant_mlp)
  check_no_formula(x, call)
  check_fit_names(...names(), "equivariant_mlp", c("x", "y"), known, call)
  if (is.null(type) && is_geometric_tensor(x)) type <- check_alive(x, call)$type
  if (is.null(type)) abort_missing("type", "equivariant_mlp", call)
  check_field_type(type, call = call)
  options <- network_options(known, call)
  module <- build_network("equivariant_mlp", type, network_outputs(x, call), NULL, options, call)
  train_network(module, x, y, train, list(epochs = epochs, learn_rate = learn_rate, ...), call)
}

#' @rdname equivariant_mlp
#' @export
equivariant_point_network <- function(x, y = NULL, graph = NULL, radius, edges = NULL, out = NULL, widths = c(8, 8),
                                      parameters = NULL, n_rings = 4, radial = "bessel", aggr = "mean", norm = NULL,
                                      train = TRUE, epochs = 100, learn_rate = 0.01, ..., restrict = NULL, head = NULL,
                                      nonlinearity = NULL, frequency = 1) {
  call <- rlang::current_env()
  known <- arguments_of(equivariant_point_network)
  check_no_formula(x, call)
  check_passed_on(...names(), "equivariant_point_network", c(known, arguments_of(fit_points, "module")), call)
  check_class(x, "geometric_tensor", "a geometric tensor on points", hint = "Make one with geometric_tensor(coords = ).")
  check_flag(train)
  if (train && is.null(graph)) abort_missing("graph", "equivariant_point_network", call)
  options <- network_options(known, call)
  module <- build_network("point_network", x$type, network_outputs(x, call), NULL, options, call)
  if (!train) {
    return(module)
  }
  edges <- edges %||% radius_graph(x, radius, batch = graph, loop = TRUE)
  fit_points(module, x, edges, graph, y, epochs = epochs, learn_rate = learn_rate, ...)
}
