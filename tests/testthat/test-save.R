any_model <- function() {
  field_type(gspace_flip_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 3) |>
    batchnorm_inner() |>
    nonlin_relu() |>
    head_classes(n = 2)
}

test_that("modules are saved and loaded", {
  skip_if_no_python()
  module <- any_model()
  path <- withr::local_tempfile(fileext = ".safetensors")
  expect_identical(intertwine_save(module, path), path)
  again <- intertwine_load(path)
  x <- images(array(stats::runif(3 * 49), c(3, 7, 7)))
  expect_identical(predict(again, x), predict(module, x))
})

test_that("fits are saved and loaded with what belongs to them", {
  skip_if_no_python()
  x <- images(array(stats::runif(20 * 49), c(20, 7, 7)))
  fitted <- fit(any_model(), x, factor(rep(c("left", "right"), 10)), epochs = 2, validation = 0.2)
  path <- withr::local_tempfile(fileext = ".safetensors")
  intertwine_save(fitted, path)
  again <- intertwine_load(path)
  expect_s3_class(again, "intertwine_fit")
  expect_identical(predict(again, x), predict(fitted, x))
  expect_equal(again$history, fitted$history)
  expect_identical(again$levels, fitted$levels)
  expect_identical(again$input_size, fitted$input_size)
  expect_identical(format(again), format(fitted))
  # and on, as with saveRDS()
  rds <- withr::local_tempfile()
  saveRDS(again, rds)
  expect_identical(predict(readRDS(rds), x), predict(fitted, x))
})

test_that("one class, one epoch and no levels survive, too", {
  skip_if_no_python()
  x <- images(array(stats::runif(4 * 49), c(4, 7, 7)))
  fitted <- fit(any_model(), x, matrix(stats::runif(8), 4), epochs = 1)
  path <- withr::local_tempfile(fileext = ".safetensors")
  intertwine_save(fitted, path)
  again <- intertwine_load(path)
  expect_null(again$levels)
  expect_equal(again$history, fitted$history)
})

test_that("files that are none are refused, and nothing is half-written", {
  skip_if_no_python()
  path <- withr::local_tempfile(fileext = ".safetensors")
  intertwine_save(any_model(), path)
  whole <- readBin(path, "raw", file.size(path))
  for (kept in c(0, 5, 100, length(whole) - 10)) {
    writeBin(utils::head(whole, kept), path)
    expect_error(intertwine_load(path), class = "intertwine_error_model_file")
  }
  writeLines("no such thing", path)
  expect_error(intertwine_load(path), class = "intertwine_error_model_file")
  expect_error(intertwine_load(tempfile()), class = "intertwine_error_file")
  expect_error(intertwine_load(3), class = "intertwine_error_argument")

  # a pickle in its place is not opened
  evil <- withr::local_tempfile()
  marker <- withr::local_tempfile()
  writeBin(charToRaw(paste0("cos\nsystem\n(S'touch ", marker, "'\ntR.")), evil)
  expect_error(intertwine_load(evil), class = "intertwine_error_model_file")
  expect_false(file.exists(marker))

  expect_error(intertwine_save(any_model(), path, overwrite = FALSE), class = "intertwine_error_file")
  expect_error(intertwine_save(any_model(), file.path(tempfile(), "x")), class = "intertwine_error_file")
  expect_error(intertwine_save(iris, path), class = "intertwine_error_argument_type")
})

test_that("what is loaded is a function of arrays", {
  skip_if_no_python()
  module <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3)
  path <- withr::local_tempfile(fileext = ".safetensors")
  intertwine_save(module, path)
  x <- array(stats::rnorm(25), c(1, 1, 5, 5))
  expect_equal(intertwine_load(path)(x), module(x))
})
