"""Simulated installations as arrays, and the dice that they are thrown with.

All instants and days are those of the agent's own clock, in the store's units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tests.bench import assumptions as a

Array: TypeAlias = NDArray[Any]
Rng: TypeAlias = np.random.Generator

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
    """What the server's clock is ahead of the agent's, with the time that a message takes."""
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


# -- dice ----------------------------------------------------------------------------------


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
