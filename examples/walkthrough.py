"""The walk-through in plain Python, as a program for escnn with its imports changed.

`walkthrough-reticulate.R` beside it is the same program in R, through reticulate, and prints the same lines. The vignette
"Getting started" goes the same way with the R package.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.datasets import load_digits

from intertwine import gspaces, nn


def show(name: str, values: torch.Tensor | np.ndarray | float) -> None:
    """One line: whole numbers as such, others with four decimals."""
    flat = np.asarray(values, dtype=float).reshape(-1) + 0.0
    print(name + ":", *(f"{v:.0f}" if v == round(v) else f"{v:.4f}" for v in flat))


# spaces, representations, elements
for space in (gspaces.trivialOnR2(), gspaces.rot2dOnR2(N=4), gspaces.flip2dOnR2(), gspaces.flipRot2dOnR2(N=4)):
    print("group", space.fibergroup.name)

r2_act = gspaces.rot2dOnR2(N=4)
for representation in r2_act.representations.values():
    print(representation)

g = r2_act.fibergroup.element(1)
print(g)
show("irrep 1 at a quarter turn", r2_act.irrep(1)(g))
show("regular representation", r2_act.regular_repr(g))

# a layer
torch.manual_seed(0)
feat_type_in = nn.FieldType(r2_act, [r2_act.trivial_repr])
feat_type_out = nn.FieldType(r2_act, 3 * [r2_act.regular_repr])
conv = nn.R2Conv(feat_type_in, feat_type_out, kernel_size=3)
x = nn.GeometricTensor(torch.randn(2, 1, 32, 32), feat_type_in)
show("conv", tuple(conv(x).shape))

# a picture, turned by quarter turns
picture = torch.tensor(np.vander(np.arange(4)).reshape(1, 1, 4, 4), dtype=torch.float32)
x = nn.GeometricTensor(picture, feat_type_in)
for k in range(1, 5):
    show(f"turned by {90 * k} degrees", x.transform(r2_act.fibergroup.element(k % 4)).tensor)

# turning first and convolving first are the same
gap = (conv(x.transform(g)).tensor - conv(x).transform(g).tensor).abs().max()
show("equivariant", float(gap < 1e-5))

# seven layers
hidden = nn.FieldType(r2_act, 4 * [r2_act.regular_repr])
last = nn.FieldType(r2_act, [r2_act.regular_repr])
model = nn.SequentialModule(
    nn.R2Conv(feat_type_in, hidden, kernel_size=3),
    nn.InnerBatchNorm(hidden),
    nn.ReLU(hidden),
    nn.R2Conv(hidden, hidden, kernel_size=3),
    nn.InnerBatchNorm(hidden),
    nn.ReLU(hidden),
    nn.R2Conv(hidden, last, kernel_size=3),
).eval()
x = nn.GeometricTensor(torch.randn(1, 1, 17, 17), feat_type_in)
y = model(x)
show("model", tuple(y.shape))

# pooled over space, then over the group
spatial = nn.PointwiseAvgPool(last, 11)
pooled = spatial(y)
show("spatial pooling", tuple(pooled.shape))
show("four numbers", pooled.tensor.detach())
show("of the turned image", spatial(model(x.transform(g))).tensor.detach())
invariant = nn.GroupPooling(last)
show("one number", invariant(pooled).tensor.detach())
show("of the turned image", invariant(spatial(model(x.transform(g)))).tensor.detach())

# real digits: rotations and mirrors below, mirrors alone above
digits = load_digits()
images = torch.nn.functional.pad(torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16, (1, 2, 1, 2))
labels = torch.tensor(digits.target, dtype=torch.int64)

plane = gspaces.flipRot2dOnR2(N=4)
image = nn.FieldType(plane, [plane.trivial_repr])
below = nn.FieldType(plane, 2 * [plane.regular_repr])
conv1 = nn.R2Conv(image, below, kernel_size=5, padding=2)
restriction = nn.RestrictionModule(below, (0, 1))
disentangle = nn.DisentangleModule(restriction.out_type)
flips = disentangle.out_type.gspace
above = nn.FieldType(flips, 8 * [flips.regular_repr])
pooling = nn.GroupPooling(above)
layers = nn.SequentialModule(
    conv1,
    nn.ReLU(below),
    restriction,
    disentangle,
    nn.R2Conv(disentangle.out_type, above, kernel_size=5),
    nn.InnerBatchNorm(above),
    nn.ReLU(above),
    nn.PointwiseAvgPool(above, 7),
    pooling,
)
classifier = torch.nn.Linear(8, 10)
optimizer = torch.optim.Adam([*layers.parameters(), *classifier.parameters()], lr=0.05)


def scores(batch: torch.Tensor) -> torch.Tensor:
    """One score for each class."""
    return classifier(layers(nn.GeometricTensor(batch, image)).tensor.flatten(1))


for _epoch in range(6):
    for start in range(0, 640, 64):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(scores(images[start : start + 64]), labels[start : start + 64])
        loss.backward()
        optimizer.step()
show("loss after training", loss.detach())

layers.eval()
test = nn.GeometricTensor(images[1000:1200], image)
mirror = plane.fibergroup.element((1, 0))
quarter = plane.fibergroup.element((0, 1))
with torch.no_grad():
    upright = scores(test.tensor)
    show("accuracy above one half", float((upright.argmax(1) == labels[1000:1200]).float().mean() > 0.5))
    mirrored = scores(test.transform(mirror).tensor)
    show("same scores in the mirror", float((upright - mirrored).abs().max() < 1e-3))
    turned = scores(test.transform(quarter).tensor)
    show("same scores turned", float((upright - turned).abs().max() < 1e-3))
