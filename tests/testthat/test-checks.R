test_that("whole numbers are whole", {
  expect_identical(as_count(3), 3L)
  expect_error(as_count(2.5), class = "intertwine_error_argument")
  expect_error(as_count(NA), class = "intertwine_error_argument")
  expect_error(as_count("a"), class = "intertwine_error_argument")
  expect_error(as_count(c(1, 2)), class = "intertwine_error_argument")
  expect_error(as_count(Inf), class = "intertwine_error_argument")
  expect_error(as_count(2^31), class = "intertwine_error_argument")
  expect_error(as_count(0, min = 1), "`0` must be a whole number, 1 or more")
})

test_that("positions count from one", {
  expect_identical(as_positions(1, 3), 1L)
  expect_identical(as_positions(3, 3), 3L)
  expect_identical(as_positions(-1, 3), 2:3)
  expect_identical(as_positions(c(TRUE, FALSE, TRUE), 3), c(1L, 3L))
  expect_error(as_positions(0, 3), class = "intertwine_error_position")
  expect_error(as_positions(4, 3), class = "intertwine_error_position")
})

test_that("values are described in a few words", {
  expect_snapshot({
    cat(describe_value(NULL), "\n")
    cat(describe_value(3), "\n")
    cat(describe_value("a"), "\n")
    cat(describe_value(1:3), "\n")
    cat(describe_value(1:30), "\n")
    cat(describe_value(matrix(0, 2, 3)), "\n")
    cat(describe_value(list(1)), "\n")
    cat(describe_value(mtcars), "\n")
    cat(describe_value(mean), "\n")
  })
})

test_that("flags, strings and numbers are checked", {
  expect_error(check_flag(NA), class = "intertwine_error_argument")
  expect_error(check_flag("yes"), "must be TRUE or FALSE")
  expect_error(check_string(1), "must be a string")
  expect_error(check_number("1"), "must be a number")
  expect_error(check_number(-1, min = 0), "0 or more")
  expect_error(check_number(2, min = 0, max = 1), "from 0 to 1")
})
