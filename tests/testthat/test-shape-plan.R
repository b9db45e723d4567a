test_that("a plan names the layers that break exactness, and sizes at which none does", {
  skip_if_no_python()
  model <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 1), kernel_size = 3, stride = 2) |>
    nonlin_relu() |>
    r2_conv(out = c(regular = 1), kernel_size = 3)
  plan <- shape_plan(model, 32)
  expect_s3_class(plan, c("shape_plan", "data.frame"))
  expect_identical(plan$name, c("r2_conv", "nonlin_relu", "r2_conv"))
  expect_identical(plan$exact, c(FALSE, TRUE, TRUE))
  expect_true(33 %in% attr(plan, "sizes"))
  expect_true(all(shape_plan(model, 33)$exact))
  expect_true(all(check_equivariance(model, array(rnorm(33^2), c(1, 1, 33, 33)))$passed))
  expect_output(print(plan), "1 layer breaks exact equivariance")
  expect_output(print(shape_plan(model, 33)), "Exact on the grid")
  expect_error(shape_plan(model, 0), class = "intertwine_error_argument")
  expect_error(shape_plan(nonlin_relu(), 32), class = "intertwine_error_argument_type")
})

hand_written <- function() {
  py <- intertwine_py()
  torch <- reticulate::import("torch")
  kind <- field_type(gspace_rot2d(N = 4), regular = 1)
  own <- reticulate::PyClass("PlainConv", inherit = py$nn$EquivariantModule, defs = list(
    `__init__` = function(self, kind) {
      super()$`__init__`()
      self$in_type <- kind
      self$out_type <- kind
      self$plain <- torch$nn$Conv2d(4L, 4L, 3L, padding = 1L)
      NULL
    },
    forward = function(self, x) self$in_type(self$plain(x$tensor))
  ))
  field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 1), kernel_size = 3) |>
    sequential_module(own(kind))
}

test_that("parts written by hand are measured and named", {
  skip_if_no_python()
  model <- hand_written()
  plan <- shape_plan(model, 12)
  expect_identical(plan$part[!plan$exact], c("2.plain", "2"))
  expect_match(plan$reason[!plan$exact][1], "knows no symmetry")
  expect_match(plan$reason[!plan$exact][2], "(2.plain)", fixed = TRUE)
  expect_false(any(grepl("Exact on the grid", format(plan))))
  found <- summary(model, size = 12)
  expect_false(attr(found, "exact"))
  expect_match(utils::tail(format(found), 1), "Not exact")
  expect_identical(sum(found$parameters), n_parameters(model))
  check <- check_equivariance(model, size = 12, layers = TRUE)
  layers <- attr(check, "layers")
  expect_true("2" %in% layers$part)
  expect_gt(layers$exact[layers$part == "2"], 1e-3)
  expect_lt(layers$exact[layers$part == "1"], 1e-10)
  expect_identical(layers$part, c("1", "2.plain", "2"))
  expect_output(print(check), "conv2d (2.plain)", fixed = TRUE)
})

test_that("what is not known is said", {
  found <- grid_text(c(TRUE, FALSE, NA, NA), c(NA, "why", "unknown: why", NA))
  expect_identical(found, c("exact", "BREAKS: why", "unknown: why", ""))
  plan <- structure(
    data.frame(
      layer = 1, name = "Own", part = "1", input = "9 x 9", output = "9 x 9", exact = NA, reason = "unknown: it gives zeros"
    ),
    class = c("shape_plan", "data.frame"), sizes = integer()
  )
  expect_output(print(plan), "It is not known")
  expect_output(print(plan), "unknown: it gives zeros")
  expect_match(grid_verdict(NA), "not known")
})
