#' Which symmetry, down to which depth, and how sure
#'
#' Compares networks that know different symmetries, for a task and data of your own: a group in all blocks of the
#' network, schedules that give up symmetry from block to block, a plain network, and a plain network that learns from
#' images that are turned and mirrored. All have the same number of parameters (or of operations), all choose their
#' learning rate alike, and all share their seeds: the same split and the same order of the images.
#'
#' Trainings are added where they decide: candidates that are shown to be worse get no more, nor do those that are shown
#' to be as good. Candidates are chosen on validation images, and everything that is said of them is measured on test
#' images. The intervals hold together, for all candidates and at every look, with probability `1 - alpha`, over new
#' trainings and new test images. A candidate is *better* than another, *equivalent* to it (they differ by no more than
#' `margin`), or it is *undecided*; then the study says how many more trainings would settle it, or that the test has too
#' few images.
#'
#' Ctrl-C (or Esc) ends a study with what there is. With a `folder`, each training is written as it ends: the same call
#' with the same folder goes on where it was stopped, and comes to the same results as if it had not been.
#'
#' @param x The samples: [images()], an array, an [image_folder()], a torch data set of inputs and targets; a data frame
#'   with the columns `file` and `target` and perhaps `group` and `split` (`"train"`, `"val"`, `"test"`); or a path: of a
#'   folder with one folder of pictures for each class (or `train` and `test` with these), of a folder of MNIST's IDX
#'   files, of a `.npz` file with the names of MedMNIST, of a `.npy` file, or of a `.csv` table such as the data frame.
#'   Left out if `config` says where they are.
#' @param y The targets, as in [fit()]: a factor, or measurements.
#' @param schedules What is compared: the group that each block keeps, from the image to the answer, as in `"D4 | D4 |
#'   C1"`; one name is kept in all blocks. `C` and a number are rotations, `D` rotations with mirrors, `"D1"` is a mirror,
#'   `"C1"` nothing; volumes also have `"Oh"`, `"O"`, `"Ih"`, `"I"`, `"Ci"`, `"Cs"`. By default they are proposed from the
#'   subgroups of `spaces`.
#' @param spaces The largest groups, such as `c("D4", "C8")`; by default the symmetries of the grid.
#' @param backbone `"cnn"`, `"resnet"` or `"unet"` (an answer for each pixel); or a function of `schedule` (a group for
#'   each block, `NULL` for the plain network) and `width` that gives a module with so many channels or fields as `width`
#'   says.
#' @param depth The number of blocks.
#' @param budget What all candidates have in common: `c(parameters = 20000)`, `c(operations = 1e6)` or `c(width = 8)`.
#' @param rivals `"plain"`, a network without symmetry; `"augmented"`, the same that learns from images that are moved.
#' @param learn_rates The learning rates that each candidate chooses from.
#' @param train_sizes Numbers of training images for a learning curve, beside all of them.
#' @param transforms How the test images are moved: `"as_is"`, `"rotations"` (each by an angle of its own),
#'   `"quarter_turns"`, `"mirrors"`, and angles in degrees.
#' @param judge The transform that decides.
#' @param margin The difference in score that matters: 0.01 is one image in a hundred.
#' @param metric `"accuracy"` or `"loss"` of classes, `"mse"` or `"mae"` of measurements; or a function of output and
#'   target that gives a score for each sample, the higher the better.
#' @param first_seeds,max_seeds How often each candidate is trained before any is dropped, and at most.
#' @param alpha The share of studies that may make a false claim.
#' @param epochs,batch_size,loss Arguments of [fit()].
#' @param test Test samples: a list of `x` and `y`, or an [image_folder()]. By default `test_share` of the samples is set
#'   apart.
#' @param test_share,validation_share The share of the samples that is tested on, and that of the others that candidates
#'   are chosen by.
#' @param group What each sample shows: all samples of one thing stay on one side of every split.
#' @param time_limit In seconds.
#' @param folder Where the trainings are written as they end.
#' @param parallel How many processes train at once. Networks that an R function builds are built here and sent as model
#'   files; losses and metrics that are R functions cannot be sent, and are refused.
#' @param config A TOML file with the same names, but `data` and `target` for `x` and `y`, and without `folder`; arguments
#'   come before it.
#' @param seed Of everything random. It does not come from R's random numbers, so that the same call goes on with the
#'   same study.
#' @param verbose `TRUE` for a progress bar, `FALSE` for silence, `NULL` for a bar in interactive sessions.
#' @param ... More settings of the Python class `intertwine.study.Settings` (`most_schedules`, `size_seeds`,
#'   `proportions`, `backbone_options`, such as `list(kernel_size = 7)`, and `devices`: how many share each training, a
#'   process for each with its part of every batch), and arguments of [fit()] for all trainings, such as `optimizer`,
#'   `weight_decay`, `schedule` (of the learning rate, `"onecycle"` if left out) or `class_weights`.
#' @return An object of class `intertwine_symmetry_study`. [study_ranks()], [study_metrics()], [study_best()],
#'   [study_report()] and [its methods][symmetry-study-methods] tell what it says.
#' @section Errors:
#' `intertwine_error_argument`, `intertwine_error_shape` if data or settings do not fit, all before the first training;
#' `intertwine_error_checkpoint` if the folder belongs to another study, or is in use. A training that fails drops its
#' candidate, with the reason.
#' @examplesIf intertwine::intertwine_available()
#' # bars that stand or lie: a network that knows quarter turns cannot tell them apart
#' set.seed(1)
#' standing <- rep(c(TRUE, FALSE), 40)
#' x <- array(0, c(80, 9, 9))
#' for (i in 1:80) if (standing[i]) x[i, 2:8, sample(9, 1)] <- 1 else x[i, sample(9, 1), 2:8] <- 1
#' study <- symmetry_study(
#'   images(x), factor(ifelse(standing, "standing", "lying")),
#'   schedules = c("C4", "D1"), rivals = "plain", depth = 2, budget = c(parameters = 500),
#'   learn_rates = 0.03, epochs = 4, transforms = "as_is", max_seeds = 3
#' )
#' study
#' study_ranks(study)
#' @export
symmetry_study <- function(x = NULL, y = NULL, ..., schedules = NULL, spaces = NULL, backbone = "cnn", depth = 3,
                           budget = c(parameters = 20000), rivals = c("plain", "augmented"),
                           learn_rates = c(0.01, 0.03), train_sizes = NULL,
                           transforms = c("as_is", "rotations"), judge = "as_is", margin = 0.01, metric = NULL,
                           first_seeds = 3, max_seeds = 20, alpha = 0.05, epochs = 10, batch_size = 64, loss = NULL,
                           test = NULL, test_share = 0.25, validation_share = 0.2, group = NULL, time_limit = NULL,
                           folder = NULL, parallel = 1, config = NULL, seed = 0, verbose = NULL) {
  call <- rlang::current_env()
  more <- list(...)
  # defaults are Python's own, and give way to those of a file
  given <- mget(setdiff(as.character(names(match.call())), c(names(more), "verbose", "")))
  check_study_dots(more, call)
  parallel <- as_count(parallel, min = 1)
  functions <- user_functions()
  devices <- as_count(more[["devices"]] %||% 1, min = 1, arg = "devices")
  check_stays_here(given, c(parallel = parallel, devices = devices), call)
  data <- study_data(given, call)
  settings <- study_settings(given[setdiff(names(given), names(study_places))], more, data, functions, call)
  run_study(
    function(watcher) {
      py_call_polled(
        "_r.studies.run", list(as_py_dict(c(data$places, settings))), on = list(on_progress = watcher$tell),
        throttled = character(), call = call
      )
    }, functions, verbose, data$levels, call
  )
}

