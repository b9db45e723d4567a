"""The contract of every layer: equivariance, state, copies, gradients, dtypes, export, compilation, shapes."""

import copy
import io
import itertools
import pickle
import warnings

import numpy as np
import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import EquivarianceWarning, IntertwineError

from ..contracts.cases import over
from ..contracts.copies import reloaded
from ..contracts.layers import (
    LAYERS,
    REPRESENTATIVES,
    TRAINABLE,
    assert_equivariant,
    build,
    features,
    relative_error,
    representatives_first,
    same_bytes,
    symmetry,
)

SPATIAL = [name for name, layer in LAYERS.items() if layer.side]
STATEFUL = [*(name for name in TRAINABLE if name != "batch norm, not affine"), "classifier", "head"]


over_layers = over("name", LAYERS)


def tensor_of(y):
    return y.tensor if isinstance(y, nn.GeometricTensor) else y


def run(module, x):
    if module.training:  # switching modes drops a cached filter, which some of the contracts are about
        module.eval()
    with torch.no_grad():
        return module(x)


def step(module, x, steps=3):
    """A few steps of training on an arbitrary target."""
    module.train()
    parameters = [p for p in module.parameters() if p.requires_grad]
    if not parameters:
        return
    optimiser = torch.optim.Adam(parameters, lr=0.05)
    for _ in range(steps):
        optimiser.zero_grad()
        y = module(x)
        ((y - torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)) ** 2).mean().backward()
        optimiser.step()


# ---- the list


def test_every_layer_is_under_contract():
    public = {getattr(nn, name) for name in nn.__all__}
    layers = {c for c in public if isinstance(c, type) and issubclass(c, nn.EquivariantModule)} - {nn.EquivariantModule}
    listed = {type(part) for name in LAYERS for part in build(name).modules()}
    assert layers <= listed, f"no entry in LAYERS for {sorted(c.__name__ for c in layers - listed)}"


# ---- equivariance


@over_layers
def test_exactly_equivariant(name):
    module = build(name).double().eval()
    assert_equivariant(name, module, 1e-12, torch.float64, every=True)
    assert_equivariant(name, module.float(), 1e-5, torch.float32)


@over_layers
def test_exactly_equivariant_in_training_mode(name):
    assert_equivariant(name, build(name).double().train(), 1e-12, torch.float64)


@over("trained", STATEFUL)
def test_exactly_equivariant_after_training(trained):
    module = build(trained).double()
    step(module, features(trained, module, dtype=torch.float64))
    assert_equivariant(trained, module.eval(), 1e-12, torch.float64)


@over_layers
def test_the_inputs_of_the_contract_are_not_symmetric(name):
    module = build(name)
    x = features(name, module)
    moved = [g for g, _ in symmetry(name, module) if not torch.allclose(module.in_type.transform(x, g), x)]
    assert moved or module.in_type.fibergroup.order() == 1


@over("checked", [name for name in SPATIAL if name in REPRESENTATIVES])
def test_check_equivariance_passes_and_reports(checked):
    check_reports(checked)


@pytest.mark.slow
@over("checked", [name for name in SPATIAL if name not in REPRESENTATIVES])
def test_check_equivariance_passes_and_reports_of_more_settings(checked):
    check_reports(checked)


def check_reports(checked):
    module = build(checked).eval()
    state = {k: v.clone() for k, v in module.state_dict().items()}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        report = module.check_equivariance()
    failing = [entry["size"] for entry in report.sizes if not entry["passed"]]
    assert [w.category for w in caught] == [EquivarianceWarning] * bool(failing)
    # A layer knows at which sizes it leaves the grid; of what holds layers, these do.
    if module.holds == "nothing":
        assert failing == [entry["size"] for entry in report.sizes if module.shape_problem(entry["size"])]
    assert len(report) == len(list(report))
    for element, error in report:
        assert element.group == module.in_type.fibergroup
        assert error >= 0
    assert {"element", "error", "exact", "passed"} <= set(report.table[0])
    exact = [row for row in report.table if row["exact"]]
    assert exact
    assert all(row["passed"] and row["error"] < 1e-4 for row in exact)
    assert all(torch.equal(module.state_dict()[k], v) for k, v in state.items())
    assert not module.training


