"""Chance, against the reference tools."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2
from scipy.stats import chi2_contingency as contingency
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from exitpoll_server.report.chances import (
    benjamini_hochberg,
    chi_square_sf,
    difference,
    newcombe,
    same_share_p,
)
from exitpoll_server.report.figures import wilson


@st.composite
def shares(draw: st.DrawFn, least: int = 1) -> tuple[int, int]:
    """Return k of n."""
    n = draw(st.integers(least, 5000))
    return draw(st.integers(0, n)), n


@given(st.floats(0, 2000), st.integers(1, 200))
def test_chi_square_is_that_of_scipy(x: float, df: int) -> None:
    """The tail of chi-square agrees over all degrees of freedom and far into the tail."""
    assert chi_square_sf(x, df) == pytest.approx(chi2.sf(x, df), rel=1e-9, abs=1e-300)


@given(shares(), shares())
def test_newcombe_is_that_of_statsmodels(one: tuple[int, int], two: tuple[int, int]) -> None:
    """The interval of a difference agrees, nobody and everybody included."""
    expected = confint_proportions_2indep(*one, *two, method="newcomb", compare="diff")
    assert newcombe(*one, *two) == pytest.approx(expected, abs=1e-9)


@given(st.floats(0, 1), st.floats(1, 500))
def test_wilson_takes_weighted_people(part: float, n: float) -> None:
    """With n_eff in the place of n the interval is still Wilson's."""
    expected = proportion_confint(part * n, n, method="wilson")
    assert wilson(part * n, n) == pytest.approx(expected, abs=1e-9)


@given(shares(), shares())
def test_the_test_of_two_shares_is_chi_square(one: tuple[int, int], two: tuple[int, int]) -> None:
    """Its p value is that of the two-by-two table without Yates; of nobody it tells nothing."""
    (k1, n1), (k2, n2) = one, two
    if k1 + k2 in {0, n1 + n2}:
        assert same_share_p(k1, n1, k2, n2) == 1
        return
    table = [[k1, n1 - k1], [k2, n2 - k2]]
    expected = contingency(table, correction=False).pvalue
    assert same_share_p(k1, n1, k2, n2) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@given(st.lists(st.floats(0, 1), max_size=30))
def test_false_discoveries_are_those_of_statsmodels(p_values: list[float]) -> None:
    """Each q value agrees, ties included, in the order of the p values."""
    expected = multipletests(p_values, method="fdr_bh")[1] if p_values else ()
    assert benjamini_hochberg(p_values) == pytest.approx(tuple(expected))


@pytest.mark.parametrize(("n1", "n2", "told"), [(9, 500, False), (500, 9, False), (10, 10, True)])
def test_groups_below_ten_are_not_compared(n1: int, n2: int, *, told: bool) -> None:
    """A difference needs ten in either group; its numerator and denominator stand anyway."""
    figure = difference(5, n1, 2, n2, "offers.effect")
    assert (figure.value is not None, figure.low is not None) == (told, told)
    assert (figure.numerator, figure.denominator) == (7, n1 + n2)
