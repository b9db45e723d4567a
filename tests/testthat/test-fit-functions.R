# Losses, metrics and schedules of the user's own.

regression <- function(n = 64) {
  x <- matrix(stats::rnorm(3 * n), n)
  list(x = x, y = x[, 1] - x[, 2])
}

line <- function(outputs = 1L) {
  torch <- reticulate::import("torch")
  torch$manual_seed(0L)
  torch$nn$Linear(3L, outputs)
}

own_mse <- function(output, target) ((output - target)^2) |> mean()

test_that("a loss of one's own trains as the named one does", {
  skip_if_no_python()
  set.seed(1)
  data <- regression()
  model <- line()
  named <- fit(model, data$x, data$y, epochs = 8, learn_rate = 0.1, seed = 1, loss = "mse")
  own <- fit(model, data$x, data$y, epochs = 8, learn_rate = 0.1, seed = 1, loss = own_mse)
  expect_equal(own$history$loss, named$history$loss, tolerance = 1e-5)
  expect_equal(evaluate(own, data$x, data$y), evaluate(named, data$x, data$y), tolerance = 1e-4)
})

test_that("whole numbers are classes to the losses of classes", {
  skip_if_no_python()
  set.seed(1)
  data <- regression()
  y <- factor(ifelse(data$y > 0, 1, 2))
  for (loss in c("cross_entropy", "focal", "dice")) {
    losses <- lapply(list(y, as.integer(y), as.double(y)), function(y) {
      fit(line(2L), data$x, y, loss = loss, epochs = 1, seed = 1)$history$loss
    })
    expect_identical(losses, rep(losses[1], 3))
  }
})

test_that("classes reach a loss as torch's own losses take them", {
  skip_if_no_python()
  set.seed(1)
  data <- regression()
  y <- factor(ifelse(data$y > 0, "up", "down"))
  model <- line(2L)
  torch <- reticulate::import("torch")
  own <- function(output, target) torch$nn$functional$cross_entropy(output, target)
  both <- lapply(list(NULL, own), function(loss) fit(model, data$x, y, epochs = 2, seed = 1, loss = loss)$history$loss)
  expect_equal(both[[2]], both[[1]], tolerance = 1e-5)
})

test_that("nothing that is missing reaches a function", {
  skip_if_no_python()
  set.seed(1)
  data <- regression()
  data$y[c(2, 7)] <- NA
  fitted <- fit(
    line(), data$x, data$y,
    na = "mask", epochs = 2, seed = 1,
    loss = function(output, target) {
      stopifnot(!anyNA(as.array(target)))
      own_mse(output, target)
    },
    metrics = list("mse", own = function(output, target) {
      stopifnot(!anyNA(target), length(output) == 62)
      mean((output - target)^2)
    })
  )
  expect_equal(fitted$history$own, fitted$history$mse, tolerance = 1e-5)
})

test_that("metrics come in every form, and are those of the whole epoch", {
  skip_if_no_python()
  set.seed(1)
  data <- regression()
  model <- line()
  torchmetrics <- reticulate::import("torchmetrics")
  my_rmse <- function(output, target) sqrt(mean((output - target)^2))
  columns <- function(metrics) {
    given <- metrics
    setdiff(names(fit(model, data$x, data$y, epochs = 1, seed = 1, metrics = given)$history), fixed)
  }
  fixed <- c("epoch", "split", "loss", "batches", "learn_rate", "seconds")
  expect_identical(columns("r2"), "r2")
  expect_identical(columns(c("rmse", "mae")), c("rmse", "mae"))
  expect_identical(columns(c(error = "rmse")), "error")
  expect_identical(columns(list("rmse", mine = my_rmse, my_rmse)), c("rmse", "mine", "metric_3"))
  expect_identical(columns(torchmetrics$MeanAbsoluteError()), "mean_absolute_error")
  expect_identical(columns(list(lib = torchmetrics$MeanAbsoluteError(), own = my_rmse)), c("lib", "own"))
  fitted <- fit(model, data$x, data$y, epochs = 1, metrics = my_rmse, batch_size = 7)
  expect_true("my_rmse" %in% names(fitted$history))
  expect_output(print(summary(fitted)), "metrics: my_rmse")
  scores <- lapply(c(1, 7, 64), function(size) {
    evaluate(fitted, data$x, data$y, metrics = list(my_rmse, "rmse", "r2", "mae"), batch_size = size)
  })
  expect_equal(scores[[1]], scores[[3]], tolerance = 1e-5)
  expect_equal(scores[[2]], scores[[3]], tolerance = 1e-5)
  predicted <- predict(fitted, data$x)
  expect_equal(scores[[1]][["my_rmse"]], my_rmse(predicted, data$y), tolerance = 1e-5)
  expect_equal(scores[[1]][["rmse"]], my_rmse(predicted, data$y), tolerance = 1e-5)
  # the metrics of the fit are the default, also after its session
  expect_named(evaluate(unserialize(serialize(fitted, NULL)), data$x, data$y), c("loss", "my_rmse"))
})

