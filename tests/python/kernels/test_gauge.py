"""The gauge: the same bases in every version until the gauge version says otherwise."""

import numpy as np
import pytest

from intertwine import GAUGE_VERSION

from .gauge_values import GOLDEN, gauge_values


@pytest.fixture(scope="module", name="golden")
def fixture_golden():
    with np.load(GOLDEN) as stored:
        return dict(stored)


@pytest.fixture(scope="module", name="values")
def fixture_values():
    return gauge_values()


def test_the_golden_values_are_of_this_gauge(golden, values):
    assert int(golden["version"]) == GAUGE_VERSION
    assert set(golden) == set(values)


def test_bases_are_the_golden_ones(golden, values):
    for name, value in values.items():
        assert value.shape == golden[name].shape, name
        np.testing.assert_allclose(value, golden[name], atol=1e-12, rtol=0, err_msg=name)


def test_bases_are_real_and_not_empty(golden):
    for name, value in golden.items():
        assert value.size, name
        assert np.isfinite(value).all(), name
