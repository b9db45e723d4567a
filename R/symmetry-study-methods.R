#' Look at a study of symmetry, and go on with it
#'
#' @param x,object A study of [symmetry_study()].
#' @param ... For `c()` more studies of the same data; for `update()` not used; for `fit()` arguments of [fit()] in place
#'   of those of the study, such as `epochs`.
#' @return `summary()`: the answer in words. `tidy()`: the order of the candidates, as [study_ranks()]. `glance()`: one
#'   row that sums up the study. `as.data.frame()`: all trainings, a row for each and each transform of the test images.
#'   `update()` and `c()`: a study. `fit()`: the winner, trained on all samples but those of the test, as [study_best()].
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' study <- symmetry_study(
#'   digits$x[1:300], digits$y[1:300],
#'   schedules = c("D4 | C1", "D1"), rivals = "plain", depth = 2, budget = c(parameters = 1000),
#'   learn_rates = 0.02, epochs = 2, transforms = "as_is", max_seeds = 3
#' )
#' study
#' summary(study)
#' glance(study)
#'
#' # two more trainings where they decide
#' study <- update(study, seeds = 5)
#' plot(study)
#' @name symmetry-study-methods
NULL

#' @export
format.intertwine_symmetry_study <- function(x, ...) {
  kept <- unclass(x)
  runs <- n_trainings(x)
  header <- paste0(
    "<intertwine_symmetry_study> ", length(unique(kept$table$candidate)), " candidates, ", runs, " training",
    if (runs != 1) "s", " in ", span_text(kept$seconds)
  )
  if (!isTRUE(kept$compared)) {
    failed <- unique(kept$table$message[kept$table$status == "failed"])
    reasons <- if (length(failed)) paste("trainings failed:", utils::head(failed, 3))
    return(c(header, "nothing is compared yet", reasons, study_ending(kept$stopped)))
  }
  data <- paste0(
    kept$n_train, " samples to learn and to choose by, ", kept$n_test, " to test on (",
    transform_text(kept$judge), "), margin ", score_text(kept$margin, kept$metric, "points")
  )
  c(header, data, study_ending(kept$stopped), "", format_ranks(kept))
}

study_ending <- function(stopped) {
  switch(stopped,
    finished = NULL,
    time = "stopped: the time was up; update(study) goes on",
    interrupted = "stopped by the user; update(study) goes on",
    disk = "stopped: its folder could not be written to",
    "stopped by a callback; update(study) goes on"
  )
}

transform_text <- function(transform) {
  names <- c(
    as_is = "as they are", rotations = "turned by random angles", quarter_turns = "turned by random quarter turns",
    mirrors = "mirrored"
  )
  if (transform %in% names(names)) names[[transform]] else paste0("turned by ", transform, "\u00b0")
}

#' A score, or with `unit` a difference of scores.
#' @noRd
score_text <- function(value, metric, unit = NULL) {
  text <- if (metric == "accuracy") {
    paste0(formatC(100 * value, digits = 1, format = "f"), if (is.null(unit)) "%" else if (nzchar(unit)) paste0(" ", unit))
  } else {
    formatC(value, digits = 3, format = "g")
  }
  ifelse(is.na(value), "", text)
}

#' What can be said of the leader beside a candidate, as it stands in the candidate's row.
#' @noRd
verdict_text <- function(leader_is) {
  words <- c(
    better = "worse", equivalent = "as good", undecided = "undecided", samples = "too few test samples",
    worse = "better on test", failed = "failed"
  )
  ifelse(nzchar(leader_is), words[leader_is], "leader")
}

format_ranks <- function(kept) {
  ranks <- kept$ranks
  metric <- kept$metric
  interval <- paste(score_text(ranks$low, metric, ""), "to", score_text(ranks$high, metric, ""))
  first <- !nzchar(ranks$leader_is)
  columns <- list(
    c("", ranks$rank), c("candidate", candidate_label(ranks)), c("test", score_text(ranks$test, metric)),
    c("behind", ifelse(first, "", score_text(ranks$difference, metric, ""))),
    c("interval", ifelse(is.na(ranks$low), "", interval)),
    c("verdict", verdict_text(ranks$leader_is)), c("trainings", ranks$seeds)
  )
  right <- c(TRUE, FALSE, TRUE, TRUE, TRUE, FALSE, TRUE)
  pad <- function(column, right) formatC(column, width = max(nchar(column)), flag = if (right) "" else "-")
  padded <- Map(pad, columns, right)
  sub(" +$", "", do.call(paste, c(unname(padded), sep = "  ")))
}

candidate_label <- function(ranks) ifelse(nzchar(ranks$schedule), ranks$schedule, ranks$candidate)

