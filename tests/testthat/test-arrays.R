test_that("arrays come back as they went, with their dimensions in order", {
  skip_if_no_python()
  x <- array(rnorm(24), c(2, 3, 4))
  expect_identical(as.array(as_torch(x, dtype = "float64")), x)
  expect_equal(as.array(as_torch(x)), x, tolerance = 1e-6)
  expect_identical(dim(as_torch(x)), c(2L, 3L, 4L))
  whole <- array(1:24, c(2, 3, 4))
  expect_identical(as.array(as_torch(whole, dtype = "int32")), whole)
  expect_identical(as.array(as_torch(whole, dtype = "int64")), whole * 1)
  truth <- array(c(TRUE, FALSE), c(2, 2))
  expect_identical(as.array(as_torch(truth, dtype = "bool")), truth)
  z <- matrix(complex(real = 1:4, imaginary = 4:1), 2)
  expect_identical(as.array(as_torch(z, dtype = "complex128")), z)
})

test_that("element [i, j, k] is the same element in Python", {
  skip_if_no_python()
  x <- array(as.numeric(1:24), c(2, 3, 4))
  tensor <- as_torch(x, dtype = "float64")
  at <- tensor$reshape(-1L)$tolist()
  # Python's last index runs fastest: this is element [0, 1, 2] of it.
  expect_equal(at[[0 * 12 + 1 * 4 + 2 + 1]], x[1, 2, 3])
  expect_true(tensor$is_contiguous())
})

test_that("vectors, numbers and empty arrays cross", {
  skip_if_no_python()
  expect_identical(as.array(as_torch(c(1, 2, 3), dtype = "float64")), c(1, 2, 3))
  expect_identical(as.array(as_torch(5, dtype = "float64")), 5)
  expect_identical(as.array(as_torch(array(0, c(0, 3)), dtype = "float64")), array(0, c(0, 3)))
  expect_identical(as.array(as_torch(as.raw(c(1, 255)), dtype = "uint8")), c(1L, 255L))
})

test_that("nothing is shared", {
  skip_if_no_python()
  x <- matrix(as.numeric(1:4), 2)
  copy <- x + 0
  tensor <- as_torch(x, dtype = "float64")
  tensor$add_(100)
  expect_identical(x, copy)
  back <- as.array(tensor)
  tensor$zero_()
  expect_identical(back, copy + 100)
})

test_that("half precision, gradients and turned tensors come out", {
  skip_if_no_python()
  x <- matrix(c(1, 2, 3, 4), 2)
  expect_identical(as.array(as_torch(x, dtype = "bfloat16")), x)
  tensor <- as_torch(x)
  tensor$requires_grad_(TRUE)
  expect_identical(as.array(tensor), x)
  expect_identical(as.array(as_torch(x)$t()), t(x))
})

test_that("arrays above the limit of one crossing go in pieces", {
  skip_if_no_python()
  withr::local_options(intertwine.chunk_bytes = 40)
  x <- array(rnorm(105), c(3, 5, 7))
  expect_identical(as.array(as_torch(x, dtype = "float64")), x)
  expect_equal(as.array(as_torch(x)), x, tolerance = 1e-6)
  expect_identical(as.array(as_torch(array(1:105, c(3, 5, 7)), dtype = "int32")), array(1:105, c(3, 5, 7)))
  type <- field_type(gspace_rot2d(4), trivial = 1)
  image <- array(rnorm(49), c(1, 1, 7, 7))
  expect_equal(as.array(geometric_tensor(image, type)), image, tolerance = 1e-6)
})

test_that("NaN passes where a type has it", {
  skip_if_no_python()
  expect_identical(is.nan(as.array(as_torch(c(NaN, Inf, 1)))), c(TRUE, FALSE, FALSE))
})

test_that("what a tensor cannot hold is refused", {
  expect_snapshot({
    show_error(as_torch(c(1, NA)))
    show_error(as_torch(c(1L, NA, NA)))
    show_error(as_torch(c(TRUE, NA)))
    show_error(as_torch(list(1, 2)))
    show_error(as_torch("a"))
    show_error(as_torch(data.frame(a = 1)))
    show_error(as_torch(factor("a")))
    show_error(as_torch(1.5, dtype = "int64"))
    show_error(as_torch(1i))
  })
})

test_that("a dtype that does not exist is refused", {
  skip_if_no_python()
  expect_error(as_torch(1, dtype = "float31"), class = "intertwine_error_argument")
})
