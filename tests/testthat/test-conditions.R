test_that("errors have a class, a hint and the call of the user", {
  f <- function(x) abort_intertwine("It is {x}, with {x} fault{?s}\n  and {{braces}}.", class = "shape", hint = "Do {this}.")
  this <- "{that}"
  condition <- tryCatch(f(2), error = identity)
  expect_s3_class(condition, c("intertwine_error_shape", "intertwine_error", "rlang_error"), exact = FALSE)
  expect_identical(condition$hint, "Do {that}.")
  expect_identical(as.character(conditionCall(condition))[1], "f")
  expect_match(conditionMessage(condition), "It is 2, with 2 faults and {braces}.", fixed = TRUE)
})

test_that("messages speak only of what is there where they are raised", {
  namespace <- asNamespace("intertwine")
  raisers <- c("abort_intertwine", "warn_intertwine", "refuse_value")
  strings <- function(code) if (is.character(code)) code else if (is.call(code)) unlist(lapply(as.list(code)[-1], strings))
  templates <- function(code) {
    if (!is.call(code)) {
      return(NULL)
    }
    c(
      if (as.character(code[[1]])[1] %in% raisers) strings(code),
      unlist(lapply(as.list(code), function(part) if (!missing(part)) templates(part)))
    )
  }
  checked <- 0
  for (name in ls(namespace, all.names = TRUE)) {
    f <- get(name, envir = namespace)
    if (!is.function(f) || name %in% raisers) next
    here <- c(names(formals(f)), all.names(body(f)))
    for (template in templates(body(f))) {
      plain <- gsub("\\{\\{[^{}]*\\}\\}", "", template)
      for (part in regmatches(plain, gregexpr("\\{[^?][^{}]*\\}", plain))[[1]]) {
        used <- all.vars(parse(text = substr(part, 2, nchar(part) - 1)))
        expect_identical(setdiff(used, here), character(), info = paste(name, template))
        checked <- checked + 1
      }
    }
  }
  expect_gt(checked, 100)
})

test_that("messages from Python speak R", {
  expect_identical(in_r_words("ReLU needs fields"), "nonlin_relu() needs fields")
  expect_identical(in_r_words("use nn.R2Conv instead"), "use r2_conv() instead")
  expect_identical(in_r_words("gspaces.rot2dOnR2"), "gspace_rot2d()")
  expect_identical(in_r_words("Linear maps stay English"), "Linear maps stay English")
  expect_identical(
    in_r_words("a tensor of shape (1, 2, 3) where axis 2 must hold"),
    "a tensor of shape 1 x 2 x 3 where dimension 2 must hold"
  )
  expect_identical(in_r_words("no irrep (7,)"), "no irrep 7")
})

test_that("Python's exceptions are conditions with their name", {
  skip_if_no_python()
  condition <- tryCatch(irrep(cyclic_group(4), frequency = 9), error = identity)
  expect_s3_class(condition, c("intertwine_error_group", "intertwine_error_value", "intertwine_error"), exact = FALSE)
  expect_identical(as.character(conditionCall(condition))[1], "irrep")
  expect_identical(condition$python_class, "GroupError")
  expect_match(condition$python_traceback, "Traceback")
  expect_false(is.null(condition$hint))
})

test_that("Python's warnings are R's", {
  skip_if_no_python()
  warner <- reticulate::py_eval("lambda: __import__('warnings').warn('mind {the} gap', UserWarning)")
  expect_warning(py_call_checked(warner), "mind {the} gap", fixed = TRUE, class = "intertwine_warning_user_warning")
})

test_that("positions in errors count from one, and are fields of the condition", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  calls <- list(
    layer = function() geometric_tensor(array(0, c(1, 2, 3, 3)), field_type(gs, trivial = 1)),
    order = function() reshuffle_module(field_type(gs, trivial = 2), permutation = c(1, 3))
  )
  said <- list(
    layer = c(axis = "2"), order = c(first = "1", last = "2", given = "[1, 3]")
  )
  for (name in names(calls)) {
    condition <- tryCatch(calls[[name]](), error = identity)
    expect_identical(condition$positions, said[[name]], label = name)
    for (position in said[[name]]) expect_match(conditionMessage(condition), position, fixed = TRUE)
  }
})

test_that("what the Python half did not foresee is a fault of ours, and says nothing of its insides", {
  skip_if_no_python()
  # inside of the standard library, so that no code of the user's takes part
  broken <- reticulate::import("json")$loads
  condition <- tryCatch(py_call_checked(broken, list("{'a': None}")), error = identity)
  expect_s3_class(condition, c("intertwine_error_internal", "intertwine_error"), exact = FALSE)
  expect_match(conditionMessage(condition), "fault of intertwine")
  expect_no_match(conditionMessage(condition), "None|JSON|Expecting")
  expect_match(condition$details, "JSONDecodeError")
})

test_that("memory, files and code of the user's own are not faults of ours", {
  skip_if_no_python()
  raised <- function(code) {
    failing <- reticulate::py_run_string(paste0("def failing():\n  ", code), local = TRUE)$failing
    tryCatch(py_call_checked(failing), error = identity)
  }
  expect_s3_class(raised("raise MemoryError()"), "intertwine_error_memory")
  expect_match(conditionMessage(raised("raise RuntimeError('CUDA out of memory. Tried')")), "not enough memory")
  missing <- raised("open('/nowhere/at/all')")
  expect_s3_class(missing, "intertwine_error_file")
  expect_match(conditionMessage(missing), "No such file or directory: /nowhere/at/all", fixed = TRUE)
  own <- raised("raise ValueError('my own words')")
  expect_s3_class(own, "intertwine_error_code")
  expect_match(conditionMessage(own), "Code of your own failed: my own words", fixed = TRUE)
  linear <- reticulate::import("torch")$nn$Linear(3L, 2L)
  module <- tryCatch(py_call_checked(linear, list(as_torch(matrix(0, 1, 4)))), error = identity)
  expect_s3_class(module, "intertwine_error_module")
  expect_match(conditionMessage(module), "The torch module `Linear` failed", fixed = TRUE)
})

test_that("a dead reference among the arguments is named, wherever it is", {
  skip_if_no_python()
  dead <- unserialize(serialize(cyclic_group(4), NULL))
  text <- "_r.crossing.generic_methods.text"
  expect_error(py_call_checked(text, list(list(dead))), class = "intertwine_error_dead_pointer")
})
