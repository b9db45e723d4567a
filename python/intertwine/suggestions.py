"""Names that do not exist, and the ones that were probably meant."""

from __future__ import annotations

import difflib
import functools
import inspect
import warnings
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

from intertwine.errors import MissingNameError, UnknownArgumentError

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def nearest(name: str, names: Iterable[str], count: int = 3) -> list[str]:
    """The names that one was probably meant to be, the likeliest first.

    Args:
        name: what was written.
        names: what there is.
        count: how many at most.

    Example:
        >>> nearest("rot2donR2", ["flip2dOnR2", "rot2dOnR2", "trivialOnR1"], 1)
        ['rot2dOnR2']
        >>> nearest("kernel", ["in_type", "out_type", "kernel_size"])
        ['kernel_size']
    """
    plain = {known: known.lower().replace("_", "") for known in names}
    wanted = name.lower().replace("_", "")

    def likeness(known: str) -> float:
        text = plain[known]
        ratio = difflib.SequenceMatcher(None, wanted, text).ratio()
        # The beginning of a name, or one of its words, stands for it.
        begun = len(wanted) > 2 and (text.startswith(wanted) or wanted in known.lower().split("_"))
        return max(ratio, 0.9) if begun else ratio

    ranked = sorted(((likeness(known), known) for known in plain), key=lambda pair: (-pair[0], pair[1]))
    best = ranked[0][0] if ranked else 0.0
    # What is much less like it than the best one was not meant, nor is anything else where only case or underscores differ.
    least = 1.0 if best == 1.0 else max(0.65, best - 0.1)
    return [known for value, known in ranked[:count] if value >= least]


def did_you_mean(name: str, names: Iterable[str]) -> str | None:
    """The hint of an error about a name that does not exist, if one that exists is like it.

    Args:
        name: what was written.
        names: what there is.

    Example:
        >>> did_you_mean("padding_size", ["kernel_size", "padding"])
        "did you mean 'padding'?"
    """
    found = [repr(known) for known in nearest(name, names)]
    if not found:
        return None
    listed = found[0] if len(found) == 1 else f"{', '.join(found[:-1])} or {found[-1]}"
    return f"did you mean {listed}?"


def missing_name(module: str, name: str, names: Iterable[str]) -> AttributeError:
    """What a module's ``__getattr__`` raises.

    Args:
        module: the name of the module.
        name: what is not there.
        names: what there is.
    """
    if name.startswith("__"):
        # Python and its tools ask for these all the time.
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    hint = did_you_mean(name, names) or f"list what there is with dir({module})"
    return MissingNameError(f"the module {module} has no {name!r}", hint=hint)


def unknown_argument(what: str, name: str, names: Iterable[str]) -> UnknownArgumentError:
    """The error for an argument that a function or a class does not take.

    Args:
        what: the name of the function or class.
        name: the argument.
        names: those that it takes.
    """
    known = list(names)
    takes = f"it takes {', '.join(known)}" if known else "it takes no named arguments"
    return UnknownArgumentError(f"{what} has no argument {name!r}", hint=did_you_mean(name, known) or takes)


@functools.lru_cache(maxsize=1024)
def named_arguments(cls: type) -> tuple[tuple[str, ...], bool]:
    """The names by which the constructor of a class takes arguments, and whether it takes any others.

    Args:
        cls: the class.
    """
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name[0] != "_"]
    return tuple(names), any(p.kind is p.VAR_KEYWORD for p in parameters)


def refuse_unknown(cls: type, given: Iterable[str]) -> None:
    """Raises if an argument is none of the constructor of a class.

    A few layers accept unknown arguments and ignore them, as in escnn. For these, an argument whose name resembles a known one
    raises, and any other one warns that it is ignored.

    Args:
        cls: the class.
        given: the names of the arguments.

    Raises:
        UnknownArgumentError: naming the nearest ones.
    """
    names, more = named_arguments(cls)
    if more and (getattr(cls, "takes_more", False) or not cls.__module__.startswith("intertwine.")):
        return
    for name in given:
        if name in names or name[0] == "_":
            continue
        if not more or nearest(name, names):
            raise unknown_argument(cls.__name__, name, names)
        warnings.warn(f"{cls.__name__} ignores the argument {name!r}", stacklevel=3)


def suggests(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """A function that says which of its arguments was probably meant by one that it has not.

    Args:
        function: the function.

    Example:
        >>> from intertwine.group import cyclic_group
        >>> cyclic_group(n=4)
        Traceback (most recent call last):
        ...
        intertwine.errors.UnknownArgumentError: The function cyclic_group has no argument 'n'. Did you mean 'N'?
    """
    code = inspect.unwrap(function).__code__  # pyright: ignore[reportFunctionMemberAccess]
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    known = frozenset(names)

    @functools.wraps(function)
    def checked(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        for name in kwargs:
            if name not in known:
                raise unknown_argument(f"the function {function.__name__}", name, names)
        return function(*args, **kwargs)

    return checked


class Suggesting:
    """A class whose constructor says which of its arguments was probably meant by one that it has not."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: D102
        if kwargs:
            refuse_unknown(cls, kwargs)
        return super().__new__(cls)
