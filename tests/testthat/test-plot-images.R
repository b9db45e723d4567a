test_that("images are drawn, whatever they are", {
  withr::local_pdf(NULL)
  x <- images(array(stats::runif(5 * 16), c(5, 4, 4)))
  expect_invisible(plot(x))
  expect_silent(plot(x, labels = letters[1:5], title = "five", ncol = 2))
  expect_silent(plot(x, max = 3))
  expect_silent(plot(x * 0))
  expect_silent(plot(images(array(stats::runif(2 * 16 * 3), c(2, 4, 4, 3)), "nhwc")))
  expect_silent(plot(images(array(stats::runif(2 * 16 * 2), c(2, 4, 4, 2)), "nhwc"), labels = c("a", "b")))
  expect_silent(plot(images(array(stats::runif(2 * 27), c(2, 3, 3, 3)), "ndhw")))
  expect_error(plot(x, labels = "a"), class = "intertwine_error_argument")
  expect_error(plot(x[integer()]), class = "intertwine_error_argument")
})

test_that("row one is drawn at the top", {
  raster <- value_raster(matrix(c(0, 1, 0, 0), 2), c(0, 1), c("#000000", "#FFFFFF"))
  expect_identical(as.vector(as.matrix(raster)[2, ]), c("#FFFFFF", "#000000"))
})

test_that("colours are kept", {
  red <- array(c(1, 0, 0), c(1, 1, 1, 3))
  tile <- picture_tiles(images(red, "nhwc")[[1]], 3, c(0, 1), "#000000")[[1]]
  expect_identical(as.vector(as.matrix(tile)), "#FF0000")
})

test_that("volumes are drawn as slices, signals as curves", {
  withr::local_pdf(NULL)
  volume <- images(array(stats::runif(2 * 4 * 5 * 6), c(2, 4, 5, 6)), "ndhw")
  expect_invisible(plot(volume))
  expect_silent(plot(volume[1], slices = c(1, 4), axis = "x"))
  expect_silent(plot(volume, slices = 1, axis = "y", labels = c("a", "b")))
  expect_silent(plot(images(array(stats::runif(4 * 5 * 6 * 3), c(4, 5, 6, 3)), "dhwc"), slices = 3))
  expect_silent(plot(images(array(stats::runif(4 * 5 * 6 * 2), c(4, 5, 6, 2)), "dhwc")))
  expect_error(plot(volume, slices = c(1, 5)), class = "intertwine_error_position")
  expect_silent(plot(images(matrix(stats::rnorm(40), 4), "nw"), title = "four"))
})

test_that("slices are cut with up being up", {
  # Values name the place: x + 10 y + 100 z, from 1 on, in an array with indices along x, y, z.
  a <- outer(outer(1:3, 10 * (1:4), "+"), 100 * (1:5), "+")
  volume <- as.array(images(a, "whd", origin = "bottom"))
  # From above: x to the right, y upwards.
  expect_equal(cut_volume(volume, "z", 2)[1, , ], t(a[, 4:1, 2]))
  # From the front: x to the right, z upwards.
  expect_equal(cut_volume(volume, "y", 3)[1, , ], t(a[, 3, 5:1]))
  # From the side: y to the right, z upwards.
  expect_equal(cut_volume(volume, "x", 1)[1, , ], t(a[1, , 5:1]))
  expect_equal(choose_slices(NULL, 25, 6, NULL), c(3, 7, 11, 15, 19, 23))
  expect_equal(choose_slices(1, 25, 6, NULL), 13)
})
