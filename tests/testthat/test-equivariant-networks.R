few_digits <- function() {
  digits <- digits_data()
  list(x = digits$x[1:30], y = digits$y[1:30])
}

test_that("a residual network does not see quarter turns", {
  skip_if_no_python()
  d <- few_digits()
  fitted <- equivariant_resnet(d$x, d$y, gspace_rot2d(N = 4), depths = c(1, 2), widths = c(2, 4), epochs = 1)
  expect_equal(predict(fitted, transform(d$x, degrees = 90)), predict(fitted, d$x), tolerance = 1e-4)
  narrow <- equivariant_resnet(
    d$x, d$y, gspace_rot2d(N = 4),
    depths = c(1, 1), widths = c(4, 8), bottleneck = TRUE, norm = "layer", train = FALSE
  )
  expect_equivariant(narrow, size = 8)
})

test_that("an answer for each pixel moves with the image", {
  skip_if_no_python()
  d <- few_digits()
  pixels <- as.array(d$x)[, 1, , ]
  ink <- factor(ifelse(pixels > 0.5, "ink", "paper"))
  dim(ink) <- dim(pixels)
  fitted <- equivariant_unet(d$x, ink, gspace_rot2d(N = 4), widths = c(2, 4), epochs = 1)
  expect_equal(dim(predict(fitted, d$x[1:3], type = "class")), c(3, 8, 8))
  net <- equivariant_unet(d$x, ink, gspace_rot2d(N = 4), widths = c(2, 4), norm = "instance", train = FALSE)
  expect_equivariant(net, size = 8)
  directions <- array(stats::rnorm(2 * length(pixels)), c(30, 2, dim(pixels)[2:3]))
  net <- equivariant_unet(d$x, directions, gspace_rot2d(N = 4), widths = c(2, 4), out = c(vector = 1), train = FALSE)
  expect_equivariant(net, size = 8)
  expect_equal(dim(net(d$x[1:2])), c(2, 2, 8, 8))
})

test_that("volumes, signals, measurements and restriction", {
  skip_if_no_python()
  volumes <- array(stats::rnorm(4 * 6^3), c(4, 1, 6, 6, 6))
  net <- equivariant_cnn(volumes, factor(c(1, 2, 1, 2)), widths = c(1, 1), kernel_size = 3, train = FALSE)
  expect_equivariant(net, size = 6)
  expect_equal(ncol(net(volumes)), 2)
  d <- few_digits()
  fitted <- equivariant_cnn(d$x, stats::rnorm(30), gspace_rot2d(N = 4), widths = c(2, 2), kernel_size = 3, epochs = 1)
  expect_length(predict(fitted, d$x), 30)
  space <- gspace_flip_rot2d(N = 4)
  net <- equivariant_cnn(d$x, d$y, space, widths = c(2, 2), restrict = list("2" = gspace_flip2d()), train = FALSE)
  expect_equal(group_order(net$symmetry), 2)
  expect_snapshot({
    show_error(equivariant_cnn(d$x, d$y, space, restrict = list("7" = gspace_flip2d())))
    show_error(equivariant_cnn(d$x, d$y, space, restrict = gspace_flip2d()))
    show_error(equivariant_cnn(d$x, d$y, gspace_rot2d(N = 4), restrict = list("2" = gspace_flip2d())))
    show_error(equivariant_unet(d$x, d$y, gspace_octa()))
    show_error(equivariant_unet(d$x[1:2], 1:2, widths = c(1, 1, 1, 1, 1)))
    show_error(equivariant_resnet(d$x, d$y, norm = "group"))
    show_error(equivariant_resnet(d$x, d$y, depths = 1))
  })
})

test_that("heads give directions, places and numbers", {
  skip_if_no_python()
  d <- few_digits()
  space <- gspace_flip_rot2d(N = 4)
  places <- matrix(stats::rnorm(60), 30, 2)
  options <- list(x = d$x, group = space, widths = c(2, 2), kernel_size = 3)
  net <- do.call(equivariant_cnn, c(options, head = list(head_fields(out = c(vector = 1))), train = FALSE))
  expect_equivariant(net, size = 8)
  found <- do.call(equivariant_cnn, c(options, list(y = places, head = head_points(), epochs = 1, augment = "rotations")))
  expect_equal(dim(predict(found, d$x[1:3])), c(3, 2))
  pixels <- equivariant_linear(out = c(trivial = 2))
  net <- do.call(equivariant_cnn, c(options, head = list(pixels), downsample = FALSE, train = FALSE))
  expect_equal(dim(net(d$x[1:2])), c(2, 2, 8, 8))
  net <- equivariant_unet(d$x, group = space, widths = c(2, 2), head = head_points(n = 3), train = FALSE, parameters = 3000)
  expect_equal(dim(net(d$x[1:2])), c(2, 6))
  net <- equivariant_unet(
    d$x, d$y, space,
    widths = c(2, 2), restrict = list("2" = gspace_flip2d()), out = c(vector = 1), train = FALSE
  )
  expect_equal(group_order(net$symmetry), 2)
  net <- equivariant_resnet(
    array(0, c(2, 1, 6, 6, 6)), factor(1:2), gspace_rot3d(), depths = c(1, 1), widths = c(1, 1), frequency = 1, train = FALSE
  )
  expect_equivariant(net, size = 6)
  expect_snapshot({
    show_error(equivariant_cnn(d$x, group = space))
    show_error(equivariant_cnn(d$x, group = space, head = "points"))
    show_error(equivariant_unet(d$x, d$y, space, nonlinearity = "tanh"))
  })
})

