"""The programs with which people learn the peer, written anew from their descriptions: only the imports are ours."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from intertwine import group, gspaces, nn
from intertwine.errors import EquivarianceWarning

from ..contracts.layers import relative_error


def turned(x, quarters):
    return torch.rot90(x, quarters, (-2, -1))


# ---- the introduction: types, a convolution, a non-linearity, moving features, a deeper net


def test_introduction():
    r2_act = gspaces.rot2dOnR2(N=4)
    feat_type_in = nn.FieldType(r2_act, [r2_act.trivial_repr])
    feat_type_out = nn.FieldType(r2_act, 10 * [r2_act.regular_repr])
    assert feat_type_in.size == 1
    assert feat_type_out.size == 40
    assert r2_act.fibergroup.order() == 4

    conv = nn.R2Conv(feat_type_in, feat_type_out, kernel_size=5)
    relu = nn.ReLU(feat_type_out)
    x = torch.randn(16, 1, 33, 33)
    x = feat_type_in(x)
    assert isinstance(x.tensor, torch.Tensor)
    y = relu(conv(x))
    assert y.tensor.shape == (16, 40, 29, 29)
    assert y.type == feat_type_out

    for g in r2_act.testing_elements:
        y_from_x_transformed = relu(conv(x.transform(g))).tensor
        y_transformed_from_x = y.transform(g).tensor
        assert torch.allclose(y_from_x_transformed, y_transformed_from_x, atol=1e-4), g

    # other groups: reflections, continuous rotations with irreps
    for act in (gspaces.flipRot2dOnR2(N=4), gspaces.flip2dOnR2(), gspaces.rot2dOnR2(N=-1, maximum_frequency=4)):
        inner = [act.irrep(*psi.id) for psi in act.irreps]
        hidden = nn.FieldType(act, inner + inner[:1])
        layer = nn.R2Conv(nn.FieldType(act, 3 * [act.trivial_repr]), hidden, kernel_size=3, padding=1)
        norm = nn.NormNonLinearity(hidden)
        out = norm(layer(layer.in_type(torch.randn(2, 3, 9, 9))))
        assert out.shape == (2, hidden.size, 9, 9)
        layer.check_equivariance()

    # evaluation does not expand the filters again, and a plain module comes out
    conv.eval()
    plain = conv.export()
    assert isinstance(plain, torch.nn.Conv2d)
    assert torch.allclose(plain(x.tensor), conv(x).tensor, atol=1e-5)

    model = nn.SequentialModule(
        nn.R2Conv(feat_type_in, feat_type_out, kernel_size=5, padding=2),
        nn.InnerBatchNorm(feat_type_out),
        nn.ReLU(feat_type_out, inplace=True),
        nn.PointwiseMaxPool(feat_type_out, kernel_size=3, stride=2, padding=1),
        nn.R2Conv(feat_type_out, nn.FieldType(r2_act, 4 * [r2_act.irrep(1)]), kernel_size=3),
    )
    assert model.evaluate_output_shape((2, 1, 17, 17)) == (2, 8, 7, 7)
    model.eval()
    with pytest.warns(EquivarianceWarning, match="but not on 32 x 32"):
        model.check_equivariance()
    x = torch.randn(1, 1, 17, 17)
    vectors = model(model.in_type(x))
    for g in r2_act.fibergroup.elements:
        moved = model(model.in_type(x).transform(g))
        assert torch.allclose(moved.tensor, vectors.transform(g).tensor, atol=1e-4)


# ---- rotated digits: a network for C8, as an ordinary torch module


class C8SteerableCNN(torch.nn.Module):
    def __init__(self, widths=(3, 4, 4, 6, 6, 4), n_classes=10, size=29):
        super().__init__()
        self.r2_act = gspaces.rot2dOnR2(N=8)
        in_type = nn.FieldType(self.r2_act, [self.r2_act.trivial_repr])
        self.input_type = in_type
        settings = [(7, 1), (5, 2), (5, 2), (5, 2), (5, 2), (5, 1)]
        for number, (width, (kernel_size, padding)) in enumerate(zip(widths, settings), start=1):
            out_type = nn.FieldType(self.r2_act, width * [self.r2_act.regular_repr])
            steps = [
                nn.R2Conv(in_type, out_type, kernel_size=kernel_size, padding=padding, bias=False),
                nn.InnerBatchNorm(out_type),
                nn.ReLU(out_type, inplace=True),
            ]
            if number == 1:
                steps.insert(0, nn.MaskModule(in_type, size, margin=1))
            setattr(self, f"block{number}", nn.SequentialModule(*steps))
            in_type = out_type
        self.pool1 = nn.SequentialModule(nn.PointwiseAvgPoolAntialiased(self.block2.out_type, sigma=0.66, stride=2))
        self.pool2 = nn.SequentialModule(nn.PointwiseAvgPoolAntialiased(self.block4.out_type, sigma=0.66, stride=2))
        self.pool3 = nn.PointwiseAvgPoolAntialiased(self.block6.out_type, sigma=0.66, stride=1, padding=0)
        self.gpool = nn.GroupPooling(self.block6.out_type)
        c = self.gpool.out_type.size
        self.fully_net = torch.nn.Sequential(
            torch.nn.Linear(c, 16),
            torch.nn.BatchNorm1d(16),
            torch.nn.ELU(inplace=True),
            torch.nn.Linear(16, n_classes),
        )

    def forward(self, input: torch.Tensor):
        x = nn.GeometricTensor(input, self.input_type)
        x = self.pool1(self.block2(self.block1(x)))
        x = self.pool2(self.block4(self.block3(x)))
        x = self.pool3(self.block6(self.block5(x)))
        x = self.gpool(x)
        x = x.tensor
        return self.fully_net(x.reshape(x.shape[0], -1))


def test_rotated_digits():
    model = C8SteerableCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-5)
    x, y = torch.randn(8, 1, 29, 29), torch.randint(10, (8,))
    losses = []
    model.train()
    for _ in range(12):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    model.eval()
    with torch.no_grad():
        expected = model(x)
        for quarters in (1, 2, 3):
            assert relative_error(model(turned(x, quarters)), expected) < 1e-4
    assert expected.shape == (8, 10)
    again = C8SteerableCNN()
    again.load_state_dict(model.state_dict())
    assert torch.equal(again.eval()(x), model(x))


class SO2SteerableCNN(torch.nn.Module):
    """The same for all rotations, by Fourier transforms."""

    def __init__(self, widths=(4, 4, 6), n_classes=10, size=29):
        super().__init__()
        self.r2_act = gspaces.rot2dOnR2(N=-1)
        self.input_type = in_type = nn.FieldType(self.r2_act, [self.r2_act.trivial_repr])
        self.mask = nn.MaskModule(in_type, size, margin=1)
        blocks = []
        irreps = self.r2_act.fibergroup.bl_irreps(3)
        for number, width in enumerate(widths):
            activation = nn.FourierELU(self.r2_act, width, irreps, N=16, inplace=True)
            out_type = activation.in_type
            blocks += [
                nn.R2Conv(in_type, out_type, 7 if number == 0 else 5, padding=1 if number == 0 else 2, bias=False),
                nn.IIDBatchNorm2d(out_type),
                activation,
                nn.PointwiseAvgPoolAntialiased(out_type, sigma=0.66, stride=2),
            ]
            in_type = out_type
        self.blocks = nn.SequentialModule(*blocks)
        invariant = nn.FieldType(self.r2_act, 8 * [self.r2_act.trivial_repr])
        self.invariant_map = nn.R2Conv(in_type, invariant, kernel_size=1, bias=False)
        self.head = torch.nn.Sequential(torch.nn.BatchNorm1d(8), torch.nn.ELU(), torch.nn.Linear(8, n_classes))

    def forward(self, input: torch.Tensor):
        x = self.invariant_map(self.blocks(self.mask(self.input_type(input))))
        return self.head(x.tensor.amax(dim=(2, 3)))


def test_rotated_digits_by_fourier_transforms():
    model = SO2SteerableCNN()
    x = torch.randn(4, 1, 29, 29)
    F.cross_entropy(model(x), torch.randint(10, (4,))).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    model.eval()
    with torch.no_grad():
        for quarters in (1, 2):
            assert relative_error(model(turned(x, quarters)), model(x)) < 1e-3


# ---- a perceptron of vectors, without space


class EquivariantMLP(nn.EquivariantModule):
    def __init__(self, G, n_vectors=3, channels=6, layers=2):
        super().__init__()
        self.G = G
        self.gspace = gspaces.no_base_space(G)
        vector = G.irrep(1, 1) if isinstance(G, (group.DihedralGroup, group.O2)) else G.irrep(1)
        self.in_type = nn.FieldType(self.gspace, n_vectors * [vector])
        self.out_type = nn.FieldType(self.gspace, [vector])
        blocks = []
        type_ = self.in_type
        for _ in range(layers):
            if G.continuous:
                activation = nn.FourierPointwise(self.gspace, channels, G.bl_irreps(2), type="regular", N=16)
            else:
                activation = nn.ELU(nn.FieldType(self.gspace, channels * [G.regular_representation]))
            blocks.append(
                nn.SequentialModule(
                    nn.Linear(type_, activation.in_type), nn.IIDBatchNorm1d(activation.in_type), activation
                )
            )
            type_ = activation.out_type
        self.blocks = torch.nn.ModuleList(blocks)
        self.final = nn.Linear(type_, self.out_type)

    def forward(self, x: nn.GeometricTensor) -> nn.GeometricTensor:
        for block in self.blocks:
            x = block(x)
        return self.final(x)

    def evaluate_output_shape(self, input_shape):
        return (input_shape[0], self.out_type.size)


@pytest.mark.parametrize(
    "make", [lambda: group.dihedral_group(5), lambda: group.so2_group(4), lambda: group.o2_group(4)]
)
def test_perceptron(make):
    G = make()
    model = EquivariantMLP(G)
    points = torch.randn(64, model.in_type.size)
    target = points.view(64, -1, 2).sum(dim=1)  # an equivariant function of the vectors
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = F.mse_loss(model(model.in_type(points)).tensor, target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    model.eval().double()
    x = model.in_type(points.double())
    angles = [2 * math.pi * k / 16 for k in (1, 5)]
    of_the_grid = [G.element(angle if G.abelian else (1, angle)) for angle in angles] if G.continuous else G.elements
    for g in of_the_grid:
        y = model(x.transform_fibers(g)).tensor
        assert relative_error(y, model(x).transform_fibers(g).tensor) < 1e-10
    assert model.evaluate_output_shape((7, model.in_type.size)) == (7, 2)


# ---- the wide residual network on the plane: symmetry that becomes smaller with depth


def conv(in_type, out_type, kernel_size, stride=1, padding=None, dilation=1, bias=False, sigma=None, F=1.0):
    return nn.R2Conv(
        in_type,
        out_type,
        kernel_size,
        stride=stride,
        padding=kernel_size // 2 if padding is None else padding,
        dilation=dilation,
        bias=bias,
        sigma=sigma,
        frequencies_cutoff=lambda r: F * r,
    )


def regular_type(gspace, planes, fixparams=False):
    scale = math.sqrt(gspace.fibergroup.order()) if fixparams else gspace.fibergroup.order()
    return nn.FieldType(gspace, max(1, int(planes / scale)) * [gspace.regular_repr])


def trivial_type(gspace, planes):
    return nn.FieldType(gspace, int(planes) * [gspace.trivial_repr])


class WideBasic(nn.EquivariantModule):
    def __init__(self, in_type, inner_type, dropout_rate, stride=1, out_type=None, F=3.0, sigma=0.45):
        super().__init__()
        self.in_type = in_type
        self.out_type = in_type if out_type is None else out_type
        self.bn1 = nn.InnerBatchNorm(self.in_type)
        self.relu1 = nn.ReLU(self.in_type, inplace=True)
        self.conv1 = conv(self.in_type, inner_type, 3, sigma=sigma, F=F)
        self.bn2 = nn.InnerBatchNorm(inner_type)
        self.relu2 = nn.ReLU(inner_type, inplace=True)
        self.dropout = nn.PointwiseDropout(inner_type, p=dropout_rate)
        self.conv2 = conv(inner_type, self.out_type, 3, stride=stride, sigma=sigma, F=F)
        self.shortcut = None
        if stride != 1 or self.in_type != self.out_type:
            self.shortcut = conv(self.in_type, self.out_type, 1, stride=stride, sigma=sigma, F=F)

    def forward(self, x):
        x_n = self.relu1(self.bn1(x))
        out = self.relu2(self.bn2(self.conv1(x_n)))
        out = self.conv2(self.dropout(out))
        out += x if self.shortcut is None else self.shortcut(x_n)
        return out

    def evaluate_output_shape(self, input_shape):
        if self.shortcut is not None:
            return self.shortcut.evaluate_output_shape(input_shape)
        return input_shape


class WideResNet(torch.nn.Module):
    def __init__(self, depth=10, widen_factor=1, dropout_rate=0.3, num_classes=10, N=8, main=8):
        super().__init__()
        n = (depth - 4) // 6
        planes = [2 * main, 4 * main * widen_factor, 4 * main * widen_factor, 2 * main * widen_factor]
        self.gspace = gspaces.flipRot2dOnR2(N)
        self.in_type = nn.FieldType(self.gspace, 3 * [self.gspace.trivial_repr])
        self.conv1 = conv(self.in_type, regular_type(self.gspace, planes[0], True), 3, sigma=0.45, F=3.0)
        self._in = self.conv1.out_type
        self.layer1 = self._wide_layer(planes[1], n, dropout_rate, stride=1)
        self.restrict1 = self._restrict((0, N // 2))
        self.layer2 = self._wide_layer(planes[2], n, dropout_rate, stride=2)
        self.restrict2 = self._restrict((0, 1))
        self.layer3 = self._wide_layer(planes[3], n, dropout_rate, stride=2, totrivial=True)
        self.bn = nn.InnerBatchNorm(self.layer3.out_type, momentum=0.9)
        self.relu = nn.ReLU(self.bn.out_type, inplace=True)
        self.linear = torch.nn.Linear(self.bn.out_type.size, num_classes)
        for module in self.modules():
            if isinstance(module, nn.R2Conv):
                nn.init.deltaorthonormal_init(module.weights.data, module.basisexpansion)
            elif isinstance(module, torch.nn.BatchNorm2d):
                module.weight.data.fill_(1)
            elif isinstance(module, torch.nn.Linear):
                module.bias.data.zero_()

    def _restrict(self, id):
        restriction = nn.RestrictionModule(self._in, id)
        split = nn.DisentangleModule(restriction.out_type)
        self.gspace = split.out_type.gspace
        self._in = split.out_type
        return nn.SequentialModule(restriction, split)

    def _wide_layer(self, planes, blocks, dropout_rate, stride, totrivial=False):
        layers = []
        inner = regular_type(self.gspace, planes, True)
        for number in range(blocks):
            last = totrivial and number == blocks - 1
            out = trivial_type(self.gspace, planes) if last else inner
            step = stride if number == 0 else 1
            layers.append(WideBasic(self._in, inner, dropout_rate, stride=step, out_type=out))
            self._in = out
        return nn.SequentialModule(*layers)

    def features(self, x):
        x = nn.GeometricTensor(x, self.in_type)
        x1 = self.restrict1(self.layer1(self.conv1(x)))
        x2 = self.restrict2(self.layer2(x1))
        return [x1, x2, self.layer3(x2)]

    def forward(self, x):
        out = self.relu(self.bn(self.features(x)[-1])).tensor
        return self.linear(F.avg_pool2d(out, out.shape[-2:]).flatten(1))


def test_wide_residual_network():
    model = WideResNet(depth=16)
    x, y = torch.randn(4, 3, 17, 17), torch.randint(10, (4,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, nesterov=True)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-3:]) < losses[0]
    model.eval()
    with torch.no_grad():
        x1, x2, x3 = model.features(x)
        assert [h.type.fibergroup.order() for h in (x1, x2, x3)] == [8, 2, 2]
        # the last group is one mirror, and the whole network is invariant to it
        mirror = gspaces.flipRot2dOnR2(8)
        moved = nn.FieldType(mirror, 3 * [mirror.trivial_repr]).transform(x, mirror.fibergroup.element((1, 0)))
        assert not torch.allclose(moved, x)
        assert relative_error(model(moved), model(x)) < 1e-4
        # the first layers are equivariant to quarter turns as well
        first = nn.SequentialModule(model.conv1, model.layer1)
        h = first(model.in_type(x))
        g = mirror.fibergroup.element((0, 2))
        assert relative_error(first(model.in_type(x).transform(g)).tensor, h.transform(g).tensor) < 1e-4
        assert first.evaluate_output_shape(tuple(x.shape)) == tuple(h.shape)
    for _, layer in model.named_modules():
        if isinstance(layer, WideBasic):
            layer.check_equivariance(atol=1e-3, size=33)


def test_moved_digits_as_pictures():
    """Turning by angles on and off the grid, as the tutorials plot it."""
    space = gspaces.rot2dOnR2(N=8)
    type_ = nn.FieldType(space, [space.trivial_repr])
    picture = torch.zeros(1, 1, 15, 15)
    picture[..., 3:12, 6:9] = 1
    out = type_(picture).transform(space.fibergroup.element(2)).tensor
    assert torch.equal(out, torch.rot90(picture, 1, (-2, -1)))
    eighth = type_(picture).transform(space.fibergroup.element(1)).tensor
    assert abs(eighth.sum() / picture.sum() - 1) < 0.05
    assert not torch.allclose(eighth, picture)
