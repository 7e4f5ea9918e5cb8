"""How a life is written down, and how many of them are read at once, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

NONE = -(2**63)
"""Stands for what is not known, where 0 would be a number."""

HEADER = np.dtype(
    [
        ("latest", "<i8"),
        ("heard", "<i8"),
        ("installed", "<i8"),
        ("counted_since", "<i8"),
        ("censored", "<i8"),
        ("first", "<i8"),
        ("last", "<i8"),
        ("uninstall", "<i8"),
        ("left", "<i8"),
        ("tenure", "<i8"),
        ("launches", "<i8"),
        ("tenure_step", "<i4"),
        ("first_day", "<i4"),
        ("bitmap_bytes", "<i4"),
        ("days", "<i4"),
        ("version_runs", "<i4"),
        ("silences", "<i4"),
        ("survey_version", "<i4"),
        ("late_answers", "<i2"),
        ("count_bytes", "u1"),
        ("position", "u1"),
        ("score", "i1"),
        ("known_from", "i1"),
        ("is_new", "?"),
        ("has_counter", "?"),
        ("clock_wrong", "?"),
        ("consent_exit", "?"),
        ("asked", "?"),
        ("answered", "?"),
        ("commented", "?"),
        ("wants_answer", "?"),
    ]
)
"""What every life has. Instants are milliseconds, days are days since 1970-01-01; NONE where it is
not known. After it come the days of use as a bitmap from `first_day` on; for each day its launches
(of `count_bytes`) and by how many days later it was heard of; where another version begins (which
of the days, its number); and the silences that broke the record (when each began, its length)."""

FACTS = (
    "installed_version",
    "version",
    "channel",
    "edition",
    "source",
    "os",
    "locale",
    "attributes",
    "reason",
    "not_asked",
)
"""The texts of a life, beside the header. Of who left: as known then."""

KNOWN_FROM = ("agent", "both", "browser", "link", "import")

_END = "\x1f"
"""Parts one text from the next: no message may hold it in a fact."""


def written(facts: Sequence[str | None]) -> str:
    """Return texts as one, in the order of FACTS."""
    return _END.join((fact or "").replace(_END, " ") for fact in facts)


@dataclass(frozen=True)
class Text:
    """One text of many lives."""

    codes: Ints
    """Of each life: which of the values."""
    values: list[str | None]
    """Each once."""

    def of(self, codes: Ints) -> Text:
        """Return the texts of lives that have, each, the one of a place in this column."""
        return Text(self.codes[codes], self.values)


@dataclass(frozen=True)
class Lives:
    """Many lives, a column each; the days of use of all of them one after the other."""

    ids: Ints
    header: npt.NDArray[Any]
    texts: dict[str, Text]
    owner: Ints
    """Of each day of use: whose it is, as the place in the other columns."""
    day: Ints
    launches: Ints
    delay: Ints
    version: Ints
    """The number of the version that was heard of last on that day."""
    silence_owner: Ints
    silence_began: Ints
    silence_length: Ints
    """Each longer than every one before it in the same life."""

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Return a column of the header."""
        column: npt.NDArray[Any] = self.header[name]
        return column

    def where(self, which: npt.NDArray[np.bool_]) -> Lives:
        """Return the lives for which it is true."""
        place = np.cumsum(which) - 1
        used, silent = which[self.owner], which[self.silence_owner]
        return Lives(
            ids=self.ids[which],
            header=self.header[which],
            texts={name: Text(text.codes[which], text.values) for name, text in self.texts.items()},
            owner=place[self.owner[used]],
            day=self.day[used],
            launches=self.launches[used],
            delay=self.delay[used],
            version=self.version[used],
            silence_owner=place[self.silence_owner[silent]],
            silence_began=self.silence_began[silent],
            silence_length=self.silence_length[silent],
        )


