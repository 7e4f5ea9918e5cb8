"""What is known of a copy, "delete everything" and its receipt, as the person's browser sees it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import String, Table, Uuid
from tests.server.conftest import Look, NewDatabase
from tests.server.databases import Database
from tests.server.messages import INSTALLATION, NOW, after, arrival, leaving, ping, row, shown_exit
from tests.server.test_rates import limited
from tests.server.test_survey import Page, led_to, open_event, open_link

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.config import Rate
from exitpoll_server.counts import Erased, Window
from exitpoll_server.ids import stable_uuid
from exitpoll_server.questions import FEEDBACK
from exitpoll_server.store import Excluded, Product, Reply, Said, Store, copies, tables
from exitpoll_server.survey.labels import TITLES, label

STRANGER = UUID(int=0x2)
HTML = "<img src=x onerror=alert(1)> & \u202e\u05d0\u05d1"
LONG_AFTER = after(days=400)
"""When every address has expired."""


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    let_it_be(monkeypatch, NOW)


def let_it_be(monkeypatch: pytest.MonkeyPatch, instant: datetime) -> None:
    """Let it be then, for the server's clock and for the signer's."""
    monkeypatch.setattr(clock, "now", lambda: instant)
    monkeypatch.setattr(time, "time", instant.timestamp)


@pytest.fixture
def survey(store: Store, client: FlaskClient, product: Product) -> str:
    """Return the address of the survey of somebody of whom all is known."""
    live(store, product)
    return led_to(open_event(client, product))


def live(store: Store, product: Product, *, who: UUID = INSTALLATION, test: bool = False) -> None:
    """Put something into every table that holds something of a person."""
    same: dict[str, Any] = {"installation_id": who, "test": test}
    begun = {
        "installed_at": after(days=-9),
        "installed_version": "1.9",
        "origin": "new",
        "counted_since": after(days=-9),
        "milestones": {"first-export": date(2026, 11, 12)},
        "launches_total": 57,
        "first_launch_day": date(2026, 11, 11),
        "last_launch_day": date(2026, 11, 20),
    }
    facts = {
        "channel": "stable",
        "edition": "trial",
        "source": "download.example",
        "os": "windows-11",
        "arch": "x86_64",
        "locale": "en",
        "agent": "1.0.0",
        "customer": f"customer of {who}",
        "attributes": {"plan": "pro"},
    }
    days = (row("2026-11-11", 3, "2.0"), row("2026-11-20", 4, "2.1"))
    first = ping(1, version="2.0", sent_at=after(days=-1), **begun, **facts, **same)
    last = ping(2, version="2.1", days=days, **begun, **facts, **same)
    for message in (first, last):
        store.merge(product, [arrival(message)])
    how = {"asked": "installer", "context": "remove", "scope": "user"}
    answers = wire.Answers(reason="switched", comment=f"typed by {who}", score=3)
    event = leaving(3, uninstall={**how, "answers": answers}, version="2.1", **facts, **same)
    store.merge(product, [arrival(event)])
    number = store.uninstall_number(product, who, test=test)
    assert number is not None
    showing = shown_exit(store, number, after(minutes=1))
    said = Said(comment=HTML, follow_up="OtherTool", email="ada@example.com")
    store.answer(uninstall=number, showing=showing, said=said, now=after(minutes=2))
    store.offered(showing, "switched", after(minutes=3))
    store.offer_taken(showing, after(minutes=4))
    if not test:
        page = store.begin_feedback(
            product,
            FEEDBACK,
            installation_id=who,
            version="2.0",
            locale="en",
            now=after(hours=-1),
        )
        store.give_feedback(page, Said(comment=f"feedback of {who}"), NOW)
        mine = [one for one in store.letters.all(product) if one.installation_id == who]
        for letter in mine:
            reply = Reply(
                at=after(hours=1),
                account=None,
                subject=f"to {who}",
                text=f"reply to {who}",
                is_sent=True,
                theme_id=None,
            )
            store.letters.reply(letter, reply, None)
            store.letters.put_off(letter, after(days=1))
            store.letters.close(letter, after(days=2))
        which = Excluded(installation_id=who)
        mark = store.keeping.leave_out(product, which, note=f"note on {who}", now=NOW)
        store.lift(mark.id, NOW)


def ask_copy(client: FlaskClient, product: Product, who: object, **fields: str) -> Page:
    answer = client.post(f"/s/copy/{product.key}", data={"id": str(who), **fields})
    assert answer.status_code == 200
    return Page(answer)


def fetch(client: FlaskClient, address: str) -> Page:
    answer = client.get(address)
    assert answer.status_code == 200
    return Page(answer)


def erased(look: Look) -> list[tuple[int, int, int]]:
    rows = look("SELECT installations, uninstalls, answered FROM erased")
    return [(one["installations"], one["uninstalls"], one["answered"]) for one in rows]


def is_known(look: Look, who: UUID = INSTALLATION, *, test: bool = False) -> bool:
    rows = look("SELECT uuid, test FROM installations")
    return (who, test) in {(UUID(str(one["uuid"])), bool(one["test"])) for one in rows}


# -- nothing is left out ---------------------------------------------------------------------


def of_persons() -> list[Table]:
    """Return the tables that lead to an installation, or have an id of one."""
    found: set[str] = set()
    for table in tables.metadata.sorted_tables:
        parents = {key.column.table.name for key in table.foreign_keys}
        ids = [c for c in table.columns if isinstance(c.type, Uuid)]
        if ids or parents & found:
            found.add(table.name)
    # A life only sums up what the others hold, a delivery repeats it; both go with them.
    found -= {"lives", "deliveries"}
    return [table for table in tables.metadata.sorted_tables if table.name in found]


def test_every_column_is_shown_or_has_a_reason_not_to_be(client: FlaskClient) -> None:
    """Whoever adds a column of a person's gives it a name for people, or says why it has none."""
    assert {table.name for table in of_persons()} == set(TITLES)
    hidden = set()
    with client.application.test_request_context():
        for table in of_persons():
            shown = copies.shown(table)
            assert all(label(table.name, _name(column.name)) for column in shown)
            hidden |= {column for column in table.columns if column not in shown}
    names = {c.name for c in hidden} | {f"{c.table.name}.{c.name}" for c in hidden}
    assert set(copies.INTERNAL) <= names


