# What crossing between R and Python costs: Rscript benchmarks/bridge.R (from the root, after `make setup`).
# Prints a markdown table of medians.

layer_call_seconds <- function(repeats = 300) {
  library(intertwine)
  space <- gspace_rot2d(N = 4)
  conv <- r2_conv(field_type(space, trivial = 1), out = c(regular = 1), kernel_size = 3)
  conv$eval()
  x <- geometric_tensor(array(stats::rnorm(25), c(1, 1, 5, 5)), field_type(space, trivial = 1))
  from_r <- function() for (i in seq_len(repeats)) conv(x)
  # The same calls made by Python itself, to be taken off.
  reticulate::py_run_string("
import time
def from_python(conv, x, repeats):
    started = time.perf_counter()
    for _ in range(repeats):
        conv(x)
    return time.perf_counter() - started
")
  from_python <- reticulate::py$from_python
  from_r()
  # Other work on the machine only ever adds time, so the least of several rounds is nearest to the truth.
  rounds <- replicate(9, c(system.time(from_r())[["elapsed"]], from_python(conv, x, as.integer(repeats))))
  (min(rounds[1, ]) - min(rounds[2, ])) / repeats
}

big_array_seconds <- function() {
  library(intertwine)
  values <- array(stats::runif(1e7), c(10, 10, 100, 1000))
  as_torch(1)
  there <- system.time(tensor <- as_torch(values, dtype = "float64"))[["elapsed"]]
  back <- system.time(again <- as.array(tensor))[["elapsed"]]
  stopifnot(identical(again, values))
  c(there = there, back = back)
}

library_seconds <- function() {
  seconds <- system.time(library(intertwine))[["elapsed"]]
  stopifnot(!reticulate::py_available(initialize = FALSE))
  seconds
}

torch_seconds <- function() {
  system.time(reticulate::import("torch"))[["elapsed"]]
}

first_result_seconds <- function() {
  system.time({
    library(intertwine)
    space <- gspace_rot2d(N = 4)
    conv <- r2_conv(field_type(space, trivial = 1), out = c(regular = 3), kernel_size = 3)
    as.array(conv(array(stats::rnorm(2 * 32 * 32), c(2, 1, 32, 32))))
  })[["elapsed"]]
}

# Runs a measure of this file in a process of its own, where nothing is loaded yet.
fresh <- function(measure, runs = 1) {
  code <- sprintf("source('benchmarks/bridge.R'); cat('seconds', %s())", measure)
  one <- function(i) {
    output <- system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code)), stdout = TRUE)
    line <- grep("^seconds ", output, value = TRUE)
    as.numeric(strsplit(sub("^seconds ", "", line), " ")[[1]])
  }
  runs <- do.call(rbind, lapply(seq_len(runs), one))
  apply(runs, 2, stats::median)
}

main <- function() {
  row <- function(what, value, unit, target) {
    cat(sprintf("| %s | %.3g %s | %s | %s |\n", what, value, unit, target, if (value <= target) "yes" else "**no**"))
  }
  cat(sprintf("\nR %s, reticulate %s\n\n", getRversion(), utils::packageVersion("reticulate")))
  cat("| what | measured | target | met |\n|---|---|---|---|\n")
  row("a layer call from R, beyond the same call in Python", 1e3 * fresh("layer_call_seconds"), "ms", 0.5)
  big <- fresh("big_array_seconds", 3)
  row("1e7 doubles from R to Python", big[[1]], "s", 1)
  row("1e7 doubles from Python to R", big[[2]], "s", 1)
  row("`library(intertwine)`, which starts no Python", fresh("library_seconds", 5), "s", 0.5)
  torch <- fresh("torch_seconds", 3)
  label <- "first result in R / `reticulate::import(\"torch\")` of %.2g s, both from a fresh R"
  row(sprintf(label, torch), fresh("first_result_seconds", 3) / torch, "", 1.5)
}

if (sys.nframe() == 0) main()
