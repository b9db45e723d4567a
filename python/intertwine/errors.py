"""The exceptions of intertwine: one tree, each branch also a built-in error.

Every message says what was given, what was expected, and (as ``hint``) what to do.

Example:
    >>> try:
    ...     raise GroupError("C8 has no element 9", hint="use 0 to 7")
    ... except ValueError as error:
    ...     str(error)
    'C8 has no element 9. Use 0 to 7.'
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

Position = int | str | Sequence[int]
"""A number that counts from 0, several of them, or the path of a part of a module."""


class Words(NamedTuple):
    """The same words for the users of each language; as text they are those of Python.

    Args:
        python: what Python users read.
        r: what R users read.

    Example:
        >>> error = ArgumentError("no element 9", hint=Words("see group.elements", r="see group_elements(G)"))
        >>> str(error), error.text_for(first=1, text=lambda words: getattr(words, "r", words))
        ('No element 9. See group.elements.', ('No element 9.', 'See group_elements(G).'))
    """

    python: str
    r: str

    def __str__(self) -> str:
        return self.python


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return text
    # the name of an argument or a function stays as it is written in code
    start = text[0] if re.match(r"[a-z]\w*(_|\()", text) else text[0].upper()
    return start + text[1:] + ("" if text[-1] in ".!?" else ".")


def position_text(position: Position, first: int) -> str:
    """A position as text, counted from ``first``: ``first=0`` in Python's messages, ``first=1`` in R's.

    Args:
        position: a number that counts from 0, several of them, or the path of a part of a module, whose numbers do.
        first: the number of the first position.

    Example:
        >>> position_text(2, first=1), position_text([0, 1], first=1), position_text("1.blocks.0.conv", first=1)
        ('3', '[1, 2]', '2.blocks.1.conv')
    """
    if isinstance(position, str):
        return ".".join(str(int(name) + first) if name.isdigit() else name for name in position.split("."))
    if isinstance(position, Sequence):
        return f"[{', '.join(position_text(each, first) for each in position)}]"
    return str(position + first)


def shift_positions(text: str, first: int) -> str:
    """A text in which the paths of parts, in parentheses behind their kind, count from the first one.

    Args:
        text: such as the reasons of plans.
        first: the number of the first part.

    Example:
        >>> shift_positions("through Conv2d (1.plain): error 0.3", first=1)
        'through Conv2d (2.plain): error 0.3'
    """
    return re.sub(r"(?<=\w \()[\w.]+(?=\))", lambda found: position_text(found[0], first), text)


def _filled(
    template: str | Words,
    positions: Mapping[str, Position],
    parts: Mapping[str, object],
    first: int = 0,
    text: Callable[[object], str] = str,
) -> str:
    said = {name: text(part) for name, part in parts.items()}
    said |= {name: position_text(position, first) for name, position in positions.items()}
    return _sentence(re.sub(r"\{(\w+)\}", lambda found: said.get(found[1], found[0]), text(template)))


class IntertwineError(Exception):
    """Base of all errors that intertwine raises on purpose.

    Args:
        message: what was given and what was expected; `Words` if the languages differ in more than the parts.
        hint: what the user can do about it; likewise.
        positions: positions that message and hint name in braces, counted from 0, such as ``{"row": 4}`` for ``"row {row}"``.
            The text shows 4 in Python and 5 in R.
        parts: other values that they name in braces, such as field types: each language prints them in its own way.

    Example:
        >>> error = ShapeError("row {row} has 2 columns", positions={"row": 4})
        >>> str(error), error.positions, error.text_for(first=1)
        ('Row 4 has 2 columns.', {'row': 4}, ('Row 5 has 2 columns.', None))
    """

    def __init__(
        self,
        message: str | Words,
        hint: str | Words | None = None,
        positions: Mapping[str, Position] | None = None,
        parts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.positions, self.parts = dict(positions or {}), dict(parts or {})
        self.message, self.hint = self.text_for(0)

    def with_message(self, error: type[IntertwineError], message: str) -> IntertwineError:
        """Another error with the hint of this one.

        Args:
            error: its class.
            message: its message.
        """
        return error(message, self.args[1], positions=self.positions, parts=self.parts)

    def text_for(self, first: int, text: Callable[[object], str] = str) -> tuple[str, str | None]:
        """Message and hint.

        Args:
            first: where positions begin to count.
            text: the form of the parts.
        """
        message, hint = self.args[:2]
        how = (self.positions, self.parts, first, text)
        return _filled(message, *how), _filled(hint, *how) if hint else None

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} {self.hint}"


class ArgumentError(IntertwineError, ValueError):
    """An argument has a value that cannot be used."""


class ArgumentTypeError(IntertwineError, TypeError):
    """An argument is of a kind that cannot be used."""


class UnknownArgumentError(ArgumentError, ArgumentTypeError):
    """An argument that a function or a class does not take."""


class MissingNameError(IntertwineError, AttributeError):
    """A name that a module does not hold."""


class GroupError(IntertwineError, ValueError):
    """A group, a group element or a subgroup that does not exist or does not fit."""


class InsufficientIrrepsException(GroupError):  # noqa: N818 - the name of escnn's interface
    """A group lists too few irreps for what is asked.

    Here every irrep is built when it is asked for, so that nothing raises it: programs may go on to catch it.

    Args:
        G: the group.
        message: what is missing.
    """

    def __init__(self, G: object, message: str | None = None) -> None:
        super().__init__(message or f"{G} lists too few irreps")
        self.group = G


class UnderconstrainedCGSystem(GroupError):  # noqa: N818 - the name of escnn's interface
    """Clebsch-Gordan coefficients are not determined by as many samples.

    Here they are solved from generators or known in closed form, so that nothing raises it: programs may go on to catch it.

    Args:
        G: the group.
        J: label of the first irrep.
        l: label of the second irrep.
        j: label of the third irrep.
        S: the number of samples.
        message: what is missing.
    """

    def __init__(self, G: object, J: object, l: object, j: object, S: int, message: str | None = None) -> None:
        super().__init__(message or f"{S} samples of {G} do not determine the coefficients of {J} x {l} -> {j}")


class RepresentationError(IntertwineError, ValueError):
    """Matrices, irreps or names that do not make a representation."""


class FieldTypeError(IntertwineError, TypeError, AssertionError):
    """Features of one field type where another one is needed; as `UnsupportedFieldError`, what programs for escnn catch."""


class NoFieldsError(ArgumentError, FieldTypeError):
    """A field type without fields."""


class ShapeError(IntertwineError, ValueError):
    """A tensor whose shape does not fit the field type or the layer."""


class MissingHeadError(ShapeError):
    """A module whose answers keep their place on the grid, where the targets hold one for each sample."""


class CentreError(ShapeError):
    """Features of a size at which the centre of the grid would move by half a cell."""


class ClassCountError(ShapeError):
    """A module that gives fewer outputs than there are classes."""


class UnsupportedFieldError(IntertwineError, ValueError, AssertionError):
    """A layer that does not commute with a representation in its field type."""


class EmptyBasisError(IntertwineError, ValueError):
    """No equivariant kernel exists for these types at these sampling settings."""


class EquivarianceError(IntertwineError, AssertionError, ValueError):
    """A module is not equivariant to an element to which it must be exactly so."""


class ModelFileError(IntertwineError, ValueError):
    """A model file that cannot be read, or holds what is not allowed."""


class CheckpointError(ModelFileError):
    """A checkpoint that cannot be written or read, is in use, or belongs to another run.

    Args:
        message: what was given and what was expected.
        hint: what the user can do about it.
        differences: what differs from the run that wrote it, in words.
    """

    def __init__(self, message: str, hint: str | None = None, differences: Sequence[str] = ()) -> None:
        super().__init__(message, hint)
        self.differences = tuple(differences)


class SampleError(ArgumentError):
    """A sample that cannot be loaded when it is needed."""


class GaugeError(ModelFileError):
    """A model file whose bases were computed in another gauge."""


class MissingClassError(ModelFileError):
    """A model file with a module of a class of the user's own, which was not handed over."""


