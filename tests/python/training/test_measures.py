"""Where output and target meet: what every loss and metric receives, and what it gives."""

import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch

from intertwine import training
from intertwine.errors import ArgumentError, ArgumentTypeError, IntertwineError, ShapeError
from intertwine.training.data.pairing import IGNORE, align
from intertwine.training.measure.losses import Measures, resolve_loss
from intertwine.training.measure.metrics import NAMED, resolve_metrics

# The peers' environment, in which all tests are collected, has neither.
sklearn = pytest.importorskip("sklearn.metrics")
torchmetrics = pytest.importorskip("torchmetrics")

N, SIDE, CLASSES = 24, 4, 3
NUMERIC = [name for name, (kind, _) in NAMED.items() if kind == "numeric" and name != "angular_error"]
CLASS = [name for name, (kind, _) in NAMED.items() if kind == "class"]
# Shapes of output and target whose numbers belong together, where a difference would often broadcast instead.
SHAPES = [
    ((N, 1), (N,)),
    ((N,), (N, 1)),
    ((N, 1, 1, 1), (N,)),
    ((N, 1, 1, 1), (N, 1)),
    ((N, 2), (N, 2)),
    ((N, 2, 1, 1), (N, 2)),
    ((N, 1, SIDE, SIDE), (N, SIDE, SIDE)),
    ((N, SIDE, SIDE), (N, 1, SIDE, SIDE)),
    ((N, 2, SIDE, SIDE), (N, 2, SIDE, SIDE)),
]
CLASS_SHAPES = [
    ((N, CLASSES), (N,)),
    ((N, CLASSES), (N, 1)),
    ((N, CLASSES, 1, 1), (N,)),
    ((N, CLASSES, SIDE, SIDE), (N, SIDE, SIDE)),
    ((N, CLASSES, SIDE, SIDE), (N, 1, SIDE, SIDE)),
]
MISMATCHES = {
    "fewer targets": ((N, 2), (N,), "one number for each"),
    "more targets": ((N, 1), (N, 2), "one number for each"),
    "broadcast over samples": ((N, 1), (1,), "as many samples"),
    "broadcast over pixels": ((N, SIDE, SIDE), (N, SIDE, 1), "one number for each"),
    "another order": ((N, 2, SIDE), (N, SIDE, 2), "same order"),
    "another cut": ((N, 4), (N, 2, 2), "same order"),
    "no samples": ((), (N,), "as many samples"),
}
CLASS_MISMATCHES = {
    "one output": ((N, 1), (N,), "no choice between classes"),
    "no outputs": ((N,), (N,), "no choice between classes"),
    "one hot": ((N, CLASSES), (N, CLASSES), "floating-point"),
    "pixels without outputs for them": ((N, CLASSES), (N, SIDE, SIDE), "one class number"),
    "outputs without targets": ((N, CLASSES, SIDE, SIDE), (N,), "one class number"),
    "fewer samples": ((N, CLASSES), (N - 1,), "as many samples"),
}


