"""The figures, as pure functions of counts made by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bench import assumptions, loading
from tests.server.handmade import AS_OF, NOBODY_ERASED, counts, group, line, stay

from exitpoll_server import report as reports
from exitpoll_server.counts import Arrivals, DepartureGroup, Reclassified, Span, Stays, Window
from exitpoll_server.report import DoesNotAddUpError, Report
from exitpoll_server.report.comparison import comparison
from exitpoll_server.report.definitions import DEFINITIONS
from exitpoll_server.report.figures import Figure, count, share, unknown, wilson
from exitpoll_server.store import Store


def figures(value: object) -> Iterator[Figure]:
    """Return every figure of a report, wherever it stands."""
    if isinstance(value, Figure):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from figures(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from figures(item)


def steps(report: Report) -> dict[str, int | None]:
    return {step.name: step.of_uninstalls.numerator for step in report.uninstalls.steps}


# -- one figure ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # Newcombe 1998, table I, method 3 (Wilson without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_wilson_agrees_with_published_intervals(k: int, n: int, low: float, high: float) -> None:
    """The interval is Wilson's, as Newcombe prints it to four places."""
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000), st.data())
def test_wilson_holds_the_share_and_stays_a_share(n: int, data: st.DataObject) -> None:
    """0 <= low <= k/n <= high <= 1, mirrored for n - k."""
    k = data.draw(st.integers(0, n))
    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low))


def test_of_nobody_there_is_no_share() -> None:
    """0 of 0 has no value and no interval, and is not 0."""
    assert share(0, 0, "x") == Figure(None, 0, 0, None, None, "x")


def test_a_share_per_hundred_scales_its_interval_too() -> None:
    """3 of 12 per 100 is 25, between 100 times the ends of the share."""
    low, high = wilson(3, 12)
    assert share(3, 12, "x", per=100) == Figure(25.0, 3, 12, 100 * low, 100 * high, "x")


def test_a_count_has_no_denominator_and_the_unknown_nothing_at_all() -> None:
    """What is no share pretends to none; what nobody can know is not 0."""
    assert count(7, "x") == Figure(7, 7, None, None, None, "x")
    assert unknown("x") == Figure(None, None, None, None, None, "x")


# -- section 1 -------------------------------------------------------------------------------

REASON = {"reason": "switched"}
COMMENT = {"reason": "switched", "commented": True}


def test_the_funnel_counts_each_step() -> None:
    """Uninstalled, could be asked, asked, answered, reason, comment, substantive: one by one."""
    comments = (
        line(comment="it is too slow", reason="switched"),
        line(comment="no", reason="switched"),
    )
    made = reports.make(
        counts(
            group(5, not_asked="unattended"),
            group(7),
            group(4, asked=True),
            group(3, answered=True),
            group(6, **REASON),
            group(2, **COMMENT),
            comments=comments,
        )
    )
    assert steps(made) == {
        "uninstalled": 27,
        "could_be_asked": 22,
        "asked": 15,
        "answered": 11,
        "gave_reason": 8,
        "commented": 2,
        "substantive": 1,
    }
    shares = [(s.of_previous.numerator, s.of_previous.denominator) for s in made.uninstalls.steps]
    assert shares == [(27, None), (22, 27), (15, 22), (11, 15), (8, 11), (2, 8), (1, 2)]


def test_a_comment_without_a_reason_stands_beside_the_steps() -> None:
    """It is nested in no reason: counted apart, and with the comments per 100 installations."""
    comments = (line(comment="much too slow for me"),)
    made = reports.make(counts(group(1, commented=True), group(9), comments=comments))
    assert steps(made)["commented"] == 0
    assert made.uninstalls.comment_without_reason.value == 1
    assert made.uninstalls.per_100_installations.numerator == 1
    assert made.uninstalls.per_100_installations.denominator == 110


def test_parts_add_up_and_are_ordered() -> None:
    """Causes by size, channels and moments in their own order, reasons within each moment."""
    made = reports.make(
        counts(
            group(1, not_asked="policy", known_from="link", when="first_hour"),
            group(3, not_asked="no_display", known_from="browser", when="unknown"),
            group(2, known_from="agent", when="later", **REASON),
        )
    ).uninstalls
    assert [(p.name, p.figure.numerator) for p in made.not_asked] == [
        ("no_display", 3),
        ("policy", 1),
    ]
    assert [p.name for p in made.known_from] == ["agent", "browser", "link"]
    assert [m.name for m in made.when] == ["first_hour", "later", "unknown"]
    assert [(p.name, p.figure.numerator) for p in made.when[1].reasons] == [("switched", 2)]
    assert made.when[0].reasons == ()


