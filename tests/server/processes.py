"""`exitpoll serve` as processes that can be killed, and a crowd that sends it messages."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

from tests.server.databases import Database
from tests.server.messages import NOW, leaving, ping
from tests.server.program import EXITPOLL

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.store import Product, Store

PATIENCE_SECONDS = 60.0
"""Longer than anything takes that is not stuck: a lock is waited for twice 20 seconds."""

SERVE = (*EXITPOLL, "serve")
UNLIMITED = {"EXITPOLL_RATE_LIMIT_ADDRESS": "off", "EXITPOLL_RATE_LIMIT_PRODUCT": "off"}


class Server:
    """A main process and its workers, started again and again on one port."""

    def __init__(self, url: str, log: Path, *, command: Sequence[str] = SERVE, **more: str) -> None:
        ours = {name: text for name, text in os.environ.items() if not name.startswith("EXITPOLL_")}
        settings = {
            "EXITPOLL_DATABASE_URL": url,
            "EXITPOLL_ERASURES_FILE": str(log.with_name("erasures")),
            "EXITPOLL_WORKERS": "2",
            **UNLIMITED,
            **more,
        }
        self._environment = {**ours, **settings}
        self._command = command
        self._log = log
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "--port", str(self.port)],
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # a group of its own, to be killed as one
            )
        assert self._process.stdout is not None
        with self._process.stdout as said:
            line = said.readline()
        assert " on http" in line, self._log.read_text()
        self.port = int(line.rsplit(":", 1)[1])

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        pid = self._process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
        return [int(child) for child in text.split()]

    @property
    def resident_mib(self) -> float:
        """The memory of the largest worker."""
        status = [Path(f"/proc/{pid}/status").read_text("ascii") for pid in self.workers]
        return max(int(one.split("VmRSS:")[1].split()[0]) / 1024 for one in status)

    def log(self) -> str:
        return self._log.read_text()

    def cut_the_power(self) -> None:
        """Kill everything at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=PATIENCE_SECONDS)

    def kill_main(self) -> list[int]:
        """Kill the main process alone; return the workers that it leaves."""
        workers = self.workers
        self._process.kill()
        self._process.wait(timeout=PATIENCE_SECONDS)
        return workers

    def tell(self, how: signal.Signals) -> None:
        self._process.send_signal(how)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it as a service manager or a person does; return the exit code."""
        self.tell(how)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end, of which it was told; return the exit code."""
        return self._process.wait(timeout=PATIENCE_SECONDS)

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=PATIENCE_SECONDS)


@contextmanager
def serving(database: Database, folder: Path, **settings: str) -> Iterator[Server]:
    server = Server(database.url, folder / "log", **settings)
    try:
        yield server
    finally:
        server.end()


def new_product(database: Database, name: str = "Sample") -> Product:
    store = Store(database.url)
    try:
        return store.create_product(
            name=name, stopped_after_days=40, trial_days=None, now=clock.now()
        )
    finally:
        store.close()


@dataclass(frozen=True)
class Answer:
    """An answer, or `NONE`."""

    status: int
    retry_after: int | None = None


NONE = Answer(0)
"""The connection was refused or broke: nobody knows."""


class Line(AbstractContextManager["Line"]):
    """One connection to a server, opened anew where it broke."""

    def __init__(self, port: int, product: Product) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        self._key = product.key

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Send a request; only our own JSON is a 200 to a message."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return NONE
        assert body is None or answer.status != 200 or json.loads(text)["exitpoll"] == 1
        again = answer.headers["Retry-After"]
        return Answer(answer.status, None if again is None else int(again))

    def send(self, message: wire.Ping | wire.Erasure) -> Answer:
        return self.ask("POST", path_of(message), wire.to_json(message))


def path_of(message: wire.Ping | wire.Erasure) -> str:
    if isinstance(message, wire.Erasure):
        return wire.ERASURES_PATH
    is_event = isinstance(message, wire.UninstallEvent)
    return wire.UNINSTALLS_PATH if is_event else wire.PINGS_PATH


def launched(who: UUID, launches: int, version: str = "1.0") -> wire.Ping:
    """Return what an installation says that was started so often today."""
    today = wire.DayCount(day=clock.now().date(), version=version, launches=launches)
    return ping(launches, installation_id=who, counter=who, sent_at=clock.now(), days=(today,))


