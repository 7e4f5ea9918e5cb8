"""Section 4: who was under observation whenever somebody was lost."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from exitpoll_server.counts import FOLLOWED_DAYS, LEAST_AT_RISK, RiskTable, Survival
from exitpoll_server.store.instants import DAY_MS
from exitpoll_server.store.lives import NONE, Ints
from exitpoll_server.store.reading.view import View, Which

MOST_VERSIONS = 6
"""More curves than these nobody tells apart."""

LANDMARK_DAY = 14
BANDS = ((0, 0, "0"), (1, 1, "1"), (2, 6, "2–6"), (7, None, "7+"))
"""Launches before the landmark: at least, at most, and how that is said."""

_NEVER = 2**62


@dataclass(frozen=True)
class _Spells:
    """Times under observation, in milliseconds since the install; a row an installation."""

    entry: Ints
    """Below 0 for those seen from the beginning."""
    exit: Ints
    uninstalled: Which
    stop: Ints
    """The first stop, if it came before the exit; else _NEVER."""
    begun: Ints
    """The instant of the install."""

    def where(self, which: Which) -> _Spells:
        return _Spells(
            self.entry[which],
            self.exit[which],
            self.uninstalled[which],
            self.stop[which],
            self.begun[which],
        )

    @property
    def lost(self) -> Which:
        """Those whose observation ended with a loss."""
        found: Which = self.uninstalled | (self.exit == self.stop)
        return found

    def never_stopping(self) -> _Spells:
        """Return the same without stops."""
        return replace(self, stop=np.full(len(self.stop), _NEVER))


def survival(view: View) -> Survival:
    """Tabulate how long installations stay."""
    begun, known = _begun(view)
    followed = view.seen & ~view.known_by_leaving
    clock_wrong = followed & view.lives["clock_wrong"]
    wanted = followed & ~clock_wrong & known
    spells = _spells(view, begun)
    # Whoever left before being counted was never under observation.
    observed = wanted & (spells.exit > spells.entry) & (spells.exit >= 0)
    seen = spells.where(observed)
    return Survival(
        uninstalls=_table(seen.never_stopping()),
        competing=_table(_competing(seen)),
        by_version=_by_version(view, spells, observed),
        landmark_day=LANDMARK_DAY,
        landmark=_landmark(view, spells, observed),
        clock_wrong=int(clock_wrong.sum()),
        unknown_install=int((followed & ~clock_wrong & ~known).sum()),
    )


def _begun(view: View) -> tuple[Ints, Which]:
    """Return the instant of each install, and for which it, and the counting since, is known."""
    lives = view.lives
    begun = np.where(lives["installed"] != NONE, lives["installed"], lives["first"])
    is_new = lives["is_new"]
    known = (begun != NONE) & (
        is_new | (lives["installed"] != NONE) & (lives["counted_since"] != NONE)
    )
    return begun, known


def _spells(view: View, begun: Ints) -> _Spells:
    lives = view.lives
    late = ~lives["is_new"] & (lives["counted_since"] > begun)
    entry = np.where(late, lives["counted_since"] - begun, -1)
    censored = lives["censored"]
    until = np.where((censored != NONE) & (censored < view.as_of), censored, view.as_of)
    until = np.where(view.gone, lives["left"], until)
    stop = np.minimum(_first_stop(view, until), until + 1) - begun
    exits = until - begun
    # On a tie the uninstall wins.
    stops = (stop < exits) | (stop == exits) & ~view.gone
    return _Spells(entry, exits, view.gone, np.where(stops, stop, _NEVER), begun)


def _first_stop(view: View, until: Ints) -> Ints:
    """Return the instant of each one's first stop: the last launch before the gap, and T."""
    lives, threshold = view.lives, view.threshold_ms
    stop = np.full(len(lives), _NEVER)
    long = lives.silence_length >= threshold
    # Each record is longer than those before it: from the back, the first long one stays.
    owner = lives.silence_owner[long][::-1]
    stop[owner] = lives.silence_began[long][::-1] + threshold
    last: Ints = lives["last"]
    open_end = np.where((last != NONE) & (until - last >= threshold), last + threshold, _NEVER)
    first: Ints = np.minimum(stop, open_end)
    return first


def _competing(spells: _Spells) -> _Spells:
    """Return the spells as they end with an uninstall or the first stop."""
    stops = spells.stop != _NEVER
    ended = _Spells(
        spells.entry,
        np.where(stops, spells.stop, spells.exit),
        spells.uninstalled & ~stops,
        spells.stop,
        spells.begun,
    )
    return ended.where(ended.exit > ended.entry)