def drawn(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def classes(shape, seed=1):
    return torch.randint(CLASSES, shape, generator=torch.Generator().manual_seed(seed))


def holes(target):
    """The target with every fifth entry missing."""
    flat = target.clone().reshape(-1)
    flat[::5] = math.nan if target.is_floating_point() else IGNORE
    return flat.reshape(target.shape)


def own_mse(output, target):
    return ((output - target) ** 2).mean()


def own_cross_entropy(output, target):
    return torch.nn.functional.cross_entropy(output, target)


def own_accuracy(output, target):
    return (output.argmax(1) == target).float().mean()


def over(output, target, loss=None, metrics=None, missing="error", batch=7):
    kind = "numeric" if target.is_floating_point() else "class"
    measures = Measures(resolve_loss(loss, kind), resolve_metrics(metrics, kind), missing)
    for start in range(0, len(target), batch):
        measures.update(output[start : start + batch], target[start : start + batch])
    return measures.values()


class Seen:
    """A function of output and target that looks at what it is given."""

    def __init__(self):
        self.pairs = []

    def __call__(self, output, target):
        assert output.dtype == (target.dtype if target.is_floating_point() else output.dtype)
        assert output.device == target.device
        self.pairs.append((output, target))
        return output.sum()


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("given", "wanted"), SHAPES)
def test_measurements_meet_as_pairs(given, wanted, masked):
    output, target = drawn(given).float(), drawn(wanted, 1)
    truth = holes(target) if masked else target
    # the formula, on the numbers themselves
    a, b = output.double().reshape(-1).numpy(), truth.reshape(-1).numpy()
    known = ~np.isnan(b)
    mse = float(np.mean((a[known] - b[known]) ** 2))
    seen = Seen()
    named = over(output, truth, "mse", [*NUMERIC, {"own": own_mse}, seen], "mask" if masked else "error")
    own = over(output, truth, own_mse, missing="mask" if masked else "error")
    assert named["loss"] == pytest.approx(mse, rel=1e-6)
    assert own["loss"] == pytest.approx(mse, rel=1e-6)
    assert named["own"] == pytest.approx(mse, rel=1e-6)
    assert named["mse"] == pytest.approx(mse, rel=1e-6)
    assert named["rmse"] == pytest.approx(math.sqrt(mse), rel=1e-6)
    assert named["mae"] == pytest.approx(np.abs(a[known] - b[known]).mean(), rel=1e-6)
    assert named["r2"] == pytest.approx(sklearn.r2_score(b[known], a[known]), rel=1e-5)
    (pair,) = seen.pairs
    assert pair[0].shape == pair[1].shape
    assert not torch.isnan(pair[1]).any()


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("given", "wanted"), CLASS_SHAPES)
def test_classes_meet_as_pairs(given, wanted, masked):
    output, target = drawn(given), classes(wanted)
    truth = holes(target) if masked else target
    scores, numbers = output.reshape(N, CLASSES, -1).movedim(1, 2).reshape(-1, CLASSES), truth.reshape(-1)
    known = numbers != IGNORE
    scores, numbers = scores[known], numbers[known]
    loss = float(torch.nn.functional.cross_entropy(scores, numbers))
    seen = Seen()
    named = over(output, truth, None, ["accuracy", {"own": own_accuracy}, seen], "mask" if masked else "error")
    own = over(output, truth, own_cross_entropy, missing="mask" if masked else "error")
    assert named["loss"] == pytest.approx(loss, rel=1e-6)
    assert own["loss"] == pytest.approx(loss, rel=1e-6)
    assert named["own"] == pytest.approx(named["accuracy"], rel=1e-6)
    assert named["accuracy"] == pytest.approx(float((scores.argmax(1) == numbers).double().mean()))
    (pair,) = seen.pairs
    assert pair[0].shape[1] == CLASSES
    assert pair[1].shape == (pair[0].shape[0], *pair[0].shape[2:])
    assert int(pair[1].min()) >= 0


@pytest.mark.parametrize("loss", [None, own_mse])
@pytest.mark.parametrize("case", MISMATCHES)
def test_what_does_not_belong_together_is_refused(case, loss):
    given, wanted, words = MISMATCHES[case]
    with pytest.raises(ShapeError, match=words):
        Measures(resolve_loss(loss, "numeric"), resolve_metrics(None, "numeric")).step(drawn(given), drawn(wanted))


@pytest.mark.parametrize("loss", [None, own_cross_entropy])
@pytest.mark.parametrize("case", CLASS_MISMATCHES)
def test_classes_that_do_not_belong_together_are_refused(case, loss):
    given, wanted, words = CLASS_MISMATCHES[case]
    with pytest.raises(ShapeError, match=words):
        Measures(resolve_loss(loss, "class"), resolve_metrics(None, "class")).step(drawn(given), classes(wanted))


def test_shapes_that_agree_stay_as_they_are():
    # an SSIM wants its axis of one channel
    assert align(drawn((2, 1, 4, 4)), drawn((2, 1, 4, 4))).output.shape == (2, 1, 4, 4)
    assert align(drawn((2, 3, 1, 4)), classes((2, 1, 4))).output.shape == (2, 3, 1, 4)


