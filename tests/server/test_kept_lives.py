"""What is kept of a copy's life is forgotten by whatever changes it: no count is an old one."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.server.conftest import BOTH, NewDatabase
from tests.server.databases import Database, Kind
from tests.server.messages import NOW, after, shown_exit
from tests.server.test_queries import World, launched, leaves

from exitpoll_agent import wire
from exitpoll_server.counts import Window
from exitpoll_server.questions import EXIT, Reason
from exitpoll_server.store import Excluded, Product, Said, Store, tables
from exitpoll_server.store.engine import write_transaction
from exitpoll_server.store.keeping import Keeping
from exitpoll_server.store.lives import keeping
from exitpoll_server.transfer.copying import copy

STAYS, LEFT, SHOWN, REHEARSED, IMPORTED = range(1, 6)
"""A copy in use; one that left; one that was shown the survey; a rehearsal; an import."""

Write = Callable[[World, int], object]


@pytest.fixture
def world(store: Store, product: Product) -> World:
    """Return copies of all kinds, and the number of the survey that one of them was shown."""
    world = World(store, product)
    world.tell(
        launched(STAYS, NOW),
        launched(LEFT, NOW),
        leaves(LEFT, after(hours=1)),
        launched(SHOWN, NOW),
        leaves(SHOWN, after(hours=1)),
        launched(REHEARSED, NOW, test=True),
        launched(IMPORTED, NOW),
        leaves(IMPORTED, NOW, channel="import"),
    )
    return world


def say(world: World, showing: int) -> None:
    uninstall = world.store.uninstall_number(world.product, UUID(int=SHOWN))
    assert uninstall is not None
    said = Said(reason="other", comment="so slow", score=2)
    world.store.answer(uninstall=uninstall, showing=showing, said=said, now=after(hours=3))


def only_update(world: World, _: int) -> None:
    uninstall = world.store.uninstall_number(world.product, UUID(int=LEFT))
    assert uninstall is not None
    world.store.only_updating(uninstall, after(hours=3))


def hear_again(world: World, _: int) -> None:
    said = [(UUID(int=IMPORTED), after(hours=1), wire.Answers(reason="switched"))]
    world.store.import_answers(world.product, said)


def set_aside(world: World, _: int) -> None:
    moment = NOW + timedelta(milliseconds=1)
    world.store.quarantine(world.product, start=NOW, end=moment, note=None, now=NOW)


def put_back(world: World, _: int) -> None:
    set_aside(world, _)
    world.count()
    (mark,) = (one for one in world.store.exclusions() if one.lifted_at is None)
    world.store.lift(mark.id, NOW)


def leave_out(which: Excluded) -> Write:
    """Return how to leave something out."""

    def do(world: World, _: int) -> None:
        world.tell(launched(STAYS, NOW, seq=2, version="1.0"))
        world.store.keeping.leave_out(world.product, which, note=None, now=NOW)

    return do


def give_feedback(world: World, _: int) -> None:
    store, product = world.store, world.product
    page = store.begin_feedback(
        product,
        store.survey(product, "nps"),
        installation_id=UUID(int=STAYS),
        version="1.0",
        locale=None,
        now=NOW,
    )
    store.feedback_opened(page, NOW)
    store.give_feedback(page, Said(score=9), NOW)


def change_what_is_asked(world: World, _: int) -> None:
    changed = replace(EXIT, reasons=(Reason(id="new-one", label="x"), *EXIT.reasons))
    world.store.change_survey(world.product, changed, NOW)


def change_the_product(world: World, _: int) -> None:
    world.product = replace(world.product, window_days=7, good_days=1, trial_days=2)
    world.store.change_product(world.product)


def submit(world: World, _: int) -> None:
    world.store.submit(world.product, launched(STAYS, after(days=2), seq=2)).result(timeout=60)


WRITES: dict[str, Write] = {
    "merge: a copy not known before": lambda world, _: world.tell(launched(77, NOW)),
    "merge: a ping": lambda world, _: world.tell(launched(STAYS, after(days=2), seq=2)),
    "merge: a ping that withdraws": lambda world, _: world.tell(
        launched(LEFT, after(days=2), seq=901)
    ),
    "merge: facts alone": lambda world, _: world.tell(launched(STAYS, NOW, seq=2, edition="paid")),
    "merge: a milestone": lambda world, _: world.tell(
        launched(STAYS, NOW, seq=2, milestones={"x": NOW.date()})
    ),
    "merge: consent withdrawn": lambda world, _: world.tell(
        launched(STAYS, after(days=2), seq=2, consent="none", days=())
    ),
    "merge: an uninstall": lambda world, _: world.tell(leaves(STAYS, after(days=2))),
    "merge: one more channel": lambda world, _: world.tell(
        leaves(LEFT, after(hours=2), channel="browser", counter=None)
    ),
    "merge: a link": lambda world, _: world.tell(leaves(78, NOW, channel="link", counter=None)),
    "merge: an import": lambda world, _: world.tell(leaves(79, NOW, channel="import")),
    "submit": submit,
    "answer": say,
    "opened": lambda world, showing: world.store.opened(showing, after(hours=3)),
    "only_updating": only_update,
    "import_answers": hear_again,
    "erase": lambda world, _: world.store.erase(world.product, UUID(int=LEFT), NOW),
    "erase_rehearsals": lambda world, _: world.store.erase_rehearsals(
        world.product, UUID(int=REHEARSED)
    ),
    "forget_expired": lambda world, _: world.store.forget_expired(
        world.product, NOW + timedelta(days=731)
    ),
    "quarantine": set_aside,
    "lift": put_back,
    "keeping.leave_out: an installation": leave_out(Excluded(installation_id=UUID(int=LEFT))),
    "keeping.leave_out: a version": leave_out(Excluded(version="1.0")),
    "give_feedback": give_feedback,
    "offered": lambda world, showing: world.store.offered(showing, "other", NOW),
    "offer_taken": lambda world, showing: world.store.offer_taken(showing, NOW),
    "change_survey": change_what_is_asked,
    "change_product": change_the_product,
    "show": lambda world, _: world.showing(LEFT, NOW),
    "create_product": lambda world, _: world.another().tell(launched(1)),
}
CHANGE_NOTHING = {
    "merge: a milestone",
    "erase_rehearsals",
    "lift",
    "offered",
    "offer_taken",
    "show",
    "create_product",
}
"""What no figure here is about, or what comes back to where it was."""

ELSEWHERE = {
    *("begin_feedback", "feedback_opened"),  # in give_feedback
    *("refilled",),  # below
    *("keeping.rotate", "keeping.retire", "keeping.accept_again"),  # in no report
    *("keeping.declare", "keeping.take_back"),
    *("put_logo", "secret", "hand_out"),  # in no report
    *("keep_theme", "name_theme", "merge_theme", "decide_theme", "release_theme"),  # by themselves
}
READS = {
    *(
        "keeping.keys",
        "keeping.declared",
        "keeping.arriving",
        "keeping.consents",
        "keeping.erasures",
    ),
    *(
        "agents",
        "agent_archive",
        "arrived",
        "asked",
        "check",
        "churn",
        "close",
        "counts",
        "exclusions",
        "feedback",
        "known_of",
    ),
    *("known_product", "labels", "logo", "product_by_key", "product_by_name", "products", "sum_up"),
    *("survey", "surveys", "themes", "uninstall_number", "whole", "withdrawn_uninstalls"),
}


def test_every_method_of_the_store_is_looked_at() -> None:
    """A new method either writes and is tried here, or is said to read."""
    methods = {name for name in vars(Store) if not name.startswith("_")}
    methods |= {f"keeping.{name}" for name in vars(Keeping) if not name.startswith("_")}
    written = {name.partition(":")[0] for name in WRITES}
    assert methods == written | ELSEWHERE | READS
    assert len(methods) == len(written) + len(ELSEWHERE) + len(READS)


@pytest.mark.parametrize("name", WRITES)
def test_whatever_is_written_is_counted(world: World, name: str) -> None:
    """After each write the lives that were kept give the same counts as lives made from scratch."""
    uninstall = world.store.uninstall_number(world.product, UUID(int=SHOWN))
    assert uninstall is not None
    showing = shown_exit(world.store, uninstall, after(hours=2))
    before, earlier = world.count(), world.count(after(hours=2))
    assert _lives(world.store) == 4
    WRITES[name](world, showing)
    after_it = world.count()  # compares
    assert (after_it == before) is (name in CHANGE_NOTHING)
    if name in ("answer", "opened", "only_updating", "submit"):
        assert world.count(after(hours=2)) == earlier


def _lives(store: Store) -> int:
    with store.whole() as whole:
        return whole.sizes()["lives"]


@pytest.mark.parametrize("at_once", [1, 3])
def test_lives_are_the_same_however_few_are_read_at_once(
    world: World, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Now, and as known before some of them changed, with some of them not kept."""
    world.tell(launched(STAYS, after(hours=3), seq=2), launched(LEFT, after(hours=4), seq=9))
    instants = (after(hours=2), after(hours=3, minutes=30), after(days=1))
    whole = [world.count(at) for at in instants]
    monkeypatch.setattr(keeping, "AT_ONCE", at_once)
    assert [world.count(at) for at in instants] == whole
    assert [world.left(at) for at in instants] == [3, 3, 3]


