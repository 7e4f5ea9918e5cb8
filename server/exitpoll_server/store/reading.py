"""Reading for the report: every query of `queries/`, grouped counts out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, text
from sqlalchemy.types import BigInteger

from exitpoll_server.counts import (
    Counts,
    Departure,
    DepartureGroup,
    Erased,
    Reclassified,
    StayGroup,
    Stays,
    Window,
)
from exitpoll_server.questions import EXIT, in_english
from exitpoll_server.store import surveys
from exitpoll_server.store.instants import DAY_MS, from_ms, to_ms
from exitpoll_server.store.linking import RETURN_MS, Candidate, Links, link
from exitpoll_server.store.products import Product

ANSWER_MS = 7 * DAY_MS
"""One response per uninstall: what is said within seven days (FIGURES, ground rules)."""

_NO_START = -(2**53)
_NO_END = 2**53


def counts(
    connection: Connection,
    product: Product,
    window: Window,
    *,
    stopped_after_days: int,
    most_lines: int,
) -> Counts:
    """Count everything that a report of this window needs, in one state of the database."""
    reader = _Reader(connection, product, window)
    links = link(Candidate(**row) for row in reader.rows("returns", return_ms=RETURN_MS))
    reader.upgrades = sorted(links.upgrades)
    return Counts(
        product=product.name,
        window=window,
        stopped_after_days=stopped_after_days,
        trial_days=product.trial_days,
        departures=tuple(_group(row) for row in reader.rows("departure_groups")),
        reclassified=_reclassified(reader, links),
        lines=_lines(reader, commented=False, most=most_lines),
        comments=_lines(reader, commented=True, most=_NO_END),
        stays=_stays(reader),
        labels=_labels(connection, product),
    )


class _Reader:
    """Runs the named queries with the parameters that all of them share."""

    def __init__(self, connection: Connection, product: Product, window: Window) -> None:
        self._connection = connection
        self._parameters: dict[str, Any] = {
            "product": product.id,
            "as_of": to_ms(window.as_of),
            "start": _NO_START if window.start is None else to_ms(window.start),
            "end": _NO_END if window.end is None else to_ms(window.end),
            "answer_ms": ANSWER_MS,
            "trial_ms": None if product.trial_days is None else product.trial_days * DAY_MS,
        }
        self.upgrades: list[int] = []

    def in_window(self, instants: Mapping[int, int]) -> int:
        """Count the instants that lie in the window."""
        start, end = self._parameters["start"], self._parameters["end"]
        return sum(start <= instant < end for instant in instants.values())

    def rows(self, name: str, **more: Any) -> list[RowMapping]:  # noqa: ANN401 - SQL parameters
        """Run a named query; it gets the parameters that it names."""
        sql = _query("departed") + _query(name)
        parameters = {**self._parameters, "upgrades": self.upgrades, **more}
        used = {key: value for key, value in parameters.items() if f":{key}" in sql}
        statement = text(sql)
        if "upgrades" in used:
            statement = statement.bindparams(bindparam("upgrades", expanding=True))
        if "trial_ms" in used:
            statement = statement.bindparams(bindparam("trial_ms", type_=BigInteger()))
        return list(self._connection.execute(statement, used).mappings())


def _query(name: str) -> str:
    sql = (resources.files(__package__) / "queries" / f"{name}.sql").read_text("utf-8")
    # A comment may name a parameter; the driver must not look for it.
    return re.sub("--.*", "", sql)


def _reclassified(reader: _Reader, links: Links) -> Reclassified:
    return Reclassified(
        withdrawn=reader.rows("withdrawn")[0]["n"],
        upgrades=reader.in_window(links.upgrades),
        reinstalls=reader.in_window(links.reinstalls),
        late_answers=reader.rows("late_answers")[0]["n"],
    )


def _group(row: RowMapping) -> DepartureGroup:
    return DepartureGroup(
        n=row["n"],
        known_from=row["known_from"],
        not_asked=row["not_asked"],
        asked=bool(row["asked"]),
        answered=bool(row["answered"]),
        reason=row["reason"],
        commented=bool(row["commented"]),
        may_still_answer=bool(row["may_still_answer"]),
        when=row["left_when"],
        known_by_leaving=bool(row["known_by_leaving"]),
    )


def _lines(reader: _Reader, *, commented: bool, most: int) -> tuple[Departure, ...]:
    return tuple(
        Departure(
            at=from_ms(row["instant"]),
            tenure_days=None if row["tenure_ms"] is None else row["tenure_ms"] / DAY_MS,
            launches=row["launches"],
            version=row["version"],
            locale=row["locale"],
            os=row["os"],
            edition=row["edition"],
            known_from=row["known_from"],
            not_asked=row["not_asked"],
            asked=bool(row["asked"]),
            reason=row["reason"],
            comment=row["comment"],
            score=row["score"],
        )
        for row in reader.rows("departure_lines", commented=commented, most=most)
    )


def _labels(connection: Connection, product: Product) -> dict[str, str]:
    """Return what the reasons of every version say in English, else first; the latest wins."""
    kept = [one.survey for one in surveys.everything(connection, product.id)]
    return {
        reason.id: in_english(reason.label).replace("{product}", product.name)
        for survey in (EXIT, *(one for one in kept if one.kind == EXIT.kind))
        for reason in survey.all_reasons()
    }


def _stays(reader: _Reader) -> Stays:
    rows = reader.rows("stays")
    left_out = [row for row in rows if row["known_by_leaving"] or row["censored"]]
    kept = [row for row in rows if not (row["known_by_leaving"] or row["censored"])]
    known_by_leaving = sum(row["n"] for row in left_out if row["known_by_leaving"])
    return Stays(
        groups=tuple(
            StayGroup(
                n=row["n"],
                closed_days=row["closed_days"],
                open_days=row["open_days"],
                uninstalled=bool(row["uninstalled"]),
                answered=bool(row["answered"]),
                known_from=row["known_from"],
            )
            for row in kept
        ),
        known_by_leaving=known_by_leaving,
        censored=sum(row["n"] for row in left_out) - known_by_leaving,
        set_aside=reader.rows("set_aside")[0]["n"],
        erased=Erased(**reader.rows("erased")[0]),
        first_seen=min((from_ms(row["first_seen"]) for row in kept), default=None),
    )
