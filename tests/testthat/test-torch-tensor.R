# Each expression, with tensors and with arrays of the same values.
same_as_arrays <- function(expressions, tensors) {
  arrays <- lapply(tensors, as.array)
  for (expression in expressions) {
    got <- eval(expression, tensors, parent.frame())
    expect_s3_class(got, "torch.Tensor")
    expect_equal(as.array(got), eval(expression, arrays), tolerance = 1e-5, label = deparse1(expression))
  }
}

test_that("operators and functions of tensors give what those of arrays give", {
  skip_if_no_python()
  set.seed(1)
  tensors <- list(
    a = as_torch(array(rnorm(12), c(3, 2, 2))), b = as_torch(array(rnorm(12), c(3, 2, 2))), v = as_torch(c(3, 1, 2))
  )
  same_as_arrays(expression(
    a + b, a - 1, 1 - a, a * b, 2 / a, a / 2, abs(a)^1.5, 2^a, -a, +a, a %% 2, a %/% 2, a * array(1:12, c(3, 2, 2)),
    a > b, a >= 0, 0 < a, a <= b, a == a, a != b, a > 0 & b > 0, a > 0 | b > 0, !(a > 0), (a > 0) + 1,
    abs(a), sqrt(abs(a)), exp(a), log(abs(a)), log(abs(a), 2), log2(abs(a)), round(a, 1), round(a), floor(a),
    ceiling(a), sign(a), sin(a),
    gamma(abs(a) + 1), lgamma(abs(a)), trigamma(abs(a)),
    cumsum(v), cumprod(v), cummax(v), cummin(v),
    sum(a), prod(v), max(a), min(a, b), range(a), max(a, 0), sum(v, 1, v), mean(a), sum(a > 0), mean(a > 0),
    all(a > -9), any(a > 9),
    ((a - b)^2) |> mean()
  ), tensors)
})

test_that("positions in tensors count from one, as in arrays", {
  skip_if_no_python()
  set.seed(1)
  tensors <- list(a = as_torch(array(rnorm(12), c(3, 2, 2))), m = as_torch(matrix(rnorm(6), 3)), v = as_torch(c(3, 1, 2)))
  same_as_arrays(expression(
    a[1, , ], a[, 2, 1], a[-1, , ], a[c(3, 1), , 2], a[c(TRUE, FALSE, TRUE), 1, ], a[1, 1, 1], a[, , 1, drop = FALSE],
    a[5], a[-1], a[c(12, 1)], a[a > 0], m[m > 0], m[2, ], m[, 1], m[3, 2], m[], m[, ], v[2], v[-1], v[2:3], v[v > 1],
    v[c(TRUE, FALSE, TRUE)]
  ), tensors)
  expect_identical(length(tensors$a), 12L)
  expect_error(tensors$v[0], class = "intertwine_error_position")
  expect_error(tensors$v[4], class = "intertwine_error_position")
  expect_error(tensors$m[4, 1], class = "intertwine_error_position")
  expect_error(tensors$a[1, 1], class = "intertwine_error_position")
  expect_error(tensors$m[tensors$v > 0], class = "intertwine_error_shape")
  expect_error(tensors$m[tensors$v], class = "intertwine_error_argument_type")
})

test_that("missing numbers are left out if asked", {
  skip_if_no_python()
  x <- as_torch(c(1, NaN, 3))
  expect_equal(as.array(mean(x, na.rm = TRUE)), 2)
  expect_equal(as.array(sum(x, na.rm = TRUE)), 4)
  expect_true(is.nan(as.array(max(x))))
})

test_that("tensors are not recycled, nor mixed with what is no number", {
  skip_if_no_python()
  column <- as_torch(matrix(1:3, 3))
  vector <- as_torch(1:3)
  expect_error(column - vector, class = "intertwine_error_shape")
  expect_error(column - 1:3, class = "intertwine_error_shape")
  expect_error(as_torch(matrix(1, 3, 2)) * as_torch(matrix(1, 3, 1)), class = "intertwine_error_shape")
  expect_error(vector + "a", class = "intertwine_error_argument_type")
  expect_error(vector + NA, class = "intertwine_error_missing_values")
  expect_error(sum(vector, "a"), class = "intertwine_error_argument_type")
  expect_error(signif(vector), class = "intertwine_error_argument_type")
  expect_error(cumsum(column), class = "intertwine_error_shape")
  expect_error(max(vector[vector > 9]), class = "intertwine_error_argument")
  gs <- gspace_rot2d(4)
  features <- geometric_tensor(array(1, c(1, 1, 3, 3)), field_type(gs, trivial = 1))
  expect_error(features + features$tensor, class = "intertwine_error_argument_type")
  expect_error(features$tensor + features, class = "intertwine_error_argument_type")
})

test_that("gradients go through", {
  skip_if_no_python()
  x <- as_torch(c(1, 2, 3))$requires_grad_(TRUE)
  loss <- mean((x[-1] * c(2, 1))^2) + sum(abs(x)) / 3
  loss$backward()
  expect_equal(as.array(x$grad), c(0, 4 * 2, 3) + 1 / 3, tolerance = 1e-6)
})

test_that("methods of other packages for tensors are left alone", {
  skip_if_no_python()
  methods <- c("Ops", "Math", "Summary", "[", "mean", "length", "dim", "as.array")
  kept <- lapply(methods, utils::getS3method, "torch.Tensor", envir = baseenv())
  register_tensor_methods()
  expect_identical(lapply(methods, utils::getS3method, "torch.Tensor", envir = baseenv()), kept)
})
