test_that("the Python half is the one that the package carries, of the same version", {
  skip_if_no_python()
  expect_identical(intertwine_py()[["__version__"]], as.character(utils::packageVersion("intertwine")))
  expect_true(the$source == "an installed package" || dir.exists(the$source))
})

test_that("another folder can be named", {
  withr::local_envvar(INTERTWINE_PYTHON_PATH = tempdir())
  expect_identical(python_source(), normalizePath(tempdir()))
})

test_that("raw reticulate programs work in the same session", {
  skip_if_no_python()
  skip_if(startsWith(reticulate::import("numpy")[["__version__"]], "2") && utils::packageVersion("reticulate") < "1.38")
  intertwine <- intertwine_py()
  gs <- intertwine$gspaces$rot2dOnR2(4L)
  type <- intertwine$nn$FieldType(gs, list(gs$trivial_repr))
  out <- intertwine$nn$FieldType(gs, list(gs$regular_repr, gs$regular_repr, gs$regular_repr))
  conv <- intertwine$nn$R2Conv(type, out, 3L)
  expect_equal(dim(conv(array(0, c(2, 1, 32, 32)))), c(2, 12, 30, 30))
  expect_identical(regular_repr(gs)(group_element(gs, rotation = 1)), gs$regular_repr(gs$fibergroup$element(1L)))
})

test_that("a missing torch and a missing Python are told apart", {
  expect_error(
    abort_no_python("ModuleNotFoundError: No module named 'torch'", NULL, NULL),
    "install_intertwine", class = "intertwine_error_python"
  )
})

test_that("programs written for escnn run through the names of escnn", {
  skip_if_no_python()
  skip_if_not(torch_available())
  withr::local_envvar(INTERTWINE_COMPAT = NA, PYTHONPATH = Sys.getenv("PYTHONPATH", unset = NA))
  escnn <- intertwine_py(compat = "escnn")
  withr::defer(intertwine_py()$compat$uninstall("escnn"))
  gs <- escnn$gspaces$rot2dOnR2(4L)
  type <- escnn$nn$FieldType(gs, list(gs$regular_repr))
  expect_identical(class(type), class(intertwine_py()$nn$FieldType(gs, list(gs$regular_repr))))
  deep <- reticulate::import("escnn.nn.modules.nonlinearities.relu")
  expect_identical(deep$ReLU(type)$out_type$size, 4L)
  expect_error(intertwine_py(compat = "e3nn"), "no names of", class = "intertwine_error")
  expect_error(intertwine_py(compat = 1), "compat", class = "intertwine_error")
  expect_error(intertwine_py(compat = "escnn", peer = 1), class = "intertwine_error")
})