def columns(ids: Sequence[int], records: Sequence[bytes], facts: Sequence[str]) -> Lives:
    """Return the lives that stand in these records."""
    size = HEADER.itemsize
    header = np.frombuffer(b"".join([record[:size] for record in records]), HEADER)
    rest = np.frombuffer(b"".join([record[size:] for record in records]), np.uint8)
    days, width = header["days"].astype(np.int64), header["count_bytes"].astype(np.int64)
    lengths = [
        header["bitmap_bytes"].astype(np.int64),
        days * width,
        days,
        header["version_runs"].astype(np.int64) * 8,
        header["silences"].astype(np.int64) * 16,
    ]
    ends = np.cumsum(sum(lengths)) if len(records) else np.zeros(0, np.int64)
    start = ends - sum(lengths)
    parts = []
    for length in lengths:
        parts.append(_part(rest, start, length))
        start = start + length
    bitmap, counts, delays, runs, silences = parts
    owner = np.repeat(np.arange(len(records)), days)
    day = _set_bits(bitmap, lengths[0], header["first_day"].astype(np.int64), owner)
    silence = silences.view("<i8").reshape(-1, 2)
    return Lives(
        ids=np.array(ids, np.int64),
        header=header,
        texts=_texts(facts),
        owner=owner,
        day=day,
        launches=_counts(counts, days, width),
        delay=delays.astype(np.int64),
        version=_versions(runs.view("<i4").reshape(-1, 2), header["version_runs"], days),
        silence_owner=np.repeat(np.arange(len(records)), header["silences"]),
        silence_began=silence[:, 0].astype(np.int64),
        silence_length=silence[:, 1].astype(np.int64),
    )


def _part(buffer: npt.NDArray[np.uint8], starts: Ints, lengths: Ints) -> npt.NDArray[np.uint8]:
    """Return the pieces of a buffer, one after the other."""
    before = np.cumsum(lengths) - lengths
    where = np.repeat(starts - before, lengths)
    where += np.arange(len(where))
    pieces: npt.NDArray[np.uint8] = buffer[where]
    return pieces


def _set_bits(bitmap: npt.NDArray[np.uint8], lengths: Ints, first_day: Ints, owner: Ints) -> Ints:
    """Return the day of each bit that is set."""
    before = np.cumsum(lengths) - lengths
    places = np.flatnonzero(np.unpackbits(bitmap, bitorder="little"))
    return places + (first_day - 8 * before)[owner]


def _counts(counts: npt.NDArray[np.uint8], days: Ints, width: Ints) -> Ints:
    """Return the launches of each day, written in one byte each or in four."""
    if not (width == 4).any():  # noqa: PLR2004 - as in HEADER
        return counts.astype(np.int64)
    wide = np.repeat(width == 4, days * width)  # noqa: PLR2004
    of_days = np.repeat(width == 4, days)  # noqa: PLR2004
    launches = np.zeros(len(of_days), np.int64)
    launches[~of_days] = counts[~wide]
    launches[of_days] = counts[wide].view("<u4")
    return launches


def _versions(runs: npt.NDArray[np.int32], sizes: npt.NDArray[np.int32], days: Ints) -> Ints:
    """Return the version of each day, from where each begins within its life."""
    before = np.repeat(np.cumsum(days) - days, sizes)
    begins = before + runs[:, 0]
    return np.repeat(runs[:, 1], np.diff(np.append(begins, days.sum()))).astype(np.int64)


def _texts(facts: Sequence[str]) -> dict[str, Text]:
    """Return each text's column: copies are alike in most of theirs, and split only once."""
    kinds: dict[str, int] = {}
    codes = np.array([kinds.setdefault(fact, len(kinds)) for fact in facts], np.int64)
    split = [kind.split(_END) for kind in kinds]
    texts = {}
    for n, name in enumerate(FACTS):
        texts[name] = text_of([parts[n] or None for parts in split]).of(codes)
    return texts


def text_of(values: Sequence[str | None]) -> Text:
    """Return a column of texts; its values in order, whatever order they came in."""
    distinct = sorted(set(values), key=lambda value: (value is not None, value))
    place = {value: n for n, value in enumerate(distinct)}
    return Text(np.array([place[value] for value in values], np.int64), distinct)
