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

test_that("irreps of groups of space and of products are named", {
  skip_if_no_python()
  expect_snapshot({
    irreps(so3_group())
    irreps(o3_group(), max_frequency = 1)
    irreps(full_octahedral_group())
    irreps(double_group(cyclic_group(3)))
    irreps(direct_product(symmetric_group(3), full_cylinder_group(1)))
    irrep(o3_group(), frequency = 1)
    irrep(o3_group(), frequency = 1, inversion = 0)
    irrep(octahedral_group(), frequency = 1)
    irrep(full_octahedral_group(), frequency = 1, inversion = 1)
    irrep(full_octahedral_group(), label = list(1, -1))
    irrep(direct_product(cyclic_group(3), dihedral_group(4)), label = list(1, c(1, 2)))
    irrep(double_group(cyclic_group(3)), label = list(1, 1, 1))
    summary(irrep(quaternion_group(), label = 4))
    summary(irrep(octahedral_group(), label = -1))
    quotient_repr(octahedral_group(), subgroup = "C4")
    quotient_repr(symmetric_group(4), subgroup = "C3")
    show_error(irrep(octahedral_group(), frequency = 2))
    show_error(irrep(symmetric_group(3), frequency = 1))
    show_error(irrep(full_octahedral_group(), label = list(2, 0)))
    show_error(irrep(cyclic_group(3), label = list("a", sin)))
    show_error(irrep(cyclic_group(3), frequency = 1, inversion = 1))
  })
})

test_that("restriction and induction are adjoint", {
  skip_if_no_python()
  G <- octahedral_group()
  for (name in c("C3", "D4", "A4")) {
    H <- restrict(G, subgroup = name)
    for (psi in unclass(irreps(H))) {
      induced <- induced_repr(G, psi, subgroup = name)
      expect_identical(nrow(induced(group_identity(G))), as.integer(nrow(psi(group_identity(H))) * 24 / group_order(H)))
      for (rho in unclass(irreps(G))) {
        expect_length(intertwiners(induced, rho), length(intertwiners(psi, restrict(rho, subgroup = name))))
      }
    }
  }
  trivial <- trivial_repr(restrict(G, subgroup = "C4"))
  expect_true(all.equal(induced_repr(G, trivial, subgroup = "C4"), quotient_repr(G, subgroup = "C4")))
})

test_that("subgroups with finitely many cosets of continuous groups induce", {
  skip_if_no_python()
  for (case in list(
    list(o2_group(), so2_group(), list(rotations = Inf)), list(o3_group(), so3_group(), list(subgroup = "so3"))
  )) {
    G <- case[[1]]
    psi <- irrep(case[[2]], frequency = 1)
    rho <- do.call(induced_repr, c(list(G, psi), case[[3]]))
    expect_identical(dim(rho), 2L * dim(psi))
    g <- group_sample(G)[[1]]
    h <- group_sample(G)[[1]]
    expect_equal(rho(g) %*% rho(h), rho(g * h))
    for (phi in unclass(irreps(G, max_frequency = 1))) {
      expect_length(intertwiners(rho, phi), length(intertwiners(psi, do.call(restrict, c(list(phi), case[[3]])))))
    }
    cosets <- do.call(quotient_repr, c(list(G), case[[3]]))
    expect_true(all(cosets(g) %in% 0:1))
  }
  x <- geometric_tensor(array(rnorm(2 * 4 * 9 * 9), c(2, 4, 9, 9)), field_type(gspace_flip_rot2d(Inf), 2 * do.call(
    quotient_repr, list(o2_group(), rotations = Inf)
  )))
  expect_identical(dim(nonlin_relu(x$type)(x)), c(2L, 4L, 9L, 9L))
  expect_error(quotient_repr(so3_group(), rotations = Inf), "infinitely many cosets", class = "intertwine_error_group")
})

test_that("intertwiners intertwine, and endomorphisms tell the type", {
  skip_if_no_python()
  G <- dihedral_group(3)
  a <- regular_repr(G)
  b <- quotient_repr(G, rotations = 1, axis = 0)
  maps <- intertwiners(a, b)
  expect_length(maps, 3)
  for (X in maps) {
    expect_equal(sum(X^2), 1)
    for (g in unclass(group_elements(G))) expect_equal(b(g) %*% X, X %*% a(g))
  }
  expect_length(endomorphisms(irrep(cyclic_group(3), frequency = 1)), 2)
  expect_length(endomorphisms(irrep(quaternion_group(), label = 4)), 4)
  expect_identical(endomorphisms(irrep(G, frequency = 1))[[1]], diag(2))
  expect_error(intertwiners(a, regular_repr(cyclic_group(3))), class = "intertwine_error_group")
})

test_that("a representation splits into irreps by its change of basis", {
  skip_if_no_python()
  G <- dihedral_group(3)
  rho <- regular_repr(G)
  parts <- split_irreps(rho)
  expect_length(parts$irreps, 4)
  Q <- parts$change_of_basis
  for (g in unclass(group_elements(G))) {
    expect_equal(t(Q) %*% rho(g) %*% Q, do.call(direct_sum, unclass(parts$irreps))(g))
    expect_equal(repr_character(rho, g), sum(diag(rho(g))))
  }
  turned <- change_basis(rho, Q, name = "turned")
  expect_equal(turned(group_elements(G)[[2]]), Q %*% rho(group_elements(G)[[2]]) %*% t(Q))
  expect_error(change_basis(rho, diag(6) * 2), class = "intertwine_error_argument_type")
})

test_that("functions on continuous groups are cut off at a frequency", {
  skip_if_no_python()
  G <- so3_group()
  expect_identical(dim(sphere_repr(G, 2)), c(9L, 9L))
  expect_identical(dim(spectral_regular_repr(G, frequency = 1)), c(10L, 10L))
  expect_true(all.equal(spectral_regular_repr(G, irreps = list(0, 1)), spectral_regular_repr(G, frequency = 1)))
  expect_identical(dim(spectral_quotient_repr(G, subgroup = "ico", frequency = 6)), c(14L, 14L))
  vectors <- spectral_induced_repr(G, irrep(so2_group(), frequency = 1), frequency = 1, rotations = Inf)
  expect_identical(unlist(summary(vectors)$irreps), c("1", "1"))
  expect_identical(dim(spectral_regular_repr(symmetric_group(3), irreps = irreps(symmetric_group(3))[3])), c(4L, 4L))
  expect_error(spectral_regular_repr(G), class = "intertwine_error_argument")
  expect_error(sphere_repr(octahedral_group(), 1), class = "intertwine_error_group")
})

test_that("solids have vertices, faces and edges, and groups their own matrices", {
  skip_if_no_python()
  expect_identical(dim(vertices_repr(octahedral_group()))[1], 8L)
  expect_identical(dim(faces_repr(octahedral_group()))[1], 6L)
  expect_identical(dim(edges_repr(icosahedral_group()))[1], 30L)
  expect_error(faces_repr(cyclic_group(4)), class = "intertwine_error_group")
  groups <- list(
    cyclic_group(1), cyclic_group(2), cyclic_group(5), dihedral_group(1), dihedral_group(4), so2_group(), o2_group(),
    so3_group(), o3_group(), octahedral_group(), icosahedral_group(), full_icosahedral_group(), cylinder_group(4),
    full_cylinder_group(3), cylinder_group(), point_group("Td")
  )
  for (G in groups) {
    g <- group_sample(G)[[1]]
    expect_equal(standard_repr(G)(g), as.matrix(g), info = format(G))
  }
  expect_error(standard_repr(symmetric_group(3)), class = "intertwine_error_group")
})
