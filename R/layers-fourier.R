# Functions on the group by their Fourier coefficients: the features of continuous groups.

#' Features by their Fourier coefficients
#'
#' A regular field has a channel for each element of the group, and a continuous group has too many. `fourier_repr()` is what
#' stands in its place: a function on the group, given by its Fourier coefficients up to a frequency. `nonlin_fourier()`
#' samples such functions at `N` rotations, applies a nonlinearity to each sample, and transforms back. The finer the grid,
#' the closer to exact for all rotations; the `N` rotations themselves are exact.
#'
#' With `rotations` or `axis`, which name a subgroup as in [quotient_repr()], the functions live on the cosets of the
#' subgroup: they are fewer, and blind to the subgroup. Give the layer the same subgroup as the representation.
#'
#' @inheritParams r2_conv
#' @param gs A space or a group.
#' @param frequency The highest frequency.
#' @param N Number of rotations to sample at; take two to four times as many as a field has channels.
#' @param rotations,axis,subgroup The subgroup, as for [quotient_repr()]; none for functions on the group.
#' @param fun Name of the function: `"elu"`, `"relu"`, `"sigmoid"` or `"tanh"`.
#' @inheritSection r2_conv One argument, three uses
#' @return `fourier_repr()`: a representation. `nonlin_fourier()`: a module, a sequence or a specification.
#' @seealso [regular_repr()], [nonlin_relu()] and [nonlin_gated()]
#' @export
#' @examplesIf intertwine_available()
#' gs <- gspace_rot2d(N = Inf)
#' field_type(gs, trivial = 1) |>
#'   r2_conv(out = 4 * fourier_repr(gs, frequency = 2), kernel_size = 5) |>
#'   batchnorm_iid() |>
#'   nonlin_fourier(N = 16)
nonlin_fourier <- function(object, N = 16, fun = "elu", rotations = NULL, axis = NULL) {
  check_string(fun)
  N <- as_count(N, min = 1)
  on_cosets <- !is.null(rotations) || !is.null(axis)
  create_layer(if (on_cosets) "QuotientFourierPointwise" else "FourierPointwise", object, list(
    N = N, `function` = paste0("p_", fun), rotations = rotations, axis = axis
  ))
}

#' @rdname nonlin_fourier
#' @export
fourier_repr <- function(gs, frequency = 3, rotations = NULL, axis = NULL, subgroup = NULL) {
  check_has_group(gs)
  frequency <- as_count(frequency, min = 0)
  if (is.null(rotations) && is.null(axis) && is.null(subgroup)) {
    return(py_call_checked("_r.groups.fourier", list(gs, frequency)))
  }
  py_call_checked("_r.groups.fourier_quotient", list(gs, as_subgroup(rotations, axis, subgroup), frequency, NULL))
}
