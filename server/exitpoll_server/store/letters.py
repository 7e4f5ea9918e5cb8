"""Letters: what was written by those who left an address to be answered, and what they were told.

A letter is an uninstall with such an answer, or a page that was opened while in use. It has a row
of its own once something was done about it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, Row, RowMapping, delete, select, update

from exitpoll_server.calendars import Calendar
from exitpoll_server.store import tables
from exitpoll_server.store.arrivals import insert
from exitpoll_server.store.instants import from_ms, to_ms

State: TypeAlias = Literal["new", "put off", "answered", "closed"]

Source: TypeAlias = Literal["uninstall", "feedback"]


class NoLetterError(Exception):
    """There is no such letter: it was never there, or was erased."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What somebody was told."""

    at: datetime
    account: str | None
    """The name of who wrote it."""
    subject: str
    text: str
    is_sent: bool
    """False where it was prepared here, and sent by hand."""
    theme_id: int | None


@dataclass(frozen=True, kw_only=True)
class Letter:
    """Somebody who asked to be answered."""

    source: Source
    number: int
    """Of the uninstall, or of the page."""
    installation_id: UUID | None
    asked_at: datetime
    """When the address came: from then on an answer is due."""
    wrote_at: datetime
    """When anything was written last."""
    email: str
    reason: str | None
    follow_up: str | None
    comment: str | None
    score: int | None
    version: str | None
    locale: str | None
    put_off_until: datetime | None
    closed_at: datetime | None
    replies: tuple[Reply, ...]

    def due(self, calendar: Calendar) -> datetime:
        """Return until when an answer is due: one working day, or as long as it was put off."""
        due = calendar.due(self.asked_at)
        return due if self.put_off_until is None else max(due, self.put_off_until)

    def state(self, now: datetime) -> State:
        """Return what is to be done; whoever writes again is new again."""
        if self.closed_at is not None and self.closed_at >= self.wrote_at:
            return "closed"
        if self.replies and self.replies[-1].at >= self.wrote_at:
            return "answered"
        is_off = self.put_off_until is not None and self.put_off_until > now
        return "put off" if is_off else "new"


# -- reading -------------------------------------------------------------------------------


def everything(connection: Connection, product_id: int) -> list[Letter]:
    """Return every letter of a product, the oldest first."""
    said = [*_of_uninstalls(connection, product_id), *_of_pages(connection, product_id)]
    known = _known(connection, said)
    letters = [_letter(one, *known.get(_name(one), (None, ()))) for one in said]
    return sorted(letters, key=lambda one: (one.asked_at, one.number))


def find(connection: Connection, product_id: int, source: Source, number: int) -> Letter:
    """Return one letter.

    Raises:
        NoLetterError: there is none.
    """
    for one in everything(connection, product_id):
        if (one.source, one.number) == (source, number):
            return one
    raise NoLetterError(f"there is no letter {source} {number}")


_Said: TypeAlias = dict[str, Any]

_SAID = ("reason", "follow_up", "comment", "score", "email")


def _of_uninstalls(connection: Connection, product_id: int) -> Iterator[_Said]:
    a, u, i = tables.answers, tables.uninstalls, tables.installations
    asking = select(a.c.uninstall_id).where(a.c.email.is_not(None))
    rows = connection.execute(
        select(a, u.c.version, u.c.locale, i.c.uuid.label("installation_uuid"))
        .join(u, u.c.id == a.c.uninstall_id)
        .join(i, i.c.id == u.c.installation_id)
        .where(i.c.product_id == product_id, i.c.test.is_(False), u.c.id.in_(asking))
        .order_by(a.c.received_at, a.c.id)
    )
    by_uninstall: dict[int, list[RowMapping]] = defaultdict(list)
    for row in rows.mappings():
        by_uninstall[row["uninstall_id"]].append(row)
    for number, answers in by_uninstall.items():
        # What was said last holds; what was not said again stays.
        said = {
            name: next((one[name] for one in reversed(answers) if one[name] is not None), None)
            for name in _SAID
        }
        yield {
            **said,
            "source": "uninstall",
            "number": number,
            "installation_uuid": answers[0]["installation_uuid"],
            "asked_at": next(one["received_at"] for one in answers if one["email"] is not None),
            "wrote_at": answers[-1]["received_at"],
            "version": answers[0]["version"],
            "locale": answers[0]["locale"],
        }