# What is sent -----------------------------------------------------------------------------------------------------------

#' Arguments that say where the data are.
#' @noRd
study_places <- c(x = "x", y = "y", test = "test", group = "group", config = "config", folder = "folder")

#' Names in the dots: settings of a study that R's function does not list, and arguments of fit() for all trainings.
#' @noRd
study_extras <- c("devices", "most_schedules", "size_seeds", "proportions", "backbone_options", "size", "channels")

study_recipe <- c(
  "optimizer", "weight_decay", "schedule", "class_weights", "na", "target_type", "device", "precision", "patience",
  "min_delta", "clip_norm"
)

check_study_dots <- function(more, call) {
  check_passed_on(
    names(more) %||% rep("", length(more)), "symmetry_study",
    c(names(formals(symmetry_study)), study_extras, study_recipe), call
  )
}

#' Functions of R live in this process: what other processes run must not hold them.
#' @noRd
check_stays_here <- function(given, processes, call) {
  mine <- Filter(function(name) is_r_function(given[[name]]), c("loss", "metric"))
  several <- processes[processes > 1]
  if (length(several) && length(mine)) {
    abort_intertwine(
      "`{mine[1]}` is an R function, which other processes cannot call, but `{names(several)[1]}` is {several[[1]]}.",
      hint = "Take {names(several)[1]} = 1, or a {mine[1]} by name.", call = call
    )
  }
}

