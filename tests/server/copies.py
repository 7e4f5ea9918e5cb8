"""Copies of a product as hypothesis draws them: how they lived, and the messages that tell of it.

Everything happens on the hour, counted from BEGIN, so that much of it happens at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal, TypeAlias
from uuid import UUID

from hypothesis import strategies as st
from tests.server.messages import arrival, leaving, ping

from exitpoll_agent import wire
from exitpoll_server.questions import EXIT
from exitpoll_server.store import Arrival

BEGIN = datetime(2026, 8, 30, tzinfo=timezone.utc)
"""Midnight, so that day 0 are the hours 0 to 23; days after it another month begins."""
LONGEST_DAYS = 120
WRONG_HOURS = 30
"""By how much a clock is off that is off by over a day."""

Hour: TypeAlias = int
Day: TypeAlias = int
Facts: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Told:
    """A ping: what it says was launched, and what it states."""

    at: Hour
    rows: tuple[tuple[Day, str, int], ...]
    facts: Facts


@dataclass(frozen=True, kw_only=True)
class Answered:
    at: Hour
    reason: str | None
    comment: str | None
    score: int | None


@dataclass(frozen=True, kw_only=True)
class Left:
    """An uninstall, and what came of the survey."""

    at: Hour
    heard: Hour
    facts: Facts
    asked: Literal["installer", "page", "no"] = "no"
    not_asked: str | None = None
    opened: Hour | None = None
    order: tuple[str, ...] = ()
    """Of the reasons on the page, where it opened."""
    answers: tuple[Answered, ...] = ()
    """On the page; each as long after the one before as it is."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One installation."""

    who: int
    begun: Hour
    install_known: bool = True
    origin: Literal["new", "upgrade", "unknown"] = "new"
    counted_since: Hour | None = None
    installed_version: str | None = None
    customer: str | None = None
    told: tuple[Told, ...] = ()
    withdrew: Hour | None = None
    """When the person took back the consent; nothing is heard any more."""
    left: Left | None = None
    only_leaving: bool = False
    """Consent `exit`: nothing is known but the uninstall."""
    clock_wrong: bool = False


def instant(hour: Hour) -> datetime:
    return BEGIN + timedelta(hours=hour)


def label(day: Day) -> date:
    return BEGIN.date() + timedelta(days=day)


# -- drawing -------------------------------------------------------------------------------

VERSIONS = ("1.0", "1.1", "2.0")
SOMETIMES = {
    "channel": (None, "stable"),
    "edition": (None, "trial", "paid"),
    "source": (None, "shop"),
    "locale": (None, "de", "de-AT", "ru_RU"),
    "attributes": ({}, {"plan": "a"}, {"plan": "b", "seats": "2"}),
}
REASONS = tuple(reason.id for reason in EXIT.all_reasons())


def _facts(**more: Any) -> st.SearchStrategy[Facts]:
    return st.fixed_dictionaries(
        {
            "version": st.sampled_from(VERSIONS),
            **{name: st.sampled_from(values) for name, values in SOMETIMES.items()},
            **more,
        }
    )


OS = st.sampled_from([None, "linux", "windows-11"])


@st.composite
def populations(draw: st.DrawFn) -> tuple[Copy, ...]:
    """Draw some copies; of a few that leave, another one takes their place."""
    found: list[Copy] = []
    for _ in range(draw(st.integers(1, 7))):
        copy = draw(_copy(len(found) + 1))
        back_after = draw(st.sampled_from([None, None, 1, 48]))
        if back_after is None or copy.left is None or copy.only_leaving:
            found.append(copy)
            continue
        copy = _of_customer(copy, f"c{copy.who}")
        found.append(copy)
        found.append(draw(_successor(len(found) + 1, copy, back_after)))
    return tuple(found)


def _of_customer(copy: Copy, customer: str) -> Copy:
    """Return the copy as one that can be told to have come back: of a customer and a system."""
    assert copy.left is not None
    same = {"os": "linux"}
    return replace(
        copy,
        customer=customer,
        told=tuple(replace(one, facts={**one.facts, **same}) for one in copy.told),
        left=replace(copy.left, facts={**copy.left.facts, **same}),
    )


