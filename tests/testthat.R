library(testthat)
library(intertwine)

# INTERTWINE_TESTS is a regular expression of the files to run, where all of them have just run elsewhere (tools/test.sh).
only <- Sys.getenv("INTERTWINE_TESTS")
test_check("intertwine", filter = if (nzchar(only)) only)