# ---- kinds of input


@over_layers
def test_the_same_kind_comes_back(name):
    module = build(name).eval()
    x = features(name, module)
    plain = module(x)
    wrapped = module(module.in_type(x))
    assert isinstance(plain, torch.Tensor)
    assert torch.equal(tensor_of(wrapped), plain)
    if LAYERS[name].plain:
        assert isinstance(wrapped, torch.Tensor)
    else:
        assert isinstance(wrapped, nn.GeometricTensor)
        assert wrapped.type == module.out_type
        assert plain.shape[1] == module.out_type.size


@over_layers
def test_the_input_is_left_alone(name):
    module = build(name)
    for mode in (True, False):
        x = features(name, module)
        kept = x.clone()
        module.train(mode)(x)
        assert torch.equal(x, kept)


@over("laid_out", SPATIAL)
def test_memory_layout_does_not_matter(laid_out):
    module = build(laid_out).eval()
    x = features(laid_out, module)
    expected = module(x)
    if x.dim() == 4:
        assert relative_error(module(x.contiguous(memory_format=torch.channels_last)), expected) < 1e-5
    assert relative_error(module(x.transpose(-1, -2).contiguous().transpose(-1, -2)), expected) < 1e-5


@over_layers
def test_items_of_a_batch_do_not_mix(name):
    module = build(name).eval()
    x = features(name, module, batch=3)
    together = run(module, x)
    for i in range(3):
        assert relative_error(run(module, x[i : i + 1]), together[i : i + 1]) < 1e-5


@over_layers
def test_empty_batches(name):
    module = build(name).eval()
    x = features(name, module)
    assert run(module, x[:0]).shape == (0, *run(module, x).shape[1:])


@over_layers
def test_wrong_input_is_refused(name):
    module = build(name).eval()
    kind = module.in_type
    x = features(name, module)
    other = nn.FieldType(gspaces.rot2dOnR2(N=5), kind.size * [gspaces.rot2dOnR2(N=5).trivial_repr])
    wrong = [
        torch.cat([x, x], dim=1),
        x[:, :-1] if kind.size > 1 else x[:, :0],
        x[0],
        x[None],
        x.numpy(),
        None,
        "x",
        x.tolist(),
        torch.tensor(1.0),
    ]
    if kind.gspace.dimensionality:
        wrong.append(other(x))
    if name.startswith(("conv", "transposed", "average", "max", "antialiased", "seven", "restriction", "classifier")):
        wrong += [x[..., 0], x[..., None], *([x.flatten(2)] if x.dim() > 3 else [])]
    for value in wrong:
        with pytest.raises(IntertwineError) as caught:
            module(value)
        assert len(str(caught.value)) > 20


# ---- state


@over_layers
def test_fault_5_state_is_the_same_in_train_and_eval(name):
    module = build(name)
    x = features(name, module)
    fresh = dict(module.train().state_dict())
    module(x)
    keys = list(module.state_dict())
    run(module, x)
    assert list(module.state_dict()) == keys == list(fresh)
    assert {k: v.shape for k, v in module.state_dict().items()} == {k: v.shape for k, v in fresh.items()}


@over("saved, loaded", itertools.product(["train", "eval"], repeat=2))
@over("stateful", STATEFUL)
def test_strict_loading_in_all_pairs_of_modes(stateful, saved, loaded):
    source, target = build(stateful, seed=0), build(stateful, seed=1)
    x = features(stateful, source)
    for module, mode in ((source, saved), (target, loaded)):
        run(module, x) if mode == "eval" else module.train()
    before = run(source, x)
    source.train(saved == "train")
    target.train(loaded == "train")
    file = io.BytesIO()
    torch.save(source.state_dict(), file)
    file.seek(0)
    target.load_state_dict(torch.load(file, weights_only=True), strict=True)
    assert torch.equal(run(target, x), before)


