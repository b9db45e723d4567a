test_that("elements, spaces, groups and tables are drawn", {
  skip_if_no_python()
  withr::local_pdf(NULL)
  G <- octahedral_group()
  expect_invisible(plot(group_element(G, angle = pi / 2)))
  expect_silent(plot(group_elements(G), max = 5, title = "some"))
  for (gs in list(
    gspace_flip1d(), gspace_flip_rot2d(N = 3), gspace_cone(N = 2), gspace_full_octa(), gspace_rot3d(), gspace_cylinder(),
    gspace_rot2d(N = Inf), gspace(point_group("Td"))
  )) {
    expect_silent(plot(gs))
  }
  expect_silent(plot(gspace_rot2d(4), elements = group_elements(gspace_rot2d(4))[2]))
  for (group in list(trivial_group(), cyclic_group(2), symmetric_group(3), G, so2_group())) expect_silent(plot(group))
  expect_silent(plot(G, what = "elements"))
  expect_silent(plot(cayley_table(symmetric_group(4)), title = "S4"))
  expect_silent(plot(character_table(G)))
})

test_that("representations are drawn", {
  skip_if_no_python()
  withr::local_pdf(NULL)
  expect_silent(plot(irreps(cyclic_group(8))))
  expect_silent(plot(dihedral_group(3), what = "irreps"))
  expect_silent(plot(symmetric_group(4), what = "irreps", max = 4))
  expect_silent(plot(regular_repr(cyclic_group(4)), title = "regular"))
  expect_silent(plot(irrep(so3_group(), frequency = 2)))
  expect_silent(plot(irrep(cyclic_group(4), frequency = 1), what = "matrices"))
  expect_error(plot(regular_repr(cyclic_group(4)), what = "arrows"), class = "intertwine_error_argument")
})

test_that("what cannot be drawn is refused", {
  skip_if_no_python()
  withr::local_pdf(NULL)
  expect_error(plot(group_elements(symmetric_group(3))), class = "intertwine_error_group")
  expect_error(plot(cyclic_group(3), what = "song"), class = "rlang_error")
  expect_error(plot(group_elements(cyclic_group(3))[0]), class = "intertwine_error_argument")
  expect_error(plot(so3_group(), what = "table"), class = "intertwine_error_group")
})

test_that("the cube is seen from where it is said to be", {
  # x towards the reader and left, y right, z up
  seen <- project(diag(3))
  expect_true(all(seen$depth > 0))
  expect_lt(seen$page[1, 1], 0)
  expect_gt(seen$page[2, 1], 0)
  expect_gt(seen$page[3, 2], 0)
  expect_equal(unname(seen$page[3, 1]), 0)
  expect_equal(abs(rotation_axis(diag(c(-1, -1, 1)))), c(0, 0, 1))
  expect_null(rotation_axis(-diag(3)))
  # letters are not mirrored on any face: across, up and out are right-handed
  for (axis in 1:3) {
    for (sign in c(-1, 1)) {
      face <- cube_face(rbind(c(0, 0), c(1, 0), c(0, 1)), axis, sign, half = 1)
      expect_equal(det(rbind(face[2, ] - face[1, ], face[3, ] - face[1, ], face[1, ])), 1)
    }
  }
})
