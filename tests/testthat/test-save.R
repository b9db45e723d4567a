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

test_that("what a module has become since it was built is saved, or the save is refused", {
  skip_if_no_python()
  module <- any_model()
  layers <- intertwine_py()$nn$SequentialModule$`__getitem__`
  batchnorm <- layers(module, 1L)
  batchnorm$eps <- 0.25
  batchnorm$eval()
  path <- withr::local_tempfile(fileext = ".safetensors")
  intertwine_save(module, path)
  again <- layers(intertwine_load(path), 1L)
  expect_identical(again$eps, 0.25)
  expect_false(again$training)

  before <- readBin(path, "raw", file.size(path))
  batchnorm$register_forward_hook(function(...) NULL)
  expect_error(intertwine_save(module, path), "hooks", class = "intertwine_error_argument")
  expect_identical(readBin(path, "raw", file.size(path)), before)
})

own_class <- function() {
  py <- intertwine_py()
  reticulate::PyClass("OwnNet", inherit = py$nn$EquivariantModule, defs = list(
    `__init__` = function(self, in_type, width = 2L) {
      super()$`__init__`()
      self$in_type <- in_type
      self$conv <- py$nn$R2Conv(in_type, py$nn$field_type(in_type$gspace, regular = width), 3L)
      self$head <- py$nn$HeadClasses(self$conv$out_type, 2L)
      self$out_type <- NULL
      NULL
    },
    forward = function(self, x) self$head(self$conv(x))
  ))
}

test_that("modules of one's own class are saved, and loaded where the class is given", {
  skip_if_no_python()
  OwnNet <- own_class()
  module <- OwnNet(field_type(gspace_rot2d(N = 4), trivial = 1), width = 3L)
  path <- withr::local_tempfile(fileext = ".safetensors")
  intertwine_save(module, path)
  x <- array(stats::rnorm(50), c(2, 1, 5, 5))
  expect_equal(as.array(intertwine_load(path, classes = OwnNet)(x)), as.array(module(x)))
  expect_equal(as.array(intertwine_load(path, classes = list(OwnNet))(x)), as.array(module(x)))
  expect_error(intertwine_load(path), "classes = list\\(OwnNet\\)", class = "intertwine_error_missing_class")
  expect_error(intertwine_load(path, classes = list()), class = "intertwine_error_missing_class")
  expect_error(intertwine_load(path, classes = list(module)), "classes", class = "intertwine_error_argument_type")
  expect_error(intertwine_load(path, classes = "OwnNet"), "classes", class = "intertwine_error_argument_type")
})

test_that("fits of one's own class are kept by intertwine_save()", {
  skip_if_no_python()
  OwnNet <- own_class()
  module <- OwnNet(field_type(gspace_rot2d(N = 4), trivial = 1), width = 1L)
  x <- images(array(stats::runif(8 * 49), c(8, 7, 7)))
  fitted <- fit(module, x, factor(rep(c("left", "right"), 4)), epochs = 1)
  path <- withr::local_tempfile(fileext = ".safetensors")
  intertwine_save(fitted, path)
  again <- intertwine_load(path, classes = OwnNet)
  expect_s3_class(again, "intertwine_fit")
  expect_identical(predict(again, x), predict(fitted, x))
  rds <- withr::local_tempfile()
  saveRDS(fitted, rds)
  expect_error(readRDS(rds)$module, "intertwine_save", class = "intertwine_error_missing_class")
})

test_that("links are followed, modes kept, and what is no file refused at once", {
  skip_if_no_python()
  skip_on_os("windows")
  folder <- withr::local_tempdir()
  module <- any_model()
  there <- file.path(folder, "there")
  link <- file.path(folder, "link")
  file.symlink(there, link)
  intertwine_save(module, link)
  expect_identical(Sys.readlink(link), there)
  Sys.chmod(there, "0640", use_umask = FALSE)
  intertwine_save(module, link)
  expect_identical(format(file.mode(there)), "640")

  pipe <- file.path(folder, "pipe")
  skip_if(system2("mkfifo", shQuote(pipe)) != 0)
  for (path in c(pipe, "/dev/null")) {
    expect_error(intertwine_save(module, path), "ordinary", class = "intertwine_error_model_file")
    expect_error(intertwine_load(path), "ordinary", class = "intertwine_error_model_file")
    expect_error(convert_escnn(module, path), "ordinary", class = "intertwine_error_model_file")
  }
  expect_error(intertwine_save(module, folder), "folder", class = "intertwine_error_model_file")
})

