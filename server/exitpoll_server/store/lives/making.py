"""Makes lives out of the tables, as known at an instant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Row, select

from exitpoll_server.store import sql, tables
from exitpoll_server.store.instants import DAY_MS, NOON_MS
from exitpoll_server.store.lives.record import FACTS, HEADER, KNOWN_FROM, NONE, Ints
from exitpoll_server.store.lives.terms import Terms

ANSWER_MS = 7 * DAY_MS
"""One response per uninstall: what is said within seven days (FIGURES, ground rules)."""

ALL = 2**62
"""As known at the end of time: with everything that there is."""

_LONGEST = 2**43
"""More milliseconds than any silence has; so many lives times this still fit a number."""

_MOST_DELAY = 255
_MOST_IN_A_BYTE = 255


@dataclass(frozen=True)
class Made:
    """Lives that are not yet written down."""

    ids: list[int]
    header: npt.NDArray[Any]
    facts: list[dict[str, str | None]]
    variable: list[bytes]

    def rows(self, terms: Terms) -> Iterator[tuple[int, bytes, str | None]]:
        """Give each life's id, record and attributes."""
        for name in FACTS:
            self.header[name] = [terms.number(fact[name]) for fact in self.facts]
        for n, one in enumerate(self.ids):
            record = self.header[n].tobytes() + self.variable[n]
            yield one, record, self.facts[n]["attributes"]

    def terms(self) -> set[str | None]:
        """Return the texts that need a number."""
        return {fact[name] for fact in self.facts for name in FACTS}


def make(connection: Connection, ids: Sequence[int], as_of: int = ALL) -> Made:
    """Make the lives of some installations, a thousand or so at once, in the order of their ids.

    A life that is kept holds everything; one of an earlier instant, what was known then.
    """
    known = {"ids": list(ids), "as_of": as_of, "answer_ms": ANSWER_MS}
    found = sql.rows(connection, "lives", **known)
    place = {row.id: n for n, row in enumerate(found)}
    header = _begun(found)
    uses = _uses(sql.rows(connection, "lives_days", **known), place, header, _ranks(connection))
    _sign(header, uses, as_of)
    departures = sql.rows(connection, "departures", **known)
    showings = sql.rows(connection, "lives_showings", **known) if departures else []
    facts = [{"installed_version": row.installed_version, **_facts(row)} for row in found]
    if as_of != ALL:
        _forget_later(facts, sql.rows(connection, "lives_facts", **known), place)
    for fact in facts:
        fact.update(reason=None, not_asked=None)
    _leave(header, facts, departures, showings, place)
    return Made(list(place), header, facts, _written(header, uses, as_of))


def _begun(found: Sequence[Row[Any]]) -> npt.NDArray[Any]:
    """Return headers with what the installation itself says."""
    header = np.zeros(len(found), HEADER)
    for name in ("left", "tenure", "launches", "uninstall", "first", "last"):
        header[name] = NONE
    header["tenure_step"] = header["score"] = header["known_from"] = -1
    for name in ("heard", "installed", "counted_since", "censored"):
        values = (getattr(row, name) for row in found)
        header[name] = [NONE if value is None else value for value in values]
    for name in ("is_new", "has_counter", "clock_wrong"):
        header[name] = [bool(getattr(row, name)) for row in found]
    header["latest"] = [
        max(
            row.heard,
            row.counted_at,
            row.left_at,
            row.withdrawn_at,
            row.told_at,
            row.opened_at,
            row.answered_at,
        )
        for row in found
    ]
    return header


# -- use -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Uses:
    """A row a day of use, by installation and day."""

    owner: Ints
    day: Ints
    at: Ints
    launches: Ints
    delay: Ints
    version: Ints


def _ranks(connection: Connection) -> Ints:
    """Return the place of each version, by its number, among all of them by name."""
    names = connection.execute(select(tables.versions.c.id, tables.versions.c.name)).all()
    ranks = np.zeros(max((row.id for row in names), default=0) + 1, np.int64)
    # Sorted here: each engine has an order of names of its own.
    ranks[[row.id for row in sorted(names, key=lambda row: row.name)]] = range(len(names))
    return ranks


