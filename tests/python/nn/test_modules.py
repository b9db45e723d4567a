"""What the modules of the plane promise beyond the contracts of every layer."""

import pytest
import torch

from intertwine import group, gspaces, nn
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError, IntertwineError, ShapeError

from ..contracts.layers import LAYERS, build, features, induced, mixed, vectors

C4, C8, D4 = gspaces.rot2dOnR2(4), gspaces.rot2dOnR2(8), gspaces.flipRot2dOnR2(4)
NORMS = [name for name in LAYERS if name.startswith(("norm ", "normalised", "gated", "fourier", "batch norm"))]


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_at_zero_are_finite(name, dtype):
    module = build(name).to(dtype)
    for mode in (True, False):
        x = torch.zeros_like(features(name, module, dtype=dtype)).requires_grad_()
        module.train(mode)(x).sum().backward()
        assert torch.isfinite(x.grad).all()
        assert all(torch.isfinite(p.grad).all() for p in module.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.NormBatchNorm(mixed(D4)),
        lambda: nn.InducedNormBatchNorm(nn.field_type(D4, regular=1)),
        lambda: nn.ConcatenatedNonLinearity(vectors(C8)),
        lambda: nn.ConcatenatedNonLinearity(nn.field_type(C4, regular=1), "c_nothing"),
        lambda: nn.NormNonLinearity(vectors(C8), "squash"),
        lambda: nn.NormNonLinearity(vectors(C8), "n_nothing"),
        lambda: nn.GatedNonLinearity1(vectors(C8)),
        lambda: nn.GatedNonLinearity1(nn.field_type(C4, trivial=1, irrep_1=2)),
        lambda: nn.GatedNonLinearity1(nn.field_type(C4, trivial=1, irrep_1=1), ["gate", "other"]),
        lambda: nn.GatedNonLinearity1(nn.field_type(C4, trivial=1, irrep_1=1), ["gated", "gate"]),
        lambda: nn.GatedNonLinearity2((nn.field_type(C4, trivial=1), nn.field_type(C8, trivial=1))),
        lambda: nn.GatedNonLinearity2(nn.field_type(C4, trivial=1)),
        lambda: nn.GatedNonLinearityUniform(nn.field_type(C4, trivial=1, irrep_1=1)),
        lambda: nn.InducedGatedNonLinearity1(nn.FieldType(D4, [D4.quotient_repr((0, 2))]) + induced(D4, 1)),
        lambda: nn.InducedNormNonLinearity(vectors(C8), subfield_size=3),
        lambda: nn.VectorFieldNonLinearity(vectors(C8)),
        lambda: nn.VectorFieldNonLinearity(nn.field_type(gspaces.flipRot2dOnR2(2), regular=1)),
        lambda: nn.PointwiseDropout(vectors(C8)),
        lambda: nn.FieldDropout(vectors(C8), p=1.5),
        lambda: nn.PointwiseAvgPool3D(vectors(C8), 2),
        lambda: nn.PointwiseAdaptiveMaxPool(vectors(C8), 2),
        lambda: nn.PointwiseAdaptiveAvgPool3D(vectors(C8), 2),
        lambda: nn.PointwiseMaxPoolAntialiased(nn.field_type(C4, regular=1), 2, sigma=-1.0),
        lambda: nn.R2Upsampling(vectors(C8)),
        lambda: nn.R2Upsampling(vectors(C8), scale_factor=2, size=5),
        lambda: nn.R2Upsampling(vectors(C8), scale_factor=2, mode="trilinear"),
        lambda: nn.R3Upsampling(vectors(C8), scale_factor=2),
        lambda: nn.MaskModule(vectors(C8), 0),
        lambda: nn.MaskModule(vectors(C8), 5, sigma=0.0),
        lambda: nn.ReshuffleModule(vectors(C8), [0, 0, 1, 2]),
        lambda: nn.BranchingModule(vectors(C8), ["a"]),
        lambda: nn.MergeModule([]),
        lambda: nn.MergeModule([(nn.NormPool(vectors(C8)), "a"), (nn.NormPool(vectors(D4)), "b")]),
        lambda: nn.MergeModule([(nn.NormPool(vectors(C8)), ["a", "b"])]),
        lambda: nn.MultipleModule(vectors(C8), 4 * ["a"], [(nn.NormPool(vectors(C8)), "b")]),
        lambda: nn.FourierPointwise(gspaces.rot2dOnR2(-1), 2, [(0,), (1,)]),
        lambda: nn.FourierPointwise(gspaces.rot2dOnR2(-1), 0, [(0,), (1,)], N=8),
        lambda: nn.FourierPointwise(gspaces.rot2dOnR2(-1), 2, [(0,), (1,)], N=8, function="p_nothing"),
        lambda: nn.FourierPointwise(nn.field_type(C8, regular=1)),
        lambda: nn.MaxPoolChannels(0),
        lambda: nn.IIDBatchNorm2d(vectors(C8), momentum=2.0),
    ],
)
def test_what_cannot_be_is_refused_at_construction(make):
    with pytest.raises(IntertwineError) as caught:
        make()
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("cls", [nn.IIDBatchNorm2d, nn.GNormBatchNorm, nn.NormBatchNorm])
def test_a_batch_is_freed_of_its_scale_and_statistics_follow(cls):
    module = cls(vectors(C8), momentum=None)
    x = 3 * torch.randn(8, module.in_type.size, 6, 6)
    y = module(x).detach()
    assert abs(float(y.square().mean()) - 1) < 0.05
    module(2 * x)
    mean_square = module.running_var.mean()
    assert 0.8 < float(mean_square / (9 * 2.5)) < 1.2
    assert int(module.num_batches_tracked) == 2
    module.reset_parameters()
    assert torch.equal(module.running_var, torch.ones_like(module.running_var))