def _tables(
    groups: Iterable[tuple[str | None, _Spells]],
) -> tuple[tuple[str | None, RiskTable], ...]:
    """Return tables that can be compared: all of them with a row at every loss of any."""
    groups = list(groups)
    losses = [spells.exit[spells.lost] for _, spells in groups]
    times = np.unique(np.concatenate(losses)) if losses else np.zeros(0, np.int64)
    days = _in_days(times)
    return tuple((name, _table_at(times, days, spells)) for name, spells in groups)


def _table(spells: _Spells) -> RiskTable:
    """Count who was at risk whenever somebody was lost."""
    times = np.unique(spells.exit[spells.lost])
    return _table_at(times, _in_days(times), spells)


def _in_days(times: Ints) -> Sequence[float]:
    return array("d", (times / DAY_MS).tobytes())


def _plain(column: Ints) -> Sequence[int]:
    return array("q", column.astype(np.int64).tobytes())


def _table_at(times: Ints, days: Sequence[float], spells: _Spells) -> RiskTable:
    """Count who was at risk at instants of life; many tables may have the same ones."""
    lost = spells.lost
    place = times.searchsorted(spells.exit[lost])
    stopped = spells.exit == spells.stop
    ended, entered = np.sort(spells.exit), np.sort(spells.entry)
    stops = np.bincount(place, weights=stopped[lost], minlength=len(times)).astype(np.int64)
    losses = np.bincount(place, minlength=len(times))
    return RiskTable(
        n=len(ended),
        days=days,
        at_risk=_plain(_at_risk(entered, ended, times)),
        uninstalls=_plain(losses - stops),
        stops=_plain(stops),
        longest=float(ended[-1]) / DAY_MS if len(ended) else 0.0,
        followed=tuple(_at_risk(entered, ended, np.array(FOLLOWED_DAYS) * DAY_MS).tolist()),
        firm_until=_falls_below(LEAST_AT_RISK, entered, ended),
        unbroken_until=_falls_below(1, entered, ended),
    )


def _at_risk(entered: Ints, ended: Ints, times: Ints) -> Ints:
    """Count who was under observation just before each time: entered, and not gone, before it."""
    return entered.searchsorted(times, "left") - ended.searchsorted(times, "left")


def _falls_below(least: int, entered: Ints, ended: Ints) -> float:
    """Return the first day of life after which fewer than `least` are under observation."""
    late = entered[entered.searchsorted(0) :]
    first = len(entered) - len(late)
    if first < least:
        return 0.0
    # Of several that end at once only the last is counted right, the others too high: the first
    # place below `least` has the right time all the same.
    left = first + late.searchsorted(ended, "right") - np.arange(1, len(ended) + 1)
    return float(ended[np.argmax(left < least)]) / DAY_MS


def _by_version(
    view: View, spells: _Spells, observed: Which
) -> tuple[tuple[str | None, RiskTable], ...]:
    text = view.lives.texts["installed_version"]
    sizes = np.bincount(text.codes[observed], minlength=len(text.values))
    largest = np.lexsort((np.arange(len(sizes)), -sizes))[:MOST_VERSIONS]
    return _tables(
        (text.values[code], spells.where(observed & (text.codes == code)).never_stopping())
        for code in largest.tolist()
        if sizes[code]
    )


def _landmark(
    view: View, spells: _Spells, observed: Which
) -> tuple[tuple[str | None, RiskTable], ...]:
    """Group those alive at the landmark by their launches before it."""
    lives, landmark = view.lives, LANDMARK_DAY * DAY_MS
    age = lives.day - lives.of_days((spells.begun // DAY_MS).astype(np.int32))
    early = (age >= 0) & (age < LANDMARK_DAY)
    launches = np.bincount(lives.owner[early], weights=lives.launches[early], minlength=len(lives))
    end = np.minimum(spells.exit, spells.stop)
    # What happened before the counting began is not known of late entries.
    alive = observed & (end > landmark) & (spells.entry < 0)
    later = _Spells(
        spells.entry,
        spells.exit - landmark,
        spells.uninstalled,
        np.where(spells.stop == _NEVER, _NEVER, spells.stop - landmark),
        spells.begun,
    )
    bands: list[tuple[str | None, _Spells]] = []
    for least, most, name in BANDS:
        band = alive & (launches >= least)
        if most is not None:
            band &= launches <= most
        if band.any():
            bands.append((name, _competing(later.where(band))))
    return _tables(bands)
