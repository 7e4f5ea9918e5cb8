"""The store's door to what is kept: `store.keeping`. Each method is one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from exitpoll_server.store import audit, declared, erasure, exclusions, keys, tables
from exitpoll_server.store.declared import Arriving, Declared, What
from exitpoll_server.store.engine import read_transaction, write_transaction
from exitpoll_server.store.erasure import Gone
from exitpoll_server.store.exclusions import Excluded, Exclusion
from exitpoll_server.store.instants import to_ms
from exitpoll_server.store.keys import Key
from exitpoll_server.store.products import Product

ERASURES_ON_A_PAGE = 50


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

    def keys(self, product: Product, now: datetime) -> list[Key]:
        """Return every key that a product ever had, the newest first."""
        with read_transaction(self._engine) as connection:
            return keys.everything(connection, product, now)

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

    def declared(self, product: Product) -> list[Declared]:
        """Return what the vendor says that milestones and attributes mean."""
        with read_transaction(self._engine) as connection:
            return declared.everything(connection, product.id)

    def arriving(self, product: Product) -> list[Arriving]:
        """Return which milestones and attributes really arrive, declared or not."""
        with read_transaction(self._engine) as connection:
            return declared.arriving(connection, product.id)

    def declare(self, product: Product, one: Declared) -> None:
        """Say what a milestone or an attribute means."""
        with write_transaction(self._engine) as connection:
            declared.declare(connection, product.id, one)
            audit.note(connection, "name.declared", product.id, name=one.name, kind=one.kind)

    def take_back(self, product: Product, kind: What, name: str) -> None:
        """Say nothing of a milestone or an attribute any more."""
        with write_transaction(self._engine) as connection:
            declared.take_back(connection, product.id, kind, name)
            audit.note(connection, "name.released", product.id, name=name, kind=kind)

    def consents(self, product: Product) -> dict[str, int]:
        """Count the installations that are known by the consent that was last heard of them."""
        i = tables.installations.c
        consent = func.coalesce(i.consent, "unknown").label("consent")
        each = select(consent).where(i.product_id == product.id, ~i.test).subquery()
        with read_transaction(self._engine) as connection:
            rows = connection.execute(select(each.c.consent, func.count()).group_by(each.c.consent))
            return dict(rows.tuples().all())

    def erasures(self, product: Product, before: datetime | None = None) -> list[Gone]:
        """Return a page of the log of erasures, the last first; those before an instant."""
        with read_transaction(self._engine) as connection:
            return erasure.log(connection, product.id, before, ERASURES_ON_A_PAGE)
