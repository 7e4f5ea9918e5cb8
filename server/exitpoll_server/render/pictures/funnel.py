"""Steps that each hold part of the one before: how many left, and how many spoke."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from exitpoll_server.render.pictures.axes import Scale, Share, between, short
from exitpoll_server.render.pictures.drawing import Look, Table, line, picture, rect, text, width_of
from exitpoll_server.speech import _, num

_BAR = 14
_LABELS = 216
_NUMBERS = 150
"""Pixels for labels at the left and numbers at the right, where there is room for both."""
_COUNT = 64
"""Pixels of the longest number that is written in full."""
_CAP = 4


@dataclass(frozen=True)
class Step:
    """A step, as a share of the first."""

    label: str
    share: Share


@dataclass(frozen=True)
class Funnel:
    """The steps, from all to the few."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class _Row:
    """Where a step is drawn: label and numbers on baselines, the bar from `left` to `right`."""

    look: Look
    top: float

    @property
    def baseline(self) -> float:
        return self.top + (20 if self.look.roomy else 14)

    @property
    def bar(self) -> float:
        return self.top + (8 if self.look.roomy else 24)

    @property
    def left(self) -> float:
        return _LABELS if self.look.roomy else 0

    @property
    def right(self) -> float:
        return self.look.width - (_NUMBERS if self.look.roomy else 0)


def draw(data: Funnel, look: Look) -> str | None:
    """Draw the steps one under another; None where nobody is in the first."""
    if not data.steps or not data.steps[0].share.count:
        return None
    pitch = 38 if look.roomy else 56
    body = [
        part for i, step in enumerate(data.steps) for part in _step(step, _Row(look, i * pitch), i)
    ]
    return picture(look, data.title, describe(data), pitch * len(data.steps), body)


def _step(step: Step, row: _Row, index: int) -> Iterator[Markup]:
    scale = Scale(0, 1, row.left, row.right)
    end = scale(step.share.value or 0)
    drawn = max(end - row.left, 1 if step.share.count else 0)
    yield rect((row.left, row.bar, drawn, _BAR), "area s1", rx=2, fill_opacity="0.7")
    interval = step.share.interval if index else None
    if interval:
        yield from _whisker(scale, interval, row.bar + _BAR / 2)
    count = num(step.share.count)
    if 1.08 * width_of(count) > _COUNT:
        count = short(step.share.count)
    width = row.look.width
    yield text((0, row.baseline), step.label, room=_LABELS - 16 if row.look.roomy else width - 150)
    yield text((width - 74, row.baseline), count, "strong", anchor="end")
    if index:
        yield text((width, row.baseline), str(step.share), "quiet", anchor="end")


def _whisker(scale: Scale, interval: tuple[float, float], y: float) -> Iterator[Markup]:
    low, high = scale(interval[0]), scale(interval[1])
    yield line((low, y), (high, y), "line", stroke_width=1.5)
    for end in (low, high):
        yield line((end, y - _CAP), (end, y + _CAP), "line", stroke_width=1.5)


def describe(data: Funnel) -> str:
    """Say the steps in a sentence."""
    first, *later = data.steps
    if not later:
        return first.label
    said = ", ".join(f"{step.label}: {num(step.share.count)} ({step.share})" for step in later)
    n = num(first.share.count)
    return _("%(first)s: %(n)s. Of these, %(later)s.", first=first.label, n=n, later=said)


def rows(data: Funnel) -> Table:
    """Return each step with its count, share of the first, and interval."""
    return Table(
        (_("Step"), _("Number"), _("Share of the first"), _("95 % interval")),
        tuple(
            (
                step.label,
                num(step.share.count),
                str(step.share) if i else _("all of them"),
                between(step.share.interval) if i else "–",
            )
            for i, step in enumerate(data.steps)
        ),
    )
