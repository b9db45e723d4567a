# lintr over the R sources, with the rules of .lintr. Fails when there is anything to say.
folders <- Filter(dir.exists, c("R", "tests/testthat", "tools", "benchmarks", "examples", "vignettes"))
found <- do.call(c, lapply(folders, lintr::lint_dir, relative_path = FALSE, pattern = "\\.[Rr]$"))
for (lint in found) print(lint)
cat(sprintf("lintr: %d to fix\n", length(found)))
quit(status = as.integer(length(found) > 0))
