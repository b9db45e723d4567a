# What the Python half has and R has not. This list may only shrink: whoever adds to Python adds to R.
missing_in_r <- function() {
  c(
    # Abstract classes and helpers that R reaches as values, methods or arguments.
    "FiniteGroup", "ContinuousGroup", "chi", "psi", "psichi", "quaternion_matrix",
    "InsufficientIrrepsException", "UnderconstrainedCGSystem",
    "EquivariantModule", "Spec",
    "check_equivariance", "init", "tensor_directsum", "GSpace0D", "GSpace2D", "GSpace3D",
    # In R export_torch() and the method of summary(); their names in Python are words of its messages, too.
    "export", "summary", "ModelSummary",
    # For several processes, which R does not train in.
    "synchronise_batchnorm"
  )
}

test_that("every R function in the table of names exists", {
  functions <- unique(sub("\\(\\)$", "", r_names_of_python()))
  expect_identical(setdiff(functions, getNamespaceExports("intertwine")), character())
})

test_that("R has what Python has, but for a list that may only shrink", {
  skip_if_no_python()
  python <- unlist(lapply(c("group", "gspaces", "nn"), function(module) {
    intertwine_py()[[module]][["__all__"]]
  }))
  absent <- setdiff(unique(python), names(r_names_of_python()))
  expect_identical(setdiff(absent, missing_in_r()), character())
  # What R has by now must leave the list.
  expect_identical(intersect(missing_in_r(), names(r_names_of_python())), character())
  expect_identical(setdiff(missing_in_r(), python), character())
})

test_that("no export masks base, stats, utils or methods", {
  exports <- getNamespaceExports("intertwine")
  for (package in c("base", "stats", "utils", "methods", "graphics")) {
    masked <- intersect(exports, getNamespaceExports(package))
    expect_identical(masked, character(), info = package)
  }
})
