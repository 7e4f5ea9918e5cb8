"""The plain words of a rendered report: labels, and how a figure is said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from exitpoll_server.counts import Departure, Window
from exitpoll_server.languages import translated
from exitpoll_server.questions import EXIT
from exitpoll_server.report import NotYet, Report
from exitpoll_server.report.figures import Figure, count
from exitpoll_server.report.iceberg import MOST_FALSE_ALARMS
from exitpoll_server.report.uninstalls import Part, Uninstalls
from exitpoll_server.speech import N_, _, language, ngettext, num

LEAST_FOR_PERCENT = 10
"""Below this a share is said as "2 of 6": a percentage would claim more than is known."""

MOST_COMMENTS = 50
"""What stands on one page; beyond that comments are looked for, not read through."""

NBSP = "\N{NO-BREAK SPACE}"
"""Keeps a number and its sign on one line."""

STEPS = {
    "uninstalled": N_("Uninstalled"),
    "could_be_asked": N_("Could be asked"),
    "asked": N_("Were asked"),
    "answered": N_("Answered anything"),
    "gave_reason": N_("Chose a reason"),
    "commented": N_("Wrote a comment"),
    "substantive": N_("Wrote something substantive"),
}
NOT_ASKED = {
    "unattended": N_("uninstalled unattended"),
    "no_session": N_("nobody was logged in"),
    "elevated": N_("uninstalled by an administrator"),
    "no_display": N_("no display"),
    "policy": N_("asking was switched off"),
    "consent": N_("no consent to be asked"),
    "ci": N_("uninstalled by a build server"),
}
KNOWN_FROM = {
    "agent": N_("the agent"),
    "both": N_("agent and browser"),
    "browser": N_("the browser only"),
    "link": N_("a plain link only"),
    "import": N_("an import"),
}
WHEN = {
    "never_launched": N_("Never launched it"),
    "first_hour": N_("In the first hour"),
    "first_day": N_("In the first day"),
    "first_week": N_("In the first week"),
    "in_trial": N_("Later in the trial"),
    "trial_end": N_("At the trial's end, ± 3 days"),
    "later": N_("Later"),
    "unknown": N_("Not known"),
}
SEGMENTS = {
    "version": N_("version"),
    "channel": N_("channel"),
    "os": N_("os"),
    "locale": N_("locale"),
    "edition": N_("edition"),
    "source": N_("source"),
}
"""By which a report is narrowed down, beside the product's own attributes."""
WAITING = {
    "shares": N_("Shares of reasons with honest bounds"),
    "stopped": N_("Who merely stopped using it"),
    "all_answers": N_("All answers of those who left last"),
}


_KEPT = (
    "\n\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}"
)
"""Unprintable, and yet needed to write Persian, Hebrew, or an emoji of a family."""


def prose(text: str | None) -> str:
    """Take out of what people typed what a terminal or a browser would obey; lines stay lines."""
    if text and text.isprintable():
        return text
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
        return _("too early")
    if figure.denominator is None:
        return num(figure.numerator)
    if figure.value is None or figure.denominator < LEAST_FOR_PERCENT:
        return out_of(figure.numerator, figure.denominator)
    return percent(figure.value)


def out_of(count: int, whole: int) -> str:
    """Say so many of so many."""
    return _("%(n)s of %(all)s", n=num(count), all=num(whole))


def percent(value: float) -> str:
    """Say a share in percent, exact enough to tell a little from nothing."""
    from_an_end = 100 * min(value, 1 - value)
    decimals = next((d for d in range(3) if from_an_end >= 10**-d), 0 if from_an_end == 0 else 2)
    return _percent(value, decimals)


def _percent(value: float, decimals: int) -> str:
    return f"{num(100 * value, f'.{decimals}f')}{NBSP}%"


def interval(figure: Figure) -> str:
    """Say between what a share lies, or nothing where too few are known."""
    if figure.low is None or figure.high is None or (figure.denominator or 0) < LEAST_FOR_PERCENT:
        return ""
    low, high = percent(figure.low), percent(figure.high)
    for decimals in (1, 2):
        if low == high:
            low, high = _percent(figure.low, decimals), _percent(figure.high, decimals)
    return _("at least %(low)s, at most %(high)s", low=low, high=high)


def day(instant: datetime) -> str:
    """Say a day."""
    return f"{instant:%Y-%m-%d}"