departure_groups = st.builds(
    group,
    st.integers(1, 50),
    known_from=st.sampled_from(["agent", "both", "browser", "link", "import"]),
    when=st.sampled_from(["never_launched", "first_hour", "in_trial", "later", "unknown"]),
    may_still_answer=st.booleans(),
    reason=st.sampled_from([None, "switched", "other"]),
    commented=st.booleans(),
) | st.builds(
    group, st.integers(1, 50), not_asked=st.sampled_from(["unattended", "policy", "consent"])
)


@given(st.lists(departure_groups, max_size=12))
def test_every_report_is_nested_and_adds_up(groups: list[DepartureGroup]) -> None:
    """No step is larger than the one before; every division sums to its whole."""
    made = reports.make(counts(*groups))
    numbers = [n or 0 for n in steps(made).values()]
    assert numbers == sorted(numbers, reverse=True)
    total = sum(g.n for g in groups)
    first, second = made.uninstalls, made.iceberg
    assert sum(p.figure.numerator or 0 for p in first.known_from) == total
    assert sum(m.figure.numerator or 0 for m in first.when) == total
    assert (second.seen.numerator or 0) == sum(
        f.numerator or 0 for f in (second.active, second.stopped, second.uninstalled)
    )


@pytest.mark.parametrize(
    "impossible",
    [
        {"asked": False, "answered": True},
        {"not_asked": "policy", "asked": True},
        {"answered": False, "reason": "switched"},
    ],
)
def test_what_does_not_add_up_is_not_shown(impossible: dict[str, Any]) -> None:
    """A group that breaks the nesting ends the report instead of appearing in it."""
    with pytest.raises(DoesNotAddUpError, match="does not add up"):
        reports.make(counts(group(1, **impossible)))


def test_more_comments_than_commenters_are_not_shown() -> None:
    """Counts that contradict each other end the report."""
    with pytest.raises(DoesNotAddUpError, match="nested"):
        reports.make(counts(group(3), comments=(line(comment="so slow", reason="other"),)))


# -- section 2 -------------------------------------------------------------------------------


def test_the_iceberg_adds_up() -> None:
    """Seen = active + stopped + uninstalled; uninstalled = answered + left quietly."""
    gone = {"uninstalled": True, "known_from": "agent"}
    made = reports.make(
        counts(
            stays=(
                stay(10, open_days=39),
                stay(20, open_days=40),
                stay(3, open_days=500, **gone),
                stay(2, answered=True, **gone),
            )
        )
    ).iceberg
    levels = {
        name: getattr(made, name).numerator
        for name in ("seen", "active", "stopped", "uninstalled", "answered", "left_quietly")
    }
    assert levels == {
        "seen": 35,
        "active": 10,
        "stopped": 20,
        "uninstalled": 5,
        "answered": 2,
        "left_quietly": 3,
    }
    assert made.stopped.denominator == 35


def test_false_alarms_are_those_who_returned_after_stopping() -> None:
    """Of four that were unused for 40 days, the two that launched again; the tie included."""
    made = reports.make(
        counts(
            stays=(
                stay(1, closed_days=40, open_days=1),
                stay(1, closed_days=90, open_days=60),
                stay(1, open_days=41),
                stay(1, open_days=45, uninstalled=True, known_from="agent"),
                stay(1, closed_days=39, open_days=39),
            )
        )
    ).iceberg.false_alarm
    assert (made.numerator, made.denominator) == (2, 4)


def test_nobody_has_stopped_yet() -> None:
    """Without one stop there is no rate of false alarms, and no threshold to propose."""
    made = reports.make(counts(stays=(stay(5, open_days=3),))).iceberg
    assert made.false_alarm.value is None
    assert made.proposed_threshold == unknown("iceberg.proposed_threshold")


def test_the_smallest_threshold_with_few_enough_false_alarms_is_proposed() -> None:
    """Up to 10 days 4 of 34 return, from 11 days on 3 of 33: 9 %, good enough."""
    made = reports.make(
        counts(stays=(stay(30, open_days=90), stay(1, closed_days=10), stay(3, closed_days=50)))
    ).iceberg.proposed_threshold
    assert (made.value, made.numerator, made.denominator) == (11, 3, 33)


def test_no_threshold_is_proposed_from_a_handful() -> None:
    """Below 30 installations that ever stopped nothing is proposed."""
    made = reports.make(counts(stays=(stay(29, open_days=90),))).iceberg
    assert made.proposed_threshold.value is None


def test_too_early_to_tell_who_stopped() -> None:
    """Before T days have gone by, active and stopped are unknown, and their sum is known."""
    young = Stays(
        groups=(stay(8, open_days=3),),
        known_by_leaving=0,
        censored=0,
        set_aside=0,
        erased=NOBODY_ERASED,
        first_seen=AS_OF - timedelta(days=39),
    )
    made = reports.make(counts(whole_stays=young))
    assert made.iceberg.known_on == AS_OF + timedelta(days=1)
    assert made.iceberg.stopped == unknown("iceberg.stopped")
    assert made.iceberg.still_installed.numerator == 8
    assert [n.what for n in made.not_yet] == ["shares", "stopped"]


