# Web pages of the R package in site/r. Examples are not run, vignettes are.
library(intertwine)
options(pkgdown.internet = FALSE)
pkgdown::build_site(preview = FALSE, install = FALSE, examples = FALSE, new_process = FALSE)

# The home page is the README, whose links lead to files of the repository: put these where pkgdown expects them.
folder <- file.path("site", "r")
dir.create(file.path(folder, "docs"), showWarnings = FALSE, recursive = TRUE)
pages <- list.files("docs", pattern = "\\.md$", full.names = TRUE, recursive = TRUE)
for (page in pages) {
  target <- file.path(folder, sub("\\.md$", ".html", page))
  dir.create(dirname(target), showWarnings = FALSE, recursive = TRUE)
  rmarkdown::pandoc_convert(
    normalizePath(page),
    to = "html", from = "gfm", output = file.path(normalizePath(dirname(target)), basename(target)),
    options = c("--standalone", "--metadata", paste0("pagetitle=", basename(page)))
  )
}
writeLines(
  "<!doctype html><meta http-equiv=\"refresh\" content=\"0; url=news/index.html\"><a href=\"news/index.html\">News</a>",
  file.path(folder, "NEWS.html")
)
