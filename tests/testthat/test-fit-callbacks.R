toy <- function(n = 40) {
  list(x = images(array(stats::runif(n * 49), c(n, 7, 7))), y = factor(rep(c("a", "b"), length.out = n)))
}

toy_model <- function() {
  field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 3) |>
    head_classes(n = 2)
}

torch_loss <- function(output, target) reticulate::import("torch")$nn$functional$cross_entropy(output, target)

test_that("callbacks hear of each epoch and may stop", {
  skip_if_no_python()
  data <- toy()
  heard <- list()
  listen <- function(logs) {
    heard[[length(heard) + 1]] <<- logs
    logs$epoch < 3
  }
  fitted <- fit(toy_model(), data$x, data$y, epochs = 9, callbacks = listen)
  expect_identical(fitted$stopped, "callback")
  expect_equal(vapply(heard, function(logs) logs$epoch, 0), 1:3)
  expect_true(all(c("loss", "accuracy", "seconds") %in% names(heard[[1]])))
  expect_equal(nrow(fitted$history), 3)
})

test_that("callbacks may come as a list", {
  skip_if_no_python()
  data <- toy()
  counts <- c(epoch = 0, batch = 0)
  fit(toy_model(), data$x, data$y, epochs = 2, callbacks = list(
    function(logs) counts["epoch"] <<- counts["epoch"] + 1,
    callback_function(on_batch_end = function(logs) counts["batch"] <<- counts["batch"] + 1)
  ))
  expect_equal(counts[["epoch"]], 2)
})

test_that("the error of a callback arrives as parent", {
  skip_if_no_python()
  data <- toy()
  failing <- function(logs) rlang::abort("my metric failed", class = "my_metric_error")
  condition <- expect_error(
    fit(toy_model(), data$x, data$y, callbacks = failing),
    class = "intertwine_error_callback"
  )
  expect_s3_class(condition$parent, "my_metric_error")
})

test_that("training stops early at the best weights", {
  skip_if_no_python()
  data <- toy()
  fitted <- fit(
    toy_model(), data$x, data$y,
    epochs = 100, validation = 0.5, learn_rate = 0.1, callbacks = callback_stop_early(patience = 2)
  )
  expect_identical(fitted$stopped, "early")
  held <- fitted$history[fitted$history$split == "validation", ]
  expect_equal(fitted$best_epoch, which.min(held$loss))
})

test_that("a checkpoint is gone on from", {
  skip_if_no_python()
  data <- toy()
  folder <- withr::local_tempdir()
  model <- toy_model()
  fit(model, data$x, data$y, epochs = 2, callbacks = callback_checkpoint(folder))
  more <- fit(model, data$x, data$y, epochs = 4, callbacks = callback_checkpoint(folder))
  expect_equal(max(more$history$epoch), 4)
  expect_equal(nrow(more$history), 4)
})

test_that("a diverging loss is mentioned", {
  skip_if_no_python()
  data <- toy()
  expect_warning(
    fitted <- fit(toy_model(), data$x * 1e18, data$y, epochs = 30, learn_rate = 1e18, optimizer = "sgd"),
    class = "intertwine_warning_diverged"
  )
  expect_identical(fitted$stopped, "diverged")
})

