"""The agents of simulated lives: what each sends, and when, as real ones do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from tests.bench import assumptions as a
from tests.bench import departures
from tests.bench.counters import counter_uuids
from tests.bench.heard import BROWSER_MS, WAYS
from tests.bench.lives import AGENT, BLOCKED, EXIT, NOBODY, Lives

from exitpoll_agent import wire
from exitpoll_agent.wire import plain
from exitpoll_server.store import Channel
from exitpoll_server.store.instants import DAY_MS, from_ms


@dataclass(frozen=True)
class Delivery:
    """A message on its way."""

    at: int
    """In the server's milliseconds."""
    channel: Channel
    data: object
    """The message as JSON."""
    is_event: bool
    who: int


class Agents:
    """The agents of simulated lives: what each sends, and when, as real ones do."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.people = lives, lives.people
        self.uses: list[list[dict[str, int]]] = [[] for _ in range(len(lives.people))]
        columns = {name: column.tolist() for name, column in vars(lives.uses).items()}
        for values in zip(*columns.values(), strict=True):
            use = dict(zip(columns, values, strict=True))
            self.uses[use["owner"]].append(use)

    @staticmethod
    def counter_id(lives: Lives, who: int, counter: int) -> UUID:
        installation = lives.people.uuid[who]
        [number] = counter_uuids(installation[None], np.array([counter]))
        return UUID(bytes=number.tobytes())

    def all(self) -> list[Delivery]:
        return [sent for who in range(len(self.people)) for sent in self.of(who)]

    def of(self, who: int) -> Iterator[Delivery]:
        reach, left = self.people.reach[who], self.lives.leaving.at[who]
        if reach == AGENT:
            yield from self._all_that_is_sent(who)
        elif left == NOBODY:
            return
        elif reach == BLOCKED:
            yield from self._event(who, "full", seq=1, unsent=[], browser_only=True)
        elif reach == EXIT:
            yield from self._event(
                who, "exit", seq=1, unsent=[], browser_only=self._by_browser(who)
            )
        else:
            yield self._link(who)

    # -- one copy, under full consent

    def _all_that_is_sent(self, who: int) -> Iterator[Delivery]:
        leaving, seqs, unsent = self.lives.leaving, {0: 0, 1: 0}, {0: list[Any](), 1: list[Any]()}
        regrets = leaving.regrets[who] and self._pings(who) > 2
        for (_, counter), uses in self._by_ping(who):
            unsent[counter] += uses
            if not uses[0]["online"]:
                continue
            seqs[counter] += 1
            sent = uses[0]["sent"]
            told = self._told(who, counter, seqs[counter], sent, unsent[counter])
            yield self._delivery(who, sent, "agent", wire.Ping(**told))
            unsent[counter] = []
            if counter == 0 and seqs[0] == 2 and regrets:
                seqs[0] += 1
                yield self._regret(who, seqs[0], sent + 1)
        if leaving.withdrew[who] != NOBODY and self._pings(who):
            told = self._told(who, 0, seqs[0] + 1, int(leaving.withdrew[who]), [])
            told = {**told, "consent": "exit"}
            yield self._delivery(who, int(leaving.withdrew[who]), "agent", wire.Ping(**told))
        elif leaving.at[who] != NOBODY:
            yield from self._event(
                who, "full", seqs[0] + 1, unsent[0], browser_only=self._by_browser(who)
            )

    def _by_ping(self, who: int) -> list[tuple[tuple[int, int], list[dict[str, int]]]]:
        pings: dict[tuple[int, int], list[dict[str, int]]] = {}
        for use in self.uses[who]:
            pings.setdefault((use["sent"], use["counter"]), []).append(use)
        return sorted(pings.items())

    def _pings(self, who: int) -> int:
        return sum(key[1] == 0 and bool(uses[0]["online"]) for key, uses in self._by_ping(who))

    def _told(
        self, who: int, counter: int, seq: int, sent: int, unsent: list[dict[str, int]]
    ) -> dict[str, Any]:
        """Return the envelope of a ping, with the rows that none has brought yet."""
        p = self.people
        mine = [use for use in self.uses[who] if use["counter"] == counter and use["sent"] <= sent]
        versions = [use["version"] for use in self.uses[who] if use["sent"] <= sent]
        is_paid = sent // DAY_MS >= p.bought_day[who]
        origin = list(a.ORIGINS)[p.origin[who]]
        older = int(p.older[who]) if origin == "upgrade" else 0
        return {
            **self._ids(who, counter, seq, sent),
            "consent": "full",
            "version": a.VERSIONS[max([*versions, int(p.version[who])])],
            "channel": list(a.CHANNELS)[p.channel[who]],
            "edition": "paid" if is_paid else "free" if p.free[who] else "trial",
            "source": list(a.SOURCES)[p.source[who]],
            "os": list(a.OSES)[p.os[who]],
            "arch": list(a.ARCHES)[p.arch[who]],
            "locale": list(a.LOCALES)[p.locale[who]],
            "agent": a.AGENT,
            "origin": origin,
            "installed_at": None if origin == "unknown" else at(int(p.began[who]) - older),
            "installed_version": None if origin == "unknown" else a.VERSIONS[p.version[who]],
            "counted_since": at(int(p.began[who])),
            "launches_total": sum(use["launches"] for use in mine),
            "first_launch_day": day(min(use["day"] for use in mine)) if mine else None,
            "last_launch_day": day(max(use["day"] for use in mine)) if mine else None,
            "days": tuple(
                wire.DayCount(
                    day=day(use["day"]),
                    version=a.VERSIONS[use["version"]],
                    launches=use["launches"],
                )
                for use in unsent
            ),
            "milestones": self._milestones(who, unsent),
            "customer": f"customer-{p.customer[who]}" if is_paid else None,
            "attributes": {
                "plan": list(a.PLANS)[p.plan[who]],
                "theme": list(a.THEMES)[p.theme[who]],
            },
        }

    def _ids(self, who: int, counter: int, seq: int, sent: int) -> dict[str, Any]:
        return {
            "installation_id": UUID(bytes=self.people.uuid[who].tobytes()),
            "counter": self.counter_id(self.lives, who, counter),
            "seq": seq,
            "sent_at": at(sent),
        }

    def _milestones(self, who: int, unsent: list[dict[str, int]]) -> dict[str, date]:
        nth = int(self.lives.in_use.milestone[who])
        if nth == NOBODY or nth >= len(self.uses[who]):
            return {}
        reached = self.uses[who][nth]
        return {a.MILESTONE: day(reached["day"])} if reached in unsent else {}

    def _delivery(self, who: int, sent: int, channel: Channel, message: wire.Ping) -> Delivery:
        is_event = isinstance(message, wire.UninstallEvent)
        data: object = plain(message)
        if isinstance(message, wire.UninstallEvent) and channel == "browser":
            data = wire.decode_event(wire.encode_event(message))
        at_server = sent + int(self.people.offset[who])
        return Delivery(at_server, channel, data, is_event, who)

    # -- the end of one

    def _by_browser(self, who: int) -> bool:
        way: str = WAYS[self.lives.leaving.way[who]]
        return way == "browser"

    def _regret(self, who: int, seq: int, sent: int) -> Delivery:
        told = self._told(who, 0, seq, sent, [])
        uninstall = wire.Leaving(
            uninstall_id=UUID(bytes=self.lives.leaving.regret_uuid[who].tobytes()),
            at=at(sent),
            asked="no",
            not_asked="unattended",
            scope="user",
        )
        return self._delivery(who, sent, "agent", wire.UninstallEvent(**told, uninstall=uninstall))

    def _event(
        self, who: int, consent: str, seq: int, unsent: list[dict[str, int]], *, browser_only: bool
    ) -> Iterator[Delivery]:
        leaving, left = self.lives.leaving, int(self.lives.leaving.at[who])
        told = self._told(who, 0, seq, left, unsent)
        way = "browser" if browser_only else WAYS[leaving.way[who]]
        asked, not_asked = departures.ASKED_BY_WAY[way]
        is_exit = consent == "exit"
        hours = (left - int(self.people.began[who])) / 3_600_000
        uninstall: dict[str, Any] = {
            "uninstall_id": UUID(bytes=leaving.uuid[who].tobytes()),
            "at": at(left),
            "context": "remove",
            "asked": asked,
            "not_asked": not_asked,
            "scope": "user",
            "tenure_step": wire.coarse(hours, wire.TENURE_STEPS_HOURS) if is_exit else None,
            "launches_step": wire.coarse(told["launches_total"], wire.LAUNCHES_STEPS)
            if is_exit
            else None,
        }
        told["consent"] = "exit" if is_exit else "full"
        if not browser_only:
            answers = self._in_the_uninstaller(who) if way == "installer" else None
            event = wire.UninstallEvent(
                **told, uninstall=wire.Leaving(**uninstall, answers=answers)
            )
            yield self._delivery(who, left, "agent", event)
        if way in ("page", "browser"):
            bare = wire.UninstallEvent(**told, uninstall=wire.Leaving(**uninstall))
            yield self._delivery(who, left + BROWSER_MS, "browser", bare)

    def _in_the_uninstaller(self, who: int) -> wire.Answers | None:
        if self.lives.leaving.answers[who] >= a.INSTALLER_ANSWERS:
            return None
        reason, comment, score, _ = departures.said_of(self.lives, who)
        return wire.Answers(reason=reason, comment=comment, score=score)

    def _link(self, who: int) -> Delivery:
        p, left = self.people, int(self.lives.leaving.at[who])
        versions = [use["version"] for use in self.uses[who]]
        now = left + int(p.offset[who])
        said = {
            "installation_id": str(UUID(bytes=p.uuid[who].tobytes())),
            "seq": 0,
            "sent_at": wire.format_instant(at(now)),
            "consent": "exit",
            "version": a.VERSIONS[max([*versions, int(p.version[who])])],
            "locale": list(a.LOCALES)[p.locale[who]],
            "uninstall": {
                "uninstall_id": str(UUID(bytes=self.lives.leaving.uuid[who].tobytes())),
                "at": wire.format_instant(at(now)),
                "asked": "page",
            },
        }
        return Delivery(now, "link", said, is_event=True, who=who)


def at(instant: int) -> datetime:
    return from_ms(instant)


def day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
