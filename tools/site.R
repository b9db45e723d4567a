# Web pages of the R package in site/r, where pkgdown is installed. Examples are not run, vignettes are.
if (!requireNamespace("pkgdown", quietly = TRUE)) {
  message("pkgdown is not installed: no web pages for R (on Debian: apt-get install r-cran-pkgdown)")
} else {
  library(intertwine)
  options(pkgdown.internet = FALSE)
  pkgdown::build_site(preview = FALSE, install = FALSE, examples = FALSE, new_process = FALSE)
}
