# Small, and separable: bright top or bright bottom.
two_classes <- function(n = 60, size = 9) {
  x <- array(stats::runif(n * size * size, 0, 0.2), c(n, size, size))
  y <- factor(rep(c("top", "bottom"), length.out = n), levels = c("top", "bottom"))
  x[y == "top", 1:4, ] <- x[y == "top", 1:4, ] + 0.8
  x[y == "bottom", 6:9, ] <- x[y == "bottom", 6:9, ] + 0.8
  list(x = images(x), y = y)
}

small_model <- function(n = NULL, gs = gspace_flip2d()) {
  sequential_module(
    field_type(gs, trivial = 1),
    r2_conv(out = c(regular = 4), kernel_size = 5), batchnorm_inner(), nonlin_relu(), head_classes(n = n)
  )
}

test_that("fit() learns, keeps its history and leaves the module alone", {
  skip_if_no_python()
  set.seed(1)
  data <- two_classes()
  model <- small_model(2)
  before <- predict(model, data$x[1:3])
  fitted <- fit(model, data$x, data$y, epochs = 8, learn_rate = 0.02, validation = 0.25)
  expect_s3_class(fitted, "intertwine_fit")
  expect_identical(predict(model, data$x[1:3]), before)
  expect_identical(fitted$stopped, "finished")
  expect_identical(fitted$levels, c("top", "bottom"))
  expect_identical(fitted$input_size, c(1L, 9L, 9L))
  expect_s3_class(fitted$history, "data.frame")
  expect_identical(fitted$history$epoch, rep(1:8, each = 2))
  expect_identical(fitted$history$split, rep(c("train", "validation"), 8))
  expect_true(is.double(fitted$history$loss))
  first <- fitted$history$loss[1]
  expect_lt(fitted$history$loss[15], first)
  expect_equal(fitted$batches, 8 * 2)
})

test_that("the head is filled from the factor", {
  skip_if_no_python()
  data <- two_classes(20)
  fitted <- fit(small_model(), data$x, data$y, epochs = 1)
  expect_equal(dim(predict(fitted, data$x[1:3], type = "prob")), c(3, 2))
})

test_that("set.seed() governs, and seed does", {
  skip_if_no_python()
  data <- two_classes(30)
  run <- function(...) {
    model <- small_model()
    fit(model, data$x, data$y, epochs = 2, ...)$history$loss
  }
  set.seed(7)
  one <- run()
  set.seed(7)
  expect_identical(run(), one)
  expect_false(identical(run(), one))
})

test_that("targets may be strings, logicals, class numbers or measurements", {
  skip_if_no_python()
  data <- two_classes(20)
  model <- small_model(2)
  expect_identical(fit(model, data$x, as.character(data$y), epochs = 1)$levels, c("bottom", "top"))
  expect_identical(fit(model, data$x, data$y == "top", epochs = 1)$levels, c("FALSE", "TRUE"))
  expect_identical(fit(model, data$x, as.integer(data$y), epochs = 1)$levels, c("1", "2"))
  numbers <- fit(model, data$x, matrix(stats::rnorm(40), 20), epochs = 1)
  expect_identical(numbers$kind, "numeric")
  expect_true("rmse" %in% names(numbers$history))
  expect_equal(dim(predict(numbers, data$x)), c(20, 2))
  expect_identical(fit(model, data$x, matrix(1:40, 20), epochs = 1, loss = "mse")$kind, "numeric")
})

test_that("each pixel may have a target, and some none", {
  skip_if_no_python()
  set.seed(2)
  x <- images(array(stats::runif(12 * 9 * 9), c(12, 9, 9)))
  bright <- as.array(x, "nhw") > 0.5
  y <- factor(ifelse(bright, "bright", "dark"))
  dim(y) <- dim(bright)
  model <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(trivial = 2), kernel_size = 3, padding = 1)
  fitted <- fit(model, x, y, epochs = 3, learn_rate = 0.05)
  guess <- predict(fitted, x)
  expect_s3_class(guess, "factor")
  expect_equal(dim(guess), dim(bright))
  expect_equal(dim(predict(fitted, x, type = "prob")), c(12, 2, 9, 9))
  expect_equal(sum(confusion_table(fitted, x, y)), length(y))

  y[1:3, , ] <- NA
  expect_error(fit(model, x, y, epochs = 1), class = "intertwine_error_missing_values")
  masked <- fit(model, x, y, epochs = 1, na = "mask")
  expect_equal(sum(confusion_table(masked, x, y, na = "mask")), sum(!is.na(y)))
  numbers <- as.array(x, "nchw")
  numbers <- numbers[, c(1, 1), , ]
  numbers[1, 1, 1, 1] <- NA
  expect_error(fit(model, x, numbers, epochs = 1), class = "intertwine_error_missing_values")
  expect_true(is.finite(fit(model, x, numbers, epochs = 1, na = "mask")$history$loss))
})

