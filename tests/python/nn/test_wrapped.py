"""Plain networks made equivariant: what they compute, what they refuse, and how they are trained."""

import pytest
import torch

from intertwine import deploy, group, gspaces, nn, training
from intertwine.errors import ArgumentError, FieldTypeError, ShapeError, UnsupportedFieldError

from ..contracts.layers import plain_net

D4 = gspaces.flipRot2dOnR2(4)
GREY = nn.field_type(D4, trivial=1)
O3 = gspaces.no_base_space(group.o3_group(4))


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_the_average_is_the_sum_over_the_group_also_of_rectangles():
    kind = nn.field_type(D4, vector=1)
    net = torch.nn.Conv2d(1, 2, 3, padding=1)
    for x in (random(2, 1, 5, 5), random(2, 1, 4, 7)):
        turned = [kind.transform(net(GREY.transform(x, ~g)), g) for g in D4.fibergroup.elements]
        torch.testing.assert_close(nn.GroupAverage(GREY, kind, net)(x), sum(turned) / 8)


def test_samples_average_in_training_alone():
    torch.manual_seed(0)
    model = nn.GroupAverage(GREY, None, plain_net(1, 2, pools=True), samples=2)
    x = random(3, 1, 5, 5)
    with torch.no_grad():
        whole = model.eval()(x)
        found = torch.stack([model.train()(x) for _ in range(400)])
    assert float(found.std(dim=0).max()) > 1e-4
    torch.testing.assert_close(found.mean(dim=0), whole, atol=3e-2, rtol=0)
    with pytest.raises(ArgumentError, match="8 elements"):
        nn.GroupAverage(GREY, None, model.net, samples=9)


@pytest.mark.parametrize("cls", [nn.FrameAverage, nn.Canonicalised])
def test_inputs_with_symmetries_of_their_own_give_outputs_with_them(cls):
    torch.manual_seed(0)
    kind = nn.field_type(D4, vector=1)
    model = cls(GREY, kind, plain_net(1, 2)).double().eval()
    x = random(1, 1, 6, 6).double()
    mirror = D4.fibergroup.element((1, 0))
    x = x + GREY.transform(x, mirror)
    y = model(x)
    torch.testing.assert_close(kind.transform(y, mirror), y)
    assert y.abs().max() > 1e-3
    for g in D4.fibergroup.elements:
        torch.testing.assert_close(model(GREY.transform(x, g)), kind.transform(y, g))


def test_frames_see_one_pose_of_all_turned_inputs():
    seen = []
    net = torch.nn.Identity()
    net.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model = nn.FrameAverage(GREY, GREY, net)
    x = random(1, 1, 5, 5)
    for g in D4.fibergroup.elements:
        torch.testing.assert_close(model(GREY.transform(x, g)), GREY.transform(x, g))
    assert all(torch.equal(pose, seen[0]) for pose in seen)


def test_a_learned_pose_is_trained_and_its_prior_keeps_the_usual_one():
    grey = nn.field_type(gspaces.rot2dOnR2(4), trivial=1)
    images = random(64, 1, 7, 7)
    images[:, :, 4:] += 3.0  # upright: bright below
    labels = (images[:, 0, :, :3].mean(dim=(1, 2)) > images[:, 0, :, 4:].mean(dim=(1, 2))).long()
    usual = {}
    for prior in (0.0, 1.0):
        torch.manual_seed(1)
        model = nn.Canonicalised(grey, None, plain_net(1, 2, pools=True), prior=prior)
        fitted = training.fit(model, images, labels, epochs=6, learn_rate=0.01, seed=1).module
        assert any(not torch.equal(a, b) for a, b in zip(fitted.scores.parameters(), model.scores.parameters()))
        with torch.no_grad():
            scores = fitted.scores(images).mean(dim=(2, 3))
        usual[prior] = float(scores.softmax(dim=1)[:, 0].mean())
        again = deploy.load_bytes(deploy.save_bytes(fitted))
        with torch.no_grad():
            assert torch.equal(again(images), fitted(images))
    assert usual[1.0] > 0.9 > 2 * usual[0.0], usual


def test_the_prior_is_given_once_and_in_training_alone():
    model = nn.Canonicalised(GREY, GREY, torch.nn.Identity(), prior=0.5)
    x = random(2, 1, 5, 5)
    model(x)
    scores = model.scores(x).mean(dim=(2, 3))
    torch.testing.assert_close(model.added_loss(), -0.5 * scores.log_softmax(dim=1)[:, 0].mean())
    assert model.added_loss() is None
    model.eval()(x)
    assert model.added_loss() is None


