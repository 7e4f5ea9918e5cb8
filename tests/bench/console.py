"""How long the console's report page takes to load: a real server on simulated data.

The server is started anew for each run, with one worker, on a copy of what `make bench-report`
keeps, on the simulated day. Machines differ, so every time stands beside that of a plain count of
the launches, by turns in the same run. Run by `make bench-console`. SQLite, and Linux.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import requests
from tests.bench import assumptions as a
from tests.bench import ingest, loading, report
from tests.e2e import world

from exitpoll_agent.wire import format_instant
from exitpoll_server.console import passwords
from exitpoll_server.store import Invitation, Store

PASSWORD = "correct horse battery"
EMAIL = "ada@example.com"
_TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')

MESSAGES = 1_000
"""How many copies are heard of between two reports."""

FIRST_SEQ = 10**9
"""Later than everything that a simulated counter said."""

ANEW, AFTER = "from=2000-01-01", "from=2000-01-02"
"""All that there is, at addresses that were not asked for before: nothing kept is shown again."""


def main() -> None:
    """Make the data where it is missing, measure, and print."""
    options = _options()
    report.KEPT.mkdir(parents=True, exist_ok=True)
    name = f"{options.launches}-{options.seed}-{report.digest()}"
    with (
        report.on_sqlite(name, options.launches, options.seed) as kept,
        tempfile.TemporaryDirectory(prefix="exitpoll-bench-") as folder,
    ):
        bench = _Bench(kept, Path(folder))
        for n in range(options.runs + 1):
            # The first one sums up what nobody has asked for yet.
            bench.run(is_counted=n > 0)
        bench.show()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How long the report page takes to load.")
    parser.add_argument("--launches", type=int, default=1_000_000, help="about so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5, help="odd: the median is one of them")
    return parser.parse_args()


class _Bench:
    """A copy of the data, its server, and what was measured of it."""

    def __init__(self, kept: str, folder: Path) -> None:
        self._file = folder / "copy.sqlite3"
        shutil.copyfile(kept.removeprefix("sqlite:///"), self._file)
        self._url = f"sqlite:///{self._file}"
        clock = folder / "clock"
        clock.write_text(f"{a.AS_OF.timestamp() - time.time():.3f}", "ascii")
        self._environment = {
            "EXITPOLL_DATABASE_URL": self._url,
            "EXITPOLL_WORKERS": "1",
            "EXITPOLL_RATE_LIMIT_ADDRESS": "off",
            "EXITPOLL_RATE_LIMIT_PRODUCT": "off",
            "PYTHONPATH": os.pathsep.join(
                [str(world.HERE / "story_clock"), os.environ.get("PYTHONPATH", "")]
            ),
            "STORY_CLOCK": str(clock),
        }
        store = Store(self._url)
        link = store.people.invite(Invitation(purpose="set-up"), a.AS_OF)
        store.people.accept(
            link, email=EMAIL, name="Ada", password=passwords.hashed(PASSWORD), now=a.AS_OF
        )
        product = store.product_by_name(loading.NAME)
        store.close()
        if product is None:
            sys.exit("the database holds no simulated product")
        self._product, self._key = product.id, product.key
        self._seq = FIRST_SEQ
        self._seconds: dict[str, list[float]] = {}
        self._peaks: list[int] = []
        self._bytes = 0

    def run(self, *, is_counted: bool) -> None:
        """Start the server, and open the page as its readers do."""
        seconds: dict[str, float] = {}

        def timed(name: str, work: Callable[[], object]) -> None:
            began = time.perf_counter()
            work()
            seconds[name] = time.perf_counter() - began

        timed("scan", lambda: report.one(self._url, report.SCAN))
        command = [str(ingest.BIN / "exitpoll"), "serve"]
        with ingest.running("console", command, self._environment) as subject:
            console = f"http://127.0.0.1:{subject.port}/console"
            with self._signed_in(console) as browser:
                page = f"{console}/{self._product}/report"
                timed("sign-in page", lambda: requests.get(f"{console}/sign-in", timeout=60))
                timed("first load", lambda: self._opened(browser, page))
                timed("again", lambda: self._opened(browser, page))
                timed("last 28 days", lambda: self._opened(browser, f"{page}?days=28"))
                timed("one version", lambda: self._opened(browser, f"{page}?{self._version()}"))
                timed("made anew", lambda: self._opened(browser, f"{page}?{ANEW}"))
                self._send(f"http://127.0.0.1:{subject.port}/v1/pings")
                timed("after messages", lambda: self._opened(browser, f"{page}?{AFTER}"))
                peak = max(report.peak(pid) for pid in _group(subject.group))
        if is_counted:
            self._peaks.append(peak)
            for name, taken in seconds.items():
                self._seconds.setdefault(name, []).append(taken)

    def show(self) -> None:
        """Print medians."""
        scan = median(self._seconds["scan"])
        rows = report.one(self._url, report.SCAN)
        people = report.one(self._url, "SELECT COUNT(*) FROM installations")
        starts = report.one(self._url, report.STARTS)
        print(
            f"\n{rows:,} launches of {people:,} installations ({starts:,} starts)\n"
            f"medians of {len(self._peaks)} runs; the page has {self._bytes:,} bytes"
        )
        print(f"{'':16}{'seconds':>12}{'x a scan':>12}")
        for name, taken in self._seconds.items():
            print(f"{name:16}{median(taken):12.3f}{median(taken) / scan:12.1f}")
        print(f"{'peak memory':16}{median(self._peaks) / report.MEGABYTE:9.0f} MB")

    @contextmanager
    def _signed_in(self, console: str) -> Iterator[requests.Session]:
        """Give the browser of somebody who knows the password."""
        with requests.Session() as browser:
            address = f"{console}/sign-in"
            [token] = _TOKEN.findall(browser.get(address, timeout=60).text)
            fields = {"email": EMAIL, "password": PASSWORD, "csrf_token": token}
            # Not on to where it leads: that is the report.
            browser.post(address, fields, timeout=60, allow_redirects=False).raise_for_status()
            yield browser

    def _opened(self, browser: requests.Session, page: str) -> None:
        said = browser.get(page, timeout=600)
        said.raise_for_status()
        if 'class="report"' not in said.text:
            sys.exit(f"{page} is no report")
        self._bytes = len(said.content)

    def _version(self) -> str:
        """Return the address's words for the version that most have."""
        with closing(sqlite3.connect(self._file)) as connection:
            [version] = connection.execute(
                "SELECT version FROM installations WHERE version IS NOT NULL "
                "GROUP BY version ORDER BY COUNT(*) DESC LIMIT 1"
            ).fetchone()
        return f"by=version&is={version}"

    def _send(self, address: str) -> None:
        """Let some copies say that they were used today."""
        with closing(sqlite3.connect(self._file)) as connection:
            counters = connection.execute(
                "SELECT i.uuid, c.uuid FROM counters c JOIN installations i "
                "ON i.id = c.installation_id ORDER BY c.id DESC LIMIT ?",
                (MESSAGES,),
            ).fetchall()
        self._seq += 1
        with requests.Session() as agent:
            agent.headers["Authorization"] = f"Bearer {self._key}"
            for installation, counter in counters:
                agent.post(
                    address, json=_ping(installation, counter, self._seq), timeout=60
                ).raise_for_status()


def _ping(installation: str, counter: str, seq: int) -> Mapping[str, Any]:
    return {
        "installation_id": str(UUID(installation)),
        "counter": str(UUID(counter)),
        "seq": seq,
        "sent_at": format_instant(a.AS_OF),
        "consent": "full",
        "days": [{"day": f"{a.AS_OF.date()}", "version": "1.0", "launches": seq - FIRST_SEQ}],
    }


def _group(group: int) -> list[int]:
    """Return the processes of a group."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            found.append(int(file.parent.name))
    return found


if __name__ == "__main__":
    os.chdir(report.ROOT)
    main()