def test_half_precision_is_measured_in_single():
    pair = align(torch.zeros(3, 1, dtype=torch.bfloat16), torch.zeros(3, dtype=torch.float64))
    assert pair.output.dtype == pair.target.dtype == torch.float32


SKLEARN = {
    "accuracy": lambda o, t: sklearn.accuracy_score(t, o.argmax(1)),
    "balanced_accuracy": lambda o, t: sklearn.balanced_accuracy_score(t, o.argmax(1)),
    "f1": lambda o, t: sklearn.f1_score(t, o.argmax(1), average="macro"),
    "precision": lambda o, t: sklearn.precision_score(t, o.argmax(1), average="macro", zero_division=0),
    "recall": lambda o, t: sklearn.recall_score(t, o.argmax(1), average="macro", zero_division=0),
    "iou": lambda o, t: sklearn.jaccard_score(t, o.argmax(1), average="macro"),
    "dice": lambda o, t: sklearn.f1_score(t, o.argmax(1), average="macro"),
    "kappa": lambda o, t: sklearn.cohen_kappa_score(t, o.argmax(1)),
    "mcc": lambda o, t: sklearn.matthews_corrcoef(t, o.argmax(1)),
    "auroc": lambda o, t: sklearn.roc_auc_score(t, o.softmax(1), multi_class="ovr", average="macro"),
}


def weighted_f1(output, target):
    return sklearn.f1_score(target, output.argmax(1), average="weighted")


def test_every_named_class_metric_has_a_reference():
    assert set(SKLEARN) == set(CLASS)


@pytest.mark.parametrize("batch", [1, 2, 7, 16, 97])
def test_metrics_are_those_of_the_epoch_whatever_the_batches(batch):
    # few of class 2, and outputs between 0 and 1 here and there, which torchmetrics takes for probabilities
    target = torch.where(drawn((97,), 3) > 1.5, 2, classes((97,)) % 2)
    output = 0.2 * drawn((97, CLASSES)) + 0.3 + 0.1 * torch.nn.functional.one_hot(target, CLASSES)
    given = [*CLASS, weighted_f1, torchmetrics.classification.MulticlassAUROC(CLASSES)]
    found = over(output, target, metrics=given, batch=batch)
    for name in CLASS:
        assert found[name] == pytest.approx(SKLEARN[name](output, target), rel=1e-5), name
    assert found["weighted_f1"] == pytest.approx(weighted_f1(output, target), rel=1e-9)
    assert found["multiclass_auroc"] == pytest.approx(found["auroc"], rel=1e-5)


@pytest.mark.parametrize("batch", [1, 2, 7, 97])
def test_metrics_of_measurements_are_those_of_the_epoch(batch):
    # far from zero, where the sums of squares are large and their difference is small
    target = 1000 + drawn((97, 2))
    output = target + 0.3 * drawn((97, 2), 5)
    found = over(output.float(), target, metrics=[*NUMERIC, torchmetrics.MeanAbsoluteError()], batch=batch)
    assert found["r2"] == pytest.approx(
        sklearn.r2_score(target.float().reshape(-1), output.float().reshape(-1)), rel=1e-4
    )
    assert found["mean_absolute_error"] == pytest.approx(found["mae"], rel=1e-5)


def test_angles_between_directions():
    angle = torch.tensor([1e-6, 0.5, 3.0, math.pi], dtype=torch.float64)
    target = torch.nn.functional.normalize(drawn((4, 3, 5)), dim=1)
    across = torch.nn.functional.normalize(torch.linalg.cross(target, drawn((4, 3, 5), 7), dim=1), dim=1)
    turned = 3 * (target * angle.cos()[:, None, None] + across * angle.sin()[:, None, None])
    assert over(turned, target, metrics="angular_error")["angular_error"] == pytest.approx(
        float(angle.mean()), rel=1e-6
    )
    # vectors that are zero or not known in one component have no direction
    target[0, 1, 0], target[1] = math.nan, 0.0
    found = over(turned, target, metrics="angular_error", missing="mask")["angular_error"]
    assert found == pytest.approx(float((4 * angle[0] + 5 * angle[2] + 5 * angle[3]) / 14), rel=1e-6)
    loss = over(turned, target, loss="cosine", missing="mask")["loss"]
    expected = float((4 * (1 - angle[0].cos()) + 5 * (1 - angle[2].cos()) + 5 * (1 - angle[3].cos())) / 14)
    assert loss == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ShapeError, match="second axis"):
        over(drawn((4,)), drawn((4,)), loss="cosine")


