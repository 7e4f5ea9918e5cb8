"""The sentence at the top: what changed since the window before, as far as intervals say."""

from __future__ import annotations

from exitpoll_server.render import words
from exitpoll_server.report import Report
from exitpoll_server.report.changes import Change
from exitpoll_server.report.figures import Figure

MOST_TOLD = 3
"""More than these nobody keeps in mind; the figures have the rest."""

NOTHING = {
    "no_window_before": "There is no earlier window to compare with yet.",
    "none_seen": "Since the window before nothing changed by more than chance would.",
}


def changed(report: Report) -> list[str]:
    """Say what changed, the most important first."""
    found, fewest = report.changes.found, report.changes.fewest
    if fewest is not None:
        needed = f"{fewest.numerator:,} of {fewest.denominator:,} needed in each window"
        return [f"Too few uninstalls to tell what changed: {needed}."]
    if not found:
        return [NOTHING[report.changes.nothing or "none_seen"]]
    return [_said(change, report) for change in found[:MOST_TOLD]]


def _said(change: Change, report: Report) -> str:
    if change.kind in ("rate", "version"):
        return _rate(change)
    often = "more often" if change.more else "less often"
    now, before = words.share(change.now), words.share(change.before)
    if change.kind == "answering":
        who = "More" if change.more else "Fewer"
        return f"{who} of those who leave answer: {now}, in the window before {before}."
    label = words.reason(change.subject, report.labels)
    return f"“{label}” is given {often}: {now}, in the window before {before}."


def _rate(change: Change) -> str:
    """Say how many times as often people uninstall, all of them or those of a version."""
    what = "People uninstall"
    if change.kind == "version":
        name = words.typed(change.subject)
        what = f"Version {name} is uninstalled" if name else "Unknown versions are uninstalled"
    ratio, now, before = change.difference, change.now.value or 0, change.before.value or 0
    if ratio.value is None:
        return f"{what}: {change.now.numerator:,} times, in the window before not at all."
    return (
        f"{what} {ratio.value:.1f} times as often as in the window before{_between(ratio)}: "
        f"{now:.1f} uninstalls for every 1,000 days of use, before {before:.1f}."
    )


def _between(ratio: Figure) -> str:
    if ratio.low is None or ratio.high is None:
        return ""
    return f" (at least {ratio.low:.1f}, at most {ratio.high:.1f} times)"