test_that("Ctrl-C stops cleanly, twenty times in a row, and history is kept", {
  skip_if_no_python()
  skip_on_os("windows")
  folder <- withr::local_tempdir()
  script <- c(
    "data <- list(x = images(array(runif(64 * 169), c(64, 13, 13))), y = factor(rep(c('a', 'b'), 32)))",
    "model <- field_type(gspace_rot2d(N = 4), trivial = 1) |>",
    "  r2_conv(out = c(regular = 2), kernel_size = 5) |> head_classes(n = 2)",
    sprintf("folder <- '%s'", folder),
    "cat(Sys.getpid(), file = file.path(folder, 'pid'))",
    "for (round in 1:20) {",
    "  begun <- function(logs) file.create(file.path(folder, paste0('begun', round)))",
    "  fitted <- suppressWarnings(fit(model, data$x, data$y, epochs = 1e6, batch_size = 8, callbacks = begun))",
    "  cat(round, fitted$stopped, nrow(fitted$history) > 0, all(is.finite(fitted$history$loss)), '\\n')",
    "}",
    "cat('still alive\\n')"
  )
  interrupt <- function() {
    limit <- Sys.time() + 60
    for (round in 1:20) {
      begun <- file.path(folder, paste0("begun", round))
      while (!file.exists(begun) && Sys.time() < limit) Sys.sleep(0.02)
      if (!file.exists(begun)) break
      tools::pskill(as.integer(readLines(file.path(folder, "pid"), warn = FALSE)), tools::SIGINT)
    }
  }
  output <- r_session(script, meanwhile = interrupt)
  expect_identical(utils::tail(output, 1), "still alive")
  expect_length(grep("interrupted TRUE TRUE", output), 20)
})

test_that("callbacks print", {
  expect_snapshot({
    callback_function(on_epoch_end = print)
    callback_stop_early(patience = 3)
    callback_checkpoint("folder")
  })
  expect_error(callback_function("print"), class = "intertwine_error_argument_type")
  expect_error(callback_stop_early(0), class = "intertwine_error_argument")
  expect_identical(c(callback_stop_early(2), callback_function()), list(callback_stop_early(2), callback_function()))
})

test_that("a checkpoint belongs to one run", {
  skip_if_no_python()
  data <- toy()
  folder <- withr::local_tempdir()
  run <- function(x = data$x, y = data$y, model = toy_model(), epochs = 3, ...) {
    fit(model, x, y, epochs = epochs, callbacks = callback_checkpoint(folder), ...)
  }
  whole <- run(loss = function(output, target) torch_loss(output, target))
  seed <- whole$settings$seed
  file <- file.path(folder, "last.ckpt")
  before <- tools::md5sum(file)
  refused <- function(code, words) {
    condition <- expect_error(code, class = "intertwine_error_checkpoint")
    expect_match(conditionMessage(condition), words)
    expect_s3_class(condition, "intertwine_error_model_file")
  }
  same_loss <- function(output, target) torch_loss(output, target)
  refused(run(loss = same_loss, x = data$x * 0.5), "x holds other values")
  refused(run(loss = same_loss, y = factor(data$y, labels = c("c", "d"))), "labels was")
  refused(run(loss = same_loss, y = rev(data$y)), "y holds other values")
  refused(run(loss = same_loss, batch_size = 5), "batch_size was 32 and is 5")
  refused(run(loss = same_loss, seed = 3), "seed was")
  refused(run(loss = same_loss, validation = 0.5), "validation was NULL and is 0.5")
  refused(run(loss = same_loss, augment = function(x) x), "augment was")
  refused(run(), "loss was")
  refused(run(loss = function(output, target) 2 * torch_loss(output, target)), "loss was")
  refused(run(loss = same_loss, model = field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 3), kernel_size = 3) |> head_classes(n = 2)), "state.0.weights was")
  # a finished run stays as it is, weights and history and file
  again <- run(loss = same_loss)
  expect_identical(again$history[names(again$history) != "seconds"], whole$history[names(whole$history) != "seconds"])
  expect_identical(predict(again, data$x, type = "prob"), predict(whole, data$x, type = "prob"))
  expect_identical(again$settings$seed, seed)
  expect_identical(tools::md5sum(file), before)
  expect_equal(max(run(loss = same_loss, epochs = 5)$history$epoch), 5)
})

test_that("a callback that stops at the best epoch gives the best weights", {
  skip_if_no_python()
  data <- toy()
  held <- list(data$x[1:10], data$y[1:10])
  set.seed(4)
  stops <- function(logs) logs$epoch < 2
  fitted <- fit(toy_model(), data$x, data$y,
    epochs = 9, validation = held, learn_rate = 0.01,
    callbacks = list(callback_stop_early(patience = 5), stops)
  )
  expect_identical(fitted$stopped, "callback")
  losses <- fitted$history$loss[fitted$history$split == "validation"]
  expect_equal(fitted$best_epoch, which.min(losses))
  expect_equal(evaluate(fitted, held[[1]], held[[2]])[["loss"]], min(losses), tolerance = 1e-5)
})

