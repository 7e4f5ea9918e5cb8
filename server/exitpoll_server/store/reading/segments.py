"""The same counts side by side for each value of what copies differ in; and for two windows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from exitpoll_server.counts import DIMENSIONS, OTHER, Segment, Span
from exitpoll_server.store.instants import DAY_MS, NOON_MS, to_ms
from exitpoll_server.store.lives import Ints
from exitpoll_server.store.lives.making import ANSWER_MS
from exitpoll_server.store.lives.record import Text
from exitpoll_server.store.reading.grouping import grouped
from exitpoll_server.store.reading.use import version_names
from exitpoll_server.store.reading.view import ATTRIBUTE, View, Which, dimension

MOST_SEGMENTS = 50
"""Of one dimension; attributes may have a value for each installation."""

COMPARED_DAYS = 28
"""Where no window is asked for, the last four weeks are compared with the four before."""


def segments(view: View) -> tuple[Segment, ...]:
    """Count each segment of the product."""
    lives = view.lives
    # A day of use is in the window where its noon is.
    first, end = (-(-(bound - NOON_MS) // DAY_MS) for bound in (view.start, view.end))
    used = (lives.day >= first) & (lives.day < min(end, view.end_day))
    active = np.bincount(lives.owner[used], minlength=len(lives))
    # Of those known by leaving alone nobody knows how many stay.
    left = view.inside & ~view.known_by_leaving
    columns: dict[str, Ints | Which] = {
        "installations": view.followed,
        "stopped": view.stopped,
        "uninstalls": left,
        "answered": left & lives["answered"],
        "commented": left & lives["commented"],
        "active_days": active,
    }
    return tuple(
        Segment(
            dimension=name_of_all,
            value=value,
            **{name: counts[name][code] for name in columns},
        )
        for name_of_all, every in _dimensions(view)
        for text in [every.frequent(MOST_SEGMENTS, OTHER)]
        for counts in [_sums(text, columns)]
        for code, value in enumerate(text.values)
        if any(counts[name][code] for name in columns)
    )


def _sums(text: Text, columns: dict[str, Ints | Which]) -> dict[str, list[int]]:
    size = len(text.values)
    return {
        name: np.bincount(text.codes, column, size).astype(np.int64).tolist()
        for name, column in columns.items()
    }


def _dimensions(view: View) -> Iterator[tuple[str, Text]]:
    text = view.lives.texts["attributes"]
    # Among the values may be some of copies that were not known yet.
    present = [text.values[code] for code in np.unique(text.codes).tolist()]
    kinds = [json.loads(one) for one in present if one]
    attributes = sorted({ATTRIBUTE + name for kind in kinds for name in kind})
    for name in (*DIMENSIONS, *attributes):
        yield name, dimension(view.lives, name)


# -- two windows ---------------------------------------------------------------------------


def compared(view: View) -> tuple[Span, Span] | None:
    """Count the window and the one before it, once everybody in both had time to answer."""
    window = view.window
    end = window.end or window.as_of - timedelta(milliseconds=ANSWER_MS)
    start = window.start or end - timedelta(days=COMPARED_DAYS)
    bounded = (window.start is None) == (window.end is None)
    if not bounded or to_ms(end) > view.as_of - ANSWER_MS:
        return None
    before = start - (end - start)
    if not len(view.lives) or to_ms(before) < int(view.began.min()):
        return None
    return _span(view, to_ms(start), to_ms(end)), _span(view, to_ms(before), to_ms(start))


def _span(view: View, start: int, end: int) -> Span:
    lives = view.lives
    which = view.gone & (lives["left"] >= start) & (lives["left"] < end)
    wholly = (lives.day >= -(-start // DAY_MS)) & (lives.day < end // DAY_MS)
    began = view.seen & (view.began >= start) & (view.began < end)
    reason = lives.texts["reason"]
    names = version_names(view)
    uses = {names.get(number): n for (number,), n in grouped(lives.version[wholly])}
    version = lives.texts["version"]
    left = {version.values[code]: n for (code,), n in grouped(version.codes[which])}
    return Span(
        start=view.window.as_of + timedelta(milliseconds=start - view.as_of),
        end=view.window.as_of + timedelta(milliseconds=end - view.as_of),
        installed=int(began.sum()),
        uninstalls=int(which.sum()),
        answered=int((which & lives["answered"]).sum()),
        active_days=int(wholly.sum()),
        reasons=tuple(
            (str(reason.values[code]), n)
            for (code,), n in grouped(reason.codes[which])
            if reason.values[code] is not None
        ),
        versions=tuple(
            (name, left.get(name, 0), uses.get(name, 0))
            for name in sorted({*uses, *left}, key=lambda name: name or "")
        ),
    )
