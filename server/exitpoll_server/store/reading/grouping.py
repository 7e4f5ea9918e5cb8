"""Groups what is alike: columns of whole numbers in, one row a kind out."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from exitpoll_server.store.lives import Ints

Kinds: TypeAlias = list[tuple[tuple[int, ...], int]]

_FEW = 2**22
"""So many possible kinds are counted each in its place; of more, those that occur are sorted."""

_MANY = 2**62
"""So many possible kinds have a number each."""


def grouped(*columns: npt.NDArray[Any]) -> Kinds:
    """Return each combination of values that occurs, in order, and how often it does."""
    if not len(columns[0]):
        return []
    lows, spans = zip(*(_range(column) for column in columns), strict=True)
    if prod(spans) > _FEW:
        return _sorted(columns)
    key = _above(columns[0], lows[0])
    for column, low, span in zip(columns[1:], lows[1:], spans[1:], strict=True):
        key *= span
        key += _above(column, low)
    sizes = np.bincount(key)
    kinds = np.flatnonzero(sizes)
    parts = np.unravel_index(kinds, spans)
    values = ((part + low).tolist() for part, low in zip(parts, lows, strict=True))
    return list(zip(zip(*values, strict=True), sizes[kinds].tolist(), strict=True))


def _range(column: npt.NDArray[Any]) -> tuple[int, int]:
    low = int(column.min())
    return low, int(column.max()) - low + 1


def _above(column: npt.NDArray[Any], low: int) -> npt.NDArray[np.int32]:
    """Return by how much each value lies above the lowest, in whatever type they come."""
    above = np.empty(len(column), np.int32)
    # A wide difference is never there as a whole, only some of it at a time.
    np.subtract(column, low, out=above, casting="unsafe")
    return above


def _sorted(columns: Sequence[npt.NDArray[Any]]) -> Kinds:
    """Do the same where values lie far apart."""
    key: Ints = np.zeros(len(columns[0]), np.int64)
    kinds = 1
    for column in columns:
        low, span = _range(column)
        if kinds * span <= _MANY:
            place: Ints = column.astype(np.int64) - low
        else:
            # Only those that occur have a number: there are not more than rows.
            values, place = np.unique(column, return_inverse=True)
            distinct, key = np.unique(key, return_inverse=True)
            kinds, span = len(distinct), len(values)
        key = key * span + place
        kinds *= span
    _, first, sizes = np.unique(key, return_index=True, return_counts=True)
    kinds_of = (column[first].tolist() for column in columns)
    return list(zip(zip(*kinds_of, strict=True), sizes.tolist(), strict=True))