#' The data as Python takes them, with the levels of classes.
#' @noRd
study_data <- function(given, call) {
  places <- given[intersect(c("config", "folder"), names(given))]
  for (name in names(places)) {
    places[[name]] <- as_utf8(path.expand(check_string(places[[name]], name, call)))
  }
  found <- study_samples(given[["x"]], given[["y"]], given[["loss"]], "x", NULL, call)
  places <- c(places, Filter(Negate(is.null), found[c("x", "y")]))
  if (!is.null(given[["test"]])) {
    test <- given[["test"]]
    whole <- is_image_folder(test) || is_py(test) || rlang::is_string(test)
    if (!whole && !(is.list(test) && all(c("x", "y") %in% names(test)))) {
      abort_intertwine(
        "`test` must be a list of x and y, an image_folder() or a path, not {describe_value(test)}.",
        class = "argument_type", hint = "For example test = list(x = x[1:100], y = y[1:100]).", call = call
      )
    }
    held <- if (whole) {
      study_samples(test, NULL, given[["loss"]], "test", found$levels, call)
    } else {
      study_samples(test$x, test$y, given[["loss"]], "test$x", found$levels, call)
    }
    places$test <- if (is.null(held$y)) held$x else list(held$x, held$y)
  }
  if (!is.null(given[["group"]])) {
    group <- given[["group"]]
    if (!is.atomic(group) || anyNA(group) || (!is.null(found$n) && length(group) != found$n)) {
      many <- found$n %||% "as many as there are samples"
      abort_intertwine(
        "`group` must name what each sample shows ({many} values without NA), not {describe_value(group)}.",
        class = "shape", call = call
      )
    }
    places$group <- as.list(match(group, unique(group)))
  }
  list(places = places, levels = found$levels)
}

