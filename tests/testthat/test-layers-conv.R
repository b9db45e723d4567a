test_that("out takes numbers, representations and types", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  gray <- field_type(gs, trivial = 1)
  out <- field_type(gs, regular = 2, trivial = 1)
  expected <- function(out) r2_conv(gray, out = out, kernel_size = 3)$out_type
  expect_true(expected(out) == out)
  expect_true(expected(c(regular = 2, trivial = 1)) == out)
  expect_true(expected(list(regular = 2, trivial = 1)) == out)
  expect_true(expected(list(2 * regular_repr(gs), trivial = 1)) == out)
  expect_true(expected(2 * regular_repr(gs)) == field_type(gs, regular = 2))
  expect_true(expected(regular_repr(gs)) == field_type(gs, regular = 1))
})

test_that("settings reach the convolution", {
  skip_if_no_python()
  gray <- field_type(gspace_rot2d(N = 4), trivial = 1)
  x <- array(rnorm(81), c(1, 1, 9, 9))
  size <- function(...) dim(r2_conv(gray, out = c(trivial = 1), ...)(x))[3:4]
  expect_equal(size(kernel_size = 3), c(7, 7))
  expect_equal(size(kernel_size = 3, padding = 1), c(9, 9))
  expect_equal(size(kernel_size = 3, stride = 2), c(4, 4))
  expect_equal(size(kernel_size = 3, dilation = 2), c(5, 5))
  expect_equal(size(kernel_size = 3, padding = c(1, 1), stride = c(2, 2)), c(5, 5))
  expect_null(r2_conv(gray, out = c(trivial = 1), kernel_size = 3, bias = FALSE)$bias)
})

test_that("low_error chooses filters that turn more exactly", {
  skip_if_no_python()
  gray <- field_type(gspace_rot2d(N = 8), trivial = 1)
  weights <- function(...) length(as.array(r2_conv(gray, out = c(regular = 1), kernel_size = 3, ...)$weights))
  expect_equal(weights(), 6)
  expect_equal(weights(low_error = FALSE), 6)
  expect_equal(weights(low_error = TRUE), 4)
  expect_equal(weights(low_error = 0.2), 6)
  conv <- r2_conv(gray, out = c(regular = 1), kernel_size = 5, low_error = TRUE)
  expect_true(conv$low_error)
  expect_equivariant(conv)
  up <- r2_conv_transposed(gray, out = c(regular = 1), kernel_size = 5, low_error = 0.05)
  expect_equal(up$low_error, 0.05)
  path <- withr::local_tempfile(fileext = ".safetensors")
  intertwine_save(conv, path)
  again <- intertwine_load(path)
  expect_true(again$low_error)
  expect_equal(as.array(again$weights), as.array(conv$weights))
  expect_error(r2_conv(gray, out = c(regular = 1), kernel_size = 3, low_error = 2), class = "intertwine_error_argument")
  expect_error(
    r2_conv(gray, out = c(regular = 1), kernel_size = 3, low_error = "yes"),
    class = "intertwine_error_argument_type"
  )
})

test_that("transposed convolutions enlarge, and are equivariant", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), regular = 1)
  up <- type |> r2_conv_transposed(out = c(regular = 1), kernel_size = 3, stride = 2, padding = 1)
  expect_equal(dim(up(array(0, c(1, 4, 5, 5)))), c(1, 4, 9, 9))
  expect_equivariant(up)
})

test_that("linear maps act on vectors", {
  skip_if_no_python()
  gs <- gspace_none(cyclic_group(8))
  linear <- field_type(gs, regular = 2) |> equivariant_linear(out = c(regular = 1, trivial = 3))
  linear$double()
  x <- matrix(rnorm(5 * 16), 5)
  expect_equal(dim(linear(x)), c(5, 11))
  g <- group_element(gs, rotation = 3)
  type <- field_type(gs, regular = 2)
  vectors <- geometric_tensor(x, type, dtype = "float64")
  expect_equal(as.array(linear(transform(vectors, g))), as.array(transform(linear(vectors), g)), tolerance = 1e-12)
})

test_that("what makes no convolution is refused", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  gray <- field_type(gs, trivial = 1)
  out <- c(regular = 2)
  expect_snapshot({
    show_error(r2_conv(gray, out = out, kernel_size = 0))
    show_error(r2_conv(gray, out = out, kernel_size = 2))
    show_error(r2_conv(gray, out = out, kernel_size = 2.5))
    show_error(r2_conv(gray, out = out))
    show_error(r2_conv(gray, kernel_size = 3))
    show_error(r2_conv(gray, out = 8, kernel_size = 3))
    show_error(r2_conv(gray, out = c(bogus = 8), kernel_size = 3))
    show_error(r2_conv(gray, out = field_type(gspace_rot2d(N = 8), regular = 1), kernel_size = 3))
    show_error(r2_conv(gray, out = c(irrep_1 = 1), kernel_size = 1))
    show_error(r2_conv(gray, out = out, kernel_size = 3, stride = 0))
    show_error(r2_conv(gray, out = out, kernel_size = 3, padding = -1))
    show_error(r2_conv(gray, out = out, kernel_size = 3, bias = "yes"))
    show_error(r2_conv(c(regular = 8), kernel_size = 5, out = out))
    show_error(r2_conv(gs, out = out, kernel_size = 3))
  })
})

test_that("what can be seen without Python is refused without it", {
  expect_error(r2_conv(out = c(regular = 8), kernel_size = 0), class = "intertwine_error_argument")
  expect_error(r2_conv(out = 8, kernel_size = 3), class = "intertwine_error_argument_type")
  expect_error(r2_conv(out = c(regular = 8)), "`kernel_size` is missing")
})

test_that("differential operators differentiate, and are equivariant", {
  skip_if_no_python()
  gs <- gspace_flip_rot2d(N = 4)
  gray <- field_type(gs, trivial = 1)
  gradient <- r2_diffop(gray, out = c(vector = 1), kernel_size = 3, maximum_order = 1)
  slope <- function(a, b) array(outer(1:5, 1:5, function(y, x) a * x - b * y), c(1, 1, 5, 5))
  along <- function(a, b) gradient(slope(a, b))[1, , 2, 3]
  # y points up
  expect_equal(along(2, 3) / along(1, 0)[1], c(2, 3), tolerance = 1e-5)
  expect_equivariant(gradient)
  expect_equal(r2_diffop(gray, out = c(trivial = 1), maximum_order = 4)$kernel_size, 5)
  smooth <- gray |> r2_diffop(out = c(regular = 1), kernel_size = 5, smoothing = 1.25, padding = "same")
  expect_equal(dim(smooth(slope(1, 1))), c(1, 8, 5, 5))
  expect_equivariant(smooth)
  expect_error(
    r2_diffop(gray, out = c(trivial = 1), kernel_size = 3, maximum_order = 1, accuracy = 2),
    class = "intertwine_error_argument"
  )
  curl <- field_type(gspace_rot3d(), vector = 1) |> r3_diffop(out = c(vector = 1), kernel_size = 3, maximum_order = 1)
  expect_equal(dim(curl(array(rnorm(375), c(1, 3, 5, 5, 5)))), c(1, 3, 3, 3, 3))
  withr::local_pdf(NULL)
  expect_silent(plot(gradient))
  expect_silent(plot(curl))
})
