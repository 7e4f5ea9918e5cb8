"""Whatever happens to clock, disk and network: the server adds up what was launched, once.

The agent's state is on a real disk and the server's in a real database; only the network between
them is a function, so that hypothesis decides what becomes of every message.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from exitpoll_agent import clock, config, launching, order, ordering, upload, wire
from exitpoll_agent.config import Config
from exitpoll_agent.upload import Confirmed, Later
from exitpoll_server import intake
from exitpoll_server.store import Store

BEGIN = datetime(2026, 11, 1, tzinfo=timezone.utc)
KEEP_FILES = ("installation.json", "installation.copy.json")

Network = Literal["up", "down", "deaf"]
"""`deaf`: the message arrives, and no answer comes back."""


class Machine(RuleBasedStateMachine):
    """One profile, one server, and a model that knows each launch by a number."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="exitpoll-machine-"))
        self.state, self.backup = self.folder / "state", self.folder / "backup"
        self.database = self.folder / "server.sqlite3"
        self.store = Store(f"sqlite:///{self.database}")
        self.now = BEGIN
        self.offset = timedelta(0)
        self.network: Network = "up"
        self.launches = 0
        self.on_disk: set[int] = set()
        self.in_backup: set[int] | None = None
        self.at_server: set[int] = set()
        self.patches: list[Any] = [
            mock.patch("time.time", self._agents_time),
            mock.patch.object(upload, "post", self._post),
        ]
        for patch in self.patches:
            patch.start()

    @initialize()
    def a_product(self) -> None:
        self.product = self.store.create_product(
            name="Sample", stopped_after_days=90, trial_days=None, now=self.now
        )
        self.environment = {
            "EXITPOLL_ADDRESS": "http://KEY@127.0.0.1:9",
            "EXITPOLL_PRODUCT": "Sample",
            "EXITPOLL_STATE_DIR": str(self.state),
            "EXITPOLL_MACHINE_DIR": str(self.folder / "machine"),
            "EXITPOLL_CONFIG": str(self.folder / "exitpoll.toml"),
            "TMPDIR": str(self.folder),
        }
        (self.folder / "exitpoll.toml").write_text("")

    def teardown(self) -> None:
        for patch in self.patches:
            patch.stop()
        self.store.close()
        shutil.rmtree(self.folder)

    # -- what may happen -------------------------------------------------------------------

    @rule(version=st.sampled_from(["1.0", "1.1"]), network=st.sampled_from(["up", "down", "deaf"]))
    def launch(self, version: str, network: Network) -> None:
        self.network = network
        self.environment["EXITPOLL_VERSION"] = version
        if order.follow(self.environment) is None:
            here = self._config()
            launched = launching.launch(here, clock.now())
            assert launched.counted
            ordering.give(here, self.environment, launched, clock.now())
        # Counted before it is sent: what was sent in between is with the server, too.
        self._note_launch()

    @rule(hours=st.integers(1, 60))
    def time_goes_by(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(years=st.sampled_from([-10, -1, 0, 0, 3]))
    def somebody_sets_the_clock(self, years: int) -> None:
        self.offset = timedelta(days=365 * years)

    @rule()
    def somebody_makes_a_backup(self) -> None:
        if self.state.exists():
            shutil.rmtree(self.backup, ignore_errors=True)
            shutil.copytree(self.state, self.backup)
            self.in_backup = set(self.on_disk)

    @rule()
    def the_backup_is_restored(self) -> None:
        if self.in_backup is not None:
            shutil.rmtree(self.state)
            shutil.copytree(self.backup, self.state)
            self.on_disk = set(self.in_backup)

    @rule(name=st.sampled_from(KEEP_FILES), length=st.integers(0, 100))
    def a_file_is_cut(self, name: str, length: int) -> None:
        file = self.state / name
        other = self.state / next(n for n in KEEP_FILES if n != name)
        if file.exists() and other.exists():
            file.write_bytes(file.read_bytes()[:length])
            # Only one of the two at a time; the next launch heals it.
            launching.count(self._config(), clock.now())
            self._note_launch()

    # -- what must hold --------------------------------------------------------------------

    @invariant()
    def the_server_has_no_more_than_was_launched(self) -> None:
        assert self._sum_at_server() <= self.launches

    @rule()
    def in_the_end_all_is_there(self) -> None:
        """Once the network is back, what is on disk or was ever sent is there, once."""
        self.network = "up"
        self.environment["EXITPOLL_VERSION"] = "1.0"
        for _ in range(3):
            self.now += timedelta(days=8)  # longer than any backoff
            launched = launching.launch(self._config(), clock.now())
            self._note_launch()
        assert launched.upload == "confirmed"
        assert self._sum_at_server() == len(self.at_server | self.on_disk)

    # -- how it is done --------------------------------------------------------------------

    def _agents_time(self) -> float:
        return (self.now + self.offset).timestamp()

    def _config(self) -> Config:
        return config.load(None, self.environment)

    def _note_launch(self) -> None:
        self.launches += 1
        self.on_disk.add(self.launches)
        if self._sent_now:
            self.at_server |= self.on_disk
        self._sent_now = False

    _sent_now = False

    def _post(self, _address: object, path: str, message: wire.Ping, *_: object) -> upload.Outcome:
        assert path == wire.PINGS_PATH
        if self.network == "down" or (self.network == "deaf" and self._has_formers()):
            return Later("no connection")
        data = json.loads(wire.to_json(message))
        intake.take_ping(self.store, self.product, data, self.now).durable.result()
        self._sent_now = True
        return Later("no answer") if self.network == "deaf" else Confirmed(wire.Confirmation())

    def _has_formers(self) -> bool:
        # A former counter's message is a part of what is to be sent, and the model knows no parts.
        return bool(json.loads((self.state / "counter.json").read_text())["formers"])

    def _sum_at_server(self) -> int:
        with closing(sqlite3.connect(self.database)) as connection:
            (total,) = connection.execute(
                "select coalesce(sum(launches), 0) from launches"
            ).fetchone()
        return int(total)


def patient(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


class TestSomeStories(Machine.TestCase):  # type: ignore[misc,valid-type] # made by hypothesis
    settings = patient(10)


@pytest.mark.slow
class TestManyStories(Machine.TestCase):  # type: ignore[misc,valid-type] # made by hypothesis
    settings = patient(100)
