# Names of the two languages.

#' The R function, argument or operator for each public name of the Python half that R has.
#'
#' A test compares this with the Python half: what is missing here must be listed there, and that list may only shrink.
#' @noRd
r_names_of_python <- function() {
  c(
    # group
    CyclicGroup = "cyclic_group()",
    DihedralGroup = "dihedral_group()",
    GroupElement = "group_element()",
    Representation = "irrep()",
    IrreducibleRepresentation = "irrep()",
    cyclic_group = "cyclic_group()",
    dihedral_group = "dihedral_group()",
    trivial_group = "trivial_group()",
    so2_group = "so2_group()",
    o2_group = "o2_group()",
    SO2 = "so2_group()",
    O2 = "o2_group()",
    directsum = "direct_sum()",
    tensor_product = "tensor_product()",
    disentangle = "disentangle()",
    Group = "group_of()",
    # gspaces
    GSpace = "group_of()",
    trivialOnR2 = "gspace_trivial2d()",
    rot2dOnR2 = "gspace_rot2d()",
    flip2dOnR2 = "gspace_flip2d()",
    flipRot2dOnR2 = "gspace_flip_rot2d()",
    no_base_space = "gspace_none()",
    # nn
    FieldType = "field_type()",
    field_type = "field_type()",
    GeometricTensor = "geometric_tensor()",
    R2Conv = "r2_conv()",
    R2ConvTransposed = "r2_conv_transposed()",
    Linear = "equivariant_linear()",
    InnerBatchNorm = "batchnorm_inner()",
    ReLU = "nonlin_relu()",
    ELU = "nonlin_elu()",
    LeakyReLU = "nonlin_leaky_relu()",
    PointwiseAvgPool = "pool_avg()",
    PointwiseAvgPool2D = "pool_avg()",
    PointwiseMaxPool = "pool_max()",
    PointwiseMaxPool2D = "pool_max()",
    PointwiseAvgPoolAntialiased = "pool_avg_antialiased()",
    PointwiseAvgPoolAntialiased2D = "pool_avg_antialiased()",
    GroupPooling = "pool_group()",
    RestrictionModule = "restrict_module()",
    DisentangleModule = "disentangle_module()",
    IdentityModule = "identity_module()",
    HeadClasses = "head_classes()",
    SequentialModule = "sequential_module()",
    ShapePlan = "shape_plan()",
    shape_plan = "shape_plan()",
    EquivarianceReport = "check_equivariance()",
    EquivarianceError = "expect_equivariant()"
  )
}
