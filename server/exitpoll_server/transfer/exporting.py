"""Those who left, as tables: a row an uninstall or stop, or a row a comment."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from exitpoll_server.counts import Churned, Departure
from exitpoll_server.report.comments import is_substantive
from exitpoll_server.tables import Cell, Column, Table

MOST_ATTRIBUTES = 256
"""Names of attributes that get a column. A product has a handful; its key is public, though, and a
stranger who makes up names must not widen a table without bound."""

CHURN = (
    Column("installation_id"),
    Column("kind"),
    Column("at", "instant"),
    Column("installed_at", "instant"),
    Column("tenure_days", "number"),
    Column("launches", "whole"),
    Column("launches_last_28_days", "whole"),
    Column("launches_previous_28_days", "whole"),
    Column("health"),
    Column("version"),
    Column("installed_version"),
    Column("channel"),
    Column("edition"),
    Column("source"),
    Column("os"),
    Column("locale"),
    Column("customer"),
    Column("known_from"),
    Column("not_asked"),
    Column("asked", "truth"),
    Column("answered", "truth"),
    Column("reason"),
    Column("follow_up"),
    Column("comment"),
    Column("substantive", "truth"),
    Column("score", "whole"),
    Column("offer"),
    Column("wants_answer", "truth"),
)

COMMENTS = (
    Column("installation_id"),
    Column("at", "instant"),
    Column("comment"),
    Column("substantive", "truth"),
    Column("reason"),
    Column("score", "whole"),
    Column("wants_answer", "truth"),
    Column("tenure_days", "number"),
    Column("launches", "whole"),
    Column("health"),
    Column("version"),
    Column("edition"),
    Column("os"),
    Column("locale"),
    Column("known_from"),
    Column("not_asked"),
    Column("asked", "truth"),
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which rows of churn to keep; None is all."""

    kind: Literal["uninstalled", "stopped"] | None = None
    reasons: frozenset[str] | None = None
    answered: bool | None = None

    def has(self, row: Churned) -> bool:
        """Tell whether a row is wanted. Who merely stopped has answered nothing."""
        return (
            self.kind in (None, row.kind)
            and (self.reasons is None or row.reason in self.reasons)
            and self.answered in (None, row.answered)
        )


def churn_table(rows: Iterable[Churned]) -> Table:
    """Return a row an uninstall or stop, in the given order.

    Every attribute that any of them has is a column `attribute.NAME`, ascending: so they are all
    read before the first is written. Beyond the 256 most frequent names, the others stand together
    as JSON in the last column, `other_attributes`.
    """
    every = list(rows)
    names = Counter(name for row in every for name in row.attributes)
    frequent = sorted(names, key=lambda name: (-names[name], name))[:MOST_ATTRIBUTES]
    own = tuple(sorted(frequent))
    columns = (*CHURN, *(Column(f"attribute.{name}") for name in own))
    if len(names) > len(own):
        columns = (*columns, Column("other_attributes"))
    return Table(
        name="churn",
        columns=columns,
        rows=_Rows(every, own, with_others=len(names) > len(own)),
    )


@dataclass(frozen=True)
class _Rows:
    """Rows of churn that can be counted before they are made."""

    every: list[Churned]
    own: tuple[str, ...]
    with_others: bool

    def __len__(self) -> int:
        return len(self.every)

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        for row in self.every:
            cells = (*_churned(row), *(row.attributes.get(name) for name in self.own))
            yield (*cells, _others(row.attributes, self.own)) if self.with_others else cells


def _others(attributes: Mapping[str, str], own: tuple[str, ...]) -> str | None:
    others = {name: attributes[name] for name in sorted(attributes.keys() - set(own))}
    return json.dumps(others, ensure_ascii=False) if others else None


def _churned(row: Churned) -> tuple[Cell, ...]:
    # Nobody asked those who merely stopped: of them it is not known what they would have said.
    left = row.kind == "uninstalled"
    return (
        str(row.installation_id),
        row.kind,
        row.at,
        row.installed_at,
        row.tenure_days,
        row.launches,
        row.launches_last,
        row.launches_previous,
        row.health,
        row.version,
        row.installed_version,
        row.channel,
        row.edition,
        row.source,
        row.os,
        row.locale,
        row.customer,
        row.known_from,
        row.not_asked,
        row.asked if left else None,
        row.answered if left else None,
        row.reason,
        row.follow_up,
        row.comment,
        None if row.comment is None else is_substantive(row.comment, row.locale),
        row.score,
        row.offer,
        row.wants_answer if left else None,
    )


def comments_table(comments: Iterable[Departure]) -> Table:
    """Return a row an uninstall with a comment, in the given order."""
    return Table(name="comments", columns=COMMENTS, rows=map(_comment, comments))


def _comment(line: Departure) -> tuple[Cell, ...]:
    return (
        str(line.installation_id),
        line.at,
        line.comment,
        is_substantive(line.comment or "", line.locale),
        line.reason,
        line.score,
        line.wants_answer,
        line.tenure_days,
        line.launches,
        line.health,
        line.version,
        line.edition,
        line.os,
        line.locale,
        line.known_from,
        line.not_asked,
        line.asked,
    )
