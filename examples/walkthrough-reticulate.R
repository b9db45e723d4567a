# The walk-through in R through reticulate alone, as a program for escnn whose import is changed: what R users of escnn have.
#
# `walkthrough.py` beside it is the same program in Python, and prints the same lines. With the R package there is no need
# for integer literals, tuples and positions from zero: see its vignette "Getting started".

library(reticulate)

torch <- import("torch")
gspaces <- import("intertwine")$gspaces
nn <- import("intertwine")$nn

# One line: whole numbers as such, others with four decimals.
show <- function(name, values) {
  values <- as.numeric(values)
  texts <- ifelse(values == round(values), sprintf("%.0f", values), sprintf("%.4f", values))
  writeLines(paste0(name, ": ", paste(texts, collapse = " ")))
}
# Row by row, as Python reads arrays.
rows <- function(values) as.vector(aperm(values, rev(seq_along(dim(values)))))
numbers <- function(tensor) rows(as.array(tensor$detach()$numpy()))
sizes <- function(x) unlist(import_builtins()$list(x$shape))

# spaces, representations, elements
for (space in list(
  gspaces$trivialOnR2(), gspaces$rot2dOnR2(N = 4L), gspaces$flip2dOnR2(), gspaces$flipRot2dOnR2(N = 4L)
)) {
  writeLines(paste("group", space$fibergroup$name))
}

r2_act <- gspaces$rot2dOnR2(N = 4L)
for (representation in r2_act$representations) {
  writeLines(py_str(representation))
}

g <- r2_act$fibergroup$element(1L)
writeLines(py_str(g))
show("irrep 1 at a quarter turn", rows(r2_act$irrep(1L)(g)))
show("regular representation", rows(r2_act$regular_repr(g)))

# a layer
invisible(torch$manual_seed(0L))
feat_type_in <- nn$FieldType(r2_act, list(r2_act$trivial_repr))
feat_type_out <- nn$FieldType(r2_act, rep(list(r2_act$regular_repr), 3))
conv <- nn$R2Conv(feat_type_in, feat_type_out, kernel_size = 3L)
x <- nn$GeometricTensor(torch$randn(2L, 1L, 32L, 32L), feat_type_in)
show("conv", sizes(conv(x)))

# a picture, turned by quarter turns
picture <- torch$tensor(array(outer(0:3, 3:0, "^"), c(1, 1, 4, 4)), dtype = torch$float32)
x <- nn$GeometricTensor(picture, feat_type_in)
for (k in 1:4) {
  turned <- x$transform(r2_act$fibergroup$element(as.integer(k %% 4)))
  show(paste("turned by", 90 * k, "degrees"), numbers(turned$tensor))
}

# turning first and convolving first are the same
gap <- max(abs(numbers(conv(x$transform(g))$tensor) - numbers(conv(x)$transform(g)$tensor)))
show("equivariant", gap < 1e-5)

# seven layers
hidden <- nn$FieldType(r2_act, rep(list(r2_act$regular_repr), 4))
last <- nn$FieldType(r2_act, list(r2_act$regular_repr))
model <- nn$SequentialModule(
  nn$R2Conv(feat_type_in, hidden, kernel_size = 3L),
  nn$InnerBatchNorm(hidden),
  nn$ReLU(hidden),
  nn$R2Conv(hidden, hidden, kernel_size = 3L),
  nn$InnerBatchNorm(hidden),
  nn$ReLU(hidden),
  nn$R2Conv(hidden, last, kernel_size = 3L)
)$eval()
x <- nn$GeometricTensor(torch$randn(1L, 1L, 17L, 17L), feat_type_in)
y <- model(x)
show("model", sizes(y))

# pooled over space, then over the group
spatial <- nn$PointwiseAvgPool(last, 11L)
pooled <- spatial(y)
show("spatial pooling", sizes(pooled))
show("four numbers", numbers(pooled$tensor))
show("of the turned image", numbers(spatial(model(x$transform(g)))$tensor))
invariant <- nn$GroupPooling(last)
show("one number", numbers(invariant(pooled)$tensor))
show("of the turned image", numbers(invariant(spatial(model(x$transform(g))))$tensor))

# real digits: rotations and mirrors below, mirrors alone above
digits <- import("sklearn.datasets")$load_digits()
images <- torch$tensor(digits$images, dtype = torch$float32)$contiguous()$unsqueeze(1L)$div(16)
images <- torch$nn$functional$pad(images, c(1L, 2L, 1L, 2L))
labels <- torch$tensor(digits$target, dtype = torch$int64)

plane <- gspaces$flipRot2dOnR2(N = 4L)
image <- nn$FieldType(plane, list(plane$trivial_repr))
below <- nn$FieldType(plane, rep(list(plane$regular_repr), 2))
conv1 <- nn$R2Conv(image, below, kernel_size = 5L, padding = 2L)
restriction <- nn$RestrictionModule(below, tuple(0L, 1L))
disentangle <- nn$DisentangleModule(restriction$out_type)
flips <- disentangle$out_type$gspace
above <- nn$FieldType(flips, rep(list(flips$regular_repr), 8))
pooling <- nn$GroupPooling(above)
layers <- nn$SequentialModule(
  conv1,
  nn$ReLU(below),
  restriction,
  disentangle,
  nn$R2Conv(disentangle$out_type, above, kernel_size = 5L),
  nn$InnerBatchNorm(above),
  nn$ReLU(above),
  nn$PointwiseAvgPool(above, 7L),
  pooling
)
classifier <- torch$nn$Linear(8L, 10L)
parameters <- c(iterate(layers$parameters()), iterate(classifier$parameters()))
optimizer <- torch$optim$Adam(parameters, lr = 0.05)

# One score for each class.
scores <- function(batch) classifier(layers(nn$GeometricTensor(batch, image))$tensor$flatten(1L))

for (epoch in 1:6) {
  for (start in seq(0, 639, by = 64)) {
    optimizer$zero_grad()
    batch <- images$narrow(0L, as.integer(start), 64L)
    loss <- torch$nn$functional$cross_entropy(scores(batch), labels$narrow(0L, as.integer(start), 64L))
    loss$backward()
    invisible(optimizer$step())
  }
}
show("loss after training", loss$item())

invisible(layers$eval())
test <- nn$GeometricTensor(images$narrow(0L, 1000L, 200L), image)
truth <- as.vector(labels$narrow(0L, 1000L, 200L)$numpy())
mirror <- plane$fibergroup$element(tuple(1L, 0L))
quarter <- plane$fibergroup$element(tuple(0L, 1L))
upright <- numbers(scores(test$tensor))
best <- max.col(matrix(upright, 200, byrow = TRUE), "first") - 1
show("accuracy above one half", mean(best == truth) > 0.5)
mirrored <- numbers(scores(test$transform(mirror)$tensor))
show("same scores in the mirror", max(abs(upright - mirrored)) < 1e-3)
turned <- numbers(scores(test$transform(quarter)$tensor))
show("same scores turned", max(abs(upright - turned)) < 1e-3)
