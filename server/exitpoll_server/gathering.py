"""What people wrote on leaving, grouped: read by the command line and the console alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exitpoll_server import clock
from exitpoll_server.counts import Window
from exitpoll_server.counts.themes import KeptTheme
from exitpoll_server.render import words
from exitpoll_server.report import comments_list
from exitpoll_server.report.comments_list import Listed
from exitpoll_server.report.themes import Theme, Themes, root, themes
from exitpoll_server.store import Product, Store


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Everything that was written on leaving, grouped."""

    themes: Themes
    kept: tuple[KeptTheme, ...]
    labels: Mapping[str, str]
    """By id, the vendor's own reasons in words."""

    def gatherer(self, number: int) -> KeptTheme | None:
        """Return the theme that gathers for the one of a number; None where there is none."""
        found = next((one for one in self.kept if one.id == number), None)
        return None if found is None else root(found, self.kept)


def gather(store: Store, product: Product) -> Gathered:
    """Read every comment on leaving, as known now, and group it."""
    counts = store.counts(
        product,
        Window(as_of=clock.now(), start=None, end=None),
        stopped_after_days=product.stopped_after_days,
        most_lines=0,
    )
    kept = tuple(store.themes(product))
    grouped = themes(counts.comments, kept, product=product.name)
    return Gathered(themes=grouped, kept=kept, labels=counts.labels)


def called(theme: Theme) -> str:
    """Call a theme by its number, where the vendor kept it, and its name."""
    number = f"{theme.kept.id} " if theme.kept else ""
    return number + words.typed(theme.name)


def as_rows(comments: tuple[Listed, ...]) -> list[dict[str, str | int | float | bool | None]]:
    """Return comments as JSON has them."""
    return [
        dict(zip(comments_list.COLUMNS, row, strict=True)) for row in comments_list.rows(comments)
    ]
