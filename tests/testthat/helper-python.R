# Tests that need Python are skipped where there is none; under INTERTWINE_REQUIRE_PYTHON=true, as in our own gate, they fail
# instead, so that a broken set-up cannot pass.
skip_if_no_python <- function() {
  if (intertwine_available()) {
    return(invisible())
  }
  if (identical(Sys.getenv("INTERTWINE_REQUIRE_PYTHON"), "true")) {
    stop("INTERTWINE_REQUIRE_PYTHON is set, but: ", paste(unavailable_reason(), collapse = " "))
  }
  testthat::skip("Python is not available")
}

# The class and the message of an error, one under the other, as snapshots keep them.
show_error <- function(code) {
  condition <- tryCatch(
    {
      code
      NULL
    },
    error = identity
  )
  if (is.null(condition)) {
    cat("no error\n")
  } else {
    cat("<", class(condition)[1], ">\n", conditionMessage(condition), "\n", sep = "")
  }
}

# The package as if Python had not been loaded, until the end of the test.
local_no_bridge <- function(env = parent.frame()) {
  kept <- mget(c("bridge", "call"), envir = the, ifnotfound = list(NULL))
  the$bridge <- NULL
  the$call <- NULL
  withr::defer(
    {
      the$bridge <- kept$bridge
      the$call <- kept$call
    },
    envir = env
  )
}

# Tests that start another R need the package where that R finds it; load_all() does not put it there.
skip_if_only_loaded <- function() {
  installed <- nzchar(system.file("Meta", "package.rds", package = "intertwine"))
  if (!installed) testthat::skip("intertwine is loaded from its sources, not installed")
}

# The seven layers of the walk-through.
seven_layers <- function() {
  set.seed(7)
  sequential_module(
    field_type(gspace_rot2d(N = 4), trivial = 1),
    r2_conv(out = c(regular = 4), kernel_size = 3),
    batchnorm_inner(),
    nonlin_relu(),
    r2_conv(out = c(regular = 4), kernel_size = 3),
    batchnorm_inner(),
    nonlin_relu(),
    r2_conv(out = c(regular = 1), kernel_size = 3)
  )
}
