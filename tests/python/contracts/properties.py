"""What users of PyTorch expect of every module, as checks: each entry of ``PROPERTIES`` runs over each entry of ``LAYERS``.

A combination that cannot work is an `Exception_` with its reason and a check that it is so; ``docs/layers.md`` is the table of
all of them.
"""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from unittest import mock

import pytest
import safetensors.torch
import torch
from torch.autograd.gradcheck import GradcheckError
from torch.nn.attention import SDPBackend, sdpa_kernel

from intertwine import deploy, nn
from intertwine.errors import ArgumentError, ModelFileError
from intertwine.group import Group, Representation

from .copies import reloaded
from .distributed import two_processes
from .layers import LAYERS, REPRESENTATIVES, assert_equivariant, build, features, relative_error, specimen
from .surroundings import (
    empty_batch,
    freed_storage,
    inference_mode,
    loads_in_a_thread,
    mapped,
    numpy_numbers,
    parametrised,
    scripted,
)
from .waiting import never_waits

STATES = [(trained, training) for trained in (False, True) for training in (False, True)]


def trained_module(name: str, trained: bool, dtype: torch.dtype = torch.float32) -> torch.nn.Module:
    """A layer as built, or after a step of training."""
    module = build(name).to(dtype)
    parameters = [p for p in module.parameters() if p.requires_grad]
    if trained and parameters:
        optimiser = torch.optim.Adam(parameters, lr=0.05)
        y = module.train()(features(name, module, dtype=dtype))
        (y - torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)).square().mean().backward()
        optimiser.step()
        optimiser.zero_grad()
    return module


def states(name: str, dtype: torch.dtype = torch.float32):
    """The layer, trained and untrained, in training and evaluation, each with an input.

    Entries that are other settings of a class come untrained in training and trained in evaluation.
    """
    for trained, training in STATES if name in REPRESENTATIVES else STATES[1:3]:
        module = trained_module(name, trained, dtype).train(training)
        yield module, features(name, module, dtype=dtype)


