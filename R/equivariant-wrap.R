# Plain networks made equivariant, and weights of ordinary convolutions in group convolutions.

#' Make any network equivariant
#'
#' Puts a plain network, such as a pre-trained one, into a module that is equivariant whatever the network is.
#'
#' - `method = "average"` runs the network on the input turned back by every element of a finite group, and averages the
#'   outputs turned forward. It takes as long as that many runs.
#' - `method = "frames"` runs it once, in the pose of the least energy. For points and the groups SO(2), O(2), SO(3) and
#' O(3) the poses are the axes of their variance with all signs. - `method = "canonical"` runs it once, in a pose that a
#' small equivariant network chooses and learns to choose while the whole is trained. With `prior` it keeps to the usual
#' pose of a pre-trained network: [fit()][fit.equivariant_module] adds `prior` times the mean of minus the log of the
#' share of the identity to the loss of each step.
#'
#' Elements that carry the grid to itself are exact; others interpolate the input. Points are fields without space:
#' a type of [gspace_none()] with a vector for each point.
#'
#' @param net A torch module, for example of `reticulate::import("torch")$nn`, from features of `in_type` to those of
#'   `out_type`.
#' @param in_type The field type of the input.
#' @param out_type The field type of the output, on the same space; `NULL` for numbers that the group does not change,
#'   such as scores of classes.
#' @param method `"average"`, `"frames"` or `"canonical"`.
#' @param samples With `"average"`: the number of elements that are drawn for each step of the training.
#' @param prior With `"canonical"`: the weight of the prior.
#' @param scores With `"canonical"`: a module of your own that chooses the pose, from `in_type` to one regular field (for
#'   points: to vectors).
#' @param energy With `"frames"`: a torch module from inputs to one number for each, which is least in the pose to take.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A module.
#' @seealso [lift_conv()] for the weights of planar networks, [check_equivariance()], [fit()][fit.equivariant_module]
#' @references Puny et al., "Frame averaging for invariant and equivariant network design", 2022; Kaba et al.,
#'   "Equivariance with learned canonicalization functions", 2023; Mondal et al., "Equivariant adaptation of large
#'   pretrained models", 2023.
#' @export
#' @examplesIf intertwine_available()
#' torch <- reticulate::import("torch")
#' net <- torch$nn$Conv2d(1L, 2L, 3L, padding = 1L)
#' gs <- gspace_rot2d(N = 4)
#' model <- make_equivariant(net, field_type(gs, trivial = 1), field_type(gs, vector = 1))
#' check_equivariance(model)
make_equivariant <- function(net, in_type, out_type = NULL, method = c("average", "frames", "canonical"), samples = NULL,
                             prior = NULL, scores = NULL, energy = NULL, ...) {
  call <- rlang::current_env()
  check_module(net)
  check_class(in_type, "field_type", "a field type")
  if (!is.null(out_type)) check_class(out_type, "field_type", "a field type")
  method <- match_choice(method)
  given <- Filter(Negate(is.null), list(samples = samples, prior = prior, scores = scores, energy = energy))
  fits <- list(average = "samples", frames = "energy", canonical = c("prior", "scores"))[[method]]
  odd <- setdiff(names(given), fits)
  if (length(odd)) {
    abort_intertwine(
      "`{odd[1]}` is no setting of the method \"{method}\".",
      hint = "It takes {paste0('`', fits, '`', collapse = ' and ')}.", call = call
    )
  }
  if (!is.null(samples)) given$samples <- as_count(samples, min = 1)
  if (!is.null(prior)) {
    check_number(prior, min = 0)
    given$prior <- as.double(prior)
  }
  if (!is.null(scores)) check_module(scores)
  if (!is.null(energy)) check_module(energy)
  arguments <- list(method, in_type, out_type, net, as_py_dict(given), seed = draw_seed())
  py_call_checked("_r.points.make_equivariant", arguments, call)
}

#' Weights of ordinary convolutions in group convolutions
#'
#' `lift_conv()` makes a group convolution of a trained `Conv1d`, `Conv2d` or `Conv3d`: each output channel becomes a
#' regular field, whose channel g has the filter turned by g. Trivial inputs are seen by all of these, regular ones
#' orientation by orientation, so that the first channel of each field of a lifted network computes what the plain
#' network computes. `project_conv()` goes back: it takes the filters of the identity.
#'
#' @param conv A convolution of `torch.nn` with one group.
#' @param in_type A trivial or a regular field for each input channel.
#' @param out_type A regular field for each output channel.
#' @param layer A convolution between trivial and regular fields, such as [r2_conv()] makes.
#' @param inputs What becomes of the channels of regular inputs: `"identity"` keeps the first alone, `"sum"` adds the
#'   filters of all.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A list of the `layer` (or the torch module `conv`) and the `residual`: the share of the filter's norm that is
#'   lost. It is zero up to rounding where the group carries the grid to itself.
#' @seealso [make_equivariant()]
#' @export
#' @examplesIf intertwine_available()
#' torch <- reticulate::import("torch")
#' planar <- torch$nn$Conv2d(1L, 3L, 3L)
#' gs <- gspace_rot2d(N = 4)
#' lifted <- lift_conv(planar, field_type(gs, trivial = 1), field_type(gs, regular = 3))
#' lifted$residual
#' project_conv(lifted$layer)$conv
lift_conv <- function(conv, in_type, out_type, ...) {
  call <- rlang::current_env()
  check_module(conv)
  check_class(in_type, "field_type", "a field type")
  check_class(out_type, "field_type", "a field type")
  found <- py_call_checked("_r.points.lift", list(conv, in_type, out_type), call)
  list(layer = found$layer, residual = found$residual)
}

#' @rdname lift_conv
#' @export
project_conv <- function(layer, inputs = c("identity", "sum"), ...) {
  call <- rlang::current_env()
  check_module(layer)
  inputs <- match_choice(inputs)
  found <- py_call_checked("_r.points.project", list(layer, inputs), call)
  list(conv = found$conv, residual = found$residual)
}
