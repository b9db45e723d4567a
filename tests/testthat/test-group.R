test_that("groups and elements print and multiply", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  g <- group_element(gs, rotation = 1)
  expect_snapshot({
    cyclic_group(4)
    dihedral_group(3)
    trivial_group()
    g
    g * g
    g^-1
    g^6
    group_elements(gs)
    group_elements(dihedral_group(2))
    group_element(gspace_flip_rot2d(N = 4), rotation = 1, flip = 1)
  })
  expect_true(g == group_element(gs, angle = pi / 2))
  expect_true(g^-1 == group_element(gs, rotation = -1))
  expect_true(g * g^-1 == group_identity(gs))
  expect_true(g != g * g)
  expect_identical(group_order(gs), 4)
  expect_identical(group_order(dihedral_group(6)), 12)
  expect_true(group_elements(gs)[[1]] == group_identity(gs))
})

test_that("rotation numbers are values at their first, last and further ones", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 8)
  expect_true(group_element(gs, rotation = 0) == group_identity(gs))
  expect_true(group_element(gs, rotation = 7) == group_element(gs, rotation = -1))
  expect_true(group_element(gs, rotation = 8) == group_identity(gs))
})

test_that("a mirror is named by flip", {
  skip_if_no_python()
  gs <- gspace_flip2d()
  mirror <- group_element(gs, flip = 1)
  expect_true(mirror * mirror == group_identity(gs))
  expect_error(group_element(gs, rotation = 1), class = "intertwine_error_group")
})

test_that("what is no element is refused", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  g <- group_element(gs, rotation = 1)
  expect_snapshot({
    show_error(group_element(gs, angle = 1))
    show_error(group_element(gs, flip = 1))
    show_error(group_element(gs, rotation = 1, angle = 1))
    show_error(group_element(gs, rotation = 1.5))
    show_error(group_element("C4"))
    show_error(cyclic_group(0))
    show_error(g * 2)
    show_error(g + g)
    show_error(g * group_element(cyclic_group(8), rotation = 1))
  })
})

test_that("equal groups are equal however they were made", {
  skip_if_no_python()
  expect_true(all.equal(cyclic_group(4), group_of(gspace_rot2d(4))))
  expect_type(all.equal(cyclic_group(4), cyclic_group(5)), "character")
  expect_type(all.equal(cyclic_group(4), 4), "character")
  expect_false(cyclic_group(4) == cyclic_group(5))
})
