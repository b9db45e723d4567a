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

# Bars that stand and bars that lie, at several places.
bar_folder <- function(n = 8, env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  for (class in c("beam", "bar")) {
    dir.create(file.path(folder, class))
    for (i in seq_len(n)) {
      picture <- matrix(0, 11, 11)
      at <- (i %% 8) + 1:3
      if (class == "bar") picture[, at] <- 1 else picture[at, ] <- 1
      png::writePNG(picture, file.path(folder, class, paste0(i, ".png")))
    }
  }
  folder
}

bar_model <- function(n = NULL) {
  set.seed(3)
  field_type(gspace_flip2d(), trivial = 1) |>
    r2_conv(out = c(regular = 4), kernel_size = 5) |>
    nonlin_relu() |>
    head_classes(n = n)
}

test_that("an image folder says what it holds and reads nothing", {
  skip_if_not_installed("png")
  # with a size, Python is not even looked for
  local_no_bridge()
  folder <- bar_folder(2)
  x <- image_folder(folder, size = 11)
  expect_null(the$bridge)
  expect_s3_class(x, "image_folder")
  expect_identical(x$files, c("bar/1.png", "bar/2.png", "beam/1.png", "beam/2.png"))
  expect_identical(x$y, factor(rep(c("bar", "beam"), each = 2)))
  expect_length(x, 4)
  expect_equal(dim(x), c(4, 1, 11, 11))
  expect_identical(dim(image_folder(folder, size = c(4, 6), channels = "rgb")), c(4L, 3L, 4L, 6L))
  text <- format(x)
  expect_identical(text[1:2], c("<image_folder> 4 images of 11 x 11 pixels, 1 channel", "2 classes: bar (2), beam (2)"))
  expect_match(text[3], basename(folder), fixed = TRUE)
  expect_output(print(x), "4 images")
  expect_output(str(x), "4 images")
  expect_identical(x[c(4, 1)]$files, c("beam/2.png", "bar/1.png"))
  expect_identical(x[-1]$y, x$y[-1])
  expect_identical(x[x$y == "beam"]$files, c("beam/1.png", "beam/2.png"))
  expect_error(x[5], class = "intertwine_error_position")
  flat <- image_folder(file.path(folder, "bar"), size = 11)
  expect_null(flat$y)
  expect_identical(format(flat)[2], "no classes")
})

test_that("an image folder that is none, or empty, is refused", {
  expect_error(image_folder(tempfile()), class = "intertwine_error_file")
  expect_error(image_folder(withr::local_tempdir()), class = "intertwine_error_file")
  expect_error(image_folder(NULL), class = "intertwine_error_file")
  skip_if_not_installed("png")
  folder <- bar_folder(1)
  expect_error(image_folder(folder, size = 0), class = "intertwine_error_argument")
  expect_error(image_folder(folder, size = 1:3), class = "intertwine_error_argument")
  expect_error(image_folder(folder, channels = "rgba"), "channels")
})

test_that("networks take an image folder as they take its images in memory", {
  skip_if_no_python()
  skip_if_not_installed("png")
  folder <- bar_folder()
  lazy <- image_folder(folder)
  eager <- read_image_folder(folder)
  expect_identical(lazy$y, eager$y)
  expect_identical(lazy$files, names(eager$x))
  fitted <- fit(bar_model(), lazy, epochs = 8, learn_rate = 0.05, seed = 1, validation = 0.25)
  expect_identical(fitted$levels, c("bar", "beam"))
  expect_identical(fitted$input_size, c(1L, 11L, 11L))
  expect_identical(unique(fitted$history$split), c("train", "validation"))
  expect_identical(predict(fitted, lazy), predict(fitted, eager$x))
  expect_identical(predict(fitted, lazy[3]), predict(fitted, eager$x[3]))
  prob <- predict(fitted, lazy, type = "prob", batch_size = 3)
  expect_equal(prob, predict(fitted, eager$x, type = "prob"), tolerance = 1e-6)
  scores <- evaluate(fitted, lazy)
  expect_equal(scores, evaluate(fitted, eager$x, eager$y), tolerance = 1e-6)
  expect_gt(scores[["accuracy"]], 0.9)
  expect_equal(evaluate(fitted$module, lazy), scores)
  expect_identical(confusion_table(fitted, lazy), confusion_table(fitted, eager$x, eager$y))
  expect_identical(augment(fitted, lazy)$.truth, lazy$y)
  # without classes there are predictions, too
  flat <- image_folder(file.path(folder, "bar"))
  expect_identical(as.vector(predict(fitted, flat)), as.vector(predict(fitted, lazy[1:8])))
  # kept on disk as any R object
  path <- withr::local_tempfile()
  saveRDS(lazy, path)
  expect_identical(predict(fitted, readRDS(path)), predict(fitted, lazy))
})

test_that("classes of folders keep the numbers of the network", {
  skip_if_no_python()
  skip_if_not_installed("png")
  folder <- bar_folder()
  lazy <- image_folder(folder)
  fitted <- fit(
    bar_model(), lazy,
    epochs = 8, learn_rate = 0.05, seed = 1, class_weights = "balanced", validation = lazy[9:16]
  )
  # a folder of one class alone, whose number in the network is the second one
  unlink(file.path(folder, "bar"), recursive = TRUE)
  beams <- image_folder(folder)
  expect_identical(nlevels(beams$y), 1L)
  expect_identical(as.vector(predict(fitted, beams)), as.vector(predict(fitted, lazy[9:16])))
  expect_equal(evaluate(fitted, beams), evaluate(fitted, lazy[9:16]))
  expect_identical(dim(confusion_table(fitted, beams)), c(2L, 2L))
  again <- fit(fitted, beams, epochs = 1)
  expect_identical(again$levels, c("bar", "beam"))
  # the others are gone by now
  expect_error(predict(fitted, lazy), class = "intertwine_error_argument")

  file.rename(file.path(folder, "beam"), file.path(folder, "girder"))
  girders <- image_folder(folder)
  for (use in list(predict, evaluate, confusion_table, fit)) {
    expect_error(use(fitted, girders), "girder", class = "intertwine_error_argument")
  }
})

