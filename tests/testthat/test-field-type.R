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
  expect_true(type == field_type(gs, c(regular = 8, trivial = 2), list(irrep_1 = 1)))
  expect_output(print(summary(type)), "8 x regular (4) + 2 x trivial", fixed = TRUE)
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

test_that("vectors are named on every space", {
  skip_if_no_python()
  gs <- gspace_flip_rot2d(N = 4)
  expect_snapshot({
    field_type(gs, vector = 2, pseudoscalar = 1)
    field_type(gspace_flip_rot3d(), trivial = 1, vector = 1, pseudovector = 1, pseudoscalar = 1)
    field_type(gspace_rot2d(N = 4), pseudoscalar = 1)
    field_type(gs, trivial = 1) |> r2_conv(out = c(vector = 2, regular = 1), kernel_size = 3)
    show_error(field_type(cyclic_group(4), vector = 1))
    show_error(field_type(gs, trivial = 1) |> equivariant_linear(out = c(arrow = 1)))
  })
  spaces <- list(
    gspace_flip1d(), gspace_rot2d(N = Inf), gs, gspace_flip2d(axis = 0.3), gspace_full_octa(), gspace_mirror3d()
  )
  for (gs in spaces) {
    expect_true(field_type(gs, vector = 2) == field_type(gs, 2 * standard_repr(gs)))
    expect_true(field_type(gs, pseudovector = 1) == field_type(gs, pseudovector_repr(gs)))
    expect_true(field_type(gs, pseudoscalar = 1) == field_type(gs, pseudoscalar_repr(gs)))
    g <- group_sample(gs)[[1]]
    move <- standard_repr(gs)(g)
    expect_equal(pseudoscalar_repr(gs)(g), matrix(det(move)))
    expect_equal(pseudovector_repr(gs)(g), det(move) * move)
  }
})

test_that("the gradient of a picture is a vector, mirrors included", {
  skip_if_no_python()
  gs <- gspace_flip_rot2d(N = 4)
  set.seed(1)
  picture <- matrix(rnorm(25), 5)
  around <- c(2:5, 1)
  slopes <- function(x) {
    right <- (x[, around] - x[, order(around)]) / 2
    down <- (x[around, ] - x[order(around), ]) / 2
    aperm(array(c(right, -down), c(5, 5, 2, 1)), c(4, 3, 1, 2))
  }
  for (g in group_elements(gs)) {
    moved <- as.array(transform(geometric_tensor(array(picture, c(1, 1, 5, 5)), field_type(gs, trivial = 1)), g))
    vectors <- transform(geometric_tensor(slopes(picture), field_type(gs, vector = 1)), g)
    expect_equal(as.array(vectors), slopes(moved[1, 1, , ]), tolerance = 1e-6)
  }
})
