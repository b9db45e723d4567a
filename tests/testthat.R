library(testthat)
library(intertwine)

test_check("intertwine")