@pytest.mark.parametrize("shape", [(), (SIDE, SIDE)])
def test_losses_of_classes_by_their_formulas(shape):
    output, target = drawn((N, CLASSES, *shape)), classes((N, *shape))
    p = output.softmax(1).movedim(1, -1).reshape(-1, CLASSES).numpy()
    t = np.eye(CLASSES)[target.reshape(-1).numpy()]
    right = (p * t).sum(axis=1)
    expected = {
        "focal": np.mean(-((1 - right) ** 2) * np.log(right)),
        "dice": 1 - np.mean(2 * (p * t).sum(axis=0) / (p.sum(axis=0) + t.sum(axis=0))),
    }
    for name, value in expected.items():
        assert over(output, target, loss=name, batch=N)["loss"] == pytest.approx(value, rel=1e-6)
        # what is not known counts for nothing
        more, unknown = torch.cat([output, 5 * output]), torch.cat([target, target * 0 + IGNORE])
        masked = over(more, unknown, loss=name, batch=2 * N, missing="mask")["loss"]
        assert masked == pytest.approx(value, rel=1e-6)
        with pytest.raises(ArgumentError, match="class numbers"):
            resolve_loss(name, "numeric")


def test_dice_and_iou_learn_and_count_few_pixels():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(8, 1, 16, 16, generator=generator)
    y = (x[:, 0] > 1.6).long()  # one pixel in twenty
    net = torch.nn.Conv2d(1, 2, 1)
    result = training.fit(net, x, y, loss="dice", metrics=["iou", "dice"], epochs=40, learn_rate=0.1, seed=0)
    assert result.history[0]["dice"] < 0.7 < 0.95 < result.history[-1]["dice"]
    last = result.history[-1]
    assert last["iou"] < last["dice"]


def test_classes_that_do_not_occur_count_for_nothing():
    target = classes((40,)) % 2
    output = drawn((40, CLASSES))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = over(output, target, metrics=["auroc", "f1", "recall"])
    probability = output.softmax(1)
    areas = [sklearn.roc_auc_score(target == k, probability[:, k]) for k in (0, 1)]
    assert found["auroc"] == pytest.approx(np.mean(areas), rel=1e-5)
    assert found["f1"] == pytest.approx(SKLEARN["f1"](output, target), rel=1e-5)
    assert math.isnan(over(output, target * 0, metrics="auroc")["auroc"])


def test_what_was_never_seen_is_not_a_number():
    kinds = {"class": classes((3,)) * 0 + IGNORE, "numeric": torch.full((3,), math.nan)}
    outputs = {"class": drawn((3, CLASSES)), "numeric": drawn((3,))}
    for kind, names in (("class", CLASS), ("numeric", NUMERIC)):
        found = over(outputs[kind], kinds[kind], metrics=[*names, Seen()], missing="mask")
        assert all(math.isnan(value) for value in found.values()), found
    assert math.isnan(over(drawn((1,)), drawn((1,)), metrics="r2")["r2"])


def model():
    torch.manual_seed(0)
    return torch.nn.Linear(3, 1)


def test_a_loss_of_ones_own_trains_as_the_named_one():
    x = drawn((64, 3)).float()
    y = x[:, 0] - x[:, 1]
    runs = [
        training.fit(model(), x, y, loss=loss, epochs=20, learn_rate=0.1, seed=0, validation=0.25, metrics=own_mse)
        for loss in ("mse", own_mse)
    ]
    for a, b in zip(runs[0].history, runs[1].history):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-5)
        assert a["own_mse"] == pytest.approx(a["loss"], rel=1e-5)
    assert runs[1].history[-1]["loss"] < 0.1


