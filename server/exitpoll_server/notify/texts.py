"""What the mails say: figures in the words of the report, and whose comments are new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from exitpoll_server.counts import Departure, Window
from exitpoll_server.notify.watching import good
from exitpoll_server.render import words
from exitpoll_server.report import Report
from exitpoll_server.report.alarms import PER, VersionWeek
from exitpoll_server.report.comments import is_substantive
from exitpoll_server.report.figures import Figure, rate
from exitpoll_server.speech import _, ngettext, num

MOST_COMMENTS = 20
"""More than these are read at the console."""

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Text:
    """A mail."""

    subject: str
    text: str


def week_before(monday: datetime, as_of: datetime) -> Window:
    """Return the week that ended with a Monday's midnight, UTC."""
    return Window(as_of=as_of, start=monday - WEEK, end=monday)


def digest(made: Report, *, overdue: int, address: str) -> Text:
    """Write the digest of a week's report; `overdue` answers are mentioned where there are any."""
    name = words.typed(made.product)
    start, end = made.window.start, made.window.end
    last = "" if end is None else words.day(end - timedelta(days=1))
    first = "" if start is None else words.day(start)
    lines = [
        _("%(product)s, %(first)s to %(last)s", product=name, first=first, last=last),
        "",
        *numbers(made),
        *_alarms(made, start),
        *_comments(made),
        *_overdue(overdue),
        "",
        _("The report:"),
        f"{address}/report?from={first}&to={last}",
        _("Which mail you get:"),
        f"{address}/notifications",
    ]
    return Text(
        _("%(product)s: the week from %(first)s", product=name, first=first),
        "\n".join(lines) + "\n",
    )


def numbers(made: Report) -> list[str]:
    """Say the five numbers, each with its interval."""
    steps = {step.name: step.of_uninstalls for step in made.uninstalls.steps}
    stopped = _("too early to say")
    if made.iceberg.known_on is None:
        stopped = share(made.iceberg.stopped)
    return [
        _("Uninstalled: %(n)s", n=words.share(steps["uninstalled"]) + _rate(made)),
        _("Answered anything: %(n)s", n=share(steps["answered"])),
        _("Wrote a comment: %(n)s", n=share(steps["commented"])),
        f"{words.stopped(made)}: {stopped}",
        _("In good health: %(n)s", n=share(good(made))),
    ]


def share(figure: Figure) -> str:
    """Say how many, which share that is, and between what it lies."""
    between = words.interval(figure)
    if not between:
        return words.share(figure)
    return f"{num(figure.numerator or 0)} ({words.share(figure)}; {between})"


def weekly_rate(made: Report) -> Figure:
    """Return the uninstalls of the report's week for every 1,000 days of use, of all versions."""
    week = None if made.window.start is None else made.window.start.date()
    rates = [one.rate for one in made.alarms if one.week == week]
    left = sum(one.numerator or 0 for one in rates)
    return rate(left, sum(one.denominator or 0 for one in rates), "alarms.rate", per=PER)


def _rate(made: Report) -> str:
    figure = weekly_rate(made)
    if figure.value is None or figure.low is None or figure.high is None:
        return ""
    return _(
        " (%(n)s for every 1,000 days of use; at least %(low)s, at most %(high)s)",
        n=num(figure.value, ",.1f"),
        low=num(figure.low, ",.1f"),
        high=num(figure.high, ",.1f"),
    )


def _alarms(made: Report, start: datetime | None) -> Iterator[str]:
    week = None if start is None else start.date()
    found = [one for one in made.alarms if one.alarm and one.week == week]
    if found:
        yield from ("", _("Alarms"))
        yield from (_alarm(one) for one in found)


def _alarm(week: VersionWeek) -> str:
    left = week.rate.numerator or 0
    return lost(week.version, left, week.expected.value or 0.0)


def lost(version: str | None, left: int, expected: float) -> str:
    """Say that a version lost more of its users than was to be expected."""
    name = words.typed(version)
    what = _("Version %(version)s", version=name) if name else _("Unknown versions")
    return _(
        "%(what)s: %(left)s uninstalls, where %(expected)s were to be expected.",
        what=what,
        left=num(left),
        expected=num(expected, ",.1f"),
    )


def substantive(made: Report) -> list[Departure]:
    """Return the comments of the report that say something, the latest first."""
    return [one for one in made.comments if is_substantive(one.comment or "", one.locale)]


def _comments(made: Report) -> Iterator[str]:
    found = substantive(made)
    if not found:
        return
    yield from ("", _("New comments"))
    for one in found[:MOST_COMMENTS]:
        about = [words.day(one.at), words.typed(one.version)]
        about += [words.reason(one.reason, made.labels)]
        yield from ("", " · ".join(part for part in about if part))
        yield from (f"  {line}" for line in words.prose(one.comment).split("\n"))
    if len(found) > MOST_COMMENTS:
        yield from ("", _("And %(n)s more.", n=num(len(found) - MOST_COMMENTS)))


def _overdue(count: int) -> Iterator[str]:
    if count:
        said = ngettext(
            "%(num)s person waits for an answer longer than they should.",
            "%(num)s people wait for an answer longer than they should.",
            count,
        )
        yield from ("", said)


def reminder(name: str, count: int, address: str) -> Text:
    """Write the mail on letters that were put off and are due again."""
    product = words.typed(name)
    lines = [
        ngettext(
            "%(num)s letter that was put off is to be answered now:",
            "%(num)s letters that were put off are to be answered now:",
            count,
        ),
        f"{address}/inbox",
        _("Which mail you get:"),
        f"{address}/notifications",
    ]
    return Text(_("%(product)s: letters to answer", product=product), "\n".join(lines) + "\n")


def alarm(name: str, week: date, sentence: str, address: str) -> Text:
    """Write the mail on an alarm."""
    product, last = words.typed(name), week + WEEK - timedelta(days=1)
    lines = [
        _("%(product)s, week from %(day)s", product=product, day=week.isoformat()),
        "",
        sentence,
        "",
        _("Who left, and why:"),
        f"{address}/report?from={week.isoformat()}&to={last.isoformat()}",
        _("Which mail you get:"),
        f"{address}/notifications",
    ]
    return Text(_("%(product)s: an alarm", product=product), "\n".join(lines) + "\n")
