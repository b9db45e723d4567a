"""Tools say of a model what is true of it: shape plans, summaries and checks over modules that users write by hand."""

from __future__ import annotations

import pytest
import torch

from intertwine import nn
from intertwine.errors import ArgumentError, ArgumentTypeError, EquivarianceError, EquivarianceWarning, ShapeError
from intertwine.nn.inspect.kinds import entry_type, kind_of, walk
from intertwine.nn.inspect.moving import exact_generators
from intertwine.nn.inspect.tracing import trace

from ..contracts.handwritten import (
    HANDWRITTEN,
    Block,
    Classifier,
    Crops,
    Nested,
    PlainConv,
    Renamed,
    UNetByHand,
    WrongTwice,
    hooked,
    tail,
)
from ..contracts.layers import LAYERS, build, c4, c8, d4, lattice_symmetries, regulars, trivials
from ..contracts.lists import GSPACES
from ..contracts.pixels import library_unet


def made(name):
    torch.manual_seed(0)
    return HANDWRITTEN[name].build()


def run(model, x, kind):
    """What a model gives, as a plain tensor, whether it takes fields or tensors."""
    for value in (kind(x), x):
        try:
            output = model(value)
        except (TypeError, AttributeError):
            continue
        return getattr(output, "tensor", output)
    raise AssertionError("it cannot be run")


def error_of(name):
    """The error of a module of the list, from nothing but its definition."""
    entry, model = HANDWRITTEN[name], made(name).double().eval()
    kind = entry_type(model)
    dimension = kind.gspace.dimensionality
    x = torch.randn(2, kind.size, *(dimension * (entry.size,)), dtype=torch.float64)
    with torch.no_grad():
        y = run(model, x, kind)
        out = getattr(model, "out_type", None)
        space = kind.gspace if out is None else out.gspace
        worst = 0.0
        for g in lattice_symmetries(kind.gspace):
            h = g
            if space != kind.gspace:
                _, _, restrict = kind.gspace.restrict((None, 4))
                h = restrict(g)
            if h is None:
                continue
            type_ = out
            if type_ is None and y.dim() == 2 + dimension:
                last = [part.out_type for part in model.modules() if getattr(part, "out_type", None) is not None]
                same = last[-1] is not None and last[-1].size == y.shape[1]
                type_ = last[-1] if same else nn.FieldType(space, y.shape[1] * [space.trivial_repr])
            wanted = y if type_ is None else type_.transform(y, h)
            seen = run(model, kind.transform(x, g), kind)
            worst = max(worst, float((seen - wanted).abs().max() / wanted.abs().max()))
    return worst


@pytest.mark.parametrize("name", HANDWRITTEN)
def test_the_list_is_right_about_itself(name):
    assert (error_of(name) > 1e-3) == (HANDWRITTEN[name].guilty is not None)


@pytest.mark.parametrize("name", HANDWRITTEN)
def test_a_plan_names_the_part_at_fault(name):
    entry, model = HANDWRITTEN[name], made(name)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    plan = nn.shape_plan(model, entry.size)
    broken = [row["layer"] for row in plan.rows if row["exact"] is False]
    if entry.guilty is None:
        assert plan.exact
        assert "BREAKS" not in str(plan)
        assert plan.sizes == [entry.size]
    elif entry.known:
        assert plan.exact is False
        assert entry.guilty in broken
        assert "BREAKS" in str(plan)
        assert all(row["reason"] for row in plan.rows if row["exact"] is False)
        # and no other part but those that hold it
        assert all(entry.guilty.startswith(path) for path in broken)
    else:
        assert plan.exact is None
        assert "unknown" in str(plan)
    assert model.training
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("name", HANDWRITTEN)
def test_a_summary_never_vouches_for_what_is_broken(name):
    entry, model = HANDWRITTEN[name], made(name)
    kind = entry_type(model)
    typed = isinstance(model, nn.EquivariantModule)
    space = kind.gspace.dimensionality * (entry.size,)
    found = nn.summary(model, entry.size if typed else (kind.size, *space))
    last = str(found).splitlines()[-1]
    assert found.parameters == sum(p.numel() for p in model.parameters())
    if entry.guilty is None:
        assert found.exact
        assert last == "exact on the grid"
    elif entry.known:
        assert found.exact is False
        assert last.startswith("NOT exact on the grid")
        assert (entry.guilty or type(model).__name__) in last
    else:
        assert found.exact is None
        assert last.startswith("unknown whether exact")
    assert nn.summary(model).exact is None