@over_layers
def test_fault_6_the_state_is_parameters_and_running_statistics(name):
    module = build(name)
    parameters = dict(module.named_parameters())
    running = {k for k in module.state_dict() if k.endswith(("running_mean", "running_var", "num_batches_tracked"))}
    assert set(module.state_dict()) == set(parameters) | running
    assert not any("'" in key or "(" in key or " " in key for key in module.state_dict())
    weights = sum(p.numel() * p.element_size() for p in parameters.values())
    saved = sum(v.numel() * v.element_size() for v in module.state_dict().values())
    assert saved <= 1.2 * weights + 16 * len(running) * 8


@over_layers
def test_evaluation_reuses_no_stale_filter(name):
    module = build(name)
    parameters = list(module.parameters())
    if not parameters:
        return
    x = features(name, module)
    first = run(module, x)
    assert torch.equal(run(module, x), first)
    with torch.no_grad():
        parameters[0].data.mul_(2.0)  # a write that version counters do not see
    second = run(module, x)
    fresh = copy.deepcopy(module)
    assert torch.equal(second, run(fresh, x))
    assert not torch.equal(second, first)


@over("stateful", STATEFUL)
def test_a_filter_of_autocast_is_not_used_outside(stateful):
    module = build(stateful).eval()
    x = features(stateful, module)
    expected = run(copy.deepcopy(module), x)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        low = module(x)
    assert relative_error(low.float(), expected) < 0.2
    assert torch.equal(run(module, x), expected)


@over("stateful", STATEFUL)
def test_inference_mode_leaves_nothing_behind(stateful):
    module = build(stateful).eval()
    x = features(stateful, module)
    with torch.inference_mode():
        expected = module(x).clone()
    assert relative_error(module(x), expected) < 1e-5
    assert torch.equal(run(module, x), expected)
    module(x.clone().requires_grad_()).sum().backward()
    assert all(p.grad is not None for p in module.parameters())


# ---- copies


@over_layers
def test_fault_12_copies_are_independent_and_share_the_groups(name):
    module = build(name).eval()
    x = features(name, module)
    expected = run(module, x)
    for twin in (copy.deepcopy(module), reloaded(module)):
        assert torch.equal(run(twin, x), expected)
        assert list(twin.state_dict()) == list(module.state_dict())
        for a, b in zip(twin.parameters(), module.parameters()):
            assert a.data_ptr() != b.data_ptr()
            with torch.no_grad():
                a.add_(1.0)
    assert torch.equal(run(module, x), expected)
    assert copy.deepcopy(module).in_type is module.in_type


@over_layers
def test_rebuilt_from_its_arguments(name):
    module = build(name).eval()
    if isinstance(module, nn.SequentialModule):
        pytest.skip("a sequence is made of modules")
    x = features(name, module)
    twin = type(module)(**module.arguments)
    twin.load_state_dict(module.state_dict(), strict=True)
    assert torch.equal(run(twin, x), run(module, x))


@over_layers
def test_seeds_govern(name):
    a, b, c = build(name, 3), build(name, 3), build(name, 4)
    assert all(same_bytes(p, q) for p, q in zip(a.parameters(), b.parameters()))
    if any(p.std() > 0 for p in a.parameters() if p.numel() > 1):
        assert any(not same_bytes(p, q) for p, q in zip(a.parameters(), c.parameters()))


@over_layers
def test_numpys_global_state_does_not_matter(name):
    np.random.seed(0)  # noqa: NPY002
    a = build(name, 3)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    b = build(name, 3)
    x = features(name, a)
    assert torch.equal(run(a, x), run(b, x))


# ---- gradients, dtypes, devices


