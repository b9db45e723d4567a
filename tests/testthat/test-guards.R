# Functions whose dots go on to another function, or are the data: for each a call with an argument that nobody has.
calls_with_dots <- function() {
  rlang::exprs(
    as_torch = as_torch(1, zzz_unknown = 1),
    disentangle = disentangle(irrep(cyclic_group(4), 1), zzz_unknown = 1),
    equivariant_cnn = equivariant_cnn(array(0, c(2, 9, 9)), factor(1:2), train = FALSE, zzz_unknown = 1),
    equivariant_mlp = equivariant_mlp(matrix(0, 2, 2), 1:2, field_type(gs, trivial = 2), train = FALSE, zzz_unknown = 1),
    equivariant_point_network = equivariant_point_network(1, 1, radius = 2, train = FALSE, zzz_unknown = 1),
    equivariant_transformer = equivariant_transformer(array(0, c(2, 8, 8)), factor(1:2), train = FALSE, zzz_unknown = 1),
    equivariant_resnet = equivariant_resnet(array(0, c(2, 9, 9)), factor(1:2), train = FALSE, zzz_unknown = 1),
    equivariant_unet = equivariant_unet(array(0, c(2, 8, 8)), factor(1:2), train = FALSE, zzz_unknown = 1),
    expect_equivariant = expect_equivariant(conv, zzz_unknown = 1),
    plain_cnn = plain_cnn(array(0, c(2, 9, 9)), factor(1:2), train = FALSE, zzz_unknown = 1),
    plain_resnet = plain_resnet(array(0, c(2, 9, 9)), factor(1:2), train = FALSE, zzz_unknown = 1),
    plain_unet = plain_unet(array(0, c(2, 8, 8)), factor(1:2), train = FALSE, zzz_unknown = 1),
    plot_orbit = plot_orbit(images(array(0, c(1, 9, 9))), gs, zzz_unknown = 1),
    restrict = restrict(gs, rotations = 2, zzz_unknown = 1),
    symmetry_study = symmetry_study(images(array(0, c(40, 9, 9))), factor(rep(1:2, 20)), zzz_unknown = 1),
    study_best = study_best(study, zzz_unknown = 1),
    fit.intertwine_symmetry_study = fit(study, zzz_unknown = 1),
    print.intertwine_symmetry_study = print(study, zzz_unknown = 1),
    print.summary.intertwine_symmetry_study = print(summary(study), zzz_unknown = 1),
    augment.intertwine_fit = augment(fitted, x, zzz_unknown = 1),
    fit.equivariant_module = fit(conv, x, 1:2, zzz_unknown = 1),
    fit.intertwine_fit = fit(fitted, x, 1:2, zzz_unknown = 1),
    fit.torch.nn.modules.module.Module = fit(reticulate::import("torch")$nn$Flatten(), x, 1:2, zzz_unknown = 1),
    plot.symmetry_group = plot(cyclic_group(4), zzz_unknown = 1),
    plot_orbit.intertwine_fit = plot_orbit(fitted, x, zzz_unknown = 1),
    print.character_table = print(character_table(cyclic_group(4)), zzz_unknown = 1),
    print.conjugacy_classes = print(conjugacy_classes(cyclic_group(4)), zzz_unknown = 1),
    print.images = print(images(array(0, c(1, 9, 9))), zzz_unknown = 1),
    print.intertwine_callback = print(callback_stop_early(), zzz_unknown = 1),
    print.intertwine_fit = print(fitted, zzz_unknown = 1),
    print.intertwine_object = print(conv, zzz_unknown = 1),
    print.summary.images = print(summary(images(array(0, c(1, 9, 9)))), zzz_unknown = 1),
    print.summary.intertwine_fit = print(summary(fitted), zzz_unknown = 1),
    # In these the dots are the data, so that an unknown name is that of an unknown part, or the name of a part.
    direct_sum = direct_sum(irrep(cyclic_group(4), 1), zzz_unknown = 1),
    field_type = field_type(gs, zzz_unknown = 1),
    merge_module = merge_module(conv, zzz_unknown = 1),
    sequential_module = sequential_module(field_type(gs, trivial = 1), zzz_unknown = 1),
    c.intertwine_symmetry_study = c(study, zzz_unknown = 1),
    c.field_type = c(field_type(gs, trivial = 1), zzz_unknown = 1),
    c.group_representation = c(irrep(cyclic_group(4), 1), zzz_unknown = 1),
    c.representation_list = c(irreps(cyclic_group(4)), zzz_unknown = 1)
  )
}

