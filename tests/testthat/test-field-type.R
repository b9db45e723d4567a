test_that("field types say what their channels are", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  type <- field_type(gs, regular = 8, trivial = 2, irrep_1 = 1)
  expect_snapshot({
    type
    field_type(gs, trivial = 1)
    gs |> field_type(regular = 16)
    field_type(gs, 4 * irrep(gs, frequency = 1), trivial = 1)
    field_type(cyclic_group(3), regular = 2)
    type[9:10]
    type[-1]
    type[[11]]
    c(type, field_type(gs, regular = 1))
  })
  expect_length(type, 11)
  expect_identical(n_channels(type), 36L)
  expect_true(type == field_type(gs, 8 * regular_repr(gs), 2 * trivial_repr(gs), irrep(gs, frequency = 1)))
  expect_true(field_type(gs, trivial = 1, regular = 1) != field_type(gs, regular = 1, trivial = 1))
  expect_true(all.equal(type, type))
  expect_type(all.equal(type, type[1:2]), "character")
})

test_that("a field type is a function of arrays", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), trivial = 1)
  x <- type(array(1:16, c(1, 1, 4, 4)))
  expect_s3_class(x, "geometric_tensor")
})

test_that("what is no field type is refused", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  type <- field_type(gs, regular = 2)
  expect_snapshot({
    show_error(field_type(gs))
    show_error(field_type(gs, 3))
    show_error(field_type(gs, regular = 1.5))
    show_error(field_type(gs, regular = -1))
    show_error(field_type(gs, bogus = 1))
    show_error(field_type(gs, "regular"))
    show_error(field_type("gs", regular = 1))
    show_error(field_type(gs, regular_repr(cyclic_group(8))))
    show_error(type[0])
    show_error(type[3])
    show_error(type + 1)
  })
})