test_that("names that no file can have are refused with a class", {
  skip_if_no_python()
  folder <- withr::local_tempdir()
  module <- any_model()
  for (act in list(function(path) intertwine_save(module, path), function(path) intertwine_load(path))) {
    expect_error(act(file.path(folder, strrep("m", 256))), class = "intertwine_error")
    expect_error(act(file.path(folder, strrep("m/", 5000))), class = "intertwine_error_file")
    expect_error(act(""), class = "intertwine_error_argument")
    expect_error(act(NA_character_), class = "intertwine_error_argument")
  }
  expect_identical(list.files(folder, all.files = TRUE, no.. = TRUE), character())
})

test_that("names that are not of ASCII work in the C locale", {
  skip_if_no_python()
  skip_on_os("windows")
  skip_if_not_installed("png")
  top <- file.path(tempfile(), "\u00e9t\u00e9")
  for (class in c("a\u00e9", "b")) {
    dir.create(file.path(top, class), recursive = TRUE)
    png::writePNG(matrix(runif(64), 8), file.path(top, class, "x\u00e9.png"))
  }
  before <- Sys.getlocale("LC_CTYPE")
  on.exit(Sys.setlocale("LC_CTYPE", before))
  Sys.setlocale("LC_CTYPE", "C")
  Encoding(top) <- "unknown"
  module <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3)
  path <- file.path(top, "m.safetensors")
  intertwine_save(module, path)
  expect_true(file.exists(path))
  expect_s3_class(intertwine_load(path), "r2_conv")
  expect_identical(levels(read_image_folder(top)$y), c("a\u00e9", "b"))
  expect_identical(levels(image_folder(top)$y), c("a\u00e9", "b"))
})

#' A file of some hundred bytes with a mask of 99,999 times 99,999 cells.
short_and_greedy <- function(path) {
  module <- field_type(gspace_flip_rot2d(N = 4), trivial = 1) |> mask_module(5)
  intertwine_save(module, path)
  program <- reticulate::py_run_string(
    paste(
      "def make(path):",
      "    from pathlib import Path",
      "    from intertwine.deploy.safetensors_file import pack, unpack",
      "    tensors, document = unpack(Path(path).read_bytes())",
      "    document['module']['arguments']['S'] = 99_999",
      "    Path(path).write_bytes(pack(tensors, document))",
      sep = "\n"
    ),
    local = TRUE, convert = FALSE
  )
  program$make(path)
  path
}

test_that("a short file that asks for much is refused at once", {
  skip_if_no_python()
  path <- short_and_greedy(withr::local_tempfile(fileext = ".safetensors"))
  expect_lt(file.size(path), 1000)
  started <- proc.time()[["elapsed"]]
  expect_error(intertwine_load(path), "memory", class = "intertwine_error_model_file")
  # the same file as the state of a fit
  state <- readBin(path, "raw", file.size(path))
  expect_error(module_from_state(state), "damaged", class = "intertwine_error_model_file")
  expect_lt(proc.time()[["elapsed"]] - started, 5)
})

test_that("names of files may have any letters in a locale without UTF-8", {
  skip_if_no_python()
  skip_on_os("windows")
  folder <- file.path(tempdir(), "b\u00e4ume")
  dir.create(folder)
  # the path is a value of the session, for its program is read in the session's own encoding
  withr::local_envvar(LC_ALL = "C", TEST_FOLDER = folder)
  found <- r_session(c(
    "path <- paste0(Sys.getenv('TEST_FOLDER'), '/model.safetensors')",
    "intertwine_save(field_type(gspace_rot2d(N = 4), regular = 1) |> nonlin_relu(), path)",
    "cat(class(intertwine_load(path))[1], '\\n', sep = '')"
  ))
  expect_identical(found, "nonlin_relu")
  expect_true(file.exists(file.path(folder, "model.safetensors")))
})
