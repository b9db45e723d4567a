test_that("values cross as R has them", {
  skip_if_no_python()
  value <- function(code) py_call_checked(reticulate::py_eval(paste("lambda:", code)))
  expect_identical(value("3"), 3L)
  expect_identical(value("2 ** 40"), 2^40)
  expect_identical(value("[1, 2.5]"), c(1, 2.5))
  expect_identical(value("[1, 2, 3]"), 1:3)
  expect_identical(value("{'a': 1, 'b': 'x'}"), list(a = 1L, b = "x"))
  expect_null(value("None"))
  expect_true(value("True"))
  expect_identical(value("__import__('torch').Size([2, 3])"), 2:3)
  expect_identical(value("__import__('numpy').float64(1.5)"), 1.5)
  expect_identical(value("__import__('numpy').arange(6.0).reshape(2, 3)"), matrix(c(0, 3, 1, 4, 2, 5), 2))
  expect_identical(value("[{'x': __import__('numpy').eye(2)}]"), list(list(x = diag(2))))
  expect_type(value("__import__('torch').__version__"), "character")
})

test_that("arguments cross by position and by name", {
  skip_if_no_python()
  seen <- reticulate::py_eval("lambda *args, **kwargs: [repr(args), repr(sorted(kwargs.items()))]")
  expect_identical(py_call_checked(seen, list(1L, b = 2.5)), c("(1,)", "[('b', 2.5)]"))
  expect_identical(py_call_checked(seen), c("()", "[]"))
  expect_identical(py_call_checked(seen, list(list(1L))), c("([1],)", "[]"))
  expect_identical(py_call_checked(seen, list(NULL, "a")), c("(None, 'a')", "[]"))
})

test_that("callbacks get events and can stop the call", {
  skip_if_no_python()
  code <- "
def count(n, on_batch, on_epoch):
    done = 0
    for i in range(n):
        if on_batch({'batch': i}) is False or on_epoch({'epoch': i, 'loss': 2 ** 40}) is False:
            break
        done += 1
    return done
"
  count <- reticulate::py_run_string(code, local = TRUE)$count
  seen <- list()
  done <- py_call_polled(count, list(5L), on = list(on_batch = NULL, on_epoch = function(event) {
    seen[[length(seen) + 1]] <<- event
    event$epoch < 2
  }))
  expect_identical(done, 2L)
  expect_length(seen, 3)
  expect_identical(seen[[1]]$loss, 2^40)
  expect_false(the$interrupted)
})

test_that("an error in a callback stops Python and is the parent of ours", {
  skip_if_no_python()
  code <- "
def go(on_epoch):
    return 'stopped' if on_epoch({}) is False else 'went on'
"
  go <- reticulate::py_run_string(code, local = TRUE)$go
  failing <- function(event) rlang::abort("mine", class = "my_error")
  condition <- tryCatch(py_call_polled(go, on = list(on_epoch = failing)), error = identity)
  expect_s3_class(condition, "intertwine_error_callback")
  expect_s3_class(condition$parent, "my_error")
})
