"""Retention: what gave no sign of life for long is really gone, and counted beside the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.server.conftest import Look
from tests.server.messages import NOW, after, arrival, leaving, ping, row, shown_exit
from tests.server.terminal import Terminal

from exitpoll_agent import wire
from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import Window
from exitpoll_server.store import Excluded, Product, Said, Store, retention

DAYS = 730
EXPIRED = NOW + timedelta(days=DAYS, seconds=1)
"""When what was last heard of at `NOW` is let go."""


def who(number: int) -> dict[str, Any]:
    return {"installation_id": UUID(int=number), "counter": UUID(int=number + 100)}


def known(look: Look) -> set[int]:
    return {UUID(hex=one["uuid"]).int for one in look("SELECT uuid FROM installations")}


def iceberg(store: Store, product: Product, as_of: datetime) -> Any:
    window = Window(as_of=as_of, start=None, end=None)
    counts = store.counts(product, window, stopped_after_days=40, most_lines=9)
    return json.loads(render.as_json(reports.make(counts)))["iceberg"]


def test_new_products_have_a_time_and_old_ones_keep_all(
    store: Store, product: Product, look: Look
) -> None:
    """Two years unless it is said otherwise; without a time nobody is ever let go."""
    assert product.retention_days == DAYS
    forever = replace(product, retention_days=None)
    store.change_product(forever)
    store.merge(product, [arrival(ping())])
    assert store.forget_expired(forever, NOW + timedelta(days=99_999)) == 0
    assert known(look) == {1}


def test_nothing_stays_of_whom_is_let_go(store: Store, product: Product, look: Look) -> None:
    """Every row goes, letters and pages and marks too; there is no tombstone, only a number."""
    answers = wire.Answers(reason="other", comment="Bye.")
    event = leaving(2, **who(1), uninstall={"answers": answers})
    store.merge(
        product,
        [arrival(ping(**who(1), days=(row("2026-11-20"),), milestones={"x": NOW.date()}))],
    )
    store.merge(product, [arrival(event)])
    number = store.uninstall_number(product, UUID(int=1))
    assert number is not None
    told = Said(comment="Bye.", email="anna@example.com")
    store.answer(uninstall=number, showing=shown_exit(store, number, NOW), said=told, now=NOW)
    page = store.begin_feedback(
        product,
        store.survey(product, "nps"),
        installation_id=UUID(int=1),
        version=None,
        locale=None,
        now=NOW,
    )
    store.give_feedback(page, Said(score=9), NOW)
    which = Excluded(installation_id=UUID(int=1))
    store.lift(store.keeping.leave_out(product, which, note=None, now=NOW).id, NOW)
    assert store.forget_expired(product, NOW + timedelta(days=DAYS)) == 0
    assert store.forget_expired(product, EXPIRED) == 1
    assert store.known_of(product, UUID(int=1)) == ()
    for table in ("history", "launches", "milestones", "uninstalls", "answers", "showings"):
        assert look(f"SELECT * FROM {table}") == [], table  # noqa: S608
    assert look("SELECT * FROM feedback") + look("SELECT * FROM exclusions") == []
    [counted] = look("SELECT installations, uninstalls, answered FROM expired")
    assert counted == {"installations": 1, "uninstalls": 1, "answered": 1}
    told_of = iceberg(store, product, EXPIRED)
    assert [told_of[name]["numerator"] for name in ("seen", "erased", "expired")] == [0, 0, 1]
    assert told_of["expired_answered"]["numerator"] == 1


def hear_ping(store: Store, product: Product) -> None:
    store.merge(product, [arrival(ping(2, **who(1)), after(days=1))])


def hear_link(store: Store, product: Product) -> None:
    event = leaving(0, installation_id=UUID(int=1), counter=None, consent="exit")
    store.merge(product, [arrival(event, after(days=1), "link")])


def hear_second_way(store: Store, product: Product) -> None:
    store.merge(product, [arrival(leaving(2, **who(1)))])
    store.merge(product, [arrival(leaving(2, **who(1)), after(days=1), "browser")])


def hear_page(store: Store, product: Product) -> None:
    store.merge(product, [arrival(leaving(2, **who(1)))])
    number = store.uninstall_number(product, UUID(int=1))
    assert number is not None
    store.opened(shown_exit(store, number, NOW), after(days=1))


def hear_answer(store: Store, product: Product) -> None:
    said = wire.Answers(comment="x")
    store.import_answers(product, [(UUID(int=1), after(days=1), said)])


def hear_feedback(store: Store, product: Product) -> None:
    survey = store.survey(product, "feedback")
    page = store.begin_feedback(
        product, survey, installation_id=UUID(int=1), version=None, locale=None, now=NOW
    )
    store.give_feedback(page, Said(comment="x"), after(days=1))


@pytest.mark.parametrize(
    "sign", [hear_ping, hear_link, hear_second_way, hear_page, hear_answer, hear_feedback]
)
def test_every_sign_of_life_counts(store: Store, product: Product, look: Look, sign: Any) -> None:
    """A message by any way, an opened page and an answer each begin the time anew."""
    store.merge(product, [arrival(ping(**who(1))), arrival(ping(**who(2)))])
    sign(store, product)
    assert store.forget_expired(product, EXPIRED) == 1
    assert known(look) == {1}
    assert store.forget_expired(product, EXPIRED + timedelta(days=1)) == 1
    assert known(look) == set()


def test_who_comes_later_is_a_new_copy(store: Store, product: Product, look: Look) -> None:
    """There is no tombstone: nobody asked to be kept out."""
    store.merge(product, [arrival(ping(**who(1)))])
    store.forget_expired(product, EXPIRED)
    store.merge(product, [arrival(ping(9, **who(1), launches_total=5), EXPIRED)])
    assert known(look) == {1}
    told_of = iceberg(store, product, EXPIRED)
    assert [told_of[name]["numerator"] for name in ("seen", "expired")] == [1, 1]


def test_many_go_in_bounded_groups(
    store: Store, product: Product, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, all go; rehearsals uncounted, other products untouched."""
    monkeypatch.setattr(retention, "GROUP", 3)
    other = store.create_product(name="Other", stopped_after_days=40, trial_days=None, now=NOW)
    store.merge(product, [arrival(ping(**who(n))) for n in range(1, 9)])
    store.merge(product, [arrival(ping(**who(20), test=True))])
    store.merge(other, [arrival(ping(**who(30)))])
    anonymous = store.begin_feedback(
        product,
        store.survey(product, "feedback"),
        installation_id=None,
        version=None,
        locale=None,
        now=NOW,
    )
    assert store.forget_expired(product, EXPIRED) == 10
    assert known(look) == {30}
    assert store.feedback(anonymous) is None
    assert look("SELECT installations FROM expired") == [{"installations": 8}]


def test_retention_at_the_command_line(sample: Terminal) -> None:
    """The time is set with the product's other settings, and cron lets go of what is over it."""
    old = sample.write("u.csv", "installation_id,at\na,2020-01-01\n")
    sample.succeed("import", "uninstalls", old, "--product", "Sample")
    assert sample.succeed("retention", "run") == "Sample\t730 days\t1 let go\n"
    settings = sample.succeed("product", "set", "--product", "Sample", "--retention", "0")
    assert "retention      until erased" in settings
    told = sample.succeed("retention", "run", "--product", "Sample")
    assert told == "Sample\tkeeps everything\t0 let go\n"
