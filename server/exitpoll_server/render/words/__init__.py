"""The plain words of a rendered report: labels, and how a figure is said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from exitpoll_server.counts import Departure, Window
from exitpoll_server.questions import EXIT
from exitpoll_server.report import NotYet, Report
from exitpoll_server.report.figures import Figure, count
from exitpoll_server.report.uninstalls import Part, Uninstalls

LEAST_FOR_PERCENT = 10
"""Below this a share is said as "2 of 6": a percentage would claim more than is known."""

MOST_COMMENTS = 50
"""What stands on one page; beyond that comments are looked for, not read through."""

NBSP = "\N{NO-BREAK SPACE}"
"""Keeps a number and its sign on one line."""

STEPS = {
    "uninstalled": "Uninstalled",
    "could_be_asked": "Could be asked",
    "asked": "Were asked",
    "answered": "Answered anything",
    "gave_reason": "Chose a reason",
    "commented": "Wrote a comment",
    "substantive": "Wrote something substantive",
}
NOT_ASKED = {
    "unattended": "uninstalled unattended",
    "no_session": "nobody was logged in",
    "elevated": "uninstalled by an administrator",
    "no_display": "no display",
    "policy": "asking was switched off",
    "consent": "no consent to be asked",
    "ci": "uninstalled by a build server",
}
KNOWN_FROM = {
    "agent": "the agent",
    "both": "agent and browser",
    "browser": "the browser only",
    "link": "a plain link only",
    "import": "an import",
}
WHEN = {
    "never_launched": "Never launched it",
    "first_hour": "In the first hour",
    "first_day": "In the first day",
    "first_week": "In the first week",
    "in_trial": "Later in the trial",
    "trial_end": "At the trial's end, ± 3 days",
    "later": "Later",
    "unknown": "Not known",
}


_KEPT = (
    "\n\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}"
)
"""Unprintable, and yet needed to write Persian, Hebrew, or an emoji of a family."""


def prose(text: str | None) -> str:
    """Take out of what people typed what a terminal or a browser would obey; lines stay lines."""
    return "".join(_harmless(c) for c in "\n".join((text or "").splitlines()))


def typed(text: str | None) -> str:
    """Take the same out of what stands in one line."""
    return " ".join(prose(text).split())


def _harmless(character: str) -> str:
    if character.isprintable() or character in _KEPT:
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def share(figure: Figure) -> str:
    """Say a share: "2 of 6", "33 %", or that it is too early; a count is its number."""
    if figure.numerator is None:
        return "too early"
    if figure.denominator is None:
        return f"{figure.numerator:,}"
    if figure.value is None or figure.denominator < LEAST_FOR_PERCENT:
        return f"{figure.numerator:,} of {figure.denominator:,}"
    return percent(figure.value)


def percent(value: float) -> str:
    """Say a share in percent, exact enough to tell a little from nothing."""
    from_an_end = 100 * min(value, 1 - value)
    decimals = next((d for d in range(3) if from_an_end >= 10**-d), 0 if from_an_end == 0 else 2)
    return _percent(value, decimals)


def _percent(value: float, decimals: int) -> str:
    return f"{100 * value:.{decimals}f}{NBSP}%"


def interval(figure: Figure) -> str:
    """Say between what a share lies, or nothing where too few are known."""
    if figure.low is None or figure.high is None or (figure.denominator or 0) < LEAST_FOR_PERCENT:
        return ""
    low, high = percent(figure.low), percent(figure.high)
    for decimals in (1, 2):
        if low == high:
            low, high = _percent(figure.low, decimals), _percent(figure.high, decimals)
    return f"at least {low}, at most {high}"


def day(instant: datetime) -> str:
    """Say a day."""
    return f"{instant:%Y-%m-%d}"


def moment(instant: datetime) -> str:
    """Say an instant, to the minute."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def window(of: Window) -> str:
    """Say which uninstalls a report is about."""
    if of.start is None and of.end is None:
        return "all uninstalls"
    if of.start is None:
        return f"uninstalls before {moment(of.end)}" if of.end else ""
    if of.end is None:
        return f"uninstalls since {moment(of.start)}"
    return f"uninstalls from {moment(of.start)} to {moment(of.end)}"


def tenure(days: float | None) -> str:
    """Say how long a copy was installed."""
    if days is None:
        return "–"
    if days < 1 / 24:
        return f"{max(days, 0) * 24 * 60:.0f} min"
    if days < 1:
        return f"{days * 24:.0f} h"
    return f"{days:.0f} d"


def reason(reason_id: str | None, labels: Mapping[str, str]) -> str:
    """Say a reason in the survey's own words; an id that no survey knows stands for itself."""
    if reason_id is None:
        return ""
    known = EXIT.reason(reason_id)
    return typed(labels.get(reason_id) or (str(known.label) if known else reason_id))


def part(of: Part, labels: Mapping[str, str]) -> str:
    """Say one part of a whole: "3 × no display"."""
    return f"{of.figure.numerator:,} × {labels.get(of.name, of.name)}"


def outcome(line: Departure, labels: Mapping[str, str]) -> str:
    """Say in a few words how far the question got with one person."""
    if line.reason is not None:
        return reason(line.reason, labels)
    if line.comment is not None:
        return "(a comment only)"
    if line.score is not None:
        return f"(score {line.score})"
    if line.not_asked is not None:
        return f"({NOT_ASKED.get(line.not_asked, line.not_asked)})"
    if line.known_from == "import":
        return "(no answer)"
    return "(saw the question, said nothing)" if line.asked else "(did not see the question)"


