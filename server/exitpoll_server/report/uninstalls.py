"""Section 1: uninstalls against comments, the report's first figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import get_args

from exitpoll_server.counts import Counts, DepartureGroup, KnownFrom, When
from exitpoll_server.report.comments import is_substantive
from exitpoll_server.report.figures import Figure, count, share


@dataclass(frozen=True)
class Step:
    """One step of the funnel, of all uninstalls and of the step before."""

    name: str
    of_uninstalls: Figure
    of_previous: Figure


@dataclass(frozen=True)
class Part:
    """One part of a whole that adds up."""

    name: str
    figure: Figure


@dataclass(frozen=True)
class Moment:
    """Those who left at one moment of a product's life, with the reasons that they gave."""

    name: str
    figure: Figure
    reasons: tuple[Part, ...]


@dataclass(frozen=True)
class Uninstalls:
    """How many left, how many could be asked, were asked, spoke, and said something."""

    steps: tuple[Step, ...]
    not_asked: tuple[Part, ...]
    known_from: tuple[Part, ...]
    when: tuple[Moment, ...]
    reasons: tuple[Part, ...]
    may_still_answer: Figure
    comment_without_reason: Figure
    known_by_leaving: Figure
    per_100_installations: Figure
    withdrawn: Figure
    upgrades: Figure
    reinstalls: Figure
    late_answers: Figure


def uninstalls(counts: Counts) -> Uninstalls:
    """Turn grouped departures into the first figure."""
    groups = counts.departures
    total = _sum(groups)
    substantive = [
        line for line in counts.comments if is_substantive(line.comment or "", line.locale)
    ]
    installations = sum(group.n for group in counts.stays.groups) + counts.stays.known_by_leaving
    again = counts.reclassified
    return Uninstalls(
        steps=_steps(groups, sum(line.reason is not None for line in substantive)),
        not_asked=_parts(groups, lambda g: g.not_asked, total, "uninstalls.not_asked"),
        known_from=_parts(
            groups, lambda g: g.known_from, total, "uninstalls.known_from", get_args(KnownFrom)
        ),
        when=_when(groups, total),
        reasons=_reasons(groups),
        may_still_answer=share(
            _sum(groups, lambda g: g.may_still_answer), total, "uninstalls.may_still_answer"
        ),
        comment_without_reason=count(
            _sum(groups, lambda g: g.commented and g.reason is None),
            "uninstalls.comment_without_reason",
        ),
        known_by_leaving=count(
            _sum(groups, lambda g: g.known_by_leaving), "uninstalls.known_by_leaving"
        ),
        per_100_installations=share(
            len(substantive), installations, "uninstalls.per_100_installations", per=100
        ),
        withdrawn=count(again.withdrawn, "uninstalls.withdrawn"),
        upgrades=count(again.upgrades, "uninstalls.upgrades"),
        reinstalls=count(again.reinstalls, "uninstalls.reinstalls"),
        late_answers=count(again.late_answers, "uninstalls.late_answers"),
    )


def _steps(groups: tuple[DepartureGroup, ...], substantive: int) -> tuple[Step, ...]:
    reached = {
        "uninstalled": _sum(groups),
        "could_be_asked": _sum(groups, lambda g: g.not_asked is None),
        "asked": _sum(groups, lambda g: g.asked),
        "answered": _sum(groups, lambda g: g.answered),
        "gave_reason": _sum(groups, lambda g: g.reason is not None),
        "commented": _sum(groups, lambda g: g.commented and g.reason is not None),
        "substantive": substantive,
    }
    total = previous = reached.pop("uninstalled")
    # All of all is no share: nothing about it is uncertain.
    everyone = count(total, "uninstalls.uninstalled")
    steps = [Step("uninstalled", everyone, everyone)]
    for name, n in reached.items():
        definition = f"uninstalls.{name}"
        steps.append(Step(name, share(n, total, definition), share(n, previous, definition)))
        previous = n
    return tuple(steps)


def _when(groups: tuple[DepartureGroup, ...], total: int) -> tuple[Moment, ...]:
    parts = _parts(groups, lambda g: g.when, total, "uninstalls.when", get_args(When))
    return tuple(
        Moment(p.name, p.figure, _reasons([g for g in groups if g.when == p.name])) for p in parts
    )


def _reasons(groups: Iterable[DepartureGroup]) -> tuple[Part, ...]:
    given = [group for group in groups if group.reason is not None]
    return _parts(given, lambda g: g.reason, _sum(given), "uninstalls.reason_given")


def _parts(
    groups: Iterable[DepartureGroup],
    name_of: Callable[[DepartureGroup], str | None],
    total: int,
    definition: str,
    order: tuple[str, ...] = (),
) -> tuple[Part, ...]:
    """Return the parts of a whole that occur: in the given order, or the largest first."""
    sums: dict[str, int] = {}
    for group in groups:
        name = name_of(group)
        if name is not None:
            sums[name] = sums.get(name, 0) + group.n
    names = sorted(sums, key=lambda n: order.index(n) if order else (-sums[n], n))
    return tuple(Part(name, share(sums[name], total, definition)) for name in names)


def _sum(
    groups: Iterable[DepartureGroup], wanted: Callable[[DepartureGroup], bool] = lambda _: True
) -> int:
    return sum(group.n for group in groups if wanted(group))
