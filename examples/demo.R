# The main job: train on upright digits, test on turned ones.
#
# Four networks of about the same number of parameters, an ordinary one and three that know the symmetries of the plane,
# learn scikit-learn's handwritten digits, all of them upright. Then each is tested on other digits, upright and turned by
# random angles. Run it with `make demo`, or: Rscript examples/demo.R [folder] [epochs]

suppressPackageStartupMessages(library(intertwine))

# Networks this small run fastest on one core; more threads mostly wait for each other.
intertwine_threads(1)

arguments <- commandArgs(trailingOnly = TRUE)
folder <- if (length(arguments) > 0) arguments[1] else "demo-output"
epochs <- if (length(arguments) > 1) as.integer(arguments[2]) else 10L
dir.create(folder, showWarnings = FALSE, recursive = TRUE)

say <- function(...) cat(..., "\n", sep = "")

# Real images: 8 x 8 pixels, enlarged to 15 x 15 with a margin of 3, so that no turn moves ink out of the picture.
set.seed(1)
digits <- digits_data()
x <- digits$x |> resize_images(15) |> pad_images(3)
y <- digits$y
test <- sample(length(y), 500)
angles <- runif(length(test), 0, 2 * pi)
turned <- transform(x[test], angle = angles)

say("Handwritten digits: ", length(y) - length(test), " upright ones to learn from, ", length(test), " to be tested on.")

networks <- list(
  "plain CNN" = NULL,
  "C4" = gspace_rot2d(N = 4),
  "C8" = gspace_rot2d(N = 8),
  "D4" = gspace_flip_rot2d(N = 4)
)

build <- function(space) {
  shape <- list(
    x = x, y = y, widths = c(1, 2, 4), parameters = 20000, kernel_size = c(7, 5, 5), train = FALSE
  )
  if (is.null(space)) do.call(plain_cnn, shape) else do.call(equivariant_cnn, c(shape, group = space))
}

fits <- list()
rows <- list()
for (name in names(networks)) {
  say("\n", name)
  set.seed(2)
  fits[[name]] <- fit(
    build(networks[[name]]), x[-test], y[-test],
    epochs = epochs, batch_size = 64, learn_rate = 0.01, schedule = "onecycle", verbose = TRUE
  )
  rows[[name]] <- data.frame(
    network = name,
    parameters = fits[[name]]$parameters,
    seconds = round(fits[[name]]$seconds, 1),
    upright = mean(predict(fits[[name]], x[test]) == y[test]),
    turned = mean(predict(fits[[name]], turned) == y[test])
  )
}

table <- do.call(rbind, rows)
say("\nAccuracy on test images, upright and turned by random angles:\n")
shown <- transform(table, upright = sprintf("%.1f%%", 100 * upright), turned = sprintf("%.1f%%", 100 * turned))
print(shown, row.names = FALSE)

by_angle <- accuracy_by_angle(fits, x[test], y[test], angles = seq(0, 345, by = 15))
write.csv(table, file.path(folder, "accuracy.csv"), row.names = FALSE)
write.csv(by_angle, file.path(folder, "accuracy-by-angle.csv"), row.names = FALSE)

picture <- function(name, draw, width = 1500, height = 800) {
  png(file.path(folder, name), width = width, height = height, res = 170)
  on.exit(dev.off())
  draw()
}
picture("accuracy-by-angle.png", function() {
  plot(by_angle, title = "Trained on upright digits, tested on turned ones")
})
picture("digits.png", height = 900, function() {
  shown <- head(seq_along(test), 32)
  guess <- predict(fits[["C8"]], turned[shown])
  plot(
    turned[shown],
    labels = paste0(y[test][shown], ifelse(guess == y[test][shown], "", paste0(" (read as ", guess, ")"))),
    range = c(0, 1), title = "Turned test digits, as the C8 network reads them"
  )
})
picture("features.png", width = 1100, height = 1000, function() plot_orbit(fits[["C4"]]$module[[1]], x[test[1]]))

say("\nWritten to ", normalizePath(folder), ":")
say(paste0("  ", list.files(folder), collapse = "\n"))
