"""The store: engine, tables, migrations, the merge, the queries. All SQL is in here.

`Store` is its door: each method is one transaction, durable when it returns.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from exitpoll_agent.wire import Answers
from exitpoll_server import metrics
from exitpoll_server.counts import Counts, Window
from exitpoll_server.store import erasure, feedback, merge, products, reading, surveys
from exitpoll_server.store.answers import import_answers
from exitpoll_server.store.arrivals import Arrival, Channel
from exitpoll_server.store.copying import Whole
from exitpoll_server.store.engine import (
    BusyError,
    OtherVersionError,
    StoreError,
    check,
    open_engine,
    read_transaction,
    write_transaction,
)
from exitpoll_server.store.feedback import Feedback
from exitpoll_server.store.instants import to_ms
from exitpoll_server.store.products import Product, ProductExistsError
from exitpoll_server.store.surveys import Asked

__all__ = [
    "Arrival",
    "Asked",
    "BusyError",
    "Channel",
    "Feedback",
    "OtherVersionError",
    "Product",
    "ProductExistsError",
    "Store",
    "StoreError",
    "Whole",
]


class Store:
    """One database. Safe to share between threads; several processes may open the same."""

    def __init__(self, url: str) -> None:
        """Open the database, bringing its tables up to this version.

        Raises:
            StoreError: it cannot be opened.
        """
        self._engine = open_engine(url)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def check(self) -> None:
        """Make sure that messages could be kept now; wait for the database like they do.

        Raises:
            OtherVersionError: its tables are those of another version.
            BusyError: another process holds it.
        """
        check(self._engine)

    # -- products

    def create_product(
        self, *, name: str, stopped_after_days: int, trial_days: int | None, now: datetime
    ) -> Product:
        """Create a product with a new key.

        Raises:
            ProductExistsError: the name is taken.
        """
        with write_transaction(self._engine) as connection:
            return products.create(
                connection,
                name=name,
                stopped_after_days=stopped_after_days,
                trial_days=trial_days,
                now=to_ms(now),
            )

    def product_by_key(self, key: str) -> Product | None:
        """Return the product that a message is for."""
        with read_transaction(self._engine) as connection:
            return products.by_key(connection, key)

    def product_by_name(self, name: str) -> Product | None:
        """Return the product that a vendor names."""
        with read_transaction(self._engine) as connection:
            return products.by_name(connection, name)

    def products(self) -> list[Product]:
        """Return all products, by name."""
        with read_transaction(self._engine) as connection:
            return products.everything(connection)

    def secret(self, name: str) -> str:
        """Return a secret of this server, made at first use and the same ever after."""
        with write_transaction(self._engine) as connection:
            return products.secret(connection, name)

    # -- messages

    def merge(self, product: Product, arrivals: Sequence[Arrival]) -> None:
        """Merge messages; when this returns they are durable."""
        began = time.perf_counter()
        with write_transaction(self._engine) as connection:
            merge.merge(connection, product.id, arrivals)
        metrics.committed(len(arrivals), time.perf_counter() - began)

    def erase(self, product: Product, installation_id: UUID, now: datetime) -> None:
        """Delete everything of an installation and keep late messages out."""
        with write_transaction(self._engine, alone=True) as connection:
            erasure.erase(connection, product.id, installation_id, to_ms(now))

    def erase_rehearsals(self, product: Product, installation_id: UUID) -> None:
        """Delete what rehearsals left of an installation; its real messages stay welcome."""
        with write_transaction(self._engine, alone=True) as connection:
            erasure.erase_rehearsals(connection, product.id, installation_id)

    def import_answers(
        self, product: Product, said: Sequence[tuple[UUID, datetime, Answers]]
    ) -> None:
        """Append answers whose receipt is their occurrence."""
        with write_transaction(self._engine) as connection:
            import_answers(connection, product.id, said)

    # -- the survey

    def uninstall_number(
        self, product: Product, installation_id: UUID, *, test: bool = False
    ) -> int | None:
        """Return the number of an installation's latest uninstall, for a survey's token."""
        with read_transaction(self._engine) as connection:
            return surveys.uninstall_number(connection, product.id, installation_id, test=test)

    def withdrawn_uninstalls(self, product: Product, installation_id: UUID) -> int:
        """Return how many uninstalls of an installation were withdrawn."""
        with read_transaction(self._engine) as connection:
            return surveys.withdrawn_uninstalls(connection, product.id, installation_id)

    def asked(self, uninstall: int) -> Asked | None:
        """Return what a survey needs to know; None where the uninstall was erased."""
        with read_transaction(self._engine) as connection:
            return surveys.asked(connection, uninstall)

    def show(
        self,
        *,
        uninstall: int,
        survey: str,
        survey_version: int,
        locale: str | None,
        reasons: Sequence[str],
        now: datetime,
    ) -> int:
        """Record that a survey was rendered, with its order; return the showing."""
        with write_transaction(self._engine) as connection:
            return surveys.show(
                connection,
                uninstall_id=uninstall,
                survey=survey,
                survey_version=survey_version,
                locale=locale,
                reasons=reasons,
                now=to_ms(now),
            )

    def opened(self, showing: int, now: datetime) -> None:
        """Record that the page itself said that it is open."""
        with write_transaction(self._engine) as connection:
            surveys.opened(connection, showing, to_ms(now))

    def answer(self, *, uninstall: int, showing: int, answers: Answers, now: datetime) -> None:
        """Append what was answered on the page."""
        with write_transaction(self._engine) as connection:
            surveys.answer(
                connection,
                uninstall_id=uninstall,
                showing_id=showing,
                answers=answers,
                now=to_ms(now),
            )

    # -- feedback

    def begin_feedback(
        self,
        product: Product,
        *,
        installation_id: UUID | None,
        version: str | None,
        locale: str | None,
        now: datetime,
    ) -> UUID:
        """Record that somebody opened the feedback page; return the id of that page."""
        with write_transaction(self._engine) as connection:
            return feedback.begin(
                connection,
                product_id=product.id,
                installation_uuid=installation_id,
                version=version,
                locale=locale,
                now=to_ms(now),
            )

    def feedback(self, page: UUID) -> Feedback | None:
        """Return what an opened page needs to know; None where it was erased."""
        with read_transaction(self._engine) as connection:
            return feedback.find(connection, page)

    def give_feedback(self, page: UUID, comment: str, now: datetime) -> None:
        """Keep what was written on a page, the first time."""
        with write_transaction(self._engine) as connection:
            feedback.give(connection, uuid=page, comment=comment, now=to_ms(now))

    # -- the report

    def counts(
        self, product: Product, window: Window, *, stopped_after_days: int, most_lines: int
    ) -> Counts:
        """Count everything that a report needs, in one state of the database."""
        with read_transaction(self._engine) as connection:
            return reading.counts(
                connection,
                product,
                window,
                stopped_after_days=stopped_after_days,
                most_lines=most_lines,
            )

    # -- the whole of it

    @contextmanager
    def whole(self) -> Iterator[Whole]:
        """Give everything as it is at one moment, whatever is written meanwhile."""
        with read_transaction(self._engine) as connection:
            yield Whole(connection)

    @contextmanager
    def refilled(self) -> Iterator[Whole]:
        """Give everything, to be filled while nobody else writes: kept whole, or not at all."""
        with write_transaction(self._engine, alone=True) as connection:
            yield Whole(connection)
