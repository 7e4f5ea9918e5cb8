"""A product's life, made up: who installs it, uses it, fades, leaves and answers, from a seed.

`simulate` gives what truly happened, as arrays; `tests/bench/heard.py` says what of it a server
hears, and makes the store's rows of that. What is assumed stands in `tests/bench/assumptions.py`.
All instants and days are those of the agent's own clock, in the store's units; `offset` is what
the server's clock is ahead of it, with the time that a message is under way. An agent sends one
ping a day of use, with the day's last count, and leaves out nothing that no ping has brought yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tests.bench import assumptions as a

from exitpoll_server.store.instants import DAY_MS

Array: TypeAlias = NDArray[Any]
Rng: TypeAlias = np.random.Generator

CHUNK = 20_000
"""Installations at a time: a million rows of launches, some 500 MB at work."""

AGENT, BLOCKED, LINK_ONLY, EXIT = range(4)
"""How copies can be heard of: always, by the browser only, by the plain link only, on leaving."""

NOBODY = -1


@dataclass(kw_only=True)
class People:
    """Installations, one an element."""

    uuid: Array
    """16 bytes each."""
    began: Array
    """The install."""
    kind: Array
    reach: Array
    offset: Array
    ends: Array
    """The last instant of which anything is heard."""
    os: Array
    arch: Array
    channel: Array
    source: Array
    locale: Array
    plan: Array
    theme: Array
    origin: Array
    older: Array
    """How long before `began` it was installed, where the agent came by an update."""
    free: Array
    bought_day: Array
    """The day from which the edition is paid; beyond all days for those who never pay."""
    customer: Array
    lag: Array
    """Days until it has a new version."""
    version: Array
    """The version at install."""

    def __len__(self) -> int:
        return len(self.began)


@dataclass(kw_only=True)
class Uses:
    """Days of use, a row a counter, day and version, as the store orders them."""

    owner: Array
    day: Array
    counter: Array
    """0 for the person who installed it, 1 for another one on the same machine."""
    version: Array
    launches: Array
    sent: Array
    """When the ping of that day went out."""
    online: Array
    """It went through."""

    def __len__(self) -> int:
        return len(self.owner)


@dataclass(kw_only=True)
class Leaving:
    """How each installation ended, one an element."""

    at: Array
    """NOBODY where it was not uninstalled."""
    uuid: Array
    way: Array
    hurt: Array
    withdrew: Array
    """When consent was withdrawn, or NOBODY."""
    regrets: Array
    """Said once before that it was uninstalled, and was not: after the second ping."""
    regret_uuid: Array
    opened: Array
    answers: Array
    reason: Array
    words: Array
    """A number from 0 to 1 that picks the comment; NOBODY without one."""
    score: Array
    address: Array
    late_ms: Array
    held_out: Array
    takes_offer: Array


@dataclass(kw_only=True)
class InUse:
    """What is noted while a product is in use, one an element."""

    milestone: Array
    """After how many days of use it was reached; NOBODY where never."""
    asked: Array
    uuid: Array
    score: Array
    """NOBODY where nothing was answered."""


@dataclass(kw_only=True)
class Lives:
    """Some installations from beginning to end."""

    people: People
    uses: Uses
    leaving: Leaving
    in_use: InUse


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


def share(rng: Rng, n: int, of: float) -> Array:
    """Return which of n it happens to."""
    return rng.random(n) < of


def pick(rng: Rng, n: int, shares: Mapping[str, float] | Sequence[float]) -> Array:
    """Return n numbers of choices, by their shares."""
    weights = list(shares.values()) if isinstance(shares, Mapping) else list(shares)
    return np.searchsorted(np.cumsum(weights)[:-1] / sum(weights), rng.random(n), side="right")


def of_kind(kind: Array, name: str) -> Array:
    """Return a number of each one's kind."""
    numbers: Array = np.array([getattr(person, name) for person in a.PEOPLE.values()])[kind]
    return numbers


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
    leaving = _leaving(rng, people, uses, interest, hurt)
    return Lives(people=people, uses=uses, leaving=leaving, in_use=_in_use(rng, people))


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
    chance *= np.where(_weekday(day) >= 5, of_kind(people.kind, "weekend")[owner], 1.0)  # noqa: PLR2004
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
    return np.clip(np.maximum(newest, people.version[owner]), 0, len(a.VERSIONS) - 1)


