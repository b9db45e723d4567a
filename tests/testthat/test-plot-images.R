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