@over("stateful", STATEFUL)
def test_every_parameter_gets_a_finite_gradient(stateful):
    module = build(stateful).train()
    x = features(stateful, module).requires_grad_()
    y = module(x)
    (y * torch.randn(y.shape, generator=torch.Generator().manual_seed(0))).sum().backward()
    for key, parameter in module.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key
    assert torch.isfinite(x.grad).all()
    largest = max(float(p.grad.abs().max()) for p in module.parameters())
    assert largest > 0


@pytest.mark.parametrize(
    "checked",
    [
        "conv, mixed to mixed, C8",
        "conv, regular to regular, D4",
        "conv, grouped",
        "linear, mixed",
        "batch norm",
        "antialiased pooling",
    ],
)
def test_gradcheck(checked):
    module = build(checked).double().eval()
    x = features(checked, module, batch=1, dtype=torch.float64).requires_grad_()
    parameters = dict(module.named_parameters())

    def f(x, *values):
        return torch.func.functional_call(module, dict(zip(parameters, values)), (x,))

    assert torch.autograd.gradcheck(f, (x, *parameters.values()), fast_mode=True)


@pytest.mark.parametrize(
    "mapped", ["conv, mixed to mixed, D4", "linear, mixed", "relu", "group pooling", "average pooling"]
)
def test_function_transforms(mapped):
    module = build(mapped).eval()
    x = torch.stack([features(mapped, module, seed=s) for s in range(3)])
    values = torch.func.vmap(module)(x)
    torch.testing.assert_close(values, torch.stack([module(one) for one in x]), atol=1e-5, rtol=1e-4)
    parameters = dict(module.named_parameters())
    if parameters:
        grads = torch.func.grad(lambda p: torch.func.functional_call(module, p, (x[0],)).square().sum())(parameters)
        module(x[0]).square().sum().backward()
        for key, parameter in module.named_parameters():
            torch.testing.assert_close(grads[key], parameter.grad, atol=1e-4, rtol=1e-4)


@over_layers
def test_dtypes_are_cast_from_exact_constants(name):
    module = build(name).eval()
    x = features(name, module, dtype=torch.float64)
    weights = [p.detach().clone() for p in module.parameters()]
    exact = run(copy.deepcopy(module).double(), x)
    assert exact.dtype == torch.float64
    # through half precision and back, only the weights lose digits: with them restored, nothing has changed
    module = module.half().double()
    with torch.no_grad():
        for parameter, weight in zip(module.parameters(), weights):
            parameter.copy_(weight)
    for key, value in build(name).state_dict().items():
        if "running" in key:
            module.state_dict()[key].copy_(value)
    assert torch.equal(run(module, x), exact)


@over_layers
def test_built_in_double_is_exact(name):
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        module = build(name)
        assert all(p.dtype == torch.float64 for p in module.parameters())
        assert_equivariant(name, module.eval(), 1e-12, torch.float64)
    finally:
        torch.set_default_dtype(default)


@pytest.mark.parametrize("stateful", ["conv, mixed to mixed, D4", "linear, mixed", "seven layers, C4", "classifier"])
def test_meta_device_and_back(stateful):
    module = build(stateful).eval()
    x = features(stateful, module)
    expected = run(module, x)
    state = module.state_dict()
    moved = copy.deepcopy(module).to("meta")
    assert moved(x.to("meta")).shape == expected.shape
    moved = moved.to_empty(device="cpu")
    moved.load_state_dict(state, strict=True)
    assert torch.equal(run(moved, x), expected)


# ---- shapes, export, compilation


@over("shaped", [name for name in SPATIAL if name != "classifier" and not LAYERS[name].fixed])
def test_output_shapes_without_computing(shaped):
    module = build(shaped)
    kind = module.in_type
    mode = module.training
    for shape in [(2, kind.size, 9, 9), (1, kind.size, 11, 14), (3, kind.size, 8, 13)]:
        expected = tuple(run(module, torch.zeros(shape)).shape)
        module.train(mode)
        assert tuple(module.evaluate_output_shape(shape)) == expected
        assert tuple(module.evaluate_output_shape(torch.Size(shape))) == expected
    assert module.training == mode
    with pytest.raises(IntertwineError):
        module.evaluate_output_shape((2, kind.size + 1, 9, 9))
    if module.needs_grid:
        with pytest.raises(IntertwineError):
            module.evaluate_output_shape((2, kind.size))


