numbered <- function(...) array(seq_len(prod(...)), dim = c(...))

test_that("every layout gives the same images", {
  stored <- numbered(2, 3, 4, 5) # n, c, h, w
  reference <- images(stored, "nchw")
  expect_equal(dim(reference), c(2, 3, 4, 5))
  axes <- c("n", "c", "h", "w")
  for (order in list(1:4, c(1, 3, 4, 2), c(4, 3, 2, 1), c(4, 3, 1, 2), c(3, 4, 2, 1))) {
    layout <- paste(axes[order], collapse = "")
    x <- images(aperm(stored, order), layout)
    expect_identical(x, reference)
    expect_identical(as.array(x, layout), aperm(stored, order))
  }
})

test_that("axes that are not named have size one", {
  grey <- numbered(3, 4, 5)
  x <- images(grey)
  expect_equal(dim(x), c(3, 1, 4, 5))
  expect_identical(as.array(x, "nhw"), grey)
  expect_equal(dim(images(grey[1, , ], "hw")), c(1, 1, 4, 5))
  expect_equal(dim(images(grey, "hwc")), c(1, 5, 3, 4))
  expect_equal(dim(images(grey, "dhw")), c(1, 1, 3, 4, 5))
  expect_equal(dim(as.array(x, "ndhw")), c(3, 1, 4, 5))
  expect_equal(dim(images(numbered(2, 3, 4, 5, 1), "ndhwc")), c(2, 1, 3, 4, 5))
})

test_that("the origin may be at the bottom", {
  m <- matrix(1:6, 2)
  expect_identical(images(m, "hw", origin = "bottom")[[1]], m[2:1, ])
  # graphics::image() draws m[x, y] with y going up
  expect_identical(images(m, "wh", origin = "bottom")[[1]], t(m)[3:1, ])
})

test_that("values may be scaled from their range", {
  x <- images(matrix(c(0, 255, 51, 102), 2), "hw", range = c(0, 255))
  expect_equal(as.vector(x), c(0, 1, 0.2, 0.4))
  deep <- images(matrix(c(0, 65535), 1), "hw", range = c(0, 65535))
  expect_equal(as.vector(deep), c(0, 1))
  expect_error(images(matrix(1, 2, 2), "hw", range = 1), class = "intertwine_error_argument")
})

test_that("lists of pictures are stacked", {
  x <- images(list(a = matrix(1:6, 2), b = matrix(7:12, 2)))
  expect_equal(dim(x), c(2, 1, 2, 3))
  expect_equal(names(x), c("a", "b"))
  expect_identical(x[["b"]], matrix(7:12, 2))
  rgb <- images(list(numbered(2, 3, 3), numbered(2, 3, 3)), "hwc")
  expect_equal(dim(rgb), c(2, 3, 2, 3))
  expect_error(images(list(matrix(1, 2, 2), matrix(1, 3, 3))), class = "intertwine_error_argument")
  expect_error(images(list()), class = "intertwine_error_argument")
})

test_that("images are indexed by image", {
  stored <- numbered(3, 2, 2)
  x <- images(stored)
  expect_length(x, 3)
  expect_identical(x[2:3], images(stored[2:3, , ]))
  expect_identical(x[-1], x[2:3])
  expect_identical(x[c(TRUE, FALSE, TRUE)], x[c(1, 3)])
  expect_identical(x[[2]], stored[2, , ])
  expect_identical(x[1, 1, , ], stored[1, , ])
  expect_identical(rev(x), x[3:1])
  expect_identical(head(x, 2), x[1:2])
  expect_identical(tail(x, 1), x[3])
  expect_identical(c(x[1], x[2:3]), x)
  expect_length(unique(c(x, x)), 3)
  expect_length(lapply(x, dim), 3)
  expect_equal(dim(as.matrix(x)), c(3, 4))
  expect_length(x[integer(0)], 0)
})

test_that("parts are replaced", {
  x <- images(numbered(3, 2, 2))
  x[2] <- 0
  expect_equal(x[[2]], matrix(0, 2, 2))
  x[x > 5] <- 5
  expect_equal(max(x), 5)
  expect_error(x[1] <- NA, class = "intertwine_error_missing_values")
})