def _uses(
    rows: Sequence[Row[Any]], place: dict[int, int], header: npt.NDArray[Any], ranks: Ints
) -> _Uses:
    table = np.array([tuple(row) for row in rows], np.int64).reshape(-1, 5)
    owner = np.array([place[row[0]] for row in rows], np.int64)
    _, day, version, launches, received = table.T
    # Of several versions on one day the last is the one that was heard of last; of those heard of
    # at once, the last by name.
    order = np.lexsort((ranks[version], received, day, owner))
    owner, day, version = owner[order], day[order], version[order]
    launches, received = launches[order], received[order]
    is_first = np.append(True, (np.diff(owner) != 0) | (np.diff(day) != 0))[: len(owner)]
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], len(owner))[: len(first)] - 1
    owner, day, heard = owner[first], day[first], received[first]
    # Noon, but not later than its first receipt, nor before the install.
    at = np.minimum(day * DAY_MS + NOON_MS, heard)
    return _Uses(
        owner=owner,
        day=day,
        at=np.maximum(at, header["installed"][owner]),
        launches=np.add.reduceat(launches, first) if len(first) else launches,
        delay=np.clip(heard // DAY_MS - day, 0, _MOST_DELAY),
        version=version[last],
    )


def _sign(header: npt.NDArray[Any], uses: _Uses, as_of: int) -> None:
    """Note when each was first and last seen."""
    owner, at = _signs(header, uses, as_of)
    starts = np.flatnonzero(np.append(True, np.diff(owner) != 0)[: len(owner)])
    ends = np.append(starts[1:], len(owner))[: len(starts)] - 1
    header["first"][owner[starts]] = at[starts]
    header["last"][owner[starts]] = at[ends]


def _signs(header: npt.NDArray[Any], uses: _Uses, as_of: int) -> tuple[Ints, Ints]:
    """Return every sign of a life, in order: its days of use, and its beginning."""
    begun, since = header["installed"], header["counted_since"]
    # Where an update brought the agent, nothing was counted before: that was no silence.
    begun = np.where(~header["is_new"] & (begun != NONE) & (since > begun), since, begun)
    begins = np.flatnonzero((begun != NONE) & (begun <= as_of))
    used = uses.at <= as_of
    owner = np.append(uses.owner[used], begins)
    at = np.append(uses.at[used], begun[begins])
    order = np.lexsort((at, owner))
    return owner[order], at[order]


def _record_silences(header: npt.NDArray[Any], uses: _Uses, as_of: int) -> tuple[Ints, Ints, Ints]:
    """Return the silences longer than every one before: whose, when they began, how long."""
    owner, at = _signs(header, uses, as_of)
    same = np.flatnonzero(np.diff(owner) == 0)
    owner, began, length = owner[same], at[same], np.diff(at)[same]
    height = owner * _LONGEST + length
    before = np.append(-1, np.maximum.accumulate(height))[: len(height)]
    # The first of a life stands above everything in the lives before it.
    breaks = (height > before) & (length > 0)
    return owner[breaks], began[breaks], length[breaks]


# -- leaving -------------------------------------------------------------------------------


def _leave(
    header: npt.NDArray[Any],
    facts: list[dict[str, str | None]],
    departures: Iterable[Row[Any]],
    showings: Iterable[Row[Any]],
    place: dict[int, int],
) -> None:
    shown = {row.uninstall_id: row for row in showings}
    for row in departures:
        n = place[row.installation_id]
        life = header[n]
        life["uninstall"], life["left"] = row.id, row.instant
        for name, value in (("tenure", row.tenure_ms), ("launches", row.launches)):
            life[name] = NONE if value is None else value
        life["tenure_step"] = -1 if row.tenure_step is None else row.tenure_step
        life["score"] = -1 if row.score is None else row.score
        life["known_from"] = KNOWN_FROM.index(row.known_from)
        life["late_answers"] = min(row.late_answers, np.iinfo(np.int16).max)
        life["consent_exit"] = row.consent == "exit"
        life["asked"], life["answered"] = bool(row.asked), bool(row.answered)
        life["commented"] = row.comment is not None
        life["wants_answer"] = bool(row.wants_answer)
        life["clock_wrong"] |= abs(row.clock_offset or 0) > DAY_MS
        showing = shown.get(row.id)
        if showing is not None:
            life["survey_version"] = showing.survey_version
            life["position"] = _position(showing.reasons, row.reason)
        # Whoever was asked after all could be.
        not_asked = None if row.asked else row.not_asked
        facts[n].update(_facts(row), reason=row.reason, not_asked=not_asked)


_CHANGING = ("version", "channel", "edition", "source", "os", "locale")


def _facts(row: Row[Any]) -> dict[str, str | None]:
    """Return the texts that may change while an installation lives."""
    attributes = row.attributes
    # The engines give JSON as text, or read.
    known = json.loads(attributes) if isinstance(attributes, str) else attributes
    # A database may hold what an earlier version let in.
    sound = known if isinstance(known, dict) else None
    written_down = json.dumps(sound, sort_keys=True, ensure_ascii=False) if sound else None
    return {**{name: getattr(row, name) for name in _CHANGING}, "attributes": written_down}


def _forget_later(
    facts: list[dict[str, str | None]], stated: Iterable[Row[Any]], place: dict[int, int]
) -> None:
    """Replace what is known now by what had been stated by then, in the merge's own order."""
    for fact in facts:
        fact.update(dict.fromkeys((*_CHANGING, "attributes")))
    newest: dict[tuple[int, int | None], int] = {}
    for row in stated:
        writer = row.installation_id, row.counter_id
        fact = facts[place[row.installation_id]]
        said = _known(_facts(row))
        # What another message of its counter overtook only fills what nobody had said.
        overtaken = row.counter_id is not None and row.seq < newest.get(writer, row.seq)
        fact.update({**said, **_known(fact)} if overtaken else said)
        newest[writer] = max(row.seq, newest.get(writer, row.seq))


def _known(fact: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in fact.items() if value is not None}


def _position(reasons: str | list[str | None], reason: str | None) -> int:
    """Return where a reason stood, 1 for the first; 0 where it did not."""
    order: list[str | None] = json.loads(reasons) if isinstance(reasons, str) else reasons
    return order.index(reason) + 1 if reason in order else 0


# -- writing -------------------------------------------------------------------------------


def _written(header: npt.NDArray[Any], uses: _Uses, as_of: int) -> list[bytes]:
    """Return what comes after each header, and complete the header with its sizes."""
    used = uses.at <= as_of
    owner, day, launches = uses.owner[used], uses.day[used], uses.launches[used]
    delay, version = uses.delay[used].astype(np.uint8), uses.version[used]
    silent, began, length = _record_silences(header, uses, as_of)
    silences = np.stack([began, length], axis=1).astype("<i8")
    everyone = np.arange(len(header) + 1)
    of_days, of_silences = np.searchsorted(owner, everyone), np.searchsorted(silent, everyone)
    variable = []
    for n, life in enumerate(header):
        mine = slice(of_days[n], of_days[n + 1])
        parts = _days(life, day[mine], launches[mine], version[mine])
        theirs = silences[of_silences[n] : of_silences[n + 1]]
        life["silences"] = len(theirs)
        bitmap, counts, runs = parts
        variable.append(b"".join([bitmap, counts, delay[mine].tobytes(), runs, theirs.tobytes()]))
    return variable


def _days(life: Any, day: Ints, launches: Ints, version: Ints) -> tuple[bytes, bytes, bytes]:  # noqa: ANN401 - a record
    life["days"], life["count_bytes"] = len(day), 1
    if not len(day):
        return b"", b"", b""
    life["first_day"] = day[0]
    bits = np.zeros(day[-1] - day[0] + 1, np.uint8)
    bits[day - day[0]] = 1
    bitmap = np.packbits(bits, bitorder="little").tobytes()
    life["bitmap_bytes"] = len(bitmap)
    wide = launches.max() > _MOST_IN_A_BYTE
    life["count_bytes"] = 4 if wide else 1
    counts = np.minimum(launches, 2**31 - 1).astype("<i4" if wide else np.uint8).tobytes()
    begins = np.flatnonzero(np.append(True, np.diff(version) != 0))
    life["version_runs"] = len(begins)
    runs = np.stack([begins, version[begins]], axis=1).astype("<i4").tobytes()
    return bitmap, counts, runs
