"""The story's world: a calendar, a real server process, people with real agents, a browser."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

import requests
from tests.program import AS_A_PERSON, FROZEN, INSTALLED, ON_WINE

from exitpoll_agent.order import BUILD_SERVERS

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
DEAD_PROXY = "http://127.0.0.1:9"
"""Port 9 discards; nothing listens there: every connection through it is refused."""

START_SECONDS = 20
"""How long a server may take to listen before the story gives up."""

T = TypeVar("T")


class World:
    """One run of a story, in one folder."""

    def __init__(self, folder: Path, begins: datetime) -> None:
        self.folder = folder
        self._clock = folder / "clock"
        self._offset = 0.0
        self.environment = {
            **{k: v for k, v in os.environ.items() if not _disturbs(k)},
            "HOME": str(folder / "home"),
            "PYTHONPATH": str(HERE / "story_clock"),
            "STORY_CLOCK": str(self._clock),
            "STORY_OPENED": str(folder / "opened"),
            "EXITPOLL_DATABASE_URL": f"sqlite:///{folder / 'story.sqlite3'}",
            "BROWSER": str(_browser_script(folder)),
            # A desktop, as far as an agent can tell: the story opens no window on it.
            "DISPLAY": ":0",
            "EXITPOLL_CONTAINERS": "count",  # the story may be played in one
        }
        is_native = FROZEN is not None and not ON_WINE
        self.for_agents = {"LD_PRELOAD": str(_clock_library(folder))} if is_native else {}
        self.server: Server | None = None
        self.at(begins)

    def at(self, instant: datetime) -> None:
        """Move the calendar; every process of the story follows."""
        self._offset = instant.timestamp() - time.time()
        new = self._clock.with_suffix(".new")
        new.write_text(f"{self._offset:.3f}", "ascii")
        new.replace(self._clock)

    def start_server(self) -> Server:
        """Start a server on a free port."""
        self.server = Server(self.environment, self.folder / "server.log")
        self.environment["EXITPOLL_PUBLIC_URL"] = self.server.url
        return self.server

    def exitpoll(self, *arguments: str) -> str:
        """Run the server's command line and return what it printed."""
        done = subprocess.run(
            [BIN / "exitpoll", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=120,
        )
        return done.stdout

    def stored(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Look behind the report: rows of the story's database, read only."""
        file = self.environment["EXITPOLL_DATABASE_URL"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def close(self) -> None:
        """Stop the server."""
        if self.server is not None:
            self.server.stop()


class Server:
    """A real server process, which may be killed and started again on its port."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._port = 0
        self.kills = 0
        self.url = ""
        self.start()

    def start(self) -> None:
        """Start the process and wait until it says that it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [BIN / "exitpoll", "serve", "--port", str(self._port)],
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # its workers are killed with it
            )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if " on http" not in said:
            raise RuntimeError(f"the server did not start: {self._log.read_text()}")
        self.url = said.split(" on ", 1)[1].strip()
        self._port = int(self.url.rsplit(":", 1)[1])

    def kill(self) -> None:
        """Kill it and its workers as a power cut would, without a moment to tidy up."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=START_SECONDS)
        self._close()
        self.kills += 1

    def stop(self) -> None:
        """Stop the process as a service manager would."""
        self._process.terminate()
        self._process.wait(timeout=START_SECONDS)
        self._close()

    def _close(self) -> None:
        if self._process.stdout is not None:
            self._process.stdout.close()


@dataclass
class Person:
    """Somebody with one copy of the product, and the agent that came with it."""

    world: World
    name: str
    address: str
    version: str = "1.0.0"
    installed_at: datetime | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    blocked: bool = False
    """A firewall, or no network: the agent reaches nobody, the browser may."""
    confirmed: list[dict[str, Any]] = field(default_factory=list)
    """What the agent says that the server confirmed."""

    def launch(self, times: int = 1) -> None:
        """Start the product."""
        for _ in range(times):
            self.run("launch")

    def uninstall(self, *options: str) -> str | None:
        """Uninstall the product; return the address that the browser was given, if any."""
        opened = Path(self.world.environment["STORY_OPENED"])
        opened.unlink(missing_ok=True)
        self.run("uninstall", *options)
        return opened.read_text("ascii").strip() if opened.exists() else None

    def status(self) -> dict[str, Any]:
        """Ask the agent what it knows."""
        return self.run("status")

    def run(self, command: str, *options: str) -> dict[str, Any]:
        """Run the agent and return what it said."""
        done = subprocess.run(
            [*AS_A_PERSON, *INSTALLED, command, "--json", *options],
            env=self._environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=60,
        )
        said: dict[str, Any] = json.loads(done.stdout)
        if said.get("upload") == "confirmed":
            self.confirmed.append({"command": command, **said})
        return said

    def _environment(self) -> dict[str, str]:
        environment = {
            **self.world.environment,
            **self.world.for_agents,
            "LC_ALL": "en_US.UTF-8",
            "EXITPOLL_ADDRESS": self.address,
            "EXITPOLL_PRODUCT": "Inkwell",
            "EXITPOLL_VERSION": self.version,
            "EXITPOLL_ORIGIN": "new",
            "EXITPOLL_STATE_DIR": str(self.world.folder / "people" / self.name),
            **self.settings,
        }
        if self.installed_at is not None:
            environment["EXITPOLL_INSTALLED_AT"] = self.installed_at.isoformat()
        if self.blocked:
            environment |= {"http_proxy": DEAD_PROXY, "https_proxy": DEAD_PROXY}
        return environment


class Browser:
    """A person's browser on the survey: follows, loads the page's image, clicks, types.

    It tries again while a server is down, as a person reloads.
    """

    def __init__(self, address: str) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._address = address
        self.page = _Page()
        self.acknowledged: list[dict[str, str]] = []
        """The forms that the server answered as saved."""

    def open(self) -> Browser:
        """Open the address and whatever the page itself loads."""

        def visit() -> None:
            answer = self._session.get(self._address, timeout=10)
            answer.raise_for_status()
            self._address = answer.url
            self.page = _Page()
            self.page.feed(answer.text)
            for source in self.page.images:
                self._session.get(urljoin(answer.url, source), timeout=10).raise_for_status()

        _until_answered(visit)
        return self

    def click(self, reason: str) -> Browser:
        """Click one of the page's reasons."""
        assert reason in self.page.reasons, f"{reason} is not on the page: {self.page.reasons}"
        return self._send({"reason": reason, "comment": ""})

    def write(self, comment: str) -> Browser:
        """Type a comment into the page's form and send it."""
        assert self.page.has_comment_field
        return self._send({"comment": comment})

    def _send(self, form: dict[str, str]) -> Browser:
        def post() -> None:
            answer = self._session.post(self._address, data=form, timeout=10, allow_redirects=False)
            if answer.status_code != requests.codes.see_other:
                raise requests.HTTPError(f"answered {answer.status_code}")
            self.acknowledged.append(form)

        _until_answered(post)
        return self.open()


class _Page(HTMLParser):
    """What of a page the story's people use."""

    def __init__(self) -> None:
        super().__init__()
        self.reasons: list[str] = []
        self.images: list[str] = []
        self.has_comment_field = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "button" and values.get("name") == "reason":
            self.reasons.append(values.get("value") or "")
        elif tag == "img":
            self.images.append(values.get("src") or "")
        elif tag == "textarea" and values.get("name") == "comment":
            self.has_comment_field = True


def _until_answered(step: Callable[[], None]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(requests.RequestException):
            step()
            return
        time.sleep(0.05)
    step()


def _browser_script(folder: Path) -> Path:
    """Return a program that webbrowser takes for a browser: it notes the address."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "home").mkdir(exist_ok=True)
    script = folder / "browser"
    script.write_text('#!/bin/sh\nprintf "%s" "$1" > "$STORY_OPENED"\n', "ascii")
    script.chmod(0o755)
    return script


def _clock_library(folder: Path) -> Path:
    """Compile the story's clock for programs that read no sitecustomize; needs a C compiler."""
    library = folder / "clock.so"
    source = HERE / "story_clock" / "clock.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def _disturbs(name: str) -> bool:
    """Tell whether a variable of the developer's, or of a build server, would change the story."""
    ours = name.upper().startswith("EXITPOLL_") or name.upper() == "DO_NOT_TRACK"
    return ours or name in BUILD_SERVERS or name.lower().endswith("_proxy")
