# Names of the two languages.

#' R functions by the Python names that they stand for, as messages name them.
#' @noRd
r_names_of_python <- function() {
  c(
    trivialOnR2 = "gspace_trivial2d()",
    rot2dOnR2 = "gspace_rot2d()",
    flip2dOnR2 = "gspace_flip2d()",
    flipRot2dOnR2 = "gspace_flip_rot2d()",
    no_base_space = "gspace_none()",
    FieldType = "field_type()",
    GeometricTensor = "geometric_tensor()",
    R2Conv = "r2_conv()",
    Linear = "equivariant_linear()",
    InnerBatchNorm = "batchnorm_inner()",
    ReLU = "nonlin_relu()",
    PointwiseAvgPool = "pool_avg()",
    PointwiseAvgPool2D = "pool_avg()",
    PointwiseAvgPoolAntialiased = "pool_avg_antialiased()",
    PointwiseAvgPoolAntialiased2D = "pool_avg_antialiased()",
    GroupPooling = "pool_group()",
    RestrictionModule = "restrict_module()",
    DisentangleModule = "disentangle_module()",
    IdentityModule = "identity_module()",
    HeadClasses = "head_classes()",
    SequentialModule = "sequential_module()"
  )
}
