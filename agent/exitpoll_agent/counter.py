"""Launch counts of one person's profile on one host, and what the server confirmed of them.

`Counter` is a value and its methods return the next one; `state` keeps it on disk.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4

from exitpoll_agent import wire
from exitpoll_agent.rows import Row, bounded

KEEP_CONFIRMED = timedelta(days=35)
"""A server restored from its backup of last month can still be told everything since."""
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
MAX_FORMERS = 20
"""A machine that is put back to the same backup again and again must not fill the disk."""
ASK_AGAIN = timedelta(days=30)
"""A server that switched collection off is asked so often whether that still holds: otherwise
nobody would ever hear that it does not."""
LONGEST_INTERVAL_HOURS = 30 * 24
"""A policy that says more is a mistake, and enormous numbers overflow."""


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """A success that the product declared, and whether the server has confirmed it."""

    name: str
    day: date
    is_confirmed: bool = False


@dataclass(frozen=True, kw_only=True)
class Uninstalled:
    """The last uninstall event; a confirmed ping after it withdraws it at the server."""

    leaving: wire.Leaving
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
class Former:
    """A counter that counts no more, and what the server has not confirmed of it."""

    counter: UUID
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Counter:
    """One writer of launch counts, as it is on disk."""

    counter: UUID
    installation_id: UUID
    counted_since: datetime
    seq: int = 0
    """The last one taken: a message's own is never used for another."""
    launches_total: int = 0
    launches_before: int = 0
    """Launches of the counters that this one took over from."""
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
    moved_from: str | None = None
    """The configured address that said `policy.move_to`: under another one that does not hold."""
    resent_since: date | None = None
    """The `policy.resend_since` that was last acted upon."""
    uninstalled: Uninstalled | None = None
    prompt: KeptPrompt | None = None
    formers: tuple[Former, ...] = ()
    """Counters that this one took over from, as long as they have something to be sent."""

    @property
    def launches_ever(self) -> int:
        """Launches in all, with those of the counters before this one."""
        return self.launches_total + self.launches_before

    # -- counting --------------------------------------------------------------------------

    def counted(self, version: str, now: datetime, times: int = 1) -> Counter:
        """Count one launch, or several of one day."""
        today = now.date()
        rows = {row.label: row for row in self.rows}
        row = rows.get((today, version), Row(day=today, version=version, launches=0))
        launches = min(row.launches + times, wire.MAX_LAUNCHES_A_ROW)
        rows[row.label] = replace(row, launches=launches)
        return replace(
            self,
            launches_total=self.launches_total + times,
            first_launch_day=self.first_launch_day or today,
            last_launch_day=today,
            rows=_kept(tuple(rows.values()), today),
        )

    def unconfirmed(self) -> tuple[wire.DayCount, ...]:
        """Return what the server has not confirmed, oldest first."""
        return tuple(row.count for row in self.rows if row.is_unconfirmed)

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
        if self.is_backing_off(now):
            return False
        if not self.policy.collection:
            return self.asks_again(now)
        if self.pinged_at is None or self.attempts or self.uninstalled is not None:
            return True
        if self.unconfirmed_milestones() or self.formers:
            return True
        if now.date() != self.pinged_at.date() or version != self.pinged_version:
            return True
        waited = now - self.pinged_at
        # A negative wait is a clock that was put back: no reason to be silent until it catches up.
        return bool(self.unconfirmed()) and not timedelta(0) <= waited < self._interval

    @property
    def _interval(self) -> timedelta:
        return timedelta(hours=min(self.policy.interval_hours, LONGEST_INTERVAL_HOURS))

    def asks_again(self, now: datetime) -> bool:
        """Whether a server that switched collection off has not been asked for long."""
        waited = None if self.pinged_at is None else now - self.pinged_at
        return waited is None or not timedelta(0) <= waited < ASK_AGAIN

    def is_backing_off(self, now: datetime) -> bool:
        """Whether a failure, or another process that is sending just now, forbids a try."""
        until = self.backoff_until
        return until is not None and now < until <= now + LONGEST_BACKOFF

    def quiet_until(self, version: str, now: datetime) -> datetime:
        """Return until when another launch of this version, today, will not make a ping due."""
        if self.is_due(version, now):
            return now
        midnight = end_of_day(now)
        if not self.policy.collection:
            return midnight
        if self.is_backing_off(now) and self.backoff_until is not None:
            return min(midnight, self.backoff_until)
        if self.pinged_at is None:
            return now
        return max(now, min(midnight, self.pinged_at + self._interval))

    def begun(self, now: datetime) -> Counter:
        """Take the next seq, before anything is sent, and keep other processes from sending."""
        return replace(
            self,
            seq=self.seq + 1,
            backoff_until=now + ONE_UPLOAD,
            rows=_sent(self.rows, self.unconfirmed()[: wire.MAX_ROWS]),
        )

    def withdrawn(self) -> Counter:
        """Take the next seq for the last message; whoever comes back tells it at once."""
        return replace(self, seq=self.seq + 1, pinged_version=None)

    def confirmed(self, sent: wire.Ping, policy: wire.Policy, now: datetime) -> Counter:
        """Note that the server has the counts of a message, and what it asks for since.

        A count, not a flag: a row that grew while the message was under way stays unconfirmed.
        Rows that the server left out are confirmed too, since it would leave them out again.
        """
        if sent.counter not in (None, self.counter):
            return self._confirmed_of_former(sent)
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

    def _confirmed_of_former(self, sent: wire.Ping) -> Counter:
        """Note that the server has the counts of a message of a former counter."""
        told = {(row.day, row.version) for row in sent.days}
        left = (
            former
            if former.counter != sent.counter
            else replace(former, rows=tuple(row for row in former.rows if row.label not in told))
            for former in self.formers
        )
        return replace(self, formers=tuple(former for former in left if former.rows))

    def postponed(self, now: datetime, retry_after: timedelta | None) -> Counter:
        """Back off after a failure: full jitter, and no sooner than the server asked for."""
        ceiling = min(BACKOFF_BASE * 2 ** min(self.attempts, 10), BACKOFF_CAP)
        pause = timedelta(seconds=secrets.randbelow(int(ceiling.total_seconds()) + 1))
        pause = max(pause, ONE_UPLOAD)  # a program that starts itself again at once
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

    def left(self, leaving: wire.Leaving, now: datetime) -> Counter:
        """Take the next seq for an uninstall event.

        A repeated one, without a launch in between, keeps its id and instant; and what was said of
        asking, where the repetition asks nobody.
        """
        begun = self.begun(now)
        begun = replace(begun, rows=_sent(begun.rows, begun.unconfirmed()[-wire.MAX_ROWS :]))
        last = self.uninstalled
        if last is not None and last.launches_total == self.launches_total:
            same = replace(leaving, uninstall_id=last.leaving.uninstall_id, at=last.leaving.at)
            leaving = last.leaving if leaving.asked == "no" else same
        event = Uninstalled(leaving=leaving, seq=begun.seq, launches_total=self.launches_total)
        return replace(begun, uninstalled=event)

    @property
    def is_departure_told(self) -> bool:
        """Whether the server has the uninstall event, and no launch came after it."""
        event = self.uninstalled
        return (
            event is not None
            and event.launches_total == self.launches_total
            and self.attempts == 0
            and self.pinged_at is not None
            and self.pinged_at >= event.leaving.at
        )

    # -- taking over -----------------------------------------------------------------------

    def succeeded(self) -> Counter:
        """Return a new counter that takes over from this one, which came out of a backup.

        What was counted and sent after the backup was made is not known here any more, but may be
        at the server: under the old id the next launches could hide behind those, so they are
        counted under a new one. What the old one had not sent is still sent as its own.
        """
        waiting = tuple(row for row in self.rows if row.is_unconfirmed)
        mine = (Former(counter=self.counter, rows=waiting),) if waiting else ()
        return replace(
            self,
            counter=uuid4(),
            seq=0,
            launches_total=0,
            launches_before=self.launches_ever,
            first_launch_day=None,
            last_launch_day=None,
            rows=(),
            pinged_at=None,
            pinged_version=None,
            backoff_until=None,
            formers=(*self.formers, *mine)[-MAX_FORMERS:],
        )


def end_of_day(now: datetime) -> datetime:
    """Return the end of the UTC day."""
    return datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=wire.UTC)


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
    return bounded(sorted(kept, key=lambda row: row.label), today)


def _sent(rows: tuple[Row, ...], counts: tuple[wire.DayCount, ...]) -> tuple[Row, ...]:
    labels = {(count.day, count.version) for count in counts}
    return tuple(replace(row, was_sent=row.was_sent or row.label in labels) for row in rows)
