"""The statistics: pure functions from grouped counts to figures. No store, no web, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from exitpoll_server.counts import Counts, Departure, Window
from exitpoll_server.report.alarms import VersionWeek, alarms
from exitpoll_server.report.arriving import Arriving, arriving
from exitpoll_server.report.bias import Bias, bias
from exitpoll_server.report.changes import Changes, changes
from exitpoll_server.report.customers import Regularity, regularity
from exitpoll_server.report.figures import Figure
from exitpoll_server.report.health import Health, health
from exitpoll_server.report.iceberg import Iceberg, iceberg
from exitpoll_server.report.offers import Offers, offers
from exitpoll_server.report.reasons import Reasons, reasons
from exitpoll_server.report.retention import Retention, retention
from exitpoll_server.report.scores import Scores, scores
from exitpoll_server.report.segments import Column, Table, not_adding_up, tables
from exitpoll_server.report.survival import Lifetimes, lifetimes
from exitpoll_server.report.tenure import Tenures, tenures
from exitpoll_server.report.uninstalls import Uninstalls, uninstalls

ENOUGH_ANSWERS = 30
"""Below this many answers the report opens with counts and comments instead of shares."""

MOST_LINES = 200
"""A line an uninstall is read as long as there are a few screens of them."""

ANSWER_DAYS = 7


class DoesNotAddUpError(Exception):
    """The levels of a report do not add up; it must not be shown."""


@dataclass(frozen=True)
class NotYet:
    """Something that more data will tell: on a day, or at a number of answers."""

    what: str
    on: datetime | None
    at_answers: int | None


@dataclass(frozen=True)
class Report:
    """Everything that a rendering shows."""

    product: str
    window: Window
    where: Mapping[str, str]
    """The segment that it is about, by dimension; empty for the whole product."""
    stopped_after_days: int
    trial_days: int | None
    small: bool
    """Fewer than 30 answers: counts, every comment and a line an uninstall come first."""
    changes: Changes
    """Since the window before; only what the intervals support."""
    uninstalls: Uninstalls
    iceberg: Iceberg
    reasons: Reasons
    bias: Bias
    offers: Offers
    tenures: Tenures
    lifetimes: Lifetimes
    retention: Retention
    health: Health
    scores: Scores
    alarms: tuple[VersionWeek, ...]
    arriving: Arriving
    segments: tuple[Table, ...]
    regularity: Regularity
    comments: tuple[Departure, ...]
    lines: tuple[Departure, ...]
    """The latest uninstalls, where numbers are small."""
    not_yet: tuple[NotYet, ...]
    labels: Mapping[str, str]
    """By id, the vendor's own reasons in words."""


def make(counts: Counts) -> Report:
    """Make the report of these counts.

    Raises:
        DoesNotAddUpError: levels that must add up do not.
    """
    first, second, third = uninstalls(counts), iceberg(counts), reasons(counts.reasons)
    _check(counts, first, second, third)
    answered = _numerator(first, "answered")
    small = answered < ENOUGH_ANSWERS
    return Report(
        product=counts.product,
        window=counts.window,
        where=counts.where,
        stopped_after_days=counts.stopped_after_days,
        trial_days=counts.trial_days,
        small=small,
        changes=changes(counts.compared),
        uninstalls=first,
        iceberg=second,
        reasons=third,
        bias=bias(counts.reasons.profiles, counts.reasons.moments),
        offers=offers(counts.reasons.offers),
        tenures=tenures(counts.tenures, first.steps[0].of_uninstalls.numerator or 0),
        lifetimes=lifetimes(counts.survival),
        retention=retention(counts.activity),
        health=health(counts.activity),
        scores=scores(counts.activity),
        alarms=alarms(counts.activity, counts.window.as_of),
        arriving=arriving(counts.activity, counts.window.as_of),
        segments=tables(counts.segments, stopped_known=second.known_on is None),
        regularity=regularity(counts.activity),
        comments=counts.comments,
        lines=counts.lines if small else (),
        not_yet=tuple(_not_yet(counts, second, small=small)),
        labels=counts.labels,
    )


def _numerator(first: Uninstalls, name: str) -> int:
    return next(s.of_uninstalls.numerator or 0 for s in first.steps if s.name == name)


def _not_yet(counts: Counts, second: Iceberg, *, small: bool) -> list[NotYet]:
    waiting: list[NotYet] = []
    if small:
        waiting.append(NotYet("shares", None, ENOUGH_ANSWERS))
    if second.known_on is not None:
        waiting.append(NotYet("stopped", second.known_on, None))
    young = [g for g in counts.departures if g.may_still_answer]
    if young and counts.lines:
        last = max(line.at for line in counts.lines)
        waiting.append(NotYet("all_answers", last + timedelta(days=ANSWER_DAYS), None))
    return waiting


def _check(counts: Counts, first: Uninstalls, second: Iceberg, third: Reasons) -> None:
    total = _numerator(first, "uninstalled")
    steps = [s.of_uninstalls.numerator or 0 for s in first.steps]
    sums = {
        "steps are nested": steps == sorted(steps, reverse=True),
        "not asked + could be asked": _total(p.figure for p in first.not_asked)
        == total - _numerator(first, "could_be_asked"),
        "channels": _total(p.figure for p in first.known_from) == total,
        "moments": _total(m.figure for m in first.when) == total,
        "reasons": _total(p.figure for p in first.reasons) == _numerator(first, "gave_reason"),
        "seen = still installed + uninstalled": second.seen.numerator
        == _total([second.still_installed, second.uninstalled]),
        "still installed = active + stopped": second.known_on is not None
        or second.still_installed.numerator == _total([second.active, second.stopped]),
        "uninstalled = answered + quiet": second.uninstalled.numerator
        == _total([second.answered, second.left_quietly]),
        "reasons = reasons by the moment": _total(one.given for one in third.reasons)
        == _total(part.figure for part in first.reasons),
        "health = not left out of the iceberg": sum(g.n for g in counts.activity.health)
        == second.seen.numerator,
    }
    wrong = [name for name, fits in sums.items() if not fits]
    compared = [group for group in counts.departures if not group.known_by_leaving]
    whole: dict[Column, int] = {
        "uninstalls": sum(group.n for group in compared),
        "answered": sum(group.n for group in compared if group.answered),
    }
    wrong += not_adding_up(counts.segments, whole)
    if wrong:
        raise DoesNotAddUpError(f"the report does not add up ({'; '.join(wrong)})")


def _total(figures: Iterable[Figure]) -> int:
    return sum(figure.numerator or 0 for figure in figures)
