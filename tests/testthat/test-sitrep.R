test_that("the situation report says what runs", {
  skip_if_no_python()
  report <- format(intertwine_sitrep())
  for (fact in c("R ", "reticulate", "python", "torch", "numpy", "device")) {
    expect_true(any(grepl(fact, report)), info = fact)
  }
})

test_that("without Python it says why", {
  local_no_bridge()
  withr::local_envvar(INTERTWINE_PYTHON = "none")
  report <- format(intertwine_sitrep())
  expect_true(any(grepl("not available", report)))
  expect_true(any(grepl("INTERTWINE_PYTHON", report)))
})
