"""The store's door to what is kept: `store.keeping`. Each method is one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine

from exitpoll_server.store import audit, exclusions
from exitpoll_server.store.engine import write_transaction
from exitpoll_server.store.exclusions import Excluded, Exclusion
from exitpoll_server.store.products import Product


def exclude(
    connection: Connection, product: Product, which: Excluded, note: str | None, now: datetime
) -> Exclusion:
    """Leave out whom it is about, and note who did so."""
    added = exclusions.add(connection, product_id=product.id, which=which, note=note, now=now)
    audit.note(connection, "exclusion.added", product.id, exclusion=str(added.id))
    return added


class Keeping:
    """What one database keeps of its products."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def leave_out(
        self, product: Product, which: Excluded, *, note: str | None, now: datetime
    ) -> Exclusion:
        """Leave out of every report whom it is about, heard of already or not."""
        with write_transaction(self._engine) as connection:
            return exclude(connection, product, which, note, now)
