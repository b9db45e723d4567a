# Runs the R tests against the installed package: Rscript tools/testthat.R [FILTER]
# A warning that a test does not expect counts as a failure.
# Otherwise testthat skips the snapshots of printed forms.
Sys.setenv(NOT_CRAN = "true")
filter <- commandArgs(trailingOnly = TRUE)
results <- testthat::test_dir(
  "tests/testthat",
  filter = if (length(filter)) filter[[1]],
  package = "intertwine",
  load_package = "installed",
  reporter = testthat::SummaryReporter$new(max_reports = 200),
  stop_on_failure = FALSE
)
counts <- as.data.frame(results)
failed <- sum(counts$failed > 0 | counts$error | counts$warning > 0)
skipped <- sum(counts$skipped)
cat(sprintf("testthat: %d passed, %d failed, %d skipped\n", nrow(counts) - failed - skipped, failed, skipped))
quit(status = as.integer(failed > 0 || nrow(counts) == 0))
