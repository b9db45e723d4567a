# Attention between positions.

#' Attention
#'
#' `attention()` lets every position of a field attend to others: to all of its sample, with `reach` to those around it,
#' with `window` to those of its window. Its scores are inner products of fields, which do not change when both are
#' turned, plus a bias that depends on invariants of the offset. `transformer_block()` adds normalisations, ways around,
#' and two maps with a nonlinearity at each position.
#'
#' The symmetries of the lattice stay exact: all of them for neighbourhoods, and for windows at the sizes that
#' [shape_plan()] names (even windows on even sides, odd windows on any).
#'
#' Where points are the items of the batch, with coordinates, all of them attend to each other, and `width` gives a bias
#' that depends on the offset between two points. Say with `layer(x, batch = sets)` to which set each point belongs, and they
#' attend to those of their set; [fit_points()] does so for its graphs.
#'
#' @inheritParams r2_conv
#' @param heads The number of heads; it divides the number of fields of each kind. `"permuted"` for as many heads as a
#'   regular (or quotient) field has channels, each of which sees one channel of all fields: the group permutes them, so
#'   that each may look its own way.
#' @param reach How many cells a neighbourhood reaches to each side.
#' @param window How many cells a window has along each axis.
#' @param shifted Shift the windows by half of their size? Every second layer should, so that windows exchange what they
#'   know.
#' @param dropout The share of weights that are dropped in training.
#' @param width For points: how far the bias reaches, the radius of its outermost ring; `NULL` for none.
#' @param n_rings The number of equally spaced rings from 0 to `width`; by default 4.
#' @param expansion How many times as many fields there are between the two maps.
#' @param nonlinearity The specification of a layer. By default [nonlin_elu()] for fields whose channels the group only
#'   permutes, else [nonlin_norm()].
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @references Vaswani et al., "Attention is all you need", 2017; Liu et al., "Swin transformer", 2021.
#' @export
#' @examplesIf intertwine_available()
#' fields <- field_type(gspace_rot2d(N = 4), regular = 4)
#' fields |> attention(heads = 2)
#' fields |> attention(reach = 1, heads = "permuted")
#' fields |>
#'   transformer_block(window = 4) |>
#'   transformer_block(window = 4, shifted = TRUE)
attention <- function(object, heads = 1, reach = NULL, window = NULL, shifted = FALSE, dropout = 0, width = NULL,
                      n_rings = NULL, ...) {
  create_layer("Attention", random = TRUE)
}

#' @rdname attention
#' @export
transformer_block <- function(object, heads = 1, reach = NULL, window = NULL, shifted = FALSE, expansion = 2,
                              nonlinearity = NULL, dropout = 0, ...) {
  create_layer("transformer_block", random = TRUE)
}

#' Squeeze and excitation
#'
#' Each field times a number between 0 and 1 that the whole sample decides: an invariant of each field (the mean of its
#' channels where the group only permutes them, else its norm) is averaged over all positions, and two linear maps make
#' gates of the averages. Put it at the end of the inner part of [residual()]. Points with coordinates are one sample, or
#' several: `layer(x, batch = sets)`.
#'
#' @inheritParams r2_conv
#' @param reduction How many times fewer numbers there are between the two maps than fields.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @inheritSection r2_conv One argument, three uses
#' @inherit r2_conv return
#' @references Hu, Shen and Sun, "Squeeze-and-excitation networks", 2018.
#' @export
#' @examplesIf intertwine_available()
#' conv <- r2_conv(out = c(regular = 8), kernel_size = 3, padding = 1)
#' fields <- field_type(gspace_rot2d(N = 4), regular = 8)
#' fields |> residual(sequential_module(conv, nonlin_relu(), conv, squeeze_excitation()))
squeeze_excitation <- function(object, reduction = 4, ...) {
  create_layer("SqueezeExcitation", random = TRUE)
}
