"""The residual network of volumes from escnn's example, small: it is equivariant, learns, and is light."""

import importlib.util
import io
import sys
from pathlib import Path

import pytest
import torch

from intertwine import gspaces, nn

# The grid of escnn's example, 96 points as far apart as they can be, has none of the cube's symmetries: building says so.
pytestmark = pytest.mark.filterwarnings("ignore:FourierELU is not exactly equivariant")

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "space.py"


@pytest.fixture(scope="module", name="se3_network")
def fixture_se3_network():
    if not BENCHMARK.exists():
        pytest.skip("the benchmarks are not here")
    sys.path.insert(0, str(BENCHMARK.parent))
    try:
        spec = importlib.util.spec_from_file_location("space_benchmark", BENCHMARK)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARK.parent))
    return module.se3_network


def volumes(batch, seed=0):
    """Smooth lumps that vanish towards the edge."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(batch, 1, 25, 25, 25, generator=generator)
    line = torch.linspace(-1, 1, 25)
    radius = torch.stack(torch.meshgrid(line, line, line, indexing="ij")).square().sum(0)
    return torch.nn.functional.avg_pool3d(noise, 5, 1, 2) * torch.exp(-3 * radius)


def test_features_do_not_turn(se3_network):
    torch.manual_seed(0)
    model = se3_network("intertwine", widths=(96, 96, 96), copies=(1, 1, 1, 1)).double().eval()
    x = model.in_type(volumes(1).double())
    with torch.no_grad():
        expected = model.blocks(x).tensor.mean(dim=(2, 3, 4))
        for g in gspaces.rot3dOnR3().exact_elements:
            moved = model.blocks(x.transform(g)).tensor.mean(dim=(2, 3, 4))
            # The ELU sees 96 rotations, which the rotations of the cube do not quite permute.
            assert float((moved - expected).abs().max()) < 0.05 * float(expected.abs().max())


def test_it_learns_and_its_file_is_light(se3_network):
    torch.manual_seed(0)
    model = se3_network("intertwine", widths=(96, 96, 96), copies=(1, 1, 1, 1))
    x = torch.cat([volumes(4), 3 * volumes(4, seed=1)])
    y = torch.tensor(4 * [0] + 4 * [1])

    def network(values):
        features = model.blocks(model.in_type(values)).tensor.mean(dim=(2, 3, 4))
        return model.classifier(features)

    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(6):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    tensors = sum(v.numel() * v.element_size() for v in model.state_dict().values())
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    assert tensors < 1.05 * weights
    assert len(file.getvalue()) < 1.05 * weights + 50_000
    assert isinstance(model.blocks[0], nn.R3Conv)
