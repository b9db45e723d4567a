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
    gspace_flip1d()
    gspace_octa()
    gspace_full_cylinder(N = 2)
    gspace_rot3d(max_frequency = 1)
    gspace(point_group("Td"))
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

test_that("every space of the table is one, as Python makes it", {
  skip_if_no_python()
  table <- gspaces()
  for (k in which(!grepl("(G)", table$space, fixed = TRUE))) {
    make <- get(sub("\\(.*", "", table$space[k]))
    python <- intertwine_py()$gspaces[[table$python[k]]]
    gs <- if (grepl("(N)", table$space[k], fixed = TRUE)) make(N = 4) else make()
    expect_s3_class(gs, "gspace")
    expected <- switch(table$elements[k], "N" = 4, "2 N" = 8, "4 N" = 16, all = Inf, as.numeric(table$elements[k]))
    expect_identical(group_order(gs), expected, info = table$space[k])
    if (!grepl("(N)", table$space[k], fixed = TRUE)) expect_true(gs == python(), info = table$space[k])
  }
  expect_identical(group_order(gspace_cone()), Inf)
})

test_that("axes and directions are where they are said to be", {
  skip_if_no_python()
  mirror <- group_element(gspace_mirror3d(axis = 0), flip = 1)
  expect_equal(group_element_as(mirror, "matrix", gs = gspace_mirror3d(axis = 0)), diag(c(1, -1, 1)))
  gs <- gspace_full_cylinder(N = 4, axis = pi / 4)
  half_turn <- rbind(c(0, 1, 0), c(1, 0, 0), c(0, 0, -1))
  expect_equal(group_element_as(group_element(gs, matrix = half_turn), "matrix", gs = gs), half_turn)
  turn <- group_element(so3_group(), angle = -pi / 2, axis = c(0, 1, 0))
  gs <- gspace_axis3d(N = 4, adjoint = turn)
  quarter <- standard_repr(gs)(group_element(gs, rotation = 1))
  expect_equal(quarter[, 1], c(1, 0, 0))
  expect_error(gspace_cone(N = 4, adjoint = diag(3)), class = "intertwine_error_argument_type")
  expect_error(gspace_cylinder(N = 0), class = "intertwine_error_argument")
})

test_that("any group is a space by its matrices", {
  skip_if_no_python()
  S3 <- symmetric_group(3)
  gs <- gspace(S3, action = irrep(S3, label = 2))
  expect_identical(gs$dimensionality, 2L)
  expect_identical(group_order(gs), 6)
  expect_true(gspace(octahedral_group()) == gspace_octa())
  expect_length(exact_elements(gspace_rot2d(8)), 4)
  expect_length(exact_elements(gspace_octa()), 24)
  expect_error(gspace(S3), class = "intertwine_error_representation")
  expect_error(gspace(S3, action = regular_repr(S3)), class = "intertwine_error_representation")
  expect_error(gspace("S3"), class = "intertwine_error_argument_type")
  # Layers work on it at once.
  triangle <- gspace(point_group("C3v"))
  type <- field_type(gs, trivial = 1)
  conv <- type |> r2_conv(out = c(regular = 1), kernel_size = 3)
  expect_identical(n_channels(conv$out_type), 6L)
})

test_that("different actions of isomorphic groups print differently", {
  skip_if_no_python()
  on <- list(
    plane = list(gspace_trivial2d(), gspace_flip2d(), gspace_flip2d(axis = 0), gspace_rot2d(N = 2), gspace_flip_rot2d(N = 2),
      gspace_flip_rot2d(N = 4), gspace_flip_rot2d(N = 4, axis = 0), gspace_rot2d(N = 8), gspace_rot2d(N = Inf)),
    space = list(gspace_mirror3d(), gspace_inversion3d(), gspace_axis3d(N = 2), gspace_dihedral3d(N = 2), gspace_cone(N = 2),
      gspace_cylinder(N = 2), gspace_dihedral3d(N = 4), gspace_cone(N = 4), gspace_dihedral3d(), gspace_cone(),
      gspace_octa(), gspace_full_octa(), gspace_ico(), gspace_full_ico(), gspace_rot3d(), gspace_flip_rot3d())
  )
  for (spaces in on) {
    expect_false(anyDuplicated(vapply(spaces, function(gs) format(gs)[1], "")) > 0)
    types <- vapply(spaces, function(gs) format(suppressWarnings(field_type(gs, trivial = 1))), "")
    expect_false(anyDuplicated(types) > 0)
  }
  expect_match(format(gspace_flip2d())[1], "C2 (mirror) on R^2", fixed = TRUE)
  expect_match(format(gspace_rot2d(N = 2))[1], "C2 (half turn) on R^2", fixed = TRUE)
  x <- array(0, c(1, 2, 3, 3))
  turned <- geometric_tensor(x, field_type(gspace_rot2d(2), regular = 1))
  mirrored <- geometric_tensor(x, field_type(gspace_flip2d(), regular = 1))
  expect_error(
    turned + mirrored,
    "C2 (half turn) on R^2: 1 x regular = 2 channels and C2 (mirror) on R^2: 1 x regular = 2 channels",
    fixed = TRUE
  )
})
