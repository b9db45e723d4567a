test_that("arguments become what Python takes", {
  coerced <- coerce_arguments(list(kernel_size = 5, padding = c(1, 2), bias = TRUE, eps = 1, n = 3, other = "x"), NULL)
  expect_identical(coerced, list(kernel_size = 5L, padding = list(1L, 2L), bias = TRUE, eps = 1, n = 3L, other = "x"))
})

test_that("each argument is checked", {
  bad <- list(
    kernel_size = 0, kernel_size = "a", kernel_size = NA, kernel_size = c(3, 0), padding = -1, stride = 0, dilation = 0,
    groups = 0, groups = c(1, 2), bias = NA, affine = 1, eps = -1, momentum = "a", sigma = "a", rings = c(1, NA),
    padding_mode = 1, n = 0, rotations = 0, axis = -1, out = 8, out = "regular", ceil_mode = "x"
  )
  for (i in seq_along(bad)) {
    named <- paste0("`", names(bad)[i], "`")
    expect_error(coerce_arguments(bad[i], NULL), named, class = "intertwine_error", info = named)
  }
})

test_that("out keeps the order of its fields", {
  fields <- as_out(c(regular = 8, trivial = 2), "out", NULL)
  expect_s3_class(fields, "field_spec")
  expect_identical(fields$names, list("regular", "trivial"))
  expect_identical(fields$values, list(8L, 2L))
})
