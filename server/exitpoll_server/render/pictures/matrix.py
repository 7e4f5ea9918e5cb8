"""Where everybody moved: the class a while ago, row by row, against the class now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from exitpoll_server.render.pictures.axes import Share, short
from exitpoll_server.render.pictures.drawing import (
    SMALL,
    TEXT,
    Look,
    Table,
    picture,
    rect,
    text,
    width_of,
)
from exitpoll_server.speech import _, num

_LABELS = 130
_CELL = 52
_GAP = 3
_DARKEST = 0.55
"""How much colour a cell of 100 % has: its text must be read on it, in a light page and a dark."""


@dataclass(frozen=True)
class Matrix:
    """`counts` has a row a class before and a column a class now."""

    title: str
    before: tuple[str, ...]
    now: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class _Grid:
    look: Look
    columns: int
    top: float

    @property
    def left(self) -> float:
        return _LABELS if self.look.roomy else 0

    @property
    def wide(self) -> float:
        return (self.look.width - self.left) / self.columns

    @property
    def pitch(self) -> float:
        """The height of a row; a narrow one has its label above its cells."""
        return _CELL if self.look.roomy else _CELL + 24


def draw(data: Matrix, look: Look) -> str | None:
    """Draw a cell a movement, shaded by its share of the row; None where nobody is known."""
    if not any(map(sum, data.counts)):
        return None
    heads, top = _heads(data, look)
    grid = _Grid(look, len(data.now), top)
    for i, before in enumerate(data.before):
        heads += _row(data, grid, i, before)
    height = top + grid.pitch * len(data.before)
    return picture(look, data.title, describe(data), height, heads)


def _heads(data: Matrix, look: Look) -> tuple[list[Markup], float]:
    """Name the columns; where they are too narrow, on two lines in turn."""
    grid = _Grid(look, len(data.now), 0)
    staggered = any(width_of(label, SMALL) > grid.wide - _GAP for label in data.now)
    room = (2 if staggered else 1) * grid.wide - _GAP
    axes = _("before ↓  now →") if look.roomy else _("now →")
    drawn = [text((0, 12), axes, "quiet", small=True)]
    for j, label in enumerate(data.now):
        x = grid.left + (j + 0.5) * grid.wide
        y = 12 + 22 * (not look.roomy) + 16 * (staggered and j % 2)
        edge = 2 * min(x - grid.left, look.width - x)
        drawn.append(text((x, y), label, anchor="middle", room=min(room, edge), small=True))
    return drawn, 22 + 22 * (not look.roomy) + 16 * staggered


def _row(data: Matrix, grid: _Grid, i: int, before: str) -> Iterator[Markup]:
    counts = data.counts[i]
    top, all_ = grid.top + i * grid.pitch, sum(counts)
    if grid.look.roomy:
        yield text((0, top + 23), before, "strong", room=_LABELS - 12)
        yield text((0, top + 39), num(all_), "quiet", small=True)
    else:
        yield text((0, top + 17), before, "strong", room=grid.look.width - 120)
        said = _("%(n)s before", n=num(all_))
        yield text((grid.look.width, top + 17), said, "quiet", anchor="end", small=True)
        top += 24
    for j, count in enumerate(counts):
        box = (grid.left + j * grid.wide, top, grid.wide - _GAP, _CELL - _GAP)
        yield from _cell(Share(count, all_), box, stayed=before == data.now[j])


def _cell(
    share: Share, box: tuple[float, float, float, float], *, stayed: bool
) -> Iterator[Markup]:
    x, y, wide, tall = box
    yield rect(box, "area s1", rx=3, fill_opacity=f"{0.05 + _DARKEST * (share.value or 0):.2f}")
    if stayed:
        yield rect((x + 1, y + 1, wide - 2, tall - 2), "line quiet", rx=3, stroke_dasharray="2 3")
    said = num(share.count)
    if width_of(said, TEXT) > wide - 4:
        said = short(share.count)
    part = str(share) if share.value is not None else "–"
    if not share.count:
        yield text((x + wide / 2, y + tall / 2 + 4), "0", "quiet", anchor="middle", small=True)
        return
    yield text((x + wide / 2, y + 21), said, "strong", anchor="middle")
    yield text((x + wide / 2, y + 38), part, anchor="middle", small=True, room=wide)


def describe(data: Matrix) -> str:
    """Say for each class before where most of it went."""
    said: list[str] = []
    for before, counts in zip(data.before, data.counts, strict=True):
        all_ = sum(counts)
        if all_:
            most = max(range(len(counts)), key=lambda j: (counts[j], -j))
            moved = _(
                "of %(all)s %(before)s, %(n)s are now %(now)s",
                all=num(all_),
                before=before,
                n=num(counts[most]),
                now=data.now[most],
            )
            said.append(moved)
    return _("From class before to class now: %(moved)s.", moved="; ".join(said))


def rows(data: Matrix) -> Table:
    """Return each movement's number and share of its row."""
    return Table(
        (_("Before"), *data.now, _("All")),
        tuple(
            (
                before,
                *(_said(Share(count, sum(counts))) for count in counts),
                num(sum(counts)),
            )
            for before, counts in zip(data.before, data.counts, strict=True)
        ),
    )


def _said(share: Share) -> str:
    return f"{num(share.count)} ({share})" if share.in_percent else str(share)