@pytest.mark.parametrize("name", [name for name in HANDWRITTEN if HANDWRITTEN[name].channels is None])
@pytest.mark.filterwarnings("ignore::intertwine.errors.EquivarianceWarning")
def test_a_check_names_the_part_at_fault(name):
    entry, model = HANDWRITTEN[name], made(name).double()
    report = model.check_equivariance(size=entry.size, layers=True, assertion=False)
    assert report.passed == (entry.guilty is None)
    errors = {row["layer"]: row["exact"] for row in report.layers}
    if entry.guilty is None:
        assert all(error is None or error < 1e-10 for error in errors.values())
        return
    with pytest.raises(EquivarianceError) as raised:
        model.check_equivariance(size=entry.size)
    if entry.guilty:
        assert f"At fault is {entry.guilty} (" in str(raised.value)
    else:
        assert "At fault is its own forward" in str(raised.value)
    assert errors.get(entry.guilty) is None or errors[entry.guilty] > 1e-10


def test_layers_inside_of_modules_are_listed_by_their_names():
    model = Nested(regulars(c8(), 1), Block(regulars(c8(), 1)))
    report = model.double().check_equivariance(layers=True)
    paths = [row["layer"] for row in report.layers]
    assert paths[:3] == ["blocks.0.conv", "blocks.0.relu", "blocks.0"]
    assert paths[-2:] == ["tail.1", ""]
    assert all(row["exact"] < 1e-10 < row["interpolated"] for row in report.layers)
    assert nn.R2Conv(trivials(c4()), regulars(c4()), 3).check_equivariance(layers=True).layers == []


@pytest.mark.filterwarnings("ignore::intertwine.errors.EquivarianceWarning")
def test_a_unet_of_the_library_works_in_every_tool():
    model = library_unet().double()
    assert nn.shape_plan(model, 32).exact
    plan = nn.shape_plan(model, 36)
    assert plan.exact
    assert nn.summary(model, 32).exact
    report = model.check_equivariance(layers=True)
    assert report.passed
    paths = [row["layer"] for row in report.layers]
    assert "5.submodule_1.0" in paths or any("submodule_1.0" in path for path in paths)
    exported = nn.export(model)
    x = torch.randn(1, 2, 32, 32, dtype=torch.float64)[:, : model.in_type.size]
    model.eval()
    assert torch.allclose(exported(x), model(x), atol=1e-12)
    assert not any(isinstance(part, nn.EquivariantModule) for part in exported.modules())
    with pytest.raises(ShapeError, match="on one grid"):
        model(torch.randn(1, model.in_type.size, 33, 33, dtype=torch.float64))


def test_features_in_the_place_of_the_tolerance():
    kind = regulars(c4())
    conv, x = nn.R2Conv(kind, kind, 3), torch.randn(1, kind.size, 9, 9)
    assert conv.check_equivariance(x).input_shape == (1, kind.size, 9, 9)
    assert conv.check_equivariance(kind(x)).input_shape == (1, kind.size, 9, 9)
    assert conv.check_equivariance(1e-3).tolerance == 1e-3
    with pytest.raises(ArgumentError, match="Two inputs"):
        conv.check_equivariance(x, x=x)
    with pytest.raises(ArgumentTypeError, match="tensor"):
        nn.check_equivariance(conv, [1.0])
    with pytest.raises(ArgumentTypeError, match="in_type"):
        nn.check_equivariance(torch.nn.Conv2d(1, 1, 3))
    with pytest.raises(ArgumentTypeError, match="plan"):
        nn.shape_plan(torch.nn.Conv2d(1, 1, 3), 9)


def test_modules_of_several_inputs_and_outputs_are_checked():
    kind = trivials(c4(), 1) + regulars(c4(), 1)
    branching = nn.BranchingModule(kind, ["a", "b"])
    merge = nn.MergeModule([(nn.ReLU(regulars(c4(), 1)), "b"), (nn.IdentityModule(trivials(c4(), 1)), "a")])
    gate = nn.GatedNonLinearity2((trivials(c4(), 1), regulars(c4(), 1)))
    for module in (branching, merge, gate):
        assert module.check_equivariance().passed
    x = {"a": torch.randn(1, 1, 5, 5), "b": torch.randn(1, 4, 5, 5)}
    assert merge.check_equivariance(x).input_shape == (1, 5, 5, 5)
    assert gate.check_equivariance(x=(x["a"], x["b"])).passed
    broken = nn.MergeModule([(PlainConv(regulars(c4(), 1)), "b")])
    with pytest.raises(EquivarianceError, match="plain"):
        broken.check_equivariance()


def test_ordinary_modules_at_the_end_of_a_sequence_give_scalars_on_the_grid():
    model = tail(torch.nn.Conv2d(2, 3, 1))
    assert model.check_equivariance().passed
    with pytest.raises(EquivarianceError, match=r"At fault is 2 \(Conv2d\)"):
        tail(torch.nn.Conv2d(2, 3, 3)).check_equivariance()