def _name(column: str) -> str:
    return "version" if column == "version_id" else column


def test_all_that_is_kept_stands_on_the_page(
    client: FlaskClient, survey: str, look: Look, store: Store, product: Product
) -> None:
    """Each text and number of each table is there, whichever channel brought it."""
    text = fetch(client, f"{survey}/known").text
    for table in of_persons():
        if table.name == "tombstones":
            continue
        rows = look(f"SELECT * FROM {table.name}")  # noqa: S608 - a name of our own
        assert rows, table.name
        for kept in rows:
            for column in copies.shown(table):
                if isinstance(column.type, String) and kept[column.name] is not None:
                    assert kept[column.name] in text, column
    assert f"{INSTALLATION}" in text
    for part in ('{"plan": "pro"}', "2026-11-11", "2026-11-20 12:02:00 UTC", "too-expensive"):
        assert part in text
    titles = {section.title for section in store.known_of(product, INSTALLATION)}
    assert titles == set(TITLES) - {"tombstones"}


def test_columns_that_messages_rarely_fill_are_read_too(store: Store, product: Product) -> None:
    """What is empty is passed over, what is filled is not: an instant, a step, a clock."""
    message = leaving(consent="exit", counter=None, sent_at=after(hours=-2))
    how = replace(message.uninstall, tenure_step=720, launches_step=10)
    store.merge(product, [arrival(replace(message, uninstall=how))])
    number = store.uninstall_number(product, INSTALLATION)
    assert number is not None
    store.only_updating(number, after(hours=1))
    [left] = [s for s in store.known_of(product, INSTALLATION) if s.title == "uninstalls"]
    told = {entry.name: entry.value for entry in left.records[0]}
    assert told["tenure_step"] == "720 h"
    assert told["launches_step"] == "10"
    assert told["clock_offset"] == "+7200 s"
    assert told["only_updating_at"] == "2026-11-20 13:00:00 UTC"
    assert None not in told.values()


