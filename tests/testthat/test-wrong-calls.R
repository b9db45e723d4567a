# What a new user may well write, and what they read then: one table, one snapshot. Each call has to end in a classed
# condition that says what was given and what to do, in R's words. Whoever finds another wrong call adds it here.

# What is on the table: small, and made once.
wrong_calls_scene <- function() {
  set.seed(1)
  scene <- new.env(parent = globalenv())
  scene$image_files <- wrong_calls_folder()
  with(scene, {
    library(intertwine)
    gs <- gspace_rot2d(N = 4)
    ty <- field_type(gs, trivial = 1)
    x <- array(stats::runif(12 * 81), c(12, 1, 9, 9))
    y <- factor(rep(c("a", "b", "c"), 4))
    m <- sequential_module(
      ty, r2_conv(out = c(regular = 2), kernel_size = 3), nonlin_relu(), pool_group(), head_classes(n = 3)
    )
    plain <- ty |> r2_conv(out = c(trivial = 2), kernel_size = 3)
    f <- fit(m, x, y, epochs = 1, verbose = FALSE, seed = 1)
    t <- geometric_tensor(x, ty)
    g <- group_element(gs, rotation = 1)
    G <- cyclic_group(6)
    rho <- irrep(G, 1)
    points <- field_type(gspace_rot3d(), trivial = 1)
    p <- points |> r3_point_conv(out = c(trivial = 1), width = 2, n_rings = 2)
    at <- matrix(stats::rnorm(15), 5)
    dots <- geometric_tensor(matrix(1, 5, 1), points, coords = at)
    edges <- radius_graph(at, 10)
    img <- images(x[, 1, , ])
    dead <- unserialize(serialize(ty, NULL))
    iris_x <- iris
    folder <- image_folder(image_files)
    torch_net <- reticulate::import("torch")$nn$Linear(5L, 3L)
  })
  scene
}

# A folder of images, one for each of two classes.
wrong_calls_folder <- function() {
  folder <- tempfile("images")
  for (class in c("cat", "dog")) {
    dir.create(file.path(folder, class), recursive = TRUE)
    grDevices::png(file.path(folder, class, "1.png"), 9, 9)
    graphics::par(mar = rep(0, 4))
    graphics::plot.new()
    grDevices::dev.off()
  }
  folder
}

