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

test_that("N = Inf is the continuous group", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = Inf, max_frequency = 2)
  expect_identical(group_order(gs), Inf)
  expect_length(representations(gs), 3)
  expect_true(cyclic_group(Inf) == so2_group())
  expect_true(dihedral_group(Inf) == o2_group())
  g <- group_element(gs, angle = 0.3)
  expect_equal(irrep(gs, frequency = 2)(g), rbind(c(cos(0.6), -sin(0.6)), c(sin(0.6), cos(0.6))))
  expect_error(group_element(gs, rotation = 1), class = "intertwine_error_group")
  mirrored <- gspace_flip_rot2d(N = Inf)
  expect_equal(det(irrep(mirrored, frequency = 1)(group_element(mirrored, flip = 1, angle = 0.1))), -1)
  expect_identical(group_order(restrict(mirrored, rotations = 4)), 4)
  expect_identical(group_order(restrict(mirrored, rotations = Inf)), Inf)
})
