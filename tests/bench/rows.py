"""The store's rows of what was heard of simulated lives.

Exactly what the merge leaves when the same lives are sent to it message by message; that is what
`tests/server/test_simulator.py` proves. Only the numbers of rows may differ.
"""

from __future__ import annotations

import numpy as np
from tests.bench import assumptions as a
from tests.bench import departures
from tests.bench.columns import (
    Columns,
    Numbers,
    Tables,
    as_read,
    at_end,
    facts,
    hexes,
    names,
    optional,
)
from tests.bench.counters import Counters
from tests.bench.heard import WITHDRAWAL, Facts, Hearing
from tests.bench.lives import AGENT, BLOCKED, EXIT, LINK_ONLY, NOBODY, Array, Lives

from exitpoll_server.store.instants import DAY_MS, NOON_MS

PRODUCT = 1
ASKED_IN_USE_MS, SCORED_IN_USE_MS = 60_000, 75_000
"""How long after the ping of their second day people are asked, and answer."""


def tables(lives: Lives, numbers: Numbers) -> Tables:
    """Return the rows of everything heard of some lives; `numbers` counts on."""
    heard = Hearing(lives)
    ids = numbers.installations + np.cumsum(heard.heard)
    counters = Counters(heard, numbers.counters)
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
    numbers.counters += len(counters)
    _note_versions(heard, numbers)
    return found


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
    first: Array = np.where(heard.by_agent, heard.agent_receipt, heard.page_receipt)
    starts = np.cumsum(heard.message_count) - heard.message_count
    some = heard.message_count > 0
    first[some] = heard.receipt[starts[some]]
    return first


def _by_agent_ever(heard: Hearing) -> Array:
    """Return of whom some message came from the agent, so that its clock is known."""
    ever: Array = heard.by_agent.copy()
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


def _history(heard: Hearing, ids: Array, counters: Counters) -> Columns:
    """Return a row for each message that stated something new; of no counter, for its only one."""
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


# -- launches -----------------------------------------------------------------------------


def _launches(heard: Hearing, ids: Array, counters: Counters) -> Columns:
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
