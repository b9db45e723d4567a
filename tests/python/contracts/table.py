"""The table of layers and properties, ``docs/layers.md``, from what the tests check.

Write it anew with ``PYTHONPATH=python:tests/python python -m contracts.table`` from the root.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from intertwine import nn

from .layers import LAYERS, specimen
from .properties import PROPERTIES, Exception_, Property

FILE = Path(__file__).parents[3] / "docs" / "layers.md"

_HEAD = """\
# Layers and what PyTorch does with them

Every layer of `intertwine.nn`, in both languages, and whether it has what users of PyTorch expect of a module. Each cell is a
test: the layer in {count} settings (groups, kinds of fields, dimensions), untrained and after training, in training and in
evaluation mode. *yes* means that all of them pass. *takes* says what the fields of the input must be. A layer computes this from
the matrices of their representations, and refuses other fields when it is built. The tests
(`tests/python/contracts/properties.py`) write this page, and one of them fails if the page says anything else.

"""


@lru_cache(maxsize=1)
def entries_of_classes() -> dict[str, list[str]]:
    """For each public layer the entries of ``LAYERS`` that are one, or, if there are none, that hold one."""
    public = {
        name: found
        for name in nn.__all__
        if isinstance(found := getattr(nn, name), type)
        and issubclass(found, nn.EquivariantModule)
        and found is not nn.EquivariantModule
    }
    modules = {name: specimen(name) for name in LAYERS}
    found: dict[str, list[str]] = {}
    for label, cls in sorted(public.items(), key=lambda item: item[0].lower()):
        own = [name for name, module in modules.items() if type(module) is cls]
        held = [name for name, module in modules.items() if any(type(part) is cls for part in module.modules())]
        found[label] = own or held
    return found


def cell(found: Property, entries: list[str]) -> tuple[str, list[Exception_]]:
    """What stands in a cell, and the exceptions that it is about."""
    exceptions: list[Exception_] = []
    for name in entries:
        exception = found.exception(name)
        if exception is not None and exception not in exceptions:
            exceptions.append(exception)
    if not exceptions:
        return "yes", []
    ordinary = any(found.exception(name) is None for name in entries)
    words = (["yes"] if ordinary else []) + [exception.word for exception in exceptions]
    return " or ".join(words), exceptions


def render() -> str:
    """The page."""
    reasons: list[str] = []
    rows = []
    for label, entries in entries_of_classes().items():
        cells = [f"`{label}`", getattr(nn, label).needs]
        for found in PROPERTIES.values():
            text, exceptions = cell(found, entries)
            for exception in exceptions:
                if exception.reason not in reasons:
                    reasons.append(exception.reason)
                text += f" [{reasons.index(exception.reason) + 1}]"
            cells.append(text)
        rows.append("| " + " | ".join(cells) + " |")
    lines = [_HEAD.format(count=len(LAYERS)).rstrip(), ""]
    lines.append("| layer | takes | " + " | ".join(PROPERTIES) + " |")
    lines.append("|" + (2 + len(PROPERTIES)) * " --- |")
    lines += rows
    lines += ["", "What the columns mean:", ""]
    lines += [f"- **{title}**: {found.meaning}." for title, found in PROPERTIES.items()]
    lines += ["", "Where a cell says more than *yes*:", ""]
    lines += [f"{number}. {reason}" for number, reason in enumerate(reasons, start=1)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(render())
