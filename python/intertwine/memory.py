"""A least-recently-used cache for all functions of the library, bounded by the bytes of all entries together.

A bound on the number of entries does not bound memory: one entry for a group of 300 elements takes as much as ten thousand for
C4. The entries cannot be measured one by one either, because they share groups and representations, which grow while they are
used. So from time to time all entries are measured together, from the most to the least recently used, and each object once. The
entries beyond the bound are evicted.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import sys
import threading
import types
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Any, ParamSpec, TypeVar

import numpy as np

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

BOUND = 2**28
"""The bound in bytes unless :func:`set_cache_bound` says otherwise: 256 MB."""

_SHARE = 0.25
"""All entries are measured again when this share of the bound has been added, so that measuring stays cheap next to computing."""

_ENTRY = 2**14
"""The assumed size of an entry in bytes until it is measured; it grows while it is used. After a measurement, the mean of the new
entries is assumed instead, if that is more."""

_GLANCE = 200
"""How many objects of a new entry are counted for a first estimate of its size."""

_LAG = 8
"""An entry is estimated again when so many others have come after it: a group is small until its table and irreps are used."""

_NOT_COUNTED = (
    type,
    types.ModuleType,
    types.CodeType,
    types.FrameType,
    types.BuiltinFunctionType,
    property,
    weakref.ref,
    int,
    float,
    complex,
    str,
    bytes,
    type(None),
)


class _Entry:
    __slots__ = ("estimate", "measured", "used", "value")

    def __init__(self, value: Any, used: int) -> None:
        self.value, self.used, self.estimate, self.measured = value, used, 0.0, False

    def growth(self, least: float) -> float:
        """By how many bytes the estimate of its size rises when it is estimated again."""
        before, self.estimate = self.estimate, max(least, 2 * size_in_bytes([self.value], most=_GLANCE))
        return max(0.0, self.estimate - before)


class _Memory:
    """All entries of all cached functions."""

    def __init__(self) -> None:
        self.bound = BOUND
        self.now = 0
        self.tables: list[dict[Any, _Entry]] = []
        self._added = 0.0
        self._typical = float(_ENTRY)
        self._recent: deque[_Entry] = deque()
        self._lock = threading.RLock()
        self._measuring = False

    def add(self, table: dict[Any, _Entry], key: Any, value: Any) -> None:
        """Stores a value, and measures all entries if enough was added."""
        self.now += 1
        entry = table[key] = _Entry(value, self.now)
        with self._lock:
            self._recent.append(entry)
            self._added += entry.growth(self._typical)
            if len(self._recent) > _LAG:
                self._added += self._recent.popleft().growth(self._typical)
        if self._added >= _SHARE * self.bound:
            self.tidy()

    def tidy(self) -> None:
        """Evicts the least recently used entries until the rest is within the bound."""
        with self._lock:
            if self._measuring:
                return
            self._measuring = True
            try:
                self._added = 0.0
                self._recent.clear()
                if self._evict():
                    # Groups and their elements hold each other.
                    gc.collect()
            finally:
                self._measuring = False

    def _evict(self) -> bool:
        """Measures all entries and removes those beyond the bound; whether there were any."""
        entries = [(entry.used, table, key, entry) for table in self.tables for key, entry in list(table.items())]
        entries.sort(key=lambda found: -found[0])
        seen: set[int] = set()
        total, full = 0, False
        fresh: list[int] = []
        for number, (_, table, key, entry) in enumerate(entries):
            if not full:
                own = size_in_bytes([key, entry.value], seen)
                total += own
                if not entry.measured:
                    entry.measured = True
                    fresh.append(own)
                # One entry stays, however large it is: it is just being used.
                full = total > self.bound and number > 0
            if full:
                table.pop(key, None)
        if fresh:
            # The next entries will be like the latest ones.
            self._typical = max(_ENTRY, sum(fresh) / len(fresh))
        return full

    def clear_caches(self) -> None:
        """Evicts all entries."""
        with self._lock:
            for table in self.tables:
                table.clear()
            self._recent.clear()
            self._added, self._typical = 0.0, float(_ENTRY)


_MEMORY = _Memory()


def _nothing(thing: Any, seen: set[int], waiting: list[Any]) -> int:
    return 0


def _of_function(thing: Any, seen: set[int], waiting: list[Any]) -> int:
    # What wraps a function holds nothing of its own: not even a remembered one, which a plan may name as what makes it again.
    if not hasattr(thing, "__wrapped__"):
        for cell in thing.__closure__ or ():
            with contextlib.suppress(ValueError):
                waiting.append(cell.cell_contents)
    return sys.getsizeof(thing, 0)


def _of_array(thing: Any, seen: set[int], waiting: list[Any]) -> int:
    # A view holds the array that it looks at.
    if thing.base is not None:
        waiting.append(thing.base)
    return sys.getsizeof(thing, 0)


def _of_tensor(thing: Any, seen: set[int], waiting: list[Any]) -> int:
    own = sys.getsizeof(thing, 0)
    if thing.device.type != "meta":
        # Tensors share storages; these have no number of their own, but an address, which is no number of an object.
        try:
            storage = thing.untyped_storage()
        except NotImplementedError:
            # a tensor inside of torch.func has none of its own
            return own
        if -storage.data_ptr() not in seen:
            seen.add(-storage.data_ptr())
            own += storage.nbytes()
    return own


def _of_any_other(thing: Any, seen: set[int], waiting: list[Any]) -> int:
    waiting += gc.get_referents(thing)
    return sys.getsizeof(thing, 0)


@functools.lru_cache(maxsize=1024)
def _sizer_of(kind: type) -> Callable[[Any, set[int], list[Any]], int]:
    """The function that measures objects of a class: it returns the bytes of one and appends what that one holds to a list."""
    if issubclass(kind, _NOT_COUNTED):
        return _nothing
    if issubclass(kind, types.FunctionType):
        return _of_function
    if issubclass(kind, np.ndarray):
        return _of_array
    # Without torch there are no tensors; nothing here imports it.
    return _of_tensor if hasattr(kind, "untyped_storage") else _of_any_other


def size_in_bytes(roots: Iterable[Any], seen: set[int] | None = None, most: int | None = None) -> int:
    """The bytes of objects and of all that they hold.

    Args:
        roots: the objects.
        seen: the numbers (``id``) of what was counted already; what is counted now is added.
        most: how many objects to count.

    Example:
        >>> import numpy as np
        >>> values = np.zeros(1000)
        >>> size_in_bytes([values]) == values.nbytes + 112, size_in_bytes([values, values[2:], values[3:]]) < 2 * values.nbytes
        (True, True)
    """
    total = 0
    seen = set() if seen is None else seen
    limit = sys.maxsize if most is None else len(seen) + most
    # Objects stay in this list until all are counted, so that no number (``id``) is used twice. Those that are held more
    # directly come first: of a group its table before its elements.
    waiting = list(roots)
    for thing in waiting:
        if len(seen) >= limit:
            break
        size_of = _sizer_of(type(thing))
        if size_of is not _nothing and id(thing) not in seen:
            seen.add(id(thing))
            total += size_of(thing, seen, waiting)
    return total


def remembered(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """A pure function of values whose results are cached.

    Args:
        function: arguments must be hashable; equal ones share a result.

    Example:
        >>> @remembered
        ... def zeros(count):
        ...     return [0] * count
        >>> zeros(3) is zeros(3)
        True
    """
    table: dict[Any, _Entry] = {}
    _MEMORY.tables.append(table)

    @functools.wraps(function)
    def recalled(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        key: Hashable = (args, tuple(sorted(kwargs.items()))) if kwargs else args
        entry = table.get(key)
        if entry is None:
            value = function(*args, **kwargs)
            _MEMORY.add(table, key, value)
            return value
        entry.used = _MEMORY.now
        return entry.value

    return recalled


def interned(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """A remembered function that returns one and the same object as long as anyone holds it, even if its entry was evicted.

    Args:
        function: makes an object that weak references can point to.
    """
    alive: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()

    @remembered
    @functools.wraps(function)
    def only_one(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        key: Hashable = (args, tuple(sorted(kwargs.items()))) if kwargs else args
        found = alive.get(key)
        return alive.setdefault(key, function(*args, **kwargs)) if found is None else found

    return only_one


def set_cache_bound(most: int) -> int:
    """Sets the bound on the bytes of cached groups, kernels and plans.

    Args:
        most: the bound in bytes; 256 MB at first.

    Returns:
        the bound before.

    Example:
        >>> before = set_cache_bound(2**20)
        >>> set_cache_bound(before)
        1048576
    """
    before = _MEMORY.bound
    _MEMORY.bound = max(0, int(most))
    _MEMORY.tidy()
    return before


def cached_entries() -> tuple[int, int]:
    """The number of cached entries, and their bytes.

    Example:
        >>> entries, total = cached_entries()
        >>> total >= 0
        True
    """
    entries = [(key, entry.value) for table in _MEMORY.tables for key, entry in list(table.items())]
    return len(entries), size_in_bytes(entries)


def clear_caches() -> None:
    """Evicts all entries; they are computed again when they are needed.

    Example:
        >>> clear_caches()
        >>> cached_entries()[0]
        0
    """
    _MEMORY.clear_caches()
    gc.collect()
