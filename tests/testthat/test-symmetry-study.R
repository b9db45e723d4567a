# Bars that stand or lie: small images whose class a quarter turn changes.
bars <- function(n = 80) {
  set.seed(1)
  standing <- rep(c(TRUE, FALSE), n / 2)
  x <- array(0, c(n, 9, 9))
  for (i in seq_len(n)) {
    place <- sample(9, 1)
    if (standing[i]) x[i, 2:8, place] <- 1 else x[i, place, 2:8] <- 1
  }
  list(x = images(x), y = factor(ifelse(standing, "standing", "lying")))
}

small_study <- function(x = NULL, y = NULL, ...) {
  settings <- list(
    schedules = c("C4", "D1"), rivals = "plain", depth = 2, budget = c(parameters = 300), learn_rates = 0.03, epochs = 1,
    transforms = "as_is", max_seeds = 3
  )
  do.call(symmetry_study, c(list(x, y), utils::modifyList(settings, list(...))))
}

# One study for all tests that only look at it.
shared <- new.env()
shared_study <- function() {
  if (is.null(shared$study)) {
    data <- bars()
    shared$study <- small_study(
      data$x, data$y, transforms = c("as_is", "rotations"), train_sizes = 24, size_seeds = 2,
      backbone_options = list(kernel_size = 3)
    )
  }
  shared$study
}

# An object as a study of another session leaves it, with numbers that never change.
kept_study <- function() {
  ranks <- data.frame(
    rank = 1:4, candidate = c("D4 | D4 | C1", "D4 | C1 | C1", "plain", "C4"),
    kind = c("schedule", "schedule", "plain", "schedule"), schedule = c("D4 | D4 | C1", "D4 | C1 | C1", "", "C4"),
    seeds = c(9L, 9L, 4L, 3L), validation = c(0.97, 0.96, 0.94, 0.88),
    test = c(0.962, 0.958, 0.929, 0.872), test_low = c(0.95, 0.94, 0.91, 0.85), test_high = c(0.975, 0.97, 0.95, 0.9),
    leader_is = c("", "equivalent", "better", "better"), difference = c(0, 0.004, 0.033, 0.09),
    low = c(NA, -0.002, 0.02, 0.07),
    high = c(NA, 0.009, 0.045, 0.11), more_seeds = NA_integer_, more_samples = NA_integer_, reason = "", parameters = 20000L,
    operations = c(3e6, 2e6, 1e6, 4e6), seconds = 2, memory_mb = 300, equivariance_error = 0.1, learn_rate = 0.01
  )
  table <- data.frame(
    candidate = rep(ranks$candidate, ranks$seeds), phase = "race", train_size = 1000L, seed = sequence(ranks$seeds),
    learn_rate = 0.01, transform = "as_is", status = "ok", message = ""
  )
  means <- data.frame(
    candidate = rep(ranks$candidate, 2), phase = rep(c("race", "sizes"), each = 4),
    train_size = rep(c(1000L, 300L), each = 4),
    transform = "as_is", mean = c(ranks$test, ranks$test - 0.05), std_err = 0.004, n = 3L
  )
  angles <- data.frame(
    candidate = rep(ranks$candidate, each = 8), degrees = rep(seq(0, 315, 45), 4), score = rep(c(0.9, 0.5, 0.3, 0.4), 8)
  )
  structure(
    list(
      table = table, ranks = ranks, means = means, angles = angles, words = c("Take it.", "It is good."),
      notes = character(), pictures = c("schedules", "angles", "sizes", "cost"), stopped = "finished", seconds = 84,
      settings = list(depth = 3, epochs = 8),
      compared = TRUE, metric = "accuracy", judge = "as_is", margin = 0.01, alpha = 0.05, n_train = 1000, n_test = 450,
      levels = c("a", "b"), live = new.env()
    ),
    class = "intertwine_symmetry_study"
  )
}

test_that("a study prints its order, with differences, intervals and verdicts", {
  study <- kept_study()
  expect_snapshot(print(study))
  study$ranks
  expect_snapshot(print(summary(study)))
  expect_snapshot(print(glance(study)))
  expect_snapshot(str(study))
  expect_identical(tidy(study), study_ranks(study))
  expect_identical(as.data.frame(study), study$table)
})

