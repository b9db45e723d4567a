test_that("representations print as in the walk-through", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  expect_identical(format(representations(gs)), c(
    irrep_0 = "C4|[irrep_0]:1", irrep_1 = "C4|[irrep_1]:2", irrep_2 = "C4|[irrep_2]:1", regular = "C4|[regular]:4"
  ))
  expect_snapshot({
    representations(gs)
    irrep(gs, frequency = 1)
    summary(regular_repr(gs))
    2 * irrep(gs, frequency = 1)
  })
})

test_that("representations are functions with exact matrices", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  g <- group_element(gs, rotation = 1)
  expect_identical(irrep(gs, frequency = 1)(g), matrix(c(0, 1, -1, 0), 2))
  shift <- rbind(c(0, 0, 0, 1), c(1, 0, 0, 0), c(0, 1, 0, 0), c(0, 0, 1, 0))
  expect_identical(regular_repr(gs)(g), shift)
  expect_identical(trivial_repr(gs)(g), matrix(1))
  expect_identical(dim(regular_repr(gs)), c(4L, 4L))
})

test_that("sums and products act as they must", {
  skip_if_no_python()
  gs <- gspace_flip_rot2d(N = 3)
  a <- irrep(gs, frequency = 1)
  b <- regular_repr(gs)
  for (g in unclass(group_elements(gs))) {
    expect_equal((a + b)(g)[1:2, 1:2], a(g))
    expect_equal((a + b)(g)[3:8, 3:8], b(g))
    expect_equal(tensor_product(a, b)(g), kronecker(a(g), b(g)))
    expect_equal(direct_sum(a, list(b))(g), (a + b)(g))
  }
})

test_that("lists of representations stay lists", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  expect_length(3 * trivial_repr(gs), 3)
  expect_length(c(2 * trivial_repr(gs), regular_repr(gs)), 3)
  expect_length(c(regular_repr(gs), 2 * trivial_repr(gs))[2:3], 2)
  expect_length(rep(regular_repr(gs), 4), 4)
})

test_that("irreps of groups with reflections are named by frequency and flip", {
  skip_if_no_python()
  gs <- gspace_flip_rot2d(N = 4)
  expect_identical(format(irrep(gs, frequency = 1)), "D4|[irrep_1,1]:2")
  expect_identical(format(irrep(gs, frequency = 0)), "D4|[irrep_0,0]:1")
  expect_identical(format(irrep(gs, frequency = 0, flip = 1)), "D4|[irrep_1,0]:1")
  expect_true(quotient_repr(gs, rotations = 1, axis = 0) == quotient_repr(gs, rotations = 1, axis = 0))
  expect_identical(dim(quotient_repr(gs, rotations = 1, axis = 0)), c(4L, 4L))
})

test_that("what is no representation is refused", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  expect_snapshot({
    show_error(irrep(gs, frequency = 3))
    show_error(irrep(gs, flip = 1))
    show_error(irrep(gs, frequency = 1)(90))
    show_error(irrep(gs, frequency = 1)(group_element(gspace_rot2d(8), rotation = 1)))
    show_error(direct_sum())
    show_error(direct_sum(1))
    show_error(1.5 * regular_repr(gs))
    show_error(quotient_repr(gs))
  })
})