@pytest.mark.parametrize("cls", [nn.PointFrameAverage, nn.PointCanonicalised])
def test_points_turn_shift_and_lie_in_planes(cls):
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(3)
    kinds = [O3.irrep(1, 1)] * 6
    in_type, out_type = nn.FieldType(O3, kinds), nn.FieldType(O3, [O3.irrep(1, 1), O3.irrep(0, 2), O3.irrep(1, 3)])
    net = torch.nn.Sequential(torch.nn.Linear(18, 16), torch.nn.Tanh(), torch.nn.Linear(16, out_type.size))
    model = cls(in_type, out_type, net).double()
    points = torch.randn(3, 6, 3, generator=generator, dtype=torch.float64)
    points[1] *= torch.tensor([1.0, 1.0, 0.0])
    points[2] = points[2, :, :1] * torch.tensor([1.0, 2.0, -1.0])
    y = model(points.flatten(1))
    for g in O3.fibergroup.testing_elements():
        turned = model(in_type.transform_fibers(points.flatten(1), g))
        expected = out_type.transform_fibers(y, g)
        torch.testing.assert_close(turned[:2], expected[:2], atol=1e-9, rtol=1e-9)
        torch.testing.assert_close(turned[2, :3], expected[2, :3], atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(model((points + 5.0).flatten(1))[:2], y[:2], atol=1e-9, rtol=1e-9)
    assert y[:, :3].abs().max() > 1e-3


def test_planar_weights_are_lifted_exactly_and_come_back():
    torch.manual_seed(0)
    first, second = torch.nn.Conv2d(2, 3, 5, padding=2), torch.nn.Conv2d(3, 2, 3, stride=2, padding=1)
    planar = torch.nn.Sequential(first, torch.nn.ReLU(), second)
    kind, hidden, out = nn.field_type(D4, trivial=2), nn.field_type(D4, regular=3), nn.field_type(D4, regular=2)
    lifted = [nn.lift_conv(first, kind, hidden), nn.lift_conv(second, hidden, out)]
    assert max(rest for _, rest in lifted) < 1e-5
    model = nn.SequentialModule(lifted[0][0], nn.ReLU(hidden), lifted[1][0])
    x = random(2, 2, 9, 9)
    torch.testing.assert_close(model(x)[:, ::8], planar(x), atol=1e-5, rtol=1e-4)
    average = nn.GroupAverage(kind, nn.field_type(D4, trivial=2), planar)
    torch.testing.assert_close(model(x).unflatten(1, (2, 8)).mean(dim=2), average(x), atol=1e-5, rtol=1e-4)
    for conv, (layer, _) in zip((first, second), lifted):
        back, rest = nn.project_conv(layer)
        torch.testing.assert_close(back.weight, conv.weight, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(back.bias, conv.bias)
        assert rest < 1e-5
    layer = nn.R2Conv(hidden, out, 3)
    summed, rest = nn.project_conv(layer, inputs="sum")
    torch.testing.assert_close(summed(x[:, :1].expand(-1, 3, -1, -1)), layer(x[:, :1].expand(-1, 24, -1, -1))[:, ::8])
    assert 0.1 < rest < 1
    for space, most in ((gspaces.rot2dOnR2(8), 0.9), (gspaces.octaOnR3(), 1e-5), (gspaces.flipOnR1(), 1e-5)):
        d = space.dimensionality
        conv = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}[d](1, 1, 3)
        _, rest = nn.lift_conv(conv, nn.field_type(space, trivial=1), nn.field_type(space, regular=1))
        assert rest < most


def test_frames_of_points_keep_the_order_and_find_sets_without_axes():
    kind = nn.FieldType(O3, 4 * [O3.irrep(1, 1)])

    class Distances(torch.nn.Module):
        def forward(self, x):
            return (x.unflatten(1, (4, 3)) ** 3).sum(dim=1)

    model = nn.PointFrameAverage(kind, nn.FieldType(O3, [O3.irrep(1, 1)]), Distances()).double()
    points = random(2, 4, 3).double()
    torch.testing.assert_close(model(points[:, [2, 0, 3, 1]].flatten(1)), model(points.flatten(1)))
    corners = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=torch.float64)
    line = torch.arange(4.0).double()[:, None] * torch.tensor([1.0, 2.0, 3.0])
    both = torch.stack([corners, line, points[0]])
    assert model.is_degenerate(both.flatten(1)).tolist() == [True, False, False]


def test_what_cannot_be_wrapped_is_refused():
    so2 = gspaces.rot2dOnR2()
    with pytest.raises(FieldTypeError, match="infinitely many"):
        nn.GroupAverage(nn.field_type(so2, trivial=1), None, torch.nn.Identity())
    with pytest.raises(FieldTypeError, match="keeps the symmetry"):
        nn.GroupAverage(GREY, nn.field_type(gspaces.rot2dOnR2(4), trivial=1), torch.nn.Identity())
    with pytest.raises(ShapeError, match="second axis"):
        nn.GroupAverage(GREY, nn.field_type(D4, vector=1), torch.nn.Identity())(random(2, 1, 5, 5))
    with pytest.raises(ShapeError, match="one row"):
        nn.GroupAverage(GREY, None, torch.nn.Flatten(0))(random(2, 1, 5, 5))
    with pytest.raises(ShapeError, match="squares"):
        nn.FrameAverage(GREY, GREY, torch.nn.Identity())(random(2, 1, 5, 6))
    with pytest.raises(ShapeError, match="one number"):
        nn.FrameAverage(GREY, GREY, torch.nn.Identity(), torch.nn.Identity())(random(2, 1, 5, 5))
    with pytest.raises(FieldTypeError, match="regular"):
        nn.Canonicalised(GREY, GREY, torch.nn.Identity(), nn.R2Conv(GREY, GREY, 3, padding=1))
    with pytest.raises(FieldTypeError, match="no_base_space"):
        nn.PointFrameAverage(GREY, None, torch.nn.Identity())
    with pytest.raises(FieldTypeError, match="none"):
        nn.PointFrameAverage(nn.FieldType(O3, [O3.irrep(0, 1)]), None, torch.nn.Identity())
    with pytest.raises(FieldTypeError, match="regular=3"):
        nn.lift_conv(torch.nn.Conv2d(1, 3, 3), GREY, nn.field_type(D4, regular=2))
    with pytest.raises(ArgumentError, match="one group"):
        nn.lift_conv(torch.nn.Conv2d(2, 2, 3, groups=2), nn.field_type(D4, trivial=2), nn.field_type(D4, regular=2))
    high = gspaces.no_base_space(group.o3_group(6))
    with pytest.raises(UnsupportedFieldError, match="lower order"):
        nn.PointFrameAverage(nn.FieldType(high, [high.irrep(1, 1), high.irrep(0, 6)]), None, torch.nn.Identity())
