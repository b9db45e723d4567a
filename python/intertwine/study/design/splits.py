"""Splits of samples: by class, at random, and with all samples of one thing on one side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from intertwine.errors import ArgumentError


def spread(y: np.ndarray, group: np.ndarray | None, rng: np.random.Generator) -> list[np.ndarray]:
    """Blocks of samples in a random order, each beginning of which holds the classes in their shares.

    Args:
        y: a class for each sample, measurements (of which quarters count as classes), or anything else, which counts for
            nothing.
        group: what each sample shows; samples of one thing stay in one block.
        rng: draws the order.

    Returns:
        numbers of samples; one sample in a block if there are no groups.
    """
    strata = _strata(y)
    if group is None:
        blocks = [np.array([number]) for number in range(len(strata))]
    else:
        names, of = np.unique(group, return_inverse=True)
        order = np.argsort(of, kind="stable")
        blocks = np.split(order, np.cumsum(np.bincount(of, minlength=len(names)))[:-1])
    own = np.array([np.bincount(strata[block]).argmax() for block in blocks])
    position = np.empty(len(blocks))
    for stratum in np.unique(own):
        inside = np.flatnonzero(own == stratum)
        position[rng.permutation(inside)] = (np.arange(len(inside)) + rng.random()) / len(inside)
    return [blocks[k] for k in np.argsort(position, kind="stable")]


def first_share(blocks: Sequence[np.ndarray], wanted: int) -> tuple[np.ndarray, np.ndarray]:
    """As many of the first blocks as come closest to a number of samples, and the others.

    Args:
        blocks: numbers of samples, from `spread`.
        wanted: how many samples.

    Returns:
        the numbers of both, in the order of the blocks.

    Raises:
        ArgumentError: if one of them would be empty.
    """
    ends = np.cumsum([len(block) for block in blocks])
    cut = int(np.abs(ends - wanted).argmin()) + 1
    if cut >= len(blocks):
        raise ArgumentError(
            f"{len(blocks)} {'groups' if int(ends[-1]) > len(blocks) else 'samples'} cannot be split into two parts of which "
            f"one has about {wanted} samples",
            hint="give more samples, or other shares",
        )
    return np.concatenate(blocks[:cut]), np.concatenate(blocks[cut:])


def missing_classes(y: np.ndarray, numbers: np.ndarray, n_classes: int) -> list[int]:
    """The classes of which there is no sample.

    Args:
        y: a class for each sample.
        numbers: those that are looked at.
        n_classes: how many there are.
    """
    return np.flatnonzero(np.bincount(y[numbers].reshape(-1).clip(min=0), minlength=n_classes) == 0).tolist()


def _strata(y: np.ndarray) -> np.ndarray:
    if y.ndim == 1 and y.dtype.kind in "iub":
        return np.unique(y, return_inverse=True)[1].reshape(-1)
    if y.ndim == 1 and len(y) >= 40 and np.isfinite(y).all():
        return np.digitize(y, np.quantile(y, (0.25, 0.5, 0.75)))
    return np.zeros(len(y), dtype=int)