def test_without_running_statistics_there_is_no_state():
    module = nn.IIDBatchNorm2d(mixed(D4), affine=False, track_running_stats=False)
    assert not module.state_dict()
    x = torch.randn(4, module.in_type.size, 5, 5)
    assert torch.equal(module.train()(x), module.eval()(x))


def test_one_value_cannot_be_normalised():
    module = nn.IIDBatchNorm1d(nn.field_type(gspaces.no_base_space(group.cyclic_group(4)), regular=1))
    with pytest.raises(ShapeError):
        module(torch.randn(1, 4))
    module.eval()(torch.randn(1, 4))
    with pytest.raises(ShapeError, match="axes"):
        nn.IIDBatchNorm3d(mixed(D4))(torch.randn(2, mixed(D4).size, 5, 5))


@pytest.mark.parametrize("inplace", [False, True])
def test_fields_drop_whole(inplace):
    module = nn.FieldDropout(mixed(D4), p=0.4, inplace=inplace)
    x = torch.ones(64, module.in_type.size, 8, 8)
    y = module(x)
    assert (y is x) == inplace
    dropped = []
    for start, end in zip(module.in_type.fields_start, module.in_type.fields_end, strict=True):
        part = y[:, start:end]
        assert ((part == part[:, :1]).all(dim=1)).all()
        dropped.append(float((part[:, 0] == 0).float().mean()))
    assert all(abs(share - 0.4) < 0.05 for share in dropped)
    assert abs(float(y.mean()) - 1) < 0.05
    assert torch.equal(module.eval()(y), y)


def test_several_inputs_are_checked():
    layer = nn.GatedNonLinearity2((nn.field_type(C4, trivial=2), nn.field_type(C4, irrep_1=2)))
    gates, fields = layer.in_type[0](torch.randn(1, 2, 5, 5)), layer.in_type[1](torch.randn(1, 4, 5, 5))
    y = layer(gates, fields)
    assert y.type == layer.out_type
    assert torch.equal(layer(gates.tensor, fields.tensor), y.tensor)
    assert layer.evaluate_output_shape((1, 2, 5, 5), (1, 4, 5, 5)) == (1, 4, 5, 5)
    for wrong in (
        (gates,),
        (fields, gates),
        (gates, fields.tensor),
        (gates, fields[:, :, :3]),
        (gates, fields, fields),
    ):
        with pytest.raises(IntertwineError):
            layer(*wrong)
    with pytest.raises(ArgumentTypeError):
        nn.NormPool(vectors(C8))(torch.randn(1, 8, 3, 3), torch.randn(1, 8, 3, 3))


def test_dicts_of_fields():
    whole = mixed(D4)
    labels = ["a", "b", "c", "a", "b"]
    branching = nn.BranchingModule(whole, labels)
    parts = branching(whole(torch.randn(2, whole.size, 5, 5)))
    assert {label: part.type for label, part in parts.items()} == branching.out_type
    merging = nn.MergeModule([(nn.NormPool(parts["b"].type), "b"), (nn.ReLU(parts["a"].type), "a")])
    y = merging(parts)
    assert y.type == merging.out_type
    shapes = branching.evaluate_output_shape((2, whole.size, 5, 5))
    assert merging.evaluate_output_shape(**shapes) == tuple(y.shape)
    with pytest.raises(ArgumentTypeError):
        merging({"a": parts["a"]})
    with pytest.raises(FieldTypeError):
        merging({"a": parts["b"], "b": parts["a"]})


def test_users_modules_branch_too():
    class Double(nn.EquivariantModule):
        def __init__(self, type_):
            super().__init__()
            self.in_type = self.out_type = type_

        def forward(self, x):
            assert isinstance(x, nn.GeometricTensor)
            return x + x

    whole = mixed(D4)
    module = nn.MultipleModule(whole, 5 * ["a"], [(Double(whole), "a")])
    x = torch.randn(2, whole.size, 5, 5)
    assert torch.equal(module(x), 2 * x)


def test_blocks_of_induced_fields_survive_files():
    layer = nn.InducedNormPool(induced(D4))
    assert layer.arguments["subfield_size"] == 2
    assert nn.InducedNormPool(nn.field_type(D4, regular=1)).arguments["subfield_size"] == 1


def test_types_are_inferred():
    space = gspaces.rot2dOnR2(-1)
    rho = space.fibergroup.spectral_regular_representation((0,), (1,), (2,))
    model = nn.SequentialModule(
        nn.FieldType(space, [space.trivial_repr]),
        nn.R2Conv.spec(out=[rho, rho], kernel_size=3),
        nn.IIDBatchNorm2d.spec(),
        nn.FourierELU.spec(N=16),
        nn.NormPool.spec(),
    )
    assert model(torch.randn(1, 1, 7, 7)).shape == (1, 2, 5, 5)
    with pytest.raises(ArgumentError):
        nn.NormPool.spec(nothing=1)


def test_finer_grids_are_closer_to_equivariant():
    space = gspaces.rot2dOnR2(-1)
    element = space.fibergroup.element(0.7)
    errors = []
    for N in (8, 32, 128):
        layer = nn.FourierPointwise(space, 4, [(0,), (1,), (2,)], N=N, function="p_elu").double()
        x = torch.randn(32, layer.in_type.size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        moved = layer(layer.in_type.transform_fibers(x, element))
        errors.append(float((layer.out_type.transform_fibers(layer(x), element) - moved).abs().max()))
    assert errors[0] > 10 * errors[1] > 10 * errors[2]
