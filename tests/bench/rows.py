"""The store's rows of what was heard of simulated lives.

Exactly what the merge leaves when the same lives are sent to it message by message; that is what
`tests/server/test_simulator.py` proves. Only the numbers of rows may differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from tests.bench import assumptions as a
from tests.bench import departures
from tests.bench.heard import EVENT, PING, WITHDRAWAL, Facts, Hearing
from tests.bench.simulator import AGENT, BLOCKED, EXIT, LINK_ONLY, NOBODY, Array, Lives

from exitpoll_server.store.instants import CLOCK_TOLERANCE_MS, DAY_MS, NOON_MS

Columns: TypeAlias = "dict[str, Sequence[object] | Array]"
Tables: TypeAlias = dict[str, Columns]

PRODUCT = 1
ASKED_IN_USE_MS, SCORED_IN_USE_MS = 60_000, 75_000
"""How long after the ping of their second day people are asked, and answer."""


@dataclass
class Numbers:
    """How many rows of each table there are already; and when each version was first heard of."""

    installations: int = 0
    counters: int = 0
    uninstalls: int = 0
    showings: int = 0
    versions: tuple[int | None, ...] = (None,) * len(a.VERSIONS)


def tables(lives: Lives, numbers: Numbers) -> Tables:
    """Return the rows of everything heard of some lives; `numbers` counts on."""
    heard = Hearing(lives)
    ids = numbers.installations + np.cumsum(heard.heard)
    counters = _Counters(heard, numbers)
    found: Tables = {
        "installations": _installations(heard, ids),
        "history": _history(heard, ids, counters),
        "counters": counters.columns(ids),
        "launches": _launches(heard, ids, counters),
        "milestones": _milestones(heard, ids),
        "feedback": _feedback(heard),
    }
    departures.add(found, heard, ids, counters.last_id, numbers)
    numbers.installations += int(heard.heard.sum())
    _note_versions(heard, numbers)
    return found


# -- how columns are written ---------------------------------------------------------------


def optional(values: Array, known: Array) -> list[object]:
    """Return values, None where they are not known."""
    listed: list[object] = np.where(known, values.astype(object), None).tolist()
    return listed


def names(of: Iterable[str], numbers: Array, known: Array | None = None) -> list[object]:
    """Return names by their numbers, None where they are not known."""
    texts = np.array(list(of), dtype=object)[numbers]
    listed: list[object] = (texts if known is None else np.where(known, texts, None)).tolist()
    return listed


def listed(column: Sequence[object] | Array) -> list[object]:
    """Return a column as the drivers take it."""
    return column.tolist() if isinstance(column, np.ndarray) else list(column)


def joined(*columns: Sequence[object] | Array) -> list[object]:
    """Return columns one after the other."""
    return [value for column in columns for value in listed(column)]


def hexes(uuids: Array) -> list[str]:
    """Return ids as SQLite has them, and as PostgreSQL takes them."""
    digits = uuids.tobytes().hex()
    return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def as_read(label: Array, offset: Array, offset_known: Array, received: Array) -> Array:
    """Do what `instants.as_read` does."""
    off = offset_known & (np.abs(offset) > CLOCK_TOLERANCE_MS)
    return np.minimum(np.maximum(label + np.where(off, offset, 0), 0), received)


_ATTRIBUTES = [json.dumps({"plan": p, "theme": t}) for p in a.PLANS for t in a.THEMES]


def facts(heard: Hearing, known: Facts) -> Columns:
    """Return the columns of what may change, for installations as known at some message."""
    p, who = heard.people, known.owner
    told = p.reach[who] != LINK_ONLY
    all_told = told & (p.reach[who] != EXIT)
    customers = [f"customer-{number}" for number in p.customer[who].tolist()]
    return {
        "version": names(a.VERSIONS, known.version),
        "channel": names(a.CHANNELS, p.channel[who], all_told),
        "edition": names(a.EDITIONS, known.edition, all_told),
        "source": names(a.SOURCES, p.source[who], all_told),
        "os": names(a.OSES, p.os[who], told),
        "arch": names(a.ARCHES, p.arch[who], all_told),
        "locale": names(a.LOCALES, p.locale[who]),
        "agent": names([a.AGENT], 0 * who, all_told),
        "customer": optional(np.array(customers, dtype=object), known.customer & all_told),
        "attributes": names(
            _ATTRIBUTES,
            p.plan[who] * len(a.THEMES) + p.theme[who],
            known.attributes & all_told,
        ),
    }


def at_end(heard: Hearing) -> Facts:
    """Return what is known of every installation at last, whether anything is or not."""
    last = np.cumsum(heard.message_count) - 1
    some = heard.message_count > 0
    known = heard.facts

    def of(column: Array, otherwise: Array) -> Array:
        return np.where(some, column[last], otherwise) if len(column) else otherwise

    nothing = np.zeros(heard.size, np.int64)
    return Facts(
        owner=np.arange(heard.size),
        version=of(known.version, heard.last_version),
        edition=of(known.edition, nothing),
        customer=of(known.customer, nothing.astype(bool)).astype(bool),
        attributes=of(known.attributes, nothing.astype(bool)).astype(bool),
    )


# -- installations -------------------------------------------------------------------------


def _installations(heard: Hearing, ids: Array) -> Columns:
    p, who = heard.people, np.flatnonzero(heard.heard)
    received = _first_receipts(heard)[who]
    with_agent = ((p.reach == AGENT) | (p.reach == BLOCKED))[who]
    withdrew = np.full(heard.size, NOBODY)
    withdrawals = heard.kind == WITHDRAWAL
    withdrew[heard.owner[withdrawals]] = heard.receipt[withdrawals]
    censored = withdrew[who]
    told = with_agent & (p.origin != list(a.ORIGINS).index("unknown"))[who]
    older = (p.origin == list(a.ORIGINS).index("upgrade"))[who]
    installed = p.began[who] - np.where(older, p.older[who], 0)
    clock_known = _by_agent_ever(heard)[who]
    row_at = _first_row_instants(heard)[who]
    consent = np.where(censored != NOBODY, 1, np.where(with_agent, 0, 1))
    end = at_end(heard)
    columns: Columns = {
        "id": ids[who],
        "product_id": [PRODUCT] * len(who),
        "uuid": hexes(p.uuid[who]),
        "test": [0] * len(who),
        "first_received_at": received,
        "consent": names(("full", "exit"), consent, p.reach[who] != LINK_ONLY),
        "censored_at": optional(censored, censored != NOBODY),
        "origin": names(a.ORIGINS, np.where(with_agent, p.origin[who], 2)),
        "installed_at": optional(installed, told),
        "installed_instant": optional(
            as_read(installed, p.offset[who], clock_known, received), told
        ),
        "installed_version": names(a.VERSIONS, p.version[who], told),
        "counted_since": optional(p.began[who], with_agent),
        "first_row_instant": optional(row_at, row_at != NOBODY),
    }
    return columns | facts(heard, Facts(**{k: v[who] for k, v in vars(end).items()}))


def _first_receipts(heard: Hearing) -> Array:
    first = np.where(heard.by_agent, heard.agent_receipt, heard.page_receipt)
    starts = np.cumsum(heard.message_count) - heard.message_count
    some = heard.message_count > 0
    first[some] = heard.receipt[starts[some]]
    return first


def _by_agent_ever(heard: Hearing) -> Array:
    """Return of whom some message came from the agent, so that its clock is known."""
    ever = heard.by_agent.copy()
    ever[heard.owner[~heard.from_browser]] = True
    return ever


def _first_row_instants(heard: Hearing) -> Array:
    dated = heard.kept & _is_dated(heard)
    at = np.minimum(heard.uses.day * DAY_MS + NOON_MS, heard.row_receipt)[dated]
    none = np.iinfo(np.int64).max
    first = np.full(heard.size, none)
    np.minimum.at(first, heard.uses.owner[dated], at)
    return np.where(first == none, NOBODY, first)


def _is_dated(heard: Hearing) -> Array:
    dated: Array = heard.uses.day <= heard.row_receipt // DAY_MS + 1
    return dated


def _history(heard: Hearing, ids: Array, counters: _Counters) -> Columns:
    """A row whenever a message stated something new; of those without a counter, their only one."""
    f, p = heard.facts, heard.people
    new = np.ones(len(f.owner), bool)
    columns = [f.owner, f.version, f.edition, f.customer, f.attributes]
    new[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    once = np.flatnonzero(heard.heard & ((p.reach == EXIT) | (p.reach == LINK_ONLY)))
    of_once = {k: v[once] for k, v in vars(at_end(heard)).items()}
    both = Facts(**{k: np.concatenate([v[new], of_once[k]]) for k, v in vars(f).items()})
    columns_once = np.concatenate([np.ones(int(new.sum()), bool), np.zeros(len(once), bool)])
    counter = np.concatenate([counters.of_message[new], 0 * once])
    seq = np.concatenate([heard.seq[new], np.where(p.reach[once] == EXIT, 1, 0)])
    receipt = np.concatenate([heard.receipt[new], _first_receipts(heard)[once]])
    return {
        "installation_id": ids[both.owner],
        "counter_id": optional(counter, columns_once),
        "seq": seq,
        "received_at": receipt,
    } | facts(heard, both)


# -- counters and their launches -----------------------------------------------------------


class _Counters:
    """The counters that were heard of, in the order of their owners."""

    def __init__(self, heard: Hearing, numbers: Numbers) -> None:
        self._heard = heard
        self._keys, of_message = np.unique(heard.owner * 2 + heard.counter, return_inverse=True)
        self._of = of_message
        self._ids = numbers.counters + 1 + np.arange(len(self._keys))
        numbers.counters += len(self._keys)
        self.of_message = self._ids[of_message] if len(self._ids) else of_message
        self.last_id = self.ids_of(np.arange(heard.size), 0 * np.arange(heard.size))

    def ids_of(self, owner: Array, counter: Array) -> Array:
        """Return the ids of counters that were heard of; of others anything."""
        if not len(self._keys):
            return np.zeros(len(owner), np.int64)
        place = np.searchsorted(self._keys, owner * 2 + counter)
        ids: Array = self._ids[np.minimum(place, len(self._ids) - 1)]
        return ids

    def columns(self, ids: Array) -> Columns:
        heard, n = self._heard, len(self._keys)
        owner, counter = self._keys // 2, self._keys % 2
        is_ping = (heard.kind == PING) | (heard.kind == WITHDRAWAL)
        pinged = self._most(is_ping, heard.sent)
        by_agent = self._most(~heard.from_browser, heard.seq) != NOBODY
        last = self._most(np.ones(len(heard.owner), bool), heard.receipt)
        twice = (counter == 0) & heard.by_browser[owner] & heard.by_agent[owner]
        launches, first_day, last_day = self._told()
        started = launches > 0
        return {
            "id": self._ids,
            "installation_id": ids[owner],
            "uuid": hexes(counter_uuids(heard.people.uuid[owner], counter)),
            "first_received_at": -self._most(
                np.ones(len(heard.owner), bool), -heard.receipt, low=1
            ),
            "last_received_at": np.where(twice, heard.page_receipt[owner], last),
            "seq": self._most(np.ones(len(heard.owner), bool), heard.seq),
            "ping_seq": optional(self._most(is_ping, heard.seq), pinged != NOBODY),
            "ping_sent_at": optional(pinged, pinged != NOBODY),
            "clock_offset": optional(heard.people.offset[owner], by_agent),
            "counted_since": heard.people.began[owner],
            "launches_total": launches if n else [],
            "first_launch_day": optional(first_day, started),
            "last_launch_day": optional(last_day, started),
        }

    def _most(self, which: Array, values: Array, low: int = NOBODY) -> Array:
        """Return the largest value of each counter's messages."""
        most = np.full(len(self._keys), np.iinfo(np.int64).min)
        np.maximum.at(most, self._of[which], values[which])
        return np.where(most == np.iinfo(np.int64).min, low, most)

    def _told(self) -> tuple[Array, Array, Array]:
        """Return what each counter itself says: launches in all, first and last day of use."""
        heard, n = self._heard, len(self._keys)
        uses = heard.uses
        has_event = np.zeros(heard.size, bool)
        has_event[heard.owner[heard.kind == EVENT]] = True
        told = heard.kept | (has_event[uses.owner] & (uses.counter == 0))
        place = np.searchsorted(self._keys, (uses.owner * 2 + uses.counter)[told])
        launches = np.bincount(place, weights=uses.launches[told], minlength=n).astype(np.int64)
        first, last = np.full(n, np.iinfo(np.int64).max), np.full(n, NOBODY)
        np.minimum.at(first, place, uses.day[told])
        np.maximum.at(last, place, uses.day[told])
        return launches, first, last


