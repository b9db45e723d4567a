test_that("equal groups are equal however they were made", {
  skip_if_no_python()
  expect_true(all.equal(cyclic_group(4), group_of(gspace_rot2d(4))))
  expect_type(all.equal(cyclic_group(4), cyclic_group(5)), "character")
  expect_type(all.equal(cyclic_group(4), 4), "character")
  expect_false(cyclic_group(4) == cyclic_group(5))
  expect_true(octahedral_group() == group_of(gspace_octa()))
  expect_true(point_group("m-3m") == point_group("Oh"))
  expect_true(cylinder_group(Inf) == cylinder_group())
})

test_that("groups print, and are summed up", {
  skip_if_no_python()
  expect_snapshot({
    cyclic_group(4)
    dihedral_group(3)
    trivial_group()
    so3_group()
    full_octahedral_group()
    point_group("-43m")
    symmetric_group(4)
    direct_product(cyclic_group(3), dihedral_group(2))
    summary(quaternion_group())
    summary(o3_group())
    point_groups()
  })
})

test_that("groups have the orders that they must", {
  skip_if_no_python()
  orders <- list(
    list(octahedral_group(), 24), list(full_octahedral_group(), 48), list(icosahedral_group(), 60),
    list(full_icosahedral_group(), 120), list(cylinder_group(5), 10), list(full_cylinder_group(5), 20),
    list(symmetric_group(5), 120), list(alternating_group(5), 60), list(dicyclic_group(3), 12), list(quaternion_group(), 8),
    list(double_group(cyclic_group(3)), 9), list(direct_product(gspace_rot2d(4), dihedral_group(3)), 24),
    list(point_group("D3h"), 12), list(so3_group(), Inf), list(o3_group(), Inf), list(cylinder_group(), Inf),
    list(full_cylinder_group(), Inf)
  )
  for (case in orders) expect_identical(group_order(case[[1]]), case[[2]], info = format(case[[1]]))
  expect_identical(nrow(point_groups()), 32L)
  expect_identical(point_groups()$order[32], 48L)
})

test_that("groups are made from what generates them", {
  skip_if_no_python()
  turn <- rbind(c(0, -1), c(1, 0))
  mirror <- diag(c(1, -1))
  square <- group_from_matrices(list(turn, mirror), name = "square")
  expect_identical(group_order(square), 8)
  expect_identical(format(square), "square")
  expect_true(square == group_from_matrices(array(c(turn, mirror), c(2, 2, 2)), name = "square"))
  expect_identical(as.matrix(group_elements(square)[[2]]), turn)
  expect_identical(group_order(group_from_matrices(turn)), 4)
  quaternions <- group_from_matrices(list(diag(c(1i, -1i)), rbind(c(0, 1), c(-1, 0))))
  expect_identical(group_order(quaternions), 8)
  expect_identical(dim(standard_repr(quaternions)), c(4L, 4L))

  deck <- group_from_permutations(list(c(2, 3, 4, 1), c(2, 1, 3, 4)))
  expect_identical(group_order(deck), 24)
  expect_identical(group_element_as(group_elements(deck)[[2]], "permutation"), c(2L, 3L, 4L, 1L))
  expect_identical(group_order(group_from_permutations(c(2, 3, 1))), 3)

  for (G in list(dihedral_group(3), quaternion_group())) {
    again <- group_from_table(cayley_table(G))
    expect_identical(unclass(cayley_table(again))[, ], unclass(cayley_table(G))[, ])
  }
  # the identity comes first, wherever it was
  named <- group_from_table(rbind(c("e", "a"), c("a", "e")), names = c("a", "e"))
  expect_identical(format(group_elements(named)), c("e", "a"))
  expect_identical(group_order(group_from_table(rbind(c(2, 1), c(1, 2)))), 2)
})

test_that("products are pairs, and semidirect ones act", {
  skip_if_no_python()
  C3 <- cyclic_group(3)
  D2 <- dihedral_group(2)
  G <- direct_product(C3, D2)
  g <- group_element(G, parts = list(group_element(C3, rotation = 1), group_element(D2, rotation = 0, flip = 1)))
  expect_identical(format(group_parts(g)), c("1[2pi/3]", "(-, 0[2pi/2])"))
  expect_true(group_parts(G)[[1]] == C3)
  expect_identical(group_order(g), 6)
  double <- function(h, n) n^(2^(group_element_as(h, "position") - 1))
  F20 <- semidirect_product(cyclic_group(5), cyclic_group(4), double, name = "F20")
  expect_identical(group_order(F20), 20)
  expect_setequal(attr(character_table(F20), "sizes"), c(1, 4, 5))
  by_table <- semidirect_product(cyclic_group(3), cyclic_group(2), rbind(c(1, 2, 3), c(1, 3, 2)))
  expect_identical(subgroups(by_table)$structure[nrow(subgroups(by_table))], "D3")
})

test_that("what makes no group is refused", {
  skip_if_no_python()
  expect_snapshot({
    show_error(cyclic_group(0))
    show_error(point_group("X7"))
    show_error(symmetric_group(9))
    show_error(group_from_matrices(list(diag(2) * 2)))
    show_error(group_from_matrices(list(diag(2), diag(3))))
    show_error(group_from_matrices("turn"))
    show_error(group_from_matrices(list(rbind(c(cos(1), -sin(1)), c(sin(1), cos(1)))), max_order = 50))
    show_error(group_from_permutations(list(c(0, 1, 2))))
    show_error(group_from_permutations(list(c(1, 2), c(1, 2, 3))))
    show_error(group_from_table(rbind(c(1, 1), c(1, 2))))
    show_error(group_from_table(rbind(1:5, c(2, 1, 4, 5, 3), c(3, 5, 1, 2, 4), c(4, 3, 5, 1, 2), c(5, 4, 2, 3, 1))))
    show_error(group_from_table(rbind(2:1)))
    show_error(group_from_table(rbind(c("a", "b"), c("b", "c")), names = c("a", "b")))
    show_error(group_from_table(1:4))
    show_error(group_from_table(rbind(c(0, 1), c(1, 0))))
    show_error(semidirect_product(cyclic_group(3), cyclic_group(2), rbind(c(1, 2, 3), c(2, 1, 3))))
    show_error(semidirect_product(so3_group(), cyclic_group(2), diag(2)))
    show_error(direct_product(cyclic_group(2), 3))
    show_error(group_parts(cyclic_group(3)))
  })
})
