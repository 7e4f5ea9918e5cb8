"""The store's door to what is kept: `store.keeping`. Each method is one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine

from exitpoll_server.store import audit, exclusions, keys
from exitpoll_server.store.engine import read_transaction, write_transaction
from exitpoll_server.store.exclusions import Excluded, Exclusion
from exitpoll_server.store.instants import to_ms
from exitpoll_server.store.keys import Key
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

    def keys(self, product: Product) -> list[Key]:
        """Return every key that a product ever had, the newest first."""
        with read_transaction(self._engine) as connection:
            return keys.everything(connection, product)

    def rotate(self, product: Product, now: datetime) -> Product:
        """Give a product a new key; the former ones are accepted as before."""
        with write_transaction(self._engine) as connection:
            after = keys.rotate(connection, product.id, to_ms(now))
            audit.note(connection, "key.added", product.id, key=after.key)
            return after

    def retire(self, product: Product, key: str, now: datetime) -> None:
        """Accept nothing with a former key from now on, within seconds.

        Raises:
            NoSuchKeyError: it is no former key of the product.
        """
        with write_transaction(self._engine) as connection:
            keys.retire(connection, product.id, key, to_ms(now))
            audit.note(connection, "key.retired", product.id, key=key)

    def accept_again(self, product: Product, key: str) -> None:
        """Accept what comes with a key that was retired.

        Raises:
            NoSuchKeyError: it is no former key of the product.
        """
        with write_transaction(self._engine) as connection:
            keys.retire(connection, product.id, key, None)
            audit.note(connection, "key.accepted", product.id, key=key)