test_that("what a folder has not, or has twice, is refused", {
  skip_if_no_python()
  skip_if_not_installed("png")
  folder <- bar_folder(2)
  lazy <- image_folder(folder)
  flat <- image_folder(file.path(folder, "bar"))
  expect_error(fit(bar_model(), lazy, lazy$y), class = "intertwine_error_argument")
  expect_error(fit(bar_model(), flat), "no classes", class = "intertwine_error_argument")
  expect_error(fit(bar_model(), lazy, validation = flat), "no classes", class = "intertwine_error_argument")
  expect_error(fit(bar_model(), lazy[integer()]), class = "intertwine_error")
  expect_error(fit(bar_model(1), lazy), class = "intertwine_error_shape")
  fitted <- fit(bar_model(), lazy, epochs = 1)
  expect_error(evaluate(fitted, flat), "no classes", class = "intertwine_error_argument")
  expect_error(predict(fitted, image_folder(folder, channels = "rgb")), class = "intertwine_error_shape")
  expect_error(predict(fitted, lazy, tile = 8), "in memory", class = "intertwine_error_argument_type")
  unlink(folder, recursive = TRUE)
  expect_error(predict(fitted, lazy), class = "intertwine_error_file")
})

# Folders as they are found on disks: the same list that the tests in Python run over.
hostile_folder <- function(name, env = parent.frame()) {
  skip_if(!file.exists(test_path("../python/contracts/hostile_folders.py")))
  folder <- withr::local_tempdir(.local_envir = env)
  maker <- reticulate::import_from_path("hostile_folders", test_path("../python/contracts"))
  maker$make(name, folder)
  folder
}

test_that("folders as they are found on disks are read, with a word on what is left out", {
  skip_if_no_python()
  says <- list(
    "nothing wrong" = NULL, "notebook checkpoints" = "2 hidden", "a repository" = NULL, "system files" = NULL,
    "resource forks" = "1 hidden", "archive of a Mac" = "1 hidden",
    "a link to the folder itself" = "link to a folder that holds it",
    "a link to the parent" = "link to a folder that holds it", "a link far above" = "link to a folder that holds it",
    "a link to nothing" = "link to nothing", "an empty file" = "1 empty",
    "a class without images" = "class without pictures", "images beside the classes" = "beside",
    "a pipe" = "1 ", "a name that is no UTF-8" = "no UTF-8", "links in a ring" = "2 a link to a folder that holds it",
    "classes that differ in case" = "differ in case", "nested folders" = NULL, "a folder called an image" = NULL
  )
  counts <- c("links in a ring" = 8, "classes that differ in case" = 5, "nested folders" = 5, "a folder called an image" = 5)
  for (name in names(says)) {
    folder <- hostile_folder(name)
    if (is.null(says[[name]])) {
      x <- expect_silent(image_folder(folder))
    } else {
      expect_warning(x <- image_folder(folder), says[[name]], class = "intertwine_warning_data_warning")
    }
    expect_length(x, if (name %in% names(counts)) counts[[name]] else 4)
    expect_identical(levels(x$y), if (grepl("case", name)) c("Cat", "cat", "dog") else c("cat", "dog"))
  }
})

test_that("folders and pictures that cannot be read are refused", {
  skip_if_no_python()
  refused <- c(
    "two classes that are one folder" = "are the same folder", "no folder of a class" = "no picture",
    "a file that is no image" = "2.png", "an image cut off" = "2.png", "an image bomb" = "max_pixels",
    "a larger bomb" = "max_pixels"
  )
  for (name in names(refused)) {
    folder <- hostile_folder(name)
    expect_error(suppressWarnings(read_image_folder(folder, size = 5)), refused[[name]], class = "intertwine_error_file")
  }
  folder <- hostile_folder("nothing wrong")
  expect_error(read_image_folder(folder, max_pixels = 24), "5 x 5 pixels", class = "intertwine_error_file")
  expect_error(image_folder(folder, max_pixels = 24), "max_pixels", class = "intertwine_error_file")
  expect_error(image_folder(folder, max_pixels = "many"), "max_pixels", class = "intertwine_error_argument")
})

test_that("pictures of every kind are read", {
  skip_if_no_python()
  for (name in c("a palette with opacity", "four colours for print", "colour and opacity")) {
    expect_silent(x <- read_image_folder(hostile_folder(name), channels = "rgb")$x)
    expect_equal(dim(x), c(5, 3, 5, 5))
  }
  for (name in c("an animation", "pages")) {
    folder <- hostile_folder(name)
    expect_warning(x <- read_image_folder(folder)$x, "first picture", class = "intertwine_warning_data_warning")
    expect_equal(dim(x), c(5, 1, 5, 5))
  }
  expect_error(read_image_folder(hostile_folder("an image of another size")), "size", class = "intertwine_error_argument")
  folder <- hostile_folder("an image of another size")
  model <- fit(bar_model(), image_folder(folder, size = 11), epochs = 1, verbose = FALSE)
  expect_warning(predict(model, image_folder(folder)), "another size|size of the first", class = "intertwine_warning")
})