# Dots that go to functions of R, or to methods that are none of these.
dots_of_r <- c(
  "all.equal.geometric_tensor", "c.group_element", "c.group_element_list", "c.images", "c.intertwine_callback",
  "mean.images", "rep.group_representation", "print.image_folder"
)

# The functions that users call, by name.
user_functions_by_name <- function() {
  namespace <- asNamespace("intertwine")
  names <- intersect(names(declared_functions(namespace)), ls(namespace, all.names = TRUE))
  functions <- mget(names, envir = namespace)
  functions[vapply(functions, is.function, NA)]
}

test_that("no function and no method swallows an argument that it has not", {
  skip_if_no_python()
  functions <- Filter(function(f) "..." %in% names(formals(f)), user_functions_by_name())
  guarded <- vapply(functions, function(f) "refuse_dots" %in% all.names(body(f)), NA)
  refusing <- vapply(functions, function(f) any(c("refuse_object", "refuse_numbers") %in% all.names(body(f))), NA)
  open <- names(functions)[!guarded & !refusing]
  open <- setdiff(open, c(dots_of_r, grep("^([[$]|Math|Summary)", open, value = TRUE)))
  # Whoever adds a function whose dots go on adds a call to the list above.
  expect_identical(sort(open), sort(names(calls_with_dots())))
  gs <- gspace_rot2d(4)
  conv <- field_type(gs, trivial = 1) |> r2_conv(out = c(trivial = 1), kernel_size = 3)
  x <- array(0, c(2, 1, 5, 5))
  fitted <- fit(conv |> pool_adaptive_avg(output_size = 1), x, c(0.5, 1), epochs = 1, verbose = FALSE)
  study <- symmetry_study(
    images(array(stats::rnorm(40 * 81), c(40, 9, 9))), factor(rep(1:2, 20)), schedules = "C4", rivals = "plain", depth = 1,
    budget = c(parameters = 100), learn_rates = 0.01, epochs = 1, transforms = "as_is", first_seeds = 2, max_seeds = 2
  )
  for (name in names(calls_with_dots())) {
    call <- calls_with_dots()[[name]]
    condition <- tryCatch(suppressMessages(utils::capture.output(eval(call))), error = identity)
    expect_s3_class(condition, "intertwine_error")
    expect_match(c(conditionMessage(condition), ""), "zzz_unknown|not (of )?1|labels", info = name, all = FALSE)
  }
})

test_that("every function that takes arguments has dots, to say which one was meant", {
  exported <- setdiff(getNamespaceExports("intertwine"), getNamespaceExports("generics"))
  bare <- Filter(function(name) {
    arguments <- names(formals(getExportedValue("intertwine", name)))
    length(arguments) && !("..." %in% arguments)
  }, exported)
  expect_identical(bare, character())
  expect_error(gspace_rot2d(n = 4), "Did you mean `N`", class = "intertwine_error_unknown_argument")
  expect_error(pool_avg(kernal_size = 4), "Did you mean `kernel_size`", class = "intertwine_error_unknown_argument")
})

test_that("every argument that has to be there is missed in words", {
  functions <- user_functions_by_name()
  for (name in names(functions)) {
    f <- functions[[name]]
    if (is_operator(sub("\\..*$", "", name)) || is_operator(name)) next
    empty <- names(Filter(function(default) is.symbol(default) && !nzchar(as.character(default)), formals(f)))
    said <- c(arguments_tested(body(f)), unlist(lapply(as.list(body(f)), function(line) {
      if (is.call(line) && identical(line[[1]], quote(`if`)) && "abort_missing" %in% all.names(line)) line[[3]][[2]]
    })))
    expect_length(setdiff(empty, c("...", said)), 0)
  }
  expect_error(gspace_rot2d(), "`N` is missing", class = "intertwine_error_missing_argument")
  expect_error(shape_plan(), "`module` is missing", class = "intertwine_error_missing_argument")
  expect_identical(conditionCall(tryCatch(gspace_rot2d(), error = identity)), quote(gspace_rot2d()))
})

