"""Reading for the report: everything that it is made from, as grouped counts."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from exitpoll_server.counts import Counts, Window
from exitpoll_server.questions import EXIT, in_english
from exitpoll_server.store import surveys
from exitpoll_server.store.products import Product
from exitpoll_server.store.reading import departures
from exitpoll_server.store.reading.churn import churn
from exitpoll_server.store.reading.reasons import reasons
from exitpoll_server.store.reading.segments import compared, segments
from exitpoll_server.store.reading.stays import stays
from exitpoll_server.store.reading.survival import survival
from exitpoll_server.store.reading.use import activity
from exitpoll_server.store.reading.view import look

__all__ = ["churn", "counts", "look"]


def counts(
    connection: Connection,
    product: Product,
    window: Window,
    *,
    stopped_after_days: int,
    most_lines: int,
    where: Mapping[str, str] | None = None,
) -> Counts:
    """Count everything that a report of this window needs, in one state of the database."""
    view = look(connection, product, window, stopped_after_days=stopped_after_days, where=where)
    return Counts(
        product=product.name,
        window=window,
        where=view.where,
        stopped_after_days=stopped_after_days,
        trial_days=product.trial_days,
        departures=departures.groups(view),
        reclassified=departures.reclassified(view),
        lines=departures.latest(view, most_lines),
        comments=departures.with_comment(view),
        stays=stays(view),
        tenures=departures.tenures(view),
        reasons=reasons(view),
        survival=survival(view),
        activity=activity(view),
        segments=segments(view),
        compared=compared(view),
        labels=labels(connection, product),
    )


def labels(connection: Connection, product: Product) -> dict[str, str]:
    """Return what the reasons of every version say in English, else first; the latest wins."""
    kept = [one.survey for one in surveys.everything(connection, product.id)]
    return {
        reason.id: in_english(reason.label).replace("{product}", product.name)
        for survey in (EXIT, *(one for one in kept if one.kind == EXIT.kind))
        for reason in survey.all_reasons()
    }
