# Runs lines of R in a new session that has this package, and gives what it prints. `meanwhile` is called while it runs.
r_session <- function(lines, meanwhile = function() NULL) {
  namespace <- asNamespace("intertwine")
  load <- if (exists(".__DEVTOOLS__", namespace)) {
    sprintf("suppressMessages(pkgload::load_all(\"%s\", quiet = TRUE))", getNamespaceInfo(namespace, "path"))
  } else {
    sprintf("library(intertwine, lib.loc = \"%s\")", dirname(getNamespaceInfo(namespace, "path")))
  }
  script <- withr::local_tempfile(fileext = ".R")
  output <- withr::local_tempfile()
  done <- withr::local_tempfile()
  writeLines(c(load, lines), script)
  withr::local_envvar(TESTTHAT = "true", R_TESTS = "")
  command <- sprintf(
    "(%s --no-save --no-restore %s > %s 2>&1; echo $? > %s)",
    shQuote(file.path(R.home("bin"), "Rscript")), shQuote(script), shQuote(output), shQuote(done)
  )
  # in parentheses: the ampersand that system() appends would put the last of two commands alone into the background
  system(command, wait = FALSE)
  meanwhile()
  # a session takes two seconds, and minutes on a machine that has much else to do
  limit <- Sys.time() + 300
  while (!file.exists(done) && Sys.time() < limit) Sys.sleep(0.05)
  if (!file.exists(done)) stop("the R session did not end in 300 seconds")
  readLines(output)
}
