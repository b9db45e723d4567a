test_that("orbits of images and of features are drawn", {
  skip_if_no_python()
  withr::local_pdf(NULL)
  one <- images(array(stats::runif(81), c(1, 9, 9)))
  expect_invisible(plot_orbit(one, gspace_rot2d(N = 4)))
  expect_silent(plot_orbit(one, gspace_flip_rot2d(N = 4)))
  conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 2), kernel_size = 3)
  expect_silent(plot_orbit(conv, one, field = 2))
  expect_silent(plot_orbit(conv, matrix(stats::runif(81), 9), title = "features"))
  expect_error(plot_orbit(conv, one, field = 3), class = "intertwine_error_position")
  expect_error(plot_orbit("x"), class = "intertwine_error_argument_type")
  expect_error(plot_orbit(one, "C4"), class = "intertwine_error_argument_type")
})

test_that("moves are named by their angle", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  expect_identical(move_labels(gs, group_elements(gs)), paste0(c(0, 90, 180, 270), "\u00b0"))
  gs <- gspace_flip2d(axis = pi / 2)
  expect_identical(move_labels(gs, group_elements(gs)), c("0\u00b0", "mirror 90\u00b0"))
})

test_that("frames of one colour hold the same map, moved", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  conv <- field_type(gs, trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3)
  x <- images(array(stats::runif(49), c(1, 7, 7)))
  elements <- group_elements(gs)
  colours <- feature_colours(field_channels(conv$out_type, 1), elements)
  still <- conv(as.array(x))
  turned <- conv(as.array(transform(x, elements[[2]])))
  for (channel in 1:4) {
    source <- match(colours[[2]][channel], colours[[1]])
    expected <- transform(images(still[1, source, , ], "hw"), elements[[2]])[[1]]
    expect_equal(turned[1, channel, , ], expected, tolerance = 1e-5)
  }
})
