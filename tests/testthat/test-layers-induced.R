induced_fields <- function() {
  gs <- gspace_rot2d(N = 8)
  rho <- induced_repr(gs, irrep(restrict(gs, rotations = 2), frequency = 1), rotations = 2)
  list(gs = gs, rho = rho, type = field_type(gs, 2 * rho))
}

test_that("induced representations have a block for each coset", {
  skip_if_no_python()
  found <- induced_fields()
  expect_equal(dim(found$rho), c(4, 4))
  g <- group_element(found$gs, rotation = 3)
  expect_equal(found$rho(g) %*% t(found$rho(g)), diag(4), tolerance = 1e-12)
  # Inducing the trivial representation gives the cosets themselves.
  trivial <- trivial_repr(restrict(found$gs, rotations = 2))
  expect_equal(induced_repr(found$gs, trivial, rotations = 2)(g), quotient_repr(found$gs, rotations = 2)(g))
})

test_that("layers of induced fields are equivariant", {
  skip_if_no_python()
  found <- induced_fields()
  gated <- field_type(found$gs, 2 * quotient_repr(found$gs, rotations = 2), 2 * found$rho)
  layers <- list(
    nonlin_induced_norm(found$type), nonlin_induced_norm(found$type, fun = "squash"), nonlin_induced_gated(gated),
    nonlin_induced_gated(gated, drop_gates = FALSE), batchnorm_induced_norm(found$type), pool_induced_norm(found$type),
    nonlin_induced_norm(field_type(found$gs, regular = 1), block_size = 1)
  )
  for (layer in layers) expect_equivariant(layer)
})

test_that("R gives what Python gives", {
  skip_if_no_python()
  type <- induced_fields()$type
  x <- array(stats::rnorm(2 * 8 * 9), c(2, 8, 3, 3))
  nn <- intertwine_py()$nn
  expect_equal(pool_induced_norm(type)(x), nn$InducedNormPool(type)(x), tolerance = 1e-6)
  # The longest of the blocks, computed here.
  lengths <- apply(x[1, 1:4, 1, 1, drop = FALSE], 2, abs)
  expect_equal(pool_induced_norm(type)(x)[1, 1, 1, 1], max(lengths), tolerance = 1e-5)
})

test_that("specifications and refusals of induced layers", {
  skip_if_no_python()
  expect_snapshot({
    nonlin_induced_norm(block_size = 2)
    nonlin_induced_gated()
    batchnorm_induced_norm(eps = 1e-3)
    pool_induced_norm()
    pool_induced_norm(induced_fields()$type)
    show_error(pool_induced_norm(induced_fields()$type, block_size = 3))
    show_error(induced_repr(gspace_rot2d(N = 8), 3, rotations = 2))
    show_error(nonlin_induced_gated(induced_fields()$type))
  })
  expect_error(pool_induced_norm(induced_fields()$type, block_size = 0), class = "intertwine_error_argument")
  expect_error(nonlin_induced_norm(induced_fields()$type, fun = 3), class = "intertwine_error_argument")
})
