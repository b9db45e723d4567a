"""What users of PyTorch do with any module, done with ours."""

import copy
import io
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from intertwine import gspaces, nn
from intertwine.errors import IntertwineError

from ..contracts.copies import reloaded
from ..contracts.layers import (
    build,
    c4,
    classifier,
    d4,
    features,
    mixed,
    network,
    pointwise,
    regulars,
    relative_error,
    trivials,
)

MODELS = [
    "conv, mixed to mixed, D4",
    "linear, mixed",
    "antialiased pooling",
    "disentangle",
    "seven layers, C4",
    "restriction",
    "classifier",
]


@pytest.fixture(params=MODELS, name="name")
def fixture_name(request):
    return request.param


def run(module, x):
    with torch.no_grad():
        return module.eval()(x)


def test_built_on_the_meta_device(name):
    expected = build(name).eval()
    x = features(name, expected)
    with torch.device("meta"):
        module = build(name)
    assert all(p.is_meta for p in module.parameters())
    module.to_empty(device="cpu").load_state_dict(expected.state_dict(), strict=True)
    assert torch.equal(run(module, x), run(expected, x))


def test_loading_by_assignment(name):
    expected = build(name).eval()
    x = features(name, expected)
    module = build(name, seed=9).eval()
    run(module, x)
    module.load_state_dict(expected.state_dict(), strict=True, assign=True)
    assert torch.equal(run(module, x), run(expected, x))


def test_saved_whole(name):
    module = build(name).eval()
    x = features(name, module)
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    assert torch.equal(run(torch.load(file, weights_only=False), x), run(module, x))


def test_a_checkpoint_is_at_most_a_fifth_larger_than_the_weights():
    space = gspaces.flipRot2dOnR2(N=8)
    kind = regulars(space, 8)
    module = nn.SequentialModule(nn.R2Conv(kind, kind, 5), nn.InnerBatchNorm(kind), nn.ReLU(kind)).eval()
    run(module, torch.zeros(1, kind.size, 7, 7))
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    weights = sum(p.numel() * p.element_size() for p in module.parameters())
    assert len(file.getvalue()) < 1.2 * weights


def test_averaged_models(name):
    module = build(name)
    if not any(True for _ in module.parameters()):
        pytest.skip("nothing to average")
    averaged = torch.optim.swa_utils.AveragedModel(module)
    x = features(name, module)
    averaged.update_parameters(module)
    first = run(averaged, x)
    assert torch.equal(first, run(module, x))
    with torch.no_grad():
        for p in module.parameters():
            p.add_(1.0)
    averaged.update_parameters(module)
    assert not torch.equal(run(averaged, x), first)


def test_fused_and_foreach_optimisers_change_what_evaluation_sees():
    for options in ({"fused": True}, {"foreach": True}):
        module = build("conv, mixed to mixed, D4")
        x = features("conv, mixed to mixed, D4", module)
        optimiser = torch.optim.Adam(module.parameters(), lr=0.1, **options)
        module.eval()  # and never back in training mode
        before = run(module, x)
        module(x).square().mean().backward()
        optimiser.step()
        after = run(module, x)
        assert not torch.equal(before, after)
        assert torch.equal(after, run(reloaded(module), x))


def test_traced(name):
    module = build(name).eval()
    x = features(name, module)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(module, x, check_trace=False)
    torch.testing.assert_close(traced(x), run(module, x), atol=1e-6, rtol=1e-5)


def test_shallow_copies_do_not_share_stale_filters():
    module = build("conv, mixed to mixed, D4").eval()
    x = features("conv, mixed to mixed, D4", module)
    twin = copy.copy(module)
    twin._parameters = dict(module._parameters)
    twin._parameters["weights"] = torch.nn.Parameter(2 * module.weights.detach())
    a, b = run(module, x), run(twin, x)
    assert torch.equal(run(module, x), a)
    assert not torch.equal(a, b)