def _of_pages(connection: Connection, product_id: int) -> Iterator[_Said]:
    f = tables.feedback
    rows = connection.execute(
        select(f).where(f.c.product_id == product_id, f.c.email.is_not(None))
    ).mappings()
    for row in rows:
        yield {
            **{name: row[name] for name in (*_SAID, "installation_uuid", "version", "locale")},
            "source": "feedback",
            "number": row["id"],
            "asked_at": row["received_at"],
            "wrote_at": row["received_at"],
        }


_Name: TypeAlias = tuple[Source, int]


def _name(said: _Said) -> _Name:
    return said["source"], said["number"]


def _known(
    connection: Connection, said: Sequence[_Said]
) -> dict[_Name, tuple[Row[Any], tuple[Reply, ...]]]:
    """Return what was done about letters, of those about which anything was."""
    found: dict[_Name, tuple[Row[Any], tuple[Reply, ...]]] = {}
    table = tables.letters
    wanted = {_name(one) for one in said}
    rows = [row for row in connection.execute(select(table)) if _row_name(row) in wanted]
    replies = _replies(connection, [row.id for row in rows])
    for row in rows:
        found[_row_name(row)] = (row, tuple(replies[row.id]))
    return found


def _row_name(row: Row[Any]) -> _Name:
    if row.uninstall_id is not None:
        return "uninstall", row.uninstall_id
    return "feedback", row.feedback_id


def _replies(connection: Connection, letters: Iterable[int]) -> Mapping[int, list[Reply]]:
    table, who = tables.replies, tables.accounts
    found: dict[int, list[Reply]] = defaultdict(list)
    rows = connection.execute(
        select(table, who.c.name)
        .outerjoin(who, who.c.id == table.c.account_id)
        .where(table.c.letter_id.in_(list(letters)))
        .order_by(table.c.id)
    )
    for row in rows:
        reply = Reply(
            at=from_ms(row.replied_at),
            account=row.name,
            subject=row.subject,
            text=row.text,
            is_sent=row.is_sent,
            theme_id=row.theme_id,
        )
        found[row.letter_id].append(reply)
    return found


def _letter(said: _Said, done: Row[Any] | None, replies: tuple[Reply, ...]) -> Letter:
    return Letter(
        source=said["source"],
        number=said["number"],
        installation_id=said["installation_uuid"],
        asked_at=from_ms(said["asked_at"]),
        wrote_at=from_ms(said["wrote_at"]),
        email=said["email"],
        reason=said["reason"],
        follow_up=said["follow_up"],
        comment=said["comment"],
        score=said["score"],
        version=said["version"],
        locale=said["locale"],
        put_off_until=_instant(done.put_off_until if done else None),
        closed_at=_instant(done.closed_at if done else None),
        replies=replies,
    )


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)


# -- what is done about them ---------------------------------------------------------------


def reply(connection: Connection, letter: Letter, said: Reply, *, account_id: int | None) -> None:
    """Keep what somebody was told; the letter is answered from then on."""
    number = _row(connection, letter, put_off_until=None)
    connection.execute(
        tables.replies.insert(),
        {
            "letter_id": number,
            "replied_at": to_ms(said.at),
            "account_id": account_id,
            "subject": said.subject,
            "text": said.text,
            "is_sent": said.is_sent,
            "theme_id": said.theme_id,
        },
    )


def put_off(connection: Connection, letter: Letter, until: int | None) -> None:
    """Let a letter come back at an instant; None: at once."""
    _row(connection, letter, put_off_until=until)


def close(connection: Connection, letter: Letter, at: int | None) -> None:
    """Let a letter be, without an answer; None: open it again."""
    _row(connection, letter, closed_at=at)


def _row(connection: Connection, letter: Letter, **values: int | None) -> int:
    """Return the number of a letter's row, in which these values stand now."""
    table = tables.letters
    column = table.c.uninstall_id if letter.source == "uninstall" else table.c.feedback_id
    connection.execute(
        insert(connection, table).on_conflict_do_nothing(), {column.name: letter.number}
    )
    connection.execute(update(table).where(column == letter.number).values(values))
    found: int = connection.execute(select(table.c.id).where(column == letter.number)).scalar_one()
    return found


def forget(connection: Connection, column: str, numbers: Any) -> None:  # noqa: ANN401 - a subquery
    """Delete the letters of uninstalls or of pages, which are erased."""
    table, replies = tables.letters, tables.replies
    theirs = table.c[column].in_(numbers)
    which = select(table.c.id).where(theirs)
    connection.execute(delete(replies).where(replies.c.letter_id.in_(which)))
    connection.execute(delete(table).where(theirs))
