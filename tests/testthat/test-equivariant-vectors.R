test_that("a perceptron turns with the columns of its input", {
  skip_if_no_python()
  set.seed(1)
  vectors <- matrix(stats::rnorm(50 * 9), 50)
  y <- vectors[, 1:3] * rowSums(vectors[, 4:6] * vectors[, 7:9])
  type <- field_type(gspace_none(so3_group()), irrep_1 = 3)
  fitted <- equivariant_mlp(vectors, y, type, out = c(irrep_1 = 1), widths = 4, norm = "rms", epochs = 2)
  expect_equivariant(fitted$module)
  turned <- geometric_tensor(vectors, type) |> transform(group_element(type$gspace, quaternion = c(0, 0, 1, 1) / sqrt(2)))
  expect_equal(predict(fitted, turned)[, 1], -predict(fitted, vectors)[, 2], tolerance = 1e-4)
  again <- equivariant_mlp(geometric_tensor(vectors, type), data.frame(a = y[, 1], b = y[, 2]), widths = c(2, 2), epochs = 1)
  expect_equal(colnames(predict(again, vectors)), c("a", "b"))
  path <- withr::local_tempfile()
  intertwine_save(again, path)
  expect_equal(predict(intertwine_load(path), vectors), predict(again, vectors))
  classes <- equivariant_mlp(
    vectors, factor(y[, 1] > 0), type,
    parameters = 500, restrict = list("2" = list(rotations = 4)), train = FALSE
  )
  expect_equal(ncol(classes(vectors)), 2)
})

test_that("a network on points turns with them, learns, and is saved", {
  skip_if_no_python()
  set.seed(1)
  atoms <- molecules_data(c("H2O", "CH4", "CO2", "CH3OH"))$atoms
  x <- geometric_tensor(
    outer(atoms$element, c("H", "C", "O"), "==") + 0, field_type(gspace_flip_rot3d(), trivial = 3),
    coords = atoms[c("x", "y", "z")]
  )
  oxygen <- c(H2O = 1, CH4 = 0, CO2 = 2, CH3OH = 1)
  fitted <- equivariant_point_network(x, oxygen, atoms$molecule, radius = 2, widths = 2, epochs = 5, batch_size = 2)
  edges <- radius_graph(x, 2, batch = atoms$molecule, loop = TRUE)
  counted <- rowsum(as.array(fitted$module(x, edges)), atoms$molecule, reorder = FALSE)
  expect_equal(counted[, 1], oxygen[rownames(counted)], tolerance = 1e-3)
  force <- equivariant_point_network(
    x,
    radius = 2, edges = edges, out = c(vector = 1), widths = c(1, 1), norm = "layer", train = FALSE
  )
  expect_equivariant(force)
  path <- withr::local_tempfile()
  intertwine_save(force, path)
  expect_equal(as.array(intertwine_load(path)(x, edges)), as.array(force(x, edges)))
  expect_equal(nrow(summary(force)), 7)
})
