test_that("the commands of an installation are shown without running them", {
  commands <- install_intertwine(dry_run = TRUE, python = "python3.11", envname = "/tmp/somewhere")
  expect_identical(commands[[1]], c("python3.11", "-m", "venv", "/tmp/somewhere"))
  last <- commands[[length(commands)]]
  expect_true(all(c("pip", "install", "safetensors>=0.4.3") %in% last))
  expect_true(any(grepl("^torch", last)))
  # pip's own configuration decides where packages come from.
  expect_false(any(grepl("index", last)))
})

test_that("the default build of torch needs no other index", {
  commands <- install_intertwine(torch = "default", dry_run = TRUE)
  expect_false(any(grepl("index-url", unlist(commands))))
})

test_that("nothing is installed inside a check", {
  withr::local_envvar("_R_CHECK_PACKAGE_NAME_" = "intertwine")
  expect_error(install_intertwine(envname = "/nowhere/at/all"), class = "intertwine_error_install")
})

test_that("a command that fails is an error that names it", {
  failing <- c(file.path(R.home("bin"), "Rscript"), "-e", "quit(status=3)")
  expect_error(run_command(failing), class = "intertwine_error_install")
  expect_identical(run_command(failing, optional = TRUE), 3L)
})
