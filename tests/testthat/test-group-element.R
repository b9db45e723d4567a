test_that("elements print and multiply", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  g <- group_element(gs, rotation = 1)
  expect_snapshot({
    g
    g * g
    g^-1
    g^6
    group_elements(gs)
    group_elements(dihedral_group(2))
    group_element(gspace_flip_rot2d(N = 4), rotation = 1, flip = 1)
    group_element(so2_group(), angle = pi / 6)
    group_element(so3_group(), angle = pi / 3, axis = c(1, 2, 2))
    group_elements(point_group("C2h"))
    group_elements(symmetric_group(3))
    group_elements(full_cylinder_group(2))
    group_elements(octahedral_group())[c(1, 5, 24)]
    group_generators(quaternion_group())
    group_generators(so3_group())
  })
  expect_true(g == group_element(gs, angle = pi / 2))
  expect_true(g^-1 == group_element(gs, rotation = -1))
  expect_true(g * g^-1 == group_identity(gs))
  expect_true(g != g * g)
  expect_identical(group_order(gs), 4)
  expect_identical(group_order(dihedral_group(6)), 12)
  expect_true(group_elements(gs)[[1]] == group_identity(gs))
  expect_length(c(g, g, group_elements(gs)), 6)
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
  for (gs in list(gspace_flip2d(), gspace_flip1d(), gspace_mirror3d())) {
    mirror <- group_element(gs, flip = 1)
    expect_true(mirror * mirror == group_identity(gs))
    expect_equal(det(group_element_as(mirror, "matrix", gs = gs)), -1)
    expect_error(group_element(gs, rotation = 1), class = "intertwine_error_group")
  }
})

test_that("rotations of space are named in every way, and give it back", {
  skip_if_no_python()
  turn <- rbind(c(0, 0, 1), c(1, 0, 0), c(0, 1, 0))
  for (G in list(so3_group(), o3_group(), octahedral_group(), full_octahedral_group(), point_group("T"), gspace_octa())) {
    g <- group_element(G, angle = 2 * pi / 3, axis = c(1, 1, 1))
    expect_identical(format(g), "120 deg about (1, 1, 1)")
    expect_equal(as.matrix(g), turn)
    expect_true(g == group_element(G, matrix = turn))
    expect_true(g == group_element(G, quaternion = c(0.5, 0.5, 0.5, 0.5)))
    expect_true(g == group_element(G, euler = group_element_as(g, "euler", order = "XYZ"), order = "XYZ"))
    expect_equal(group_element_as(g, "quaternion"), rep(0.5, 4))
    expect_equal(group_element_as(g)$angle, 2 * pi / 3)
    expect_equal(group_element_as(g)$axis, rep(1 / sqrt(3), 3))
    expect_identical(group_order(g), 3)
  }
  z <- group_element(so3_group(), angle = 1)
  expect_equal(group_element_as(z), list(angle = 1, axis = c(0, 0, 1), inversion = FALSE))
  expect_equal(as.matrix(group_element(so3_group(), euler = c(0.3, 0, 0), order = "ZYZ"))[1, 1], cos(0.3))
})

test_that("the inversion makes mirrors", {
  skip_if_no_python()
  for (G in list(o3_group(), full_octahedral_group(), full_cylinder_group(4), gspace_cylinder(2), point_group("Oh"))) {
    g <- group_element(G, angle = pi, inversion = TRUE)
    expect_identical(format(g), "mirror of (0, 0, 1)")
    expect_equal(as.matrix(g), diag(c(1, 1, -1)))
    expect_true(g == group_element(G, matrix = diag(c(1, 1, -1))))
  }
  expect_equal(as.matrix(group_element(o3_group(), inversion = TRUE)), -diag(3))
  expect_true(attr(group_element_as(group_element(o3_group(), inversion = TRUE), "quaternion"), "inversion"))
  g <- group_element(gspace_cone(), matrix = diag(c(-1, 1, 1)))
  expect_equal(group_element_as(g, "matrix", gs = gspace_cone()), diag(c(-1, 1, 1)))
})