@pytest.mark.parametrize("to", BOTH)
def test_lives_that_were_copied_are_as_good(
    world: World, to: Kind, tmp_path: Path, new_database: NewDatabase
) -> None:
    """A copy of a database has the lives of the original, and counts the same with and without."""
    counted = world.count()
    (tmp_path / "target").mkdir()
    target = Store(new_database(to, tmp_path / "target").url)
    try:
        copy(world.store, target, now=NOW)
        assert _lives(target) == 4
        assert World(target, world.product).count() == counted
        World(target, world.product).tell(launched(STAYS, after(days=2), seq=2))
        World(target, world.product).count()
    finally:
        target.close()


@pytest.mark.usefixtures("impatient")
def test_a_count_that_could_keep_no_lives(world: World, database: Database) -> None:
    """Where nothing can be written a report is made all the same, of lives made for it alone."""
    with database.held():
        impatient = Store(database.url)
        window = Window(as_of=after(days=1), start=None, end=None)
        found = impatient.counts(world.product, window, stopped_after_days=40, most_lines=1000)
        impatient.close()
    assert _lives(world.store) == 0
    assert found == world.count(after(days=1))


# -- at once ---------------------------------------------------------------------------------

COPIES = 40
ROUNDS = 120


def write_a_lot(url: str, name: str) -> None:
    """Tell of copies in no particular order: uses, leaving, returning, answers, erasures."""
    store, chance = Store(url), random.Random(4)
    product = store.product_by_name(name)
    assert product is not None
    world = World(store, product)
    for seq in range(1, ROUNDS):
        at = NOW + timedelta(hours=seq)
        some = chance.sample(range(1, COPIES), 5)
        world.tell(*(launched(who, at, seq=seq, edition=chance.choice("abc")) for who in some))
        leaver = chance.randrange(1, COPIES)
        world.tell(leaves(leaver, at, seq=seq + 1, uninstall={"uninstall_id": UUID(int=seq)}))
        _go_on(world, leaver, at, chance)
    store.close()