#' @export
print.intertwine_symmetry_study <- function(x, ...) {
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' @export
str.intertwine_symmetry_study <- function(object, ...) {
  cat("", format(object)[1], "\n")
  invisible(NULL)
}

#' @rdname symmetry-study-methods
#' @export
summary.intertwine_symmetry_study <- function(object, ...) {
  check_compared(object)
  structure(list(words = unclass(object)$words), class = "summary.intertwine_symmetry_study")
}

#' @export
format.summary.intertwine_symmetry_study <- function(x, ...) { # nolint: object_length_linter.
  strwrap(x$words, getOption("width"), exdent = 2)
}

#' @export
print.summary.intertwine_symmetry_study <- function(x, ...) { # nolint: object_length_linter.
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' @rdname symmetry-study-methods
#' @method tidy intertwine_symmetry_study
#' @export
tidy.intertwine_symmetry_study <- function(x, ...) study_ranks(x)

#' @rdname symmetry-study-methods
#' @method glance intertwine_symmetry_study
#' @export
glance.intertwine_symmetry_study <- function(x, ...) {
  check_compared(x)
  kept <- unclass(x)
  first <- kept$ranks[1, ]
  count <- function(verdict) sum(kept$ranks$leader_is %in% verdict)
  data.frame(
    leader = first$candidate, metric = kept$metric, transform = kept$judge, test = first$test, low = first$test_low,
    high = first$test_high, better_than = count("better"), equivalent_to = count("equivalent"),
    undecided = count(c("undecided", "samples")), trainings = n_trainings(x), seconds = kept$seconds, stopped = kept$stopped
  )
}

#' @rdname symmetry-study-methods
#' @param row.names,optional Not used.
#' @export
as.data.frame.intertwine_symmetry_study <- function(x, row.names = NULL, optional = FALSE, ...) unclass(x)$table

#' @rdname symmetry-study-methods
#' @param seeds How often each candidate is trained at most.
#' @param time_limit,parallel,verbose As in [symmetry_study()].
#' @export
update.intertwine_symmetry_study <- function(object, seeds = NULL, time_limit = NULL, parallel = NULL, verbose = NULL,
                                             ...) {
  call <- rlang::current_env()
  study <- live_study(object, call)
  changes <- list(
    max_seeds = if (!is.null(seeds)) as_count(seeds, min = 1, arg = "seeds"), time_limit = as_optional_double(time_limit),
    parallel = if (!is.null(parallel)) as_count(parallel, min = 1)
  )
  run_study(
    function(watcher) {
      py_call_polled(
        "_r.studies.go_on", list(study, as_py_dict(Filter(Negate(is.null), changes))),
        on = list(on_progress = watcher$tell), throttled = character(), call = call
      )
    }, user_functions(), verbose, unclass(object)$levels, call
  )
}

#' @rdname symmetry-study-methods
#' @export
c.intertwine_symmetry_study <- function(...) {
  studies <- list(...)
  live <- lapply(studies, live_study, call = rlang::current_env())
  joined <- Reduce(function(a, b) py_call_checked("_r.studies.combine", list(a, b)), live)
  new_study(joined, unclass(studies[[1]])$levels)
}

#' @rdname symmetry-study-methods
#' @method fit intertwine_symmetry_study
#' @export
fit.intertwine_symmetry_study <- function(object, ...) study_best(object, ...)

#' What a study says
#'
#' `study_ranks()` is the order of the candidates, `study_metrics()` has their mean scores, `study_best()` trains one of
#' them on all samples but those of the test, and `study_report()` writes the whole answer as one page that can be read
#' without knowing what a group is: which symmetry, down to which depth, by how much and how sure, what it costs, what
#' the data cannot say, and the code of the winner in R and Python.
#'
#' Where the packages tune and workflowsets are loaded, `collect_metrics()` and `fit_best()` have methods for studies,
#' and so has `rank_results()` where it is a generic.
#'
#' @param study A study of [symmetry_study()].
#' @param transform How the test samples are moved; by default as those that decide. Intervals hold together for one
#'   transform.
#' @return `study_ranks()`: a data frame with a row for each candidate, the leader first: its `schedule`, mean scores on
#'   `validation` and `test` samples with the interval `test_low` to `test_high`; what the leader is beside it
#'   (`leader_is`: `"better"`, `"equivalent"`, `"undecided"`, `"samples"` if the test has too few, `"worse"`, `"failed"`),
#'   by which `difference`, with its interval `low` to `high`; how many `more_seeds` or `more_samples` would decide;
#'   `parameters`, `operations`, `seconds`, `memory_mb` and `equivariance_error`.
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' study <- symmetry_study(
#'   digits$x[1:300], digits$y[1:300],
#'   schedules = c("D4 | C1", "D1"), rivals = "plain", depth = 2, budget = c(parameters = 1000),
#'   learn_rates = 0.02, epochs = 2, max_seeds = 3
#' )
#' study_ranks(study)
#' study_metrics(study)
#' fitted <- study_best(study)
#' predict(fitted, digits$x[301:303])
#' study_report(study, tempfile(fileext = ".html"))
#' cat(study$code$R)
#' @export
study_ranks <- function(study, transform = NULL, ...) {
  check_compared(study)
  kept <- unclass(study)
  if (is.null(transform) || identical(as.character(transform), kept$judge)) {
    return(kept$ranks)
  }
  if (length(transform) != 1 || !as.character(transform) %in% kept$table$transform) {
    known <- unique(kept$table$transform)
    abort_intertwine(
      "The study has no test samples of the transform {describe_value(transform)}.",
      hint = "It has {listed(known, quote = TRUE)}."
    )
  }
  as_study_table(py_call_checked("_r.studies.ranks", list(live_study(study), as.character(transform))))
}

#' @rdname study_ranks
#' @return `study_metrics()`: a data frame with a row for each candidate, `phase` (the race, or smaller training sets),
#'   `train_size` and `transform`: the `mean` score on test samples, its standard error `std_err` over `n` trainings.
#' @export
study_metrics <- function(study, ...) {
  check_compared(study)
  unclass(study)$means
}

#' @rdname study_ranks
#' @param candidate Its name; the leader by default.
#' @param ... For `study_best()`, arguments of [fit()] in place of those of the study, such as `epochs`. The others take no
#'   more: an unknown argument is refused, and the nearest one named.
#' @param verbose As in [fit()].
#' @return `study_best()`: a fit, as [fit()] returns it.
#' @export
study_best <- function(study, candidate = NULL, ..., verbose = NULL) {
  call <- rlang::current_env()
  live <- live_study(study, call)
  if (!is.null(candidate)) check_string(candidate)
  more <- list(...)
  known <- c("epochs", "batch_size", "loss", study_recipe)
  check_passed_on(names(more) %||% rep("", length(more)), "study_best", c("candidate", "verbose", known), call)
  functions <- user_functions()
  if (!is.null(more$loss)) more$loss <- as_loss(more$loss, functions, call)
  for (name in intersect(c("epochs", "batch_size"), names(more))) {
    more[[name]] <- as_count(more[[name]], min = 1, arg = name, call = call)
  }
  epochs <- more$epochs %||% unclass(study)$settings$epochs
  watcher <- fit_watcher(verbose_mode(verbose), epochs, list())
  on.exit(watcher$close())
  result <- functions$run(py_call_polled(
    "_r.studies.fit_best", list(live, candidate, as_py_dict(coerce_more(more, call))),
    on = list(on_batch = watcher$batch), call = call
  ), call)
  watcher$close()
  levels <- unclass(study)$levels
  targets <- list(levels = levels, kind = if (!is.null(result$n_classes)) "class")
  settings <- c(unclass(study)$settings[c("epochs", "batch_size")], list(na = "error"))
  fitted <- new_fit(result, targets, list(size = unlist(unclass(study)$sample_size)), settings, keep_state = TRUE)
  announce_stop(fitted)
  fitted
}

#' @rdname study_ranks
#' @param path A file that ends in `.html` (its pictures are in it) or `.md` (they are in a folder beside it).
#' @return `study_report()`: the path, invisibly.
#' @export
study_report <- function(study, path, ...) {
  check_compared(study)
  path <- check_path(path)
  py_call_checked("_r.studies.report", list(live_study(study), as_utf8(path.expand(path))))
  invisible(path)
}

#' Methods for generics of packages that users may have loaded; none of these is attached or masked.
#' @noRd
register_study_methods <- function() {
  generics <- list(
    tune = list(collect_metrics = study_metrics_method, fit_best = study_best_method),
    workflowsets = list(rank_results = study_ranks_method)
  )
  for (package in names(generics)) {
    register <- local({
      methods <- generics[[package]]
      name <- package
      function(...) register_methods_of(asNamespace(name), methods)
    })
    if (isNamespaceLoaded(package)) register()
    setHook(packageEvent(package, "onLoad"), register)
  }
}

study_metrics_method <- function(x, ...) study_metrics(x)
study_best_method <- function(x, ...) study_best(x, ...)
study_ranks_method <- function(x, ...) study_ranks(x)

#' Register methods where a namespace has a generic of that name: a plain function is left alone.
#' @noRd
register_methods_of <- function(namespace, methods) {
  for (generic in names(methods)) {
    f <- get0(generic, namespace, mode = "function", inherits = FALSE)
    if (!is.null(f) && "UseMethod" %in% all.names(body(f))) {
      registerS3method(generic, "intertwine_symmetry_study", methods[[generic]], envir = namespace)
    }
  }
}
