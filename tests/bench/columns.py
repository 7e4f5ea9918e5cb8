"""How columns of the store's tables are made of arrays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from tests.bench import assumptions as a
from tests.bench.heard import Facts, Hearing
from tests.bench.lives import EXIT, LINK_ONLY, Array

from exitpoll_server.store.instants import CLOCK_TOLERANCE_MS

Columns: TypeAlias = "dict[str, Sequence[object] | Array]"
Tables: TypeAlias = dict[str, Columns]

_NONE: Any = None
"""numpy puts it into an array of objects, and says that it does not."""


def optional(values: Array, known: Array) -> list[object]:
    """Return values, None where they are not known."""
    listed: list[object] = np.where(known, values.astype(object), _NONE).tolist()
    return listed


def names(of: Iterable[str], numbers: Array, known: Array | None = None) -> list[object]:
    """Return names by their numbers, None where they are not known."""
    texts = np.array(list(of), dtype=object)[numbers]
    listed: list[object] = (texts if known is None else np.where(known, texts, _NONE)).tolist()
    return listed


@dataclass
class Numbers:
    """How many rows of each table there are already; and when each version was first heard of."""

    installations: int = 0
    counters: int = 0
    uninstalls: int = 0
    showings: int = 0
    versions: tuple[int | None, ...] = (None,) * len(a.VERSIONS)


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
    read: Array = np.minimum(np.maximum(label + np.where(off, offset, 0), 0), received)
    return read


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