test_that("classes may be weighted", {
  skip_if_no_python()
  data <- two_classes(20)
  for (weights in list("balanced", c(bottom = 3), c(1, 2))) {
    fitted <- fit(small_model(), data$x, data$y, epochs = 1, class_weights = weights)
    expect_true(is.finite(fitted$history$loss))
  }
  expect_error(
    fit(small_model(), data$x, data$y, class_weights = c(left = 2)),
    class = "intertwine_error_argument"
  )
  expect_error(fit(small_model(), data$x, data$y, class_weights = c(1, 2, 3)), class = "intertwine_error_argument")
})

test_that("images may be changed on the way, and errors of that are heard", {
  skip_if_no_python()
  data <- two_classes(20)
  seen <- 0
  brighter <- function(batch) {
    seen <<- seen + length(batch)
    batch + 0.1
  }
  fit(small_model(), data$x, data$y, epochs = 2, augment = brighter)
  expect_equal(seen, 40)
  expect_s3_class(fit(small_model(), data$x, data$y, epochs = 1, augment = "rotations"), "intertwine_fit")
  broken <- expect_error(
    fit(small_model(), data$x, data$y, augment = function(batch) stop("dropped it")),
    class = "intertwine_error_callback"
  )
  expect_match(conditionMessage(broken$parent), "dropped it")
  expect_error(
    fit(small_model(), data$x, data$y, augment = function(batch) batch[1]),
    class = "intertwine_error_callback"
  )
})

test_that("a fit is trained on: two fits are one", {
  skip_if_no_python()
  data <- two_classes(20)
  model <- small_model(2)
  bare <- function(fitted) fitted$history[names(fitted$history) != "seconds"]
  options <- list(batch_size = 6, learn_rate = 0.02, seed = 3, validation = 0.25, optimizer = "sgd", weight_decay = 1e-3)
  run <- function(epochs) do.call(fit, c(list(model, data$x, data$y, epochs = epochs), options))
  whole <- run(5)
  first <- run(2)
  more <- fit(first, data$x, as.character(data$y), epochs = 3)
  expect_identical(more$levels, first$levels)
  expect_identical(bare(more), bare(whole))
  expect_identical(predict(more, data$x, type = "prob"), predict(whole, data$x, type = "prob"))
  expect_equal(more$settings[names(options)], whole$settings[names(options)])
  expect_equal(more$settings$epochs, 5)
  expect_equal(max(first$history$epoch), 2)
  expect_error(fit(first, data$x, rep("left", 20)), class = "intertwine_error_argument")

  # what is given anew is new
  anew <- fit(first, data$x, data$y, epochs = 1, learn_rate = 0.5, optimizer = "adam", batch_size = 20)
  expect_equal(anew$history$learn_rate[5], 0.5)
  expect_equal(anew$history$batches[5], 1)
  expect_identical(anew$settings$optimizer, "adam")

  # as well in another session, or from a file
  path <- withr::local_tempfile(fileext = ".rds")
  saveRDS(first, path)
  expect_identical(bare(fit(readRDS(path), data$x, data$y, epochs = 3)), bare(whole))
  file <- withr::local_tempfile(fileext = ".safetensors")
  intertwine_save(first, file)
  loaded <- fit(intertwine_load(file), data$x, data$y, epochs = 1)
  expect_equal(max(loaded$history$epoch), 3)
  expect_equal(loaded$history$learn_rate[5], 0.02)
})