wrong_calls <- function() {
  list(
    spaces = rlang::exprs(
      gspace_rot2d(),
      gspace_rot2d(n = 4),
      gspace_rot2d(order = 4),
      gspace_rot2d(4, 6, 8),
      gspace_flip_rot2d(4, maximum_frequency = 3),
      gspace_rot2d(0),
      gspace_rot2d(-4),
      gspace_rot2d(2.5),
      gspace_rot2d("4"),
      gspace_rot2d(c(4, 8)),
      gspace_rot2d(NA),
      gspace_rot2d(NULL),
      gspace_flip_rot2d(),
      gspace_rot2d(Inf, max_frequency = -1),
      gspace_none(),
      gspace(),
      gspace("C4"),
      gspace(3),
      cyclic_group(),
      cyclic_group("C4"),
      cyclic_group(1e12),
      dihedral_group(TRUE),
      direct_product(G),
      direct_product(G, 4),
      point_group("Oh!"),
      group_from_matrices(),
      group_from_matrices(matrix(1:4, 2)),
      group_from_matrices(list(matrix(c(1, 1, 0, 1), 2))),
      group_from_permutations(c(1, 1, 2)),
      group_from_permutations(c(0, 1, 2)),
      group_from_table(matrix(1, 2, 2)),
      group_from_table(matrix(0:3, 2)),
      gs$foo,
      gs$Dimensionality,
      gs[["nothing"]],
      gs + gs,
      plot(ty)
    ),
    elements = rlang::exprs(
      group_element(),
      group_element(gs, rotation = "a"),
      group_element(gs, rotaton = 1),
      group_element(gs, angle = 1),
      group_element(gs, angle = "90"),
      group_element(gs, flip = 1),
      group_elements(),
      group_elements(gspace_rot2d(Inf)),
      group_elements(3),
      group_elements(gs)[[9]],
      group_elements(gs)[[0]],
      g * 3,
      g + g,
      g * group_element(G, rotation = 1),
      group_order("C4"),
      group_element_as(g, "quaternion"),
      group_sample(gs, n = "many"),
      restrict(gs),
      restrict(gs, rotations = 3),
      restrict(gs, rotations = "two"),
      restrict(5, rotations = 2)
    ),
    representations = rlang::exprs(
      irrep(),
      irrep(gs, 9),
      irrep(gs, -1),
      irrep(gs, "first"),
      irrep(gs, freqency = 1),
      regular_repr(),
      regular_repr(gspace_rot2d(Inf)),
      regular_repr(4),
      quotient_repr(gs, rotations = 3),
      direct_sum(),
      direct_sum(rho, 3),
      direct_sum(rho, irrep(cyclic_group(5), 1)),
      tensor_product(rho),
      tensor_product(rho, "rho"),
      rho("element"),
      rho(g),
      intertwiners(rho),
      intertwiners(rho, irrep(cyclic_group(5), 1)),
      change_basis(rho, matrix(1, 2, 2)),
      change_basis(rho, diag(3)),
      disentangle(5),
      as.matrix(rho),
      rho(),
      repr_character(rho, 3)
    ),
    `field types` = rlang::exprs(
      field_type(),
      field_type(gs),
      field_type(gs, 8),
      field_type(gs, "regular"),
      field_type(gs, regular = "8"),
      field_type(gs, regular = -1),
      field_type(gs, regular = 1.5),
      field_type(gs, regular = NA),
      field_type(gs, regualr = 8),
      field_type(gs, irrep_9 = 1),
      field_type(4, regular = 8),
      field_type(gspace_rot2d(Inf), regular = 8),
      field_type(regular = 8),
      field_type(gs, rho),
      ty(),
      ty[2],
      ty[0],
      ty[[3]],
      ty["regular"],
      ty$out_type,
      c(ty, 3),
      ty + 1,
      dead + ty,
      n_channels(gs),
      dead |> nonlin_relu()
    ),
    tensors = rlang::exprs(
      geometric_tensor(),
      geometric_tensor(x),
      geometric_tensor(ty, x),
      geometric_tensor(x, gs),
      geometric_tensor(x, field_type(gs, regular = 1)),
      geometric_tensor("x", ty),
      geometric_tensor(x, ty, dtype = "float"),
      geometric_tensor(x, ty, device = "gpu"),
      geometric_tensor(array(NA_real_, c(1, 1, 3, 3)), ty),
      geometric_tensor(iris_x, ty),
      geometric_tensor(matrix(1, 5, 1), points, coords = at[1:3, ]),
      geometric_tensor(matrix(1, 5, 1), points, coords = at[, 1:2]),
      t[0],
      t[13],
      t[1, 2],
      t * t,
      t + 1,
      sqrt(t),
      sum(t),
      mean(t),
      transform(t),
      transform(t, 90),
      transform(t, group_element(G, rotation = 1)),
      transform(t, g, anlge = 3),
      as_torch(),
      as_torch("a"),
      as_torch(x, dtype = "int"),
      as_torch(x, dtpye = "float64"),
      as_torch(iris_x),
      plot(t, filed = 1),
      plot(t, sample = 0),
      point_coords(t)
    ),
    layers = rlang::exprs(
      r2_conv(),
      r2_conv(ty),
      r2_conv(8, 3),
      r2_conv(1, 8, 3),
      r2_conv(ty, 8, 3),
      r2_conv(ty, c(regular = 8)),
      r2_conv(ty, c(regular = 8), 0),
      r2_conv(ty, c(regular = 8), 2.5),
      r2_conv(ty, c(regular = 8), "5"),
      r2_conv(ty, c(regular = 8), 3, padding = -1),
      r2_conv(ty, c(regular = 8), 3, padding = "valid"),
      r2_conv(ty, c(regular = 8), 3, stride = 0),
      r2_conv(ty, c(regular = 8), 3, padding_mode = "mirror"),
      r2_conv(ty, c(regular = 8), 3, bias = 1),
      r2_conv(ty, c(regular = 8), 3, groups = 5),
      r2_conv(ty, c(8, 8), 3),
      r2_conv(ty, c(regualr = 8), 3),
      r2_conv(ty, field_type(gspace_rot2d(8), regular = 1), 3),
      r2_conv(gs, c(regular = 8), 3),
      r2_conv(x, c(regular = 8), 3),
      r2_conv(NULL, c(regular = 8), 3),
      r3_conv(ty, c(regular = 8), 3),
      r3_point_conv(points, c(trivial = 1)),
      field_type(gs, irrep(gs, 1)) |> nonlin_relu(),
      r2_conv(ty, c(regular = 8), kernal_size = 5),
      r2_conv(ty, out_channels = 8, kernel_size = 5),
      r2_conv(ty, c(regular = 8), 3, activation = "relu"),
      nonlin_relu(inplace = TRUE),
      batchnorm_inner(num_features = 8),
      head_classes(classes = 3),
      dropout_field(rate = 0.2),
      nonlin_relu(3),
      nonlin_relu(TRUE),
      nonlin_relu("relu"),
      nonlin_pointwise(tanh),
      nonlin_pointwise(ty, "tahn"),
      nonlin_norm(ty, fun = 3),
      nonlin_gated_by(ty),
      batchnorm_inner(field_type(gs, irrep(gs, 1))),
      batchnorm_inner(ty, momentum = "small"),
      pool_avg(),
      pool_avg("2"),
      pool_avg(2, 2, 0, FALSE, "zeros", 9),
      pool_avg(object = 2),
      pool_max(ty, 2, stride = 0),
      pool_max(ty, -2),
      pool_adaptive_avg(ty),
      pool_adaptive_avg(0),
      dropout_field(2),
      dropout_field(ty, p = 1.5),
      dropout_field("half"),
      head_classes(0),
      head_classes(ty, n = 2.5),
      mask_module(ty),
      reshuffle_module(ty, c(0, 1)),
      restrict_module(ty),
      equivariant_linear(ty),
      tensor_product_module(ty),
      alias_free(ty),
      alias_free(ty, 3),
      multiple_module(ty, labels = "a"),
      branching_module(ty, c("a", "b")),
      merge_module(plain),
      merge_module(a = 3)
    ),
    sequences = rlang::exprs(
      sequential_module(3),
      sequential_module(gs, nonlin_relu()),
      sequential_module(ty, 3),
      sequential_module(ty, nonlin_relu),
      sequential_module(ty, "relu"),
      sequential_module(ty, NULL),
      sequential_module(m, m),
      sequential_module(m, plain),
      sequential_module(plain, nonlin_relu(), ty),
      sequential_module(ty, r2_conv(c(regular = 1), 3), gs),
      sequential_module(x, nonlin_relu()),
      m$foo,
      m$layers,
      m[[9]],
      m[[0]],
      m[["conv"]],
      m[9],
      rev(m),
      sqrt(m),
      tidy(m),
      gs[1],
      m + m,
      as.data.frame(m),
      as.array(m),
      m(),
      m("image"),
      m(x, x),
      m(ty),
      m(nonlin_relu()),
      m(array(0, c(1, 3, 9, 9))),
      m(array(0, c(9, 9, 9))),
      m(array(0, c(1, 1, 2, 2))),
      m(iris_x),
      plot(m),
      plot(nonlin_relu()),
      plot(plain, tittle = "filters"),
      summary(m, size = "large"),
      summary(m, sise = 9),
      summary(m, size = 2),
      print(m, digts = 3),
      n_parameters(3),
      n_parameters(ty),
      shape_plan(m),
      shape_plan(m, "9"),
      shape_plan(m, 0),
      shape_plan(nonlin_relu(), 9),
      check_equivariance(),
      check_equivariance(ty),
      check_equivariance(m, tolerance = "small"),
      check_equivariance(m, tolerence = 1e-3),
      shape_plan(m, sise = 9),
      n_parameters(m, trainable = TRUE),
      check_equivariance(m, array(0, c(1, 2, 9, 9))),
      expect_equivariant(m, tolerence = 1e-3),
      export_torch(f),
      export_torch(ty)
    ),
    training = rlang::exprs(
      fit(),
      fit(m),
      fit(ty, x, y),
      fit(gs, x, y),
      fit(nonlin_relu(), x, y),
      fit(x, y, m),
      fit(y ~ x, m),
      fit(iris_x, m),
      fit(m, x),
      fit(m, x, y[1:5]),
      fit(m, x, 1:12 - 1L),
      fit(m, x, factor(rep(letters[1:4], 3))),
      fit(m, x, c("a", NA, rep("b", 10))),
      fit(m, x, list(1, 2)),
      fit(m, y, x),
      fit(m, "digits", y),
      fit(m, NULL, y),
      fit(m, x[, , , , drop = TRUE], y),
      fit(m, array(0, c(12, 3, 9, 9)), y),
      fit(m, x, y, learning_rate = 0.1),
      fit(m, x, y, lr = 0.1),
      fit(m, x, y, batchsize = 8),
      fit(m, x, y, validation_split = 0.1),
      fit(m, x, y, n_epochs = 2),
      fit(m, x, y, optimiser = "adam"),
      fit(m, x, y, zzz_unknown = 1),
      fit(m, x, y, epochs = 0),
      fit(m, x, y, epochs = -1),
      fit(m, x, y, epochs = "ten"),
      fit(m, x, y, epochs = NULL),
      fit(m, x, y, batch_size = 0),
      fit(m, x, y, batch_size = c(1, 2)),
      fit(m, x, y, optimizer = "adm"),
      fit(m, x, y, optimizer = 3),
      fit(m, x, y, learn_rate = "fast"),
      fit(m, x, y, learn_rate = -1),
      fit(m, x, y, loss = "crossentropy"),
      fit(m, x, y, loss = 3),
      fit(m, x, y, loss = "mse"),
      fit(m, x, y, metrics = "acuracy"),
      fit(m, x, y, metrics = 3),
      fit(m, x, y, validation = 2),
      fit(m, x, y, validation = x),
      fit(m, x, y, validation = list(x)),
      fit(m, x, y, augment = "rotation"),
      fit(m, x, y, augment = TRUE),
      fit(m, x, y, augment = function(batch) NULL),
      fit(m, x, y, class_weights = c(a = 1, d = 2)),
      fit(m, x, y, class_weights = "balance"),
      fit(m, x, y, callbacks = "stop"),
      fit(m, x, y, callbacks = function(logs) stop("no")),
      fit(m, x, y, device = "cuda"),
      fit(m, x, y, device = "gpu"),
      fit(m, x, y, device = 0),
      fit(m, x, y, verbose = 2),
      fit(m, x, y, na = "omit"),
      fit(m, x, y, schedule = "cosinus"),
      fit(m, x, y, schedule = 3),
      fit(m, x, y, seed = "today"),
      fit(m, x, y, weight_decay = "x"),
      fit(m, x, y, keep_state = "yes"),
      fit(m, x, y, target_type = "vector"),
      fit(m, x, y, patience = "long"),
      fit(m, x, y, precision = "half"),
      fit(m, x, y, clip_norm = -1),
      fit(m, x, y, min_delta = "a"),
      fit(m, x, y, workers = -1),
      fit(m, x, y, resume = TRUE),
      fit(m, x, y, checkpoint = 3),
      fit(m, x, y, fabric = "ddp"),
      fit(f, x, factor(rep(c("a", "b", "d"), 4))),
      fit(plain, x, y),
      fit(dead, x, y),
      equivariant_cnn(),
      equivariant_cnn(x),
      equivariant_cnn(x, y, "C4"),
      equivariant_cnn(x, y, group = gspace_rot2d(Inf)),
      equivariant_cnn(x, y, group = gspace_rot3d()),
      equivariant_cnn(x, y, widths = 0),
      equivariant_cnn(x, y, width = "wide"),
      equivariant_cnn(x, y, kernel_size = 4.5),
      equivariant_cnn(x, y, parameters = 3),
      equivariant_cnn(x, y, dropout = 2),
      equivariant_cnn(x, y, learning_rate = 0.1),
      equivariant_cnn(x, y, train = FALSE, batchsize = 3),
      equivariant_cnn(x, list(1, 2)),
      equivariant_cnn(y, x),
      equivariant_cnn(folder, y),
      fit(torch_net, x, y),
      plain_cnn(x, y, learning_rate = 0.1),
      callback_stop_early(patience = 0),
      callback_stop_early(patience = "some"),
      callback_checkpoint(),
      callback_checkpoint(3),
      callback_function(3)
    ),
    `after training` = rlang::exprs(
      predict(f),
      predict(m),
      predict(f, x, type = "classes"),
      predict(f, x, type = "probs"),
      predict(f, x, type = 1),
      predict(f, x, pred_type = "prob"),
      predict(f, x, batchsize = 3),
      predict(f, x, batch_size = 0),
      predict(f, x, device = "cuda"),
      predict(f, x, device = "gpu0"),
      predict(f, "x"),
      predict(f, NULL),
      predict(f, iris_x),
      predict(f, array(0, c(2, 3, 9, 9))),
      predict(f, x[0, , , , drop = FALSE]),
      predict(f, x, tile = 0),
      predict(f, x, tile = 4),
      predict(f, x, overlap = 2),
      predict(ty, x),
      predict(gs, x),
      predict(nonlin_relu(), x),
      evaluate(f),
      evaluate(f, x),
      evaluate(f, x, y[1:3]),
      evaluate(f, x, rep("z", 12)),
      evaluate(f, x, y, metric = "acc"),
      evaluate(f, x, y, batchsize = 3),
      evaluate(f, x, y, device = "cuda"),
      evaluate(ty, x, y),
      augment(f),
      augment(f, x, type = "prob"),
      augment(f, x, y[1:3]),
      augment(f, x, y, batchsize = 3),
      augment(m, x),
      confusion_table(f),
      confusion_table(f, x),
      confusion_table(m, x, stats::runif(12)),
      confusion_table(ty, x, y),
      plot(f, tittle = "history"),
      accuracy_by_angle(f, x, y),
      accuracy_by_angle(f, img, y, angle = "all"),
      accuracy_by_angle(m, img, y),
      accuracy_by_angle(f, img, y, batchsize = 3),
      plot_orbit(f),
      plot_orbit(f, x),
      plot_orbit(m, img[1], field = 0),
      plot_orbit(ty),
      tidy(f, what = "all"),
      intertwine_save(),
      intertwine_save(f),
      intertwine_save(x, tempfile()),
      intertwine_save(f, "/nowhere/at/all/model.zip"),
      intertwine_load(),
      intertwine_load("/nowhere/model.zip"),
      intertwine_load(3)
    ),
    images = rlang::exprs(
      images(),
      images("a.png"),
      images(x),
      images(x, "nhwx"),
      images(x, layot = "nchw"),
      images(x, layout = 4),
      images(x, "nchw", origin = "left"),
      images(x, "nchw", range = 3),
      images(list()),
      images(iris_x),
      img[0],
      img[[99]],
      img + img[1:2],
      plot(img, tittle = "digits"),
      plot(img, max = 0),
      plot(img, ncol = "two"),
      img[1, 2],
      transform(img),
      transform(img, angle = "90"),
      transform(img, angle = 1, ordr = 1),
      resize_images(img),
      resize_images(img, 0),
      resize_images(img, "8"),
      pad_images(img, -1),
      read_idx("/nowhere.idx"),
      read_image_folder(),
      read_image_folder("/nowhere"),
      image_folder("/nowhere"),
      image_folder(3)
    ),
    points = rlang::exprs(
      p(dots),
      p(at),
      p(dots, 3),
      p(dots, edges - 1L),
      p(dots, t(edges)),
      p(dots, edges = "all"),
      radius_graph(),
      radius_graph(at),
      radius_graph(at, -1),
      radius_graph(at, raduis = 1),
      radius_graph(at, "1"),
      radius_graph("at", 1),
      radius_graph(at, 1, batch = 1:3),
      point_forces(p, dots),
      point_forces(p, at, edges),
      fit_points(p, dots),
      fit_points(p, dots, edges, rep(1, 5)),
      fit_points(p, dots, edges, rep(1, 5), c(1, 2)),
      fit_points(p, dots, edges, rep(1, 5), 1, aggregate = "max"),
      check_equivariance(p, dots),
      molecules_data("H3O")
    )
  )
}

