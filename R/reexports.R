# Generics of other packages whose methods intertwine has, so that they are there after library(intertwine).

# `fit` and `evaluate` have help pages of their own.

#' @importFrom generics fit
#' @rawNamespace export(fit)
NULL

#' @importFrom generics evaluate
#' @rawNamespace export(evaluate)
NULL

#' @importFrom generics tidy
#' @export
generics::tidy

#' @importFrom generics glance
#' @export
generics::glance

#' @importFrom generics augment
#' @export
generics::augment