@dataclass
class Said:
    """What was sent, and what of it was confirmed."""

    launches: Counter[UUID] = field(default_factory=Counter)
    confirmed: Counter[UUID] = field(default_factory=Counter)
    left: set[UUID] = field(default_factory=set)
    confirmed_left: set[UUID] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)

    def ask(self, line: Line) -> Answer:
        """Send a launch of somebody new."""
        who = uuid4()
        self.launches[who] += 1
        answer = line.send(launched(who, 1))
        if answer.status == 200:
            self.confirmed[who] = 1
        return answer

    def assert_kept(self, database: Database) -> None:
        """Assert that what was confirmed is stored, and nothing that nobody sent."""
        stored = stored_launches(database)
        assert not {who for who, n in self.confirmed.items() if stored.get(who, 0) < n}
        assert not {who for who, n in stored.items() if n > self.launches[who]}
        assert self.confirmed_left <= stored_uninstalls(database) <= self.left


def stored_launches(database: Database) -> dict[UUID, int]:
    rows = database.look(
        "SELECT i.uuid, SUM(l.launches) AS n FROM launches l"
        " JOIN installations i ON i.id = l.installation_id GROUP BY i.uuid"
    )
    return {UUID(row["uuid"]): int(row["n"]) for row in rows}


def stored_uninstalls(database: Database) -> set[UUID]:
    return {UUID(row["uuid"]) for row in database.look("SELECT uuid FROM uninstalls")}


class Member:
    """One of a crowd: some installations that are launched, and others that leave."""

    def __init__(self, seed: int, installations: int) -> None:
        self.said = Said()
        self._chance = Random(seed)
        self._mine = [uuid4() for _ in range(installations)]
        self._held_back: list[wire.Ping] = []

    def say(self, line: Line) -> Answer:
        """Send a message: new, old, sent before, or an event."""
        message = self._next()
        answer = line.send(message)
        self.said.answers[answer.status] += 1
        if answer.status == 200:
            self._confirm(message)
        return answer

    def _next(self) -> wire.Ping:
        what = self._chance.random()
        if what < 0.2:
            event, who = uuid4(), uuid4()
            self.said.left.add(event)
            gone = {"uninstall_id": event, "at": clock.now()}
            return leaving(installation_id=who, sent_at=NOW, uninstall=gone)
        if what < 0.4 and self._held_back:
            return self._chance.choice(self._held_back)
        who = self._chance.choice(self._mine)
        self.said.launches[who] += 1
        message = launched(who, self.said.launches[who])
        if what < 0.6:
            self._held_back.append(message)  # it comes late, perhaps more than once
        return message

    def _confirm(self, message: wire.Ping) -> None:
        if isinstance(message, wire.UninstallEvent):
            self.said.confirmed_left.add(message.uninstall.uninstall_id)
        else:
            who, launches = message.installation_id, message.days[0].launches
            self.said.confirmed[who] = max(self.said.confirmed[who], launches)


@contextmanager
def crowd(product: Product, *servers: Server, members: int = 6) -> Iterator[Said]:
    """Have messages sent during the block; what was said is whole when it ends."""
    ended = threading.Event()
    people = [Member(seed, installations=15) for seed in range(members)]

    def live(number: int) -> None:
        with Line(servers[number % len(servers)].port, product) as line:
            while not ended.is_set():
                if people[number].say(line).status != 200:
                    time.sleep(0.02)

    threads = [threading.Thread(target=live, args=(number,)) for number in range(members)]
    for thread in threads:
        thread.start()
    said = Said()
    try:
        yield said
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        for member in people:
            _add(said, member.said)


def _add(said: Said, more: Said) -> None:
    said.launches += more.launches
    said.confirmed += more.confirmed
    said.left |= more.left
    said.confirmed_left |= more.confirmed_left
    said.answers += more.answers


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, what
        time.sleep(0.02)


class Together:
    """Messages that are sent at once, each on a connection of its own."""

    def __init__(self, server: Server, product: Product, messages: Sequence[wire.Ping]) -> None:
        self._pool = ThreadPoolExecutor(len(messages))
        self._answers = {
            message.installation_id: self._pool.submit(self._send, server.port, product, message)
            for message in messages
        }

    def statuses(self) -> dict[UUID, int]:
        """Wait for all answers; return them by installation."""
        with self._pool:
            return {who: answer.result().status for who, answer in self._answers.items()}

    @staticmethod
    def _send(port: int, product: Product, message: wire.Ping) -> Answer:
        with Line(port, product) as line:
            return line.send(message)