def counter_uuids(installations: Array, counter: Array) -> Array:
    """Return the ids of counters: the installation's, with its last bytes turned around."""
    uuids: Array = installations ^ (np.uint8(0x55) + counter.astype(np.uint8))[:, None]
    return uuids


def _launches(heard: Hearing, ids: Array, counters: _Counters) -> Columns:
    kept, u = heard.kept, heard.uses
    return {
        "installation_id": ids[u.owner[kept]],
        "day": u.day[kept],
        "counter_id": counters.ids_of(u.owner[kept], u.counter[kept]),
        "version_id": u.version[kept] + 1,
        "launches": u.launches[kept],
        "dated": _is_dated(heard)[kept].astype(np.int64),
        "first_received_at": heard.row_receipt[kept],
    }


def _note_versions(heard: Hearing, numbers: Numbers) -> None:
    none = np.iinfo(np.int64).max
    first = np.array([none if at is None else at for at in numbers.versions])
    np.minimum.at(first, heard.uses.version[heard.kept], heard.row_receipt[heard.kept])
    numbers.versions = tuple(None if at == none else at for at in first.tolist())


def versions(numbers: Numbers) -> Columns:
    """Return the rows of the versions that launches name, once everything was heard."""
    which = [n for n, at in enumerate(numbers.versions) if at is not None]
    return {
        "id": [n + 1 for n in which],
        "product_id": [PRODUCT] * len(which),
        "name": [a.VERSIONS[n] for n in which],
        "first_received_at": [numbers.versions[n] for n in which],
    }