@st.composite
def _successor(draw: st.DrawFn, who: int, of: Copy, after: int) -> Copy:
    assert of.left is not None
    begun = of.left.at + after
    facts = {**draw(_facts()), "os": "linux"}
    rows = ((begun // 24, "2.0", 1),)
    told = (Told(at=begun, rows=rows, facts=facts),)
    return Copy(who=who, begun=begun, customer=of.customer, told=told)


@st.composite
def _copy(draw: st.DrawFn, who: int) -> Copy:
    begun = 6 * draw(st.integers(0, 4 * 60))
    if draw(st.integers(0, 9)) == 0:
        return draw(_only_leaving(who, begun))
    origin = draw(st.sampled_from(["new", "new", "new", "upgrade", "unknown"]))
    counted_since = begun + 24 * draw(st.integers(0, 20)) if origin == "upgrade" else None
    copy = Copy(
        who=who,
        begun=begun,
        origin=origin,  # type: ignore[arg-type]
        install_known=draw(st.integers(0, 3)) > 0,
        counted_since=counted_since,
        installed_version=draw(st.sampled_from([None, *VERSIONS])),
        told=draw(_pings(begun if counted_since is None else counted_since)),
        clock_wrong=draw(st.integers(0, 9)) == 0,
    )
    last = copy.told[-1].at if copy.told else max(begun, counted_since or 0)
    fate = draw(st.sampled_from(["stays", "leaves", "leaves", "returns", "withdraws"]))
    if fate == "withdraws":
        return replace(copy, withdrew=last + 6 * draw(st.integers(1, 80)))
    if fate == "stays" and copy.told:
        return copy
    between = copy.told and fate == "returns"
    since = draw(st.sampled_from(copy.told)).at if between else last
    return replace(copy, left=draw(_left(since + 6 * draw(st.integers(0, 100)), OS)))


@st.composite
def _only_leaving(draw: st.DrawFn, who: int, begun: Hour) -> Copy:
    left = draw(_left(begun + 24, OS))
    known = {name: left.facts[name] for name in ("version", "os", "locale")}
    return Copy(who=who, begun=begun, only_leaving=True, left=replace(left, facts=known))


@st.composite
def _pings(draw: st.DrawFn, begun: Hour) -> tuple[Told, ...]:
    """Draw days of use, some of them told only with a later one."""
    hours = sorted(draw(st.sets(st.integers(0, 12 * 40), max_size=7)))
    found: list[Told] = []
    waiting: list[tuple[Day, str, int]] = []
    for hour in hours:
        at = begun + 2 * hour
        waiting.append((at // 24, draw(st.sampled_from(VERSIONS)), draw(st.integers(0, 300))))
        if draw(st.booleans()):
            found.append(Told(at=at, rows=tuple(waiting), facts=draw(_facts(os=OS))))
            waiting = []
    return tuple(found)


@st.composite
def _left(draw: st.DrawFn, at: Hour, os: st.SearchStrategy[str | None]) -> Left:
    heard = at + draw(st.sampled_from([0, 0, 0, 5, 200]))
    left = Left(at=at, heard=heard, facts=draw(_facts(os=os)))
    way = draw(st.sampled_from(["nobody", "installer", "page", "page"]))
    if way == "nobody":
        return replace(left, not_asked=draw(st.sampled_from([None, "unattended"])))
    if way == "installer":
        return replace(left, asked="installer")
    opened = heard + draw(st.sampled_from([0, 1, 30]))
    answers: list[Answered] = []
    for _ in range(draw(st.integers(0, 2))):
        since = answers[-1].at if answers else opened
        answers.append(
            Answered(
                at=since + draw(st.sampled_from([1, 100, 200])),
                reason=draw(st.sampled_from([None, *REASONS[:3]])),
                comment=draw(st.sampled_from([None, "so slow"])),
                score=draw(st.sampled_from([None, 0, 9])),
            )
        )
    return replace(
        left,
        asked="page",
        opened=opened,
        order=tuple(draw(st.permutations(REASONS))),
        answers=tuple(answers),
    )


# -- telling -------------------------------------------------------------------------------


def messages(copy: Copy) -> Iterator[Arrival]:
    """Give everything that is heard of a copy, in the order of its own counter."""
    said: list[tuple[Hour, int, Told | Left | None]] = [(one.at, 0, one) for one in copy.told]
    if copy.left is not None:
        said.append((copy.left.at, 1, copy.left))
    if copy.withdrew is not None:
        said.append((copy.withdrew, 2, None))
    for seq, (at, _, one) in enumerate(sorted(said, key=lambda two: two[:2]), start=1):
        heard = one.heard if isinstance(one, Left) else at
        envelope = _envelope(copy, heard)
        if isinstance(one, Told):
            rows = tuple(
                wire.DayCount(day=label(day), version=version, launches=n)
                for day, version, n in one.rows
            )
            yield arrival(ping(seq, days=rows, **envelope, **one.facts), instant(heard))
        elif isinstance(one, Left):
            yield arrival(
                leaving(seq, uninstall=_how(copy, one), **envelope, **one.facts), instant(heard)
            )
        else:
            yield arrival(ping(seq, **{**envelope, "consent": "none"}), instant(heard))


def _envelope(copy: Copy, at: Hour) -> dict[str, Any]:
    if copy.only_leaving:
        return {
            "installation_id": UUID(int=copy.who),
            "counter": None,
            "consent": "exit",
            "sent_at": instant(at),
        }
    off = WRONG_HOURS if copy.clock_wrong else 0
    return {
        "installation_id": UUID(int=copy.who),
        "counter": UUID(int=copy.who),
        "sent_at": instant(at - off),
        "origin": copy.origin,
        "installed_at": instant(copy.begun - off) if copy.install_known else None,
        "counted_since": None if copy.counted_since is None else instant(copy.counted_since),
        "installed_version": copy.installed_version,
        "customer": copy.customer,
    }


def _how(copy: Copy, left: Left) -> dict[str, Any]:
    off = WRONG_HOURS if copy.clock_wrong else 0
    steps = {"tenure_step": 24, "launches_step": 10} if copy.only_leaving else {}
    return {
        "uninstall_id": UUID(int=copy.who),
        "at": instant(left.at - off),
        "asked": left.asked,
        "not_asked": left.not_asked,
        **steps,
    }