def _go_on(world: World, who: int, at: datetime, chance: random.Random) -> None:
    left = world.store.uninstall_number(world.product, UUID(int=who))
    if left is not None and chance.random() < 0.5:
        world.say(who, at, reason="other", comment="so slow")
    if chance.random() < 0.1:
        world.store.erase(world.product, UUID(int=who), at)


@pytest.mark.slow
def test_counting_while_another_process_writes(
    store: Store, product: Product, database: Database
) -> None:
    """However the two fall in with each other, in the end what is kept is what is made anew."""
    writer = get_context("spawn").Process(target=write_a_lot, args=(database.url, product.name))
    writer.start()
    counted = 0
    window = Window(as_of=after(days=30), start=None, end=None)
    while writer.is_alive():
        store.counts(product, window, stopped_after_days=2, most_lines=9)
        counted += 1
    writer.join()
    assert writer.exitcode == 0
    assert counted > 3
    kept = _records(store, product, window)
    with write_transaction(store._engine) as connection:  # noqa: SLF001 - to forget all
        connection.execute(tables.lives.delete())
    assert kept == _records(store, product, window)


def _records(store: Store, product: Product, window: Window) -> list[Any]:
    store.counts(product, window, stopped_after_days=2, most_lines=9)
    table = tables.lives
    with write_transaction(store._engine) as connection:  # noqa: SLF001 - nothing gives records
        rows = connection.execute(table.select().order_by(table.c.installation_id))
        return [tuple(row) for row in rows]
