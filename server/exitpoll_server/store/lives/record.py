"""How a life is written down, and how many of them are read at once, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)

Ints: TypeAlias = npt.NDArray[np.int64]
Days: TypeAlias = npt.NDArray[np.int32]
"""A column with a row a day of use: there are so many that half the memory is half the time."""

NONE = -(2**63)
"""Stands for what is not known, where 0 would be a number."""

FACTS = (
    "installed_version",
    "version",
    "channel",
    "edition",
    "source",
    "os",
    "locale",
    "reason",
    "not_asked",
)
"""What a life has as texts, written down by the number of the term. Of who left: as known then."""

HEADER = np.dtype(
    [
        *((name, "<i4") for name in FACTS),
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

KNOWN_FROM = ("agent", "both", "browser", "link", "import")


@dataclass(frozen=True)
class Text:
    """One text of many lives."""

    codes: Ints
    """Of each life: which of the values."""
    values: list[str | None]
    """Each once."""

    def where(self, which: npt.NDArray[np.bool_]) -> Text:
        """Return the texts of the lives for which it is true."""
        return Text(self.codes[which], self.values)

    def frequent(self, most: int, other: str) -> Text:
        """Return the texts with all but the most frequent values as one."""
        sizes = np.bincount(self.codes, minlength=len(self.values))
        order = sorted(range(len(sizes)), key=lambda code: (-sizes[code], self.values[code] or ""))
        place = np.full(len(sizes), most)
        place[order[:most]] = range(len(order[:most]))
        values = [self.values[code] for code in order[:most]]
        values += [other] * (most + 1 - len(values))
        return Text(place[self.codes], values)

    def of(self, codes: Ints) -> Text:
        """Return the texts of lives that have, each, the one of a place in this column."""
        return Text(self.codes[codes], self.values)


@dataclass(frozen=True)
class Lives:
    """Many lives, a column each; the days of use of all of them one after the other."""

    ids: Ints
    header: npt.NDArray[Any]
    texts: dict[str, Text]
    owner: Days
    """Of each day of use: whose it is, as the place in the other columns."""
    day: Days
    launches: Days
    delay: npt.NDArray[np.uint8]
    version: Days
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

    def of_days(self, column: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Return of each day of use what the column has of its life."""
        # The days of a life stand together: a fifth of the time of looking up each one's owner.
        return np.repeat(column, self._days)

    @property
    def _days(self) -> Days:
        days: Days = self.header["days"]
        return days if len(self.owner) else np.zeros_like(days)

    def where(self, which: npt.NDArray[np.bool_]) -> Lives:
        """Return the lives for which it is true."""
        place = (np.cumsum(which) - 1).astype(np.int32)
        used, silent = self.of_days(which), which[self.silence_owner]
        return replace(
            self.without_days(which),
            owner=place[self.owner[used]],
            day=self.day[used],
            launches=self.launches[used],
            delay=self.delay[used],
            version=self.version[used],
            silence_owner=place[self.silence_owner[silent]].astype(np.int64),
            silence_began=self.silence_began[silent],
            silence_length=self.silence_length[silent],
        )

    def without_days(self, which: npt.NDArray[np.bool_]) -> Lives:
        """Return the lives for which it is true, and nothing of when they were used."""
        return Lives(
            ids=self.ids[which],
            # Whole records by their places: a quarter of the time of a mask.
            header=self.header.take(np.flatnonzero(which)),
            texts={name: text.where(which) for name, text in self.texts.items()},
            owner=self.owner[:0],
            day=self.day[:0],
            launches=self.launches[:0],
            delay=self.delay[:0],
            version=self.version[:0],
            silence_owner=self.silence_owner[:0],
            silence_began=self.silence_began[:0],
            silence_length=self.silence_length[:0],
        )


@dataclass(frozen=True)
class Part:
    """Some lives, as far as they can be read without the others: columns as in `Lives`."""

    ids: Ints
    header: npt.NDArray[Any]
    attributes: list[str | None]
    day: Days
    launches: Days
    delay: npt.NDArray[np.uint8]
    version: Days
    silences: npt.NDArray[np.int64]
    """When each began, and its length."""


def part(rows: Sequence[Sequence[Any]]) -> Part:
    """Return the lives of rows: an id, a record, and the attributes as JSON, if there are any."""
    # One column after the other: thrice as fast as `zip(*rows)`.
    ids, records, attributes = ([row[n] for row in rows] for n in range(3))
    size = HEADER.itemsize
    every = np.frombuffer(b"".join(records), np.uint8)
    start = np.cumsum([0, *map(len, records)])[:-1]
    header = _elements(every, np.dtype(f"V{size}"))[start].view(HEADER)
    days, width = header["days"].astype(np.int64), header["count_bytes"].astype(np.int64)
    lengths = [
        header["bitmap_bytes"].astype(np.int64),
        days * width,
        days,
        header["version_runs"].astype(np.int64) * 8,
        header["silences"].astype(np.int64) * 16,
    ]
    start += size
    parts = []
    for length, kind in zip(lengths, ("u1", "u1", "u1", "V8", "V16"), strict=True):
        parts.append(_part(every, start, length, np.dtype(kind)))
        start = start + length
    bitmap, counts, delays, runs, silences = parts
    return Part(
        ids=np.array(ids, np.int64),
        header=header,
        attributes=attributes,
        day=_set_bits(bitmap, lengths[0], header["first_day"], days),
        launches=_counts(counts, days, width),
        delay=delays,
        version=_versions(runs.view("<i4").reshape(-1, 2), header["version_runs"], days),
        silences=silences.view("<i8").reshape(-1, 2),
    )