def test_who_answers_for_a_module():
    kind = regulars(c4())
    conv = nn.R2Conv(kind, kind, 3)
    assert kind_of(conv) == kind_of(Renamed(kind)) == "layer"
    assert kind_of(WrongTwice(kind, kind, 3)) == kind_of(hooked()) == kind_of(Block(kind)) == "own"
    assert kind_of(nn.AliasFree(nn.ReLU(kind))) == "layer"
    assert kind_of(nn.AliasFree(Block(kind))) == "own"
    assert kind_of(torch.nn.Sequential(conv)) == kind_of(nn.SequentialModule(conv)) == "container"
    assert kind_of(torch.nn.TransformerEncoderLayer(4, 2)) == "torch"
    watched = nn.R2Conv(kind, kind, 3)
    kinds = []
    trace(watched, (torch.zeros(1, kind.size, 5, 5),), on_call_end=lambda call: kinds.append(kind_of(watched)))
    assert kinds == ["layer"]  # hooks of the library's own only watch
    patched = nn.R2Conv(kind, kind, 3)
    patched.forward = lambda x: x
    assert kind_of(patched) == "own"
    assert kind_of(nn.export(nn.FieldNorm(kind))) == "own"
    assert all(kind_of(build(name)) in ("layer", "container") for name in LAYERS if LAYERS[name].public)


def test_a_run_tells_who_called_whom():
    model = Nested(regulars(c4()), Block(regulars(c4())))
    x = model.in_type(torch.randn(1, model.in_type.size, 5, 5))
    found = trace(model, (x,))
    assert found.error is None
    assert [call.path for call in found.root.calls] == ["blocks.0", "blocks.1", "tail"]
    assert [call.path for call in found.root.within()][1:3] == ["blocks.0.conv", "blocks.0.relu"]
    assert found.type_of(found.root.calls[0].inputs[0]) == model.in_type
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    failed = trace(model, (torch.zeros(1, 3, 5, 5),))
    assert failed.error is not None
    assert failed.failed.startswith("blocks.0")
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    assert [path for path, _, _ in walk(nn.SequentialModule(Block(regulars(c4()))))] == ["", "0", "0.conv", "0.relu"]


@pytest.mark.parametrize("name", GSPACES)
def test_a_few_elements_generate_all_that_act_exactly(name):
    space = GSPACES[name]()
    group = space.fibergroup
    chosen = exact_generators(space)
    reached = {group.index(group.identity)}
    assert all(space.is_exact(element) for element in chosen)
    assert group.closure([group.index(element) for element in chosen]) | reached == {
        group.index(element) for element in space.exact_elements
    }


def test_sizes_at_which_a_model_of_functions_is_exact():
    model = UNetByHand(regulars(c4()))
    plan = nn.shape_plan(model, 17)
    assert plan.exact is False
    assert plan.sizes[:3] == [16, 18, 14]
    assert "cannot run" in str(plan)
    assert nn.shape_plan(model, 18).exact


def test_what_gives_zeros_or_no_numbers_is_not_known():
    class Scaled(Crops):
        factor = 0.0

        def forward(self, x):
            return self.out_type(super().forward(x).tensor * self.factor)

    model = Scaled(regulars(c4()))
    assert nn.shape_plan(model, 9).exact is None
    assert "zeros" in str(nn.shape_plan(model, 9))
    model.factor = float("nan")
    assert nn.shape_plan(model, 9).exact is None
    assert nn.summary(model, 9).exact is None


def test_a_broken_layer_deep_in_a_large_model_takes_seconds():
    blocks = [Block(regulars(c8(), 2)) for _ in range(8)]
    model = nn.SequentialModule(*blocks, PlainConv(regulars(c8(), 2)))
    plan = nn.shape_plan(model, 16)
    assert [row["layer"] for row in plan.rows if row["exact"] is False] == ["8.plain", "8"]


def test_parameters_of_ones_own_are_counted():
    class Scales(Block):
        def __init__(self, kind):
            super().__init__(kind)
            self.scale = torch.nn.Parameter(torch.ones(1))

        def forward(self, x):
            return self.out_type(super().forward(x).tensor * self.scale)

    model = Scales(regulars(c4()))
    found = nn.summary(nn.SequentialModule(model), 9)
    assert found.parameters == sum(p.numel() for p in model.parameters())
    assert found.table[-1]["layer"] == "0"
    assert found.table[-1]["parameters"] == 1
    assert found.exact


def test_classifiers_of_tutorials_are_planned_from_their_first_layer():
    assert nn.shape_plan(Classifier(regulars(d4(), 1)), 9).exact
    assert entry_type(Classifier(regulars(d4(), 1))) == trivials(d4(), 1)


def test_default_checks_of_handwritten_strides_warn_of_sizes():
    model = HANDWRITTEN["pools by a function, even"].build()
    with pytest.warns(EquivarianceWarning, match="but not on 33 x 33"):
        model.check_equivariance()
