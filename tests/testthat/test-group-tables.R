test_that("tables print", {
  skip_if_no_python()
  expect_snapshot({
    cayley_table(cyclic_group(3))
    cayley_table(quaternion_group())
    cayley_table(point_group("C3v"))
    character_table(octahedral_group())
    character_table(icosahedral_group())
    character_table(cyclic_group(3))
    conjugacy_classes(dihedral_group(4))
    subgroups(dihedral_group(4))
    subgroups(octahedral_group())[3, ]
    homspace(octahedral_group(), subgroup = "C4")
    homspace(so3_group(), rotations = Inf)
  })
})

test_that("the table of products is that of the elements, by position", {
  skip_if_no_python()
  for (G in list(dihedral_group(3), octahedral_group(), direct_product(cyclic_group(2), cyclic_group(3)))) {
    table <- cayley_table(G)
    members <- group_elements(G)
    for (pair in list(c(1, 1), c(2, 3), c(length(members), 2))) {
      product <- members[[pair[1]]] * members[[pair[2]]]
      expect_identical(group_element_as(product, "position"), table[pair[1], pair[2]])
    }
    expect_identical(rownames(table), format(members))
    expect_true(all(apply(table, 1, function(row) setequal(row, seq_along(members)))))
  }
})

test_that("rows of a character table are orthogonal", {
  skip_if_no_python()
  for (G in list(octahedral_group(), quaternion_group(), cyclic_group(5), symmetric_group(5), point_group("D3h"))) {
    X <- character_table(G)
    weights <- attr(X, "sizes") / group_order(G)
    norms <- c(R = 1, C = 2, H = 4)[attr(X, "types")]
    values <- X[, , drop = FALSE]
    expect_equal(values %*% (weights * t(values)), diag(norms, length(norms)), ignore_attr = TRUE)
    expect_length(conjugacy_classes(G), ncol(X))
  }
})

test_that("classes hold conjugate elements, the centre commutes", {
  skip_if_no_python()
  G <- quaternion_group()
  expect_identical(format(group_centre(G)), c("1", "-1"))
  class <- conjugacy_classes(G)[[2]]
  i <- group_element(G, name = "j")
  expect_true((i * class[[1]] * i^-1) == class[[2]])
})

test_that("subgroups are named in four ways", {
  skip_if_no_python()
  G <- octahedral_group()
  table <- subgroups(G)
  expect_s3_class(table, "data.frame")
  expect_identical(sum(table$conjugates), 30L)
  for (k in seq_len(nrow(table))) {
    expect_identical(group_order(restrict(G, subgroup = table[k, ])), as.numeric(table$order[k]))
    expect_identical(nrow(quotient_repr(G, subgroup = table[k, ])(group_identity(G))), as.integer(24 / table$order[k]))
  }
  g <- group_element(G, angle = pi / 2, axis = c(1, 0, 0))
  expect_identical(group_order(restrict(G, subgroup = g)), 4)
  expect_identical(group_order(restrict(G, subgroup = list(g, group_element(G, angle = pi / 2)))), 24)
  expect_identical(group_order(restrict(G, subgroup = "D4")), 8)
  expect_identical(group_order(restrict(G, subgroup = list(TRUE, 3))), 6)
  expect_identical(group_order(restrict(G, rotations = 3)), 3)
  expect_true(restrict(dihedral_group(4), subgroup = group_element(dihedral_group(4), flip = 1)) == cyclic_group(2))
  expect_identical(group_order(restrict(so3_group(), subgroup = list(TRUE, Inf))), Inf)
  expect_identical(group_order(restrict(o3_group(), subgroup = list("cone", 4))), 8)
  expect_identical(group_order(restrict(gspace_flip_rot3d(), subgroup = list(TRUE, "octa"))), 48)
  product <- direct_product(cyclic_group(4), dihedral_group(3))
  expect_identical(group_order(restrict(product, subgroup = list(2, list(NULL, 3)))), 6)
  expect_snapshot({
    show_error(restrict(G, subgroup = "C2"))
    show_error(restrict(G, subgroup = "C7"))
    show_error(restrict(G, subgroup = table[1:2, ]))
    show_error(restrict(G, rotations = 2, subgroup = "C4"))
    show_error(restrict(symmetric_group(3), rotations = 2))
    show_error(restrict(G, subgroup = as.name("x")))
    show_error(subgroups(so3_group()))
  })
})

test_that("maps carry elements between group and subgroup", {
  skip_if_no_python()
  G <- octahedral_group()
  maps <- subgroup_maps(G, subgroup = "D4")
  members <- unclass(group_elements(maps$group))
  for (h in members[c(1, 2, 8)]) {
    expect_true(maps$project(maps$include(h)) == h)
    expect_true(maps$include(h * members[[2]]) == maps$include(h) * maps$include(members[[2]]))
  }
  expect_null(maps$project(group_element(G, angle = 2 * pi / 3, axis = c(1, 1, 1))))
  expect_error(maps$include(3), class = "intertwine_error_argument_type")
})

test_that("the sphere is a homogeneous space", {
  skip_if_no_python()
  sphere <- homspace(so3_group(), rotations = Inf)
  g <- group_element(so3_group(), angle = 0.7, axis = c(1, 2, 3))
  rho <- irrep(so3_group(), frequency = 1)
  # The functions of frequency 1 at a point are its coordinates, up to their scale.
  value <- homspace_basis(sphere, g, rho)[, 1, 1]
  expect_equal(abs(sum(value * as.matrix(g)[, 3])) / sqrt(sum(value^2)), 1)
  expect_true(same_coset(sphere, g, g * group_element(so3_group(), angle = 1)))
  expect_false(same_coset(sphere, g, group_identity(so3_group())))
  expect_error(homspace_basis("sphere", g, rho), class = "intertwine_error_argument_type")
})
