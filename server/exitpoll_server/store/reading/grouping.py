"""Groups what is alike: columns of whole numbers in, one row a kind out."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Kinds: TypeAlias = list[tuple[tuple[int, ...], int]]

_FEW = 2**22
"""So many possible kinds are counted each in its place; of more, those that occur are sorted."""


def grouped(*columns: npt.NDArray[Any]) -> Kinds:
    """Return each combination of values that occurs, in order, and how often it does."""
    if not len(columns[0]):
        return []
    lows, spans = zip(*(_range(column) for column in columns), strict=True)
    if prod(spans) > _FEW:
        return _sorted(columns)
    key = np.zeros(len(columns[0]), np.int32)
    for column, low, span in zip(columns, lows, spans, strict=True):
        key *= span
        key += (column - low).astype(np.int32)
    sizes = np.bincount(key)
    kinds = np.flatnonzero(sizes)
    parts = np.unravel_index(kinds, spans)
    values = ((part + low).tolist() for part, low in zip(parts, lows, strict=True))
    return list(zip(zip(*values, strict=True), sizes[kinds].tolist(), strict=True))


def _range(column: npt.NDArray[Any]) -> tuple[int, int]:
    low = int(column.min())
    return low, int(column.max()) - low + 1


def _sorted(columns: Sequence[npt.NDArray[Any]]) -> Kinds:
    """Do the same where values lie far apart."""
    key, kinds = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        values, place = np.unique(column, return_inverse=True)
        key = key * len(values) + place
        kinds *= len(values)
        if kinds > _FEW:
            distinct, key = np.unique(key, return_inverse=True)
            kinds = len(distinct)
    _, first, sizes = np.unique(key, return_index=True, return_counts=True)
    kinds_of = (column[first].tolist() for column in columns)
    return list(zip(zip(*kinds_of, strict=True), sizes.tolist(), strict=True))
