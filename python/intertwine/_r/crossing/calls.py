"""The one function that R calls Python through.

Exceptions must not travel through reticulate: what arrives in R differs by version, and their fields are lost. They
come back as data instead, and R raises its own classed conditions from them.
"""

from __future__ import annotations

import functools
import importlib
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from intertwine._r.crossing.message_parts import in_r
from intertwine._r.crossing.polling import Interrupted
from intertwine._r.crossing.values import from_disk, plain, snake
from intertwine.errors import IntertwineError, IntertwineWarning, MissingDependencyError, position_text

Reply = tuple[Any, ...]

#: Where code lives that no user wrote. An embedded interpreter may name another standard library than the one it runs.
_LIBRARIES = (str(Path(__file__).parents[1]), str(Path(traceback.format_exc.__code__.co_filename).parent), sys.prefix)


def call(target: Callable[..., Any] | str, args: Any = None, kwargs: Any = None) -> Reply:
    """Call `target` and say how it went.

    Args:
        target: what to call, or its dotted name inside `intertwine`, such as ``"group.cyclic_group"``.
        args: positional arguments; R sends an empty list as `None`.
        kwargs: named arguments; likewise.

    Returns:
        ``("ok", value, warnings)``, ``("error", description)``, or ``("interrupt",)`` if a polled call was stopped.
    """
    with warnings.catch_warnings(record=True) as caught:
        try:
            function = resolve(target) if isinstance(target, str) else target
            value = plain(function(*_positional(args), **_named(kwargs)))
        except Interrupted:
            return ("interrupt",)
        except ModuleNotFoundError as error:
            return ("error", describe(_not_installed(error)))
        except (Exception, KeyboardInterrupt) as error:
            return ("error", describe(error))
    if not caught:
        return ("ok", value)
    return ("ok", value, [{"class": snake(w.category.__name__), "message": _text(w.message)} for w in caught])


def _text(warning: Warning | str) -> str:
    return from_disk(warning.text_for(first=1, text=in_r) if isinstance(warning, IntertwineWarning) else str(warning))


def _not_installed(error: ModuleNotFoundError) -> ModuleNotFoundError | MissingDependencyError:
    """What a user can do about a package that is not there; groups and spaces need no torch, so it may be missing so far."""
    missing = (error.name or "").split(".")[0]
    if missing in ("", "intertwine"):
        return error
    return MissingDependencyError(
        f"this needs the Python package {missing}, which {sys.executable or 'this Python'} does not have",
        hint="Run install_intertwine(), or set INTERTWINE_PYTHON to a Python that has it, and restart R",
    )


def attribute(owner: Any, name: str) -> Reply:
    """The attribute of this name, as `call` returns a value."""
    return call(getattr, [owner, name])


@functools.cache
def resolve(name: str) -> Callable[..., Any]:
    """The object of this dotted name inside `intertwine`: ``"nn.R2Conv"``, ``"_r.representations.irrep"``.

    Modules are imported as they are needed, so that what R does not use costs nothing.
    """
    parts = name.split(".")
    found: Any = importlib.import_module("intertwine")
    path = "intertwine"
    for part in parts:
        path = f"{path}.{part}"
        if not hasattr(found, part):
            importlib.import_module(path)
        found = getattr(found, part)
    return found


def describe(error: BaseException) -> dict[str, Any]:
    """What R needs to raise a condition: classes from special to general, message, hint and traceback.

    An error may have a `reply`, which is what the call has come to until then.
    """
    hint = getattr(error, "hint", None)
    cause, subject, message = _cause(error)
    positions: dict[str, str] = {}
    if isinstance(error, IntertwineError):
        # positions count from one in R
        message, hint = error.text_for(first=1, text=in_r)
        positions = {name: position_text(position, first=1) for name, position in error.positions.items()}
    if hint and message.endswith(hint):
        message = message[: -len(hint)].rstrip()
    return {
        "class": list(_condition_names(error)),
        "message": from_disk(message) or type(error).__name__,
        "cause": cause,
        "subject": subject,
        "hint": hint and from_disk(hint),
        "positions": positions,
        "traceback": from_disk("".join(traceback.format_exception(error))),
        "python": type(error).__name__,
        "reply": plain(getattr(error, "reply", None)),
    }


def _cause(error: BaseException) -> tuple[str, str | None, str]:
    """Why a call failed, in what, and what to say of it.

    Known are the errors that intertwine raises on purpose. Others are the user's to understand if memory or files are at
    fault, or code that the user brought; what is left is "internal", a fault of intertwine.
    """
    text = str(error)
    if isinstance(error, IntertwineError):
        return "known", None, text
    if isinstance(error, KeyboardInterrupt):
        return "interrupt", None, text
    if isinstance(error, MemoryError) or re.search("not enough memory|out of memory", text, re.IGNORECASE):
        return "memory", None, text
    if isinstance(error, OSError) and error.strerror:
        return "file", None, f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    brought = _code_brought(error)
    if brought is None:
        return "internal", None, text
    return ("module", brought, text) if brought else ("code", None, text)


def _code_brought(error: BaseException) -> str | None:
    """The class of the torch module, not of intertwine, in which an error arose; "" in other code of the user's; else `None`."""
    module = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if not file.startswith(_LIBRARIES) and "site-packages" not in file and not file.startswith("<frozen"):
            return ""
        owner = frame.f_locals.get("self") if frame.f_code.co_name == "forward" else None
        if owner is None:
            continue
        home = type(owner).__module__
        if home.startswith("intertwine.") and not home.startswith("intertwine.training"):
            return module
        if not home.startswith("intertwine."):
            module = type(owner).__name__
    return module


def _condition_names(error: BaseException) -> Sequence[str]:
    # that some errors are AssertionErrors, too, is for programs in Python
    general = (Exception, IntertwineError, AssertionError) if isinstance(error, IntertwineError) else (Exception,)
    kinds = [k for k in type(error).__mro__ if issubclass(k, Exception) and k not in general]
    return [snake(k.__name__.removesuffix("Error") or k.__name__) for k in kinds] or [snake(type(error).__name__)]


def _positional(args: Any) -> Sequence[Any]:
    if args is None:
        return ()
    if isinstance(args, Mapping):
        # An empty named list.
        return tuple(args.values())
    return args if isinstance(args, (list, tuple)) else (args,)


def _named(kwargs: Any) -> Mapping[str, Any]:
    return kwargs if isinstance(kwargs, Mapping) else {}
