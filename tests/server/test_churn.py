"""Who was lost, one by one: rows, their order, and all that stands in them."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.server.messages import NOW, after, row
from tests.server.terminal import Terminal
from tests.server.test_queries import DAY, LATER, World, installed, launched, leaves

from exitpoll_server.counts import Churned, Window
from exitpoll_server.questions import EXIT, Offer, Reason
from exitpoll_server.store import Product, Said, Store
from exitpoll_server.transfer.exporting import CHURN

WITH_OFFER = replace(
    EXIT,
    reasons=(Reason(id="too-expensive", label="x", offer=Offer(text="half")), *EXIT.reasons),
    version=2,
)


@pytest.fixture
def world(store: Store, product: Product) -> World:
    return World(store, product)


def lost(world: World, as_of: datetime = LATER, **window: Any) -> list[Churned]:
    asked = {"start": None, "end": None, **window}
    return list(
        world.store.churn(world.product, Window(as_of=as_of, **asked), stopped_after_days=40)
    )


def used(world: World, who: int, begun: datetime, days: dict[int, int], **facts: Any) -> None:
    """Tell of launches by the day since the install, with one ping after the last of them."""
    last = begun + max(days) * DAY
    rows = tuple(row(f"{(begun + day * DAY).date()}", n) for day, n in days.items())
    world.tell(launched(who, last, installed_at=begun, days=rows, origin="new", **facts))


# -- which rows ------------------------------------------------------------------------------


def test_a_row_an_uninstall_and_a_row_a_stop_by_time(world: World) -> None:
    """Uninstalls at their instant, stops T days after the last launch; who is active has no row."""
    used(world, 1, NOW, {0: 1})  # stops 40 days later
    used(world, 2, NOW, {0: 1, 30: 1})
    used(world, 3, NOW, {60: 1})
    world.tell(leaves(2, after(days=39)), leaves(4, after(days=41)))
    rows = lost(world, after(days=70))
    assert [(one.installation_id.int, one.kind) for one in rows] == [
        (2, "uninstalled"),
        (1, "stopped"),
        (4, "uninstalled"),
    ]
    assert [one.at for one in rows] == [after(days=39), after(days=40), after(days=41)]


def test_rows_of_one_instant_stand_in_the_order_of_their_receipt(world: World) -> None:
    """Two exports of one database have the same order."""
    for who in (3, 1, 2):
        world.tell(leaves(who, NOW))
    assert [one.installation_id.int for one in lost(world)] == [3, 1, 2]


def test_a_window_holds_stops_too(world: World) -> None:
    """A stop belongs to the window of its own instant: from it on, and not at its end."""
    used(world, 1, NOW, {0: 1})
    stop = after(days=40)
    assert len(lost(world, start=stop)) == 1
    assert lost(world, end=stop) == []
    assert lost(world, start=stop + timedelta(milliseconds=1)) == []


def test_who_came_back_is_not_lost(world: World) -> None:
    """A stop ends with a launch, an uninstall with a later ping."""
    world.tell(launched(1, NOW), launched(1, after(days=50), seq=2))
    world.tell(leaves(2, NOW), launched(2, after(days=50), seq=901))
    assert [one.installation_id.int for one in lost(world, after(days=45))] == [2, 1]
    assert lost(world, after(days=60)) == []


def test_who_is_in_no_report_is_in_no_row(world: World) -> None:
    """Erased, rehearsed, under quarantine, replaced by an upgrade, or without consent."""
    store, product = world.store, world.product
    world.tell(leaves(1, NOW), leaves(2, NOW, test=True), leaves(3, after(days=1)))
    of: dict[str, Any] = {"customer": "c", "os": "linux"}
    world.tell(leaves(4, NOW, **of), installed(5, after(minutes=9), **of))
    world.tell(launched(6, NOW), launched(6, after(days=1), seq=2, consent="none", days=()))
    assert [one.installation_id.int for one in lost(world, after(days=9))] == [1, 3]
    store.erase(product, UUID(int=1), after(days=9))
    quarantined = store.quarantine(
        product, start=after(days=1), end=after(days=2), note=None, now=NOW
    )
    assert lost(world, after(days=9)) == []
    store.lift(quarantined.id, NOW)
    assert [one.installation_id.int for one in lost(world, after(days=9))] == [3]


def test_there_are_as_many_rows_as_a_report_counts(world: World) -> None:
    """Uninstalls of the window, and all who have stopped by now."""
    for who in range(1, 9):
        used(world, who, NOW - who * DAY, {0: 1, who: 1})
        if who % 3:
            world.tell(leaves(who, after(days=who)))
    rows = lost(world, start=after(days=3))
    counts = world.count(start=after(days=3))
    assert sum(one.kind == "uninstalled" for one in rows) == sum(g.n for g in counts.departures)
    assert sum(one.kind == "stopped" for one in rows) == world.levels()["stopped"]


# -- what stands in a row --------------------------------------------------------------------


def test_an_uninstall_in_full(world: World) -> None:
    """Tenure, launches, their trend, health of the day before, facts as known on leaving."""
    begun = NOW - 100 * DAY
    days = {44: 1, 45: 2, 72: 4, 73: 8, 80: 16, 100: 32}
    facts: dict[str, Any] = {
        "installed_version": "0.9",
        "version": "1.0",
        "channel": "beta",
        "edition": "trial",
        "source": "shop",
        "os": "linux",
        "locale": "de",
        "customer": "c",
        "attributes": {"plan": "pro"},
    }
    used(world, 1, begun, days, **facts)
    world.tell(leaves(1, after(hours=1), edition="paid", attributes={"plan": "max"}))
    [one] = lost(world)
    assert (one.kind, one.at, one.installed_at) == ("uninstalled", after(hours=1), begun)
    assert one.tenure_days == pytest.approx(100 + 1 / 24)
    assert one.launches == 63
    # Day 100 is the 28th: so the 28 days begin on day 73, and those before on day 45.
    assert (one.launches_last, one.launches_previous) == (8 + 16 + 32, 2 + 4)
    assert one.health == "medium"
    assert (one.edition, one.attributes) == ("paid", {"plan": "max"})
    rest = {name: value for name, value in facts.items() if name not in ("edition", "attributes")}
    assert {name: getattr(one, name) for name in rest} == rest


def test_a_stop_in_full(world: World) -> None:
    """As an uninstall, with the instant of the stop; nobody asked, and nobody answered."""
    used(world, 1, NOW, {0: 5, 1: 7}, version="1.0", attributes={"plan": "pro"})
    [one] = lost(world)
    assert (one.kind, one.at, one.installed_at) == ("stopped", after(days=41), NOW)
    assert one.tenure_days == pytest.approx(41)
    assert (one.launches, one.launches_last, one.launches_previous) == (12, 12, 0)
    assert (one.health, one.version, one.attributes) == ("new", "1.0", {"plan": "pro"})
    nothing = (one.known_from, one.not_asked, one.reason, one.follow_up, one.comment, one.score)
    assert nothing == (None,) * 6
    assert (one.asked, one.answered, one.offer, one.wants_answer) == (False, False, None, False)


@pytest.mark.parametrize(
    ("days", "health"),
    [
        ({27: 1}, "new"),
        ({0: 1, 30: 1}, "poor"),
        ({0: 1, 20: 1, 30: 1}, "medium"),
        (dict.fromkeys(range(20, 30), 1), "good"),
        ({**dict.fromkeys(range(1, 31), 1), **dict.fromkeys(range(51, 59), 1)}, "medium"),
    ],
)
def test_health_is_that_of_the_day_before(world: World, days: dict[int, int], health: str) -> None:
    """New, medium and good, by the 28 days that end a day before leaving, and those before."""
    used(world, 1, NOW, days)
    world.tell(leaves(1, after(days=max(days), hours=1)))
    assert [one.health for one in lost(world)] == [health]


def test_health_of_whom_nothing_else_is_known(world: World) -> None:
    """Known from its uninstall alone, a copy had no health, and no tenure."""
    world.tell(leaves(1, NOW))
    [one] = lost(world)
    assert (one.health, one.tenure_days, one.installed_at) == (None, None, None)
    assert (one.launches, one.launches_last, one.launches_previous) == (None, 0, 0)


def test_poor_and_stopped_before_leaving(world: World) -> None:
    """Not used for 28 days is poor; unused for T it had stopped, and then left after all."""
    for who, silence in ((1, 35), (2, 60)):
        used(world, who, NOW, {0: 1})
        world.tell(leaves(who, after(days=silence)))
    assert [one.health for one in lost(world)] == ["poor", "stopped"]


def test_consent_exit_has_its_steps_and_no_history(world: World) -> None:
    """Nothing of its use is known: launches are the lower end of a step, tenure is not known."""
    steps = {"tenure_step": 24, "launches_step": 10}
    world.tell(leaves(1, NOW, uninstall=steps, counter=None, consent="exit", version="1.0"))
    [one] = lost(world)
    assert (one.kind, one.launches, one.tenure_days, one.health) == ("uninstalled", 10, None, None)
    assert (one.version, one.customer, one.attributes) == ("1.0", None, {})


def test_what_was_answered(world: World) -> None:
    """Each field the last within the week; an address is only said to be there."""
    world.tell(leaves(1))
    world.say(1, after(hours=1), reason="switched", score=3)
    world.say(1, after(hours=2), reason="other", follow_up="to that one", email="a@example.com")
    world.say(1, after(days=8), comment="much later")
    [one] = lost(world)
    assert (one.asked, one.answered, one.not_asked) == (True, True, None)
    assert (one.reason, one.follow_up, one.comment) == ("other", "to that one", None)
    assert (one.score, one.wants_answer) == (3, True)
    assert lost(world, after(hours=1))[0].reason == "switched"


@pytest.mark.parametrize(
    ("held_out", "seen", "taken", "reason", "fate"),
    [
        (False, False, False, "too-expensive", None),
        (False, True, False, "too-expensive", "seen"),
        (False, True, True, "too-expensive", "taken"),
        (True, False, False, "too-expensive", "held_out"),
        (True, False, False, "other", None),
        (True, False, False, None, None),
    ],
)
def test_what_became_of_the_offer(
    world: World, *, held_out: bool, seen: bool, taken: bool, reason: str | None, fate: str | None
) -> None:
    """Held out is only who chose a reason that has an offer, and was to see none."""
    store = world.store
    world.tell(leaves(1))
    uninstall = store.uninstall_number(world.product, UUID(int=1))
    assert uninstall is not None
    person = store.asked(uninstall)
    assert person is not None
    reasons = [one.id for one in WITH_OFFER.all_reasons()]
    showing = store.show(
        person, WITH_OFFER, locale="en", reasons=reasons, held_out=held_out, now=NOW
    ).id
    store.opened(showing, NOW)
    if reason is not None:
        store.answer(uninstall=uninstall, showing=showing, said=Said(reason=reason), now=NOW)
    if seen:
        store.offered(showing, "too-expensive", after(minutes=1))
    if taken:
        store.offer_taken(showing, after(minutes=2))
    assert [one.offer for one in lost(world)] == [fate]
    if taken:
        assert [one.offer for one in lost(world, after(minutes=1))] == ["seen"]
    if seen:
        assert [one.offer for one in lost(world, NOW)] == [None]


def test_a_stop_of_an_earlier_day_says_what_was_known_then(world: World) -> None:
    """Facts stated after `as_of`, and launches heard of after it, are in no row of that report."""
    used(world, 1, NOW, {0: 1}, edition="trial")
    world.tell(launched(1, after(days=60), seq=2, edition="paid"))
    [one] = lost(world, after(days=50))
    assert (one.kind, one.launches, one.edition) == ("stopped", 1, "trial")


def test_more_than_are_looked_up_at_once(world: World) -> None:
    """Rows beyond a thousand have their own facts too."""
    world.tell(*(leaves(who, after(minutes=who), version=f"v{who}") for who in range(1, 1102)))
    rows = lost(world)
    assert [one.version for one in rows] == [f"v{who}" for who in range(1, 1102)]


# -- end to end ------------------------------------------------------------------------------


def test_the_command_writes_what_the_store_gives(sample: Terminal) -> None:
    """`export churn` to CSV: a column each, what is not known empty, instants in UTC."""
    left = "installation_id,at,version,reason,comment\na,2026-01-20T08:00Z,1.1,too-slow,Slow.\n"
    used_ = "installation_id,at,version,edition\na,2026-01-01,1.0,trial\nb,2026-01-02,1.0,\n"
    infos = 'installation_id,installed_at,plan\nb,2026-01-01T09:00Z,"=pro"\n'
    for what, text in (("launches", used_), ("installations", infos), ("uninstalls", left)):
        sample.succeed("import", what, sample.write("f.csv", text), "--product", "Sample")
    sample.succeed("import", "responses", sample.write("f.csv", left), "--product", "Sample")
    options = ("--as-of", "2026-06-01", "--stopped-after", "30", "--format", "csv")
    sample.succeed("export", "churn", "--product", "Sample", *options, "--out", "lost.csv")
    first, second = _rows(sample.folder / "lost.csv")
    assert list(first) == [*(column.name for column in CHURN), "attribute.plan"]
    assert (first["kind"], first["at"]) == ("uninstalled", "2026-01-20T08:00:00Z")
    assert (first["reason"], first["comment"], first["answered"]) == ("too-slow", "Slow.", "true")
    assert (first["known_from"], first["version"], first["edition"]) == ("import", "1.1", "trial")
    assert (second["kind"], second["at"]) == ("stopped", "2026-02-01T12:00:00Z")
    assert (second["installed_at"], second["launches"]) == ("2026-01-01T09:00:00Z", "1")
    assert (second["reason"], second["answered"], second["known_from"]) == ("", "", "")
    assert second["attribute.plan"] == "'=pro"


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))
