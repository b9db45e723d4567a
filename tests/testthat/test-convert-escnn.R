test_that("models of escnn are read from lists and files", {
  skip_if_no_python()
  set.seed(1)
  model <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 3) |>
    nonlin_relu() |>
    r2_conv(out = c(trivial = 1), kernel_size = 3)
  other <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 3) |>
    nonlin_relu() |>
    r2_conv(out = c(trivial = 1), kernel_size = 3)
  # As the other library saves it: the expanded filters by the names of the layers.
  theirs <- list()
  for (i in c(1, 3)) {
    expanded <- model[[i]]$expand_parameters()
    theirs[[paste0(i - 1, ".filter")]] <- as.array(expanded[[1]])
    theirs[[paste0(i - 1, ".expanded_bias")]] <- as.array(expanded[[2]])
  }
  converted <- convert_escnn(other, theirs)
  expect_identical(converted$layers$kind, c("r2_conv", "r2_conv"))
  expect_lt(max(converted$layers$residual), 1e-6)
  x <- array(stats::rnorm(49), c(1, 1, 7, 7))
  expect_equal(converted$module(x), model(x), tolerance = 1e-5)
  # The given module stays as it was.
  expect_false(isTRUE(all.equal(other(x), model(x))))
  # A filter that is not equivariant is no filter of ours.
  theirs[["0.filter"]][1, 1, 1, 1] <- 9
  expect_error(convert_escnn(other, theirs), class = "intertwine_error_model_file")
  expect_gt(max(convert_escnn(other, theirs, tolerance = NULL)$layers$residual), 0.1)
  expect_error(convert_escnn(other, tempfile()), class = "intertwine_error_file")
  path <- withr::local_tempfile(lines = "no tensors")
  expect_error(convert_escnn(other, path), class = "intertwine_error_model_file")
  torch <- reticulate::import("torch")
  filter <- as.array(model[[1]]$expand_parameters()[[1]])
  state <- reticulate::dict(filter = as_torch(filter), expanded_bias = as_torch(rep(0, 8)))
  torch$save(state, path)
  expect_lt(convert_escnn(model[[1]], path)$layers$residual, 1e-6)
})