test_that("losses are no percents", {
  study <- unclass(kept_study())
  study$metric <- "mse"
  expect_no_match(format(structure(study, class = "intertwine_symmetry_study")), "%|points")
})

test_that("a study of another session says how to go on", {
  study <- kept_study()
  expect_snapshot({
    show_error(update(study))
    show_error(study_best(study))
    show_error(c(study, study))
    show_error(study_ranks(study, "rotations"))
    show_error(study$best)
    show_error(plot(study, "angle"))
  })
})

test_that("pictures show each candidate once, and the intervals of the ranks", {
  study <- kept_study()
  chart <- ggplot2::ggplot_build(ggplot2::autoplot(study))
  steps <- chart$data[[1]]
  expect_identical(nrow(steps), 12L)
  heights <- (steps$ymax - steps$ymin)[1:3]
  expect_true(heights[1] == heights[2] && heights[2] > heights[3])
  segments <- Filter(function(layer) all(c("xend", "yend") %in% names(layer)), chart$data)[[1]]
  expect_equal(sort(segments$x), sort(-100 * study$ranks$high[-1]))
  expect_equal(sort(segments$xend), sort(-100 * study$ranks$low[-1]))
  for (type in c("angles", "sizes", "cost")) expect_s3_class(ggplot2::autoplot(study, type), "ggplot")
  path <- withr::local_tempfile(fileext = ".png")
  grDevices::png(path)
  expect_identical(plot(study), study)
  grDevices::dev.off()
  kept <- unclass(study)
  kept$pictures <- "schedules"
  expect_snapshot(show_error(plot(structure(kept, class = "intertwine_symmetry_study"), "sizes")))
})

test_that("sizes of groups are those of the groups", {
  expect_identical(group_size_by_name(c("C1", "C8", "D1", "D4", "Oh", "C4v", "D4h")), c(1, 8, 2, 8, 48, 8, 16))
})

# A package that is nothing but some functions.
fake_package <- function(library, name, code) {
  folder <- file.path(withr::local_tempdir(), name)
  dir.create(file.path(folder, "R"), recursive = TRUE)
  about <- c(paste("Package:", name), "Version: 0.0.1", "Title: T", "Description: D.", "License: MIT")
  writeLines(about, file.path(folder, "DESCRIPTION"))
  writeLines("exportPattern('.')", file.path(folder, "NAMESPACE"))
  writeLines(code, file.path(folder, "R", "code.R"))
  utils::install.packages(folder, library, repos = NULL, type = "source", quiet = TRUE, INSTALL_opts = "--no-test-load")
}

