"""What the exit survey asks. A reason's id never changes its meaning; a new set, a new version."""

from __future__ import annotations

import random
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Reason:
    """One answer that takes one click."""

    id: str
    label: str


@dataclass(frozen=True)
class Survey:
    """A question and its reasons; `last` stands last in every order."""

    kind: str
    version: int
    question: str
    reasons: tuple[Reason, ...]
    last: Reason

    def in_order_for(self, person: UUID) -> tuple[Reason, ...]:
        """Return the reasons in the order that this person sees, always the same for them."""
        shuffled = list(self.reasons)
        random.Random(person.int).shuffle(shuffled)  # noqa: S311 - an order, not a secret
        return (*shuffled, self.last)

    def reason(self, reason_id: str) -> Reason | None:
        """Return the reason of an id."""
        return next((r for r in (*self.reasons, self.last) if r.id == reason_id), None)


EXIT = Survey(
    kind="exit",
    version=1,
    question="What made you uninstall {product}?",
    reasons=(
        Reason("missing-feature", "It lacks something I need"),
        Reason("too-difficult", "It was too difficult to use"),
        Reason("did-not-work", "It did not work, or not well enough"),
        Reason("too-expensive", "It costs too much"),
        Reason("switched", "I switched to something else"),
        Reason("no-longer-needed", "I no longer need it"),
    ),
    last=Reason("other", "Something else"),
)
