"""What evaluation keeps, and every way in which it could have become wrong."""

import copy

import pytest
import torch

from intertwine.kernels import FilterCache

from ..contracts.copies import reloaded


def doubled(first, second):
    return 2 * first, None if second is None else 2 * second


def permuted(parameter):
    parameter.data.copy_(parameter.data.flip(0))


def nudged(parameter):
    parameter.data[0] = torch.nextafter(parameter.data[0], torch.tensor(9.0))


def moved(parameter):
    parameter.data = parameter.data.clone().neg()


def strided(parameter):
    parameter.data = parameter.data[:1].expand(len(parameter))


def through_numpy(parameter):
    parameter.detach().numpy()[1] = 7.0


def shared(parameter):
    parameter.share_memory_()
    parameter.data.add_(1.0)


def cast(parameter):
    parameter.data = parameter.data.double() + 1.0


def of_another_size(parameter):
    parameter.data = torch.ones(3)


WRITES = [permuted, nudged, moved, strided, through_numpy, shared, cast, of_another_size]


@torch.no_grad()
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("which", [0, 1])
def test_no_write_is_missed(write, which):
    cache = FilterCache()
    parameters = [torch.nn.Parameter(torch.arange(1.0, 6.0)), torch.nn.Parameter(torch.arange(2.0, 7.0))]
    first = cache.get("filter", doubled, *parameters)
    assert cache.get("filter", doubled, *parameters) is first
    write(parameters[which])
    for _ in range(2):
        now = cache.get("filter", doubled, *parameters)
        assert all(torch.equal(a, 2 * b) for a, b in zip(now, parameters, strict=True))


@torch.no_grad()
def test_another_parameter_or_none_at_all_is_another_result():
    cache = FilterCache()
    weights, bias = torch.nn.Parameter(torch.ones(4)), torch.nn.Parameter(torch.ones(2))
    assert cache.get("filter", doubled, weights, bias)[1] is not None
    assert cache.get("filter", doubled, weights, None)[1] is None
    assert cache.get("filter", doubled, weights, bias)[1] is not None
    other = torch.nn.Parameter(torch.full((4,), 3.0))
    assert torch.equal(cache.get("filter", doubled, other, bias)[0], 2 * other)


@torch.no_grad()
def test_what_is_no_number_is_kept_as_well():
    cache = FilterCache()
    weights = torch.nn.Parameter(torch.full((4,), float("nan")))
    assert cache.get("filter", doubled, weights) is cache.get("filter", doubled, weights)


@torch.no_grad()
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_every_precision_is_compared(dtype):
    cache = FilterCache()
    weights = torch.nn.Parameter(torch.ones(4, dtype=dtype))
    kept = cache.get("filter", doubled, weights)
    assert cache.get("filter", doubled, weights) is kept
    weights.data[2] = 5
    assert cache.get("filter", doubled, weights)[0][2] == 10


def test_nothing_is_kept_with_gradients_nor_in_copies():
    cache = FilterCache()
    weights = torch.nn.Parameter(torch.ones(4))
    assert cache.get("filter", doubled, weights) is not cache.get("filter", doubled, weights)
    with torch.no_grad():
        kept = cache.get("filter", doubled, weights)
        for twin in (copy.deepcopy(cache), reloaded(cache)):
            assert twin.get("filter", doubled, weights) is not kept


@torch.no_grad()
def test_transformed_and_meta_parameters_are_never_kept():
    cache = FilterCache()
    rows = torch.arange(6.0).view(3, 2)
    result = torch.func.vmap(lambda row: cache.get("filter", doubled, row)[0])(rows)
    assert torch.equal(result, 2 * rows)
    on_meta = torch.nn.Parameter(torch.ones(4, device="meta"))
    assert cache.get("filter", doubled, on_meta) is not cache.get("filter", doubled, on_meta)