test_that("arithmetic keeps images, comparison does not", {
  x <- images(numbered(2, 2, 2))
  expect_s3_class(x / 8, "images")
  expect_s3_class(-x, "images")
  expect_identical(x + x, 2L * x)
  expect_false(is_images(x > 2))
  expect_equal(range(x), c(1, 8))
  expect_equal(mean(x), 4.5)
})

test_that("what is no batch of images is refused", {
  a <- numbered(3, 4, 5)
  refused <- function(code) expect_error(code, class = "intertwine_error_argument")
  refused(images(1:3))
  refused(images(a, "nhwc"))
  refused(images(a, "nhz"))
  refused(images(a, "nn"))
  refused(images(a, "nc"))
  refused(images(a, 3))
  refused(images(iris))
  refused(images("file.png"))
  refused(images(NULL))
  refused(as.array(images(numbered(2, 2, 2, 2), "nhwc"), "nhw"))
  refused(c(images(a), images(a[, , -1])))
  expect_error(images(replace(a, 3, NA)), class = "intertwine_error_missing_values")
  expect_error(images(replace(a * 1, 3, Inf)), class = "intertwine_error_missing_values")
  expect_error(images(a)[0], class = "intertwine_error_position")
  expect_error(images(a)[4], class = "intertwine_error_position")
  expect_error(images(a)["x"], class = "intertwine_error_position")
})

test_that("printed forms and messages read well", {
  a <- numbered(3, 4, 5)
  expect_snapshot({
    images(a)
    images(a[1, , , drop = FALSE])
    images(array(0.5, c(2, 3, 3, 3)), "ndhw")
    images(a)[integer(0)]
    summary(images(numbered(2, 2, 2, 3), "nhwc"))
    str(images(a))
  })
  expect_snapshot(error = TRUE, {
    images(a, "nhwc")
  })
  expect_snapshot(error = TRUE, {
    images(a, "nhz")
  })
  expect_snapshot(error = TRUE, {
    images(iris)
  })
  expect_snapshot(error = TRUE, {
    images(a)[9]
  })
  expect_snapshot(error = TRUE, {
    images(list(matrix(1, 2, 2), matrix(1, 3, 3)))
  })
})

test_that("volumes keep their axes apart in every layout", {
  a <- numbered(2, 3, 4, 5)
  x <- images(a, "ndhw")
  expect_equal(dim(x), c(2, 1, 3, 4, 5))
  expect_equal(x[[2]], a[2, , , ])
  expect_equal(as.array(x, "whdn"), aperm(a, c(4, 3, 2, 1)))
  expect_equal(as.array(images(as.array(x, "wndch"), "wndch")), as.array(x))
  # Indices along x, y and z, with the origin at the bottom: depth and height run against z and y.
  up <- images(aperm(a[1, , , ], c(3, 2, 1)), "whd", origin = "bottom")
  expect_equal(up[[1]], a[1, 3:1, 4:1, ])
  expect_equal(images(list(a[1, , , ], a[2, , , ]), "dhw"), x)
  rgb <- images(numbered(2, 3, 4, 5, 3), "ndhwc")
  expect_equal(dim(rgb[[1]]), c(3, 4, 5, 3))
  expect_equal(length(c(x, x[1])), 3)
})

test_that("signals are vectors with channels", {
  a <- numbered(3, 6)
  x <- images(a, "nw")
  expect_equal(dim(x), c(3, 1, 6))
  expect_equal(x[[2]], a[2, ])
  expect_equal(as.array(x, "wn"), t(a))
  expect_equal(dim(as.array(x, "nhw")), c(3, 1, 6))
  expect_equal(images(1:6, "w")[[1]], 1:6)
  expect_equal(images(list(a = 1:3, b = 4:6), "w")["b"][[1]], 4:6)
  expect_equal(dim(images(numbered(2, 6, 3), "nwc")[[1]]), c(6, 3))
  expect_error(images(a, "dw"), class = "intertwine_error_argument")
  expect_snapshot({
    x
    summary(x)
  })
})
