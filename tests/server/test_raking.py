"""Raking, against ipfn: margins are met, or the adjusted shares are refused with the reason."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ipfn import ipfn

from exitpoll_server.counts import ProfileGroup
from exitpoll_server.report.raking import Values, fit, margins_of, rake


def profile(n: int, reason: str | None, *margins: str | None) -> ProfileGroup:
    """Return people alike; margins that are not said are the same for everybody."""
    return ProfileGroup(answered=reason is not None, reason=reason, margins=filled(margins), n=n)


def filled(margins: Values) -> Values:
    return (*margins, *("same",) * (6 - len(margins)))


AXES: tuple[Values, ...] = (("a", "b", None), ("x", "y"), ("1", "2", "3"))
CELLS = tuple(product(*AXES))


@st.composite
def populations(draw: st.DrawFn) -> list[ProfileGroup]:
    """Return people of every cell who spoke, for two reasons, and others who did not."""
    spoke = draw(st.lists(st.integers(5, 60), min_size=len(CELLS), max_size=len(CELLS)))
    quiet = draw(st.lists(st.integers(1, 60), min_size=len(CELLS), max_size=len(CELLS)))
    price = draw(st.lists(st.integers(1, 4), min_size=len(CELLS), max_size=len(CELLS)))
    return [
        one
        for cell, n, m, k in zip(CELLS, spoke, quiet, price, strict=True)
        for one in (
            profile(n - k, "slow", *cell),
            profile(k, "price", *cell),
            profile(m, None, *cell),
        )
    ]


def everyone_who_spoke(people: Sequence[ProfileGroup]) -> dict[Values, int]:
    spoke: dict[Values, int] = dict.fromkeys((filled(cell) for cell in CELLS), 0)
    for one in people:
        spoke[one.margins] += one.n if one.reason is not None else 0
    return spoke


@given(populations())
@settings(max_examples=25, deadline=None)
def test_margins_and_weights_are_those_of_ipfn(people: list[ProfileGroup]) -> None:
    """The weighted people meet every margin of all, and are those that ipfn finds."""
    spoke, wanted = everyone_who_spoke(people), margins_of(people)
    weights = fit(spoke, wanted)
    assert weights is not None
    masses = {cell: n * weights[cell] for cell, n in spoke.items()}
    for at, value in ((at, value) for at, margin in enumerate(wanted) for value in margin):
        met = sum(mass for cell, mass in masses.items() if cell[at] == value)
        assert met == pytest.approx(wanted[at][value], rel=1e-6)
    cube = np.array([float(n) for n in spoke.values()]).reshape([len(values) for values in AXES])
    aims = [
        np.array([float(margin[value]) for value in values])
        for margin, values in zip(wanted, AXES, strict=False)
    ]
    theirs = ipfn.ipfn(cube, aims, [[0], [1], [2]], convergence_rate=1e-12).iteration()
    assert list(masses.values()) == pytest.approx(list(theirs.reshape(-1)), rel=1e-6)


@given(populations(), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_order_and_grouping_change_nothing(people: list[ProfileGroup], random: Random) -> None:
    """Groups in another order, or split, give the same shares and the same n_eff."""
    split = [profile(1, p.reason, *p.margins) for p in people for _ in range(p.n)]
    random.shuffle(split)
    one, other = rake(people), rake(split)
    assert other.shares == pytest.approx(one.shares)
    assert other.effective == pytest.approx(one.effective)
    assert (other.unreached, other.refused) == (one.unreached, one.refused)


def test_two_groups_worked_out_by_hand() -> None:
    """30 of 300 quick leavers and 30 of 100 slow ones spoke: weights of 10 and 10/3."""
    people = [
        profile(30, "price", "quick"),
        profile(270, None, "quick"),
        profile(30, "slow", "late"),
        profile(70, None, "late"),
    ]
    raked = rake(people)
    assert raked.shares == pytest.approx({"price": 0.75, "slow": 0.25})
    assert raked.effective == pytest.approx(400**2 / (30 * 100 + 30 * 100 / 9))
    assert (raked.unreached, raked.refused) == (0, None)


@pytest.mark.parametrize(
    ("people", "why"),
    [
        ([profile(29, "price"), profile(500, None)], "too_few"),
        ([profile(30, "price"), profile(500, None)], None),
        ([], "too_few"),
        ([profile(50, None)], "too_few"),
        # 11 and 10 of 100 have a version of which nobody spoke.
        ([profile(40, "price"), profile(49, None), profile(11, None, "new")], "unreached"),
        ([profile(40, "price"), profile(50, None), profile(10, None, "new")], None),
        # Of those who spoke all "a" are "x"; of all that left few are.
        (
            [
                profile(30, "price", "a", "x"),
                profile(30, "slow", "b", "y"),
                profile(200, None, "a", "y"),
            ],
            "does_not_converge",
        ),
        # One of 31 stands for nearly everybody.
        (
            [profile(30, "price", "a"), profile(1, "slow", "b"), profile(1000, None, "b")],
            "too_uneven",
        ),
    ],
)
def test_refused_where_weights_tell_nothing(people: list[ProfileGroup], why: str | None) -> None:
    """Too few, too many unreached, contradicting margins, a few who speak for all: no shares."""
    raked = rake(people)
    assert raked.refused == why
    assert bool(raked.shares) is (why is None)


def test_those_nobody_speaks_for_are_left_out_of_the_aim_and_counted() -> None:
    """The weights meet the margins of the others."""
    people = [
        profile(30, "price", "a"),
        profile(30, "slow", "b"),
        profile(60, None, "b"),
        profile(5, None, "c"),
    ]
    raked = rake(people)
    assert raked.unreached == 5
    assert raked.shares == pytest.approx({"price": 30 / 120, "slow": 90 / 120})


def test_weights_are_found_within_seconds() -> None:
    """Forty thousand uninstalls of thousands of different profiles do not hold a report up."""
    random = Random(3)
    people = [
        profile(
            1,
            random.choice(("price", "slow")) if random.random() < 0.2 else None,
            *(str(min(int(random.expovariate(0.7)), size - 1)) for size in (7, 6, 7, 6, 7, 4)),
        )
        for _ in range(40_000)
    ]
    began = time.perf_counter()
    raked = rake(people)
    assert time.perf_counter() - began < 5
    assert raked.refused is None


def test_what_vanishes_does_not_overflow() -> None:
    """Weights that fall towards nothing for ever end as a refusal, not as no number at all."""
    cells: dict[Values, int] = {("a", "x"): 1, ("b", "x"): 1, ("b", "y"): 1}
    assert fit(cells, [{"a": 10**9, "b": 1}, {"x": 1, "y": 10**9}]) is None
