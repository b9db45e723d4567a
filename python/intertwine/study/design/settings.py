"""The settings of a study, as arguments or as a TOML file."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from intertwine.checks import choice, number, whole_at_least
from intertwine.errors import ArgumentError, FileError, MissingDependencyError
from intertwine.suggestions import unknown_argument

BUDGETS = ("parameters", "operations", "width")
RIVALS = ("plain", "augmented")
RECIPE = (
    "optimizer", "weight_decay", "schedule", "class_weights", "n_classes", "labels", "na", "target_type", "device",
    "precision", "patience", "min_delta", "clip_norm", "workers",
)  # fmt: skip
"""The arguments of `intertwine.training.fit` that a study hands on."""

FREE = ("max_seeds", "time_limit", "parallel")
"""What may differ when a study is resumed: no run depends on it."""

PLACES = ("data", "target", "group", "test", "size", "channels")
"""What a TOML file says about the data."""


@dataclass(frozen=True)
class Settings:
    """What a study does, beside its data.

    Args:
        spaces: the largest groups, by name, such as ``("D4", "C8")``; those that make sense for the dimension if left out.
        schedules: the group of each block, such as ``"D4 | D4 | C1"`` or ``("D4", "D4", "C1")``; one name is kept in all
            blocks. If left out, they are proposed from the subgroups of `spaces`.
        most_schedules: how many schedules are proposed at most.
        backbone: ``"cnn"``, ``"resnet"`` or ``"unet"`` (an answer for each pixel); or a function of a schedule (``None`` for
            the plain network) and a width that gives a module; in TOML ``"file.py:name"``.
        backbone_options: further arguments of the backbone, such as ``{"kernel_size": 7}``.
        dimension: of space: that of the grid if left out; 2 or 3 for clouds of points [n, points, coordinates], with a
            backbone of your own.
        depth: how many blocks a network has.
        proportions: the widths of the blocks beside each other; doubled from block to block if left out.
        budget: what all candidates have in common: ``{"parameters": 20000}``, ``{"operations": 1e6}`` or ``{"width": 8}``.
        rivals: ``"plain"``, a network without symmetry; ``"augmented"``, the same that learns from moved images.
        learn_rates: those that each candidate is tuned over.
        train_sizes: numbers of training samples for a learning curve.
        size_seeds: trainings for each of these.
        transforms: how test samples are moved: ``"as_is"``, ``"rotations"``, ``"quarter_turns"``, ``"mirrors"``, and angles
            in degrees; or a mapping from names to functions of x and a torch generator.
        judge: the transform that decides.
        margin: the difference in score that matters.
        metric: ``"accuracy"``, ``"loss"``, ``"mse"`` or ``"mae"``, or a function of output and target that gives a score for
            each sample, the higher the better; accuracy for classes and mse for measurements if left out.
        first_seeds: trainings of each candidate before any is dropped.
        max_seeds: trainings of each candidate at most.
        alpha: the share of studies that may make a false claim.
        epochs: passes over the training data.
        batch_size: samples in a batch.
        loss: as in `intertwine.training.fit`.
        test_share: share of the samples that are tested on, where no test samples are given.
        validation_share: share of the others that candidates are chosen by.
        time_limit: in seconds.
        parallel: how many trainings run at once, each in a process of its own.
        devices: how many devices share each training: a process for each, with its part of every batch. It needs
            ``recipe={"device": "cuda"}`` for GPUs.
        seed: of everything random.
        recipe: further arguments of `intertwine.training.fit`.
    """

    spaces: tuple[str, ...] = ()
    schedules: tuple[Any, ...] = ()
    most_schedules: int = 9
    backbone: str | Callable[..., Any] = "cnn"
    backbone_options: Mapping[str, Any] = field(default_factory=dict)
    dimension: int | None = None
    depth: int = 3
    proportions: tuple[float, ...] = ()
    budget: Mapping[str, float] = field(default_factory=lambda: {"parameters": 20000})
    rivals: tuple[str, ...] = RIVALS
    learn_rates: tuple[float, ...] = (0.01, 0.03)
    train_sizes: tuple[int, ...] = ()
    size_seeds: int = 3
    transforms: tuple[Any, ...] | Mapping[str, Any] = ("as_is", "rotations")
    judge: str = "as_is"
    margin: float = 0.01
    metric: str | Callable[..., Any] | None = None
    first_seeds: int = 3
    max_seeds: int = 20
    alpha: float = 0.05
    epochs: int = 10
    batch_size: int = 64
    loss: Any = None
    test_share: float = 0.25
    validation_share: float = 0.2
    time_limit: float | None = None
    parallel: int = 1
    devices: int = 1
    seed: int = 0
    recipe: Mapping[str, Any] = field(default_factory=lambda: {"schedule": "onecycle"})

    def __post_init__(self) -> None:
        for name in ("spaces", "rivals", "schedules"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value or ()))
        for name in ("learn_rates", "train_sizes", "proportions"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, (int, float)) else tuple(value or ()))
        if isinstance(self.transforms, (str, int, float)):
            object.__setattr__(self, "transforms", (self.transforms,))
        elif not isinstance(self.transforms, Mapping):
            object.__setattr__(self, "transforms", tuple(self.transforms))
        for name in (
            "most_schedules",
            "depth",
            "size_seeds",
            "max_seeds",
            "epochs",
            "batch_size",
            "parallel",
            "devices",
        ):
            whole_at_least(getattr(self, name), name)
        whole_at_least(self.first_seeds, "first_seeds", 2)
        whole_at_least(self.seed, "seed", 0)
        if self.max_seeds < self.first_seeds:
            raise ArgumentError(
                f"`max_seeds` is {self.max_seeds}, but the first {self.first_seeds} seeds are for all candidates"
            )
        if self.batch_size % self.devices:
            raise ArgumentError(
                f"`batch_size` is {self.batch_size}, which {self.devices} devices cannot share",
                hint="give a multiple of `devices`",
            )
        for size in self.train_sizes:
            whole_at_least(size, "train_sizes")
        for name in ("test_share", "validation_share", "alpha"):
            if not 0 < number(getattr(self, name), name) < 1:
                raise ArgumentError(f"`{name}` must be a share between 0 and 1, not {getattr(self, name)!r}")
        number(self.margin, "margin", 0.0)
        if self.time_limit is not None and not number(self.time_limit, "time_limit") > 0:
            raise ArgumentError(f"`time_limit` must be a number of seconds above 0, not {self.time_limit!r}")
        if not self.learn_rates or any(not number(rate, "learn_rates") > 0 for rate in self.learn_rates):
            raise ArgumentError("`learn_rates` must hold numbers above 0", hint="give learn_rates=(0.01, 0.03)")
        for rival in self.rivals:
            choice(rival, RIVALS, "a study", "rival")
        for name in self.recipe:
            if name not in RECIPE:
                raise unknown_argument("the recipe of a study", name, RECIPE)
        for name in self.budget:
            choice(name, BUDGETS, "a study", "budget of")
        if len(self.budget) != 1:
            raise ArgumentError(
                f"one budget is needed, but {len(self.budget)} were given", hint=f"give one of {BUDGETS}"
            )

    def plain(self) -> dict[str, Any]:
        """All settings as plain values; functions by their names."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}

    def with_changes(self, changes: Mapping[str, Any]) -> Settings:
        """The same with other values.

        Args:
            changes: by the names of settings.

        Raises:
            UnknownArgumentError: for a name that there is not, with the nearest ones.
        """
        return replace(self, **_known(changes, NAMES, "a study"))


