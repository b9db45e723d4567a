"""What programs around a module do to it: free its memory, map over it, give it nothing, build it in unusual places."""

from __future__ import annotations

import copy
import inspect
import threading
import warnings

import numpy as np
import torch
from torch.nn.utils import parametrize

from intertwine import deploy, nn
from intertwine.nn import summary

from .layers import LAYERS, build, features, relative_error


def called(module, x):
    with torch.no_grad():
        return copy.deepcopy(module)(x)


def freed_storage(name):
    """As FSDP does it: the memory of a parameter is given back between two calls."""
    module = build(name).eval()
    x = features(name, module)
    with torch.no_grad():
        expected = module(x)
        for parameter in module.parameters():
            values, size = parameter.detach().clone(), parameter.untyped_storage().nbytes()
            parameter.untyped_storage().resize_(0)
            parameter.untyped_storage().resize_(size)
            parameter.data.copy_(values)
        assert torch.equal(module(x), expected)
        # other numbers in the same memory are seen
        for parameter in module.parameters():
            parameter.untyped_storage().resize_(0)
            parameter.untyped_storage().resize_(parameter.numel() * parameter.element_size())
            parameter.data.fill_(0.5)
        assert torch.equal(module(x), called(module, x))


def mapped(name):
    """`vmap` over the batch of inputs is the loop over it."""
    module = build(name).eval()
    x = torch.stack([features(name, module, batch=2), 2 * features(name, module, batch=2)])
    with torch.no_grad():
        together = torch.func.vmap(module)(x)
        assert relative_error(together, torch.stack([module(part) for part in x])) < 1e-5


def empty_batch(name):
    for training in (False, True):
        module = build(name).train(training)
        x = features(name, module, batch=2)
        before = {key: value.clone() for key, value in module.state_dict().items()}
        expected = called(module, x)
        empty = x[:0].clone().requires_grad_()
        y = module(empty)
        assert y.shape == (0, *expected.shape[1:])
        y.sum().backward()
        assert empty.grad is None or empty.grad.shape == empty.shape
        for parameter in module.parameters():
            assert parameter.grad is None or not parameter.grad.any()
        for key, value in module.state_dict().items():
            assert "num_batches" in key or torch.equal(value, before[key]), key


def _as_numpy(value, kind):
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, int):
        return {"wide": np.int64, "narrow": np.int8, "unsigned": np.uint16}[kind](value) if 0 <= value < 127 else value
    if isinstance(value, float):
        narrow = np.float32(value)
        return narrow if kind == "narrow" and float(narrow) == value else np.float64(value)
    if type(value) in (list, tuple):
        return type(value)(_as_numpy(item, kind) for item in value)
    return value


def numpy_numbers(name):
    """Every number among the arguments may be a scalar of NumPy, of any width."""
    module = build(name)
    if not LAYERS[name].public or isinstance(module, (nn.SequentialModule, nn.MultipleModule)):
        module = next((part for part in module.children() if isinstance(part, nn.EquivariantModule)), module)
    signature = inspect.signature(type(module).__init__)
    defaults = {key: p.default for key, p in signature.parameters.items() if p.default is not p.empty}
    given = {**{k: v for k, v in defaults.items() if v is not None}, **module.arguments}
    parameters = signature.parameters.values()
    variadic = {p.name for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    if variadic & set(given):
        return
    plainly = type(module)(**given)
    plainly.load_state_dict(module.state_dict(), strict=True)
    for kind in ("wide", "narrow", "unsigned"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            twin = type(module)(**{key: _as_numpy(value, kind) for key, value in given.items()})
        assert repr(twin) == repr(plainly)
        assert repr(twin.arguments) == repr(plainly.arguments)
        twin.load_state_dict(module.state_dict(), strict=True)


class Doubled(torch.nn.Module):
    """A parametrisation that changes values and keeps shapes."""

    def forward(self, x):
        return 2 * x


def parametrised(name):
    """`torch.nn.utils.parametrize` acts, in both modes, and is seen by `summary()`."""
    for training in (False, True):
        module = build(name).train(training)
        x = features(name, module)
        twin = copy.deepcopy(module)
        for part, changed in zip(list(module.modules()), list(twin.modules()), strict=True):
            for key, parameter in list(part._parameters.items()):
                if parameter is not None:
                    parametrize.register_parametrization(part, key, Doubled())
                    with torch.no_grad():
                        changed._parameters[key].mul_(2)
        with torch.no_grad():
            assert relative_error(module(x), called(twin, x)) < 1e-5
        report = summary(module, tuple(x.shape[2:])) if x.dim() > 2 else summary(module)
        assert report.parameters == sum(p.numel() for p in twin.parameters())
        assert str(report)


def scripted(name, for_one_size=False):
    """`torch.jit.script` of what `nn.export` gives."""
    module = build(name).eval()
    x = features(name, module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that TorchScript is old
        program = torch.jit.script(nn.export(module, x if for_one_size else None))
    assert relative_error(program(x), called(module, x)) < 1e-5


def inference_mode(name):
    """Built in inference mode, it computes anywhere, and whatever was remembered meanwhile serves others in training."""
    with torch.inference_mode():
        torch.manual_seed(0)
        born = LAYERS[name].build().eval()
        x = features(name, born)
        inside = born(x)
    ordinary = build(name).train()
    x = features(name, ordinary)
    y = ordinary(x.requires_grad_())
    y.sum().backward()
    ordinary.eval()
    with torch.no_grad():
        twin = build(name).eval()
        twin.load_state_dict({key: value.clone() for key, value in born.state_dict().items()})
        assert torch.equal(born(x.detach()), inside.clone())
        assert torch.equal(twin(x.detach()), inside.clone())


def loads_in_a_thread(name):
    """Loading in one thread leaves the random numbers of another alone."""
    module = build(name)
    if not LAYERS[name].public:
        return
    data = deploy.save_bytes(module)
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    state = torch.get_rng_state()
    seen = []

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            seen.append(torch.equal(torch.get_rng_state(), state))
            return function(*args, **(kwargs or {}))

    def load():
        with Watch():
            deploy.load_bytes(data)

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
    assert seen
    assert all(seen)
    assert torch.equal(torch.rand(4), expected)
