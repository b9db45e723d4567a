
test_that("a trained model goes on with less symmetry", {
  skip_if_no_python()
  digits <- digits_data()
  space <- gspace_flip_rot2d(N = 4)
  fitted <- equivariant_cnn(digits$x[1:40], digits$y[1:40], space, widths = c(2, 2), kernel_size = 3, epochs = 1)
  less <- restrict_model(fitted, to = gspace_rot2d(N = 4), from_layer = 4)
  x <- as.array(digits$x[41:44])
  expect_equal(less(x), fitted$module(x), tolerance = 1e-4)
  expect_equal(group_order(less$symmetry), 4)
  expect_error(restrict_model(fitted, to = gspace_rot2d(N = 8)), class = "intertwine_error_argument")
  expect_error(restrict_model(fitted, to = gspace_rot2d(N = 4), from_layer = 40), "number of a layer, 1 to")
})
