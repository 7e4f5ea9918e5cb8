"""Launch counts of one person's profile on one host, and what the server confirmed of them.

`Counter` is a value and its methods return the next one; `held` keeps it on disk, one change
at a time.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from exitpoll_agent import statefile, wire

NAME = "counter.json"

KEEP_CONFIRMED = timedelta(days=35)
"""A server restored from its backup of last month can still be told everything since."""
MAX_KEPT_ROWS = 4_000
"""Ten years of a version a day without a server; then the oldest are given up, so that the
file, which is rewritten with every launch, stays below half a megabyte."""

BACKOFF_BASE = timedelta(minutes=15)
"""A router restarts, a laptop finds its network: most failures are over by then."""
BACKOFF_CAP = timedelta(days=1)
"""A server that was away for a week hears of everybody within a day of its return."""
BACKOFF_REFUSED = timedelta(days=1)
"""What was refused will be refused again, until the server or the product is updated."""
LONGEST_BACKOFF = timedelta(days=7)
"""No `Retry-After`, and no clock that was wrong for a while, silences an agent for longer."""
ONE_UPLOAD = timedelta(minutes=1)
"""Longer than any upload may take: until then the other starts leave the sending to one."""
LONGEST_INTERVAL_HOURS = 30 * 24
"""A policy that says more is a mistake, and enormous numbers overflow."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Launches of one UTC day by one version, and how many of them the server confirmed."""

    day: date
    version: str
    launches: int
    confirmed: int = 0
    confirmed_on: date | None = None
    """None: never, which differs from 0 of 0 confirmed."""

    @property
    def is_unconfirmed(self) -> bool:
        """Whether the server has yet to hear of this row as it stands."""
        return self.confirmed_on is None or self.confirmed < self.launches

    @property
    def label(self) -> tuple[date, str]:
        """What tells this row from the counter's others."""
        return self.day, self.version


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """A success that the product declared, and whether the server has confirmed it."""

    name: str
    day: date
    is_confirmed: bool = False


@dataclass(frozen=True, kw_only=True)
class Uninstalled:
    """The last uninstall event; a confirmed ping after it withdraws it at the server."""

    uninstall_id: UUID
    at: datetime
    seq: int
    launches_total: int
    """Launches at the time: after another one, the next uninstall is a new one."""


@dataclass(frozen=True, kw_only=True)
class KeptPrompt:
    """The last question that the server would put to the person."""

    survey: str
    address: str
    is_opened: bool = False
    """Then it is kept only so that it is not asked again."""


