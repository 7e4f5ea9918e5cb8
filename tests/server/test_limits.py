"""What abuse may bring is bounded, and what is genuine beside it goes on."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from tests.server.conftest import Look
from tests.server.databases import Database
from tests.server.messages import COUNTER, INSTALLATION, NOW, after, arrival, leaving, ping, row

from exitpoll_agent import wire
from exitpoll_server import intake, schemas
from exitpoll_server.store import Product, Store, limits, versions

DAY = "2026-11-20"
LAUNCHES = "SELECT v.name, l.launches FROM launches l JOIN versions v ON v.id = l.version_id"


def naming(names: range) -> wire.Ping:
    """Return a ping with a row for each of so many made-up versions."""
    rows = tuple(row(DAY, version=f"made-up {n}") for n in names)
    return ping(installation_id=UUID(int=666), days=rows)


def fill(store: Store, product: Product, most: int) -> None:
    for start in range(0, most, wire.MAX_ROWS):
        names = range(start, min(most, start + wire.MAX_ROWS))
        store.merge(product, [arrival(naming(names), after(minutes=start))])


# -- versions of a product -------------------------------------------------------------------


def test_beyond_ten_thousand_versions_only_the_name_is_lost(
    store: Store, product: Product, look: Look
) -> None:
    """Launches of a later version are kept; those of a known one stay under its name."""
    store.merge(product, [arrival(ping(days=(row(DAY, 1, "1.0"),)))])
    fill(store, product, versions.MAX_VERSIONS)
    later = (row(DAY, 2, "1.0"), row(DAY, 3, "2.0"), row("2026-11-21", 4, "3.0"))
    store.merge(product, [arrival(ping(seq=2, days=later))])
    store.merge(product, [arrival(ping(seq=3, days=(row("2026-11-21", 5, "3.0"),)))])
    mine = f"{LAUNCHES} JOIN installations i ON i.id = l.installation_id WHERE i.uuid = ?"
    stored = {tuple(one.values()) for one in look(mine, INSTALLATION.hex)}
    assert stored == {("1.0", 2), (versions.OTHER, 3), (versions.OTHER, 5)}
    [names] = look("SELECT COUNT(*) AS n FROM versions WHERE name <> ?", versions.OTHER)
    assert names["n"] == versions.MAX_VERSIONS


@pytest.fixture
def ten_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "MAX_VERSIONS", 10)


@pytest.mark.usefixtures("ten_versions")
def test_versions_that_came_in_a_quarantine_leave_their_place(
    store: Store, product: Product, look: Look
) -> None:
    """A vendor whose list was filled with garbage gets their own versions in again."""
    fill(store, product, 10)
    store.quarantine(product, start=NOW, end=after(hours=1), note=None, now=NOW)
    store.merge(product, [arrival(ping(days=(row(DAY, 1, "2.0"),)), after(hours=2))])
    assert {"name": "2.0", "launches": 1} in look(LAUNCHES)


@pytest.mark.usefixtures("ten_versions")
def test_each_product_has_a_list_of_its_own(store: Store, product: Product, look: Look) -> None:
    """Abuse of one product's key costs the others nothing."""
    fill(store, product, 10)
    other = store.create_product(name="Other", stopped_after_days=40, trial_days=None, now=NOW)
    store.merge(other, [arrival(ping(days=(row(DAY, 1, "2.0"),)))])
    assert {"name": "2.0", "launches": 1} in look(LAUNCHES)


@pytest.mark.usefixtures("ten_versions")
def test_several_writers_stay_below_the_limit_together(
    store: Store, product: Product, database: Database, look: Look
) -> None:
    """Whoever adds versions at the same time adds no more than there is room for."""
    del store
    failed: list[BaseException] = []

    def write(first: int) -> None:
        own = Store(database.url)
        try:
            for n in range(first, first + 8):
                own.merge(product, [arrival(naming(range(n, n + 2)))])
        except BaseException as error:  # noqa: BLE001 - whatever it is fails the test
            failed.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=write, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    names = {one["name"] for one in look("SELECT name FROM versions")}
    assert len(names - {versions.OTHER}) == 10


