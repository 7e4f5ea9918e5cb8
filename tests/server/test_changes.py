"""What changed since the window before: only what the intervals support."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from exitpoll_server.counts import Span
from exitpoll_server.report.changes import Changes, changes

MONTH = datetime(2026, 5, 1, tzinfo=timezone.utc)


def span(**other: Any) -> Span:
    """Return a window in which 100 left in 100,000 days of use, with this instead."""
    said = {
        "start": MONTH,
        "end": MONTH + timedelta(days=30),
        "installed": 50,
        "uninstalls": 100,
        "answered": 40,
        "active_days": 100_000,
        "reasons": (("price", 20), ("slow", 20)),
        "versions": (),
    }
    return Span(**{**said, **other})


def told(found: Changes) -> list[tuple[str, str | None, bool]]:
    return [(one.kind, one.subject, one.more) for one in found.found]


def test_nothing_changed() -> None:
    """Two windows alike: nothing is told, and it is said that there was enough to see it."""
    assert changes((span(), span())) == Changes((), "none_seen")


def test_no_window_before() -> None:
    """Without a window before nothing can have changed, which is not "nothing changed"."""
    assert changes(None) == Changes((), "no_window_before")


@pytest.mark.parametrize(("now", "before"), [(9, 12), (12, 9), (0, 0)])
def test_too_little_to_see_a_change(now: int, before: int) -> None:
    """Fewer than ten uninstalls in either window: "too little", never "nothing changed"."""
    few = {"answered": 0, "reasons": ()}
    windows = span(uninstalls=now, **few), span(uninstalls=before, **few)
    found = changes(windows)
    assert (found.found, found.nothing) == ((), "too_little")
    assert found.fewest is not None
    assert (found.fewest.numerator, found.fewest.denominator) == (min(now, before), 10)
    assert found.fewest.value is None


def test_a_rate_that_doubled() -> None:
    """Ratio and interval are those of the conditional binomial share by Wilson."""
    found = changes((span(uninstalls=160, answered=64), span(active_days=125_000))).found
    rate = found[0]
    assert (rate.kind, rate.more) == ("rate", True)
    assert (rate.now.value, rate.before.value) == pytest.approx((1.6, 0.8))
    assert rate.difference.value == pytest.approx(2)
    low, high = proportion_confint(160, 260, method="wilson")
    expected = tuple(share / (1 - share) * 1.25 for share in (low, high))
    assert (rate.difference.low, rate.difference.high) == pytest.approx(expected)
    assert len(found) == 1


def test_the_interval_of_a_rate_is_the_score_interval() -> None:
    """Its ends are the rates from which the count is 1.96 standard deviations away."""
    rate = changes((span(uninstalls=200, answered=80), span())).found[0].now
    for end in (rate.low, rate.high):
        assert end is not None
        expected = end * 100
        assert abs(200 - expected) / expected**0.5 == pytest.approx(1.959963984540054)


def test_from_nobody_to_many_is_a_change_without_a_ratio() -> None:
    """Over nobody a ratio has no value and no upper end; the change is told all the same."""
    found = changes((span(uninstalls=20, answered=0, reasons=()), span(uninstalls=0, answered=0)))
    rate = found.found[0]
    assert (rate.difference.value, rate.difference.high, rate.before.low) == (None, None, 0)
    assert (rate.difference.low or 0) > 1
    assert rate.more


def test_from_many_to_nobody_is_a_change() -> None:
    """Though too few left in the second window, that so few did is told."""
    found = changes((span(uninstalls=0, answered=0, reasons=()), span())).found
    (rate,) = found
    assert (rate.difference.value, rate.difference.low, rate.more) == (0, 0, False)
    assert (rate.difference.high or 1) < 1


def test_the_share_that_answers_is_compared_by_newcombe() -> None:
    """40 of 100 before, 70 of 100 now, as statsmodels has it."""
    (one,) = changes((span(answered=70), span())).found
    expected = confint_proportions_2indep(70, 100, 40, 100, method="newcomb", compare="diff")
    assert one.kind == "answering"
    assert one.difference.value == pytest.approx(0.3)
    assert (one.difference.low, one.difference.high) == pytest.approx(expected)
    assert (one.now.definition, one.before.numerator) == ("uninstalls.answered", 40)


def test_a_reason_given_more_and_one_given_less() -> None:
    """The larger difference first, each with its share among those who gave a reason."""
    now = span(reasons=(("price", 60), ("slow", 20), ("bugs", 20)))
    before = span(reasons=(("price", 20), ("slow", 40), ("bugs", 40)))
    assert told(changes((now, before))) == [
        ("reason", "price", True),
        ("reason", "bugs", False),
        ("reason", "slow", False),
    ]


def test_reasons_of_fewer_than_ten_are_not_compared() -> None:
    """Nine answers that all say the same are no change."""
    now = span(reasons=(("price", 9),))
    assert changes((now, span(reasons=(("slow", 90),)))).found == ()


def test_one_of_many_reasons_stands_out_by_chance() -> None:
    """What would be told of the only reason is not told of one among twenty."""
    alone = (span(reasons=(("price", 34), ("x", 66))), span(reasons=(("price", 20), ("x", 80))))
    assert ("reason", "price", True) in told(changes(alone))
    rest = tuple((f"r{at:02}", 4) for at in range(16))
    many = (
        span(reasons=(("price", 34), *rest, ("r16", 2))),
        span(reasons=(("price", 20), *rest, ("r16", 16))),
    )
    assert ("reason", "price", True) not in told(changes(many))


def test_each_version_in_use_in_both_windows_is_compared() -> None:
    """By how many left above the rate before; a new version has nothing to be compared with."""
    now = span(versions=(("2.0", 90, 20_000), (None, 40, 20_000), ("3.0", 50, 100), ("1.0", 9, 9)))
    before = span(versions=((None, 10, 20_000), ("2.0", 20, 20_000), ("1.0", 9, 9), ("0.9", 40, 9)))
    assert told(changes((now, before))) == [("version", "2.0", True), ("version", None, True)]


def test_the_rate_comes_first_and_answering_last() -> None:
    """In order of importance: how many leave, with what, why, how many say so."""
    now = span(
        uninstalls=300, answered=240, reasons=(("price", 200),), versions=(("2", 250, 50_000),)
    )
    before = span(versions=(("2", 50, 50_000),))
    kinds = [one.kind for one in changes((now, before)).found]
    assert kinds == ["rate", "version", "reason", "reason", "answering"]


COUNTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 80), max_size=6)


@given(COUNTS, COUNTS, st.randoms(use_true_random=False))
def test_order_and_grouping_change_nothing(
    now: dict[str, int], before: dict[str, int], random: Random
) -> None:
    """Reasons and versions in another order, or counted in two parts, tell the same."""

    def spans(counted: dict[str, int], *, split: bool) -> Span:
        items = [(name, n) for name, n in counted.items() for _ in range(1 + split)]
        random.shuffle(items)
        double = 1 if split else 2
        return span(
            reasons=tuple((name, n * double) for name, n in items),
            versions=tuple((name, n * double, 5000 * double) for name, n in items),
        )

    whole = changes((spans(now, split=False), spans(before, split=False)))
    parts = changes((spans(now, split=True), spans(before, split=True)))
    assert parts == whole


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 10**6), st.integers(1, 10**6))
def test_what_is_told_is_told_the_other_way_round(x1: int, x0: int, days1: int, days0: int) -> None:
    """Exchanged, the windows tell the opposite change, or none as before."""
    none = {"answered": 0, "reasons": ()}
    one = span(uninstalls=x1, active_days=days1, **none)
    other = span(uninstalls=x0, active_days=days0, **none)
    there, back = changes((one, other)), changes((other, one))
    assert [c.more for c in there.found] == [not c.more for c in back.found]
    assert there.nothing == back.nothing
    for change in there.found:
        low, high = change.difference.low, change.difference.high
        assert (low is not None and low > 1) or (high is not None and high < 1)


def test_chance_alone_seldom_tells_of_a_change() -> None:
    """Of windows that are alike but for chance, few tell of anything in the rate."""
    random = Random(5)
    alarms = 0
    for _ in range(400):
        x1, x0 = (sum(random.random() < 0.01 for _ in range(4000)) for _ in range(2))
        quiet = span(answered=0, reasons=(), active_days=4000)
        found = changes((replace(quiet, uninstalls=x1), replace(quiet, uninstalls=x0))).found
        alarms += bool(found)
    assert alarms <= 32  # 5 % of 400, and two and a half standard deviations
