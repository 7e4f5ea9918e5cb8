"""The rows of counters: one person's profile on one machine, and what it said of itself."""

from __future__ import annotations

import numpy as np
from tests.bench.columns import Columns, hexes, optional
from tests.bench.heard import EVENT, PING, WITHDRAWAL, Hearing
from tests.bench.lives import NOBODY, Array


class Counters:
    """The counters that were heard of, in the order of their owners; `before` others were."""

    def __init__(self, heard: Hearing, before: int) -> None:
        self._heard = heard
        self._keys, of_message = np.unique(heard.owner * 2 + heard.counter, return_inverse=True)
        self._of = of_message
        self._ids = before + 1 + np.arange(len(self._keys))
        self.of_message = self._ids[of_message] if len(self._ids) else of_message
        self.last_id = self.ids_of(np.arange(heard.size), 0 * np.arange(heard.size))

    def ids_of(self, owner: Array, counter: Array) -> Array:
        """Return the ids of counters that were heard of; of others anything."""
        if not len(self._keys):
            return np.zeros(len(owner), np.int64)
        place = np.searchsorted(self._keys, owner * 2 + counter)
        ids: Array = self._ids[np.minimum(place, len(self._ids) - 1)]
        return ids

    def __len__(self) -> int:
        return len(self._keys)

    def columns(self, ids: Array) -> Columns:
        """Return their rows; `ids` are those of the installations."""
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