test_that("metrics, early stopping and functions go on as well", {
  skip_if_no_python()
  data <- two_classes(20)
  size <- function(output, target) mean(abs(output))
  dim_it <- function(x) x * 0.9
  first <- fit(small_model(), data$x, data$y,
    epochs = 1, metrics = list("accuracy", size), augment = dim_it, callbacks = callback_stop_early(patience = 7),
    class_weights = c(top = 2), schedule = function(progress) 0.5, clip_norm = 1
  )
  more <- fit(first, data$x, data$y, epochs = 1)
  expect_true(all(c("accuracy", "size") %in% names(more$history)))
  expect_false(anyNA(more$history$size))
  expect_identical(more$settings$patience, first$settings$patience)
  expect_identical(more$settings$augment, dim_it)
  expect_equal(more$history$learn_rate, c(5e-4, 5e-4))
  expect_identical(fit(more, data$x, data$y, epochs = 1, callbacks = callback_stop_early(2))$settings$patience, 2L)
  expect_output(print(summary(more)), "patience: 7")
})

test_that("bad input is refused before anything starts", {
  skip_if_no_python()
  data <- two_classes(20)
  model <- small_model(2)
  refused <- function(code, class = "argument") expect_error(code, class = paste0("intertwine_error_", class))
  refused(fit(model, data$x, data$y[-1]), "shape")
  refused(fit(model, data$x), "argument")
  refused(fit(model, data$x, 0:19), "argument")
  refused(fit(model, data$x, replace(data$y, 2, NA)), "missing_values")
  refused(fit(model, replace(as.array(data$x), 3, NA), data$y), "missing_values")
  refused(fit(model, as.array(data$x, "nhw"), data$y), "shape")
  refused(fit(model, "pictures", data$y), "argument_type")
  refused(fit(model, list("a"), data$y), "argument")
  refused(fit(model, iris, data$y), "argument_type")
  refused(fit(model, data$x, list(1)), "argument_type")
  refused(fit(model, data$x, data$y, epochs = 0))
  refused(fit(model, data$x, data$y, epochs = 1.5))
  refused(fit(model, data$x, data$y, batch_size = -1))
  refused(fit(model, data$x, data$y, learn_rate = "fast"))
  refused(fit(model, data$x, data$y, learn_rate = -1))
  refused(fit(model, data$x, data$y, optimizer = "adamm"))
  refused(fit(model, data$x, data$y, validation = 2))
  refused(fit(model, data$x, data$y, validation = "some"), "argument_type")
  refused(fit(model, data$x, data$y, metrics = "beauty"))
  refused(fit(model, data$x, data$y, callbacks = "none"), "argument_type")
  refused(fit(model, images(array(0, c(20, 2, 9, 9)), "nchw"), data$y), "shape")
  refused(fit(model, data$x, factor(rep(1:4, 5))), "shape")
  # nothing half-changed: the model still trains
  expect_identical(fit(model, data$x, data$y, epochs = 1)$stopped, "finished")
})

test_that("a level without samples is mentioned", {
  skip_if_no_python()
  data <- two_classes(20)
  y <- factor(data$y, levels = c("top", "bottom", "left"))
  expect_warning(
    fitted <- fit(small_model(), data$x, y, epochs = 1),
    class = "intertwine_warning_levels"
  )
  expect_length(fitted$levels, 3)
})

test_that("ordinary torch modules are trained as well", {
  skip_if_no_python()
  torch <- reticulate::import("torch")
  model <- torch$nn$Sequential(torch$nn$Flatten(), torch$nn$Linear(81L, 2L))
  data <- two_classes(20)
  fitted <- fit(model, data$x, data$y, epochs = 1)
  expect_s3_class(predict(fitted, data$x), "factor")
})

test_that("a fit survives saveRDS()", {
  skip_if_no_python()
  data <- two_classes(20)
  fitted <- fit(small_model(), data$x, data$y, epochs = 1)
  path <- withr::local_tempfile(fileext = ".rds")
  saveRDS(fitted, path)
  again <- readRDS(path)
  # the reference inside of it is dead; the weights are not
  expect_identical(predict(again, data$x, type = "prob"), predict(fitted, data$x, type = "prob"))
  expect_identical(again$history, fitted$history)

  in_new_session <- r_session(c(
    sprintf("again <- readRDS(\"%s\")", path),
    "print(again)",
    "x <- images(array(seq(0, 1, length.out = 81), c(1, 9, 9)))",
    "cat(format(predict(again, x, type = \"prob\"), digits = 6), sep = \"\\n\")"
  ))
  x <- images(array(seq(0, 1, length.out = 81), c(1, 9, 9)))
  expect_equal(utils::tail(in_new_session, 2), as.vector(format(predict(fitted, x, type = "prob"), digits = 6)))

  bare <- fit(small_model(), data$x, data$y, epochs = 1, keep_state = FALSE)
  saveRDS(bare, path)
  expect_error(predict(readRDS(path), data$x), class = "intertwine_error_dead_pointer")
})

