"""Two reports side by side: of two windows, or of two segments that have nobody in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from exitpoll_server.report import Report
from exitpoll_server.report.chances import benjamini_hochberg, difference, same_share_p
from exitpoll_server.report.changes import MOST_FALSE_DISCOVERIES
from exitpoll_server.report.figures import Figure, share

MOST_REASONS = 5
"""The most chosen of both."""

Kind: TypeAlias = Literal["step", "reason", "health", "level"]
"""Of the funnel, a reason given, a class of health, a level of the iceberg."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One share of both."""

    kind: Kind
    name: str
    """Of the step, class or level; the reason's id."""
    here: Figure
    there: Figure
    difference: Figure
    """Here less there; unknown where either has too few."""
    differs: bool
    """By more than chance, and more than so many looks explain."""


@dataclass(frozen=True)
class Comparison:
    """What is compared, in the order of the report."""

    rows: tuple[Compared, ...]
    labels: Mapping[str, str]
    """By id, the vendor's own reasons in words."""


def comparison(here: Report, there: Report, *, of_segments: bool) -> Comparison:
    """Compare two reports whose uninstalls, and for segments whose installations, are others.

    Of two windows only what happened within them is compared: how installations are doing is known
    as of now, and the same in both.
    """
    rows = [*_steps(here, there), *_reasons(here, there)]
    if of_segments:
        rows += [*_levels(here, there), *_health(here, there)]
    return Comparison(tuple(_judged(rows)), {**there.labels, **here.labels})


def _judged(rows: list[Compared]) -> Iterator[Compared]:
    """Say which differ, at a false discovery rate over all that can be compared."""
    known = [row for row in rows if row.difference.value is not None]
    q_values = benjamini_hochberg([_p(row) for row in known])
    fewer = {id(row) for row, q in zip(known, q_values, strict=True) if q < MOST_FALSE_DISCOVERIES}
    for row in rows:
        yield replace(row, differs=id(row) in fewer and _excludes_none(row.difference))


def _p(row: Compared) -> float:
    k1, n1, k2, n2 = _counts(row.here, row.there)
    return same_share_p(k1, n1, k2, n2)


def _excludes_none(figure: Figure) -> bool:
    return (figure.low is not None and figure.low > 0) or (
        figure.high is not None and figure.high < 0
    )


def _counts(here: Figure, there: Figure) -> tuple[int, int, int, int]:
    numbers = (here.numerator, here.denominator, there.numerator, there.denominator)
    k1, n1, k2, n2 = (number or 0 for number in numbers)
    return k1, n1, k2, n2


def _row(kind: Kind, name: str, here: Figure, there: Figure) -> Compared:
    return Compared(
        kind=kind,
        name=name,
        here=here,
        there=there,
        difference=difference(*_counts(here, there), "comparison.difference"),
        differs=False,
    )


def _steps(here: Report, there: Report) -> Iterator[Compared]:
    """Compare each step of the funnel but the first, which is all of them."""
    both = zip(here.uninstalls.steps[1:], there.uninstalls.steps[1:], strict=True)
    for one, other in both:
        yield _row("step", one.name, one.of_uninstalls, other.of_uninstalls)


def _reasons(here: Report, there: Report) -> Iterator[Compared]:
    """Compare the reasons given most, of those who gave one."""
    counted = [
        {p.name: p.figure.numerator or 0 for p in r.uninstalls.reasons} for r in (here, there)
    ]
    names = {name: sum(one.get(name, 0) for one in counted) for one in counted for name in one}
    totals = [sum(one.values()) for one in counted]
    for name in sorted(names, key=lambda name: (-names[name], name))[:MOST_REASONS]:
        figures = (
            share(one.get(name, 0), total, "uninstalls.reason_given")
            for one, total in zip(counted, totals, strict=True)
        )
        yield _row("reason", name, *figures)


def _levels(here: Report, there: Report) -> Iterator[Compared]:
    for name in ("uninstalled", "stopped"):
        one, other = getattr(here.iceberg, name), getattr(there.iceberg, name)
        if one.numerator is not None and other.numerator is not None:
            yield _row("level", name, one, other)


def _health(here: Report, there: Report) -> Iterator[Compared]:
    for one, other in zip(here.health.now, there.health.now, strict=True):
        if one.name in ("good", "poor"):
            yield _row("health", one.name, one.figure, other.figure)
