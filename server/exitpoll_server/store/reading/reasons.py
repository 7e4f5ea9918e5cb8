"""Section 3: what was chosen of what was shown, and how those who spoke resemble the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import getitem
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from exitpoll_server.counts import OTHER, Choice, Moments, OfferGroup, ProfileGroup, Reasons
from exitpoll_server.questions import EXIT, Survey
from exitpoll_server.store import surveys
from exitpoll_server.store.instants import DAY_MS
from exitpoll_server.store.linking import RETURN_MS
from exitpoll_server.store.lives import NONE, Ints
from exitpoll_server.store.lives.record import Text, text_of
from exitpoll_server.store.reading.grouping import grouped
from exitpoll_server.store.reading.view import View

Floats: TypeAlias = npt.NDArray[np.float64]

MOST_VALUES = 6
"""Of each margin the most frequent ones: the rest together, or no answer stands for many."""

TENURES = (
    (1 / 24, "under an hour"),
    (1, "under a day"),
    (7, "under a week"),
    (30, "under a month"),
    (90, "under 3 months"),
    (365, "under a year"),
    (np.inf, "a year or longer"),
)
"""Bands of tenure: below so many days."""

LAUNCHES = ((1, "0"), (2, "1"), (6, "2–5"), (21, "6–20"), (101, "21–100"), (np.inf, "over 100"))
"""Bands of launches: below so many."""


def reasons(view: View) -> Reasons:
    """Group what is known of why they left."""
    asked = {
        one.survey.version: one.survey
        for one in surveys.everything(view.connection, view.product.id)
        if one.survey.kind == EXIT.kind
    }
    asked.setdefault(EXIT.version, EXIT)
    return Reasons(
        choices=_choices(view, asked),
        profiles=_profiles(view),
        moments=_moments(view),
        offers=_offers(view, asked),
    )


def _choices(view: View, asked: Mapping[int, Survey]) -> tuple[Choice, ...]:
    lives = view.left_inside
    lives = lives.without_days(lives["asked"])
    reason = lives.texts["reason"]
    found: Counter[tuple[tuple[str, ...], str | None, int | None]] = Counter()
    for (version, code, position), n in grouped(
        lives["survey_version"], reason.codes, lives["position"]
    ):
        survey = asked.get(version)
        shown = () if survey is None else tuple(sorted(one.id for one in survey.all_reasons()))
        chosen = reason.values[code]
        if shown or chosen is not None:
            found[shown, chosen, position or None] += n
    return tuple(
        Choice(shown=shown, chosen=chosen, position=position, n=n)
        for (shown, chosen, position), n in sorted(found.items(), key=repr)
    )


def _profiles(view: View) -> tuple[ProfileGroup, ...]:
    lives = view.left_inside
    tenure, launches = lives["tenure"], lives["launches"]
    margins = [
        _band(np.where(tenure == NONE, np.nan, tenure / DAY_MS), TENURES),
        _band(np.where(launches == NONE, np.nan, launches), LAUNCHES),
        *(lives.texts[name].frequent(MOST_VALUES, OTHER) for name in ("version", "os")),
        _language(lives.texts["locale"]).frequent(MOST_VALUES, OTHER),
        lives.texts["edition"].frequent(MOST_VALUES, OTHER),
    ]
    reason, values = lives.texts["reason"], [text.values for text in margins]
    columns = (lives["answered"], reason.codes, *(text.codes for text in margins))
    return tuple(
        ProfileGroup(
            answered=bool(kind[0]),
            reason=reason.values[kind[1]],
            margins=tuple(map(getitem, values, kind[2:])),
            n=n,
        )
        for kind, n in grouped(*columns)
    )


def _band(values: Floats, bands: Sequence[tuple[float, str]]) -> Text:
    """Return in which band each value lies; what is not known in none."""
    codes = np.searchsorted([end for end, _ in bands], values, "right")
    codes = np.where(np.isnan(values), len(bands), codes)
    return Text(codes.astype(np.int64), [*(name for _, name in bands), None])


def _language(locale: Text) -> Text:
    """Return the languages of locales: `ru` of `ru-RU`."""
    names = [None if one is None else one.replace("_", "-").split("-")[0] for one in locale.values]
    return text_of(names).of(locale.codes)


def _moments(view: View) -> tuple[Moments, ...]:
    lives = view.left_inside
    found = []
    for name, unit in (("tenure", DAY_MS), ("launches", 1)):
        for answered in (True, False):
            raw: Ints = lives[name]
            which = (raw != NONE) & (lives["answered"] == answered)
            # In one order: of sums in any, the last digits differ.
            values = np.sort(raw[which]) / unit
            found.append(
                Moments(
                    name=name,
                    answered=answered,
                    n=len(values),
                    total=float(values.sum()),
                    squares=float((values**2).sum()),
                )
            )
    return tuple(found)


def _offers(view: View, asked: Mapping[int, Survey]) -> tuple[OfferGroup, ...]:
    """Group those who chose a reason with an offer a month ago or earlier."""
    with_offers = {
        (version, reason.id)
        for version, survey in asked.items()
        for reason in survey.all_reasons()
        if reason.offer is not None
    }
    if not with_offers:
        return ()
    rows = view.rows(
        "kept",
        "offers",
        return_ms=RETURN_MS,
        versions=sorted({version for version, _ in with_offers}),
        reasons=sorted({reason for _, reason in with_offers}),
    )
    mine = np.isin([row.installation_id for row in rows], view.lives.ids)
    found: Counter[tuple[str, bool, bool]] = Counter()
    for row, is_mine in zip(rows, mine.tolist(), strict=True):
        if not is_mine or (row.survey_version, row.reason) not in with_offers:
            continue
        linked = row.id in view.links.reinstalls or row.id in view.links.upgrades
        found[row.reason, bool(row.held_out), linked or bool(row.is_back)] += 1
    return tuple(
        OfferGroup(reason=reason, held_out=held_out, returned=returned, n=n)
        for (reason, held_out, returned), n in sorted(found.items())
    )
