"""From an empty database to the first arrival."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from flask import Flask
from tests.server.console.visitors import Visitor, administrator, another_product, member
from tests.server.messages import arrival, leaving, ping
from tests.server.program import EXITPOLL, PATIENCE_SECONDS, environment

from exitpoll_server import clock
from exitpoll_server.store import Product, Store


def test_three_screens(ada: Visitor, store: Store) -> None:
    """After the account comes the product's name, then the lines to paste: there is no fourth."""
    first = ada.get("/")
    assert (first.status_code, first.location) == (303, "/console/new")
    ada.get("/new")
    second = ada.post("/new", name=" Paint Box ")
    (product,) = store.products()
    assert (second.status_code, second.location) == (303, f"/console/{product.id}/start")
    assert product.name == "Paint Box"
    page = ada.get(f"/{product.id}/start").text
    assert page.count(f"/u/{product.key}") >= 4


def test_a_name_that_is_taken(ada: Visitor, product: Product) -> None:
    """The form says so, and keeps what was typed."""
    ada.get("/new")
    answer = ada.post("/new", name=product.name)
    assert answer.status_code == 422
    assert "There is already a product of this name." in answer.text
    assert f'value="{product.name}"' in answer.text


def test_the_first_arrivals(ada: Visitor, store: Store, product: Product) -> None:
    """The page that waits is told of the first sign of life and of the first uninstall."""
    page = f"/{product.id}/arrived"
    assert ada.get(page).get_json() == {"installations": 0, "uninstalls": 0}
    store.merge(product, [arrival(ping(seq=1))])
    assert ada.get(page).get_json() == {"installations": 1, "uninstalls": 0}
    store.merge(product, [arrival(leaving())])
    assert ada.get(page).get_json() == {"installations": 1, "uninstalls": 1}
    assert "Uninstalled so far: 1" in ada.read(f"/{product.id}/start")


def test_rehearsals_are_no_arrivals(ada: Visitor, store: Store, product: Product) -> None:
    """What `doctor --rehearse` sends is not announced as the first customer."""
    store.merge(product, [arrival(leaving(test=True))])
    assert ada.get(f"/{product.id}/arrived").get_json() == {"installations": 0, "uninstalls": 0}


def test_home_leads_to_the_product(app: Flask, store: Store, product: Product) -> None:
    """Who has one product sees its report at once; who has several chooses; none is said."""
    analyst = member(app, store, product, "analyst")
    assert analyst.get("/").location == f"/console/{product.id}/report"
    other = another_product(store)
    ada = administrator(app, store)
    assert ada.get("/").status_code == 200
    page = ada.get("/").text
    assert page.count("/report") == 2
    (account,) = (one for one in store.people.everybody() if not one.administrator)
    store.people.give_role(account, product.id, None)
    assert "There is no product for you yet." in analyst.read("/")
    assert analyst.get(f"/{other.id}/report").status_code == 404


def test_the_server_offers_the_link(tmp_path: Path) -> None:
    """`exitpoll serve` prints it while nobody has an account, and not any more afterwards."""
    database = tmp_path / "exitpoll.sqlite3"
    said = _served(database)
    link = re.search(
        r"Nobody has an account.*\n(http://127\.0\.0\.1:\d+)/console/join/([\w-]{32})\n", said
    )
    assert link is not None
    assert said.startswith(f"Exitpoll listens on {link[1]}\n")
    store = Store(f"sqlite:///{database}")
    store.people.accept(link[2], email="a@example.com", name="A", password="x", now=clock.now())
    store.close()
    assert re.fullmatch(r"Exitpoll listens on \S+\n", _served(database))


def _served(database: Path) -> str:
    """Return everything that a server prints until it is told to stop."""
    process = subprocess.Popen(
        [*EXITPOLL, "serve", "--port", "0"],
        env=environment(database),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        first = process.stdout.readline()
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)
        return first + process.stdout.read()
