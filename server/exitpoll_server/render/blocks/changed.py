"""The sentence at the top: what changed since the window before, as far as intervals say."""

from __future__ import annotations

from exitpoll_server.render import words
from exitpoll_server.report import Report
from exitpoll_server.report.changes import Change
from exitpoll_server.report.figures import Figure
from exitpoll_server.speech import N_, _, ngettext, num

MOST_TOLD = 3
"""More than these nobody keeps in mind; the figures have the rest."""

NOTHING = {
    "no_window_before": N_("There is no earlier window to compare with yet."),
    "none_seen": N_("Since the window before nothing changed by more than chance would."),
}


ANSWERING = {
    "more": N_("More of those who leave answer: %(now)s, in the window before %(before)s."),
    "fewer": N_("Fewer of those who leave answer: %(now)s, in the window before %(before)s."),
}
GIVEN = {
    "more": N_("“%(reason)s” is given more often: %(now)s, in the window before %(before)s."),
    "fewer": N_("“%(reason)s” is given less often: %(now)s, in the window before %(before)s."),
}
AS_OFTEN = {
    "all": N_(
        "People uninstall %(ratio)s times as often as in the window before%(bounds)s: "
        "%(now)s uninstalls for every 1,000 days of use, before %(before)s."
    ),
    "version": N_(
        "Version %(version)s is uninstalled %(ratio)s times as often as in the window "
        "before%(bounds)s: %(now)s uninstalls for every 1,000 days of use, before %(before)s."
    ),
    "unknown": N_(
        "Unknown versions are uninstalled %(ratio)s times as often as in the window "
        "before%(bounds)s: %(now)s uninstalls for every 1,000 days of use, before %(before)s."
    ),
}


def changed(report: Report) -> list[str]:
    """Say what changed, the most important first."""
    found, fewest = report.changes.found, report.changes.fewest
    if fewest is not None:
        too_few = _(
            "Too few uninstalls to tell what changed: %(n)s of %(needed)s needed in each window.",
            n=num(fewest.numerator or 0),
            needed=num(fewest.denominator or 0),
        )
        return [too_few]
    if not found:
        nothing = report.changes.nothing or "none_seen"
        return [_(NOTHING[nothing])]
    return [_said(change, report) for change in found[:MOST_TOLD]]


def _said(change: Change, report: Report) -> str:
    if change.kind in ("rate", "version"):
        return _rate(change)
    if change.kind == "answering":
        sentence = ANSWERING["more" if change.more else "fewer"]
    else:
        sentence = GIVEN["more" if change.more else "fewer"]
    return _(
        sentence,
        reason=words.reason(change.subject, report.labels),
        now=words.share(change.now),
        before=words.share(change.before),
    )


def _rate(change: Change) -> str:
    """Say how many times as often people uninstall, all of them or those of a version."""
    name = words.typed(change.subject)
    of = "all" if change.kind == "rate" else "version" if name else "unknown"
    ratio, now, before = change.difference, change.now.value or 0, change.before.value or 0
    if ratio.value is None:
        return _for_the_first_time(of, name, change.now.numerator or 0)
    return _(
        AS_OFTEN[of],
        version=name,
        ratio=num(ratio.value, ".1f"),
        bounds=_bounds(ratio),
        now=num(now, ".1f"),
        before=num(before, ".1f"),
    )


def _for_the_first_time(of: str, name: str, n: int) -> str:
    if of == "all":
        return ngettext(
            "People uninstall: %(num)s time, in the window before not at all.",
            "People uninstall: %(num)s times, in the window before not at all.",
            n,
        )
    if of == "unknown":
        return ngettext(
            "Unknown versions are uninstalled: %(num)s time, in the window before not at all.",
            "Unknown versions are uninstalled: %(num)s times, in the window before not at all.",
            n,
        )
    return ngettext(
        "Version %(version)s is uninstalled: %(num)s time, in the window before not at all.",
        "Version %(version)s is uninstalled: %(num)s times, in the window before not at all.",
        n,
        version=name,
    )


def _bounds(ratio: Figure) -> str:
    if ratio.low is None or ratio.high is None:
        return ""
    low, high = num(ratio.low, ".1f"), num(ratio.high, ".1f")
    # In brackets, and so between any two words of a sentence.
    return _(" (at least %(low)s, at most %(high)s times)", low=low, high=high)
