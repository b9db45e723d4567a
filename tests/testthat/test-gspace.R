test_that("the table of spaces needs no Python", {
  expect_snapshot(gspaces())
  expect_s3_class(gspaces(), "data.frame")
  for (call in gspaces()$space) expect_true(is.function(get(sub("\\(.*", "", call))))
})

test_that("spaces print what they are", {
  skip_if_no_python()
  expect_snapshot({
    gspace_trivial2d()
    gspace_rot2d(N = 4)
    gspace_flip2d()
    gspace_flip_rot2d(N = 4)
    gspace_none(cyclic_group(3))
  })
})

test_that("orders that make no group are refused", {
  expect_error(gspace_rot2d(0), class = "intertwine_error_argument")
  expect_error(gspace_rot2d(1.5), class = "intertwine_error_argument")
  expect_error(gspace_flip_rot2d(-1), class = "intertwine_error_argument")
  expect_error(gspace_none("C4"), class = "intertwine_error_argument_type")
})
