idx_file <- function(bytes, gzip = FALSE) {
  path <- tempfile(fileext = if (gzip) ".gz" else ".idx")
  connection <- if (gzip) gzfile(path, "wb") else file(path, "wb")
  on.exit(close(connection))
  writeBin(bytes, connection)
  path
}

int4 <- function(...) writeBin(as.integer(c(...)), raw(), endian = "big")

test_that("IDX images and labels are read, plain and gzipped", {
  bytes <- c(as.raw(c(0, 0, 8, 3)), int4(2, 2, 3), as.raw(1:12))
  for (gzip in c(FALSE, TRUE)) {
    x <- read_idx(idx_file(bytes, gzip), scale = FALSE)
    expect_equal(dim(x), c(2, 1, 2, 3))
    expect_equal(x[[1]], matrix(1:6, 2, byrow = TRUE))
    expect_equal(x[[2]], matrix(7:12, 2, byrow = TRUE))
  }
  expect_equal(max(read_idx(idx_file(bytes))), 12 / 255)
  labels <- c(as.raw(c(0, 0, 8, 1)), int4(3), as.raw(c(7, 0, 255)))
  expect_identical(read_idx(idx_file(labels)), c(7L, 0L, 255L))
})

test_that("all kinds of numbers are read", {
  path <- idx_file(c(as.raw(c(0, 0, 0x0d, 1)), int4(2), writeBin(c(0.5, -2), raw(), size = 4, endian = "big")))
  expect_equal(read_idx(path), c(0.5, -2))
  path <- idx_file(c(as.raw(c(0, 0, 0x0c, 2)), int4(2, 2), int4(1, 2, 3, -4)))
  expect_equal(read_idx(path), matrix(c(1, 2, 3, -4), 2, byrow = TRUE))
})

test_that("files that are none, or cut short, are refused", {
  whole <- c(as.raw(c(0, 0, 8, 3)), int4(2, 2, 3), as.raw(1:12))
  for (kept in c(0, 3, 6, 16, 27)) {
    expect_error(read_idx(idx_file(whole[seq_len(kept)])), class = "intertwine_error_file")
  }
  expect_error(read_idx(tempfile()), class = "intertwine_error_file")
  expect_error(read_idx(idx_file(charToRaw("no such thing"))), class = "intertwine_error_file")
  expect_error(read_idx(3), class = "intertwine_error_argument")
})

test_that("the digits are real images with their classes", {
  skip_if_no_python()
  digits <- digits_data()
  expect_equal(dim(digits$x), c(1797, 1, 8, 8))
  expect_equal(range(digits$x), c(0, 1))
  expect_identical(levels(digits$y), as.character(0:9))
  expect_equal(as.vector(table(digits$y)), c(178, 182, 177, 183, 181, 182, 181, 179, 174, 180))
  # the first one is a zero: empty in the middle
  expect_identical(as.character(digits$y[1]), "0")
  expect_lt(mean(digits$x[[1]][4:5, 4:5]), 0.2)
})

test_that("a folder of pictures becomes images and classes", {
  skip_if_no_python()
  skip_if_not_installed("png")
  folder <- withr::local_tempdir()
  pixels <- round(matrix(seq(0, 1, length.out = 12), 3) * 255) / 255
  for (class in c("cat", "dog")) {
    dir.create(file.path(folder, class))
    png::writePNG(pixels, file.path(folder, class, "1.png"))
  }
  found <- read_image_folder(folder)
  expect_equal(found$x[[1]], pixels, tolerance = 1e-6)
  expect_identical(found$y, factor(c("cat", "dog")))
  expect_identical(names(found$x), c("cat/1.png", "dog/1.png"))
  expect_equal(dim(read_image_folder(folder, size = 8, channels = "rgb")$x), c(2, 3, 8, 8))
  expect_null(read_image_folder(file.path(folder, "cat"))$y)

  png::writePNG(pixels[-1, ], file.path(folder, "cat", "2.png"))
  expect_error(read_image_folder(folder), class = "intertwine_error_argument")
  expect_equal(dim(read_image_folder(folder, size = c(4, 6))$x), c(3, 1, 4, 6))
  writeLines("no picture", file.path(folder, "cat", "3.png"))
  expect_error(read_image_folder(folder, size = 4), class = "intertwine_error_argument")
})

test_that("pictures of 16 bits keep their precision", {
  skip_if_no_python()
  skip_if_not_installed("png")
  folder <- withr::local_tempdir()
  pil <- reticulate::import("PIL.Image")
  numpy <- reticulate::import("numpy", convert = FALSE)
  deep <- numpy$array(list(list(0L, 257L), list(258L, 65535L)), dtype = "uint16")
  pil$fromarray(deep)$save(file.path(folder, "deep.png"))
  x <- read_image_folder(folder)$x
  expect_equal(x[[1]], matrix(c(0, 258, 257, 65535) / 65535, 2), tolerance = 1e-6)
})

test_that("a folder that is none, or empty, is refused", {
  expect_error(read_image_folder(tempfile()), class = "intertwine_error_file")
  expect_error(read_image_folder(withr::local_tempdir()), class = "intertwine_error_file")
  expect_error(read_image_folder(NULL), class = "intertwine_error_file")
})