# -- what is noted while it is in use ------------------------------------------------------


def nth_use(heard: Hearing, nth: Array) -> tuple[Array, Array]:
    """Return the row of each one's nth use, from 0, and whether it was heard of."""
    counts = np.bincount(heard.uses.owner, minlength=heard.size)
    row = np.cumsum(counts) - counts + nth
    there = (nth != NOBODY) & (nth < counts)
    row = np.where(there, row, 0)
    return row, there & (heard.kept[row] if len(heard.kept) else there)


def _milestones(heard: Hearing, ids: Array) -> Columns:
    row, reached = nth_use(heard, heard.in_use.milestone)
    row = row[reached]
    return {
        "installation_id": ids[reached],
        "name": [a.MILESTONE] * len(row),
        "day": heard.uses.day[row],
        "first_received_at": heard.row_receipt[row],
    }


def _feedback(heard: Hearing) -> Columns:
    row, there = nth_use(heard, np.ones(heard.size, np.int64))
    who = np.flatnonzero(there & heard.in_use.asked)
    at = heard.row_receipt[row[who]]
    score = heard.in_use.score[who]
    scored, nothing = score != NOBODY, [None] * len(who)
    scored_at = optional(at + SCORED_IN_USE_MS, scored)
    return {
        "product_id": [PRODUCT] * len(who),
        "uuid": hexes(heard.in_use.uuid[who]),
        "installation_uuid": hexes(heard.people.uuid[who]),
        "version": names(a.VERSIONS, heard.uses.version[row[who]]),
        "locale": names(a.LOCALES, heard.people.locale[who]),
        "shown_at": at + ASKED_IN_USE_MS,
        "survey": ["nps"] * len(who),
        "survey_version": [1] * len(who),
        "reasons": nothing,
        "opened_at": scored_at,
        "reason": nothing,
        "score": optional(score, scored),
        "follow_up": nothing,
        "comment": nothing,
        "email": nothing,
        "received_at": scored_at,
    }
