"""Many small cases in one test, for pytest spends milliseconds on each test that it lists, starts and reports."""

from __future__ import annotations

import functools
import inspect
import traceback
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import pytest
import torch
from _pytest.mark.expression import Expression
from _pytest.outcomes import OutcomeException

SHOWN = 20
"""Of more failures the names alone are told."""


def share(name: str, cases: Sequence[Any], one_in: int) -> list[Any]:
    """One in so many cases of a test, at least one: other tests of the same list begin elsewhere in it.

    Args:
        name: of the test.
        cases: all of them.
        one_in: 1 for all.
    """
    start = zlib.crc32(name.encode()) % min(one_in, max(len(cases), 1))
    return list(cases[start::one_in])


class _Case(NamedTuple):
    value: Any
    make: Callable[[Any], Any] | None

    def made(self) -> Any:
        return self.make(self.value) if self.make else self.value


def over(
    names: str,
    values: Iterable[Any],
    ids: Callable[[Any], str] = str,
    make: Callable[[Any], Any] | None = None,
) -> Callable[..., Any]:
    """Like ``pytest.mark.parametrize``, but the cases are one test; two of them one upon the other make all pairs.

    All cases run, although some fail; then the test fails with the name and the traceback of each that failed. Before each the
    seed is 0. ``-k`` selects among the cases by their names, too. Fixtures are those of the test: cases share a ``tmp_path``.

    Args:
        names: of the arguments that the values are, with commas between.
        values: one for each case; tuples if there are several names.
        ids: the name of a value.
        make: what a test gets of a value, made when its turn comes.
    """
    arguments = [name.strip() for name in names.split(",")]
    values = list(values)
    told = [[ids(value)] if len(arguments) == 1 else [ids(one) for one in value] for value in values]
    given = [
        {name: _Case(one, make) for name, one in zip(arguments, [value] if len(arguments) == 1 else value, strict=True)}
        for value in values
    ]
    added = [("-".join(text), arguments_) for text, arguments_ in zip(told, given, strict=True)]

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        inner, cases = getattr(test, "over_cases", (test, [("", {})]))
        pairs = [("-".join(filter(None, (b, a))), {**y, **x}) for a, x in added for b, y in cases]

        @functools.wraps(inner)
        def run(request: pytest.FixtureRequest, **fixtures: Any) -> None:
            _run(inner, _selected(request, pairs), {name: value for name, value in fixtures.items() if name in wanted})

        taken = {name for _, case in pairs for name in case}
        wanted = [name for name in inspect.signature(inner).parameters if name not in taken]
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in dict.fromkeys(["request", *wanted])]
        )
        run.over_cases = (inner, pairs)  # type: ignore[attr-defined]
        # pytest matches -k with the names of the attributes of a function.
        run.__dict__.update({name: True for name, _ in pairs if name})
        return run

    return decorate


def _selected(request: pytest.FixtureRequest, cases: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The cases that the expression of ``-k`` is true of, or all if it is so of the test without them; of these the share."""
    one_in, name = request.config.getoption("one_in", 1), request.node.originalname
    keyword = request.config.getoption("keyword")
    if not keyword:
        return share(name, cases, one_in)
    expression = Expression.compile(keyword)
    around = [node.name.lower() for node in request.node.listchain()]

    def holds(case: str) -> bool:
        return expression.evaluate(lambda text, **_: any(text.lower() in name for name in [*around, case.lower()]))

    return share(name, [case for case in cases if holds(case[0])], one_in)


def _run(test: Callable[..., Any], cases: list[tuple[str, dict[str, _Case]]], fixtures: dict[str, Any]) -> None:
    failed: dict[str, str] = {}
    skipped: list[str] = []
    for name, arguments in cases:
        torch.default_generator.manual_seed(0)
        try:
            test(**fixtures, **{key: case.made() for key, case in arguments.items()})
        except pytest.skip.Exception as reason:
            skipped.append(str(reason))
        except (Exception, OutcomeException) as error:
            error.__traceback__ = error.__traceback__.tb_next if error.__traceback__ else None  # without this frame
            failed[name] = "".join(traceback.format_exception(error))
    if failed:
        texts = [f"---- {name}\n{text}" for name, text in list(failed.items())[:SHOWN]]
        summary = f"{len(failed)} of {len(cases)} cases failed: {'; '.join(failed)}"
        pytest.fail("\n".join([summary, *texts, summary]), pytrace=False)
    if cases and len(skipped) == len(cases):
        pytest.skip("; ".join(dict.fromkeys(skipped)))