test_that("metrics of classes receive scores by level and a factor", {
  skip_if_no_python()
  set.seed(1)
  data <- regression()
  y <- factor(ifelse(data$y > 0, "up", "down"), levels = c("up", "down"))
  accuracy <- function(output, target) mean(colnames(output)[max.col(output)] == target)
  complete <- function(output, target) {
    is.factor(target) && identical(levels(target), c("up", "down")) && identical(dim(output), c(length(target), 2L))
  }
  fitted <- fit(line(2L), data$x, y, epochs = 2, metrics = list("accuracy", own = accuracy, complete), validation = 0.25)
  expect_equal(fitted$history$own, fitted$history$accuracy)
  expect_equal(fitted$history$complete, rep(1, 4))
  scores <- evaluate(fitted, data$x, y)
  expect_equal(scores[["own"]], mean(predict(fitted, data$x) == y))
  expect_equal(scores[["own"]], scores[["accuracy"]])
  # numbers of classes without names count from one
  by_number <- function(output, target) mean(max.col(output) == as.integer(target))
  numbers <- evaluate(fitted$module, data$x, as.integer(y), metrics = by_number)
  expect_equal(numbers[["by_number"]], scores[["own"]])
})

test_that("what functions give is checked, and their errors are heard", {
  skip_if_no_python()
  set.seed(1)
  data <- regression()
  refused <- function(class, ...) {
    expect_error(fit(line(), data$x, data$y, epochs = 1, ...), class = paste0("intertwine_error_", class))
  }
  for (leave in c(as.array, as.numeric, as.vector)) {
    left <- refused("argument_type", loss = function(output, target) mean((leave(output) - leave(target))^2))
    expect_match(conditionMessage(left), "leave torch")
  }
  expect_match(conditionMessage(refused("argument_type", loss = function(o, t) sd(o - t))), "leave torch")
  expect_match(conditionMessage(refused("callback", loss = function(o, t) var(o - t))), "receives torch tensors")
  refused("argument_type", loss = function(output, target) mean((as_torch(as.array(output)) - target)^2))
  refused("shape", loss = function(output, target) (output - target)^2)
  refused("argument_type", loss = 3)
  refused("argument", loss = "magic")
  refused("argument_type", metrics = 3)
  refused("argument_type", metrics = list(f = 3))
  refused("argument_type", metrics = function(output, target) output - target)
  refused("argument", metrics = list(loss = "rmse"))
  refused("argument", metrics = c("rmse", "rmse"))
  refused("argument_type", schedule = 3)
  refused("argument", schedule = function(progress) -1)
  for (broken in list(
    refused("callback", loss = function(output, target) stop("dropped it")),
    refused("callback", metrics = function(output, target) stop("dropped it")),
    refused("callback", schedule = function(progress) stop("dropped it"))
  )) {
    expect_match(conditionMessage(broken$parent), "dropped it")
  }
  # nothing half-changed
  expect_identical(fit(line(), data$x, data$y, epochs = 1)$stopped, "finished")
})

test_that("a checkpoint knows a function by its code", {
  skip_if_no_python()
  set.seed(1)
  data <- regression()
  folder <- withr::local_tempdir()
  model <- line()
  run <- function(loss, epochs) {
    fit(model, data$x, data$y, epochs = epochs, seed = 1, loss = loss, callbacks = callback_checkpoint(folder))
  }
  run(function(output, target) mean((output - target)^2), 1)
  # written anew, but the same
  anew <- eval(parse(text = "function(output,target)  mean( (output-target)^2 )  # a comment", keep.source = TRUE))
  again <- run(anew, 2)
  expect_equal(nrow(again$history), 2)
  expect_error(run(function(output, target) mean(abs(output - target)), 3), class = "intertwine_error")
})

test_that("a schedule receives the progress and gives the factor of the learning rate", {
  skip_if_no_python()
  set.seed(1)
  data <- regression()
  seen <- c()
  schedule <- function(progress) {
    seen <<- c(seen, progress)
    1 - progress
  }
  fitted <- fit(line(), data$x, data$y, epochs = 4, batch_size = 32, learn_rate = 0.1, schedule = schedule)
  expect_equal(seen, (0:7) / 8)
  expect_equal(fitted$history$learn_rate, 0.1 * (1 - c(1, 3, 5, 7) / 8))
})

test_that("output and target of other dimensions never meet as all pairs", {
  skip_if_no_python()
  set.seed(1)
  data <- regression(32)
  torch <- reticulate::import("torch")
  pixel <- torch$nn$Sequential(line(), torch$nn$Unflatten(1L, list(1L, 1L, 1L)))
  flat <- torch$nn$Sequential(line(), torch$nn$Flatten(0L))
  metric <- function(output, target) mean((output - target)^2)
  for (model in list(line(), pixel, flat)) {
    for (y in list(data$y, matrix(data$y))) {
      fitted <- fit(model, data$x, y, epochs = 1, loss = own_mse, metrics = list("mse", own = metric))
      expect_equal(fitted$history$own, fitted$history$mse, tolerance = 1e-5)
      scores <- evaluate(fitted, data$x, y)
      expect_equal(scores[["loss"]], mean((predict(fitted, data$x) - data$y)^2), tolerance = 1e-5)
    }
  }
  for (loss in list("mse", own_mse)) {
    expect_error(fit(line(2L), data$x, data$y, loss = loss), class = "intertwine_error_shape")
    expect_error(fit(line(), data$x, cbind(data$y, 1), loss = loss), class = "intertwine_error_shape")
  }
  expect_error(fit(line(), data$x, factor(data$y > 0)), class = "intertwine_error_shape")
})
