"""Net promoter scores, from counts made by hand."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.handmade import NO_USE

from exitpoll_server.counts import ScoreGroup
from exitpoll_server.report.figures import Z_95
from exitpoll_server.report.scores import Scores, scores

GROUPS = st.lists(
    st.builds(ScoreGroup, leaving=st.booleans(), score=st.integers(0, 10), n=st.integers(1, 40)),
    max_size=20,
)


def made(*groups: ScoreGroup) -> Scores:
    return scores(replace(NO_USE, scores=groups))


def of(*sized: tuple[int, int], leaving: bool = False) -> tuple[ScoreGroup, ...]:
    """Return the scores, each with how many gave it."""
    return tuple(ScoreGroup(leaving=leaving, score=score, n=n) for score, n in sized)


def test_a_score_of_nine_promotes_and_one_of_six_detracts() -> None:
    """40 of 100 gave 9 or 10, 25 gave 0 to 6: the score is 15."""
    found = made(*of((10, 20), (9, 20), (8, 20), (7, 15), (6, 15), (0, 10))).staying
    assert (found.promoters.numerator, found.passives.numerator) == (40, 35)
    assert found.detractors.numerator == 25
    assert found.nps.value == pytest.approx(15)
    assert (found.nps.numerator, found.nps.denominator) == (15, 100)


@given(st.lists(st.integers(0, 10), min_size=30, max_size=200))
def test_the_interval_is_that_of_a_mean(given_scores: list[int]) -> None:
    """A score is a mean of -100, 0 and 100: its interval is the normal one, within its range."""
    found = made(*of(*((one, 1) for one in given_scores))).staying.nps
    values = [100.0 if one > 8 else 0.0 if one > 6 else -100.0 for one in given_scores]
    mean, half = fmean(values), Z_95 * pstdev(values) / len(values) ** 0.5
    assert found.value == pytest.approx(mean)
    assert found.low == pytest.approx(max(-100, mean - half), abs=1e-9)
    assert found.high == pytest.approx(min(100, mean + half), abs=1e-9)


@pytest.mark.parametrize(("n", "shown"), [(29, False), (30, True)])
def test_below_thirty_scores_there_is_no_net_promoter_score(n: int, *, shown: bool) -> None:
    """29 scores are counted and hide the score; 30 show it."""
    found = made(*of((10, n))).staying
    assert found.promoters.numerator == n
    assert (found.nps.value is not None) == shown
    assert (found.nps.low is not None) == shown
    assert (found.unsaid is None) == shown


def test_those_who_leave_and_those_who_stay_are_never_pooled() -> None:
    """Enough of both together are too few of each."""
    found = made(*of((10, 20)), *of((0, 20), leaving=True))
    assert found.staying.scores.value == found.leaving.scores.value == 20
    assert found.staying.promoters.value == 1
    assert found.leaving.promoters.value == 0
    assert found.staying.unsaid == found.leaving.unsaid == "too_few"


@given(GROUPS, st.randoms())
def test_order_and_splitting_of_groups_change_nothing(
    groups: list[ScoreGroup], random: Random
) -> None:
    """Groups of one person each, in any order, make the same scores, whose parts add up."""
    single = [replace(one, n=1) for one in groups for _ in range(one.n)]
    random.shuffle(single)
    found = made(*groups)
    assert made(*single) == found
    for one in (found.leaving, found.staying):
        parts = (one.promoters, one.passives, one.detractors)
        assert sum(part.numerator or 0 for part in parts) == one.scores.value