test_that("printed forms read well", {
  skip_if_no_python()
  set.seed(3)
  data <- two_classes(20)
  fitted <- fit(small_model(), data$x, data$y, epochs = 2, validation = list(data$x[1:5], data$y[1:5]))
  no_numbers <- function(lines) {
    lines <- gsub("[0-9]+\\.[0-9]+ s", "<seconds> s", lines)
    gsub("(loss|accuracy) +[0-9.]+", "\\1 <value>", lines)
  }
  expect_snapshot(fitted, transform = no_numbers)
})

directions <- function(n = 32, seed = 1) {
  angle <- withr::with_seed(seed, stats::runif(n, 0, 2 * pi))
  at <- expand.grid(up = 6:-6, right = -6:6)
  spot <- function(a) matrix(exp(-((at$right - 3 * cos(a))^2 + (at$up - 3 * sin(a))^2) / 4), 13)
  list(x = images(aperm(sapply(angle, spot, simplify = "array"), c(3, 1, 2)), "nhw"), y = cbind(cos(angle), sin(angle)))
}

direction_model <- function(gs = gspace_flip_rot2d(N = 4)) {
  field_type(gs, trivial = 1) |>
    r2_conv(out = c(vector = 1), kernel_size = 9, padding = 4) |>
    pool_adaptive_avg(1)
}

test_that("targets turn with their images", {
  skip_if_no_python()
  data <- directions()
  gs <- gspace_flip_rot2d(N = 4)
  losses <- lapply(list(NULL, "rotations"), function(augment) {
    set.seed(1)
    model <- direction_model(gs)
    fit(model, data$x, data$y, epochs = 12, batch_size = 8, learn_rate = 0.2, augment = augment, seed = 1)$history$loss
  })
  # an equivariant network cannot tell turned data from others, if the targets turn too
  expect_equal(losses[[1]], losses[[2]], tolerance = 1e-3)
  expect_lt(losses[[2]][12], 0.1)
  expect_error(
    fit(direction_model(gs), data$x, data$y, target_type = field_type(gs, irrep_1_1 = 1), epochs = 1),
    class = "intertwine_error_field_type"
  )
  expect_snapshot({
    show_error(fit(direction_model(), data$x, data$y, target_type = "vector"))
    show_error(fit(plain_cnn(data$x, factor(rep(1:2, 16)), train = FALSE), data$x, data$y, augment = "rotations"))
  })
  typed <- geometric_tensor(array(data$y, c(32, 2, 1, 1)), field_type(gs, vector = 1))
  expect_s3_class(fit(direction_model(gs), data$x, typed, epochs = 1, augment = "rotations"), "intertwine_fit")
  plain <- plain_cnn(data$x, factor(rep(1:2, 16)), train = FALSE)
  turned <- fit(
    plain, data$x, data$y,
    epochs = 1, augment = "rotations", target_type = field_type(gspace_rot2d(N = Inf), vector = 1)
  )
  expect_s3_class(turned, "intertwine_fit")
})

test_that("a function of x and y may change both", {
  skip_if_no_python()
  data <- directions()
  gs <- gspace_flip_rot2d(N = 4)
  seen <- NULL
  turn <- function(x, y) {
    g <- group_sample(gs)[[1]]
    seen <<- y
    list(x = transform(x, g, gs = gs), y = y %*% t(standard_repr(gs)(g)))
  }
  fitted <- fit(direction_model(gs), data$x, data$y, epochs = 12, batch_size = 8, learn_rate = 0.2, augment = turn, seed = 1)
  expect_lt(fitted$history$loss[12], 0.1)
  expect_identical(dim(seen), c(8L, 2L))
  classes <- two_classes(20)
  labels <- function(x, y) {
    seen <<- y
    list(x, y)
  }
  fit(small_model(), classes$x, classes$y, epochs = 1, augment = labels)
  expect_identical(levels(seen), levels(factor(classes$y)))
  for (wrong in list(function(x, y) x, function(x, y) list(x, y[1:2]), function(x, y) list(x, rep("none", length(y))))) {
    expect_error(
      fit(small_model(), classes$x, classes$y, epochs = 1, augment = wrong),
      class = "intertwine_error_callback"
    )
  }
})

