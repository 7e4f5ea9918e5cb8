"""What a report costs: time, memory and bytes a launch, on simulated data, on both engines.

Data is made once for each size and seed, and kept in build/bench. Each engine is measured in a
process of its own, after a first report that warms it. Machines differ, so every time stands beside
that of a plain count of the launches, by turns in the same run. Run by `make bench-report`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from tests.bench import assumptions as a
from tests.bench import loading
from tests.postgresql import Cluster

from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import Window
from exitpoll_server.store import Store

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
KEPT = ROOT / "build" / "bench"

MEGABYTE = 1_000_000

SCAN = "SELECT COUNT(*) FROM launches"
"""What everything is compared with."""

STARTS = "SELECT SUM(launches) FROM launches"
"""How often the product was started: a row of launches counts all of its day."""

RENDERINGS: Mapping[str, Callable[[reports.Report], str]] = {
    "JSON": render.as_json,
    "page": render.as_page,
    "text": render.as_text,
}

MAKERS = (
    "assumptions", "lives", "simulator", "endings", "heard", "columns", "counters", "rows",
    "departures", "loading",
)  # fmt: skip
"""The modules that say what the data is: when one of them changes, it is made anew."""

SETTINGS = ("fsync=off", "autovacuum=off", "max_wal_size=8GB")
"""They make filling it faster; for reading, PostgreSQL is as it comes."""


def main() -> None:
    """Make what is missing, measure, and print."""
    options = _options()
    if options.measure is not None:
        print(json.dumps(_measured(options.measure, options.runs)))
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    name = f"{options.launches}-{options.seed}-{digest()}"
    for engine in options.engines:
        with _OPENED[engine](name, options.launches, options.seed) as url:
            measured = _in_a_process_of_its_own(url, options.runs)
            _show(engine, measured, _SIZES[engine](url))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What a report costs.")
    parser.add_argument("--launches", type=int, default=1_000_000, help="about so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5, help="odd: the median is one of them")
    parser.add_argument("--engines", nargs="+", choices=list(_OPENED), default=list(_OPENED))
    parser.add_argument("--measure", metavar="URL", help=argparse.SUPPRESS)
    return parser.parse_args()


# -- the data ------------------------------------------------------------------------------


def digest() -> str:
    """Return what names the data besides its size: how it is made, and for which tables."""
    migrations = ROOT / "server" / "exitpoll_server" / "store" / "migrations" / "versions"
    files = [*(HERE / f"{name}.py" for name in MAKERS), *sorted(migrations.glob("*.py"))]
    return f"{zlib.crc32(b''.join(file.read_bytes() for file in files)):08x}"


def _make(url: str, fill: Callable[[], None]) -> None:
    began = time.perf_counter()
    store = Store(url)
    loading.create_product(store)
    store.close()
    fill()
    print(f"made in {time.perf_counter() - began:.0f} s", file=sys.stderr)


@contextmanager
def on_sqlite(name: str, launches: int, seed: int) -> Iterator[str]:
    """Give the address of a database of so many launches, made where it is missing."""
    file = KEPT / f"{name}.sqlite3"
    if not file.exists():
        new = file.with_suffix(".new")
        new.unlink(missing_ok=True)
        parts = loading.simulated(seed, loading.installations_of(launches))
        _make(f"sqlite:///{new}", lambda: loading.fill_sqlite(new, parts))
        new.rename(file)
    yield f"sqlite:///{file}"


@contextmanager
def on_postgresql(name: str, launches: int, seed: int) -> Iterator[str]:
    """Give the same on PostgreSQL: a cluster for each, since its data cannot be named later."""
    with Cluster(*SETTINGS, folder=KEPT / f"{name}.postgresql").running() as cluster:
        url = cluster.url("filled")
        with cluster.connect("postgres") as connection:
            [is_there] = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'filled')"
            ).fetchone() or (False,)
            if not is_there:
                connection.execute("DROP DATABASE IF EXISTS filling")
                connection.execute("CREATE DATABASE filling")
                parts = loading.simulated(seed, loading.installations_of(launches))
                filling = cluster.url("filling")
                _make(filling, lambda: loading.fill_postgresql(filling, parts))
                connection.execute("ALTER DATABASE filling RENAME TO filled")
        yield url


_OPENED = {"sqlite": on_sqlite, "postgresql": on_postgresql}


# -- one engine, in a process of its own ---------------------------------------------------


def _in_a_process_of_its_own(url: str, runs: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.report", "--measure", url, "--runs", str(runs)]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    measured: dict[str, Any] = json.loads(said)
    return measured


def _measured(url: str, runs: int) -> dict[str, Any]:
    """Return seconds by part, of every run, and the peak memory in bytes."""
    store = Store(url)
    product = store.product_by_name(loading.NAME)
    if product is None:
        sys.exit("the database holds no simulated product")
    window = Window(as_of=a.AS_OF, start=None, end=None)
    seconds: dict[str, list[float]] = {}

    def part(name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = work()
        seconds.setdefault(name, []).append(time.perf_counter() - began)
        return result

    def once() -> None:
        part("scan", lambda: one(url, SCAN))
        counts = part(
            "counts",
            lambda: store.counts(
                product,
                window,
                stopped_after_days=product.stopped_after_days,
                most_lines=reports.MOST_LINES,
            ),
        )
        report = part("figures", lambda: reports.make(counts))
        for name, rendered in RENDERINGS.items():
            part(name, partial(rendered, report))

    once()
    first = sum(taken[0] for name, taken in seconds.items() if name != "scan")
    seconds.clear()
    for _ in range(runs):
        once()
    peaks = {"peak": peak("self"), "backend": _backend_peak(url)}
    return {"seconds": seconds, "first": first, "starts": one(url, STARTS), **peaks}


def one(url: str, query: str) -> int:
    """Return the one number that a query gives, past the store."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_file(url))) as connection:
            [number] = connection.execute(query).fetchone()
    else:
        with psycopg.connect(url) as other:
            [number] = other.execute(query.encode()).fetchone() or (0,)
    return int(number)


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _backend_peak(url: str) -> int | None:
    """Return the most memory of PostgreSQL's process that served us, its shared pages included."""
    if url.startswith("sqlite"):
        return None
    with psycopg.connect(url) as connection:
        pids = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'exitpoll'"
        ).fetchall()
    return max(peak(pid) for (pid,) in pids)


