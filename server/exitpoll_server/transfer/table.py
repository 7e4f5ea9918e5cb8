"""Reads a CSV file with a header, row by row, saying of each bad row what is wrong with it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from uuid import UUID

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.ids import stable_uuid

FACTS = ("version", "channel", "os", "arch", "locale", "edition", "source", "customer")
COLUMNS = frozenset(
    {"installation_id", "at", "installed_at", "launches", "reason", "comment", "score", *FACTS}
)
EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)
MAX_ID_CHARS = 200


class TableError(Exception):
    """The file as a whole cannot be read; says what to do."""


class RowError(Exception):
    """One row cannot be taken; says why."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row, read."""

    installation_id: UUID
    at: datetime
    installed_at: datetime | None
    facts: Mapping[str, str]
    launches: int | None
    answers: wire.Answers | None
    attributes: Mapping[str, str]


@dataclass
class Table:
    """A file's rows; iterating fills `refused` with line numbers and reasons."""

    path: Path
    now: datetime
    keep_attributes: bool
    """Whether columns without a meaning of their own become attributes."""
    on_bytes: Callable[[int], None] = lambda _: None
    """Told how many bytes more were read."""
    refused: list[tuple[int, str]] = field(default_factory=list)
    unused: tuple[str, ...] = ()
    """Columns that were not read."""

    def __iter__(self) -> Iterator[Row]:
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                yield from self._rows(csv.DictReader(self._counted(file), strict=True))
        except UnicodeDecodeError:
            raise TableError(f"{self.path} is not UTF-8; save it as CSV in UTF-8") from None
        except csv.Error as error:
            raise TableError(f"{self.path} is no CSV file: {error}") from None
        except OSError as error:
            raise TableError(f"{self.path} cannot be read: {error.strerror}") from None

    def _counted(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self.on_bytes(len(line.encode()))
            yield line

    def _rows(self, reader: csv.DictReader[str]) -> Iterator[Row]:
        header = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = header
        self._check(header)
        for cells in reader:
            try:
                yield self._row(cells)
            except RowError as error:
                self.refused.append((reader.line_num, str(error)))

    def _check(self, header: list[str]) -> None:
        if "installation_id" not in header:
            raise TableError(
                f"{self.path} has no column installation_id; "
                "its first line must name the columns, parted by commas"
            )
        if "at" not in header and "installed_at" not in header:
            raise TableError(f"{self.path} has no column at (or installed_at) with the instants")
        if len(set(header)) < len(header):
            raise TableError(f"{self.path} names a column twice")
        others = tuple(name for name in header if name not in COLUMNS)
        if not self.keep_attributes:
            self.unused = others
        elif len(others) > wire.MAX_ATTRIBUTES or any(
            not name or len(name) > wire.MAX_NAME_CHARS for name in others
        ):
            raise TableError(
                f"{self.path} has further columns that cannot become attributes: "
                f"at most {wire.MAX_ATTRIBUTES}, named in 1 to {wire.MAX_NAME_CHARS} characters"
            )

    def _row(self, cells: Mapping[str | None, str | None]) -> Row:
        if None in cells or None in cells.values():
            raise RowError("has not as many fields as the header")
        text = {name: (value or "").strip() for name, value in cells.items() if name is not None}
        # A comment is kept as it was typed.
        text["comment"] = cells.get("comment") or ""
        for name, value in text.items():
            _check_text(name, value)
        if not text["installation_id"]:
            raise RowError("has no installation_id")
        at = _instant("at", text.get("at", ""), self.now)
        installed_at = _instant("installed_at", text.get("installed_at", ""), self.now)
        when = at or installed_at
        if when is None:
            raise RowError("has no instant")
        others = {} if self.unused else {n: v for n, v in text.items() if n not in COLUMNS and v}
        return Row(
            installation_id=stable_uuid(text["installation_id"]),
            at=when,
            installed_at=installed_at,
            facts={name: text[name] for name in FACTS if text.get(name)},
            launches=_whole("launches", text.get("launches", "")),
            answers=_answers(text),
            attributes=others,
        )


def _check_text(name: str, value: str) -> None:
    limits = {"comment": wire.MAX_COMMENT_CHARS, "reason": wire.MAX_NAME_CHARS}
    limits["installation_id"] = MAX_ID_CHARS
    most = limits.get(name, wire.TEXT_LIMITS.get(name, wire.MAX_ATTRIBUTE_CHARS))
    if len(value) > most:
        raise RowError(f"{name} has {len(value)} characters, at most {most} are kept")
    if "\0" in value:
        raise RowError(f"{name} holds a NUL character")


def _instant(name: str, text: str, now: datetime) -> datetime | None:
    """Read an ISO 8601 instant or day; without an offset it is UTC."""
    if not text:
        return None
    try:
        instant = clock.read(text)
    except (ValueError, OverflowError):
        raise RowError(f"{name} {text!r} is no ISO 8601 instant") from None
    if instant < EARLIEST:
        raise RowError(f"{name} {text!r} is before 1970")
    if instant > now:
        raise RowError(f"{name} {text!r} is in the future")
    return instant


def _whole(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - fits any column
        raise RowError(f"{name} {text!r} is no whole number")
    return int(text)


def _answers(text: Mapping[str, str]) -> wire.Answers | None:
    score = _whole("score", text.get("score", ""))
    if score is not None and score > 10:  # noqa: PLR2004 - 0 to 10
        raise RowError(f"score {score} is not from 0 to 10")
    reason, comment = text.get("reason") or None, text["comment"]
    comment_or_none = comment if comment.strip() else None
    if reason is None and comment_or_none is None and score is None:
        return None
    return wire.Answers(reason=reason, comment=comment_or_none, score=score)
