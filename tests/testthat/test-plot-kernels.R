test_that("bases and filters of all kinds of fields are drawn", {
  skip_if_no_python()
  withr::local_pdf(NULL)
  set.seed(1)
  gs <- gspace_rot2d(N = 4)
  conv <- field_type(gs, trivial = 1, irrep_1 = 1) |> r2_conv(out = c(regular = 2, irrep_1 = 1), kernel_size = 5)
  expect_invisible(plot(conv))
  expect_silent(plot(conv, in_field = 2, out_field = 3))
  expect_silent(plot(conv, what = "filter"))
  expect_silent(plot(conv, what = "filter", in_field = 1, out_field = 3, title = "one"))
  expect_silent(plot(conv, max = 3))
  up <- field_type(gs, regular = 1) |> r2_conv_transposed(out = c(trivial = 1), kernel_size = 3)
  expect_silent(plot(up))
  expect_silent(plot(up, what = "filter"))
  continuous <- field_type(gspace_flip_rot2d(N = Inf), trivial = 1) |> r2_conv(out = c("irrep_1,1" = 1), kernel_size = 3)
  expect_silent(plot(continuous))
})

test_that("what cannot be drawn is refused", {
  skip_if_no_python()
  withr::local_pdf(NULL)
  conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3)
  expect_error(plot(conv, in_field = 2), class = "intertwine_error_position")
  expect_error(plot(conv, out_field = 0), class = "intertwine_error_position")
  expect_error(plot(conv, what = "colour"), "filter")
  expect_error(plot(conv, max = 0), class = "intertwine_error")
})

test_that("the filter that is drawn is the one that convolves, in the order of Python", {
  skip_if_no_python()
  set.seed(2)
  conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3, bias = FALSE)
  drawn <- py_call_checked("_r.kernels.expanded", list(conv))$kernels
  # An impulse in the middle gives back the filter, turned by half a turn as correlations do.
  impulse <- array(0, c(1, 1, 5, 5))
  impulse[1, 1, 3, 3] <- 1
  answer <- conv(impulse)
  expect_equal(drawn[, 1, , ], answer[1, , 3:1, 3:1], tolerance = 1e-6)
})

test_that("kernels of a basis come ring by ring, and each ring and frequency before a second one", {
  skip_if_no_python()
  conv <- field_type(gspace_rot2d(N = 4), regular = 1) |> r2_conv(out = c(regular = 1), kernel_size = 5)
  all <- py_call_checked("_r.kernels.basis", list(conv, 0L, 0L, 1000L))
  expect_identical(dim(all$kernels)[1], as.integer(all$total))
  radius <- as.numeric(unlist(all$radius))
  expect_false(is.unsorted(radius))
  kinds <- nrow(unique(cbind(radius, unlist(all$frequency))))
  few <- py_call_checked("_r.kernels.basis", list(conv, 0L, 0L, kinds))
  expect_identical(anyDuplicated(cbind(unlist(few$radius), unlist(few$frequency))), 0L)
})

test_that("a block of kernels keeps its places, and zero is white", {
  block <- array(0, c(2, 3, 2, 2))
  block[2, 3, 1, 2] <- 1
  block[1, 2, 2, 1] <- -1
  raster <- as.matrix(mosaic_raster(block, 1))
  expect_identical(dim(raster), c(4L, 6L))
  expect_identical(which(raster == raster[3, 6]), which(row(raster) == 3 & col(raster) == 6))
  expect_identical(which(raster == raster[2, 3]), which(row(raster) == 2 & col(raster) == 3))
  expect_identical(raster[1, 1], "#FFFFFF")
})

test_that("kernels in space, on the line and on points are drawn", {
  skip_if_no_python()
  withr::local_pdf(NULL)
  gs <- gspace_rot3d()
  conv <- field_type(gs, trivial = 2) |> r3_conv(out = list(trivial = 1, irrep(gs, frequency = 1)), kernel_size = 5)
  expect_invisible(plot(conv))
  expect_silent(plot(conv, out_field = 2, slices = c(2, 3)))
  expect_silent(plot(conv, what = "filter"))
  expect_silent(plot(conv, what = "filter", slices = 3))
  expect_error(plot(conv, slices = 6), class = "intertwine_error_position")
  line <- field_type(gspace_flip1d(), trivial = 1) |> r1_conv(out = c(regular = 1), kernel_size = 5)
  expect_silent(plot(line))
  expect_silent(plot(line, what = "filter"))
  ico <- field_type(gspace_ico(), trivial = 1) |> r3_ico_conv(out = c(trivial = 1), kernel_size = 3)
  expect_silent(plot(ico))
  for (make in list(
    function() field_type(gs, trivial = 1) |> r3_point_conv(out = c(trivial = 2), width = 2, n_rings = 3),
    function() field_type(gspace_rot2d(4), trivial = 1) |> r2_point_conv(out = c(regular = 1), width = 2, n_rings = 3)
  )) {
    expect_silent(plot(make()))
    expect_silent(plot(make(), what = "filter"))
  }
})

test_that("slices stand side by side from the bottom to the top", {
  # [elements, out, in, depth, height, width], the first slice in memory at the top
  kernels <- array(seq_len(2 * 3 * 2 * 3 * 2 * 2), c(2, 3, 2, 3, 2, 2))
  shown <- as_pictures(kernels, list(levels = list(1, 0, -1), radius = list(1)), NULL, NULL)
  expect_equal(dim(shown$kernels), c(2, 3, 6, 2, 2))
  expect_equal(shown$levels, c(-1, 0, 1))
  expect_equal(shown$kernels[1, 2, 1, , ], kernels[1, 2, 1, 3, , ])
  expect_equal(shown$kernels[1, 2, 3, , ], kernels[1, 2, 1, 1, , ])
  expect_equal(shown$kernels[2, 1, 4, , ], kernels[2, 1, 2, 3, , ])
})