@pytest.mark.parametrize(("channel", "reports_"), [("link", False), ("browser", False)])
def test_links_and_browsers_cannot_tell_who_stays(channel: Any, reports_: bool) -> None:  # noqa: FBT001 - a column of the table
    """Where only links tell of uninstalls, no agent reports; one agent is enough."""
    gone = stay(4, uninstalled=True, known_from=channel)
    made = reports.make(counts(group(4, known_from=channel), stays=(gone,)))
    assert made.iceberg.agent_reports is reports_
    assert [p.name for p in made.iceberg.known_from] == [channel]
    both = reports.make(counts(group(4, known_from=channel), stays=(gone, stay(1))))
    assert both.iceberg.agent_reports


# -- the whole -------------------------------------------------------------------------------


@pytest.mark.parametrize(("answers", "small"), [(29, True), (30, False)])
def test_below_thirty_answers_every_line_is_read(answers: int, small: bool) -> None:  # noqa: FBT001 - a column of the table
    """Small numbers open with lines and comments; from 30 answers on shares are shown."""
    made = reports.make(counts(group(answers, **REASON), group(50)))
    assert made.small is small
    assert bool(made.lines) is small
    assert ("shares" in [n.what for n in made.not_yet]) is small


def test_the_day_on_which_all_answers_are_in() -> None:
    """Seven days after the last uninstall of the window; nothing to wait for after that."""
    young = group(2, may_still_answer=True)
    last = line(at=AS_OF - timedelta(days=2))
    made = reports.make(dataclasses.replace(counts(young), lines=(last, line())))
    waiting = {n.what: n.on for n in made.not_yet}
    assert waiting["all_answers"] == AS_OF + timedelta(days=5)
    assert "all_answers" not in {n.what for n in reports.make(counts(group(2))).not_yet}


def test_what_was_reclassified_is_reported() -> None:
    """Withdrawn, upgrades, reinstalls and late answers are said, each with its number."""
    again = Reclassified(withdrawn=1, upgrades=2, reinstalls=3, late_answers=4)
    made = reports.make(dataclasses.replace(counts(group(3)), reclassified=again)).uninstalls
    said = (made.withdrawn, made.upgrades, made.reinstalls, made.late_answers)
    assert [figure.value for figure in said] == [1, 2, 3, 4]


ELSEWHERE = ("themes.", "customers.lifetime_value")
"""Figures that are made by themselves: of comments, and of sales."""


def span(**fields: Any) -> Span:
    return Span(start=AS_OF, end=AS_OF, installed=0, active_days=10_000, versions=(), **fields)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return the report of a simulated product, in which everything occurs."""
    file = tmp_path_factory.mktemp("simulated") / "exitpoll.sqlite3"
    store = Store(f"sqlite:///{file}")
    product = loading.create_product(store)
    store.close()
    loading.fill_sqlite(file, loading.simulated(1, 2_000))
    store = Store(f"sqlite:///{file}")
    window = Window(as_of=assumptions.AS_OF, start=None, end=None)
    made = reports.make(store.counts(product, window, stopped_after_days=40, most_lines=10))
    store.close()
    return made


def test_every_figure_has_a_definition_and_every_definition_a_figure(whole: Report) -> None:
    """A figure's definition can be opened, and none is left over from a figure that is gone."""
    gone = stay(4, uninstalled=True, known_from="link")
    links = (group(4, known_from="link", not_asked="policy"), group(3, **COMMENT))
    before = span(uninstalls=200, answered=20, reasons=(("other", 20),))
    after = span(uninstalls=200, answered=160, reasons=(("other", 60), ("switched", 100)))
    known = counts(*links, stays=(gone, stay(1)), compared=(after, before))
    late = [
        Arrivals(day=AS_OF.date() - timedelta(days=ago), delay=delay, n=50)
        for ago in range(1, 61)
        for delay in (0, 3)
        if delay < ago
    ]
    use = dataclasses.replace(known.activity, arrivals=tuple(late))
    made = reports.make(dataclasses.replace(known, activity=use))
    few = reports.make(
        counts(*links, stays=(gone,), compared=(span(uninstalls=3, answered=0, reasons=()),) * 2)
    )
    beside = comparison(made, few, of_segments=False)
    shown = {one.definition for each in (made, few, whole, beside) for one in figures(each)}
    assert shown == {name for name in DEFINITIONS if not name.startswith(ELSEWHERE)}


def test_definitions_are_sentences() -> None:
    """Each definition begins with a capital and ends with a full stop."""
    for name, definition in DEFINITIONS.items():
        assert definition[0].isupper(), name
        assert definition.endswith("."), name