test_that("folders of images, and of images with masks", {
  skip_if_no_python()
  skip_if_not_installed("png")
  root <- withr::local_tempdir()
  for (folder in c("classes/a", "classes/b", "images", "masks")) dir.create(file.path(root, folder), recursive = TRUE)
  set.seed(1)
  for (i in 1:6) {
    ink <- matrix(stats::runif(64) > 0.5, 8, 8)
    png::writePNG(ink * 0.7, file.path(root, "images", paste0(i, ".png")))
    png::writePNG(ink * 1, file.path(root, "masks", paste0(i, ".png")))
    png::writePNG(ink * 1, file.path(root, "classes", c("a", "b")[1 + i %% 2], paste0(i, ".png")))
  }
  fitted <- equivariant_cnn(
    image_folder(file.path(root, "classes"), size = 8),
    group = gspace_rot2d(N = 4), widths = c(2, 2), kernel_size = 3, epochs = 1
  )
  expect_equal(fitted$levels, c("a", "b"))
  masked <- image_folder(file.path(root, "images"), size = 8, masks = file.path(root, "masks"))
  expect_equal(masked$masks$levels, c("0", "255"))
  expect_output(print(masked), "masks of 2 classes: 0, 255")
  fitted <- equivariant_unet(masked, group = gspace_rot2d(N = 4), widths = c(2, 2), epochs = 30, learn_rate = 0.03)
  answer <- predict(fitted, masked[1:2], type = "class")
  expect_equal(dim(answer), c(2, 8, 8))
  truth <- png::readPNG(file.path(root, "masks", masked$files[1]))
  expect_gt(mean(answer[1, , ] == ifelse(truth > 0.5, "255", "0")), 0.9)
  expect_gt(evaluate(fitted, masked)[["accuracy"]], 0.9)
  expect_error(equivariant_unet(image_folder(file.path(root, "images"), size = 8)), class = "intertwine_error_argument")
  unlink(file.path(root, "masks", "1.png"))
  expect_error(
    image_folder(file.path(root, "images"), size = 8, masks = file.path(root, "masks")),
    class = "intertwine_error_file"
  )
})

test_that("transformers, networks of ordinary layers, voxels that are no cubes, and channels that turn", {
  skip_if_no_python()
  d <- few_digits()
  space <- gspace_rot2d(N = 4)
  fitted <- equivariant_transformer(d$x, d$y, space, width = 2, depth = 1, patch = 2, reach = 1, epochs = 1)
  expect_equal(predict(fitted, transform(d$x, degrees = 90), "prob"), predict(fitted, d$x, "prob"), tolerance = 1e-4)
  far <- equivariant_transformer(
    d$x, d$y, space,
    depth = 2, patch = 4, reach = NULL, parameters = 2000, restrict = list("2" = gspace_rot2d(N = 2)), train = FALSE
  )
  expect_equal(n_parameters(far), 2000, tolerance = 0.5)
  expect_equal(group_order(far$symmetry), 2)
  path <- withr::local_tempfile()
  for (net in list(
    fitted, plain_resnet(d$x, d$y, depths = c(1, 1), widths = c(2, 4), epochs = 1),
    plain_unet(d$x, as.array(d$x), widths = c(2, 4), depth = 1, epochs = 1)
  )) {
    intertwine_save(net, path)
    expect_identical(predict(intertwine_load(path), d$x[1:2]), predict(net, d$x[1:2]))
  }
  volumes <- array(stats::rnorm(2 * 6 * 8 * 8), c(2, 1, 6, 8, 8))
  flat <- list(volumes, factor(1:2), gspace_axis3d(N = 4), widths = c(1, 1), spacing = c(2, 1, 1), train = FALSE)
  for (make in list(equivariant_cnn, equivariant_resnet, equivariant_unet)) {
    given <- flat
    if (!identical(make, equivariant_cnn)) given$kernel_size <- 3
    if (identical(make, equivariant_resnet)) given$depths <- c(1, 1)
    if (identical(make, equivariant_unet)) given[[2]] <- volumes
    net <- do.call(make, given)
    expect_equivariant(net, size = c(6, 8, 8))
    expect_equal(unlist(net[[1]]$spacing), c(2, 1, 1))
  }
  net <- plain_cnn(volumes, factor(1:2), widths = c(1, 1), kernel_size = 3, train = FALSE)
  expect_equal(dim(predict(net, volumes)), c(2, 2))
  net <- equivariant_cnn(
    d$x, d$y, gspace_rot2d(Inf),
    widths = c(1, 1), kernel_size = 3, restrict = list("2" = list(rotations = 4)), train = FALSE
  )
  expect_equal(group_order(net$symmetry), 4)
  flow <- array(stats::rnorm(4 * 2 * 8 * 8), c(4, 2, 8, 8))
  net <- equivariant_cnn(flow, factor(c(1, 2, 1, 2)), field_type(space, vector = 1), widths = c(1, 1), train = FALSE)
  expect_equivariant(net, size = 8)
  expect_equal(n_channels(net$in_type), 2)
  pixels <- equivariant_unet(d$x, group = space, widths = c(1, 1), out = field_type(space, vector = 1), train = FALSE)
  expect_equal(dim(pixels(d$x[1:2])), c(2, 2, 8, 8))
})
