test_that("quarter turns are exact and anticlockwise, in every layout", {
  skip_if_no_python()
  m <- matrix(c(0, 0, 0, 1, 1, 1, 1, 1, 8, 4, 2, 1, 27, 9, 3, 1), 4, byrow = TRUE)
  x <- images(m, "hw")
  once <- transform(x, angle = pi / 2)
  expect_identical(once[[1]], matrix(c(1, 1, 1, 1, 0, 1, 2, 3, 0, 1, 4, 9, 0, 1, 8, 27), 4, byrow = TRUE))
  expect_identical(transform(x, angle = 2 * pi)[[1]], m)
  expect_identical(transform(transform(once, pi / 2), pi)[[1]], m)
  sideways <- images(t(m), "wh")
  expect_identical(transform(sideways, angle = pi / 2), once)
  upside_down <- images(m[4:1, ], "hw", origin = "bottom")
  expect_identical(transform(upside_down, angle = pi / 2), once)
})

test_that("a group element moves images as it moves fields", {
  skip_if_no_python()
  x <- images(array(stats::runif(2 * 3 * 5 * 5), c(2, 3, 5, 5)), "nchw")
  quarter <- group_element(gspace_rot2d(N = 4), rotation = 1)
  expect_identical(transform(x, quarter), transform(x, angle = pi / 2))
  mirror <- group_element(gspace_flip_rot2d(N = 4), flip = 1, rotation = 0)
  expect_identical(transform(transform(x, mirror), mirror), x)
  type <- field_type(gspace_flip_rot2d(N = 4), trivial = 3)
  moved <- transform(geometric_tensor(x, type, dtype = "float64"), mirror)
  expect_equal(as.array(moved), as.array(transform(x, mirror)))
})

test_that("the axis of a reflection is that of the space", {
  skip_if_no_python()
  x <- images(matrix(1:4, 2), "hw")
  for (axis in c(0, pi / 2)) {
    gs <- gspace_flip_rot2d(N = 4, axis = axis)
    flipped <- transform(x, group_element(gs, flip = 1), gs = gs)[[1]]
    expect_equal(flipped, if (axis == 0) matrix(1:4, 2)[2:1, ] else matrix(1:4, 2)[, 2:1])
  }
})

test_that("each image may have its own angle", {
  skip_if_no_python()
  x <- images(array(stats::runif(3 * 7 * 7), c(3, 7, 7)))
  angles <- c(0, pi / 2, 1)
  each <- transform(x, angle = angles)
  for (i in 1:3) {
    expect_equal(each[i], transform(x[i], angle = angles[i]), tolerance = 1e-12)
  }
})

test_that("names stay, and rectangles turn into rectangles", {
  skip_if_no_python()
  x <- images(list(one = matrix(1:6, 2)))
  turned <- transform(x, angle = pi / 2)
  expect_equal(dim(turned), c(1, 1, 3, 2))
  expect_equal(names(turned), "one")
})

test_that("what is no movement is refused", {
  skip_if_no_python()
  x <- images(array(0, c(3, 4, 4)))
  expect_error(transform(x), class = "intertwine_error_argument")
  expect_error(transform(x, angle = NA_real_), class = "intertwine_error_argument")
  expect_error(transform(x, angle = c(1, 2)), class = "intertwine_error_argument")
  expect_error(transform(x, "quarter"), class = "intertwine_error")
})

test_that("padding and resizing commute with quarter turns", {
  skip_if_no_python()
  x <- images(array(stats::runif(2 * 6 * 6), c(2, 6, 6)))
  wider <- pad_images(x, 2, value = 1)
  expect_equal(dim(wider), c(2, 1, 10, 10))
  expect_equal(wider[, , 3:8, 3:8], as.array(x)[, 1, , ])
  expect_equal(wider[[1]][1, 1], 1)
  for (size in c(4, 13)) {
    expect_equal(
      transform(resize_images(x, size), angle = pi / 2),
      resize_images(transform(x, angle = pi / 2), size),
      tolerance = 1e-12
    )
  }
  expect_equal(dim(resize_images(x, c(3, 9))), c(2, 1, 3, 9))
  expect_error(pad_images(matrix(1, 2, 2), 1), class = "intertwine_error_argument_type")
  expect_error(resize_images(x, 0), class = "intertwine_error_argument")
})
