"""Groups what is alike: columns of whole numbers in, one row a kind out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from exitpoll_server.store.lives import Ints

_MOST = 2**40
"""Beyond so many possible kinds those that occur are numbered anew."""


def grouped(*columns: npt.NDArray[Any]) -> Iterator[tuple[tuple[int, ...], int]]:
    """Give each combination of values that occurs, in order, and how often it does."""
    if not len(columns[0]):
        return
    _, first, sizes = np.unique(keys(columns), return_index=True, return_counts=True)
    kinds = zip(*(column[first].tolist() for column in columns), strict=True)
    yield from zip(kinds, sizes.tolist(), strict=True)


def keys(columns: Sequence[npt.NDArray[Any]]) -> Ints:
    """Return one number a row; rows that are alike have the same, and keep their order."""
    key, kinds = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        values = column.astype(np.int64)
        low = values.min()
        span = int(values.max() - low) + 1
        if kinds * span > _MOST:
            values = np.unique(values, return_inverse=True)[1].astype(np.int64)
            low, span = 0, int(values.max()) + 1
        if kinds * span > _MOST:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            kinds = int(key.max()) + 1
        key = key * span + (values - low)
        kinds *= span
    return key


def starts(owner: Ints) -> Ints:
    """Return where each run of equal numbers begins."""
    if not len(owner):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
