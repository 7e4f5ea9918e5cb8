"""Health now, what became of each class, and movements, from counts made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st
from tests.server.handmade import NO_USE

from exitpoll_server.counts import DayActivity, HealthClass, HealthGroup
from exitpoll_server.report.figures import share
from exitpoll_server.report.health import Health, health

FIRST = DayActivity(day=date(2026, 11, 1), installed=3, active=3)
LIVING = st.sampled_from(get_args(HealthClass))
GROUPS = st.lists(
    st.builds(
        HealthGroup,
        before=st.none() | LIVING,
        now=LIVING,
        launched_since=st.booleans(),
        uninstalled_since=st.booleans(),
        n=st.integers(1, 40),
    ),
    max_size=20,
)


def group(before: HealthClass | None, now: HealthClass, n: int, what: str = "") -> HealthGroup:
    """Return `n` of these; `what` happened since: "launched", "uninstalled", both or nothing."""
    return HealthGroup(
        before=before,
        now=now,
        launched_since="launched" in what,
        uninstalled_since="uninstalled" in what,
        n=n,
    )


def made(*groups: HealthGroup) -> Health:
    return health(replace(NO_USE, days=(FIRST,), health=groups))


def test_what_became_of_a_class_is_a_share_of_those_who_were_in_it() -> None:
    """Of 20 that were good, 4 were uninstalled, 7 not launched, and 9 in all were lost."""
    found = made(
        group("good", "good", 11, "launched"),
        group("good", "uninstalled", 2, "launched uninstalled"),
        group("good", "uninstalled", 2, "uninstalled"),
        group("good", "poor", 5),
        group("poor", "good", 3, "launched"),
        group(None, "new", 6, "launched"),
    )
    good, poor = sorted(found.afterwards, key=lambda one: one.name)
    assert good.no_launch == share(7, 20, "health.no_launch")
    assert good.uninstalled == share(4, 20, "health.uninstalled_next")
    assert good.lost == share(9, 20, "health.lost")
    assert poor.lost == share(0, 3, "health.lost")


def test_who_had_left_a_window_ago_cannot_be_lost_again() -> None:
    """The uninstalled stand in the movements, and not among those to whom something happened."""
    found = made(group("uninstalled", "uninstalled", 5), group("new", "poor", 1))
    assert [one.name for one in found.afterwards] == ["new"]
    assert [row.before for row in found.movement] == ["uninstalled", "new"]


def test_the_movement_gives_counts_and_shares_of_each_row() -> None:
    """Of 8 medium ones 6 are good now: a row's shares are of that row."""
    found = made(
        group("medium", "good", 6, "launched"),
        group("medium", "medium", 2, "launched"),
        group("poor", "good", 4, "launched"),
    )
    poor, medium = found.movement
    assert (poor.before, medium.before) == ("poor", "medium")
    parts = {part.name: part.figure for part in medium.now}
    assert parts["good"] == share(6, 8, "health.moved")
    assert sum(one.numerator or 0 for one in parts.values()) == medium.total.numerator == 8


def test_a_product_younger_than_a_window_has_no_movement_yet() -> None:
    """Before anybody has been there for a window it is too early, and the day is said."""
    found = made(group(None, "new", 3, "launched"))
    assert found.too_early
    assert found.movement == ()
    assert found.afterwards == ()
    assert found.known_on == FIRST.day + timedelta(days=NO_USE.window_days + 1)
    assert {part.name: part.figure.numerator for part in found.now}["new"] == 3


def test_nobody_seen_is_too_early_without_a_day() -> None:
    """An empty product makes no figure up."""
    found = health(NO_USE)
    assert (found.too_early, found.known_on) == (True, None)
    assert all(part.figure.value is None for part in found.now)


@given(GROUPS, st.randoms())
def test_order_and_splitting_of_groups_change_nothing(
    groups: list[HealthGroup], random: Random
) -> None:
    """Groups of one person each, in any order, make the same health."""
    single = [replace(one, n=1) for one in groups for _ in range(one.n)]
    random.shuffle(single)
    assert made(*single) == made(*groups)


@given(GROUPS)
def test_wholes_equal_their_parts(groups: list[HealthGroup]) -> None:
    """Classes add up to all, rows to their class a window ago, columns to their class now."""
    found = made(*groups)
    assert sum(part.figure.numerator or 0 for part in found.now) == found.seen.numerator
    if found.too_early:
        return
    for row in found.movement:
        assert sum(part.figure.numerator or 0 for part in row.now) == row.total.numerator
    for at, part in enumerate(found.now):
        column = sum(row.now[at].figure.numerator or 0 for row in found.movement)
        assert column == part.figure.numerator
    for one in found.afterwards:
        either, parts = one.lost.numerator or 0, (one.no_launch, one.uninstalled)
        assert (
            max(p.numerator or 0 for p in parts) <= either <= sum(p.numerator or 0 for p in parts)
        )
