test_that("the volume of a head is there without Python", {
  head <- mri_data()
  expect_s3_class(head, "images")
  expect_equal(dim(head), c(1, 1, 25, 41, 33))
  expect_equal(range(head), c(0, 1))
  # A head is nearly the same from the left and from the right, and from no other side.
  voxels <- head[[1]]
  expect_gt(cor(as.vector(voxels), as.vector(voxels[, , 33:1])), 0.6)
  expect_lt(cor(as.vector(voxels), as.vector(voxels[, 41:1, ])), 0.4)
})

test_that("molecules have their atoms where chemistry has them", {
  data <- molecules_data()
  expect_equal(nrow(data$molecules), 148)
  expect_equal(as.vector(table(data$atoms$molecule)), data$molecules$atoms)
  expect_identical(levels(data$atoms$molecule), data$molecules$molecule)
  methane <- molecules_data("CH4")
  expect_identical(methane$atoms$element, c("C", "H", "H", "H", "H"))
  bonds <- sqrt(rowSums(methane$atoms[-1, c("x", "y", "z")]^2))
  expect_equal(unname(bonds), rep(1.0897, 4), tolerance = 1e-3)
  # It takes 109.5 kcal/mol to part hydrogen, and 420 to part methane.
  expect_equal(methane$molecules$atomization, 420.2, tolerance = 1e-3)
  expect_equal(molecules_data("H2")$molecules$atomization, 109.6, tolerance = 1e-3)
  both <- molecules_data(c("H2O", "CH4"))
  expect_identical(levels(both$atoms$molecule), c("H2O", "CH4"))
  expect_identical(both$atoms$element[1], "O")
  expect_error(molecules_data("H3O"), class = "intertwine_error_argument")
  expect_error(molecules_data(3), class = "intertwine_error_argument")
})