def test_no_missing_target_reaches_a_function():
    x = drawn((64, 3)).float()
    seen = []

    def own(output, target):
        seen.append(bool(torch.isnan(target).any()))
        return own_mse(output, target)

    y = holes(x[:, 0])
    named = training.fit(model(), x, y, na="mask", epochs=2, seed=0, metrics="mse")
    result = training.fit(model(), x, y, na="mask", epochs=2, seed=0, loss=own, metrics=own)
    assert seen
    assert not any(seen)
    assert result.history[-1]["loss"] == pytest.approx(named.history[-1]["loss"], rel=1e-5)
    assert result.history[-1]["own"] == pytest.approx(named.history[-1]["mse"], rel=1e-5)
    scores = training.evaluate(result.module, x, y, na="mask", loss=own, metrics=own)
    assert scores["loss"] == pytest.approx(scores["own"], rel=1e-6)


@pytest.mark.parametrize(
    ("output", "target"),
    [
        (drawn((5,)), holes(drawn((5,)))),
        (drawn((5, 1)), holes(drawn((5,)))),
        (drawn((5, CLASSES)), holes(classes((5,)))),
        (drawn((5, CLASSES)), classes((5,)) + 1),
        (drawn((5, CLASSES)), classes((5,)) - 1),
    ],
)
def test_targets_that_cannot_be_reach_no_function(output, target):
    kind = "numeric" if target.is_floating_point() else "class"
    seen = Seen()
    for loss, metrics in ((seen, []), (None, [seen])):
        with pytest.raises(ArgumentError, match=r"missing|class number"):
            Measures(resolve_loss(loss, kind), resolve_metrics(metrics, kind)).step(output, target)
    assert not seen.pairs


def test_what_an_augmentation_loses_is_no_target():
    def lose(x, y, generator):
        return x, torch.full_like(y, math.nan)

    x = drawn((8, 3)).float()
    with pytest.raises(ArgumentError, match="missing"):
        training.fit(model(), x, x[:, 0], epochs=1, augment=lose)
    masked = training.fit(model(), x, x[:, 0], epochs=1, augment=lose, na="mask").module
    assert torch.equal(masked.weight, model().weight)


@pytest.mark.parametrize(
    ("loss", "error", "words"),
    [
        (lambda output, target: (output - target).square().mean().item(), ArgumentTypeError, "left torch"),
        (lambda output, target: (output - target).detach().square().mean(), ArgumentTypeError, "without a gradient"),
        (lambda output, target: (output - target).square(), ShapeError, "take the mean"),
    ],
)
def test_a_loss_that_nothing_can_be_learned_from_is_refused_before_the_first_batch(loss, error, words):
    x = drawn((8, 3)).float()
    with pytest.raises(error, match=f"(?i){words}"):
        training.fit(model(), x, x[:, 0], loss=loss, epochs=1, on_batch=lambda event: pytest.fail("a batch was seen"))


def test_metrics_in_every_way():
    output, target = drawn((20, CLASSES)), classes((20,))
    f1 = torchmetrics.classification.MulticlassF1Score(CLASSES)
    collection = torchmetrics.MetricCollection({"a": f1, "b": torchmetrics.classification.MulticlassRecall(CLASSES)})

    def names(metrics):
        return list(over(output, target, metrics=metrics))[1:]

    assert names("f1") == ["f1"]
    assert names(own_accuracy) == ["own_accuracy"]
    assert names(lambda output, target: 0) == ["metric_1"]
    assert names(["f1", own_accuracy, lambda output, target: 0]) == ["f1", "own_accuracy", "metric_3"]
    assert names({"top": "accuracy", "mine": own_accuracy}) == ["top", "mine"]
    assert names(["f1", {"mine": own_accuracy}, f1]) == ["f1", "mine", "multiclass_f1_score"]
    assert names(collection) == ["a", "b"]
    assert names([]) == []
    values = over(output, target, metrics=["f1", {"library": f1}])
    assert values["f1"] == pytest.approx(values["library"])
    # the object that was given is a pattern, and stays as it is
    assert not f1.update_called


