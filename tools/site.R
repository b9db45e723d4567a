# Web pages of the R package in site/r. Examples are not run, vignettes are.
library(intertwine)
options(pkgdown.internet = FALSE)
pkgdown::build_site(preview = FALSE, install = FALSE, examples = FALSE, new_process = FALSE)

# The home page is the README, whose links lead to files of the repository: put these where pkgdown expects them.
folder <- file.path("site", "r")
files <- list.files("docs", recursive = TRUE)
for (file in files) {
  target <- file.path(folder, "docs", sub("\\.md$", ".html", file))
  dir.create(dirname(target), showWarnings = FALSE, recursive = TRUE)
  if (!endsWith(file, ".md")) {
    invisible(file.copy(file.path("docs", file), target, overwrite = TRUE))
    next
  }
  rmarkdown::pandoc_convert(
    normalizePath(file.path("docs", file)),
    to = "html", from = "gfm", output = file.path(normalizePath(dirname(target)), basename(target)),
    options = c("--standalone", "--metadata", paste0("pagetitle=", basename(file)))
  )
  # Links from page to page, and not those with a scheme.
  page <- gsub("href=\"([^\":]+)\\.md(#[^\"]*)?\"", "href=\"\\1.html\\2\"", readLines(target, encoding = "UTF-8"))
  writeLines(page, target, useBytes = TRUE)
  # What a link to the folder opens.
  if (basename(file) == "README.md") writeLines(page, file.path(dirname(target), "index.html"), useBytes = TRUE)
}
invisible(file.copy("DESCRIPTION", folder, overwrite = TRUE))
writeLines(
  "<!doctype html><meta http-equiv=\"refresh\" content=\"0; url=news/index.html\"><a href=\"news/index.html\">News</a>",
  file.path(folder, "NEWS.html")
)
# A form of the forge, not a page to read.
unlink(file.path(folder, "pull_request_template.html"))