# -- one installation ------------------------------------------------------------------------


def test_counters(
    store: Store, product: Product, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one counter too many nothing is counted; those known, and other copies, go on."""
    monkeypatch.setattr(limits, "MAX_COUNTERS", 2)
    for seq in (1, 2):
        for number in (1, 2, 3):
            message = ping(seq=seq, counter=UUID(int=number), days=(row(DAY, number + seq),))
            store.merge(product, [arrival(message)])
    store.merge(product, [arrival(ping(installation_id=UUID(int=2), days=(row(DAY, 9),)))])
    assert sorted(one["launches"] for one in look(LAUNCHES)) == [3, 4, 9]


def test_changes(
    store: Store, product: Product, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history ends, the last facts are known all the same."""
    monkeypatch.setattr(limits, "MAX_CHANGES", 3)
    for seq in range(1, 9):
        store.merge(product, [arrival(ping(seq=seq, version=f"{seq}.0"))])
    assert look("SELECT version FROM history ORDER BY id") == [
        {"version": "1.0"}, {"version": "2.0"}, {"version": "3.0"}
    ]  # fmt: skip
    assert look("SELECT version FROM installations") == [{"version": "8.0"}]


def test_uninstalls(
    store: Store, product: Product, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One uninstall too many is the last one again: whether the copy is gone stays right."""
    monkeypatch.setattr(limits, "MAX_UNINSTALLS", 3)
    standing = "SELECT withdrawn_at IS NULL AS stands FROM uninstalls ORDER BY id"
    for n in range(1, 9):
        gone = leaving(2 * n, uninstall={"uninstall_id": UUID(int=n), "at": after(minutes=n)})
        store.merge(product, [arrival(gone, after(minutes=n))])
        assert [one["stands"] for one in look(standing)] == [0] * (min(n, 3) - 1) + [1]
        store.merge(product, [arrival(ping(2 * n + 1), after(minutes=n, seconds=30))])
        assert [one["stands"] for one in look(standing)] == [0] * min(n, 3)


def test_answers(
    store: Store, product: Product, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one uninstall no more are kept than anybody gives."""
    monkeypatch.setattr(limits, "MAX_ANSWERS", 3)
    for n in range(9):
        said = wire.Answers(comment=f"{n}")
        store.merge(
            product, [arrival(leaving(9 + n, uninstall={"answers": said}), after(minutes=n))]
        )
    assert [one["comment"] for one in look("SELECT comment FROM answers ORDER BY comment")] == [
        "0",
        "1",
        "2",
    ]


# -- numbers ---------------------------------------------------------------------------------


def envelope(**fields: object) -> dict[str, object]:
    return {
        "installation_id": str(INSTALLATION),
        "counter": str(COUNTER),
        "seq": 1,
        "sent_at": wire.format_instant(NOW),
        "consent": "full",
        **fields,
    }


def test_a_total_that_nobody_launches_is_left_out(
    store: Store, product: Product, look: Look
) -> None:
    """Maxima stay for good, and a sum of such numbers no database could hold."""
    most = schemas.LARGEST_TOTAL
    taken = intake.take_ping(store, product, envelope(launches_total=most + 1), NOW)
    taken.durable.result()
    assert taken.ignored == ("launches_total",)
    assert look("SELECT launches_total FROM counters") == [{"launches_total": None}]
    assert most * limits.MAX_COUNTERS < 2**63


def test_steps_are_steps_under_any_consent(store: Store, product: Product, look: Look) -> None:
    """Where a message of full consent names some, they are no numbers of the sender's own."""
    uninstall = {
        "uninstall_id": str(UUID(int=1)),
        "at": wire.format_instant(NOW),
        "tenure_step": 2**53 - 1,
        "launches_step": 2**53 - 1,
    }
    event = envelope(uninstall=uninstall)
    intake.take_uninstall(store, product, event, NOW, channel="agent").durable.result()
    assert look("SELECT tenure_step, launches_step FROM uninstalls") == [
        {"tenure_step": wire.TENURE_STEPS_HOURS[-1], "launches_step": wire.LAUNCHES_STEPS[-1]}
    ]
