"""How simulated lives end, and what is noted while they last."""

from __future__ import annotations

import numpy as np
from tests.bench import assumptions as a
from tests.bench.lives import (
    AGENT,
    NOBODY,
    Array,
    InUse,
    Leaving,
    People,
    Rng,
    Uses,
    of_kind,
    pick,
    share,
)

from exitpoll_server.store.instants import DAY_MS


def leave(rng: Rng, people: People, uses: Uses, interest: Array, hurt: Array) -> Leaving:
    """Decide who leaves, when and how, and what they would say; `interest` is when theirs ends."""
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


def in_use(rng: Rng, people: People) -> InUse:
    """Decide who reaches the milestone, and who is asked for a score while they use it."""
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