def not_yet(waiting: NotYet) -> str:
    """Say what more data will tell, and when."""
    what = {
        "shares": "Shares of reasons with honest bounds",
        "stopped": "Who merely stopped using it",
        "all_answers": "All answers of those who left last",
    }[waiting.what]
    if waiting.on is not None:
        return f"{what}: on {day(waiting.on)}"
    return f"{what}: from {waiting.at_answers} answers on"


def waiting(title: str, until: str) -> str:
    """Say from when on a section will say something."""
    return f"{title} {until}" if title.endswith("?") else f"{title}: {until}"


def headline(report: Report) -> str:
    """Say the whole report in one sentence."""
    n = {s.name: s.of_uninstalls.numerator or 0 for s in report.uninstalls.steps}
    if n["uninstalled"] == 0:
        return _nobody(report.window)
    substantive = report.uninstalls.per_100_installations.numerator or 0
    people = "1 person" if n["uninstalled"] == 1 else f"{n['uninstalled']:,} people"
    return (
        f"{people} uninstalled; {n['asked']:,} saw the question, {n['answered']:,} answered, "
        f"{substantive:,} wrote something to act on."
    )


def _nobody(of: Window) -> str:
    if of.start is None and of.end is None:
        return "Nobody has uninstalled yet, as far as is known here."
    return "Nobody uninstalled in this time, as far as is known here."


def per_100_installations(report: Report) -> str:
    """Say how many substantive comments there are for every 100 installations."""
    figure = report.uninstalls.per_100_installations
    if figure.value is None or (figure.denominator or 0) < LEAST_FOR_PERCENT:
        return f"Substantive comments: {share(figure)} installations"
    return f"Substantive comments for every 100 installations: {figure.value:.1f}"


def active(report: Report) -> str:
    """Name those who still use it."""
    return f"Used in the last {_days(report.stopped_after_days)}"


def stopped(report: Report) -> str:
    """Name those who merely stopped."""
    return f"Not used for {_days(report.stopped_after_days)}"


def false_alarm(report: Report) -> str:
    """Say how often stopping was no stopping."""
    figure = report.iceberg.false_alarm
    return (
        f"Of {figure.denominator:,} that were ever unused for {_days(report.stopped_after_days)}, "
        f"{figure.numerator:,} launched again"
    )


def proposed_threshold(figure: Figure) -> str:
    """Say the threshold at which stopping would nearly always be stopping."""
    return f"At {_days(int(figure.value or 0))} no more than 10{NBSP}% would launch again."


def _days(n: int) -> str:
    return "1 day" if n == 1 else f"{n:,} days"


def not_shown(report: Report) -> str:
    """Say how many uninstalls have no line of their own; nothing where all have."""
    total = report.uninstalls.steps[0].of_uninstalls.numerator or 0
    if len(report.lines) == total:
        return ""
    return f"These are the latest {len(report.lines):,} of {total:,}."


def about(report: Report) -> str:
    """Say which part of a product, and which uninstalls, a report is about."""
    only = [f"{name.removeprefix('attribute:')} {value}" for name, value in report.where.items()]
    segment = f"only {typed(', '.join(only))}; " if only else ""
    return f"{segment}{window(report.window)}, as known on {moment(report.window.as_of)}"


def _imported(first: Uninstalls) -> Figure:
    imported = (part.figure for part in first.known_from if part.name == "import")
    return next(imported, count(0, "uninstalls.known_from"))


def notes(report: Report) -> list[tuple[str, Figure | None]]:
    """Say what was counted apart, reclassified or left out, each with its figure."""
    first, second = report.uninstalls, report.iceberg
    sentences = (
        (_imported(first), "imported: whether they were asked is not known"),
        (first.may_still_answer, "left within the last seven days and may still answer"),
        (first.comment_without_reason, "wrote a comment without choosing a reason"),
        (first.known_by_leaving, "consented to be known by leaving only"),
        (first.withdrawn, "withdrawn: launched again, or the person was only updating"),
        (first.upgrades, "left out: an upgrade that uninstalled first"),
        (first.reinstalls, "came back within 30 days; the uninstall still counts"),
        (first.late_answers, "answered later than seven days after leaving"),
        (second.known_by_leaving, "left out of the iceberg: known only by leaving"),
        (second.censored, "left out of the iceberg: consent withdrawn"),
        (second.set_aside, "left out of everything: installations under quarantine"),
        (second.erased, "left out of everything: erased at the person's wish"),
        (second.erased_uninstalled, "of the erased had uninstalled"),
        (second.erased_answered, "of the erased had uninstalled and answered"),
        (second.expired, "left out of everything: let go, their time of keeping being up"),
        (second.expired_uninstalled, "of those let go had uninstalled"),
        (second.expired_answered, "of those let go had uninstalled and answered"),
    )
    said: list[tuple[str, Figure | None]] = [
        (f"{figure.numerator:,} {text}.", figure) for figure, text in sentences if figure.numerator
    ]
    if not second.agent_reports and second.seen.numerator:
        nothing = "No agent reports here: who stays and who merely stops cannot be seen."
        said.append((nothing, None))
    return said
