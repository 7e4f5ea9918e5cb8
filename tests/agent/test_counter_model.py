"""Whatever happens to the messages: launches are neither lost nor counted twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from exitpoll_agent import wire
from exitpoll_agent.counter import Counter

START = datetime(2026, 11, 1, tzinfo=wire.UTC)
MAX_DAYS = 30
"""Below the 35 days after which a server restored from a backup cannot be told again."""

STEPS = st.sampled_from(
    ["launch", "launch 2.0", "next day", "arrives", "lost", "unanswered", "grows", "repeated"]
)


@dataclass
class Server:
    """The merge of DESIGN.md: a maximum for every counter, day and version."""

    rows: dict[tuple[date, str], int] = field(default_factory=dict)
    policy: wire.Policy = field(default_factory=wire.Policy)

    def merge(self, ping: wire.Ping) -> wire.Policy:
        for row in ping.days:
            label = (row.day, row.version)
            self.rows[label] = max(self.rows.get(label, 0), row.launches)
        return self.policy

    @property
    def launches(self) -> int:
        return sum(self.rows.values())


@dataclass
class Story:
    counts: Counter
    now: datetime = START
    launches: int = 0
    server: Server = field(default_factory=Server)
    earlier: list[wire.Ping] = field(default_factory=list)

    def launch(self, version: str) -> None:
        self.counts = self.counts.counted(version, self.now)
        self.launches += 1

    def ping(self) -> wire.Ping:
        self.counts = self.counts.begun(self.now)
        ping = wire.Ping(
            installation_id=self.counts.installation_id,
            seq=self.counts.seq,
            sent_at=self.now,
            consent="full",
            days=self.counts.unconfirmed(),
        )
        self.earlier.append(ping)
        return ping

    def arrives(self, *, grows: bool = False) -> None:
        ping = self.ping()
        policy = self.server.merge(ping)
        if grows:
            self.launch("1.0")
        self.counts = self.counts.confirmed(ping, policy, self.now)

    def fails(self, *, arrived: bool) -> None:
        ping = self.ping()
        if arrived:
            self.server.merge(ping)
        self.counts = self.counts.postponed(self.now, None)

    def step(self, step: str) -> None:
        if step.startswith("launch"):
            self.launch(step.removeprefix("launch ") if " " in step else "1.0")
        elif step == "next day":
            self.now += timedelta(days=1)
        elif step == "repeated" and self.earlier:
            self.server.merge(self.earlier[len(self.earlier) // 2])
        elif step in ("lost", "unanswered"):
            self.fails(arrived=step == "unanswered")
        else:
            self.arrives(grows=step == "grows")


def _new_story() -> Story:
    return Story(Counter(counter=uuid4(), installation_id=uuid4(), counted_since=START))


@given(st.lists(STEPS, max_size=MAX_DAYS))
def test_launches_are_neither_lost_nor_doubled(steps: list[str]) -> None:
    """Never more than were launched, and all of them after one ping that gets through."""
    story = _new_story()
    for step in steps:
        story.step(step)
        assert story.server.launches <= story.launches
    story.arrives()
    assert story.server.launches == story.launches
    assert story.counts.unconfirmed() == ()


@given(st.lists(STEPS, max_size=MAX_DAYS), st.lists(STEPS, max_size=5))
def test_a_server_restored_from_its_backup_is_healed(before: list[str], after: list[str]) -> None:
    """Two pings that get through after the server asks for a resend bring everything back."""
    story = _new_story()
    for step in before:
        story.step(step)
    story.server = Server(policy=wire.Policy(resend_since=START.date()))
    for step in after:
        story.step(step)
    story.arrives()
    story.arrives()
    assert story.server.launches == story.launches