# One call, its class and its message.
wrong_call_lines <- function(call, scene) {
  condition <- tryCatch(
    {
      grDevices::pdf(NULL)
      on.exit(grDevices::dev.off())
      suppressMessages(utils::capture.output(eval(call, scene)))
      NULL
    },
    error = identity
  )
  list(call = paste(deparse(call, width.cutoff = 500L), collapse = " "), condition = condition)
}

test_that("wrong calls end in classed conditions that speak R", {
  skip_if_no_python()
  scene <- wrong_calls_scene()
  calls <- wrong_calls()
  found <- lapply(calls, lapply, wrong_call_lines, scene)
  expect_gt(sum(lengths(found)), 300)
  expect_snapshot(for (topic in names(found)) {
    cat("## ", topic, "\n\n", sep = "")
    for (entry in found[[topic]]) {
      condition <- entry$condition
      cat("> ", entry$call, "\n", sep = "")
      text <- if (is.null(condition)) "no error" else paste0("<", class(condition)[1], ">\n", conditionMessage(condition))
      cat(paste0("  ", strsplit(gsub(getwd(), "<folder>", text, fixed = TRUE), "\n")[[1]]), "", sep = "\n")
    }
  })
  # words that only a Python user knows; "torch" is the name of a library that R users know
  python <- paste(
    "Traceback|TypeError|ValueError|KeyError|AttributeError|RuntimeError|\\bNone\\b|\\bTrue\\b|\\bFalse\\b",
    "(^|[^_])torch\\.|numpy|<class",
    "object at 0x|[Pp]ython|\\bdict\\b|\\btuple\\b|\\.py\\b|positional argument|keyword|__|\\bself\\b|\\*\\*?kwargs",
    sep = "|"
  )
  for (entry in unlist(found, recursive = FALSE)) {
    condition <- entry$condition
    expect_true(inherits(condition, "intertwine_error"), info = entry$call)
    expect_false(inherits(condition, "intertwine_error_internal"), info = entry$call)
    if (is.null(condition)) next
    # the folder in which the tests run may be called anything
    text <- gsub(getwd(), "<folder>", conditionMessage(condition), fixed = TRUE)
    expect_no_match(text, python, info = entry$call)
  }
})
