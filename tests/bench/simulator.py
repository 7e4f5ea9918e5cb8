"""A product's life, made up: who installs it, uses it, fades, leaves and answers, from a seed.

`simulate` gives what truly happened, as arrays; `tests/bench/heard.py` says what of it a server
hears, and `tests/bench/rows.py` makes the store's rows of that. What is assumed stands in
`tests/bench/assumptions.py`. An agent sends one ping a day of use, with that day's last count and
with whatever no ping has brought yet.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from tests.bench import assumptions as a
from tests.bench import endings
from tests.bench.lives import (
    AGENT,
    NOBODY,
    Array,
    Lives,
    People,
    Rng,
    Uses,
    of_kind,
    pick,
    share,
)

from exitpoll_server.store.instants import DAY_MS

CHUNK = 20_000
"""Installations at a time: a million rows of launches, some 500 MB at work."""


def simulate(seed: int, installations: int, chunk: int = CHUNK) -> Iterator[Lives]:
    """Give installations in the order of their installs, with those that followed an uninstall.

    The same seed, number and chunk give the same lives. There are a few more than asked for:
    installs again.
    """
    parts = -(-installations // chunk)
    for part in range(parts):
        rng = np.random.default_rng([seed, part])
        first = part * chunk
        size = min(chunk, installations - first)
        customers = max(1, round(installations * a.PAY / a.SEATS))
        lives = _lives(rng, _people(rng, _installs(rng, first, size, installations), customers))
        yield lives
        again = _again(rng, lives)
        if len(again):
            yield _lives(rng, again)


# -- who they are --------------------------------------------------------------------------


def _installs(rng: Rng, first: int, size: int, installations: int) -> Array:
    days = np.arange(a.DAYS)
    weight = np.exp(a.GROWTH * days / 365)
    weight *= np.array(a.INSTALLS_BY_WEEKDAY)[_weekday(a.START_DAY + days)]
    until = np.cumsum(weight) / weight.sum()
    quantiles = (first + np.sort(rng.random(size)) * size) / installations
    day = np.minimum(np.searchsorted(until, quantiles, side="right"), a.DAYS - 1)
    return np.sort((a.START_DAY + day) * DAY_MS + rng.integers(0, DAY_MS, size))


def _weekday(day: Array) -> Array:
    return (day + 3) % 7  # 1970-01-01 was a Thursday


def _people(rng: Rng, began: Array, customers: int) -> People:
    n = len(began)
    kind = pick(rng, n, [person.share for person in a.PEOPLE.values()])
    skew = np.rint(rng.normal(0, a.CLOCK_SECONDS * 1000, n)).astype(np.int64)
    for which, (low, high) in ((a.CLOCK_OFF, a.CLOCK_OFF_MS), (a.CLOCK_WRONG, a.CLOCK_WRONG_MS)):
        off = rng.integers(low, high, n) * rng.choice([-1, 1], n)
        skew = np.where(share(rng, n, which), off, skew)
    offset = skew + rng.integers(*a.UNDER_WAY_MS, n)
    began = began - skew
    day = began // DAY_MS
    pays = share(rng, n, 1.0) & (rng.random(n) < of_kind(kind, "pays"))
    bought = np.where(pays, day + rng.integers(*a.BUYS_AFTER_DAYS, n), np.iinfo(np.int32).max)
    lag = np.rint(a.ADOPTED_AFTER_DAYS * np.exp(a.ADOPTION_SPREAD * rng.normal(size=n)))
    lag = np.where(share(rng, n, a.NEVER_UPDATES), 10 * a.DAYS, lag).astype(np.int64)
    return People(
        uuid=rng.integers(0, 256, (n, 16), dtype=np.uint8),
        began=began,
        kind=kind,
        reach=pick(rng, n, [1 - a.BLOCKED - a.LINK_ONLY - a.CONSENT_EXIT, a.BLOCKED, a.LINK_ONLY,
                            a.CONSENT_EXIT]),
        offset=offset,
        ends=a.END_MS - offset,
        os=pick(rng, n, a.OSES),
        arch=pick(rng, n, a.ARCHES),
        channel=pick(rng, n, a.CHANNELS),
        source=pick(rng, n, a.SOURCES),
        locale=pick(rng, n, a.LOCALES),
        plan=pick(rng, n, a.PLANS),
        theme=pick(rng, n, a.THEMES),
        origin=pick(rng, n, a.ORIGINS),
        older=rng.integers(a.OLDER_DAYS[0] * DAY_MS, a.OLDER_DAYS[1] * DAY_MS, n),
        free=share(rng, n, a.FREE),
        bought_day=bought,
        customer=rng.integers(0, customers, n),
        lag=lag,
        version=np.clip((day - a.FIRST_RELEASE) // a.RELEASE_DAYS, 0, len(a.VERSIONS) - 1),
    )  # fmt: skip


def _again(rng: Rng, lives: Lives) -> People:
    """Return those whose uninstall another install of the same customer and system followed."""
    before, left = lives.people, lives.leaving.at
    paid = (left != NOBODY) & (left // DAY_MS >= before.bought_day) & (before.reach == AGENT)
    which = np.flatnonzero(paid & share(rng, len(before), a.REINSTALLS))
    n = len(which)
    soon, later = rng.integers(5 * 60_000, 55 * 60_000, n), rng.integers(DAY_MS, 29 * DAY_MS, n)
    gap = np.where(share(rng, n, a.IS_UPGRADE), soon, later)
    began = left[which] + before.offset[which] + gap
    which, began = which[began < a.END_MS - DAY_MS], began[began < a.END_MS - DAY_MS]
    again = _people(rng, began, 1)
    for name in ("kind", "os", "arch", "locale", "plan", "theme", "source", "channel", "customer"):
        setattr(again, name, getattr(before, name)[which])
    again.reach[:] = AGENT
    again.bought_day = again.began // DAY_MS
    return again


# -- what they do --------------------------------------------------------------------------


def _lives(rng: Rng, people: People) -> Lives:
    interest, hurt = _interest(rng, people)
    uses = _uses(rng, people, np.minimum(interest, people.ends))
    leaving = endings.leave(rng, people, uses, interest, hurt)
    return Lives(people=people, uses=uses, leaving=leaving, in_use=endings.in_use(rng, people))


def _interest(rng: Rng, people: People) -> tuple[Array, Array]:
    """Return until when they care for it, and whom the bad version drives away."""
    n = len(people)
    days = of_kind(people.kind, "stays_days") * rng.weibull(of_kind(people.kind, "shape"))
    is_trial = (people.kind == a.NAMES.index("trial")) & share(rng, n, a.AT_TRIAL_END)
    at_end = rng.normal(a.TRIAL_DAYS, a.TRIAL_END_SPREAD_DAYS, n)
    days = np.where(is_trial, at_end, np.minimum(days, 3 * a.DAYS))
    until = people.began + (days * DAY_MS).astype(np.int64)
    released = (a.FIRST_RELEASE + a.HURTS * a.RELEASE_DAYS + people.lag) * DAY_MS
    met = np.where(people.version == a.HURTS, people.began, released)
    gives_up = met + (rng.exponential(a.LEAVES_WITHIN_DAYS, n) * DAY_MS).astype(np.int64)
    hurt = share(rng, n, a.LEAVES_FOR_IT) & (people.version <= a.HURTS)
    hurt &= (met >= people.began) & (met < until) & (gives_up < until)
    return np.where(hurt, gives_up, until), hurt


def _uses(rng: Rng, people: People, until: Array) -> Uses:
    n = len(people)
    first = people.began // DAY_MS
    span = np.maximum(until // DAY_MS - first, 0) + 1
    owner = np.repeat(np.arange(n), span)
    age = np.arange(len(owner)) - np.repeat(np.cumsum(span) - span, span)
    day = first[owner] + age
    chance = of_kind(people.kind, "active")[owner]
    chance *= np.exp(-age / of_kind(people.kind, "fades_days")[owner])
    chance *= np.where(_weekday(day) >= 5, of_kind(people.kind, "weekend")[owner], 1.0)
    begins = age == 0
    used = begins | (rng.random(len(owner)) < chance)
    used &= ~_in_pause(rng, people, owner, age, span)
    used &= ~(rng.random(n) < of_kind(people.kind, "never"))[owner]
    owner, day = owner[used], day[used]
    more = of_kind(people.kind, "launches")[owner]
    uses = Uses(
        owner=owner,
        day=day,
        counter=np.zeros(len(owner), np.int64),
        version=_version_on(people, owner, day),
        launches=rng.geometric(1 / (1 + more)),
        sent=_sent(rng, people, owner, day, until),
        online=~_offline(rng, people, owner, day, span),
    )
    return _sorted(_with_updates(_with_second_person(rng, people, uses, until)))


def _in_pause(rng: Rng, people: People, owner: Array, age: Array, span: Array) -> Array:
    pauses = (people.kind == a.REGULAR) & share(rng, len(people), a.PAUSES)
    start = 1 + (rng.random(len(people)) * span).astype(np.int64)
    end = start + rng.integers(*a.PAUSE_DAYS, len(people))
    inside: Array = pauses[owner] & (age >= start[owner]) & (age < end[owner])
    return inside


def _offline(rng: Rng, people: People, owner: Array, day: Array, span: Array) -> Array:
    away = share(rng, len(people), a.OFFLINE)
    # Never on the first day: it has just been downloaded.
    start = people.began // DAY_MS + 1 + (rng.random(len(people)) * span).astype(np.int64)
    end = start + rng.integers(*a.OFFLINE_DAYS, len(people))
    inside: Array = away[owner] & (day >= start[owner]) & (day < end[owner])
    return inside


def _version_on(people: People, owner: Array, day: Array) -> Array:
    newest = (day - people.lag[owner] - a.FIRST_RELEASE) // a.RELEASE_DAYS
    version: Array = np.clip(np.maximum(newest, people.version[owner]), 0, len(a.VERSIONS) - 1)
    return version


def _sent(rng: Rng, people: People, owner: Array, day: Array, until: Array) -> Array:
    """Return an instant of each day, of the first one after the install, of the last before all."""
    low = np.maximum(day * DAY_MS, people.began[owner] + 1)
    high = np.minimum((day + 1) * DAY_MS - 1, np.maximum(until[owner], low + 1))
    sent: Array = low + (rng.random(len(owner)) * (high - low)).astype(np.int64)
    return sent


def _with_second_person(rng: Rng, people: People, uses: Uses, until: Array) -> Uses:
    shared = share(rng, len(people), a.SECOND_PERSON)[uses.owner]
    too = shared & (uses.day > people.began[uses.owner] // DAY_MS)
    too &= share(rng, len(uses), a.SECOND_USES)
    second = _taken(uses, np.flatnonzero(too))
    second.counter[:] = 1
    second.launches[:] = 1
    second.sent = _sent(rng, people, second.owner, second.day, until)
    return _joined(uses, second)


def _with_updates(uses: Uses) -> Uses:
    """Let the day on which a copy was updated have a launch of the version before, too."""
    order = np.lexsort((uses.day, uses.counter, uses.owner))
    uses = _taken(uses, order)
    same = (uses.owner[1:] == uses.owner[:-1]) & (uses.counter[1:] == uses.counter[:-1])
    updated = 1 + np.flatnonzero(
        same & (uses.version[1:] > uses.version[:-1]) & (uses.launches[1:] > 1)
    )
    old = _taken(uses, updated)
    old.version = uses.version[updated - 1]
    old.launches[:] = 1
    uses.launches[updated] -= 1
    return _joined(uses, old)


def _sorted(uses: Uses) -> Uses:
    return _taken(uses, np.lexsort((uses.version, uses.counter, uses.day, uses.owner)))


def _taken(uses: Uses, which: Array) -> Uses:
    return Uses(**{name: column[which] for name, column in vars(uses).items()})


def _joined(one: Uses, other: Uses) -> Uses:
    columns = zip(vars(one).items(), vars(other).values(), strict=True)
    return Uses(**{name: np.concatenate([mine, more]) for (name, mine), more in columns})
