"""What all parts of a report look at: the lives of a product as of an instant, and who is which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Row

from exitpoll_server.counts import Window
from exitpoll_server.store import lives as stored
from exitpoll_server.store import sql
from exitpoll_server.store.instants import DAY_MS, to_ms
from exitpoll_server.store.linking import RETURN_MS, Candidate, Links, link
from exitpoll_server.store.lives import NONE, Ints, Lives
from exitpoll_server.store.lives.record import Text, text_of
from exitpoll_server.store.products import Product

Which: TypeAlias = npt.NDArray[np.bool_]

ATTRIBUTE = "attribute:"
"""How the dimension of an attribute is called: this, and its name."""

_NO_START = -(2**53)
_NO_END = 2**53


@dataclass(frozen=True)
class View:
    """The lives that a report reads, with what it asks of them. Instants in milliseconds."""

    connection: Connection
    product: Product
    window: Window
    threshold_ms: int
    """T: unused for so long means stopped."""
    lives: Lives
    links: Links
    set_aside: int
    """Lives that the vendor left out."""
    where: Mapping[str, str]
    """The segment that is looked at: values of dimensions; empty for everything."""

    @property
    def as_of(self) -> int:
        """The instant of which all is told."""
        return to_ms(self.window.as_of)

    @property
    def start(self) -> int:
        """Where the window begins."""
        return _NO_START if self.window.start is None else to_ms(self.window.start)

    @property
    def end(self) -> int:
        """Where the window ends, not itself in it."""
        return _NO_END if self.window.end is None else to_ms(self.window.end)

    @cached_property
    def upgraded(self) -> Which:
        """Those whose uninstall was an upgrade: another copy goes on in their place."""
        found: Which = np.isin(self.lives["uninstall"], list(self.links.upgrades))
        return found

    @cached_property
    def gone(self) -> Which:
        """Those who uninstalled."""
        found: Which = (self.lives["left"] != NONE) & ~self.upgraded
        return found

    @cached_property
    def inside(self) -> Which:
        """Those who uninstalled within the window."""
        left = self.lives["left"]
        found: Which = self.gone & (left >= self.start) & (left < self.end)
        return found

    @cached_property
    def left_inside(self) -> Lives:
        """The lives of those, without their days of use."""
        return self.lives.without_days(self.inside)

    @cached_property
    def seen(self) -> Which:
        """Those that somebody has seen: where only an answer is known, nobody has."""
        known: Which = self.gone | (self.lives["last"] != NONE) | self.lives["has_counter"]
        return known & ~self.upgraded

    @cached_property
    def known_by_leaving(self) -> Which:
        """Those of consent `exit`, of whom nothing was known before they left."""
        found: Which = self.gone & self.lives["consent_exit"]
        return found

    @cached_property
    def censored(self) -> Which:
        """Those who withdrew their consent, and of whom nothing is known from there on."""
        at = self.lives["censored"]
        found: Which = ~self.gone & (at != NONE) & (at <= self.as_of)
        return found

    @cached_property
    def followed(self) -> Which:
        """Those whose whole life up to now is known: in the iceberg and in health."""
        return self.seen & ~self.known_by_leaving & ~self.censored

    @cached_property
    def began(self) -> Ints:
        """When each was first seen, or heard of."""
        first: Ints = self.lives["first"]
        return np.where(first == NONE, self.lives["heard"], first)

    @cached_property
    def last(self) -> Ints:
        """When each was last seen, or heard of."""
        last: Ints = self.lives["last"]
        return np.where(last == NONE, self.lives["heard"], last)

    @cached_property
    def stopped(self) -> Which:
        """Those who are not used any more, and did not uninstall."""
        return self.followed & ~self.gone & (self.as_of - self.last >= self.threshold_ms)

    @cached_property
    def end_day(self) -> int:
        """The first UTC day that had not begun."""
        return -(-self.as_of // DAY_MS)

    @cached_property
    def _uses(self) -> tuple[int, int, Ints]:
        """Every day of use as one number, ascending: the place, and the day since the first."""
        lives = self.lives
        first = int(lives.day.min(initial=2**31 - 1))
        span = int(lives.day.max(initial=first)) - first + 2
        # In half the bytes twice as fast.
        kind: Any = np.int32 if len(lives) * span < 2**31 else np.int64
        uses: Ints = lives.owner.astype(kind)
        uses *= span
        uses += lives.day
        uses -= first
        return first, span, uses

    def used_before(self, places: Ints, day: Ints | int) -> Ints:
        """Return how many days of use lie before a day of each of some lives.

        Those of the lives before it are counted too: only differences say something of a life.
        """
        if isinstance(day, int):
            if day not in self._used_before_day:
                everyone = np.arange(len(self.lives))
                self._used_before_day[day] = self._used_before(everyone, day)
            return self._used_before_day[day][places]
        return self._used_before(places, day)

    @cached_property
    def _used_before_day(self) -> dict[int, Ints]:
        """By the day: the same of all lives. Health asks of the same few days again."""
        return {}

    def _used_before(self, places: Ints, day: Ints | int) -> Ints:
        first, span, uses = self._uses
        wanted = places * span + np.clip(day - first, 0, span - 1)
        found: Ints = uses.searchsorted(wanted.astype(uses.dtype))
        return found

    def rows(self, *names: str, **more: Any) -> list[Row[Any]]:  # noqa: ANN401 - SQL parameters
        """Run a named query with the parameters that all of them share."""
        return list(
            sql.rows(
                self.connection,
                *names,
                product=self.product.id,
                as_of=self.as_of,
                start=self.start,
                end=self.end,
                **more,
            )
        )


def look(
    connection: Connection,
    product: Product,
    window: Window,
    *,
    stopped_after_days: int,
    where: Mapping[str, str] | None = None,
) -> View:
    """Read the lives of a product: all, or those of one segment."""
    as_of = to_ms(window.as_of)
    every = stored.read(connection, product.id, as_of)
    left_out = _left_out(connection, product, every)
    kept = every.where(~left_out) if left_out.any() else every
    found = sql.rows(
        connection, "kept", "returns", product=product.id, as_of=as_of, return_ms=RETURN_MS
    )
    # Of an installation's uninstalls only the first that stands is one.
    stand = np.isin([row.uninstall_id for row in found], kept["uninstall"]).tolist()
    links = link(Candidate(**row._mapping) for row in compress(found, stand))  # noqa: SLF001 - its public name
    for name, value in (where or {}).items():
        text = dimension(kept, name)
        kept = kept.where(np.array([one == value for one in text.values], bool)[text.codes])
    return View(
        connection=connection,
        product=product,
        window=window,
        threshold_ms=stopped_after_days * DAY_MS,
        lives=kept,
        links=links,
        set_aside=int(left_out.sum()),
        where=where or {},
    )


def dimension(lives: Lives, name: str) -> Text:
    """Return the column of a dimension, as `counts.Segment` names it."""
    attribute = name.removeprefix(ATTRIBUTE)
    if attribute == name:
        return lives.texts[name]
    attributes = lives.texts["attributes"]
    kinds = [json.loads(one) if one else {} for one in attributes.values]
    values = [kind.get(attribute) for kind in kinds]
    # An attribute may be a number: it is told from others by how it is written.
    said = [one if one is None or isinstance(one, str) else json.dumps(one) for one in values]
    return text_of(said).of(attributes.codes)


def _left_out(connection: Connection, product: Product, lives: Lives) -> Which:
    """Tell which the vendor left out: by when they were first heard of, by id, by version."""
    left_out = np.zeros(len(lives), bool)
    for row in sql.rows(connection, "exclusions", product=product.id):
        left_out |= (lives["heard"] >= row.from_at) & (lives["heard"] < row.to_at)
    excluded = sql.rows(connection, "excluded", product=product.id)
    if excluded:
        left_out |= np.isin(lives.ids, [row.id for row in excluded])
    return left_out