test_that("guarded functions print as they were written", {
  expect_false(any(grepl("abort_missing", capture.output(print(gspace_rot2d)))) && !is.null(attr(gspace_rot2d, "srcref")))
})

test_that("a setting in the place of the object is the first real argument, in every layer", {
  layers <- Filter(function(f) "shift_arguments" %in% all.names(body(f)), user_functions_by_name())
  expect_gt(length(layers), 50)
  # What each takes first: a number, but for these.
  first <- list(
    out = c(regular = 2), fun = "relu", layer = nonlin_relu(), labels = "a", mode = "nearest", drop_gates = TRUE, sigma = 0.5
  )
  # and what else it cannot do without
  others <- list(kernel_size = 3, stride = 2, width = 2, n_rings = 2, parts = list(a = nonlin_relu()))
  for (name in names(layers)) {
    layer <- layers[[name]]
    arguments <- setdiff(names(formals(layer)), "...")
    second <- arguments[2]
    if (is.na(second)) {
      expect_error(layer(3), "has no settings", class = "intertwine_error_argument_type", info = name)
      next
    }
    if (second %in% c("rotations", "layer")) next
    value <- if (second %in% names(first)) first[[second]] else 1
    more <- others[intersect(names(others), setdiff(arguments, second))]
    named <- do.call(layer, c(stats::setNames(list(value), second), more))
    expect_identical(format(do.call(layer, c(list(value), more))), format(named), info = name)
  }
  expect_identical(format(pool_avg(2, 3)), format(pool_avg(kernel_size = 2, stride = 3)))
  expect_identical(format(2 |> pool_avg(padding = 1)), format(pool_avg(kernel_size = 2, padding = 1)))
  expect_identical(format(lapply(2, pool_avg, padding = 1)[[1]]), format(pool_avg(kernel_size = 2, padding = 1)))
  expect_identical(format(do.call(r2_conv, list(c(regular = 2), 3))), format(r2_conv(out = c(regular = 2), kernel_size = 3)))
  expect_identical(format(r2_conv(kernel_size = 3, c(regular = 2))), format(r2_conv(out = c(regular = 2), kernel_size = 3)))
})

test_that("a leading setting does not go further than the first real argument", {
  expect_error(pool_avg(2, kernel_size = 3), "`object` must be", class = "intertwine_error_argument_type")
  expect_error(r2_conv(c(regular = 8), out = c(regular = 8), kernel_size = 5), class = "intertwine_error_argument_type")
  expect_error(pool_avg(object = 2), class = "intertwine_error_argument_type")
})

test_that("layers with leading settings build the same network", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(4), trivial = 1)
  build <- function(...) {
    set.seed(1)
    sequential_module(type, ...)
  }
  short <- build(
    r2_conv(c(regular = 2), 3), pool_avg(2), dropout_field(0.2), pool_adaptive_avg(1), pool_group(), head_classes(3)
  )
  long <- build(
    r2_conv(out = c(regular = 2), kernel_size = 3), pool_avg(kernel_size = 2), dropout_field(p = 0.2),
    pool_adaptive_avg(output_size = 1), pool_group(), head_classes(n = 3)
  )
  expect_identical(format(short), format(long))
  x <- array(stats::runif(81), c(1, 1, 9, 9))
  expect_identical(predict(short, x), predict(long, x))
})

test_that("the nearest names are the ones that were meant", {
  known <- arguments_of(fit.equivariant_module, "object")
  expect_identical(nearest_names("learning_rate", known), "learn_rate")
  expect_identical(nearest_names("lr", known), "learn_rate")
  expect_identical(nearest_names("batchsize", known), "batch_size")
  expect_identical(nearest_names("n_epochs", known), "epochs")
  expect_identical(nearest_names("validation_split", known), "validation")
  expect_identical(nearest_names("tittle", c("title", "max")), "title")
  expect_identical(nearest_names("zzz_unknown", known), character())
  expect_identical(nearest_names("a", character()), character())
})
