"""Upper bounds for the memory and time that a model file asks for, computed before anything is built, and the budget for them.

A file of some hundred bytes can name a kernel of a million cells. So whatever a file asks for has a price, in bytes of memory and
in seconds of work. The price follows from the arguments alone, not from the clock or from what the process has built before:
whether a file opens is always the same. All prices of a file are added up before anything is built. The budget grows with the
size of the file.
"""

from __future__ import annotations

from dataclasses import dataclass

from intertwine.errors import ModelFileError

LEAST_BYTES = 2**28
LEAST_SECONDS = 10.0
"""What any file may ask for, however short."""

BYTES_PER_BYTE = 32
SECONDS_PER_BYTE = 4e-6
"""What a file may ask for besides, for each byte of its own."""


@dataclass(frozen=True)
class Price:
    """What something takes to build.

    Attributes:
        bytes: of memory that stays with the model; while it is built, up to twice as much may be held.
        seconds: of work, on one core of a usual machine.
    """

    bytes: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Price) -> Price:
        return Price(self.bytes + other.bytes, self.seconds + other.seconds)

    def __sub__(self, other: Price) -> Price:
        return Price(self.bytes - other.bytes, self.seconds - other.seconds)


def modules_price(count: int) -> Price:
    """What modules take, whatever they are.

    Args:
        count: how many there are.
    """
    return Price(4e3 * count, 5e-5 * count)


class Budget:
    """What is left of what a file may ask for.

    Args:
        size: how many bytes the file has.

    Example:
        >>> budget = Budget(1000)
        >>> budget.pay(Price(bytes=1e6, seconds=0.1), "a layer")
        >>> try:
        ...     budget.pay(Price(bytes=1e12), "a mask")
        ... except ModelFileError as error:
        ...     print(error.message)
        The file asks for a mask that takes 1 TB of memory, but a file of 1 kB may ask for 268 MB.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._all = Price(LEAST_BYTES + BYTES_PER_BYTE * size, LEAST_SECONDS + SECONDS_PER_BYTE * size)
        self.spent = Price()
        """What has been asked for so far."""

    def pay(self, price: Price, what: str) -> None:
        """Takes a price off what is left.

        Args:
            price: the price.
            what: what it is for, for the error.

        Raises:
            ModelFileError: if less is left.
        """
        self.need(price, what)
        self.spent += price

    def need(self, price: Price, what: str) -> None:
        """Raises, as ``pay`` does, unless a price could be paid.

        Args:
            price: the price.
            what: what it is for, for the error.
        """
        spent, most = self.spent + price, self._all
        # The comparisons are such that a price that is no number is too much as well.
        if not spent.bytes <= most.bytes:
            raise self._too_much(what, "memory", price.bytes, spent.bytes, most.bytes)
        if not spent.seconds <= most.seconds:
            raise self._too_much(what, "work", price.seconds, spent.seconds, most.seconds)

    def affords(self, price: Price) -> bool:
        """Whether a price could be paid.

        Args:
            price: the price.
        """
        spent = self.spent + price
        return spent.bytes <= self._all.bytes and spent.seconds <= self._all.seconds

    def _too_much(self, what: str, kind: str, own: float, spent: float, most: float) -> ModelFileError:
        told = _memory if kind == "memory" else _time
        with_others = "" if own > most else f", {told(spent)} with what comes before it"
        return ModelFileError(
            f"the file asks for {what} that takes {told(own)} of {kind}{with_others}, "
            f"but a file of {_memory(self._size)} may ask for {told(most)}",
            hint="make it smaller, or build the model in your program and keep its weights alone",
        )


def _memory(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.0f} TB" if count < 1e6 else "more than a million TB"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 1e6 else "weeks"