@pytest.mark.parametrize("name", representatives_first())
def test_exports_to_an_ordinary_module(name):
    module = build(name).eval()
    x = features(name, module)
    expected = run(module, x)
    state = {k: v.clone() for k, v in module.state_dict().items()}
    interpolates = any(getattr(part, "interpolates", False) for part in module.modules())
    exported = (nn.export(module, x) if interpolates else module.export()).eval()
    recorded = any(isinstance(part, torch.fx.GraphModule) for part in exported.modules())
    assert recorded != LAYERS[name].exports
    assert not any(isinstance(part, nn.EquivariantModule) for part in exported.modules())
    assert all(not type(part).__module__.startswith("intertwine") for part in exported.modules())
    assert relative_error(run(exported, x), expected) < 1e-5
    assert all(torch.equal(module.state_dict()[k], v) for k, v in state.items())
    assert torch.equal(run(module, x), expected)
    assert b"intertwine" not in pickle.dumps(exported)
    loaded = reloaded(exported)
    assert torch.equal(run(loaded, x), run(exported, x))
    other = features(name, module, batch=5)
    if not LAYERS[name].fixed and LAYERS[name].side:
        other = torch.nn.functional.pad(other, (1, 2, 3, 0))
    assert relative_error(run(exported, other), run(module, other)) < 1e-5


def check_compiled(name, mode, backend, tolerance):
    torch._dynamo.reset()
    module = build(name).train(mode == "train")
    x = features(name, module)
    expected = copy.deepcopy(module)(x)
    compiled = torch.compile(module, fullgraph=True, backend=backend)
    y = compiled(x)
    assert relative_error(y, expected) < tolerance
    if mode == "train" and any(True for _ in module.parameters()):
        y.sum().backward()
        assert all(p.grad is not None for p in module.parameters())


# That torch captures the whole; its gradient, and every other entry, is the column `compile` of docs/layers.md.
@pytest.mark.parametrize("name", sorted(REPRESENTATIVES, key=list(LAYERS).index))
def test_compiles_without_breaks(name):
    check_compiled(name, "train", "eager", 1e-5)


@pytest.mark.parametrize("evaluated", ["batch norm", "conv, regular to regular, D4", "linear, regular", "classifier"])
def test_compiles_without_breaks_in_evaluation(evaluated):
    check_compiled(evaluated, "eval", "aot_eager", 1e-5)


@pytest.mark.parametrize("wrapped", ["conv, mixed to mixed, D4", "relu", "seven layers, C4", "restriction"])
def test_compiles_with_tensors_of_fields(wrapped):
    torch._dynamo.reset()
    module = build(wrapped).eval()
    x = module.in_type(features(wrapped, module))
    y = torch.compile(module, fullgraph=True, backend="aot_eager")(x)
    assert isinstance(y, nn.GeometricTensor)
    assert y.type == module.out_type
    assert relative_error(y.tensor, module(x).tensor) < 1e-5


@pytest.mark.parametrize("traced", ["conv, mixed to mixed, D4", "seven layers, C4", "classifier"])
def test_torch_export(traced):
    module = build(traced).eval()
    x = features(traced, module)
    program = torch.export.export(module, (x,))
    assert relative_error(program.module()(x), run(module, x)) < 1e-5


# ---- printing


@over_layers
def test_prints_without_addresses_or_tensors(name):
    printed = repr(build(name))
    assert printed == repr(build(name, seed=5))
    assert " at 0x" not in printed
    assert "tensor(" not in printed
    assert len(printed) < 4000