def test_a_long_life_is_told_as_far_as_anybody_reads(store: Store, product: Product) -> None:
    """The latest 400 days stand there, and how many there are besides."""
    days = [NOW.date() - timedelta(days=n) for n in range(450)]
    for part in (days[:300], days[300:]):
        store.merge(product, [arrival(ping(days=tuple(row(f"{day}") for day in part)))])
    [launches] = [s for s in store.known_of(product, INSTALLATION) if s.title == "launches"]
    assert (len(launches.records), launches.more, launches.size) == (400, 50, 450)
    assert launches.records[0][0].value == "2026-11-20"


def test_nobody_elses_data_is_shown(
    client: FlaskClient, survey: str, store: Store, product: Product
) -> None:
    """Neither another copy's, nor what another product knows of the same id."""
    live(store, product, who=STRANGER)
    other = store.create_product(name="Other", stopped_after_days=7, trial_days=None, now=NOW)
    how = {"answers": wire.Answers(comment="in another product")}
    store.merge(other, [arrival(leaving(uninstall=how))])
    for page in (fetch(client, f"{survey}/known"), ask_copy(client, product, INSTALLATION)):
        assert f"typed by {INSTALLATION}" in page.text
        assert f"{STRANGER}" not in page.text
        assert "in another product" not in page.text


def test_what_people_typed_is_text(client: FlaskClient, survey: str, product: Product) -> None:
    """HTML in a comment is shown as it was typed, in a direction of its own."""
    for page in (fetch(client, f"{survey}/known"), ask_copy(client, product, INSTALLATION)):
        assert HTML in page.text
        assert not page.all("img", "src")
        assert all(attrs.get("dir") == "auto" for tag, attrs in page.tags if tag == "dd")
    page = ask_copy(client, product, HTML)
    assert HTML in page.text
    assert HTML in page.all("input", "value")
    assert not page.all("img", "src")


# -- delete everything -----------------------------------------------------------------------


def test_erasing_needs_the_confirmation(
    client: FlaskClient, survey: str, product: Product, look: Look
) -> None:
    """Neither opening the page nor its first button deletes anything."""
    assert "ask" in fetch(client, f"{survey}/known").all("button", "value")
    for word in ("ask", "", "no"):
        page = Page(client.post(f"{survey}/known", data={"erase": word}))
        assert "yes" in page.all("button", "value")
        assert "yes" in ask_copy(client, product, INSTALLATION, erase=word).all("button", "value")
    client.get(f"{survey}/known?erase=yes")
    client.get(f"/s/copy/{product.key}?id={INSTALLATION}&erase=yes")
    assert is_known(look)


def test_everything_is_deleted_at_once_with_a_receipt(
    client: FlaskClient, survey: str, look: Look
) -> None:
    """It names the copy, the instant, what went and what stays; nothing is left in any table."""
    answer = client.post(f"{survey}/known", data={"erase": "yes"})
    text = " ".join(Page(answer).text.split())
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"{INSTALLATION}" in text
    assert "2026-11-20 12:00:00 UTC" in text
    assert "The uninstall 1" in text
    assert "What was answered 2" in text
    assert "One line stays" in text
    for table in of_persons():
        rows = look(f"SELECT * FROM {table.name}")  # noqa: S608 - a name of our own
        assert len(rows) == (table.name == "tombstones"), table.name


def test_the_old_address_leads_to_a_friendly_page(client: FlaskClient, survey: str) -> None:
    """Also when the receipt is reloaded."""
    client.post(f"{survey}/known", data={"erase": "yes"})
    for address in (survey, f"{survey}/known"):
        assert client.get(address).status_code == 410
    again = client.post(f"{survey}/known", data={"erase": "yes"})
    assert again.status_code == 410
    assert "Thank you" in Page(again).text


def test_late_messages_stay_out(
    client: FlaskClient, survey: str, store: Store, product: Product, look: Look
) -> None:
    """A ping that was under way, and the page opened again, bring nothing back."""
    client.post(f"{survey}/known", data={"erase": "yes"})
    store.merge(product, [arrival(ping(4), after(hours=1))])
    assert open_event(client, product).status_code == 410
    assert not is_known(look)
    assert "2026-11-20 12:00:00 UTC" in ask_copy(client, product, INSTALLATION).text


def test_others_stay(
    client: FlaskClient, survey: str, store: Store, product: Product, look: Look
) -> None:
    """Whoever else uses the product keeps everything."""
    live(store, product, who=STRANGER)
    before = store.known_of(product, STRANGER)
    client.post(f"{survey}/known", data={"erase": "yes"})
    assert store.known_of(product, STRANGER) == before
    assert is_known(look, STRANGER)


