"""What the vendor keeps of themes, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from tests.server.messages import NOW, after

from exitpoll_server.counts.themes import KeptTheme, ThemeWords
from exitpoll_server.store import MergeError, NoThemeError, Product, Store

WORDS = (ThemeWords(language="en", stems=("export", "svg")),)


def keep(store: Store, product: Product, name: str = "SVG export") -> KeptTheme:
    return store.keep_theme(product, name=name, words=WORDS)


def merged(store: Store, product: Product) -> dict[int, int | None]:
    return {one.id: one.merged_into for one in store.themes(product)}


def test_a_theme_is_kept_named_and_decided_on(store: Store, product: Product) -> None:
    """What was said last holds, and a decision that is taken back leaves nothing."""
    made = keep(store, product)
    assert (made.name, made.words, made.decision, made.merged_into) == (
        "SVG export",
        WORDS,
        None,
        None,
    )
    store.name_theme(product, made.id, "Vectors")
    store.decide_theme(product, made.id, decision="planned", note="in 3.0", now=NOW)
    [found] = store.themes(product)
    assert (found.name, found.decision, found.note) == ("Vectors", "planned", "in 3.0")
    assert found.decided_at == NOW
    store.decide_theme(product, made.id, decision=None, note=None, now=after(days=1))
    [found] = store.themes(product)
    assert (found.decision, found.decided_at, found.note) == (None, None, None)


def test_merged_themes_are_one_until_they_are_released(store: Store, product: Product) -> None:
    """A merge leads to who gathers; releasing takes back one step, and no other."""
    first, second, third = (keep(store, product, name).id for name in "abc")
    assert store.merge_theme(product, first, second).id == second
    assert store.merge_theme(product, third, first).id == second
    assert merged(store, product) == {first: second, second: None, third: second}
    assert store.release_theme(product, first).merged_into == second
    assert merged(store, product) == {first: None, second: None, third: second}
    assert store.release_theme(product, second).merged_into is None
    assert merged(store, product) == {first: None, third: None}


def test_a_released_theme_leaves_no_word(store: Store, product: Product) -> None:
    """Words that should not have been kept are gone."""
    store.release_theme(product, keep(store, product).id)
    assert store.themes(product) == []


def test_no_theme_gathers_for_itself(store: Store, product: Product) -> None:
    """Neither at once nor around a corner."""
    first, second, third = (keep(store, product, name).id for name in "abc")
    store.merge_theme(product, first, second)
    store.merge_theme(product, second, third)
    for one, into in ((first, first), (third, first), (third, second), (second, third)):
        with pytest.raises(MergeError):
            store.merge_theme(product, one, into)
    assert merged(store, product) == {first: second, second: third, third: None}


def test_another_products_themes_are_out_of_reach(store: Store, product: Product) -> None:
    """A number that is not this product's is no number."""
    other = store.create_product(name="Other", stopped_after_days=40, trial_days=None, now=NOW)
    mine, theirs = keep(store, product), keep(store, other)
    fails: list[Callable[[], object]] = [
        lambda: store.name_theme(product, theirs.id, "x"),
        lambda: store.decide_theme(product, theirs.id, decision="done", note=None, now=NOW),
        lambda: store.merge_theme(product, mine.id, theirs.id),
        lambda: store.merge_theme(product, theirs.id, mine.id),
        lambda: store.release_theme(product, theirs.id),
    ]
    for fail in fails:
        with pytest.raises(NoThemeError):
            fail()
    assert store.themes(other) == [theirs]


def test_an_erasure_leaves_the_vendors_words(store: Store, product: Product) -> None:
    """They are the vendor's, not the person's: `release` takes them back."""
    made = keep(store, product)
    store.erase(product, UUID(int=1), NOW)
    assert store.themes(product) == [made]
