"""What there is to count of a few copies, counted plainly: one copy and one day after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.server.copies import Copy, Day, Facts, Hour, Left, Told, label
from tests.server.risk import Outcome, Stay

from exitpoll_server.counts import HealthClass

WEEK = 7 * 24


@dataclass(frozen=True)
class Use:
    """One day of use, as known."""

    heard: Hour
    launches: int
    version: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """A copy as it was known at an hour."""

    copy: Copy
    as_of: Hour
    heard: Hour
    """When anything was heard of it first."""
    days: dict[Day, Use]
    signs: list[Hour]
    """Days of use, each at an hour, and the beginning: ascending."""
    facts: Facts
    """As last told; of who left, as told on leaving."""
    left: Left | None
    """The uninstall, if it stands."""
    upgraded: bool
    reinstalled: bool

    @property
    def gone(self) -> bool:
        return self.left is not None and not self.upgraded

    @property
    def left_at(self) -> Hour:
        assert self.left is not None
        return self.left.at

    @property
    def known_by_leaving(self) -> bool:
        return self.gone and self.copy.only_leaving

    @property
    def censored(self) -> bool:
        return self.copy.withdrew is not None and self.copy.withdrew <= self.as_of

    @property
    def in_curves(self) -> bool:
        return not self.upgraded and not self.known_by_leaving

    @property
    def followed(self) -> bool:
        return self.in_curves and not self.censored

    @property
    def began(self) -> Hour:
        return self.signs[0] if self.signs else self.heard

    @property
    def last(self) -> Hour:
        return self.signs[-1] if self.signs else self.heard

    @property
    def installed(self) -> Hour | None:
        return self.copy.begun if self.copy.install_known and not self.copy.only_leaving else None

    def in_window(self, start: Hour, end: Hour) -> bool:
        return self.gone and start <= self.left_at < end

    # -- what was answered

    def said(self, name: str) -> Any:
        """Return the last answer to a question that was given within the week."""
        if self.left is None:
            return None
        given = [
            getattr(one, name)
            for one in self.left.answers
            if one.at <= min(self.as_of, self.left.at + WEEK)
        ]
        return next((one for one in reversed(given) if one is not None), None)

    @property
    def answered(self) -> bool:
        return any(self.said(name) is not None for name in ("reason", "comment", "score"))

    @property
    def page_open(self) -> bool:
        left = self.left
        return left is not None and left.opened is not None and left.opened <= self.as_of

    @property
    def asked(self) -> bool:
        assert self.left is not None
        return self.left.asked == "installer" or self.page_open

    # -- numbers on leaving

    @property
    def tenure(self) -> float | None:
        """Days."""
        if self.left is None or self.copy.only_leaving:
            return None
        if self.installed is not None:
            return (self.left.at - self.installed) / 24
        if not self.days:
            return None
        first = min(self.days)
        return (self.left.at - min(24 * first + 12, self.days[first].heard, self.left.at)) / 24

    @property
    def launches(self) -> int | None:
        """As they had been told when the uninstall was heard of."""
        if self.copy.only_leaving:
            return 10
        assert self.left is not None
        told = [one for one in self.copy.told if one.at <= self.left.heard]
        rows = _maxima(told)
        return sum(rows.values()) if rows else None


def known(copies: Sequence[Copy], as_of: Hour) -> list[Known]:
    """Return the copies of which anything had been heard."""
    found = []
    for copy in copies:
        told = [one for one in copy.told if one.at <= as_of]
        left = copy.left if copy.left is not None and copy.left.heard <= as_of else None
        withdrew = [] if copy.withdrew is None or copy.withdrew > as_of else [copy.withdrew]
        heard = [*(one.at for one in told), *withdrew, *([left.heard] if left else [])]
        if not heard:
            continue
        stands = left if left is not None and not _came_back(copy, left, as_of) else None
        back = _returned(copy, copies, as_of) if stands else None
        days = _days(copy, told)
        found.append(
            Known(
                copy=copy,
                as_of=as_of,
                heard=min(heard),
                days=days,
                signs=_signs(copy, days, as_of),
                facts=_facts(copy, told, left, stands),
                left=stands,
                upgraded=back is not None and back <= 1,
                reinstalled=back is not None and back > 1,
            )
        )
    return found


def _came_back(copy: Copy, left: Left, as_of: Hour) -> bool:
    return any(left.at < one.at <= as_of for one in copy.told)


def _returned(copy: Copy, copies: Sequence[Copy], as_of: Hour) -> int | None:
    """Return after how many hours another copy took this one's place."""
    assert copy.left is not None
    for other in copies:
        is_its = other.customer is not None and other.customer == copy.customer
        if is_its and other is not copy and other.begun <= as_of:
            return other.begun - copy.left.at
    return None


def _maxima(told: Iterable[Told]) -> dict[tuple[Day, str], int]:
    rows: dict[tuple[Day, str], int] = {}
    for one in told:
        for day, version, n in one.rows:
            rows[day, version] = max(n, rows.get((day, version), 0))
    return rows


