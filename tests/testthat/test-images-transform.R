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

test_that("volumes turn about any axis, exactly by quarter turns", {
  skip_if_no_python()
  set.seed(1)
  a <- array(stats::rnorm(3 * 4 * 5), c(3, 4, 5))
  x <- images(a, "dhw")
  # About z: each slice turns anticlockwise.
  about_z <- transform(x, angle = pi / 2)
  slice <- transform(images(a[2, , ], "hw"), angle = pi / 2)[[1]]
  expect_equal(about_z[[1]][2, , ], slice)
  # About x, from y to z: what is at the top (z) of the volume comes to the front, -y, which is the last row.
  about_x <- transform(x, angle = pi / 2, axis = c(1, 0, 0))[[1]]
  expect_equal(dim(about_x), c(4, 3, 5))
  expect_equal(about_x[1, 3, ], a[1, 1, ])
  expect_equal(about_x[4, 3, ], a[1, 4, ])
  # Four quarter turns are none, and two angles turn two volumes.
  four <- Reduce(function(v, i) transform(v, angle = pi / 2, axis = c(0, 2, 0)), 1:4, x)
  expect_equal(four[[1]], a)
  two <- transform(c(x, x), angle = c(0, pi), axis = c(0, 0, 1))
  expect_equal(two[[1]], a)
  expect_equal(two[[2]], a[, 4:1, 5:1])
  expect_error(transform(x, angle = 1, axis = c(0, 0, 0)), class = "intertwine_error_argument")
})

test_that("elements of groups of space and of the line move volumes and signals as fields do", {
  skip_if_no_python()
  set.seed(2)
  gs <- gspace_octa()
  x <- images(array(stats::rnorm(27), c(3, 3, 3)), "dhw")
  type <- field_type(gs, trivial = 1)
  for (g in group_elements(gs)[c(2, 9, 17)]) {
    moved <- as.array(transform(geometric_tensor(x, type, dtype = "float64"), g))
    expect_equal(as.array(transform(x, g)), moved)
    expect_equal(as.array(transform(x, g, gs = gs)), moved)
  }
  wave <- images(1:6, "w")
  expect_equal(transform(wave, group_element(gspace_flip1d(), flip = 1))[[1]], 6:1)
  expect_error(transform(wave, angle = pi), class = "intertwine_error_argument")
  expect_error(transform(wave, group_elements(gs)[[2]]), class = "intertwine_error_argument")
})

test_that("volumes and signals are padded and resized", {
  skip_if_no_python()
  a <- array(1:60, c(3, 4, 5))
  x <- images(a, "dhw")
  padded <- pad_images(x, c(1, 0, 2), value = -1)
  expect_equal(dim(padded), c(1, 1, 5, 4, 9))
  expect_equal(padded[[1]][2:4, , 3:7], a)
  expect_equal(padded[[1]][1, 1, 1], -1)
  expect_equal(pad_images(images(1:3, "w"), 1)[[1]], c(0, 1, 2, 3, 0))
  expect_error(pad_images(x, c(1, 2)), class = "intertwine_error_argument")
  small <- resize_images(x, c(3, 2, 5))
  expect_equal(dim(small), c(1, 1, 3, 2, 5))
  # Resizing commutes with turns: the axes are treated alike.
  turned <- resize_images(transform(x, angle = pi / 2), c(3, 5, 2))
  expect_equal(as.array(turned), as.array(transform(small, angle = pi / 2)), tolerance = 1e-6)
  # A plane of the volume is resized like a picture.
  picture <- resize_images(images(a[2, , ], "hw"), c(2, 5))
  expect_equal(small[[1]][2, , ], picture[[1]], tolerance = 1e-6)
})
