test_that("a plan names the layers that break exactness, and sizes at which none does", {
  skip_if_no_python()
  model <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 1), kernel_size = 3, stride = 2) |>
    nonlin_relu() |>
    r2_conv(out = c(regular = 1), kernel_size = 3)
  plan <- shape_plan(model, 32)
  expect_s3_class(plan, c("shape_plan", "data.frame"))
  expect_identical(plan$name, c("r2_conv", "nonlin_relu", "r2_conv"))
  expect_identical(plan$exact, c(FALSE, TRUE, TRUE))
  expect_true(33 %in% attr(plan, "sizes"))
  expect_true(all(shape_plan(model, 33)$exact))
  expect_true(all(check_equivariance(model, array(rnorm(33^2), c(1, 1, 33, 33)))$passed))
  expect_output(print(plan), "1 layer breaks exact equivariance")
  expect_output(print(shape_plan(model, 33)), "Exact on the grid")
  expect_error(shape_plan(model, 0), class = "intertwine_error_argument")
  expect_error(shape_plan(nonlin_relu(), 32), class = "intertwine_error_argument_type")
})