@pytest.mark.parametrize(
    ("metrics", "error", "words"),
    [
        ("magic", ArgumentError, "balanced_accuracy"),
        ("rmse", ArgumentError, "does not fit"),
        (["f1", "f1"], ArgumentError, "two metrics"),
        ({"loss": "f1"}, ArgumentError, "such a column"),
        ({"f": 3}, ArgumentTypeError, "function"),
        (torchmetrics.classification.MulticlassF1Score, ArgumentTypeError, "made with its settings"),
        (torchmetrics.classification.MulticlassF1Score(CLASSES + 1), ShapeError, "num_classes"),
        (torchmetrics.classification.BinaryF1Score(), ShapeError, "multiclass"),
        (lambda output, target: [1, 2], ArgumentTypeError, "number"),
        (lambda output, target: torch.zeros(2), ShapeError, "average"),
        (lambda output, target: np.zeros(2), ShapeError, "average"),
        (torchmetrics.classification.MulticlassF1Score(CLASSES, average=None), ShapeError, "average"),
    ],
)
def test_metrics_that_cannot_be_are_refused(metrics, error, words):
    with pytest.raises(error, match=f"(?i){words}"):
        over(drawn((20, CLASSES)), classes((20,)), metrics=metrics)


def test_predictions_of_classes_need_a_choice():
    for kind in ("prob", "class"):
        with pytest.raises(ShapeError, match="no choice"):
            training.predict(model(), drawn((4, 3)).float(), type=kind)


def test_confusion_takes_pairs_as_well():
    module = torch.nn.Unflatten(1, (CLASSES, 1, 1))
    table = training.confusion(module, torch.eye(CLASSES), torch.tensor([0, 1, 1]))
    assert table.diag().tolist() == [1, 1, 0]
    with pytest.raises(IntertwineError, match="no choice"):
        training.confusion(model(), torch.zeros(2, 3), [0, 0])


def _in_one_process(fabric, folder):
    torch.set_num_threads(1)
    x = drawn((70, 3)).float()
    y = (x[:, 0] > 0).long() + (x[:, 1] > 1).long()
    y[::6] = IGNORE
    metrics = [*CLASS, weighted_f1, {"library": torchmetrics.classification.MulticlassF1Score(CLASSES)}]
    module = torch.nn.Linear(3, CLASSES)
    with torch.no_grad():
        module.weight.copy_(torch.eye(3))
    found = training.fit(
        module,
        x,
        y,
        epochs=1,
        batch_size=5,
        seed=0,
        na="mask",
        learn_rate=1e-12,
        metrics=metrics,
        fabric=fabric,
        validation=(x, y),
    ).history
    torch.save(found, folder / f"{fabric.global_rank}.pt")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_processes_share_what_they_saw(tmp_path):
    # each trains on half of the batches; what they report has to be that of all of them
    from lightning_fabric import Fabric

    Fabric(accelerator="cpu", devices=2, strategy="ddp_fork").launch(_in_one_process, tmp_path)
    a, b = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    for one, other in zip(a, b):
        for name in ("loss", *CLASS, "weighted_f1", "library"):
            assert one[name] == pytest.approx(other[name], rel=1e-6)
    train, validation = a
    for name in ("loss", *CLASS, "weighted_f1", "library"):
        assert train[name] == pytest.approx(validation[name], rel=1e-5), name


def test_torchmetrics_is_imported_when_a_metric_of_it_is_used():
    program = """
import sys
from intertwine.training.engine.fabric import fabric_class
fabric_class()
print("torchmetrics" in sys.modules)
import torchmetrics
from lightning_fabric.utilities.imports import _TORCHMETRICS_GREATER_EQUAL_1_0_0 as found
print(torchmetrics.MeanMetric.__name__, found)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "MeanMetric", "True"]