NAMES = tuple(each.name for each in fields(Settings))


def read_settings(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings in a TOML file, and what it says about the data.

    Args:
        path: the file. File names in it are relative to its folder.

    Raises:
        FileError: if there is no such file, or it is no TOML.
        UnknownArgumentError: for a name that there is not, with the nearest ones.
    """
    path = Path(path)
    try:
        found = _toml().loads(path.read_text("utf-8"))
    except OSError as error:
        raise FileError(f"the settings {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FileError(f"the settings {path.name} are no TOML: {error}") from error
    given = _known(found, (*NAMES, *PLACES), f"the file {path.name}")
    for name in ("backbone", "loss", "metric"):
        if isinstance(given.get(name), str) and ".py:" in given[name]:
            given[name] = _function(path.parent, given[name])
    data = {name: given.pop(name) for name in PLACES if name in given}
    for name in ("data", "target", "test"):
        if isinstance(data.get(name), str) and data[name] != "digits" and (path.parent / data[name]).exists():
            data[name] = str(path.parent / data[name])
    return given, data


def write_toml(values: Mapping[str, Any]) -> str:
    """Settings as TOML: what is ``None`` is left out, tables come last.

    Args:
        values: texts, numbers, flags, lists of these, and mappings.

    Example:
        >>> print(write_toml({"depth": 3, "budget": {"parameters": 20000}, "judge": None}))
        depth = 3
        <BLANKLINE>
        [budget]
        parameters = 20000
        <BLANKLINE>
    """
    here = {name: value for name, value in values.items() if value is not None and not isinstance(value, Mapping)}
    tables = {name: value for name, value in values.items() if isinstance(value, Mapping) and value}
    lines = [f"{name} = {_text(value)}" for name, value in here.items()]
    for name, table in tables.items():
        lines += [
            "",
            f"[{name}]",
            *(f"{_key(key)} = {_text(value)}" for key, value in table.items() if value is not None),
        ]
    return "\n".join([*lines, ""])


def _key(name: Any) -> str:
    return str(name) if str(name).replace("_", "").isalnum() else json.dumps(str(name))


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_text(each)}" for key, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (str, bool)) else repr(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return getattr(value, "__qualname__", None) or str(value)


def _known(given: Mapping[str, Any], names: Sequence[str], what: str) -> dict[str, Any]:
    for name in given:
        if name not in names:
            raise unknown_argument(what, name, names)
    return dict(given)


def _function(folder: Path, text: str) -> Callable[..., Any]:
    """A function of a Python file, from ``"file.py:name"``.

    The module is not registered, so that the function travels to other processes by its code.
    """
    file, _, name = text.partition(":")
    spec = importlib.util.spec_from_file_location(Path(file).stem, folder / file)
    if spec is None or spec.loader is None or not (folder / file).is_file():
        raise FileError(f"there is no file {folder / file}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not callable(found):
        raise ArgumentError(f"{file} has no function {name!r}")
    return found


def _toml() -> Any:
    if sys.version_info >= (3, 11):
        import tomllib

        return tomllib
    try:  # by name, for checks of types on newer versions of Python do not know it
        return importlib.import_module("tomli")
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "reading TOML on Python 3.10 needs tomli, which is not installed", hint="install it with: pip install tomli"
        ) from error
