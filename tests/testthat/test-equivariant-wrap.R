grey <- function(gs = gspace_rot2d(N = 4)) field_type(gs, trivial = 1)

plain_net <- function(out) {
  torch <- reticulate::import("torch")
  torch$nn$Sequential(torch$nn$Conv2d(1L, 3L, 3L, padding = 1L), torch$nn$Tanh(), torch$nn$Conv2d(3L, out, 3L, padding = 1L))
}

test_that("plain networks become equivariant by each method", {
  skip_if_no_python()
  set.seed(1)
  gs <- gspace_rot2d(N = 4)
  x <- array(rnorm(2 * 49), c(2, 1, 7, 7))
  for (method in c("average", "frames", "canonical")) {
    model <- make_equivariant(plain_net(2L), grey(gs), field_type(gs, vector = 1), method = method)
    expect_s3_class(model, "equivariant_module")
    expect_equivariant(model)
    expect_equal(dim(model(x)), c(2, 2, 7, 7))
  }
  file <- withr::local_tempfile(fileext = ".safetensors")
  intertwine_save(model, file)
  expect_equal(intertwine_load(file)(x), model(x))
})

test_that("set.seed() governs the weights of learned poses", {
  skip_if_no_python()
  net <- plain_net(1L)
  made <- function() {
    set.seed(3)
    make_equivariant(net, grey(), grey(), method = "canonical", prior = 0.1)
  }
  x <- array(rnorm(49), c(1, 1, 7, 7))
  expect_equal(made()(x), made()(x))
})

test_that("points are turned by their axes", {
  skip_if_no_python()
  torch <- reticulate::import("torch")
  gs <- gspace_none(so2_group())
  type <- field_type(gs, 4 * irrep(gs, frequency = 1))
  for (method in c("frames", "canonical")) {
    model <- make_equivariant(torch$nn$Linear(8L, 3L), type, method = method)
    x <- matrix(rnorm(16), 2)
    turn <- kronecker(diag(4), rbind(c(cos(1), -sin(1)), c(sin(1), cos(1))))
    expect_equal(model(x %*% t(turn)), model(x), tolerance = 1e-4)
  }
})

test_that("settings belong to their methods", {
  skip_if_no_python()
  net <- plain_net(1L)
  expect_error(make_equivariant(net, grey(), prior = 1), "samples", class = "intertwine_error_argument")
  expect_error(make_equivariant(net, grey(), method = "mean"), class = "intertwine_error")
  expect_error(make_equivariant(1, grey()), class = "intertwine_error_argument_type")
  expect_error(make_equivariant(net, grey(), samples = 9), "elements", class = "intertwine_error_argument")
})

test_that("planar weights are lifted and projected", {
  skip_if_no_python()
  torch <- reticulate::import("torch")
  planar <- torch$nn$Conv2d(1L, 2L, 3L)
  gs <- gspace_rot2d(N = 4)
  lifted <- lift_conv(planar, grey(gs), field_type(gs, regular = 2))
  expect_lt(lifted$residual, 1e-5)
  expect_equivariant(lifted$layer)
  back <- project_conv(lifted$layer)
  expect_lt(back$residual, 1e-5)
  expect_equal(as.array(back$conv$weight), as.array(planar$weight), tolerance = 1e-5)
  expect_error(lift_conv(planar, grey(gs), field_type(gs, regular = 3)), class = "intertwine_error_field_type")
})