test_that("elements of any finite group have positions and names", {
  skip_if_no_python()
  G <- symmetric_group(4)
  for (position in c(1, 2, 24)) {
    expect_identical(group_element_as(group_element(G, position = position), "position"), as.integer(position))
  }
  g <- group_element(G, permutation = c(2, 3, 1, 4))
  expect_identical(format(g), "(1 2 3)")
  expect_identical(group_element_as(g, "permutation"), c(2L, 3L, 1L, 4L))
  expect_true(group_element(G, name = "(1 2 3)") == g)
  expect_true(group_element(quaternion_group(), name = "i")^2 == group_element(quaternion_group(), name = "-1"))
  expect_error(group_element(G, position = 0), class = "intertwine_error_position")
  expect_error(group_element(G, position = 25), class = "intertwine_error_position")
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
    show_error(g * 2)
    show_error(g + g)
    show_error(g * group_element(cyclic_group(8), rotation = 1))
    show_error(group_element(octahedral_group(), angle = 1, axis = c(0, 0, 1)))
    show_error(group_element(octahedral_group(), rotation = 1))
    show_error(group_element(so3_group(), axis = c(0, 0, 1)))
    show_error(group_element(so3_group(), angle = 1, axis = c(0, 0, 0)))
    show_error(group_element(so3_group(), angle = 1, axis = 1))
    show_error(group_element(so3_group(), quaternion = c(1, 1, 1, 1)))
    show_error(group_element(so3_group(), matrix = diag(c(1, 1, -1))))
    show_error(group_element(so3_group(), matrix = diag(2)))
    show_error(group_element(so3_group(), angle = 1, axis = c(0, 0, 1), quaternion = c(0, 0, 0, 1)))
    show_error(group_element(so3_group(), position = 2))
    show_error(group_element(symmetric_group(3), angle = 1))
    show_error(group_element(symmetric_group(3), permutation = c(1, 1, 2)))
    show_error(group_element(symmetric_group(3), name = "(4 5)"))
    show_error(group_element(symmetric_group(3), name = "()", position = 1))
    show_error(group_elements(so3_group()))
  })
})

test_that("samples and grids are elements", {
  skip_if_no_python()
  set.seed(1)
  first <- group_sample(so3_group(), 3)
  set.seed(1)
  again <- group_sample(so3_group(), 3)
  expect_length(first, 3)
  for (k in 1:3) expect_true(first[[k]] == again[[k]])
  expect_true(all(vapply(group_sample(octahedral_group(), 5), inherits, NA, "group_element")))
  expect_length(group_grid(so3_group(), "cube"), 24)
  expect_length(group_grid(o3_group(), "ico"), 120)
  expect_length(group_grid(so2_group(), N = 5), 5)
  expect_length(group_grid(cylinder_group(), N = 5), 10)
  expect_length(group_grid(so3_group(), "rand", N = 7), 7)
  expect_length(group_grid(octahedral_group()), 24)
  expect_identical(dim(sphere_grid("ico")), c(30L, 3L))
  expect_equal(unname(rowSums(sphere_grid("thomson", N = 12)^2)), rep(1, 12))
  expect_identical(dim(sphere_grid("longlat", N = 8, M = 5)), c(26L, 3L))
  set.seed(2)
  points <- sphere_grid("rand", N = 3)
  set.seed(2)
  expect_identical(sphere_grid("rand", N = 3), points)
  expect_error(group_grid(so3_group(), "spiral"), class = "intertwine_error_argument")
  expect_error(group_grid(so2_group()), class = "intertwine_error_argument")
  expect_length(group_testing_elements(octahedral_group()), 24)
})

test_that("quadrature integrates characters", {
  skip_if_no_python()
  for (G in list(so3_group(), o3_group(), so2_group(), octahedral_group())) {
    rule <- group_quadrature(G, 4)
    expect_equal(sum(rule$weights), 1)
    rho <- irrep(G, frequency = 1)
    values <- vapply(rule$elements, function(g) repr_character(rho, g), 1)
    expect_equal(sum(rule$weights * values), 0)
    expect_equal(sum(rule$weights * values^2), length(endomorphisms(rho)))
  }
})