def test_mixed_precision_training():
    torch.manual_seed(0)
    model = classifier(d4())
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(8, 1, 9, 9), torch.randint(0, 3, (8,))
    losses = []
    for _ in range(8):
        optimiser.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_training_lowers_a_loss_and_keeps_the_symmetry():
    torch.manual_seed(0)
    model = nn.SequentialModule(
        network(c4()), nn.GroupPooling.spec(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    x = torch.randn(16, 1, 11, 11)
    y = x.square().mean(dim=(1, 2, 3))[:, None]
    losses = []
    for _ in range(15):
        optimiser.zero_grad()
        loss = (model(x) - y).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    model.double().eval()
    z = x.double()
    assert relative_error(model(torch.rot90(z, 1, (-2, -1))), model(z)) < 1e-12


def test_frozen_parts_get_no_gradient():
    model = network(c4())
    model[0].requires_grad_(False)
    model(torch.randn(2, 1, 9, 9)).sum().backward()
    assert model[0].weights.grad is None
    assert model[3].weights.grad is not None


def test_hooks_see_what_is_passed():
    model = network(c4()).eval()
    seen = []
    model[2].register_forward_hook(lambda module, args, output: seen.append((type(args[0]), tuple(output.shape))))
    model(torch.randn(1, 1, 9, 9))
    assert seen
    assert seen[0][1] == (1, 16, 7, 7)


def test_modules_move_with_their_constants():
    module = build("conv, hidden to mixed, D4")
    for tensor in [*module.parameters(), *module.buffers()]:
        assert tensor.dtype in (torch.float32, torch.int64)
    module.double()
    for tensor in [*module.parameters(), *module.buffers()]:
        assert tensor.dtype in (torch.float64, torch.int64)


def test_threads():
    from concurrent.futures import ThreadPoolExecutor

    module = network(d4()).eval()
    inputs = [torch.randn(1, 1, 9, 9) for _ in range(8)]
    expected = [run(module, x) for x in inputs]
    module.train().eval()
    with ThreadPoolExecutor(4) as pool:
        for found, x in zip(pool.map(lambda x: run(module, x), inputs), expected):
            torch.testing.assert_close(found, x, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("momentum", [0.1, 0.5, None])
@pytest.mark.parametrize("tracked", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_is_torchs_with_shared_statistics(momentum, tracked, affine):
    space = c4()
    kind = regulars(space, 3)
    ours = nn.InnerBatchNorm(kind, momentum=momentum, track_running_stats=tracked, affine=affine)
    # a regular field is one channel whose group elements are extra points
    plain = torch.nn.BatchNorm2d(3, momentum=momentum, track_running_stats=tracked, affine=affine)
    for _ in range(3):
        x = torch.randn(2, 12, 3, 5) * 2 + 1
        y = plain(x.reshape(2, 3, 4, 15)).reshape(x.shape)
        torch.testing.assert_close(ours(x), y, atol=1e-5, rtol=1e-5)
    ours.eval(), plain.eval()
    x = torch.randn(2, 12, 3, 5)
    torch.testing.assert_close(ours(x), plain(x.reshape(2, 3, 4, 15)).reshape(x.shape), atol=1e-5, rtol=1e-5)
    exported = ours.export()  # without running statistics a graph: torch's would take those of each channel alone
    assert isinstance(exported, torch.nn.BatchNorm2d if tracked else torch.fx.GraphModule)
    assert relative_error(exported(x), ours(x)) < 1e-5


def test_batch_norm_with_fields_of_several_sizes_is_one_of_each_size():
    kind = pointwise(d4())
    ours = nn.InnerBatchNorm(kind)
    x = torch.randn(4, kind.size, 3, 3) * 3 + 2
    parts = [nn.InnerBatchNorm(nn.FieldType(kind.gspace, [rho])) for rho in kind]
    bounds = list(zip(kind.fields_start, kind.fields_end))
    for _ in range(2):
        expected = torch.cat([part(x[:, a:b]) for part, (a, b) in zip(parts, bounds)], dim=1)
        torch.testing.assert_close(ours(x), expected, atol=1e-5, rtol=1e-5)
    ours.eval()
    expected = torch.cat([part.eval()(x[:, a:b]) for part, (a, b) in zip(parts, bounds)], dim=1)
    torch.testing.assert_close(ours(x), expected, atol=1e-5, rtol=1e-5)
    ours.reset_running_stats()
    assert not ours.running_mean.any()


# ---- any settings


@pytest.mark.filterwarnings("ignore::intertwine.errors.EquivarianceWarning")
@settings(max_examples=40, deadline=None)
@given(
    kernel_size=st.integers(-1, 6),
    padding=st.integers(-1, 3) | st.tuples(st.integers(0, 2), st.integers(0, 2)),
    stride=st.integers(-1, 3) | st.tuples(st.integers(1, 2), st.integers(1, 3)),
    dilation=st.integers(-1, 2),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    mode=st.sampled_from(["zeros", "circular", "reflect", "replicate"]),
)
def test_any_settings_work_as_torchs_or_are_refused(kernel_size, padding, stride, dilation, shape, mode):
    options = {"padding": padding, "stride": stride, "dilation": dilation, "padding_mode": mode}
    expected = None
    if kernel_size > 0 and dilation > 0 and kernel_size != 2 and padding != -1:
        try:
            expected = torch.nn.Conv2d(2, 8, kernel_size, **options)(torch.zeros(1, 2, *shape)).shape
        except (ValueError, RuntimeError):
            expected = None

    def ours():
        conv = nn.R2Conv(trivials(c4()), regulars(c4()), kernel_size, **options)
        assert tuple(conv.evaluate_output_shape((1, 2, *shape))) == tuple(expected or ())
        return conv(torch.zeros(1, 2, *shape)).shape

    if expected is None:
        with pytest.raises(IntertwineError) as caught:
            ours()
        assert str(caught.value)
    else:
        assert ours() == expected


@settings(max_examples=40, deadline=None)
@given(
    value=st.one_of(
        st.none(),
        st.text(max_size=4),
        st.floats(),
        st.lists(st.floats(), max_size=3),
        st.booleans(),
        st.just(torch.zeros(3)),
        st.just({}),
    ),
    argument=st.sampled_from(
        ["kernel_size", "padding", "stride", "dilation", "groups", "sigma", "rings", "frequencies_cutoff", "in_type"]
    ),
)
def test_any_nonsense_is_refused_in_words(value, argument):
    optional = {"sigma", "rings", "frequencies_cutoff"}
    arguments = {"in_type": trivials(c4()), "out_type": regulars(c4()), "kernel_size": 3, argument: value}
    try:
        nn.R2Conv(**arguments)
    except IntertwineError as error:
        assert str(error)  # noqa: PT017
    else:
        assert argument in optional


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=6))
def test_any_shape_of_input_works_or_is_refused(shape):
    kind = mixed(c4())
    layers = [nn.R2Conv(kind, kind, 3), nn.PointwiseAvgPool2D(kind, 2), nn.PointwiseAvgPoolAntialiased2D(kind, 0.5, 2)]
    for layer in layers:
        good = len(shape) == 4 and shape[1] == kind.size
        with pytest.raises(IntertwineError):
            layer(torch.zeros(shape))
        assert not good


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6))
def test_small_images_work_or_are_refused(height, width):
    kind = regulars(c4(), 1)
    for layer in (
        nn.R2Conv(kind, kind, 3),
        nn.R2Conv(kind, kind, 3, padding=2, padding_mode="circular"),
        nn.R2Conv(kind, kind, 3, padding=1, padding_mode="reflect"),
        nn.PointwiseAvgPool2D(kind, 3),
        nn.PointwiseMaxPool2D(kind, 3, dilation=2),
        nn.PointwiseAvgPoolAntialiased2D(kind, 0.5, 2, padding=0),
    ):
        try:
            y = layer(torch.zeros(1, 4, height, width))
        except IntertwineError as error:
            assert str(height) in str(error)  # noqa: PT017
        else:
            assert min(y.shape) > 0
