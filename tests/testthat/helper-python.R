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