def peak(pid: int | str) -> int:
    """Return the most memory that a process ever had, in bytes, as Linux knows it.

    Not getrusage: a child begins with its parent's peak, and the parent has made the data.
    """
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    [kibibytes] = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kibibytes) * 1024


# -- what it takes on disk -----------------------------------------------------------------

Sizes = tuple[dict[str, int], dict[str, int]]
"""Bytes and rows by table; of bytes its indexes are a part."""


def _sqlite_sizes(url: str) -> Sizes:
    with closing(sqlite3.connect(_file(url))) as connection:
        # An index is a part of its table. Debian's SQLite, and most others, know dbstat.
        sizes = connection.execute(
            "SELECT s.tbl_name, SUM(d.pgsize) FROM dbstat d "
            "JOIN sqlite_schema s ON s.name = d.name WHERE d.aggregate = 1 GROUP BY s.tbl_name"
        ).fetchall()
    return dict(sizes), _rows(url, dict(sizes))


def _postgresql_sizes(url: str) -> Sizes:
    with psycopg.connect(url) as connection:
        sizes = connection.execute(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
    return dict(sizes), _rows(url, dict(sizes))


def _rows(url: str, tables: Iterable[str]) -> dict[str, int]:
    # Names out of the schema.
    return {name: one(url, f'SELECT COUNT(*) FROM "{name}"') for name in tables}  # noqa: S608


_SIZES = {"sqlite": _sqlite_sizes, "postgresql": _postgresql_sizes}


# -- what is printed -----------------------------------------------------------------------

FEWEST_BYTES = 0.05
"""A table that holds less than this share of the largest one is not worth a line."""


def _show(engine: str, measured: dict[str, Any], sizes: Sizes) -> None:
    seconds, (size, rows) = measured["seconds"], sizes
    runs = list(zip(*seconds.values(), strict=True))
    scan = median(seconds["scan"])
    whole = median(sum(run[1:]) for run in runs)
    print(
        f"\n{engine}: {rows['launches']:,} launches of {rows['installations']:,} installations "
        f"({measured['starts']:,} starts)\n"
        f"medians of {len(runs)} runs; the first report took {measured['first']:.2f} s"
    )
    print(f"{'':16}{'seconds':>12}{'x a scan':>12}")
    for name, taken in seconds.items():
        print(f"{name:16}{median(taken):12.3f}{median(taken) / scan:12.1f}")
    print(f"{'whole report':16}{whole:12.3f}{whole / scan:12.1f}")
    print(f"{'peak memory':16}{measured['peak'] / MEGABYTE:9.0f} MB")
    if measured["backend"] is not None:
        print(f"{'its backend':16}{measured['backend'] / MEGABYTE:9.0f} MB")
    print(f"{'':16}{'rows':>12}{'MB':>12}{'bytes a row':>14}{'bytes a launch':>16}")
    whole_size = sum(size.values())
    for name in sorted(size, key=lambda name: -size[name]):
        if size[name] >= FEWEST_BYTES * max(size.values()):
            _show_size(name, rows[name], size[name], rows["launches"])
    _show_size("all tables", None, whole_size, rows["launches"])


def _show_size(name: str, rows: int | None, size: int, launches: int) -> None:
    many = "" if rows is None else f"{rows:,}"
    each = "" if not rows else f"{size / rows:.1f}"
    print(f"{name:16}{many:>12}{size / MEGABYTE:12.1f}{each:>14}{size / launches:16.2f}")


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
