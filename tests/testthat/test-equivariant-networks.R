few_digits <- function() {
  digits <- digits_data()
  list(x = digits$x[1:30], y = digits$y[1:30])
}

test_that("a residual network does not see quarter turns", {
  skip_if_no_python()
  d <- few_digits()
  fitted <- equivariant_resnet(d$x, d$y, gspace_rot2d(N = 4), depths = c(1, 2), widths = c(2, 4), epochs = 1)
  expect_equal(predict(fitted, transform(d$x, degrees = 90)), predict(fitted, d$x), tolerance = 1e-4)
  narrow <- equivariant_resnet(
    d$x, d$y, gspace_rot2d(N = 4),
    depths = c(1, 1), widths = c(4, 8), bottleneck = TRUE, norm = "layer", train = FALSE
  )
  expect_equivariant(narrow, size = 8)
})

test_that("an answer for each pixel moves with the image", {
  skip_if_no_python()
  d <- few_digits()
  pixels <- as.array(d$x)[, 1, , ]
  ink <- factor(ifelse(pixels > 0.5, "ink", "paper"))
  dim(ink) <- dim(pixels)
  fitted <- equivariant_unet(d$x, ink, gspace_rot2d(N = 4), widths = c(2, 4), epochs = 1)
  expect_equal(dim(predict(fitted, d$x[1:3], type = "class")), c(3, 8, 8))
  net <- equivariant_unet(d$x, ink, gspace_rot2d(N = 4), widths = c(2, 4), norm = "instance", train = FALSE)
  expect_equivariant(net, size = 8)
  directions <- array(stats::rnorm(2 * length(pixels)), c(30, 2, dim(pixels)[2:3]))
  net <- equivariant_unet(d$x, directions, gspace_rot2d(N = 4), widths = c(2, 4), out = c(vector = 1), train = FALSE)
  expect_equivariant(net, size = 8)
  expect_equal(dim(net(d$x[1:2])), c(2, 2, 8, 8))
})

test_that("volumes, signals, measurements and restriction", {
  skip_if_no_python()
  volumes <- array(stats::rnorm(4 * 6^3), c(4, 1, 6, 6, 6))
  net <- equivariant_cnn(volumes, factor(c(1, 2, 1, 2)), widths = c(1, 1), kernel_size = 3, train = FALSE)
  expect_equivariant(net, size = 6)
  expect_equal(ncol(net(volumes)), 2)
  d <- few_digits()
  fitted <- equivariant_cnn(d$x, stats::rnorm(30), gspace_rot2d(N = 4), widths = c(2, 2), kernel_size = 3, epochs = 1)
  expect_length(predict(fitted, d$x), 30)
  space <- gspace_flip_rot2d(N = 4)
  net <- equivariant_cnn(d$x, d$y, space, widths = c(2, 2), restrict = list("2" = gspace_flip2d()), train = FALSE)
  expect_equal(group_order(net$symmetry), 2)
  expect_snapshot({
    show_error(equivariant_cnn(d$x, d$y, space, restrict = list("7" = gspace_flip2d())))
    show_error(equivariant_cnn(d$x, d$y, space, restrict = gspace_flip2d()))
    show_error(equivariant_cnn(d$x, d$y, gspace_rot2d(N = 4), restrict = list("2" = gspace_flip2d())))
    show_error(equivariant_unet(d$x, d$y, gspace_octa()))
    show_error(equivariant_unet(d$x[1:2], 1:2, widths = c(1, 1, 1, 1, 1)))
    show_error(equivariant_resnet(d$x, d$y, norm = "group"))
    show_error(equivariant_resnet(d$x, d$y, depths = 1))
  })
})