test_that("targets from which something else than meant would be learned are said", {
  skip_if_no_python()
  linear <- function(outputs) reticulate::import("torch")$nn$Linear(2L, outputs)
  train <- function(y, outputs = 2L, x = matrix(rnorm(24), 12), ...) {
    fit(linear(outputs), x, y, epochs = 1, verbose = FALSE, ...)
  }
  classes <- factor(rep(c("a", "b"), 6))
  expect_error(train(factor(rep("a", 12))), "\"a\"", class = "intertwine_error_levels")
  expect_error(train(factor(rep(1:3, 4))), class = "intertwine_error_class_count")
  expect_warning(train(classes, 3L), class = "intertwine_warning_class_count_warning")
  for (y in list(rep(c(0, 1), 6), rep(c(1, 2), 6), rep(c(1, 2, 3), 4))) {
    expect_warning(train(y, 1L), "measurements, not as classes", class = "intertwine_warning_doubles")
    expect_no_warning(train(y, 1L, loss = "mse"))
  }
  for (y in list(rnorm(12), rep(c(0, 0.5), 6), rep(c(2, 4), 6), 1:12 + 0)) expect_no_warning(train(y, 1L))
})

test_that("tables and matrices of other packages are taken, or refused in words", {
  skip_if_no_python()
  skip_if_not_installed("Matrix")
  linear <- reticulate::import("torch")$nn$Linear(2L, 2L)
  x <- matrix(c(rnorm(23), 0), 12)
  y <- factor(rep(c("a", "b"), 6))
  train <- function(x, y) fit(linear, x, y, epochs = 1, verbose = FALSE, seed = 1)
  right <- predict(train(x, y), x, type = "prob")
  for (other in list(Matrix::Matrix(x), Matrix::Matrix(x, sparse = TRUE), as.data.frame(x))) {
    expect_equal(unname(predict(train(other, y), other, type = "prob")), unname(right))
  }
  expect_equal(predict(train(x, data.frame(class = y)), x, type = "prob"), right)
  expect_identical(train(x, data.frame(a = rnorm(12), b = rnorm(12)))$outputs, c("a", "b"))
  expect_equal(train(x, Matrix::Matrix(matrix(rnorm(24), 12)))$kind, "numeric")
  expect_equal(as.array(as_torch(Matrix::Matrix(x))), x, tolerance = 1e-6)
  for (wrong in list(
    data.frame(y, z = y), data.frame(y, z = 1), data.frame(row.names = 1:12), Sys.Date() + 1:12, Sys.time() + 1:12,
    Sys.time() - Sys.time() + 1:12, data.frame(d = Sys.Date() + 1:12), list(1, 2)
  )) {
    expect_error(train(x, wrong), "`y` must", class = "intertwine_error_argument_type")
  }
})

test_that("a damaged fit says so", {
  skip_if_no_python()
  x <- matrix(rnorm(24), 12)
  fitted <- fit(reticulate::import("torch")$nn$Linear(2L, 1L), x, rnorm(12), epochs = 1, verbose = FALSE)
  broken <- function(change) {
    parts <- change(unclass(unserialize(serialize(fitted, NULL))))
    structure(parts, class = "intertwine_fit")
  }
  damages <- list(
    function(x) list(), function(x) x[setdiff(names(x), "history")], function(x) x[setdiff(names(x), "kind")],
    function(x) x[setdiff(names(x), "live")], function(x) {
      x$live <- new.env()
      x$state <- as.raw(1:100)
      x
    }
  )
  for (damage in damages) {
    expect_error(
      {
        predict(broken(damage), x)
        format(broken(damage))
      },
      class = "intertwine_error_damaged_fit"
    )
  }
})