def _days(copy: Copy, told: Sequence[Told]) -> dict[Day, Use]:
    """Return the days of use heard of; how often, as known in the end."""
    first: dict[tuple[Day, str], Hour] = {}
    for one in told:
        for day, version, _ in one.rows:
            first.setdefault((day, version), one.at)
    in_the_end = _maxima(copy.told)
    found = {}
    for day in {day for day, _ in first}:
        mine = {version: at for (one, version), at in first.items() if one == day}
        found[day] = Use(
            heard=min(mine.values()),
            launches=sum(in_the_end[day, version] for version in mine),
            version=max(mine, key=lambda version: (mine[version], version)),
        )
    return found


def _signs(copy: Copy, days: dict[Day, Use], as_of: Hour) -> list[Hour]:
    installed = copy.begun if copy.install_known and not copy.only_leaving else None
    signs = [
        max(min(24 * day + 12, use.heard), installed if installed is not None else -1)
        for day, use in days.items()
    ]
    if installed is not None:
        begun = installed
        if copy.origin != "new" and copy.counted_since is not None:
            begun = max(begun, copy.counted_since)
        signs += [begun] if begun <= as_of else []
    return sorted(signs)


def _facts(copy: Copy, told: Sequence[Told], left: Left | None, stands: Left | None) -> Facts:
    """Return what was stated last, of each fact by itself."""
    messages: list[tuple[Hour, int, Facts]] = [(one.at, 0, one.facts) for one in told]
    if left is not None and not copy.only_leaving:
        messages.append((left.at, 1, left.facts))
    if copy.only_leaving:
        assert left is not None
        return dict(left.facts)
    found: dict[str, Any] = {}
    for at, turn, facts in sorted(messages, key=lambda one: one[:2]):
        if stands is None or (at, turn) <= (stands.at, 1):
            found.update({name: value for name, value in facts.items() if value})
    return found


# -- section 4 -----------------------------------------------------------------------------


def stays(
    everyone: Iterable[Known], stopped_after: Hour, *, competing: bool
) -> list[tuple[Known, Stay]]:
    """Return the times under observation of all that are in curves."""
    found = []
    for one in everyone:
        copy = one.copy
        begun = one.installed
        if begun is None and one.signs:
            begun = one.signs[0]
        is_new = copy.origin == "new"
        known_since = is_new or (one.installed is not None and copy.counted_since is not None)
        if not one.in_curves or copy.clock_wrong or begun is None or not known_since:
            continue
        entry = 0
        if not is_new and copy.counted_since is not None:
            entry = max(0, copy.counted_since - begun)
        until = one.left_at if one.gone else one.as_of
        if not one.gone and copy.withdrew is not None:
            until = min(until, copy.withdrew)
        outcome: Outcome = "uninstalled" if one.gone else "censored"
        stop = first_stop(one.signs, until, stopped_after)
        if until < begun or (entry and until - begun <= entry):
            continue  # was never under observation
        if competing and stop is not None and (stop < until or (stop == until and not one.gone)):
            until, outcome = stop, "stopped"
        found.append((one, Stay(entry / 24, (until - begun) / 24, outcome)))
    return found


def first_stop(signs: Sequence[Hour], until: Hour, stopped_after: Hour) -> Hour | None:
    """Return when the copy had first been unused for so long."""
    for sign, following in pairwise([*signs, max([until, *signs])]):
        if following - sign >= stopped_after:
            return sign + stopped_after if sign + stopped_after <= until else None
    return None


# -- section 6 -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """W, G (days) and T (hours)."""

    window: int
    good: int
    stopped_after: Hour


def health(one: Known, at: Hour, rule: Rule) -> HealthClass | None:
    """Return the class at an hour; days that had begun by then count as used."""
    if one.began > at:
        return None
    if one.gone and one.left_at <= at:
        return "uninstalled"
    end = -(-at // 24)
    before = [day for day in one.days if day < end]
    if one.last <= at:
        is_quiet = at - one.last >= rule.stopped_after
    else:
        is_quiet = all(at - (24 * day + 12) >= rule.stopped_after for day in before)
    if is_quiet and at - one.began >= rule.stopped_after:
        return "stopped"
    if at - one.began < 24 * rule.window:
        return "new"
    active = sum(end - rule.window <= day for day in before)
    previous = sum(end - 2 * rule.window <= day < end - rule.window for day in before)
    if active == 0:
        return "poor"
    return "good" if active >= rule.good and active > previous / 2 else "medium"


# -- grouping ------------------------------------------------------------------------------


def tally(everyone: Iterable[Known], key: Callable[[Known], Any]) -> Counter[Any]:
    """Count copies by what is alike in them."""
    return Counter(key(one) for one in everyone)


def day_uses(everyone: Iterable[Known]) -> Iterator[tuple[Known, Day, Use]]:
    """Give every day of use of every copy."""
    for one in everyone:
        for day, use in one.days.items():
            yield one, day, use


def month_of(day: Day) -> tuple[int, int]:
    return label(day).year, label(day).month