def moment(instant: datetime) -> str:
    """Say an instant, to the minute."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def window(about: Window) -> str:
    """Say which uninstalls a report is about."""
    if about.start is None:
        if about.end is None:
            return _("all uninstalls")
        return _("uninstalls before %(end)s", end=moment(about.end))
    if about.end is None:
        return _("uninstalls since %(start)s", start=moment(about.start))
    return _(
        "uninstalls from %(start)s to %(end)s", start=moment(about.start), end=moment(about.end)
    )


def tenure(days: float | None) -> str:
    """Say how long a copy was installed."""
    if days is None:
        return "–"
    if days < 1 / 24:
        return _("%(n)s min", n=num(max(days, 0) * 24 * 60, ".0f"))
    if days < 1:
        return _("%(n)s h", n=num(days * 24, ".0f"))
    return _("%(n)s d", n=num(days, ".0f"))


def lived(line: Departure) -> str:
    """Say when a copy was uninstalled, after what time and how many launches."""
    when, after = day(line.at), tenure(line.tenure_days)
    if line.launches is None:
        return left(line)
    launches = ngettext("%(num)s launch", "%(num)s launches", line.launches)
    if line.tenure_days is None:
        return _("%(day)s and %(launches)s", day=when, launches=launches)
    return _(
        "%(day)s, after %(tenure)s and %(launches)s", day=when, tenure=after, launches=launches
    )


def left(line: Departure) -> str:
    """Say when a copy was uninstalled, and after what time."""
    if line.tenure_days is None:
        return day(line.at)
    return _("%(day)s, after %(tenure)s", day=day(line.at), tenure=tenure(line.tenure_days))


def reason(reason_id: str | None, labels: Mapping[str, str]) -> str:
    """Say a reason in the survey's own words, of which ours are there in other languages too."""
    return typed(translated(label(reason_id, labels), language()))


def label(reason_id: str | None, labels: Mapping[str, str]) -> str:
    """Return a reason's words as the survey has them; an id that none knows stands for itself."""
    if reason_id is None:
        return ""
    known = EXIT.reason(reason_id)
    return labels.get(reason_id) or (str(known.label) if known else reason_id)


def part(of: Part, labels: Mapping[str, str]) -> str:
    """Say one part of a whole: "3 × no display"."""
    return times(of.figure.numerator or 0, _(labels.get(of.name, of.name)))


def times(n: int, what: str) -> str:
    """Say how many there are of something."""
    return f"{num(n)} × {what}"


def outcome(line: Departure, labels: Mapping[str, str]) -> str:
    """Say in a few words how far the question got with one person."""
    if line.reason is not None:
        return reason(line.reason, labels)
    if line.comment is not None:
        return _("(a comment only)")
    if line.score is not None:
        return _("(score %(score)s)", score=line.score)
    if line.not_asked is not None:
        return f"({_(NOT_ASKED.get(line.not_asked, line.not_asked))})"
    if line.known_from == "import":
        return _("(no answer)")
    seen, unseen = _("(saw the question, said nothing)"), _("(did not see the question)")
    return seen if line.asked else unseen


def not_yet(waiting: NotYet) -> str:
    """Say what more data will tell, and when."""
    what = _(WAITING[waiting.what])
    if waiting.on is not None:
        return _("%(what)s: on %(day)s", what=what, day=day(waiting.on))
    return ngettext(
        "%(what)s: from %(num)s answer on",
        "%(what)s: from %(num)s answers on",
        waiting.at_answers or 0,
        what=what,
    )


def waiting(title: str, until: str) -> str:
    """Say from when on a section will say something."""
    if title.endswith("?"):
        return _("%(question)s %(until)s", question=title, until=until)
    return _("%(title)s: %(until)s", title=title, until=until)


def headline(report: Report) -> str:
    """Say the whole report in one sentence."""
    n = {s.name: s.of_uninstalls.numerator or 0 for s in report.uninstalls.steps}
    if n["uninstalled"] == 0:
        return _nobody(report.window)
    substantive = report.uninstalls.per_100_installations.numerator or 0
    return ngettext(
        "%(num)s person uninstalled; %(asked)s saw the question, %(answered)s answered, "
        "%(substantive)s wrote something to act on.",
        "%(num)s people uninstalled; %(asked)s saw the question, %(answered)s answered, "
        "%(substantive)s wrote something to act on.",
        n["uninstalled"],
        asked=num(n["asked"]),
        answered=num(n["answered"]),
        substantive=num(substantive),
    )


def _nobody(about: Window) -> str:
    if about.start is None and about.end is None:
        return _("Nobody has uninstalled yet, as far as is known here.")
    return _("Nobody uninstalled in this time, as far as is known here.")


def per_100_installations(report: Report) -> str:
    """Say how many substantive comments there are for every 100 installations."""
    figure = report.uninstalls.per_100_installations
    if figure.value is None or (figure.denominator or 0) < LEAST_FOR_PERCENT:
        return _("Substantive comments: %(share)s installations", share=share(figure))
    return _("Substantive comments for every 100 installations: %(n)s", n=num(figure.value, ".1f"))


