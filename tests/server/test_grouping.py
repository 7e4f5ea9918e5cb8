"""Columns of numbers, grouped: whatever they are, as one would count them row by row."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exitpoll_server.store.lives import NONE
from exitpoll_server.store.reading.grouping import grouped

NEAR = st.integers(-3, 3)
FAR = st.sampled_from([NONE, -1, 0, 2**40, 2**62])
"""Not known, or an instant: of two such columns no number has room for all combinations."""


@given(st.lists(st.tuples(NEAR, FAR, FAR, st.booleans(), FAR), max_size=30), st.integers(1, 5))
def test_each_combination_is_counted_once(
    rows: list[tuple[int, int, int, bool, int]], wide: int
) -> None:
    """Combinations in order with how often they occur, however far apart the values lie."""
    kinds = (np.int8, np.int64, np.int64, np.bool_, np.int64)
    columns = [np.array([row[n] for row in rows], kinds[n]) for n in range(wide)]
    assert grouped(*columns) == sorted(Counter(row[:wide] for row in rows).items())


@given(st.integers(1, 4))
def test_numbers_far_apart_together_are_counted_too(copies: int) -> None:
    """Each column fits into a number, all of them together do not."""
    row = np.array([0, 2**40, 2**40 + 1] * copies)
    assert grouped(row, row, row) == [((n, n, n), copies) for n in (0, 2**40, 2**40 + 1)]