@dataclass(frozen=True, kw_only=True)
class Counter:
    """One writer of launch counts, as it is on disk."""

    counter: UUID
    installation_id: UUID
    counted_since: datetime
    seq: int = 0
    """The last one taken: a message's own is never used for another."""
    launches_total: int = 0
    first_launch_day: date | None = None
    last_launch_day: date | None = None
    rows: tuple[Row, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    pinged_at: datetime | None = None
    """When the last confirmed message was sent, and of which version it was."""
    pinged_version: str | None = None
    attempts: int = 0
    """Failed since the last success."""
    backoff_until: datetime | None = None
    policy: wire.Policy = field(default_factory=wire.Policy)
    resent_since: date | None = None
    """The `policy.resend_since` that was last acted upon."""
    uninstalled: Uninstalled | None = None
    prompt: KeptPrompt | None = None

    # -- counting --------------------------------------------------------------------------

    def counted(self, version: str, now: datetime) -> Counter:
        """Count one launch."""
        today = now.date()
        rows = {row.label: row for row in self.rows}
        row = rows.get((today, version), Row(day=today, version=version, launches=0))
        launches = min(row.launches + 1, wire.MAX_LAUNCHES_A_ROW)
        rows[row.label] = replace(row, launches=launches)
        return replace(
            self,
            launches_total=self.launches_total + 1,
            first_launch_day=self.first_launch_day or today,
            last_launch_day=today,
            rows=_kept(tuple(rows.values()), today),
        )

    def unconfirmed(self) -> tuple[wire.DayCount, ...]:
        """Return what the server has not confirmed, oldest first."""
        rows = sorted((row for row in self.rows if row.is_unconfirmed), key=lambda row: row.label)
        return tuple(
            wire.DayCount(day=row.day, version=row.version, launches=row.launches) for row in rows
        )

    def reached(self, milestone: str, now: datetime) -> Counter:
        """Note a milestone with its first day; beyond what a message holds none is taken."""
        known = self.milestones
        if any(m.name == milestone for m in known) or len(known) >= wire.MAX_MILESTONES:
            return self
        return replace(self, milestones=(*known, Milestone(name=milestone, day=now.date())))

    def unconfirmed_milestones(self) -> dict[str, date]:
        """Return the milestones that the server has not confirmed."""
        return {m.name: m.day for m in self.milestones if not m.is_confirmed}

    # -- sending ---------------------------------------------------------------------------

    def is_due(self, version: str, now: datetime) -> bool:
        """Whether a ping should be sent now; consent is for the caller to ask."""
        if self.is_backing_off(now) or not self.policy.collection:
            return False
        if self.pinged_at is None or self.attempts or self.uninstalled is not None:
            return True
        if self.unconfirmed_milestones():
            return True
        if now.date() != self.pinged_at.date() or version != self.pinged_version:
            return True
        interval = timedelta(hours=min(self.policy.interval_hours, LONGEST_INTERVAL_HOURS))
        waited = now - self.pinged_at
        # A negative wait is a clock that was put back: no reason to be silent until it catches up.
        return bool(self.unconfirmed()) and not timedelta(0) <= waited < interval

    def is_backing_off(self, now: datetime) -> bool:
        """Whether a failure, or another process that is sending just now, forbids a try."""
        until = self.backoff_until
        return until is not None and now < until <= now + LONGEST_BACKOFF

    def begun(self, now: datetime) -> Counter:
        """Take the next seq, before anything is sent, and keep other processes from sending."""
        return replace(self, seq=self.seq + 1, backoff_until=now + ONE_UPLOAD)

    def withdrawn(self) -> Counter:
        """Take the next seq for the last message; whoever comes back tells it at once."""
        return replace(self, seq=self.seq + 1, pinged_version=None)

    def confirmed(self, sent: wire.Ping, policy: wire.Policy, now: datetime) -> Counter:
        """Note that the server has the counts of a message, and what it asks for since.

        A count, not a flag: a row that grew while the message was under way stays unconfirmed.
        Rows that the server left out are confirmed too, since it would leave them out again.
        """
        rows, milestones = self.rows, self.milestones
        if policy.resend_since is not None and policy.resend_since != self.resent_since:
            rows = tuple(_forgotten_by_server(row, policy.resend_since) for row in rows)
            # All of them: one that was reached offline may have been told long after its day.
            milestones = tuple(replace(m, is_confirmed=False) for m in milestones)
        counts = {(row.day, row.version): row.launches for row in sent.days}
        rows = tuple(_confirmed(row, counts.get(row.label), now.date()) for row in rows)
        milestones = tuple(
            replace(m, is_confirmed=m.is_confirmed or m.name in sent.milestones) for m in milestones
        )
        withdrawn = self.uninstalled is not None and sent.seq > self.uninstalled.seq
        return replace(
            self,
            rows=_kept(rows, now.date()),
            milestones=milestones,
            pinged_at=now,
            pinged_version=sent.version,
            attempts=0,
            backoff_until=None,
            policy=policy,
            resent_since=policy.resend_since,
            uninstalled=None if withdrawn else self.uninstalled,
        )

    def postponed(self, now: datetime, retry_after: timedelta | None) -> Counter:
        """Back off after a failure: full jitter, and no sooner than the server asked for."""
        ceiling = min(BACKOFF_BASE * 2 ** min(self.attempts, 10), BACKOFF_CAP)
        pause = timedelta(seconds=secrets.randbelow(int(ceiling.total_seconds()) + 1))
        pause = max(pause, min(retry_after or pause, LONGEST_BACKOFF))
        return replace(self, attempts=self.attempts + 1, backoff_until=now + pause)

    def refused(self, now: datetime) -> Counter:
        """Back off for long: the message as it is will never be accepted."""
        return replace(self, attempts=self.attempts + 1, backoff_until=now + BACKOFF_REFUSED)

    def prompted(self, prompt: wire.Prompt) -> Counter:
        """Keep a question, unless it is the one that is kept already, opened or not."""
        known = self.prompt
        if known is not None and (known.survey, known.address) == (prompt.survey, prompt.address):
            return self
        return replace(self, prompt=KeptPrompt(survey=prompt.survey, address=prompt.address))

    # -- leaving ---------------------------------------------------------------------------

    def left(self, now: datetime) -> Counter:
        """Take the next seq for an uninstall event; a repeated one keeps its id and instant."""
        begun = self.begun(now)
        last = self.uninstalled
        if last is not None and last.launches_total == self.launches_total:
            return replace(begun, uninstalled=replace(last, seq=begun.seq))
        event = Uninstalled(
            uninstall_id=uuid4(), at=now, seq=begun.seq, launches_total=self.launches_total
        )
        return replace(begun, uninstalled=event)


def _confirmed(row: Row, sent: int | None, today: date) -> Row:
    if sent is None:
        return row
    return replace(row, confirmed=max(row.confirmed, sent), confirmed_on=today)


def _forgotten_by_server(row: Row, since: date) -> Row:
    return replace(row, confirmed=0, confirmed_on=None) if row.day >= since else row


def _kept(rows: tuple[Row, ...], today: date) -> tuple[Row, ...]:
    kept = [
        row
        for row in rows
        if row.is_unconfirmed
        or row.confirmed_on is None
        or today - row.confirmed_on < KEEP_CONFIRMED
    ]
    return tuple(sorted(kept, key=lambda row: row.label)[-MAX_KEPT_ROWS:])


# -- on disk -------------------------------------------------------------------------------


@dataclass
class Held:
    """The counter while the lock is held; what is put here is what is written."""

    counter: Counter


@contextmanager
def held(folder: Path, installation_id: UUID, now: datetime) -> Iterator[Held]:
    """Hold an installation's counter, begun now if there is none, and write what becomes of it.

    Nothing is written where the block raises.

    Raises:
        statefile.NewerError: a newer agent's counts are there, and are left alone.
        OSError: the folder cannot be locked or written.
    """
    path = folder / NAME
    with statefile.locked(folder):
        before = statefile.read_or_put_aside(path, _parsed)
        if before is not None and before.installation_id != installation_id:
            # Counts confirmed for another installation would be counted twice under this one.
            statefile.put_aside(path)
            before = None
        holder = Held(before or _begun_anew(installation_id, now))
        yield holder
        if holder.counter != before:
            statefile.write(path, _plain(holder.counter))


def read(folder: Path) -> Counter | None:
    """Return the counter of a state folder, changing nothing; None where there is none.

    Raises:
        statefile.StateError: there is one, which cannot be read.
    """
    return statefile.read(folder / NAME, _parsed)


def _begun_anew(installation_id: UUID, now: datetime) -> Counter:
    return Counter(counter=uuid4(), installation_id=installation_id, counted_since=now)


def _plain(counter: Counter) -> dict[str, object]:
    return {name: _plain_value(value) for name, value in asdict(counter).items()}


def _plain_value(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain_value(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_plain_value(item) for item in value]
    if isinstance(value, datetime):
        return wire.format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _parsed(value: Mapping[str, Any]) -> Counter:
    return Counter(
        counter=UUID(value["counter"]),
        installation_id=UUID(value["installation_id"]),
        counted_since=wire.parse_instant(value["counted_since"]),
        seq=_number(value["seq"]),
        launches_total=_number(value["launches_total"]),
        first_launch_day=_day(value["first_launch_day"]),
        last_launch_day=_day(value["last_launch_day"]),
        rows=tuple(_row(row) for row in value["rows"]),
        # Missing where an earlier agent wrote the file.
        milestones=tuple(_milestone(item) for item in value.get("milestones", ())),
        pinged_at=_instant(value["pinged_at"]),
        pinged_version=value["pinged_version"],
        attempts=_number(value["attempts"]),
        backoff_until=_instant(value["backoff_until"]),
        policy=wire.policy_from(value["policy"]),
        resent_since=_day(value["resent_since"]),
        uninstalled=_uninstalled(value["uninstalled"]),
        prompt=_prompt(value.get("prompt")),  # missing where an earlier agent wrote the file
    )


def _row(value: Mapping[str, Any]) -> Row:
    return Row(
        day=date.fromisoformat(value["day"]),
        version=str(value["version"]),
        launches=_number(value["launches"]),
        confirmed=_number(value["confirmed"]),
        confirmed_on=_day(value["confirmed_on"]),
    )


def _milestone(value: Mapping[str, Any]) -> Milestone:
    return Milestone(
        name=str(value["name"]),
        day=date.fromisoformat(value["day"]),
        is_confirmed=value["is_confirmed"] is True,
    )


def _uninstalled(value: Mapping[str, Any] | None) -> Uninstalled | None:
    if value is None:
        return None
    return Uninstalled(
        uninstall_id=UUID(value["uninstall_id"]),
        at=wire.parse_instant(value["at"]),
        seq=_number(value["seq"]),
        launches_total=_number(value["launches_total"]),
    )


def _prompt(value: Mapping[str, Any] | None) -> KeptPrompt | None:
    if value is None:
        return None
    return KeptPrompt(
        survey=str(value["survey"]),
        address=str(value["address"]),
        is_opened=value["is_opened"] is True,
    )


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _instant(value: str | None) -> datetime | None:
    return None if value is None else wire.parse_instant(value)
