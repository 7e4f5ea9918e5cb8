"""Section 3: why they left, as shares of those who were asked, with bounds for all the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from exitpoll_server.counts import Choice, ProfileGroup
from exitpoll_server.counts import Reasons as Counted
from exitpoll_server.report.figures import Figure, share, unknown, wilson
from exitpoll_server.report.raking import NotAdjusted, Raking, rake

LEAST_CHOICES = 30
"""Fewer choices tell nothing of the order in which the reasons stood."""

OrderVerdict: TypeAlias = Literal["too_few", "none_seen", "first_more", "first_less"]
"""Whether the reason that stands first is chosen more, or less, often than by chance."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason: how many chose it, of whom, and what that says of everybody who left."""

    id: str
    share: Figure
    """Of those whom the survey's page showed it."""
    by_uninstaller: Figure
    """Of those whom the uninstaller asked itself; what it showed them is not known."""
    given: Figure
    """Of those who gave any reason: beside `adjusted`, which weights these."""
    adjusted: Figure
    """Adjusted for known differences; unknown where refused (`Reasons.not_adjusted`)."""
    at_least: Figure
    """Of all uninstalls, if none of the silent left for this reason."""
    at_most: Figure
    """Of all uninstalls, if all of the silent left for this reason."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """How many chose the reason that stood at one place, and how many would by chance."""

    place: int
    """1 for the first."""
    chosen: Figure
    by_chance: Figure


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the order of the reasons did, other than the one that stands last for everybody."""

    positions: tuple[Position, ...]
    verdict: OrderVerdict
    """Of the first place only: with every place looked at, some would stand out by chance."""


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """Why they left."""

    reasons: tuple[Reason, ...]
    """The most given first."""
    not_adjusted: NotAdjusted | None
    """Why there are no adjusted shares."""
    effective_answers: Figure
    unreached: Figure
    order: Order


def reasons(counted: Counted) -> Reasons:
    """Turn what was shown and chosen into shares, bounds and adjusted shares."""
    raking = rake(counted.profiles)
    given, everybody = _given(counted.profiles), sum(p.n for p in counted.profiles)
    n = sum(given.values())
    shown = {reason for choice in counted.choices for reason in choice.shown}
    chosen = {choice.chosen for choice in counted.choices if choice.chosen is not None}
    names = sorted(shown | chosen | set(given), key=lambda r: (-given.get(r, 0), r))
    return Reasons(
        reasons=tuple(
            _reason(name, counted.choices, (given.get(name, 0), n, everybody), raking)
            for name in names
        ),
        not_adjusted=raking.refused,
        effective_answers=Figure(
            raking.effective, n, everybody, None, None, "reasons.effective_answers"
        ),
        unreached=share(raking.unreached, everybody, "reasons.unreached"),
        order=_order(counted.choices),
    )


def _given(profiles: Iterable[ProfileGroup]) -> dict[str, int]:
    given: dict[str, int] = {}
    for profile in profiles:
        if profile.reason is not None:
            given[profile.reason] = given.get(profile.reason, 0) + profile.n
    return given


def _reason(
    name: str, choices: Sequence[Choice], sizes: tuple[int, int, int], raking: Raking
) -> Reason:
    y, n, everybody = sizes
    # Whoever chose it was shown it, though a later page showed others.
    page = [c for c in choices if c.shown and (name in c.shown or name == c.chosen)]
    uninstaller = [c for c in choices if not c.shown]
    return Reason(
        id=name,
        share=_chosen_of(name, page, "reasons.share"),
        by_uninstaller=_chosen_of(name, uninstaller, "reasons.by_uninstaller"),
        given=share(y, n, "uninstalls.reason_given"),
        adjusted=_adjusted(raking, name, y, n),
        at_least=_bound(y, everybody, "reasons.at_least"),
        at_most=_bound(y + everybody - n, everybody, "reasons.at_most"),
    )


def _chosen_of(name: str, choices: Sequence[Choice], definition: str) -> Figure:
    chose = sum(choice.n for choice in choices if choice.chosen == name)
    return share(chose, sum(choice.n for choice in choices), definition)


def _bound(k: int, everybody: int, definition: str) -> Figure:
    """Return a bound of Manski's: it holds of these very people, and has no interval itself.

    C. F. Manski, "Nonparametric bounds on treatment effects", 1990: [y/N, (y + N - n)/N].
    """
    return Figure(k / everybody if everybody else None, k, everybody, None, None, definition)


def _adjusted(raking: Raking, name: str, y: int, n: int) -> Figure:
    definition = "reasons.adjusted"
    if raking.refused is not None or raking.effective is None:
        return unknown(definition)
    weighted = raking.shares.get(name, 0.0)
    low, high = wilson(weighted * raking.effective, raking.effective)
    return Figure(weighted, y, n, low, high, definition)


# -- the order's own effect ------------------------------------------------------------------


def _order(choices: Iterable[Choice]) -> Order:
    """Compare the places of the chosen reasons with chance.

    Orders are shuffled, but a survey may keep one reason last for everybody. Those who chose any
    of the m - 1 that stood before the last chose each place with the same chance, 1 / (m - 1),
    whether or not theirs was such a survey.
    """
    placed = [(c.position, len(c.shown) - 1, c.n) for c in choices if c.position is not None]
    fair = [(place, places, n) for place, places, n in placed if place <= places and places > 1]
    longest = max((places for _, places, _ in fair), default=0)
    positions = tuple(_position(place, fair) for place in range(1, longest + 1))
    return Order(positions=positions, verdict=_verdict(positions))


def _position(place: int, fair: Iterable[tuple[int, int, int]]) -> Position:
    there = [one for one in fair if one[1] >= place]
    total = sum(n for _, _, n in there)
    expected = sum(n / places for _, places, n in sorted(there))
    return Position(
        place=place,
        chosen=share(sum(n for at, _, n in there if at == place), total, "reasons.position"),
        by_chance=Figure(expected / total, None, total, None, None, "reasons.position_by_chance"),
    )


def _verdict(positions: Sequence[Position]) -> OrderVerdict:
    if not positions or (positions[0].chosen.denominator or 0) < LEAST_CHOICES:
        return "too_few"
    chosen, chance = positions[0].chosen, positions[0].by_chance.value
    if chance is None or chosen.low is None or chosen.high is None:
        return "too_few"
    if chosen.low > chance:
        return "first_more"
    return "first_less" if chosen.high < chance else "none_seen"
