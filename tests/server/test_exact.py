"""Exact chances, against scipy's hypergeometric distribution."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from exitpoll_server.report.exact import mid_p


@st.composite
def parts(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Return k of n, within all_k of all_n."""
    all_n = draw(st.integers(1, 40_000))
    n, all_k = draw(st.integers(0, all_n)), draw(st.integers(0, all_n))
    return draw(st.integers(max(0, n + all_k - all_n), min(n, all_k))), n, all_k, all_n


@given(parts())
def test_mid_p_is_that_of_the_hypergeometric_distribution(part: tuple[int, int, int, int]) -> None:
    """Twice the smaller tail with half of k, far into the tails."""
    k, n, all_k, all_n = part
    whole = hypergeom(all_n, all_k, n)
    half = whole.pmf(k) / 2
    expected = 2 * min(whole.cdf(k - 1) + half, whole.sf(k) + half)
    assert mid_p(*part) == pytest.approx(min(1.0, expected), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("part", [(2, 1, 3, 9), (0, 5, 5, 9), (-1, 3, 3, 9)])
def test_a_part_larger_than_its_whole_is_refused(part: tuple[int, int, int, int]) -> None:
    """What cannot be counted has no chance."""
    with pytest.raises(ValueError, match="no part"):
        mid_p(*part)
