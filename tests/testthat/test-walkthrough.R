# The walk-through of the vignette, with its exact numbers, and the same through escnn's interface.

picture <- function() outer(0:3, 3:0, "^")

turned_pictures <- list(
  matrix(c(1, 1, 1, 1, 0, 1, 2, 3, 0, 1, 4, 9, 0, 1, 8, 27), 4, byrow = TRUE),
  matrix(c(1, 3, 9, 27, 1, 2, 4, 8, 1, 1, 1, 1, 1, 0, 0, 0), 4, byrow = TRUE),
  matrix(c(27, 8, 1, 0, 9, 4, 1, 0, 3, 2, 1, 0, 1, 1, 1, 1), 4, byrow = TRUE),
  matrix(c(0, 0, 0, 1, 1, 1, 1, 1, 8, 4, 2, 1, 27, 9, 3, 1), 4, byrow = TRUE)
)

test_that("spaces, representations and elements", {
  skip_if_no_python()
  expect_true(all(c("gspace_rot2d(N)", "gspace_flip_rot2d(N)") %in% gspaces()$space))
  gs <- gspace_rot2d(N = 4)
  expect_identical(
    vapply(representations(gs), format, ""),
    c("C4|[irrep_0]:1", "C4|[irrep_1]:2", "C4|[irrep_2]:1", "C4|[regular]:4"),
    ignore_attr = TRUE
  )
  g <- group_element(gs, rotation = 1)
  expect_identical(format(g), "1[2pi/4]")
  expect_equal(irrep(gs, frequency = 1)(g), matrix(c(0, 1, -1, 0), 2))
  shift <- matrix(c(0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0), 4, byrow = TRUE)
  # identical: no 1e-17
  expect_identical(regular_repr(gs)(g), shift)
})

test_that("a layer, and a picture that turns exactly", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  g <- group_element(gs, rotation = 1)
  type <- field_type(gs, trivial = 1)
  conv <- type |> r2_conv(out = c(regular = 3), kernel_size = 3)
  expect_identical(dim(conv(array(stats::rnorm(2048), c(2, 1, 32, 32)))), c(2L, 12L, 30L, 30L))
  x <- geometric_tensor(picture(), type)
  for (k in 1:4) {
    expect_identical(as.array(transform(x, group_element(gs, rotation = k)))[1, 1, , ], turned_pictures[[k]])
  }
  expect_equal(as.array(conv(transform(x, g))), as.array(transform(conv(x), g)), tolerance = 1e-5)
})

test_that("the model of seven layers, pooled over space and over the group", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  g <- group_element(gs, rotation = 1)
  block <- sequential_module(r2_conv(out = c(regular = 4), kernel_size = 3), batchnorm_inner(), nonlin_relu())
  model <- sequential_module(
    field_type(gs, trivial = 1), block, block, r2_conv(out = c(regular = 1), kernel_size = 3)
  )
  expect_length(model, 7)
  expect_match(format(model)[1], "7 layers")
  x <- array(stats::rnorm(289), c(1, 1, 17, 17))
  turned <- as.array(transform(images(x, "nchw"), g))
  expect_identical(dim(model(x)), c(1L, 4L, 11L, 11L))
  pooled <- model |> pool_avg(kernel_size = 11)
  expect_identical(dim(pooled(x)), c(1L, 4L, 1L, 1L))
  expect_equal(as.vector(pooled(turned)), as.vector(pooled(x))[c(4, 1:3)], tolerance = 1e-4)
  invariant <- pooled |> pool_group()
  expect_equal(as.vector(invariant(turned)), as.vector(invariant(x)), tolerance = 1e-4)
})

test_that("rotations and mirrors below, mirrors alone above", {
  skip_if_no_python()
  set.seed(8)
  digits <- digits_data()
  x <- pad_images(digits$x, 1)
  gs <- gspace_flip_rot2d(N = 4)
  model <- field_type(gs, trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 5, padding = 2) |>
    nonlin_relu() |>
    restrict_module(rotations = 1, axis = 0) |>
    disentangle_module() |>
    r2_conv(out = c(regular = 6), kernel_size = 5) |>
    batchnorm_inner() |>
    nonlin_relu() |>
    head_classes()
  fitted <- fit(model, x[1:400], digits$y[1:400], epochs = 4, learn_rate = 0.02)
  test <- x[1001:1100]
  expect_gt(evaluate(fitted, test, digits$y[1001:1100])[["accuracy"]], 0.4)
  scores <- predict(fitted, test, type = "response")
  mirror <- group_element(gs, flip = 1)
  expect_equal(predict(fitted, transform(test, mirror, gs = gs), type = "response"), scores, tolerance = 1e-3)
  quarter <- group_element(gs, rotation = 1)
  turned <- predict(fitted, transform(test, quarter, gs = gs), type = "response")
  expect_false(isTRUE(all.equal(turned, scores, tolerance = 0.1)))
})

test_that("escnn's interface through reticulate gives the same numbers", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4) # starts Python, so that the import below finds the same code
  gspaces <- reticulate::import("intertwine")$gspaces
  nn <- reticulate::import("intertwine")$nn
  torch <- reticulate::import("torch")
  act <- gspaces$rot2dOnR2(N = 4L)
  expect_true(act == gs)
  g <- act$fibergroup$element(1L)
  expect_true(g == group_element(gs, rotation = 1))
  expect_identical(act$regular_repr(g), regular_repr(gs)(group_element(gs, rotation = 1)))

  feat_in <- nn$FieldType(act, list(act$trivial_repr))
  feat_out <- nn$FieldType(act, list(act$regular_repr, act$regular_repr, act$regular_repr))
  torch$manual_seed(1L)
  theirs <- nn$R2Conv(feat_in, feat_out, kernel_size = 3L)
  ours <- field_type(gs, trivial = 1) |> r2_conv(out = c(regular = 3), kernel_size = 3)
  invisible(ours$load_state_dict(theirs$state_dict()))
  x <- array(stats::rnorm(2048), c(2, 1, 32, 32))
  tensor <- nn$GeometricTensor(as_torch(x), feat_in)
  expect_equal(as.array(theirs(tensor)), ours(x), tolerance = 1e-6)
  turned <- nn$GeometricTensor(as_torch(array(picture(), c(1, 1, 4, 4))), feat_in)$transform(g)
  expect_identical(as.array(turned)[1, 1, , ], turned_pictures[[1]])
})