#' Samples and targets, or what gives both.
#' @noRd
study_samples <- function(x, y, loss, arg, levels, call) {
  if (rlang::is_string(x)) {
    return(list(x = as_utf8(path.expand(x)), y = study_targets(y, loss, levels, call)$value))
  }
  if (is.data.frame(x) && "file" %in% names(x)) {
    lacking <- setdiff("target", names(x))
    if (length(lacking)) {
      abort_intertwine(
        "`{arg}` is a table of files without a column {dQuote(lacking, FALSE)}.",
        class = "shape", hint = "Its columns are {listed(names(x), quote = TRUE)}.", call = call
      )
    }
    columns <- lapply(as.list(x), function(column) as.list(if (is.factor(column)) as.character(column) else column))
    columns$file <- as.list(as_utf8(path.expand(as.character(x$file))))
    return(list(x = columns, n = nrow(x)))
  }
  if (is.null(x)) {
    return(list())
  }
  if (inherits(x, "data.frame") || is.matrix(x)) {
    abort_intertwine(
      "`{arg}` is {describe_value(x)}, but a study takes samples on a grid.",
      class = "shape",
      hint = "A table of files has the columns \"file\" and \"target\"; images come from images(), signals too:
              images(x, \"nw\").",
      call = call
    )
  }
  x <- if (is_images(x) || is_image_folder(x) || is_py(x)) x else as_grid_images(plain_pictures(x), call)
  input <- as_input(x, arg = arg, call = call)
  if (isTRUE(input$is_folder) || (is_py(x) && is.null(y))) {
    return(list(x = input$value, n = input$n, levels = levels(input$classes)))
  }
  if (is.null(y)) {
    abort_intertwine("`y`, the targets, is missing.", hint = "Give one target for each sample.", call = call)
  }
  targets <- study_targets(y, loss, levels, call)
  check_pairs(input, targets, call, arg, sub("x$", "y", arg))
  list(x = input$value, y = targets$value, n = input$n, levels = targets$levels)
}

study_targets <- function(y, loss, levels, call) {
  if (is.null(y)) {
    return(NULL)
  }
  targets <- as_targets(y, loss = if (is.character(loss)) loss, levels = levels, call = call)
  check_learnable(y, targets, loss, call)
  targets
}

#' Settings as Python takes them.
#' @noRd
study_settings <- function(given, more, data, functions, call) {
  counts <- c(
    "depth", "first_seeds", "max_seeds", "epochs", "batch_size", "parallel", "devices", "most_schedules", "size_seeds"
  )
  settings <- c(given, more[intersect(names(more), study_extras)])
  for (name in names(settings)) {
    value <- settings[[name]]
    settings[[name]] <- if (name %in% counts) {
      as_count(value, min = 1, arg = name, call = call)
    } else if (name %in% c("margin", "alpha", "test_share", "validation_share", "time_limit")) {
      as_optional_double(value, arg = name, call = call)
    } else if (name %in% c("learn_rates", "proportions")) {
      as.list(as.double(check_numbers(value, name, call)))
    } else if (name == "backbone_options") {
      as_py_dict(lapply(value, as_builder_option))
    } else if (name == "train_sizes") {
      as.list(as_whole(value, min = 1, arg = name, call = call))
    } else {
      value
    }
  }
  settings <- Filter(Negate(is.null), settings)
  if (!is.null(settings[["seed"]])) settings[["seed"]] <- as_seed(settings[["seed"]], call)
  for (name in intersect(c("schedules", "spaces", "rivals"), names(settings))) {
    check_names_of_groups(settings[[name]], name, call)
    settings[[name]] <- lapply(as.list(settings[[name]]), function(each) if (length(each) > 1) as.list(each) else each)
  }
  if (!is.null(settings[["transforms"]])) settings[["transforms"]] <- as_transforms(settings[["transforms"]], call)
  if (!is.null(settings[["budget"]])) settings[["budget"]] <- as_budget(settings[["budget"]], call)
  if (!is.null(settings[["backbone"]])) settings[["backbone"]] <- as_backbone(settings[["backbone"]], call)
  if (!is.null(settings[["loss"]])) settings[["loss"]] <- as_loss(settings[["loss"]], functions, call)
  if (!is.null(settings[["metric"]])) settings[["metric"]] <- as_score(settings[["metric"]], data$levels, functions, call)
  recipe <- coerce_more(more[intersect(names(more), study_recipe)], call)
  if (!is.null(data$levels)) recipe <- c(recipe, list(n_classes = length(data$levels), labels = as.list(data$levels)))
  if (length(recipe)) settings[["recipe"]] <- utils::modifyList(list(schedule = "onecycle"), recipe)
  settings
}

#' Whole numbers as Python's own, several as a list.
#' @noRd
as_builder_option <- function(value) {
  if (is.numeric(value) && all(value == round(value))) value <- as.integer(value)
  if (is.atomic(value) && length(value) > 1) as.list(value) else value
}

check_names_of_groups <- function(x, arg, call) {
  if (is_py(x) || !(is.character(x) || (is.list(x) && all(vapply(x, is.character, NA))))) {
    abort_intertwine(
      "`{arg}` must be strings, not {describe_value(x)}.",
      class = "argument_type",
      hint = if (arg == "rivals") "For example rivals = \"plain\"." else "For example {arg} = c(\"D4\", \"C4\").",
      call = call
    )
  }
}

check_numbers <- function(x, arg, call) {
  if (!is.numeric(x) || length(x) == 0 || !all(is.finite(x))) {
    abort_intertwine("`{arg}` must be numbers, not {describe_value(x)}.", class = "argument_type", call = call)
  }
  x
}

#' Names and angles in degrees, which c() has made strings of if they came together.
#' @noRd
as_transforms <- function(transforms, call) {
  lapply(if (is.function(transforms)) list(transforms) else as.list(transforms), function(each) {
    number <- suppressWarnings(as.numeric(if (is.atomic(each)) each))
    if (length(each) != 1 || !(is.character(each) || isTRUE(is.finite(number)))) {
      abort_intertwine(
        "`transforms` must be names and angles in degrees, not {describe_value(each)}.",
        class = "argument_type", hint = "For test images that are changed in another way, give them as `test`.", call = call
      )
    }
    if (isTRUE(is.finite(number))) number else each
  })
}

as_budget <- function(budget, call) {
  budget <- unlist(budget)
  if (!is.numeric(budget) || length(budget) != 1 || is.null(names(budget))) {
    abort_intertwine(
      "`budget` must be one number with a name, not {describe_value(budget)}.",
      class = "argument_type", hint = "For example budget = c(parameters = 20000), or c(operations = 1e6).", call = call
    )
  }
  as_py_dict(as.list(as.double(budget)) |> stats::setNames(names(budget)))
}

#' A backbone by name, or an R function as Python calls it: R's random numbers follow the seed of the training.
#' @noRd
as_backbone <- function(backbone, call) {
  if (is_module(backbone)) {
    abort_intertwine(
      "`backbone` is a network, but a study builds one for each schedule.",
      class = "argument_type", hint = "Give a function of `schedule` and `width` that makes it.", call = call
    )
  }
  if (!is_r_function(backbone)) {
    return(if (is_py(backbone)) backbone else check_string(backbone, "backbone", call))
  }
  if (!is.primitive(backbone) && !"..." %in% names(formals(backbone)) && length(formals(backbone)) < 2) {
    abort_intertwine(
      "`backbone` must be a function of `schedule` and `width`.",
      class = "argument_type", hint = "It gives a module; `schedule` is NULL for the plain network.", call = call
    )
  }
  build <- function(schedule, width, seed) {
    tryCatch(
      with_seed(seed, backbone(if (!is.null(schedule)) unlist(schedule), width)),
      error = function(condition) paste(conditionMessage(condition), collapse = " ")
    )
  }
  py_call_checked("_r.studies.BuilderOfR", list(build, function_text(backbone)))
}

#' Run code with random numbers that follow a seed, and leave R's own as they were.
#' @noRd
with_seed <- function(seed, code) {
  former <- get0(".Random.seed", globalenv(), inherits = FALSE)
  on.exit(if (is.null(former)) {
    rm(".Random.seed", envir = globalenv())
  } else {
    assign(".Random.seed", former, envir = globalenv())
  })
  set.seed(seed)
  code
}

#' A score by name, or an R function of output and target that gives one for each sample.
#' @noRd
as_score <- function(metric, levels, functions, call) {
  if (!is_r_function(metric)) {
    return(if (is_py(metric)) metric else check_string(metric, "metric", call))
  }
  functions$wrap(metric, "score", function(f, output, target) {
    n <- dim_torch_tensor(output)[1]
    score <- f(metric_output(output, levels), metric_target(target, levels))
    if (!(is.numeric(score) || is.logical(score)) || length(score) != n) {
      refuse_value(
        "`metric` must give a score for each of {n} samples, not {describe_value(score)}.",
        "argument_type", "For example function(output, target) -abs(output - target).", call
      )
    }
    to_py_tensor(as.double(score), "float32")
  })
}