class MissingDependencyError(IntertwineError, ImportError):
    """An optional package that this function needs is not installed."""


class CompatibilityError(IntertwineError, ImportError):
    """A name of another library that is not here, or another library that would meet ours under one name."""


class FileError(ArgumentError):
    """A file or a folder with data that is not there, or cannot be read."""


class IntertwineWarning(UserWarning):
    """Base of the warnings, whose positions are told as those of errors are.

    Args:
        message: what is not as it should be, and what to do.
        positions: as in `IntertwineError`.
        parts: likewise.
    """

    def __init__(
        self,
        message: str,
        positions: Mapping[str, Position] | None = None,
        parts: Mapping[str, object] | None = None,
    ) -> None:
        self.template, self.positions, self.parts = message, dict(positions or {}), dict(parts or {})
        super().__init__(self.text_for(0))

    def text_for(self, first: int, text: Callable[[object], str] = str) -> str:
        """The message.

        Args:
            first: where positions begin to count.
            text: the form of the parts.
        """
        return _filled(self.template, self.positions, self.parts, first, text)


class DataWarning(IntertwineWarning):
    """Data that is left out, or is not taken as it is."""


class EquivarianceWarning(IntertwineWarning):
    """A layer, or a layer at some size of its input, that cannot be exactly equivariant on a grid."""


class ClassCountWarning(IntertwineWarning):
    """A module that gives more outputs than there are classes."""


class StatisticsWarning(IntertwineWarning):
    """Running statistics that change where a user may think that they do not."""


def warn(
    message: str,
    category: type[IntertwineWarning],
    positions: Mapping[str, Position] | None = None,
    parts: Mapping[str, object] | None = None,
) -> None:
    """Issues a warning whose location is the line of the user's program that called the library.

    Args:
        message: what is not as it should be, and what to do.
        category: the kind of warning.
        positions: positions that the message names in braces, as in `IntertwineError`.
        parts: other values that it names in braces, likewise.
    """
    depth, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "intertwine":
        depth, frame = depth + 1, frame.f_back
    warnings.warn(category(message, positions, parts), stacklevel=depth)
