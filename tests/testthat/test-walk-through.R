# The walk-through of the card, once in R's words and once against the interface of escnn through reticulate: the same
# numbers. The Python tests go the same way.

test_that("a first session goes through", {
  skip_if_no_python()
  expect_true("gspace_rot2d(N)" %in% gspaces()$space)
  gs <- gspace_rot2d(N = 4)
  expect_identical(
    unname(format(representations(gs))),
    c("C4|[irrep_0]:1", "C4|[irrep_1]:2", "C4|[irrep_2]:1", "C4|[regular]:4")
  )
  g <- group_element(gs, rotation = 1)
  expect_identical(format(g), "1[2pi/4]")
  expect_identical(irrep(gs, frequency = 1)(g), rbind(c(0, -1), c(1, 0)))
  expect_identical(regular_repr(gs)(g), rbind(c(0, 0, 0, 1), c(1, 0, 0, 0), c(0, 1, 0, 0), c(0, 0, 1, 0)))

  gray <- field_type(gs, trivial = 1)
  conv <- gray |> r2_conv(out = c(regular = 3), kernel_size = 3)
  expect_equal(dim(conv(array(rnorm(2 * 32 * 32), c(2, 1, 32, 32)))), c(2, 12, 30, 30))

  image <- rbind(c(0, 0, 0, 1), c(1, 1, 1, 1), c(8, 4, 2, 1), c(27, 9, 3, 1))
  x <- geometric_tensor(image, gray)
  expect_identical(as.matrix(transform(x, g)), rbind(c(1, 1, 1, 1), 0:3, c(0, 1, 4, 9), c(0, 1, 8, 27)))
  expect_identical(as.matrix(transform(x, g * g)), rbind(c(1, 3, 9, 27), c(1, 2, 4, 8), c(1, 1, 1, 1), c(1, 0, 0, 0)))
  expect_identical(as.matrix(transform(x, g^3)), rbind(c(27, 8, 1, 0), c(9, 4, 1, 0), c(3, 2, 1, 0), c(1, 1, 1, 1)))
  expect_identical(as.matrix(transform(x, g^4)), image)
  for (h in unclass(group_elements(gs))) {
    expect_equal(as.array(conv(transform(x, h))), as.array(transform(conv(x), h)), tolerance = 1e-5)
  }

  model <- seven_layers()
  expect_equal(dim(model(array(rnorm(17^2), c(1, 1, 17, 17)))), c(1, 4, 11, 11))
  pooled <- model |> pool_avg(kernel_size = 11)
  expect_equal(dim(pooled(array(rnorm(17^2), c(1, 1, 17, 17)))), c(1, 4, 1, 1))
  invariant <- pooled |> pool_group()
  invariant$eval()
  picture <- geometric_tensor(matrix(rnorm(17^2), 17), gray)
  answers <- vapply(unclass(group_elements(gs)), function(h) as.vector(as.array(invariant(transform(picture, h)))), 0)
  expect_equal(answers, rep(answers[1], 4), tolerance = 1e-5)
})

test_that("a program against escnn's interface gives the same numbers", {
  skip_if_no_python()
  # What users of escnn write through reticulate: whole numbers as 4L, lists of representations, tensors made by hand.
  intertwine <- intertwine_py()
  torch <- reticulate::import("torch")
  gspaces <- intertwine$gspaces
  nn <- intertwine$nn

  act <- gspaces$rot2dOnR2(N = 4L)
  in_type <- nn$FieldType(act, list(act$trivial_repr))
  out_type <- nn$FieldType(act, list(act$regular_repr, act$regular_repr, act$regular_repr))
  torch$manual_seed(5L)
  conv <- nn$R2Conv(in_type, out_type, kernel_size = 3L)

  set.seed(5)
  values <- array(rnorm(81), c(1, 1, 9, 9))
  x <- nn$GeometricTensor(as_torch(values), in_type)
  y <- conv(x)
  turn <- act$fibergroup$element(1L)
  expect_identical(as.integer(unlist(y$shape)), c(1L, 12L, 7L, 7L))
  expect_equal(as.array(conv(x$transform(turn))), as.array(y$transform(turn)), tolerance = 1e-5)

  # The same module in R's words.
  gs <- gspace_rot2d(N = 4)
  expect_true(conv$in_type == field_type(gs, trivial = 1))
  expect_true(conv$out_type == field_type(gs, regular = 3))
  expect_equal(conv(values), as.array(y$tensor), tolerance = 1e-6)
  expect_true(turn == group_element(gs, rotation = 1))
  expect_true(all.equal(transform(geometric_tensor(values, in_type), group_element(gs, rotation = 1)), x$transform(turn)))
})