def called(module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """What a module gives, or a copy of it in training: running statistics of the module itself stay."""
    with torch.no_grad():
        return (copy.deepcopy(module) if module.training else module)(x)


def gradients(module: torch.nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """Those of all parameters and of the input, for a fixed function of the output."""
    x = x.clone().requires_grad_()
    y = module(x)
    weights = torch.randn(y.shape, generator=torch.Generator().manual_seed(0)).to(y.dtype)
    found = torch.autograd.grad((y * weights).sum(), [x, *module.parameters()])
    return list(found)


def assert_same_gradients(found, expected, tolerance: float) -> None:
    """Fails unless each gradient agrees, or both are zero to the rounding of the greatest one.

    A batch norm takes the mean away, so the gradient of a bias before it is zero: what is left is the rounding of sums whose
    terms are as great as the other gradients, and another order of summing gives other digits.
    """
    zero = 8 * torch.finfo(torch.float32).eps * max(float(b.abs().max()) for b in expected if b.numel())
    for a, b in zip(found, expected, strict=True):
        both = torch.stack((a.detach(), b.detach()))
        assert (both.numel() and both.abs().max() < zero) or relative_error(a, b) < tolerance


# ---- the checks


def plain_tensors(name):
    for module, x in states(name):
        expected = called(module, x)
        assert isinstance(expected, torch.Tensor)
        with torch.no_grad():
            wrapped = copy.deepcopy(module)(module.in_type(x))
        assert torch.equal(getattr(wrapped, "tensor", wrapped), expected)
        if not LAYERS[name].plain:
            assert isinstance(wrapped, nn.GeometricTensor)
            assert wrapped.type == module.out_type


def state_dict(name):
    for module, x in states(name):
        keys = list(module.state_dict())
        assert list(copy.deepcopy(module).train(not module.training).state_dict()) == keys
        called(module, x)
        assert list(module.state_dict()) == keys
        for training in (False, True):
            twin = build(name, seed=9).train(training)
            called(twin, x)
            twin.load_state_dict(module.state_dict(), strict=True)
            assert torch.equal(called(twin.train(module.training), x), called(module, x))


def compiled(name, backend="aot_eager", tolerance=1e-5, which=STATES):
    for trained, training in which:
        module = trained_module(name, trained).train(training)
        x = features(name, module)
        torch._dynamo.reset()
        expected = called(module, x)
        reference = gradients(copy.deepcopy(module), x)
        twin = copy.deepcopy(module)
        program = torch.compile(twin, fullgraph=True, backend=backend)
        assert relative_error(program(x), expected) < tolerance
        twin.load_state_dict(module.state_dict())
        x = x.clone().requires_grad_()
        y = program(x)
        weights = torch.randn(y.shape, generator=torch.Generator().manual_seed(0)).to(y.dtype)
        found = torch.autograd.grad((y * weights).sum(), [x, *twin.parameters()])
        assert_same_gradients(found, reference, 10 * tolerance)


def compiled_by_inductor(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own
        compiled(name, "inductor", 1e-4, [(False, False), (True, True)])  # each takes seconds of a C++ compiler


def torch_export(name):
    for module, x in states(name):
        program = torch.export.export(copy.deepcopy(module), (x,))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own
            run = program.module()
        assert relative_error(run(x), called(module, x)) < 1e-5


def onnx(name, size=None):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    import tempfile
    from pathlib import Path

    for trained in (False, True):  # ONNX is for evaluation
        module = trained_module(name, trained).eval()
        x = features(name, module) if size is None else torch.randn(2, module.in_type.size, *size)
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's own
            file = Path(folder, "layer.onnx")
            torch.onnx.export(copy.deepcopy(module), (x,), file, dynamo=True, verbose=False)
            session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
            (y,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
        assert relative_error(torch.as_tensor(y), called(module, x)) < 1e-4


def plain_export(name, for_one_size=False):
    for module, x in states(name):
        plain = nn.export(module, x if for_one_size else None)
        assert not any(type(part).__module__.startswith("intertwine") for part in plain.modules())
        assert relative_error(plain(x), called(module.eval(), x)) < 1e-5


def autocast(name, dtype=torch.bfloat16, tolerance=0.1):
    for module, x in states(name):
        expected = called(module, x)
        x = x.clone().requires_grad_()
        with torch.autocast("cpu", dtype=dtype):
            y = module(x)
        assert relative_error(y.float(), expected) < tolerance
        grads = torch.autograd.grad(y.float().square().mean(), [x, *module.parameters()])
        assert all(torch.isfinite(g).all() and g.dtype == torch.float32 for g in grads)
        # and nothing of it stays behind
        assert torch.equal(called(module.eval(), x.detach()), called(reloaded(module), x.detach()))


def half_precision(name):
    try:
        torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3).half(), torch.ones(1, 1, 3, 3).half())
    except RuntimeError:
        pytest.skip("this CPU computes nothing in float16")
    autocast(name, torch.float16, 0.03)


def double(name):
    for module, x in states(name, torch.float64):
        assert module(x).dtype == torch.float64
        assert_equivariant(name, module, 1e-12, torch.float64)
        assert_equivariant(name, trained_module(name, False).train(module.training).double(), 1e-12, torch.float64)


def copies(name):
    for module, x in states(name):
        expected = called(module, x)
        twins = (copy.deepcopy(module), reloaded(module))
        for twin in twins:
            assert torch.equal(called(twin, x), expected)
            for a, b in zip(twin.parameters(), module.parameters()):
                assert a.data_ptr() != b.data_ptr()
        memo: dict = {}
        copy.deepcopy(module, memo)
        made = [value for key, value in memo.items() if isinstance(value, (Group, Representation)) and key != id(value)]
        assert not made, "a group was copied"
        assert twins[0].in_type is module.in_type
        assert twins[1].in_type.fibergroup is module.in_type.fibergroup
        # tables of a group of order n take n^3 numbers; none of them is written
        weights = sum(t.numel() * t.element_size() for t in [*module.parameters(), *module.buffers()])
        assert len(pickle.dumps(module)) < 4 * weights + 40_000


def safetensors_file(name):
    for module, x in states(name):
        data = safetensors.torch.save(module.state_dict())
        twin = build(name, seed=9).train(module.training)
        twin.load_state_dict(safetensors.torch.load(data), strict=True)
        assert torch.equal(called(twin, x), called(module, x))


def model_file(name):
    for module, x in states(name):
        data = deploy.save_bytes(module)
        if LAYERS[name].public:
            twin = deploy.load_bytes(data)
        else:
            # A class of these tests is built only where it is handed over.
            with pytest.raises(ModelFileError, match="class"):
                deploy.load_bytes(data)
            twin = deploy.load_bytes(data, classes=[type(module)])
        assert twin.training == module.training
        assert torch.equal(called(twin, x), called(module, x))


def two_processes_as_one(name):
    if not torch.distributed.is_gloo_available():
        pytest.skip("torch without gloo")
    errors = two_processes("each class" if name in REPRESENTATIVES else "other layers")[name]
    assert errors["output"] < 1e-10
    assert max(errors.values()) < 1e-9, errors


def functional_call(name):
    for module, x in states(name):
        other = trained_module(name, True)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.mul_(1.5)
        values = {**dict(other.named_parameters()), **dict(other.named_buffers())}
        expected = called(other.train(module.training), x)
        before = {key: value.clone() for key, value in module.state_dict().items()}
        y = torch.func.functional_call(module, {key: value.clone() for key, value in values.items()}, (x,))
        assert relative_error(y, expected) < 1e-5
        assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
        parameters = dict(module.named_parameters())
        if parameters:
            frozen = copy.deepcopy(module).eval()
            grads = torch.func.grad(partial(_mean_square, frozen, x))(parameters)
            assert set(grads) == set(parameters)


def _mean_square(module, x, parameters):
    return torch.func.functional_call(module, parameters, (x,)).square().mean()


def meta_device(name):
    for module, x in states(name):
        with torch.device("meta"):
            born = build(name)
        moved = copy.deepcopy(module).to("meta")
        assert moved(x.to("meta")).shape == called(module, x).shape
        for twin in (born, moved):
            assert all(p.is_meta for p in twin.parameters())
            twin = twin.to_empty(device="cpu").train(module.training)
            twin.load_state_dict(module.state_dict(), strict=True)
            assert torch.equal(called(twin, x), called(module, x))


def _function(module, name):
    x = features(name, module, batch=2 if module.training else 1, dtype=torch.float64).requires_grad_()
    parameters = dict(module.named_parameters())
    buffers = {key: value.clone() for key, value in module.named_buffers() if "running" in key or "num_" in key}

    def f(x, *values):
        kept = {key: value.clone() for key, value in buffers.items()}
        return torch.func.functional_call(module, {**dict(zip(parameters, values)), **kept}, (x,))

    return f, (x, *parameters.values())


def _has_modes(name: str) -> bool:
    """Whether a layer computes something else in training: with the statistics of the batch, or random numbers."""
    parts = list(specimen(name).modules())
    drops = (nn.FieldDropout, nn.PointwiseDropout, torch.nn.Dropout)
    return any(isinstance(part, drops) or any("running" in key for key in part._buffers) for part in parts)


def _slope_error(f, inputs) -> float:
    """How far the slope along a random direction is from the gradient's, relative to its usual size.

    gradcheck's fast mode compares numbers that are small where there are many inputs; this one is sharper then.
    """
    generator = torch.Generator().manual_seed(5)
    directions = [torch.randn(value.shape, generator=generator, dtype=value.dtype) for value in inputs]
    y = f(*inputs)
    weights = torch.randn(y.shape, generator=generator, dtype=y.dtype)
    grads = torch.autograd.grad((y * weights).sum(), inputs)
    expected = sum(float((g * d).sum()) for g, d in zip(grads, directions))
    step = 1e-6
    with torch.no_grad():
        above, below = (
            float((f(*(v + sign * step * d for v, d in zip(inputs, directions))) * weights).sum()) for sign in (1, -1)
        )
    size = sum(float(g.square().sum()) for g in grads) ** 0.5
    return abs((above - below) / (2 * step) - expected) / max(size, 1e-3)


def first_derivatives(name, modes=(False, True)):
    for training in modes if _has_modes(name) else modes[:1]:
        f, inputs = _function(trained_module(name, True, torch.float64).train(training), name)
        if _slope_error(f, inputs) > 1e-5:
            raise WrongGradientError
        assert torch.autograd.gradcheck(f, inputs, fast_mode=True)


def second_derivatives(name, modes=(False, True)):
    for training in modes if _has_modes(name) else modes[:1]:
        f, inputs = _function(trained_module(name, True, torch.float64).train(training), name)
        try:
            assert torch.autograd.gradgradcheck(f, inputs, fast_mode=True)
        except GradcheckError as error:
            raise WrongGradientError from error


def finite_at_zero(name):
    for module, x in states(name):
        zero = torch.zeros_like(x)
        zero[1:] = x[1:] if module.training else 0.0  # a batch of zeros alone has no variance
        assert all(torch.isfinite(g).all() for g in gradients(copy.deepcopy(module), zero))
        assert torch.isfinite(called(module, zero)).all()


def channels_last(name):
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for module, x in states(name):
        if x.dim() not in formats:
            raise NoSuchLayoutError
        expected = called(module, x)
        reference = gradients(copy.deepcopy(module), x)
        twin = copy.deepcopy(module).to(memory_format=formats[x.dim()])
        laid_out = x.contiguous(memory_format=formats[x.dim()])
        assert relative_error(called(twin, laid_out), expected) < 1e-5
        assert_same_gradients(gradients(twin, laid_out), reference, 1e-4)


class NoSuchLayoutError(Exception):
    """Tensors with this number of axes have no such layout."""


class WrongGradientError(Exception):
    """A gradient is not the derivative."""


# ---- the exceptions


@dataclass(frozen=True)
class Exception_:
    """What one property is not for some layers.

    Attributes:
        reason: why, as the table says it.
        holds_for: the entries of ``LAYERS`` that it is about.
        check: that it is so, and what works instead.
        word: what stands in the table.
    """

    reason: str
    holds_for: Callable[[str], bool]
    check: Callable[[str], None]
    word: str = "no"


def parts_of(name: str) -> set[str]:
    """The classes of a layer and of what it is made of."""
    return {type(part).__name__ for part in specimen(name).modules()}


def _constant_statistics(name: str) -> bool:
    cls = type(specimen(name))
    return issubclass(cls, (nn.IIDBatchNorm1d.__mro__[1], nn.GNormBatchNorm, nn.NormBatchNorm.__mro__[1]))


def _in_evaluation(check):
    def both(name):
        check(name, modes=(False,))
        # without the whole Jacobian, which gradcheck computes for its message alone
        module = sys.modules["torch.autograd.gradcheck"]
        with (
            mock.patch.object(module, "_run_slow_mode_and_get_error", return_value="differs"),
            pytest.raises(WrongGradientError),
        ):
            check(name, modes=(True,))

    return both


def _no_layout(name):
    with pytest.raises(NoSuchLayoutError):
        channels_last(name)


def _by_plain_attention(check):
    def run(name):
        with sdpa_kernel(SDPBackend.MATH):
            check(name)

    return run


def _recorded(name):
    plain_export(name)
    assert any(isinstance(part, torch.fx.GraphModule) for part in nn.export(build(name)).modules())


STATISTICS = Exception_(
    "In evaluation. In training the statistics of a batch are constants to the gradient, as in escnn, so that it is not the "
    "derivative of the output.",
    _constant_statistics,
    _in_evaluation(first_derivatives),
    "in evaluation",
)
POSES = Exception_(
    "In evaluation. In training the choice of a pose has the gradient of a softmax, not its own, which is zero.",
    lambda name: isinstance(specimen(name), nn.Canonicalised),
    _in_evaluation(first_derivatives),
    "in evaluation",
)
POSES_TWICE = Exception_(POSES.reason, POSES.holds_for, _in_evaluation(second_derivatives), "in evaluation")
STATISTICS_TWICE = Exception_(
    STATISTICS.reason, _constant_statistics, _in_evaluation(second_derivatives), "in evaluation"
)


def _for_one_size(check):
    def run(name):
        with pytest.raises(ArgumentError, match="example"):
            nn.export(build(name))
        check(name, for_one_size=True)

    return run


ONE_SIZE = (
    "With an example, for images of its size: moves between pixels are interpolated by tables for one size.",
    lambda name: any(getattr(part, "interpolates", False) for part in specimen(name).modules()),
)
EXPORTED_FOR_ONE_SIZE = Exception_(*ONE_SIZE, _for_one_size(plain_export), "for one size")
SCRIPTED_FOR_ONE_SIZE = Exception_(*ONE_SIZE, _for_one_size(scripted), "for one size")
GRAPH = Exception_(
    "As a recorded graph of torch's operations (`torch.fx.GraphModule`): `torch.nn` has no layer that does the same.",
    lambda name: not LAYERS[name].exports,
    _recorded,
    "as a graph",
)
FUSED = (
    "With `torch.nn.attention.sdpa_kernel(SDPBackend.MATH)`: torch's fused attention on the CPU is differentiated once, and "
    "batched one by one.",
    lambda name: bool({"Attention", "NeighbourAttention", "WindowAttention"} & parts_of(name)),
)
FUSED_TWICE = Exception_(*FUSED, _by_plain_attention(second_derivatives), "by the plain kernel")
FUSED_BATCHED = Exception_(*FUSED, _by_plain_attention(mapped), "by the plain kernel")
LAYOUT = Exception_(
    "torch has this layout for images and volumes alone.",
    lambda name: specimen(name).in_type.gspace.dimensionality < 2,
    _no_layout,
    "not for lines and vectors",
)


def _no_onnx(name):
    pytest.importorskip("onnxscript")
    with pytest.raises(Exception, match="ONNX"):
        onnx(name)


def _onnx_of_equal_windows(name):
    _no_onnx(name)
    onnx(name, tuple(2 * n for n in specimen(name).output_size))


WINDOWS = Exception_(
    "Where the size of the output divides that of the input: the ONNX exporter of torch knows adaptive maxima over equal "
    "windows alone.",
    lambda name: isinstance(specimen(name), nn.PointwiseAdaptiveMaxPool),
    _onnx_of_equal_windows,
    "for equal windows",
)
FRAMES = Exception_(
    "The ONNX exporter of torch has no eigenvectors, of which frames of points are made.",
    lambda name: isinstance(specimen(name), nn.PointFrameAverage),
    _no_onnx,
    "not for frames of points",
)
VOLUMES = Exception_(
    "The ONNX exporter of torch has no adaptive mean over volumes; use `PointwiseAvgPool3D`.",
    lambda name: isinstance(specimen(name), nn.PointwiseAdaptiveAvgPool3D),
    _no_onnx,
)


@dataclass(frozen=True)
class Property:
    """One column of the table.

    Attributes:
        title: its heading.
        meaning: what is checked, as the table says it.
        check: fails unless the layer of this name has the property.
        exceptions: what it is not.
        slow: whether it takes seconds for each layer.
        heavy: whether by default one entry of each class runs: other settings repeat its code, or take long.
    """

    title: str
    meaning: str
    check: Callable[[str], None]
    exceptions: tuple[Exception_, ...] = field(default=())
    slow: bool = False
    heavy: bool = False

    def exception(self, name: str) -> Exception_ | None:
        """The exception that a layer is, if it is one."""
        return next((found for found in self.exceptions if found.holds_for(name)), None)


PROPERTIES: dict[str, Property] = {
    p.title: p
    for p in (
        Property(
            "tensors",
            "a plain tensor gives a plain tensor, a `GeometricTensor` one of `out_type`",
            plain_tensors,
            heavy=True,
        ),
        Property(
            "state", "`state_dict` is the same in both modes, and strict to load in either", state_dict, heavy=True
        ),
        Property("copies", "`deepcopy` and pickle give independent weights and copy no group", copies, heavy=True),
        Property("safetensors", "weights through a safetensors file, strictly", safetensors_file, heavy=True),
        Property(
            "model file",
            "`deploy.save()` and `deploy.load()` give the same module, to the last bit",
            model_file,
            heavy=True,
        ),
        Property("float64", "equivariant to 1e-12, built so or by `.double()`", double, heavy=True),
        Property("bfloat16", "`torch.autocast` forward and backward; nothing of it stays behind", autocast, heavy=True),
        Property("float16", "the same in float16, where the CPU has it", half_precision, heavy=True),
        Property("functional", "`torch.func.functional_call` and `torch.func.grad`", functional_call, heavy=True),
        Property("meta", "built on or moved to the meta device, then `to_empty()` and loaded", meta_device, heavy=True),
        Property("gradients", "`gradcheck`", first_derivatives, (STATISTICS, POSES), heavy=True),
        Property(
            "second", "`gradgradcheck`", second_derivatives, (STATISTICS_TWICE, FUSED_TWICE, POSES_TWICE), heavy=True
        ),
        Property("at zero", "finite gradients for an input of zeros", finite_at_zero, heavy=True),
        Property(
            "channels last",
            "any memory layout of images and volumes, forward and backward",
            channels_last,
            (LAYOUT,),
            heavy=True,
        ),
        Property(
            "two processes",
            "`DistributedDataParallel` with `synchronise_batchnorm()` over gloo: output, gradients and statistics of two "
            "processes are those of one with the whole batch",
            two_processes_as_one,
            heavy=True,
        ),
        Property(
            "freed memory",
            "the memory of parameters may be given back and taken again, as FSDP does",
            freed_storage,
            heavy=True,
        ),
        Property("vmap", "`torch.func.vmap` over inputs is the loop over them", mapped, (FUSED_BATCHED,), heavy=True),
        Property("empty batch", "a batch of nothing, forward and backward, as torch's layers take it", empty_batch),
        Property(
            "no waiting",
            "forward, backward and evaluation read no number from the device, and copy nothing to it or from it; moves between "
            "pixels copy their tables when they first see a size",
            never_waits,
            heavy=True,
        ),
        Property(
            "NumPy numbers",
            "arguments that are numbers may be scalars of NumPy, of any width",
            numpy_numbers,
            heavy=True,
        ),
        Property(
            "parametrize",
            "`torch.nn.utils.parametrize` acts, and `summary()` sees through it",
            parametrised,
            heavy=True,
        ),
        Property(
            "inference mode",
            "built in inference mode it computes, and disturbs no other module",
            inference_mode,
            heavy=True,
        ),
        Property(
            "threads", "loading in one thread leaves the random numbers of others alone", loads_in_a_thread, heavy=True
        ),
        # By default one entry of each class is exported in test_layers.py.
        Property(
            "export()",
            "plain `torch.nn` layers with the same output",
            plain_export,
            (EXPORTED_FOR_ONE_SIZE, GRAPH),
            slow=True,
        ),
        Property(
            "TorchScript",
            "`torch.jit.script` of what `export()` gives",
            scripted,
            (SCRIPTED_FOR_ONE_SIZE,),
            slow=True,
        ),
        Property("torch.export", "a program with the same output", torch_export, slow=True),
        Property("compile", "`torch.compile(fullgraph=True)`, forward and backward (aot_eager)", compiled, slow=True),
        Property("inductor", "the same with inductor", compiled_by_inductor, slow=True),
        Property("ONNX", "run by onnxruntime, equal to 1e-4", onnx, (WINDOWS, VOLUMES, FRAMES), slow=True),
    )
}
