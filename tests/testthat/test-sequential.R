gray <- function() field_type(gspace_rot2d(N = 4), trivial = 1)

test_that("types are inferred from layer to layer", {
  skip_if_no_python()
  model <- seven_layers()
  expect_length(model, 7)
  expect_equal(dim(model(array(rnorm(17^2), c(1, 1, 17, 17)))), c(1, 4, 11, 11))
  expect_s3_class(model[[1]], "r2_conv")
  expect_s3_class(model[[7]], "r2_conv")
  expect_true(model[[2]]$in_type == model[[1]]$out_type)
  expect_error(model[[0]], class = "intertwine_error_position")
  expect_error(model[[8]], class = "intertwine_error_position")
})

test_that("blocks are sequences to be built", {
  skip_if_no_python()
  block <- sequential_module(r2_conv(out = c(regular = 2), kernel_size = 3), nonlin_relu())
  expect_length(sequential_module(gray(), block, block, list(block)), 6)
  expect_length(gray() |> block(), 2)
  expect_length(block(block(gray())), 4)
  expect_length(sequential_module(gray()), 0)
  expect_output(print(sequential_module(gray())), "0 parameters")
  conv <- r2_conv(gray(), out = c(regular = 2), kernel_size = 3)
  expect_length(sequential_module(conv, nonlin_relu()), 2)
  expect_length(sequential_module(gray(), conv, nonlin_relu()), 2)
})

test_that("a pooled network gives a number that turning does not change", {
  skip_if_no_python()
  model <- seven_layers() |>
    pool_avg(kernel_size = 11) |>
    pool_group()
  model$eval()
  x <- matrix(rnorm(17^2), 17)
  # A quarter turn, clockwise or not.
  turned <- t(x)[17:1, ]
  expect_equal(dim(model(x)), c(1, 1, 1, 1))
  expect_equal(model(turned), model(x), tolerance = 1e-5)
})

test_that("ordinary torch modules follow invariant fields", {
  skip_if_no_python()
  nn <- reticulate::import("torch")$nn
  model <- sequential_module(
    gray(), r2_conv(out = c(regular = 4), kernel_size = 3), pool_group(), nn$Flatten(), nn$Linear(36L, 2L)
  )
  expect_equal(dim(model(array(0, c(3, 1, 5, 5)))), c(3, 2))
  expect_error(
    sequential_module(gray(), r2_conv(out = c(regular = 4), kernel_size = 3), nn$Flatten()),
    class = "intertwine_error_field_type"
  )
  expect_error(model |> nonlin_relu(), class = "intertwine_error_field_type")
})

test_that("a head classifies, and its answer is invariant", {
  skip_if_no_python()
  set.seed(3)
  model <- gray() |>
    r2_conv(out = c(regular = 4), kernel_size = 3) |>
    nonlin_relu() |>
    head_classes(n = 3)
  x <- matrix(rnorm(81), 9)
  expect_equal(dim(model(x)), c(1, 3))
  expect_equal(model(t(x)[9:1, ]), model(x), tolerance = 1e-5)
  expect_equivariant(model)
})

test_that("a head without a number of classes waits for it", {
  skip_if_no_python()
  x <- matrix(rnorm(81), 9)
  set.seed(4)
  open <- sequential_module(gray(), r2_conv(out = c(regular = 4), kernel_size = 3), nonlin_relu(), head_classes())
  expect_s3_class(open, c("sequential_module", "equivariant_module"))
  expect_snapshot({
    open
    show_error(open(x))
  })
  expect_length(open, 3)
  expect_true(open[[3]]$is_open)
  open[[3]]$fill(5L)
  expect_equal(dim(open(x)), c(1, 5))
})

test_that("symmetry is restricted half-way up", {
  skip_if_no_python()
  gs <- gspace_flip_rot2d(N = 4)
  expect_identical(group_order(restrict(gs, rotations = 4)), 4)
  expect_identical(group_order(restrict(gs, rotations = 1, axis = 0)), 2)
  expect_identical(group_order(restrict(group_of(gs), rotations = 2)), 2)
  expect_equal(dim(restrict(regular_repr(gs), rotations = 1)), c(8L, 8L))
  model <- field_type(gs, trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 3) |>
    nonlin_relu() |>
    restrict_module(rotations = 1, axis = 0) |>
    disentangle_module() |>
    r2_conv(out = c(regular = 2), kernel_size = 3) |>
    pool_group() |>
    head_classes(n = 2)
  model$eval()
  x <- matrix(rnorm(81), 9)
  moved <- function(rotation, flip) {
    image <- geometric_tensor(x, field_type(gs, trivial = 1))
    as.matrix(transform(image, group_element(gs, rotation = rotation, flip = flip)))
  }
  # The mirror that is kept changes nothing; a quarter turn does.
  expect_equal(model(moved(0, 1)), model(x), tolerance = 1e-5)
  expect_gt(max(abs(model(moved(1, 0)) - model(x))), 1e-5)
})

test_that("disentangling splits what restricting made", {
  skip_if_no_python()
  gs <- gspace_flip_rot2d(N = 4)
  rho <- restrict(regular_repr(gs), rotations = 1, axis = 0)
  parts <- disentangle(rho)
  expect_length(parts$representations, 4)
  g <- group_elements(restrict(gs, rotations = 1, axis = 0))[[2]]
  change <- parts$change_of_basis
  blocks <- direct_sum(parts$representations)(g)
  expect_equal(change %*% rho(g) %*% t(change), blocks)
  type <- restrict(field_type(gs, regular = 2), rotations = 1, axis = 0)
  expect_s3_class(disentangle(type), "equivariant_module")
})

test_that("what is no sequence is refused", {
  skip_if_no_python()
  other <- nonlin_relu(field_type(gspace_rot2d(N = 8), trivial = 1))
  expect_snapshot({
    show_error(sequential_module(gspace_rot2d(N = 4)))
    show_error(sequential_module(gray(), 3))
    show_error(sequential_module(gray(), nonlin_relu))
    show_error(sequential_module(gray(), other))
    show_error(restrict_module(gray()))
    show_error(restrict(gspace_rot2d(N = 4), rotations = 3))
    show_error(restrict(3))
    show_error(head_classes(gray(), n = 0))
    show_error(disentangle(3))
  })
})

test_that("sequences have parts by position, from one, as vectors have", {
  skip_if_no_python()
  model <- seven_layers()
  expect_length(model[1:3], 3)
  expect_length(model[-7], 6)
  expect_s3_class(as.list(model)[[7]], "r2_conv")
  expect_length(lapply(model, class), 7)
  x <- array(stats::runif(121), c(1, 1, 11, 11))
  expect_equal(model[4:7](as.array(model[1:3](x))), model(x), tolerance = 1e-6)
})