def active(report: Report) -> str:
    """Name those who still use it."""
    return ngettext(
        "Used in the last %(num)s day", "Used in the last %(num)s days", report.stopped_after_days
    )


def stopped(report: Report) -> str:
    """Name those who merely stopped."""
    return ngettext(
        "Not used for %(num)s day", "Not used for %(num)s days", report.stopped_after_days
    )


def false_alarm(report: Report) -> str:
    """Say how often stopping was no stopping."""
    figure = report.iceberg.false_alarm
    return ngettext(
        "Of %(all)s that were ever unused for %(num)s day, %(n)s launched again",
        "Of %(all)s that were ever unused for %(num)s days, %(n)s launched again",
        report.stopped_after_days,
        all=num(figure.denominator or 0),
        n=num(figure.numerator or 0),
    )


def proposed_threshold(figure: Figure) -> str:
    """Say the threshold at which stopping would nearly always be stopping."""
    return ngettext(
        "At %(num)s day no more than %(share)s would launch again.",
        "At %(num)s days no more than %(share)s would launch again.",
        int(figure.value or 0),
        share=percent(MOST_FALSE_ALARMS),
    )


def not_shown(report: Report) -> str:
    """Say how many uninstalls have no line of their own; nothing where all have."""
    total = report.uninstalls.steps[0].of_uninstalls.numerator or 0
    if len(report.lines) == total:
        return ""
    return _(
        "These are the latest %(shown)s of %(all)s.", shown=num(len(report.lines)), all=num(total)
    )


def about(report: Report) -> str:
    """Say which part of a product, and which uninstalls, a report is about."""
    what, as_of = window(report.window), moment(report.window.as_of)
    if not report.where:
        return _("%(what)s, as known on %(moment)s", what=what, moment=as_of)
    only = ", ".join(f"{_dimension(name)} {value}" for name, value in report.where.items())
    return _(
        "only %(segment)s; %(what)s, as known on %(moment)s",
        segment=typed(only),
        what=what,
        moment=as_of,
    )


def _dimension(name: str) -> str:
    """Name what a report is narrowed down by; a product's own attribute as the product does."""
    return _(SEGMENTS[name]) if name in SEGMENTS else name.removeprefix("attribute:")


def _imported(first: Uninstalls) -> Figure:
    imported = (part.figure for part in first.known_from if part.name == "import")
    return next(imported, count(0, "uninstalls.known_from"))


def notes(report: Report) -> list[tuple[str, Figure | None]]:
    """Say what was counted apart, reclassified or left out, each with its figure."""
    first, second = report.uninstalls, report.iceberg
    sentences = (
        (_imported(first), N_("%(n)s imported: whether they were asked is not known.")),
        (first.may_still_answer, N_("%(n)s left within the last seven days and may still answer.")),
        (first.comment_without_reason, N_("%(n)s wrote a comment without choosing a reason.")),
        (first.known_by_leaving, N_("%(n)s consented to be known by leaving only.")),
        (first.withdrawn, N_("%(n)s withdrawn: launched again, or the person was only updating.")),
        (first.upgrades, N_("%(n)s left out: an upgrade that uninstalled first.")),
        (first.reinstalls, N_("%(n)s came back within 30 days; the uninstall still counts.")),
        (first.late_answers, N_("%(n)s answered later than seven days after leaving.")),
        (second.known_by_leaving, N_("%(n)s left out of the iceberg: known only by leaving.")),
        (second.censored, N_("%(n)s left out of the iceberg: consent withdrawn.")),
        (second.set_aside, N_("%(n)s left out of everything: installations under quarantine.")),
        (second.erased, N_("%(n)s left out of everything: erased at the person's wish.")),
        (second.erased_uninstalled, N_("%(n)s of the erased had uninstalled.")),
        (second.erased_answered, N_("%(n)s of the erased had uninstalled and answered.")),
        (
            second.expired,
            N_("%(n)s left out of everything: let go, their time of keeping being up."),
        ),
        (second.expired_uninstalled, N_("%(n)s of those let go had uninstalled.")),
        (second.expired_answered, N_("%(n)s of those let go had uninstalled and answered.")),
    )
    said: list[tuple[str, Figure | None]] = [
        (_(sentence, n=num(figure.numerator)), figure)
        for figure, sentence in sentences
        if figure.numerator
    ]
    if not second.agent_reports and second.seen.numerator:
        nothing = _("No agent reports here: who stays and who merely stops cannot be seen.")
        said.append((nothing, None))
    return said
