"""Section 3: reasons, their bounds, their order."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.test_raking import populations, profile

from exitpoll_server.counts import Choice, ProfileGroup
from exitpoll_server.counts import Reasons as Counted
from exitpoll_server.report.definitions.reasons import DEFINITIONS
from exitpoll_server.report.figures import wilson
from exitpoll_server.report.reasons import Reason, Reasons, reasons

SHOWN = ("other", "price", "slow")


def chose(
    n: int,
    reason: str | None,
    position: int | None = None,
    shown: tuple[str, ...] = SHOWN,
) -> Choice:
    return Choice(shown=shown, chosen=reason, position=position, n=n)


def counted(*choices: Choice, profiles: tuple[ProfileGroup, ...] = ()) -> Counted:
    return Counted(choices=choices, profiles=profiles, moments=(), offers=())


def made(*choices: Choice, profiles: tuple[ProfileGroup, ...] = ()) -> Reasons:
    return reasons(counted(*choices, profiles=profiles))


def named(reasons: Reasons, reason: str) -> Reason:
    return next(one for one in reasons.reasons if one.id == reason)


def test_a_share_is_of_those_who_were_shown_it() -> None:
    """A reason that came later, or that nobody chose, is counted over those who could choose it."""
    reasons = made(
        chose(10, "price"),
        chose(30, None),
        chose(5, "new", shown=("new", "price")),
        chose(2, "price", shown=("new", "price")),
    )
    price, new, slow = (named(reasons, one).share for one in ("price", "new", "slow"))
    assert (price.numerator, price.denominator) == (12, 47)
    assert (price.low, price.high) == pytest.approx(wilson(12, 47))
    assert (new.numerator, new.denominator) == (5, 7)
    assert (slow.numerator, slow.denominator) == (0, 40)


def test_whom_the_uninstaller_asked_is_counted_apart() -> None:
    """What it showed is not known: its answers are in no share of those shown a reason."""
    reasons = made(chose(4, "price"), chose(6, "price", shown=()), chose(3, None, shown=()))
    price = named(reasons, "price")
    assert (price.share.numerator, price.share.denominator) == (4, 4)
    assert (price.by_uninstaller.numerator, price.by_uninstaller.denominator) == (6, 9)


def test_a_reason_only_of_the_uninstaller_has_no_share_of_the_page() -> None:
    """Of nobody shown there is no share, and no 0."""
    reasons = made(chose(6, "dear", shown=()))
    assert named(reasons, "dear").share.value is None
    assert named(reasons, "dear").by_uninstaller.value == 1


def test_who_chose_a_reason_was_shown_it() -> None:
    """A page shown again with other reasons makes no share above one."""
    price = named(made(chose(3, "price", shown=("slow",))), "price").share
    assert (price.numerator, price.denominator) == (3, 3)


def test_the_bounds_are_manskis() -> None:
    """Of 100 that left 20 gave a reason, 15 the price: at least 15 %, at most 95 %."""
    reasons = made(profiles=(profile(15, "price"), profile(5, "slow"), profile(80, None)))
    price = named(reasons, "price")
    assert (price.at_least.value, price.at_most.value) == (0.15, 0.95)
    assert (price.at_least.numerator, price.at_most.numerator) == (15, 95)
    assert (price.at_least.denominator, price.at_most.denominator) == (100, 100)
    assert [one.id for one in reasons.reasons] == ["price", "slow"]


@given(
    st.integers(0, 50), st.integers(0, 50), st.integers(0, 200), st.randoms(use_true_random=False)
)
def test_the_bounds_hold_whatever_the_silent_thought(
    price: int, slow: int, quiet: int, random: Random
) -> None:
    """Whatever the reasons of the silent are, the share among all lies in the bounds."""
    everybody = price + slow + quiet
    groups = (profile(price, "price"), profile(slow, "slow"), profile(quiet, None))
    reasons = made(profiles=tuple(group for group in groups if group.n))
    for one in reasons.reasons:
        low, high = one.at_least.value, one.at_most.value
        assert low is not None
        assert high is not None
        gave = {"price": price, "slow": slow}[one.id]
        for more in (0, quiet, random.randint(0, quiet)):
            assert low <= (gave + more) / everybody <= high
        assert low <= (one.given.value or 0) <= high


@given(populations())
def test_the_adjusted_share_lies_in_the_bounds_with_wilsons_interval(
    people: list[ProfileGroup],
) -> None:
    """Adjusted shares add up to one, and their interval is Wilson's with n_eff."""
    reasons = made(profiles=tuple(people))
    if reasons.not_adjusted is not None:
        assert all(one.adjusted.value is None for one in reasons.reasons)
        return
    effective = reasons.effective_answers.value
    assert effective is not None
    assert effective <= (reasons.effective_answers.numerator or 0) + 1e-6
    assert sum(one.adjusted.value or 0 for one in reasons.reasons) == pytest.approx(1)
    for one in reasons.reasons:
        value = one.adjusted.value or 0
        assert (one.adjusted.low, one.adjusted.high) == wilson(value * effective, effective)
        assert (one.adjusted.numerator, one.adjusted.denominator) == (
            one.given.numerator,
            one.given.denominator,
        )


