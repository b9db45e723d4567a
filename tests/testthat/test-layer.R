gray <- function(N = 4) field_type(gspace_rot2d(N = N), trivial = 1)

test_that("without an object there is a specification, and it prints as it was written", {
  expect_snapshot({
    r2_conv(out = c(regular = 8), kernel_size = 5)
    r2_conv(out = c(regular = 8, trivial = 2), kernel_size = 5, padding = c(1, 2), bias = FALSE)
    nonlin_relu()
    pool_avg(kernel_size = 2)
    sequential_module(r2_conv(out = c(regular = 8), kernel_size = 5), nonlin_relu())
  })
  expect_s3_class(nonlin_relu(), c("nonlin_relu_spec", "layer_spec"))
  expect_true(is.function(nonlin_relu()))
})

test_that("a field type gives the module, a module the longer sequence", {
  skip_if_no_python()
  conv <- gray() |> r2_conv(out = c(regular = 8), kernel_size = 5)
  expect_s3_class(conv, c("r2_conv", "equivariant_module"))
  expect_true(conv$out_type == field_type(gspace_rot2d(N = 4), regular = 8))
  longer <- conv |> nonlin_relu()
  expect_s3_class(longer, "sequential_module")
  expect_length(longer, 2)
  spec <- nonlin_relu()
  expect_length(spec(conv), 2)
  expect_length(spec(r2_conv(out = c(regular = 1), kernel_size = 3))(gray()), 2)
  expect_length(longer |> pool_group() |> nonlin_relu(), 4)
})

test_that("modules are functions, and give back the kind that they get", {
  skip_if_no_python()
  conv <- gray() |> r2_conv(out = c(regular = 3), kernel_size = 3)
  x <- array(rnorm(2 * 32 * 32), c(2, 1, 32, 32))
  expect_equal(dim(conv(x)), c(2, 12, 30, 30))
  expect_type(conv(x), "double")
  typed <- geometric_tensor(x, gray())
  expect_s3_class(conv(typed), "geometric_tensor")
  expect_s3_class(conv(as_torch(x)), "torch.Tensor")
  expect_equal(as.array(conv(typed)), conv(x), tolerance = 1e-6)
  expect_equal(as.array(x |> as_torch() |> conv()), conv(x), tolerance = 1e-6)
  expect_equal(dim(conv(matrix(0, 5, 5))), c(1, 12, 3, 3))
})

test_that("modules compute in their own precision", {
  skip_if_no_python()
  conv <- gray() |> r2_conv(out = c(regular = 1), kernel_size = 3)
  x <- array(rnorm(25), c(1, 1, 5, 5))
  single <- conv(x)
  conv$double()
  expect_equal(conv(x), single, tolerance = 1e-5)
  expect_false(identical(conv(x), single))
})

test_that("a large array takes the same way", {
  skip_if_no_python()
  conv <- gray() |> r2_conv(out = c(trivial = 1), kernel_size = 3)
  x <- array(rnorm(1.2e5), c(30, 1, 50, 80))
  expect_equal(conv(x)[1:2, , , , drop = FALSE], conv(x[1:2, , , , drop = FALSE]), tolerance = 1e-5)
  withr::local_options(intertwine.chunk_bytes = 1e5)
  expect_equal(conv(x)[1, , , ], conv(x[1, , , , drop = FALSE])[1, , , ], tolerance = 1e-5)
})

test_that("turning and convolving commute", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  conv <- gray() |> r2_conv(out = c(regular = 3), kernel_size = 3)
  conv$double()
  x <- geometric_tensor(array(rnorm(81), c(1, 1, 9, 9)), gray(), dtype = "float64")
  for (g in unclass(group_elements(gs))) {
    expect_equal(as.array(conv(transform(x, g))), as.array(transform(conv(x), g)), tolerance = 1e-12)
  }
})

test_that("set.seed() governs the weights, and torch's own stream stays", {
  skip_if_no_python()
  build <- function() gray() |> r2_conv(out = c(regular = 2), kernel_size = 3)
  x <- array(rnorm(49), c(1, 1, 7, 7))
  set.seed(1)
  first <- build()(x)
  second <- build()(x)
  set.seed(1)
  expect_identical(build()(x), first)
  expect_false(identical(first, second))
  torch <- reticulate::import("torch")
  torch$manual_seed(1L)
  expected <- torch$rand(1L)$item()
  torch$manual_seed(1L)
  build()
  expect_identical(torch$rand(1L)$item(), expected)
})

test_that("both styles build the same network", {
  skip_if_no_python()
  x <- array(rnorm(81), c(1, 1, 9, 9))
  set.seed(2)
  piped <- gray() |>
    r2_conv(out = c(regular = 2), kernel_size = 3) |>
    nonlin_relu() |>
    r2_conv(out = c(regular = 1), kernel_size = 3)
  set.seed(2)
  listed <- sequential_module(
    gray(), r2_conv(out = c(regular = 2), kernel_size = 3), nonlin_relu(), r2_conv(out = c(regular = 1), kernel_size = 3)
  )
  expect_identical(piped(x), listed(x))
})

test_that("modules print readably", {
  skip_if_no_python()
  expect_snapshot({
    gray() |> r2_conv(out = c(regular = 8), kernel_size = 5)
    seven_layers()
    summary(gray() |> r2_conv(out = c(regular = 1), kernel_size = 3) |> nonlin_relu())
  })
})

test_that("parameters are counted and modules exported", {
  skip_if_no_python()
  conv <- gray() |> r2_conv(out = c(regular = 3), kernel_size = 3)
  expect_identical(n_parameters(conv), 21)
  plain <- export_torch(conv)
  expect_false(inherits(plain, "equivariant_module"))
  x <- array(rnorm(25), c(1, 1, 5, 5))
  expect_equal(as.array(plain(as_torch(x))), conv(x), tolerance = 1e-6)
  expect_true(conv$training)
})

test_that("what is made for one size of images is exported with an example", {
  skip_if_no_python()
  nn <- reticulate::import("torch", convert = FALSE)$nn
  net <- nn$Sequential(nn$Conv2d(1L, 2L, 3L, padding = 1L), nn$Tanh(), nn$AdaptiveAvgPool2d(1L), nn$Flatten())
  model <- make_equivariant(net, gray(8))
  expect_snapshot(show_error(export_torch(model)))
  x <- array(rnorm(49), c(1, 1, 7, 7))
  plain <- export_torch(model, example = x)
  expect_equal(as.array(plain(as_torch(x))), as.array(model(x)), tolerance = 1e-5)
})

test_that("bad input is refused in words", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  conv <- gray() |> r2_conv(out = c(regular = 3), kernel_size = 3)
  expect_snapshot({
    show_error(conv(array(0, c(1, 2, 5, 5))))
    show_error(conv(array(0, c(1, 1, 5, 5, 5))))
    show_error(conv(array(0, c(1, 1, 5))))
    show_error(conv(geometric_tensor(array(0, c(1, 4, 5, 5)), field_type(gs, regular = 1))))
    show_error(conv(geometric_tensor(array(0, c(1, 1, 5, 5)), gray(8))))
    show_error(conv(list(1, 2)))
    show_error(conv(array(NA, c(1, 1, 5, 5))))
    show_error(conv("image"))
    show_error(conv(nonlin_relu()))
    show_error(conv(gray()))
    show_error(n_parameters(nonlin_relu()))
    show_error(export_torch(3))
    show_error(gs |> nonlin_relu())
    show_error(nonlin_relu(3))
  })
})