def _sent(rng: Rng, people: People, owner: Array, day: Array, until: Array) -> Array:
    """Return an instant of each day, of the first one after the install, of the last before all."""
    low = np.maximum(day * DAY_MS, people.began[owner] + 1)
    high = np.minimum((day + 1) * DAY_MS - 1, np.maximum(until[owner], low + 1))
    return low + (rng.random(len(owner)) * (high - low)).astype(np.int64)


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


# -- how they leave ------------------------------------------------------------------------


def _leaving(rng: Rng, people: People, uses: Uses, interest: Array, hurt: Array) -> Leaving:
    n = len(people)
    last = people.began.copy()
    np.maximum.at(last, uses.owner, uses.sent)
    soon = rng.exponential(a.AT_ONCE_MINUTES * 60_000, n)
    late = rng.exponential(a.TIDY_UP_DAYS * DAY_MS, n)
    after = np.where(share(rng, n, a.UNINSTALLS_AT_ONCE), soon, late).astype(np.int64) + 2
    over = interest < people.ends
    chance = np.where(hurt, a.UNINSTALLS_FOR_IT, of_kind(people.kind, "uninstalls"))
    leaves = over & (rng.random(n) < chance) & (last + after < people.ends)
    withdraws = over & ~leaves & (people.reach == AGENT) & share(rng, n, a.WITHDRAWS)
    by_kind = [np.cumsum(shares) for shares in (*a.REASONS_BY_KIND.values(), a.REASONS_OF_HURT)]
    mood = np.where(hurt, len(by_kind) - 1, people.kind)
    reason = (rng.random((n, 1)) > np.array(by_kind)[mood][:, :-1]).sum(axis=1)
    is_late = share(rng, n, a.ANSWERS_LATE)
    return Leaving(
        at=np.where(leaves, last + after, NOBODY),
        uuid=rng.integers(0, 256, (n, 16), dtype=np.uint8),
        way=pick(rng, n, a.WAYS),
        hurt=hurt,
        withdrew=np.where(withdraws & (last + 2 < people.ends), last + 2, NOBODY),
        regrets=share(rng, n, a.REGRETS),
        regret_uuid=rng.integers(0, 256, (n, 16), dtype=np.uint8),
        opened=share(rng, n, a.PAGE_LOADS),
        answers=rng.random(n) / of_kind(people.kind, "answers"),
        reason=reason,
        words=np.where(share(rng, n, a.COMMENTS), rng.random(n), NOBODY),
        score=np.where(share(rng, n, a.SCORES), _scores(rng, people, lower=3), NOBODY),
        address=share(rng, n, a.LEAVES_ADDRESS),
        late_ms=np.where(is_late, rng.integers(8 * DAY_MS, 30 * DAY_MS, n), 0),
        held_out=share(rng, n, a.HELD_OUT),
        takes_offer=share(rng, n, a.TAKES_OFFER),
    )


def _in_use(rng: Rng, people: People) -> InUse:
    n = len(people)
    reached = rng.integers(1, a.MILESTONE_WITHIN + 1, n)
    return InUse(
        milestone=np.where(share(rng, n, a.REACHES_MILESTONE), reached, NOBODY),
        asked=share(rng, n, a.ASKED_IN_USE),
        uuid=rng.integers(0, 256, (n, 16), dtype=np.uint8),
        score=np.where(share(rng, n, a.ANSWERS_IN_USE), _scores(rng, people, lower=0), NOBODY),
    )


def _scores(rng: Rng, people: People, *, lower: float) -> Array:
    middle = np.array(list(a.SCORE_BY_KIND.values()))[people.kind] - lower
    return np.clip(np.rint(rng.normal(middle, a.SCORE_SPREAD)), 0, 10).astype(np.int64)