def test_too_few_reasons_are_not_adjusted() -> None:
    """Below 30 the adjusted share is unknown, never 0, and the report says why."""
    reasons = made(profiles=(profile(29, "price"), profile(80, None)))
    assert reasons.not_adjusted == "too_few"
    assert named(reasons, "price").adjusted.value is None
    assert reasons.effective_answers.value is None


# -- order ---------------------------------------------------------------------------------


def test_each_place_is_compared_with_its_chance() -> None:
    """Whoever saw three and chose not the last has one chance in two; of five, one in four."""
    five = ("a", "b", "c", "d", "e")
    order = made(
        chose(30, "slow", 1),
        chose(10, "price", 2),
        chose(99, "other", 3),
        chose(20, "a", 1, five),
        chose(20, "b", 4, five),
    ).order
    first, _, third, fourth = order.positions
    assert (first.chosen.numerator, first.chosen.denominator) == (50, 80)
    assert first.by_chance.value == pytest.approx((40 / 2 + 40 / 4) / 80)
    assert (third.chosen.numerator, third.chosen.denominator) == (0, 40)
    assert (fourth.chosen.numerator, fourth.by_chance.value) == (20, 0.25)


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (20, 9, "too_few"),
        (16, 14, "none_seen"),
        (29, 1, "first_more"),
        (1, 29, "first_less"),
    ],
)
def test_the_order_is_spoken_of_only_where_chance_is_excluded(
    first: int, second: int, verdict: str
) -> None:
    """Below 30 choices, or within what chance does, nothing is said of the order."""
    order = made(chose(first, "slow", 1), chose(second, "slow", 2)).order
    assert order.verdict == verdict


def test_what_is_no_choice_between_places_says_nothing_of_the_order() -> None:
    """Two reasons of which one stands last, no choice, or an unknown place: no order."""
    order = made(
        chose(40, "a", 1, ("a", "b")), chose(9, None), chose(40, "price"), chose(9, "x", shown=())
    ).order
    assert (order.positions, order.verdict) == ((), "too_few")


def test_a_shuffled_order_that_does_nothing_is_fair() -> None:
    """People with fixed tastes, shown orders by chance, choose the places by chance."""
    random = Random(11)
    choices = []
    for _ in range(4000):
        shown = ["a", "b", "c", "d"]
        random.shuffle(shown)
        shown.append("other")
        taste = random.choices(("a", "b", "other"), (6, 1, 3))[0]
        choices.append(chose(1, taste, shown.index(taste) + 1, tuple(sorted(shown))))
    order = made(*choices).order
    assert order.verdict == "none_seen"
    assert [p.by_chance.value for p in order.positions] == pytest.approx([0.25] * 4)


@given(st.lists(st.sampled_from([*(("slow", 1), ("price", 2), (None, None))]), max_size=40))
def test_order_and_grouping_of_choices_change_nothing(
    people: list[tuple[str | None, int | None]],
) -> None:
    """People one by one, in any order, are the same as counted in groups."""
    grouped = [chose(people.count(kind), *kind) for kind in sorted(set(people), key=str)]
    assert made(*(chose(1, *one) for one in people)) == made(*grouped)


def test_every_definition_of_these_sections_is_in_the_documentation() -> None:
    """docs/figures.md has each of them, and none that is not there."""
    text = (Path(__file__).parents[2] / "docs" / "figures.md").read_text("utf-8")
    said = re.findall(r"`((?:reasons|bias|offers|changes)\.[a-z0-9_]+)`", text)
    assert set(said) == set(DEFINITIONS)
