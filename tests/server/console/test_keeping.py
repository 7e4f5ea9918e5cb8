"""What is kept, how long, and what of it counts: the pages of owners."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.server.console.visitors import Visitor, another_product, said
from tests.server.messages import NOW, arrival, ping

from exitpoll_server.store import Excluded, Product, Store

# -- left out of reports -------------------------------------------------------------------


def test_leaving_out_and_putting_back(ada: Visitor, store: Store, product: Product) -> None:
    """The page says whom each mark is about, how many they are, and puts them back at a click."""
    store.merge(product, [arrival(ping(version="0-dev"))])
    path = f"/{product.id}/exclusions"
    assert "Left out of reports" in ada.read(f"/{product.id}/settings")
    ada.get(path)
    assert ada.post(path, version="0-dev", note="ours").status_code == 303
    ada.post(path, installation=str(UUID(int=7)))
    ada.post(path, start="2026-11-20T08:00", end="2026-11-20T09:00")
    page = ada.read(path)
    assert "Version 0-dev 1 ours" in page
    assert "00000000-0000-0000-0000-000000000007 0" in page
    assert "first heard of from 2026-11-20 08:00 until 2026-11-20 09:00 (UTC) 0" in page
    assert ada.post(f"{path}/1/lift").status_code == 303
    assert [one.lifted_at is None for one in store.exclusions()] == [False, True, True]
    assert "Something is back in reports (1)" in ada.read(f"/{product.id}/changes")


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"installation": "nobody"},
        {"installation": str(UUID(int=7)), "version": "1"},
        {"start": "2026-11-20T08:00"},
        {"start": "2026-11-20T08:00", "end": "2026-11-20T08:00"},
        {"start": "yesterday", "end": "2026-11-20T08:00"},
    ],
)
def test_what_names_nobody_leaves_nobody_out(
    ada: Visitor, store: Store, product: Product, typed: dict[str, str]
) -> None:
    """The page says what is missing, keeps what was typed, and nothing is left out."""
    answer = ada.post(f"/{product.id}/exclusions", **typed)
    assert answer.status_code == 422
    assert "one of the three" in said(answer)
    assert store.exclusions() == []


def test_another_products_marks_stay(ada: Visitor, store: Store, product: Product) -> None:
    """Nobody lifts by a guessed number what another product leaves out."""
    other = another_product(store)
    store.keeping.leave_out(other, Excluded(version="1"), note=None, now=NOW)
    assert "Version 1" not in ada.read(f"/{product.id}/exclusions")
    assert ada.post(f"/{product.id}/exclusions/1/lift").status_code == 404
    assert store.exclusions()[0].lifted_at is None