test_that("methods come where other packages have generics, and only there", {
  skip_if(requireNamespace("tune", quietly = TRUE) || requireNamespace("workflowsets", quietly = TRUE))
  library <- withr::local_tempdir()
  fake_package(library, "tune", "collect_metrics <- function(x, ...) UseMethod('collect_metrics')
    fit_best <- function(x, ...) UseMethod('fit_best')")
  fake_package(library, "workflowsets", "rank_results <- function(x, rank_metric = NULL) stop('no generic')")
  tune <- loadNamespace("tune", lib.loc = library)
  workflowsets <- loadNamespace("workflowsets", lib.loc = library)
  withr::defer(for (name in c("tune", "workflowsets")) unloadNamespace(name))
  study <- kept_study()
  expect_identical(tune$collect_metrics(study), study$means)
  expect_error(tune$fit_best(study), class = "intertwine_error_dead_pointer")
  expect_error(workflowsets$rank_results(study), "no generic")
  expect_false(any(c("rank_results", "collect_metrics", "fit_best") %in% getNamespaceExports("intertwine")))
})

test_that("pictures of EBImage and rasters of terra are images", {
  suppressWarnings(methods::setClass("Image", contains = "array", slots = c(colormode = "integer"), where = environment()))
  values <- array(seq_len(2 * 3 * 4) / 24, c(2, 3, 4))
  grey <- methods::new("Image", values, colormode = 0L)
  expect_identical(dim(images(grey)), c(4L, 1L, 3L, 2L))
  expect_identical(as.array(images(grey))[2, 1, 3, 1], values[1, 3, 2])
  colour <- methods::new("Image", values[, , 1:3], colormode = 2L)
  expect_identical(dim(images(colour)), c(1L, 3L, 3L, 2L))
  expect_identical(dim(images(list(colour, colour))), c(2L, 3L, 3L, 2L))
  expect_identical(max(images(grey, range = c(0, 2))), 0.5)
  suppressWarnings(methods::setClass("SpatRaster", slots = c(values = "array"), where = environment()))
  raster <- methods::new("SpatRaster", values = values)
  as_rows <- function(x) x@values
  expect_identical(dim(plain_pictures(raster, as_rows)), c(1L, 4L, 2L, 3L))
  expect_identical(as.array(plain_pictures(list(raster, raster), as_rows))[2, 3, 1, 2], values[1, 2, 3])
})

test_that("progress says how many trainings, which leads, how many are open and how long still", {
  event <- list(event = "run", done = 12, most = 40, leader = "D4", open = 2, seconds_left_at_most = 200)
  expect_identical(study_progress_text(event), "12 trainings, D4 leads, 2 undecided, at most 3 min left")
  expect_identical(study_progress_text(list(done = 1, most = 4)), "1 training")
  expect_identical(span_text(c(3.14)), "3.1 s")
  expect_identical(span_text(7200), "2 h")
})

test_that("a study runs, and its parts agree", {
  skip_if_no_python()
  study <- shared_study()
  ranks <- study_ranks(study)
  expect_setequal(ranks$candidate, c("C4", "D1", "plain"))
  race <- study$table[study$table$phase == "race" & study$table$transform == "as_is", ]
  expect_equal(ranks$test, as.vector(tapply(race$test, race$candidate, mean)[ranks$candidate]), tolerance = 1e-6)
  expect_identical(study$stopped, "finished")
  expect_identical(study$levels, c("lying", "standing"))
  expect_true(all(study_ranks(study, "rotations")$candidate %in% ranks$candidate))
  expect_identical(glance(study)$leader, ranks$candidate[1])
  expect_match(study$code$R, "^library\\(intertwine\\)")
  again <- unserialize(serialize(study, NULL))
  expect_identical(format(again), format(study))
})

test_that("R and Python come to the same table", {
  skip_if_no_python()
  data <- bars()
  options <- list(
    x = as_torch(as.array(data$x)), y = to_py_tensor(as.integer(data$y) - 1L, "int64"), schedules = list("C4", "D1"),
    rivals = list("plain"), depth = 2L, budget = list(parameters = 300), learn_rates = list(0.03), epochs = 1L,
    transforms = list("as_is", "rotations"), max_seeds = 3L,
    train_sizes = list(24L), size_seeds = 2L, recipe = list(schedule = "onecycle"),
    backbone_options = list(kernel_size = 3L)
  )
  python <- py_call_checked("_r.studies.run", list(options, function(event) TRUE))
  table <- as_study_table(py_call_checked("_r.studies.record", list(python))$table)
  same <- setdiff(names(table), c("seconds", "memory_mb"))
  expect_equal(shared_study()$table[same], table[same], tolerance = 1e-6)
})

test_that("the winner is trained, and the report is written", {
  skip_if_no_python()
  study <- shared_study()
  fitted <- study_best(study, "D1", epochs = 2)
  expect_s3_class(fitted, "intertwine_fit")
  expect_identical(max(fitted$history$epoch), 2L)
  expect_true(all(predict(fitted, bars()$x[1:4]) %in% c("lying", "standing")))
  expect_s3_class(fit(study, epochs = 1), "intertwine_fit")
  path <- withr::local_tempfile(fileext = ".html")
  expect_identical(study_report(study, path), path)
  expect_match(paste(readLines(path), collapse = ""), "Which symmetry helps")
  # library() would need the package where R looks for it
  eval(parse(text = sub("library\\(intertwine\\)", "", study$code$R)), bars(), asNamespace("intertwine"))
})

test_that("the code of a plain network that wins runs", {
  skip_if_no_python()
  data <- bars(24)
  options <- list(
    x = as_torch(as.array(data$x)), y = to_py_tensor(as.integer(data$y) - 1L, "int64"), backbone = "resnet",
    schedules = list("C4"), rivals = list("plain"), depth = 2L, budget = list(parameters = 800), learn_rates = list(0.03),
    epochs = 1L, transforms = list("as_is"), first_seeds = 2L, max_seeds = 2L, backbone_options = list(bottleneck = TRUE)
  )
  python <- py_call_checked("_r.studies.run", list(options, function(event) TRUE))
  code <- python$code("plain")$R
  expect_match(code, "fitted <- plain_resnet(", fixed = TRUE)
  frame <- list2env(data)
  eval(parse(text = sub("library\\(intertwine\\)", "", code)), frame, asNamespace("intertwine"))
  table <- as_study_table(py_call_checked("_r.studies.record", list(python))$table)
  expect_identical(as.integer(frame$fitted$parameters), table$parameters[table$candidate == "plain"][1])
})

test_that("a folder is gone on with, update() adds trainings, and c() joins", {
  skip_if_no_python()
  data <- bars()
  folder <- withr::local_tempdir()
  first <- small_study(data$x, data$y, folder = folder)
  second <- small_study(data$x, data$y, folder = folder)
  expect_identical(second$table, first$table)
  more <- update(first, seeds = 4)
  expect_gte(n_trainings(more), n_trainings(first))
  other <- small_study(data$x, data$y, schedules = c("C4", "C4 | C1"), rivals = character())
  both <- c(first, other)
  expect_setequal(both$ranks$candidate, c("C4", "D1", "plain", "C4 | C1"))
  expect_error(c(first, small_study(data$x, data$y, epochs = 2)), class = "intertwine_error_argument")
})

test_that("tables of files, folders and arrays are data", {
  skip_if_no_python()
  skip_if_not_installed("png")
  data <- bars(24)
  folder <- withr::local_tempdir()
  files <- character()
  for (i in 1:24) {
    place <- file.path(folder, as.character(data$y[i]))
    dir.create(place, showWarnings = FALSE)
    files[i] <- file.path(place, paste0(i, ".png"))
    png::writePNG(as.array(data$x)[i, 1, , ], files[i])
  }
  by_array <- small_study(as.array(data$x), data$y)
  by_table <- small_study(data.frame(file = files, target = data$y, thing = rep(1:12, each = 2)))
  by_folder <- small_study(image_folder(folder))
  expect_identical(by_array$n_test, 6)
  expect_identical(by_table$n_test, 6)
  expect_identical(by_folder$levels, c("lying", "standing"))
  grouped <- small_study(data$x, data$y, group = rep(1:6, each = 4))
  expect_true(grouped$n_test %% 4 == 0)
  tested <- small_study(data$x[1:16], data$y[1:16], test = list(x = data$x[17:24], y = data$y[17:24]))
  expect_identical(tested$n_test, 8)
  measured <- small_study(data$x, as.numeric(data$y) + 0.5, transforms = c("as_is", 45))
  expect_identical(measured$metric, "mse")
  expect_setequal(measured$table$transform, c("as_is", "45"))
})

test_that("a TOML file says all, and the classes keep their names", {
  skip_if_no_python()
  skip_if_not_installed("png")
  root <- withr::local_tempdir()
  data <- bars(40)
  for (class in levels(data$y)) {
    dir.create(file.path(root, "pictures", class), recursive = TRUE)
    for (i in which(data$y == class)) {
      png::writePNG(as.array(data$x)[i, 1, , ], file.path(root, "pictures", class, paste0(i, ".png")))
    }
  }
  toml <- file.path(root, "study.toml")
  writeLines(c(
    "data = 'pictures'", "schedules = ['C4']", "rivals = ['plain']", "depth = 1", "budget = {parameters = 300}",
    "learn_rates = [0.03]", "epochs = 1", "transforms = ['as_is']", "first_seeds = 2", "max_seeds = 2"
  ), toml)
  study <- symmetry_study(config = toml)
  expect_setequal(study_ranks(study)$candidate, c("C4", "plain"))
  fitted <- study_best(study)
  expect_equal(levels(predict(fitted, data$x[1:2])), levels(data$y)[order(levels(data$y))])
  expect_match(format(summary(study)), "What the data cannot say", all = FALSE)
})

test_that("builders, losses and scores may be R functions; what cannot be sent is refused", {
  skip_if_no_python()
  data <- bars(40)
  build <- function(schedule, width) {
    space <- if (is.null(schedule)) gspace_trivial2d() else if (schedule[1] == "D1") gspace_flip2d() else gspace_rot2d(N = 4)
    field_type(space, trivial = 1) |>
      r2_conv(out = c(regular = width), kernel_size = 3) |>
      nonlin_relu() |>
      pool_group() |>
      head_classes(n = 2)
  }
  set.seed(3)
  before <- .Random.seed
  run <- function(...) small_study(data$x, data$y, budget = c(width = 2), depth = 1, ...)
  alone <- run(backbone = build)
  expect_identical(.Random.seed, before)
  expect_identical(run(backbone = build)$table$test, alone$table$test)
  own <- run(metric = function(output, target) as.numeric(max.col(output) == as.integer(target)))
  expect_true(all(own$table$test >= 0 & own$table$test <= 1))
  torch <- reticulate::import("torch")
  lost <- run(loss = function(output, target) torch$nn$functional$cross_entropy(output, target))
  expect_true(lost$compared)
  expect_snapshot({
    show_error(run(loss = function(output, target) 1, parallel = 2))
    show_error(run(metric = function(output, target) 1, parallel = 2))
    show_error(run(metric = function(output, target) 1, devices = 2))
    show_error(run(devices = 0))
    show_error(run(loss = function(output, target) stop("mine")))
    show_error(run(backbone = function(schedule, width) stop("no idea")))
    show_error(run(backbone = function() 1))
  })
})

test_that("networks of an R builder travel to other processes as model files", {
  skip_if_no_python()
  skip_on_cran()
  data <- bars(40)
  build <- function(schedule, width) {
    space <- if (is.null(schedule)) gspace_trivial2d() else gspace_rot2d(N = 4)
    field_type(space, trivial = 1) |>
      r2_conv(out = c(regular = width), kernel_size = 3) |>
      pool_group() |>
      head_classes(n = 2)
  }
  run <- function(...) {
    small_study(
      data$x, data$y, schedules = "C4", budget = c(width = 2), depth = 1, backbone = build, first_seeds = 2,
      max_seeds = 2, ...
    )
  }
  alone <- run()
  together <- run(parallel = 2)
  same <- setdiff(names(alone$table), c("seconds", "memory_mb"))
  expect_equal(alone$table[same], together$table[same], tolerance = 1e-6)
})

test_that("Ctrl-C ends a study with what there is", {
  skip_if_no_python()
  data <- bars(40)
  calls <- 0
  tell <- function(event) {
    calls <<- calls + identical(event$event, "run")
    if (calls == 4) rlang::interrupt()
    TRUE
  }
  options <- list(
    x = as_torch(as.array(data$x)), y = to_py_tensor(as.integer(data$y) - 1L, "int64"), schedules = list("C4", "D1"),
    rivals = list(), depth = 2L, budget = list(parameters = 300), learn_rates = list(0.03), epochs = 1L, max_seeds = 3L
  )
  go <- function(watcher) {
    py_call_polled("_r.studies.run", list(options), on = list(on_progress = tell), throttled = character())
  }
  expect_warning(study <- run_study(go, user_functions(), FALSE, NULL, NULL), class = "intertwine_warning_interrupted")
  expect_identical(study$stopped, "interrupted")
  # R notices when it is asked next, at the end of the fifth training at the latest
  expect_true(n_trainings(study) %in% 4:5)
})
