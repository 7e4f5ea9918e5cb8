"""The store's door to letters: `store.letters`. Each method is one transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from exitpoll_server.calendars import Calendar
from exitpoll_server.store import answering, cards, letters
from exitpoll_server.store.cards import Card
from exitpoll_server.store.engine import read_transaction, write_transaction
from exitpoll_server.store.instants import to_ms
from exitpoll_server.store.letters import Letter, Reply, Source
from exitpoll_server.store.products import Product


class Letters:
    """Who asked to be answered, in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self, product: Product) -> list[Letter]:
        """Return every letter of a product, the oldest first."""
        with read_transaction(self._engine) as connection:
            return letters.everything(connection, product.id)

    def overdue(self, product: Product, now: datetime) -> int:
        """Count who waits for an answer longer than one working day, and is not put off."""
        with read_transaction(self._engine) as connection:
            calendar = answering.calendar(connection, product.id)
            every = letters.everything(connection, product.id)
        return sum(one.state(now) == "new" and one.due(calendar) < now for one in every)

    def back(self, product: Product, since: datetime, now: datetime) -> int:
        """Count the letters that were put off and came back between two instants."""
        with read_transaction(self._engine) as connection:
            every = letters.everything(connection, product.id)
        return sum(
            one.put_off_until is not None
            and since < one.put_off_until <= now
            and one.state(now) == "new"
            for one in every
        )

    def find(self, product: Product, source: Source, number: int) -> Letter:
        """Return one letter.

        Raises:
            NoLetterError: there is none.
        """
        with read_transaction(self._engine) as connection:
            return letters.find(connection, product.id, source, number)

    def reply(self, letter: Letter, said: Reply, account_id: int | None) -> None:
        """Keep what somebody was told; the letter is answered from then on."""
        with write_transaction(self._engine) as connection:
            letters.reply(connection, letter, said, account_id=account_id)

    def put_off(self, letter: Letter, until: datetime | None) -> None:
        """Let a letter come back at an instant; None: at once."""
        with write_transaction(self._engine) as connection:
            letters.put_off(connection, letter, None if until is None else to_ms(until))

    def close(self, letter: Letter, at: datetime | None) -> None:
        """Let a letter be, without an answer; None: open it again."""
        with write_transaction(self._engine) as connection:
            letters.close(connection, letter, None if at is None else to_ms(at))

    def card(self, product: Product, installation_id: UUID) -> Card | None:
        """Return what is known of an installation; None where nothing is."""
        with read_transaction(self._engine) as connection:
            return cards.card(connection, product.id, installation_id)

    def prepared(self, product: Product) -> dict[str, str]:
        """Return what replies begin with, by reason; the empty one is for all others."""
        with read_transaction(self._engine) as connection:
            return answering.prepared(connection, product.id)

    def prepare(self, product: Product, reason: str, text: str) -> None:
        """Begin replies to a reason with a text from now on; an empty one is none."""
        with write_transaction(self._engine) as connection:
            answering.prepare(connection, product.id, reason, text)

    def calendar(self, product: Product) -> Calendar:
        """Return on which days somebody answers."""
        with read_transaction(self._engine) as connection:
            return answering.calendar(connection, product.id)

    def set_calendar(self, product: Product, new: Calendar) -> None:
        """Answer on other days from now on."""
        with write_transaction(self._engine) as connection:
            answering.set_calendar(connection, product.id, new)