def test_a_rehearsal_is_shown_and_deleted_alone(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """It may use a real copy's id: of that one it shows nothing, and its messages stay welcome."""
    live(store, product)
    address = led_to(open_event(client, product, test=True))
    text = fetch(client, f"{address}/known").text
    assert "(rehearsal)" in text
    assert f"typed by {INSTALLATION}" not in text
    assert f"feedback of {INSTALLATION}" not in text
    receipt = Page(client.post(f"{address}/known", data={"erase": "yes"}))
    assert "One line stays" not in receipt.text
    assert is_known(look)
    assert not is_known(look, test=True)
    assert not look("SELECT 1 FROM tombstones")
    assert not erased(look)


# -- by the copy's number ----------------------------------------------------------------------


@pytest.mark.usefixtures("survey")
def test_the_number_holds_when_every_address_has_expired(
    client: FlaskClient, survey: str, product: Product, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year later the id shows what is known, asks, deletes it, and gives the receipt."""
    let_it_be(monkeypatch, LONG_AFTER)
    assert client.get(f"{survey}/known").status_code == 410
    assert fetch(client, f"/s/copy/{product.key}").all("input", "name") == ["id"]
    page = ask_copy(client, product, f"  {str(INSTALLATION).upper()}\n")
    assert f"typed by {INSTALLATION}" in page.text
    confirm = ask_copy(client, product, INSTALLATION, erase="ask")
    assert confirm.all("input", "value") == [str(INSTALLATION)]
    receipt = ask_copy(client, product, INSTALLATION, erase="yes")
    assert f"{LONG_AFTER:%Y-%m-%d %H:%M:%S} UTC" in receipt.text
    assert not is_known(look)


def test_the_number_is_taken_from_no_address(
    client: FlaskClient, survey: str, product: Product
) -> None:
    """An address lands in histories and logs: an id in it shows nothing."""
    del survey
    page = fetch(client, f"/s/copy/{product.key}?id={INSTALLATION}")
    assert f"{INSTALLATION}" not in page.text
    assert str(INSTALLATION) not in page.all("input", "value")


def test_a_vendors_own_id_can_be_typed(client: FlaskClient, product: Product, look: Look) -> None:
    """As it stands in the plain link; what people wrote is not shown to whoever guessed it."""
    address = led_to(open_link(client, product, "machine-7"))
    client.post(address, data={"comment": "written by machine 7"})
    for page in (
        fetch(client, f"{address}/known"),
        ask_copy(client, product, "machine-7"),
        ask_copy(client, product, stable_uuid("machine-7")),
    ):
        assert "2.1.0" in page.text
        assert "kept, and not shown here" in page.text
        assert "written by machine 7" not in page.text
    receipt = ask_copy(client, product, "machine-7", erase="yes")
    assert f"{stable_uuid('machine-7')}" in receipt.text
    assert not look("SELECT 1 FROM installations")
    assert open_link(client, product, "machine-7").status_code == 410


def test_of_an_unknown_number_nothing_is_known_and_it_can_be_kept_out(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """The page says so, and offers to put the id on the list anyway."""
    who = uuid4()
    page = ask_copy(client, product, who)
    assert "Nothing is known" in page.text
    assert page.all("button", "value") == ["ask"]
    receipt = ask_copy(client, product, who, erase="yes")
    assert "Nothing was known of this copy." in receipt.text
    store.merge(product, [arrival(ping(installation_id=who))])
    assert not is_known(look, who)
    assert not erased(look)


def test_an_id_of_rehearsals_alone_is_not_kept_out(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """A developer who tidies up does not silence the copy whose id was used."""
    live(store, product, test=True)
    receipt = ask_copy(client, product, INSTALLATION, erase="yes")
    assert "One line stays" not in receipt.text
    store.merge(product, [arrival(ping(7))])
    assert is_known(look)
    assert not is_known(look, test=True)


@pytest.mark.parametrize("typed", ["", " \n"])
def test_no_number_typed(client: FlaskClient, product: Product, look: Look, typed: str) -> None:
    """One sentence says what is missing, and nothing is put on the list."""
    answer = client.post(f"/s/copy/{product.key}", data={"id": typed, "erase": "yes"})
    assert answer.status_code == 422
    assert "Please type the number of your copy." in Page(answer).text
    assert not look("SELECT 1 FROM tombstones")


def test_a_wrong_key_leads_to_a_friendly_page(client: FlaskClient) -> None:
    """Like every address that belongs to no product."""
    for answer in (client.get("/s/copy/nobody"), client.post("/s/copy/nobody", data={"id": "x"})):
        assert answer.status_code == 404
        assert "Thank you" in Page(answer).text


# -- the count ---------------------------------------------------------------------------------


def counted(store: Store, product: Product) -> Erased:
    window = Window(as_of=after(days=1), start=None, end=None)
    counts = store.counts(product, window, stopped_after_days=40, most_lines=10)
    return counts.stays.erased


def test_who_was_erased_is_counted_once(store: Store, product: Product, look: Look) -> None:
    """In all, uninstalled, and answered; rehearsals and a second wish add nothing."""
    assert counted(store, product) == Erased(installations=0, uninstalled=0, answered=0)
    live(store, product)
    live(store, product, test=True)
    store.merge(product, [arrival(leaving(installation_id=UUID(int=3)))])
    store.merge(product, [arrival(ping(installation_id=UUID(int=4)))])
    for who in (1, 1, 3, 4, 5):
        store.erase(product, UUID(int=who), NOW)
    assert counted(store, product) == Erased(installations=3, uninstalled=2, answered=1)
    assert erased(look) == [(3, 2, 1)]


def test_an_uninstall_that_was_taken_back_is_none_of_the_erased(
    store: Store, product: Product
) -> None:
    """Nor is an answer to it one to the uninstall that came later."""
    how = {"answers": wire.Answers(reason="other")}
    store.merge(product, [arrival(leaving(2, uninstall=how))])
    store.merge(product, [arrival(ping(3, sent_at=after(hours=1)), after(hours=1))])
    again = {"uninstall_id": UUID(int=0xEE), "at": after(hours=2)}
    later = leaving(4, sent_at=after(hours=2), uninstall=again)
    store.merge(product, [arrival(later, after(hours=2))])
    store.erase(product, INSTALLATION, NOW)
    assert counted(store, product) == Erased(installations=1, uninstalled=1, answered=0)


def test_totals_add_up_before_and_after(store: Store, product: Product) -> None:
    """Who is seen no more is counted as erased."""
    for who in range(1, 6):
        live(store, product, who=UUID(int=who))
    store.erase(product, UUID(int=1), NOW)
    store.erase(product, UUID(int=4), NOW)
    window = Window(as_of=after(days=1), start=None, end=None)
    counts = store.counts(product, window, stopped_after_days=40, most_lines=10)
    assert sum(group.n for group in counts.stays.groups) + counts.stays.erased.installations == 5
    assert sum(group.n for group in counts.departures) + counts.stays.erased.uninstalled == 5


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_a_restored_database_counts_whom_it_erases_again(
    database: Database, new_database: NewDatabase, tmp_path: Path
) -> None:
    """Once: its count is of before, like all else in it."""
    own, journal = new_database(database.kind, tmp_path), tmp_path / "erasures"
    store = Store(own.url)
    product = store.create_product(name="X", stopped_after_days=40, trial_days=None, now=NOW)
    live(store, product)
    live(store, product, who=STRANGER)
    store.erase(product, STRANGER, NOW)
    store.close()
    (tmp_path / "backup").mkdir()
    backup = own.copy(tmp_path / "backup")
    store = Store(own.url, journal)
    store.erase(product, INSTALLATION, NOW)
    store.close()
    for caught_up in (1, 0):
        store = Store(backup.url, journal)
        assert store.caught_up == caught_up
        assert counted(store, product) == Erased(installations=2, uninstalled=2, answered=2)
        store.close()


def test_the_pages_are_rate_limited(store: Store, product: Product) -> None:
    """Like every page: ids are not tried out by the thousand."""
    client = limited(store, rate_limit_address=Rate(2, 60))
    far = {"REMOTE_ADDR": "192.0.2.7"}
    statuses = [
        client.post(f"/s/copy/{product.key}", data={"id": "x"}, environ_base=far).status_code
        for _ in range(3)
    ]
    assert statuses == [200, 200, 429]
