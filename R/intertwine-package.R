#' intertwine: group-equivariant neural networks
#'
#' Networks that respect the symmetries of their data. A space ([gspace_rot2d()]) names the symmetry, a field type
#' ([field_type()]) how features transform, layers ([r2_conv()], [nonlin_relu()], ...) are functions that pipe, and
#' [check_equivariance()] measures what they promise. `vignette("getting-started")` goes through all of it.
#'
#' @keywords internal
"_PACKAGE"

#' @importFrom grDevices as.raster
#' @importFrom rlang abort
#' @importFrom stats predict
#' @importFrom utils head
NULL