def columns(parts: Sequence[Part], terms: Mapping[int, str]) -> Lives:
    """Return the lives of all parts, with their texts."""
    parts = parts or [part([])]
    header = np.concatenate([one.header for one in parts])
    silences = np.concatenate([one.silences for one in parts])
    everybody = np.arange(len(header), dtype=np.int32)
    return Lives(
        ids=np.concatenate([one.ids for one in parts]),
        header=header,
        texts={
            **{name: _terms(header[name], terms) for name in FACTS},
            "attributes": text_of([text for one in parts for text in one.attributes]),
        },
        owner=np.repeat(everybody, header["days"]),
        day=np.concatenate([one.day for one in parts]),
        launches=np.concatenate([one.launches for one in parts]),
        delay=np.concatenate([one.delay for one in parts]),
        version=np.concatenate([one.version for one in parts]),
        silence_owner=np.repeat(everybody, header["silences"]).astype(np.int64),
        silence_began=silences[:, 0].astype(np.int64),
        silence_length=silences[:, 1].astype(np.int64),
    )


def _part(
    buffer: npt.NDArray[np.uint8], starts: Ints, lengths: Ints, kind: np.dtype[Any]
) -> npt.NDArray[np.uint8]:
    """Return the pieces of a buffer, one after the other; each is of whole elements of a kind."""
    size = kind.itemsize
    sizes = lengths // size
    before = np.cumsum(sizes) - sizes
    where = np.arange(0, int(lengths.sum()), size)
    where += np.repeat(starts - before * size, sizes)
    pieces: npt.NDArray[np.uint8] = _elements(buffer, kind)[where].view(np.uint8)
    return pieces


def _elements(buffer: npt.NDArray[np.uint8], kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return the elements that begin at each byte: wide ones are taken at once, as they are."""
    return np.ndarray((max(0, len(buffer) - kind.itemsize + 1),), kind, buffer, strides=(1,))


def _set_bits(bitmap: npt.NDArray[np.uint8], lengths: Ints, first_day: Days, days: Ints) -> Days:
    """Return the day of each bit that is set."""
    before = np.cumsum(lengths) - lengths
    # As truths: those that are not 0 are found in half the time.
    day = np.flatnonzero(np.unpackbits(bitmap, bitorder="little").view(np.bool_))
    day += np.repeat(first_day - 8 * before, days)
    return day.astype(np.int32)


def _counts(counts: npt.NDArray[np.uint8], days: Ints, width: Ints) -> Days:
    """Return the launches of each day, written in one byte each or in four."""
    if not (width == 4).any():  # noqa: PLR2004 - as in HEADER
        return counts.astype(np.int32)
    wide = np.repeat(width == 4, days * width)  # noqa: PLR2004
    of_days = np.repeat(width == 4, days)  # noqa: PLR2004
    launches = np.zeros(len(of_days), np.int32)
    launches[~of_days] = counts[~wide]
    launches[of_days] = counts[wide].view("<i4")
    return launches


def _versions(runs: npt.NDArray[np.int32], sizes: Days, days: Ints) -> Days:
    """Return the version of each day, from where each begins within its life."""
    before = np.repeat(np.cumsum(days) - days, sizes)
    begins = before + runs[:, 0]
    return np.repeat(runs[:, 1], np.diff(np.append(begins, days.sum())))


def _terms(numbers: Days, terms: Mapping[int, str]) -> Text:
    """Return the column of a text that stands there by number."""
    present = np.zeros(max(terms, default=0) + 1, bool)
    present[numbers] = True
    distinct = sorted(np.flatnonzero(present).tolist(), key=lambda number: terms.get(number, ""))
    place = np.zeros(len(present), np.int64)
    place[distinct] = range(len(distinct))
    return Text(place[numbers], [terms.get(number) for number in distinct])


def text_of(values: Sequence[str | None]) -> Text:
    """Return a column of texts, empty ones as None; its values in order, however they came."""
    distinct = sorted(set(values), key=lambda value: value or "")
    places = {value: n for n, value in enumerate(distinct)}
    codes = np.fromiter(map(places.__getitem__, values), np.int64, len(values))
    return Text(codes, [value or None for value in distinct])
