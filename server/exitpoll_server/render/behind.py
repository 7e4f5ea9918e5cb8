"""Who stands behind a count: their lines in the report, or the command that lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from exitpoll_server.counts import Departure
from exitpoll_server.render import commands, words
from exitpoll_server.report import Report
from exitpoll_server.report.comments import is_substantive
from exitpoll_server.report.figures import Figure
from exitpoll_server.report.tenure import TenureBand
from exitpoll_server.report.uninstalls import Moment
from exitpoll_server.speech import N_, _

_HOUR, _WEEK = 1 / 24, 7
"""Days."""
_AROUND = 3
"""The trial's end is so many days before and after it (FIGURES 1, "When they left")."""

Wanted: TypeAlias = Callable[[Departure], bool]


@dataclass(frozen=True)
class Behind:
    """The lines of those who are counted; where not all are at hand, a command."""

    lines: tuple[tuple[int, Departure], ...] = ()
    """Each with its place in the report's lines, from 1 on."""
    command: str | None = None
    options: tuple[str, ...] = ()
    """What of the command narrows the report's uninstalls down."""
    among: str | None = None
    """Which of the command's rows they are; None where it is all of them."""


@dataclass(frozen=True)
class _Rule:
    """Who is counted: as a line tells, as options of the command do, and as its columns do."""

    wanted: Wanted
    options: tuple[str, ...] = ()
    among: str | None = None
    """Marked for the catalogue, or said already where it has a name or a number in it."""


def _answered(line: Departure) -> bool:
    return (line.reason, line.comment, line.score) != (None, None, None)


def _commented(line: Departure) -> bool:
    return line.reason is not None and line.comment is not None


_STEPS = {
    "uninstalled": _Rule(lambda _line: True),
    "could_be_asked": _Rule(lambda line: line.not_asked is None, among=N_("not_asked is empty")),
    "asked": _Rule(lambda line: line.asked, among=N_("asked is true")),
    "answered": _Rule(_answered, ("--answered",)),
    "gave_reason": _Rule(lambda line: line.reason is not None, among=N_("reason is not empty")),
    "commented": _Rule(_commented, among=N_("neither reason nor comment is empty")),
    "substantive": _Rule(
        lambda line: _commented(line) and is_substantive(line.comment or "", line.locale),
        among=N_("reason is not empty, and substantive is true"),
    ),
}


def step(report: Report, name: str, figure: Figure) -> Behind:
    """Return who reached a step of the funnel."""
    return _behind(report, figure, _STEPS[name])


def not_asked(report: Report, cause: str, figure: Figure) -> Behind:
    """Return who could not be asked for one cause."""
    rule = _Rule(
        lambda line: line.not_asked == cause, among=_("not_asked is %(cause)s", cause=cause)
    )
    return _behind(report, figure, rule)


def known_from(report: Report, channel: str, figure: Figure) -> Behind:
    """Return whose uninstall one channel told of."""
    rule = _Rule(
        lambda line: line.known_from == channel,
        among=_("known_from is %(channel)s", channel=channel),
    )
    return _behind(report, figure, rule)


def moment(report: Report, name: str, figure: Figure) -> Behind:
    """Return who left at one moment of the product's life."""
    rule = _Rule(
        lambda line: _when(line, report.trial_days) == name,
        among=N_("launches and tenure_days say so"),
    )
    return _behind(report, figure, rule)


def reason_at(report: Report, at: Moment, reason: str, figure: Figure) -> Behind:
    """Return who left at one moment for one reason."""
    rule = _Rule(
        lambda line: line.reason == reason and _when(line, report.trial_days) == at.name,
        ("--reason", reason),
        N_("launches and tenure_days say so"),
    )
    return _behind(report, figure, rule)


def reason(report: Report, reason_id: str, figure: Figure) -> Behind:
    """Return who gave one reason."""
    rule = _Rule(lambda line: line.reason == reason_id, ("--reason", reason_id))
    return _behind(report, figure, rule)


def band(report: Report, of: TenureBand) -> Behind:
    """Return who left after so many days."""
    among = _("tenure_days is at least %(least)s", least=of.least)
    if of.below is not None:
        among = _(
            "tenure_days is at least %(least)s and below %(below)s", least=of.least, below=of.below
        )
    return _behind(report, of.uninstalls, _Rule(lambda line: _in_band(line, of), among=among))


def unknown_tenure(report: Report, figure: Figure) -> Behind:
    """Return of whom nobody knows how long they had it."""
    return _behind(
        report,
        figure,
        _Rule(lambda line: line.tenure_days is None, among=N_("tenure_days is empty")),
    )


def _in_band(line: Departure, of: TenureBand) -> bool:
    if line.tenure_days is None:
        return False
    days = max(line.tenure_days, 0)
    return days >= of.least and (of.below is None or days < of.below)


def _when(line: Departure, trial_days: int | None) -> str:
    """Tell the moment of a line, as far as it can: under consent `exit` only steps are known."""
    days = line.tenure_days
    if line.launches == 0:
        return "never_launched"
    if days is None:
        return "unknown"
    ends = [("first_hour", days < _HOUR), ("first_day", days < 1), ("first_week", days < _WEEK)]
    if trial_days is not None:
        ends.append(("in_trial", days < trial_days - _AROUND))
        ends.append(("trial_end", days <= trial_days + _AROUND))
    return next((name for name, is_before in ends if is_before), "later")


def _behind(report: Report, figure: Figure, rule: _Rule) -> Behind:
    """Return the lines where they are all there and as many as were counted, else the command."""
    if not figure.numerator:
        return Behind()
    if not words.not_shown(report):
        found = tuple((n, line) for n, line in enumerate(report.lines, 1) if rule.wanted(line))
        if len(found) == figure.numerator:
            return Behind(lines=found)
    command = commands.churn(report, *rule.options)
    among = None if rule.among is None else _(rule.among)
    return Behind(command=command, options=rule.options, among=among)
