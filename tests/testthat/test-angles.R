calls <- function() {
  gs <- gspace_rot2d(N = 8)
  x <- images(array(seq_len(2 * 16), c(2, 1, 4, 4)), "nchw")
  list(
    group_element = function(...) group_element(gs, ...),
    group_element_3d = function(...) group_element(so3_group(), ...),
    transform = function(...) transform(x, ...)
  )
}

test_that("an angle in degrees is the same as in radians, and both are refused", {
  skip_if_no_python()
  for (name in names(calls())) {
    f <- calls()[[name]]
    expect_true(all.equal(f(degrees = 90), f(angle = pi / 2)), label = name)
    expect_error(f(degrees = 90, angle = 1), "Give one of them", class = "intertwine_error_argument")
    expect_error(f(degrees = "a"), "`degrees`", class = "intertwine_error_argument")
  }
})

test_that("radians that look like degrees are said, wherever an angle is taken", {
  skip_if_no_python()
  more <- list(
    gspace_flip2d = function(angle) gspace_flip2d(axis = angle),
    gspace_flip_rot2d = function(angle) gspace_flip_rot2d(N = 4, axis = angle),
    gspace_dihedral3d = function(angle) gspace_dihedral3d(N = 4, axis = angle),
    gspace_cone = function(angle) gspace_cone(N = 4, axis = angle),
    gspace_full_cylinder = function(angle) gspace_full_cylinder(N = 4, axis = angle),
    gspace_mirror3d = function(angle) gspace_mirror3d(axis = angle),
    euler = function(angle) group_element(so3_group(), euler = c(angle, 0, 0)),
    element = function(angle) transform(images(array(0, c(1, 1, 4, 4)), "nchw"), angle)
  )
  for (name in c(names(calls()), names(more))) {
    f <- c(calls(), more)[[name]]
    # elements of C8 at 90 radians do not exist
    expect_warning(try(f(angle = 90), silent = TRUE), "looks like degrees", class = "intertwine_warning_units")
    for (angle in c(pi / 4, 0)) expect_no_warning(f(angle = angle))
  }
})

test_that("degrees that look like radians are said", {
  expect_warning(in_degrees(c(0, pi / 2)), "looks like radians", class = "intertwine_warning_units")
  expect_no_warning(in_degrees(c(0, 1, 3, 6, 45, 360)))
  expect_error(in_degrees("a"), class = "intertwine_error_argument")
})

test_that("axes of spaces and of restrictions may be given in degrees", {
  skip_if_no_python()
  expect_true(gspace_flip2d(degrees = 30) == gspace_flip2d(axis = pi / 6))
  expect_true(gspace_flip_rot2d(4, degrees = 45) == gspace_flip_rot2d(4, axis = pi / 4))
  expect_true(gspace_full_cylinder(4, degrees = 30) == gspace_full_cylinder(4, axis = pi / 6))
  expect_true(gspace_mirror3d(degrees = 0) == gspace_mirror3d(axis = 0))
  O2 <- gspace_flip_rot2d(Inf)
  expect_true(restrict(O2, rotations = 2, degrees = 90) == restrict(O2, rotations = 2, axis = pi / 2))
  type <- field_type(O2, vector = 1)
  expect_true(restrict_module(type, rotations = 1, degrees = 45)$out_type == restrict(type, rotations = 1, axis = pi / 4))
  expect_error(gspace_flip2d(axis = 1, degrees = 30), "both an `axis`", class = "intertwine_error_argument")
  expect_error(restrict(O2, rotations = 1, axis = 0, degrees = 30), "both an `axis`", class = "intertwine_error_argument")
  expect_error(gspace_flip2d(degrees = "a"), "`degrees` must be one number", class = "intertwine_error_argument")
})
