"""What of simulated lives came through to a server: by which message, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tests.bench import assumptions as a
from tests.bench.lives import AGENT, BLOCKED, EXIT, LINK_ONLY, NOBODY, Array, Lives

from exitpoll_server.store.instants import DAY_MS

PING, REGRET, WITHDRAWAL, EVENT = range(4)

BROWSER_MS = 2_500
"""How much later than the agent's event the page is fetched."""

WAYS = tuple(a.WAYS)


@dataclass(kw_only=True)
class Facts:
    """What changes while an installation lives, one message an element; as numbers of names."""

    owner: Array
    version: Array
    edition: Array
    customer: Array
    """Whether it is known."""
    attributes: Array


class Hearing:
    """One chunk of lives, and what came through of it."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.people, self.uses = lives, lives.people, lives.uses
        self.leaving, self.in_use = lives.leaving, lives.in_use
        p, left = self.people, lives.leaving.at != NOBODY
        self.size = len(p)
        way = np.where(p.reach == BLOCKED, WAYS.index("browser"), lives.leaving.way)
        self.way = way
        has_agent = (p.reach == AGENT) | (p.reach == EXIT)
        self.by_agent = left & has_agent & (way != WAYS.index("browser"))
        on_page = (way == WAYS.index("page")) | (way == WAYS.index("browser"))
        self.by_browser = left & (has_agent | (p.reach == BLOCKED)) & on_page
        self.by_link = left & (p.reach == LINK_ONLY)
        self.last_version = p.version.copy()
        np.maximum.at(self.last_version, self.uses.owner, self.uses.version)
        self.agent_receipt = lives.leaving.at + p.offset
        self.page_receipt = self.agent_receipt + np.where(self.by_link, 0, BROWSER_MS)
        self._deliver()
        self._messages()
        self.facts = self._facts()
        left_word = self.by_agent | self.by_browser | self.by_link
        self.heard = (self.message_count > 0) | left_word

    def _deliver(self) -> None:
        """Find the message that brought each row: its ping, a later one, or the last event."""
        u = self.uses
        order = np.lexsort((u.version, u.day, u.counter, u.owner))
        n = len(order)
        owner, counter, online = u.owner[order], u.counter[order], u.online[order]
        following = np.minimum.accumulate(np.where(online, np.arange(n), n)[::-1])[::-1]
        there = np.minimum(following, max(n - 1, 0))
        by_ping = (following < n) & (owner[there] == owner) & (counter[there] == counter)
        by_event = ~by_ping & (counter == 0) & self.by_agent[owner]
        sent = np.where(by_ping, u.sent[order][there], self.leaving.at[owner])
        can = self.people.reach[owner] == AGENT
        self.row_sent = np.empty(n, np.int64)
        self.row_sent[order] = np.where(can & (by_ping | by_event), sent, NOBODY)
        self.kept = self.row_sent != NOBODY
        self.row_receipt = self.row_sent + self.people.offset[u.owner]
        # The ping of a day: its last row there, by version.
        day = u.day[order]
        last = np.ones(n, bool)
        last[:-1] = (
            (owner[1:] != owner[:-1]) | (counter[1:] != counter[:-1]) | (day[1:] != day[:-1])
        )
        self.pings = order[last & online & can]

    def _messages(self) -> None:
        """Put everything that came, by whichever channel, in its order."""
        u, p, way_out = self.uses, self.people, self.leaving
        owners, counters = u.owner[self.pings], u.counter[self.pings]
        pings = np.bincount(owners[counters == 0], minlength=self.size)
        first = np.searchsorted(owners * 2 + counters, np.arange(self.size) * 2)
        regrets = np.flatnonzero(way_out.regrets & (pings > 2))
        second = self.pings[first[regrets] + 1]
        withdraws = np.flatnonzero((way_out.withdrew != NOBODY) & (pings > 0))
        event_by = self.by_agent | self.by_browser
        leaves = np.flatnonzero(event_by & ((p.reach == AGENT) | (p.reach == BLOCKED)))
        parts = [
            (owners, counters, u.sent[self.pings], u.version[self.pings], PING),
            (regrets, 0 * regrets, u.sent[second] + 1, u.version[second], REGRET),
            (withdraws, 0 * withdraws, way_out.withdrew[withdraws],
             self.last_version[withdraws], WITHDRAWAL),
            (leaves, 0 * leaves, way_out.at[leaves], self.last_version[leaves], EVENT),
        ]  # fmt: skip
        kinds = np.concatenate([np.full(len(part[0]), part[4]) for part in parts])
        owner, counter, sent, version = (
            np.concatenate([part[column] for part in parts]) for column in range(4)
        )
        order = np.lexsort((kinds, sent, owner))
        self.owner, self.counter, self.sent = owner[order], counter[order], sent[order]
        self.version, self.kind = version[order], kinds[order]
        self.message_count = np.bincount(self.owner, minlength=self.size)
        self.from_browser = (self.kind == EVENT) & ~self.by_agent[self.owner]
        receipt = self.sent + p.offset[self.owner]
        self.receipt = np.where(self.from_browser, receipt + BROWSER_MS, receipt)
        self.seq = self._seqs()

    def _seqs(self) -> Array:
        """Return the number of each message among its counter's, from 1."""
        key = self.owner * 2 + self.counter
        order = np.argsort(key, kind="stable")
        starts = np.searchsorted(key[order], key[order])
        seq = np.empty(len(key), np.int64)
        seq[order] = np.arange(len(key)) - starts + 1
        return seq

    def _facts(self) -> Facts:
        """Return what is known after each message; what one leaves open stays as it was."""
        p = self.people
        paid = self.sent // DAY_MS >= p.bought_day[self.owner]
        edition = np.where(paid, 2, np.where(p.free[self.owner], 1, 0))
        customer, attributes = paid.copy(), ~self.from_browser
        # Each is its counter's last message, so that the one before is no such message.
        left_open = np.flatnonzero(self.from_browser | (self.kind == WITHDRAWAL))
        before = left_open - 1
        known = (before >= 0) & (self.owner[before] == self.owner[left_open])
        customer[left_open] = known & customer[before]
        attributes[left_open] = known & attributes[before]
        withdrawn = self.kind[left_open] == WITHDRAWAL
        edition[left_open[withdrawn]] = edition[before[withdrawn]]
        return Facts(
            owner=self.owner,
            version=self.version,
            edition=edition,
            customer=customer,
            attributes=attributes,
        )
