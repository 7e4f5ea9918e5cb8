"""What changed since the window before, and only what the intervals support."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal, TypeAlias, get_args

from exitpoll_server.counts import Span
from exitpoll_server.report.chances import (
    LEAST_COMPARED,
    benjamini_hochberg,
    chi_square_sf,
    difference,
    same_share_p,
)
from exitpoll_server.report.figures import Z_95, Figure, share, wilson

MOST_FALSE_DISCOVERIES = 0.10
"""q: of the versions, or reasons, that are said to have changed, so many may not have."""

PER = 1000
"""Rates are uninstalls per 1,000 installation-days of use."""

Kind: TypeAlias = Literal["rate", "version", "reason", "answering"]
"""What changed, in order of importance: how many leave, with what, why, how many say so."""

Nothing: TypeAlias = Literal["no_window_before", "too_little", "none_seen"]
"""Why there is no change to tell: the last where there was enough to see one."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One figure that differs from the window before by more than chance."""

    kind: Kind
    subject: str | None
    """The version (None: not known) or the reason's id; None for `rate` and `answering`."""
    now: Figure
    before: Figure
    difference: Figure
    """Of rates the ratio, now to before; of shares the difference, now less before."""
    more: bool
    """More now than before."""


@dataclass(frozen=True)
class Changes:
    """What changed, the most important first."""

    found: tuple[Change, ...]
    nothing: Nothing | None
    """None where anything was found."""
    fewest: Figure | None = None
    """Where it is too little: the uninstalls of the window that has fewer, of those needed."""


def changes(compared: tuple[Span, Span] | None) -> Changes:
    """Compare the window with the one before it, in this order."""
    if compared is None:
        return Changes((), "no_window_before")
    now, before = compared
    found = [
        *_supported([_rate(now, before)]),
        *_supported(_versions(now, before)),
        *_supported(_reasons(now, before)),
        *_supported([_answering(now, before)]),
    ]
    kinds = get_args(Kind)
    found.sort(key=lambda f: (kinds.index(f.change.kind), -f.size, f.change.subject or ""))
    if found:
        return Changes(tuple(one.change for one in found), None)
    fewest = min(now.uninstalls, before.uninstalls)
    if fewest >= LEAST_COMPARED:
        return Changes((), "none_seen")
    needed = Figure(None, fewest, LEAST_COMPARED, None, None, "changes.fewest")
    return Changes((), "too_little", needed)


@dataclass(frozen=True)
class _Comparison:
    change: Change
    none: float
    """What the difference is where nothing changed: 1 of a ratio, 0 of a difference."""
    p: float
    size: float
    """By which changes of one kind are ordered: people, or a share."""


def _supported(compared: Sequence[_Comparison | None]) -> list[_Comparison]:
    """Return those whose interval excludes no change, and that many looks do not explain."""
    there = [one for one in compared if one is not None]
    q_values = benjamini_hochberg([one.p for one in there])
    return [
        one
        for one, q in zip(there, q_values, strict=True)
        if q < MOST_FALSE_DISCOVERIES and _excludes(one.change.difference, one.none)
    ]


def _excludes(figure: Figure, none: float) -> bool:
    above = figure.low is not None and figure.low > none
    return above or (figure.high is not None and figure.high < none)


# -- rates -----------------------------------------------------------------------------------


def _rate(now: Span, before: Span) -> _Comparison | None:
    counted = (now.uninstalls, now.active_days), (before.uninstalls, before.active_days)
    return _rates("rate", None, *counted)


def _versions(now: Span, before: Span) -> list[_Comparison | None]:
    """Compare each version that was in use in both windows; a new one has no before."""
    latest, earlier = _by_version(now), _by_version(before)
    both = sorted(set(latest) & set(earlier), key=lambda v: (v is None, v or ""))
    return [_rates("version", version, latest[version], earlier[version]) for version in both]


def _by_version(span: Span) -> dict[str | None, tuple[int, int]]:
    sums: dict[str | None, tuple[int, int]] = {}
    for version, uninstalls, days in span.versions:
        before = sums.get(version, (0, 0))
        sums[version] = (before[0] + uninstalls, before[1] + days)
    return sums


def _rates(
    kind: Kind, subject: str | None, now: tuple[int, int], before: tuple[int, int]
) -> _Comparison | None:
    """Compare uninstalls over days of use; None where too few left, or nobody used it."""
    (x1, days1), (x0, days0) = now, before
    if x1 + x0 < LEAST_COMPARED or not days1 or not days0:
        return None
    expected = days1 / (days1 + days0)
    deviation = x1 - (x1 + x0) * expected
    change = Change(
        kind=kind,
        subject=subject,
        now=_per_1000(x1, days1),
        before=_per_1000(x0, days0),
        difference=_ratio(x1, days1, x0, days0),
        more=deviation > 0,
    )
    p = chi_square_sf(deviation**2 / ((x1 + x0) * expected * (1 - expected)), 1)
    return _Comparison(change, 1.0, p, abs(x1 - x0 * days1 / days0))


def _per_1000(x: int, days: int) -> Figure:
    """Return a rate with the score interval of a Poisson count, the like of Wilson's of a share."""
    centre, half = x + Z_95**2 / 2, Z_95 * sqrt(x + Z_95**2 / 4)
    # Rounding may leave the least bit of nobody.
    low = 0.0 if x == 0 else PER * (centre - half) / days
    return Figure(PER * x / days, x, days, low, PER * (centre + half) / days, "changes.rate")


def _ratio(x1: int, days1: int, x0: int, days0: int) -> Figure:
    """Return the ratio of two Poisson rates, each uninstalls over days of use.

    Given x1 + x0, x1 is binomial with the share r * days1 / (r * days1 + days0) at the ratio r;
    the interval is Wilson's of that share. Over nobody a ratio has neither value nor upper end.
    """
    low, high = wilson(x1, x1 + x0)
    odds = days0 / days1
    return Figure(
        x1 / x0 * odds if x0 else None,
        x1,
        x1 + x0,
        low / (1 - low) * odds,
        high / (1 - high) * odds if x0 else None,
        "changes.ratio",
    )


# -- shares ----------------------------------------------------------------------------------


def _answering(now: Span, before: Span) -> _Comparison | None:
    counted = (now.answered, now.uninstalls), (before.answered, before.uninstalls)
    return _shares("answering", None, *counted, "uninstalls.answered")


def _reasons(now: Span, before: Span) -> list[_Comparison | None]:
    latest, earlier = _sums(now.reasons), _sums(before.reasons)
    n1, n0 = sum(latest.values()), sum(earlier.values())
    return [
        _shares(
            "reason",
            reason,
            (latest.get(reason, 0), n1),
            (earlier.get(reason, 0), n0),
            "uninstalls.reason_given",
        )
        for reason in sorted(set(latest) | set(earlier))
    ]


def _sums(counted: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, n in counted:
        sums[name] = sums.get(name, 0) + n
    return sums


def _shares(
    kind: Kind,
    subject: str | None,
    now: tuple[int, int],
    before: tuple[int, int],
    definition: str,
) -> _Comparison | None:
    """Compare two shares; None where either is of too few."""
    (k1, n1), (k0, n0) = now, before
    figure = difference(k1, n1, k0, n0, "changes.difference")
    if figure.value is None:
        return None
    change = Change(
        kind=kind,
        subject=subject,
        now=share(k1, n1, definition),
        before=share(k0, n0, definition),
        difference=figure,
        more=figure.value > 0,
    )
    return _Comparison(change, 0.0, same_share_p(k1, n1, k0, n0), abs(figure.value))
