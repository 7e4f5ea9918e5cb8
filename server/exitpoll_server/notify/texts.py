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
        f"{name}, {first} to {last}",
        "",
        *numbers(made),
        *_alarms(made, start),
        *_comments(made),
        *_overdue(overdue),
        "",
        "The report:",
        f"{address}/report?from={first}&to={last}",
        "Which mail you get:",
        f"{address}/notifications",
    ]
    return Text(f"{name}: the week from {first}", "\n".join(lines) + "\n")


def numbers(made: Report) -> list[str]:
    """Say the five numbers, each with its interval."""
    steps = {step.name: step.of_uninstalls for step in made.uninstalls.steps}
    stopped = "too early to say"
    if made.iceberg.known_on is None:
        stopped = share(made.iceberg.stopped)
    return [
        f"Uninstalled: {words.share(steps['uninstalled'])}{_rate(made)}",
        f"Answered anything: {share(steps['answered'])}",
        f"Wrote a comment: {share(steps['commented'])}",
        f"{words.stopped(made)}: {stopped}",
        f"In good health: {share(good(made))}",
    ]


def share(figure: Figure) -> str:
    """Say how many, which share that is, and between what it lies."""
    between = words.interval(figure)
    if not between:
        return words.share(figure)
    return f"{figure.numerator:,} ({words.share(figure)}; {between})"


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
    between = f"at least {figure.low:,.1f}, at most {figure.high:,.1f}"
    return f" ({figure.value:,.1f} for every 1,000 days of use; {between})"


def _alarms(made: Report, start: datetime | None) -> Iterator[str]:
    week = None if start is None else start.date()
    speaking = [one for one in made.alarms if one.alarm and one.week == week]
    if speaking:
        yield from ("", "Alarms")
        yield from (_alarm(one) for one in speaking)


def _alarm(week: VersionWeek) -> str:
    left = week.rate.numerator or 0
    return lost(week.version, left, week.expected.value or 0.0)


def lost(version: str | None, left: int, expected: float) -> str:
    """Say that a version lost more of its users than was to be expected."""
    name = words.typed(version)
    what = f"Version {name}" if name else "Unknown versions"
    return f"{what}: {left:,} uninstalls, where {expected:,.1f} were to be expected."


def substantive(made: Report) -> list[Departure]:
    """Return the comments of the report that say something, the latest first."""
    return [one for one in made.comments if is_substantive(one.comment or "", one.locale)]


def _comments(made: Report) -> Iterator[str]:
    found = substantive(made)
    if not found:
        return
    yield from ("", "New comments")
    for one in found[:MOST_COMMENTS]:
        about = [words.day(one.at), words.typed(one.version)]
        about += [words.reason(one.reason, made.labels)]
        yield from ("", " · ".join(part for part in about if part))
        yield from (f"  {line}" for line in words.prose(one.comment).split("\n"))
    if len(found) > MOST_COMMENTS:
        yield from ("", f"And {len(found) - MOST_COMMENTS:,} more.")


def _overdue(count: int) -> Iterator[str]:
    if count:
        people = "1 person waits" if count == 1 else f"{count:,} people wait"
        yield from ("", f"{people} for an answer longer than they should.")


def reminder(name: str, count: int, address: str) -> Text:
    """Write the mail on letters that were put off and are due again."""
    product = words.typed(name)
    some = "A letter that was" if count == 1 else f"{count:,} letters that were"
    lines = [
        f"{some} put off {'is' if count == 1 else 'are'} to be answered now:",
        f"{address}/inbox",
        "Which mail you get:",
        f"{address}/notifications",
    ]
    return Text(f"{product}: letters to answer", "\n".join(lines) + "\n")


def alarm(name: str, week: date, sentence: str, address: str) -> Text:
    """Write the mail on an alarm."""
    product, last = words.typed(name), week + WEEK - timedelta(days=1)
    lines = [
        f"{product}, week from {week.isoformat()}",
        "",
        sentence,
        "",
        "What left, and why:",
        f"{address}/report?from={week.isoformat()}&to={last.isoformat()}",
        "Which mail you get:",
        f"{address}/notifications",
    ]
    return Text(f"{product}: an alarm", "\n".join(lines) + "\n")
