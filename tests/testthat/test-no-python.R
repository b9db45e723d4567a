# These tests hold on any machine, and run R code alone.

test_that("nothing in here starts Python", {
  script <- "
    Sys.setenv(INTERTWINE_PYTHON = 'none')
    library(intertwine)
    stopifnot(!intertwine_available(), !intertwine_available(initialize = TRUE))
    condition <- tryCatch(gspace_rot2d(N = 4), error = identity)
    stopifnot(inherits(condition, 'intertwine_error_python'))
    spec <- r2_conv(out = c(regular = 8), kernel_size = 5)
    print(spec)
    print(sequential_module(spec, nonlin_relu()))
    print(gspaces())
    print(intertwine_sitrep())
    stopifnot(!reticulate::py_available())
    cat('done\\n')
  "
  skip_if_only_loaded()
  out <- system2(
    file.path(R.home("bin"), "Rscript"), c("-e", shQuote(script)),
    stdout = TRUE, stderr = TRUE, env = paste0("R_LIBS=", paste(.libPaths(), collapse = .Platform$path.sep))
  )
  expect_identical(tail(out, 1), "done")
  expect_true(any(grepl("r2_conv(out = c(regular = 8), kernel_size = 5", out, fixed = TRUE)))
})

test_that("without Python the error says what to do", {
  withr::local_envvar(INTERTWINE_PYTHON = "none")
  local_no_bridge()
  expect_false(intertwine_available())
  expect_snapshot(show_error(gspace_rot2d(N = 4)))
})

test_that("R's torch in the same session is noticed", {
  local_no_bridge()
  withr::local_envvar(INTERTWINE_PYTHON = NA)
  expect_error(check_python_usable(NULL, r_torch = TRUE), class = "intertwine_error_torch_conflict")
})

test_that("loading the package is quick and quiet", {
  skip_on_cran()
  skip_if_only_loaded()
  out <- system2(
    file.path(R.home("bin"), "Rscript"), c("-e", shQuote("cat(system.time(library(intertwine))[['elapsed']])")),
    stdout = TRUE, stderr = TRUE, env = paste0("R_LIBS=", paste(.libPaths(), collapse = .Platform$path.sep))
  )
  expect_length(out, 1)
  # Half a second is promised; a loaded machine gets some room.
  expect_lt(as.numeric(out), 1.5)
})

test_that("the Python that is named for intertwine is the one for reticulate", {
  withr::local_envvar(INTERTWINE_PYTHON = "/somewhere/python", RETICULATE_PYTHON = NA)
  adopt_python_choice()
  expect_identical(Sys.getenv("RETICULATE_PYTHON"), "/somewhere/python")
  withr::local_envvar(RETICULATE_PYTHON = "/mine")
  adopt_python_choice()
  expect_identical(Sys.getenv("RETICULATE_PYTHON"), "/mine")
})
