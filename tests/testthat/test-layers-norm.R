test_that("batch normalisation gives fields of mean zero and unit variance", {
  skip_if_no_python()
  norm <- batchnorm_inner(field_type(gspace_rot2d(N = 4), regular = 1), eps = 1e-12)
  norm$double()
  x <- array(rnorm(5 * 4 * 9, mean = 3, sd = 2), c(5, 4, 3, 3))
  y <- norm(x)
  expect_equal(mean(y), 0)
  expect_equal(mean(y^2), 1)
})