test_that("after divergence the best finite module comes back", {
  skip_if_no_python()
  data <- toy()
  calls <- 0
  explodes <- function(output, target) {
    calls <<- calls + 1
    torch_loss(output, target) * (if (calls > 5) Inf else 1)
  }
  expect_warning(
    fitted <- fit(toy_model(), data$x, data$y, epochs = 9, loss = explodes, batch_size = 20),
    "the weights of epoch 2",
    class = "intertwine_warning_diverged"
  )
  expect_identical(fitted$stopped, "diverged")
  expect_identical(fitted$best_epoch, 2L)
  expect_true(all(is.finite(predict(fitted, data$x, type = "prob"))))
  expect_match(paste(format(fitted), collapse = " "), "the weights are those of epoch 2")
})

test_that("errors on the way have the fit so far", {
  skip_if_no_python()
  data <- toy()
  fails <- function(what) {
    function(...) {
      count <<- count + 1
      if (count > 3) stop("dropped it")
      what(...)
    }
  }
  arguments <- list(
    callbacks = function(logs) TRUE, augment = function(x) x, schedule = function(progress) 1,
    loss = function(output, target) torch_loss(output, target)
  )
  for (name in names(arguments)) {
    count <- 0
    condition <- expect_error(
      do.call(fit, c(list(toy_model(), data$x, data$y, epochs = 9), stats::setNames(list(fails(arguments[[name]])), name))),
      class = "intertwine_error_callback"
    )
    expect_match(conditionMessage(condition$parent), "dropped it")
    expect_s3_class(condition$fit, "intertwine_fit")
    expect_identical(condition$fit$stopped, "failed")
    expect_gte(max(condition$fit$history$epoch), 1)
    expect_length(predict(condition$fit, data$x[1:3]), 3)
    count <- -100
    expect_gt(max(fit(condition$fit, data$x, data$y, epochs = 1)$history$epoch), 1)
  }
  folder <- withr::local_tempdir()
  dir.create(file.path(folder, "run"))
  vanish <- function(logs) if (logs$epoch == 2) unlink(file.path(folder, "run"), recursive = TRUE)
  condition <- expect_error(
    fit(toy_model(), data$x, data$y,
      epochs = 9, callbacks = list(vanish, callback_checkpoint(file.path(folder, "run")))
    ),
    class = "intertwine_error_checkpoint"
  )
  expect_equal(max(condition$fit$history$epoch), 3)
  expect_match(conditionMessage(condition), "field `fit`")
})

test_that("an image that vanishes is an error with the fit so far", {
  skip_if_no_python()
  skip_if_not_installed("png")
  folder <- withr::local_tempdir()
  for (i in 1:6) {
    dir.create(file.path(folder, c("a", "b")[1 + i %% 2]), showWarnings = FALSE)
    png::writePNG(matrix(i / 8, 7, 7), file.path(folder, c("a", "b")[1 + i %% 2], paste0(i, ".png")))
  }
  condition <- expect_error(
    fit(toy_model(), image_folder(folder), epochs = 3, callbacks = function(logs) unlink(file.path(folder, "a", "2.png"))),
    class = "intertwine_error_sample"
  )
  expect_equal(max(condition$fit$history$epoch), 1)
})

test_that("a second run in the folder is refused", {
  skip_if_no_python()
  data <- toy()
  folder <- withr::local_tempdir()
  kept <- callback_checkpoint(folder)
  caught <- NULL
  second <- function(logs) {
    caught <<- rlang::catch_cnd(fit(toy_model(), data$x, data$y, epochs = 1, callbacks = kept), "error")
  }
  fit(toy_model(), data$x, data$y, epochs = 1, callbacks = list(second, kept))
  expect_s3_class(caught, "intertwine_error_checkpoint")
  expect_match(conditionMessage(caught), "nother run uses the folder")
})
