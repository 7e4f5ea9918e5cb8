"""Who was lost, one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from uuid import UUID

import numpy as np
from sqlalchemy import Row

from exitpoll_server.counts import Churned
from exitpoll_server.questions import EXIT
from exitpoll_server.store import sql, surveys
from exitpoll_server.store.instants import DAY_MS, from_ms
from exitpoll_server.store.lives import Ints
from exitpoll_server.store.lives.making import ANSWER_MS
from exitpoll_server.store.reading.health import NAMES, classes
from exitpoll_server.store.reading.view import View

_Offers: TypeAlias = set[tuple[int, str | None]]
_Known: TypeAlias = tuple[Row[Any], Row[Any] | None, Row[Any] | None]

GROUP = 1_000
TREND_DAYS = 28


def churn(view: View) -> Iterator[Churned]:
    """Give every uninstall of the window, and everybody who stopped in it, by time."""
    lives = view.lives
    at = np.where(view.gone, lives["left"], view.last + view.threshold_ms)
    inside = (at >= view.start) & (at < view.end)
    places = np.flatnonzero((view.gone | view.stopped) & inside)
    places = places[np.lexsort((lives.ids[places], at[places]))]
    last, previous = _launches(view, places)
    health = classes(
        view, np.where(view.gone[places], at[places], view.last[places]) - DAY_MS, places
    )
    made = _offers(view)
    for start in range(0, len(places), GROUP):
        some = slice(start, start + GROUP)
        ids = lives.ids[places[some]].tolist()
        known = _known(view, ids)
        for n, one in enumerate(ids, start):
            yield _churned(
                *known[one],
                made,
                facts=_facts(view, int(places[n])),
                at=int(at[places[n]]),
                launches_last=int(last[n]),
                launches_previous=int(previous[n]),
                health=None if health[n] < 0 else NAMES[health[n]],
            )


def _launches(view: View, places: Ints) -> tuple[Ints, Ints]:
    """Return the launches of the 28 days up to each last sign of life, and of those before."""
    lives = view.lives
    last_day = (view.last // DAY_MS)[lives.owner]
    sums = []
    for ago in (0, TREND_DAYS):
        inside = (lives.day <= last_day - ago) & (lives.day > last_day - ago - TREND_DAYS)
        weights = lives.launches[inside]
        sums.append(np.bincount(lives.owner[inside], weights, len(lives))[places].astype(np.int64))
    return sums[0], sums[1]


def _known(view: View, ids: list[int]) -> dict[int, _Known]:
    """Return what is known of installations, of their uninstalls, and of offers made to them."""
    parameters = {"ids": ids, "as_of": view.as_of, "answer_ms": ANSWER_MS}
    connection = view.connection
    uninstalls = {
        row.installation_id: row for row in sql.rows(connection, "departures", **parameters)
    }
    offers = {row.installation_id: row for row in sql.rows(connection, "offered", **parameters)}
    return {
        row.id: (row, uninstalls.get(row.id), offers.get(row.id))
        for row in sql.rows(connection, "churned", **parameters)
    }


def _churned(
    installation: Row[Any],
    uninstall: Row[Any] | None,
    offer: Row[Any] | None,
    made: _Offers,
    facts: Mapping[str, Any],
    at: int,
    **use: Any,  # noqa: ANN401
) -> Churned:
    began = installation.began
    stayed = None if began is None else at - began
    tenure = stayed if uninstall is None else uninstall.tenure_ms
    return Churned(
        installation_id=UUID(str(installation.uuid)),
        kind="stopped" if uninstall is None else "uninstalled",
        at=from_ms(at),
        installed_at=None if began is None else from_ms(began),
        tenure_days=None if tenure is None else tenure / DAY_MS,
        launches=installation.launches if uninstall is None else uninstall.launches,
        installed_version=installation.installed_version,
        customer=(installation if uninstall is None else uninstall).customer,
        **facts,
        **use,
        **_said(uninstall, offer, made),
    )


_FACTS = ("version", "channel", "edition", "source", "os", "locale")


def _facts(view: View, place: int) -> dict[str, Any]:
    """Return what had been stated of a copy by then; of who left, on leaving."""
    texts = {name: view.lives.texts[name] for name in (*_FACTS, "attributes")}
    known: dict[str, Any] = {name: text.values[text.codes[place]] for name, text in texts.items()}
    return {**known, "attributes": json.loads(known["attributes"] or "{}")}


_SAID = ("known_from", "reason", "follow_up", "comment", "score")


def _said(uninstall: Row[Any] | None, offer: Row[Any] | None, made: _Offers) -> dict[str, Any]:
    if uninstall is None:
        nothing = dict.fromkeys((*_SAID, "not_asked", "offer"))
        return {**nothing, "asked": False, "answered": False, "wants_answer": False}
    return {
        **{name: getattr(uninstall, name) for name in _SAID},
        "not_asked": None if uninstall.asked else uninstall.not_asked,
        "asked": bool(uninstall.asked),
        "answered": bool(uninstall.answered),
        "wants_answer": bool(uninstall.wants_answer),
        "offer": None if offer is None else _fate(offer, uninstall.reason, made),
    }


def _fate(offer: Row[Any], reason: str | None, made: _Offers) -> str | None:
    """Return what became of an offer; who chose a reason without one had none to see."""
    if offer.is_taken:
        return "taken"
    if offer.is_seen:
        return "seen"
    return "held_out" if offer.held_out and (offer.survey_version, reason) in made else None


def _offers(view: View) -> _Offers:
    """Return the versions and reasons that an offer came with."""
    return {
        (one.survey.version, reason.id)
        for one in surveys.everything(view.connection, view.product.id)
        if one.survey.kind == EXIT.kind
        for reason in one.survey.all_reasons()
        if reason.offer is not None
    }
