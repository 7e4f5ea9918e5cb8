"""What a survey asks, as data: a vendor's own, or one of the ready-made sets.

A reason's id never changes its meaning. What is changed is a new version, and answers keep the
version that they were given to.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args
from uuid import UUID

Kind: TypeAlias = Literal["exit", "nps", "checkin", "feedback"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Text: TypeAlias = "str | Mapping[str, str]"
"""One text for everybody, translated where our own catalogues have it; or one a language."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What the vendor gives in return to whoever left for one reason."""

    text: Text
    link: str | None = None
    """Where it is to be had: https only."""
    label: Text | None = None
    """What stands on the link."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One answer that takes one click."""

    id: str
    label: Text
    follow_up: Text | None = None
    """What is asked next, of those who chose it."""
    offer: Offer | None = None


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A question, and the answers that take one click.

    A kind has what it needs: `exit` and `checkin` reasons, `nps` a number from 0 to 10 (and in
    `follow_up` why), `feedback` a box for words.
    """

    kind: Kind
    question: Text
    """`{product}` in it stands for the product's name."""
    reasons: tuple[Reason, ...] = ()
    last: Reason | None = None
    """The one that stands last in every order."""
    follow_up: Text | None = None
    """What is asked next, whatever was answered."""
    held_out: float = 0.0
    """The share, from 0 to 1, of those who see no offer, so that the others can be compared."""
    version: int = 1

    def in_order_for(self, person: UUID) -> tuple[Reason, ...]:
        """Return the reasons in the order that this person sees, always the same for them."""
        shuffled = list(self.reasons)
        random.Random(person.int).shuffle(shuffled)  # noqa: S311 - an order, not a secret
        return (*shuffled, *self._last())

    def reason(self, reason_id: str | None) -> Reason | None:
        """Return the reason of an id."""
        return next((r for r in self.all_reasons() if r.id == reason_id), None)

    def all_reasons(self) -> tuple[Reason, ...]:
        """Return the reasons as the vendor ordered them, with the one that stands last."""
        return (*self.reasons, *self._last())

    def _last(self) -> tuple[Reason, ...]:
        return () if self.last is None else (self.last,)


# -- as JSON, and back ---------------------------------------------------------------------


def to_json(survey: Survey) -> dict[str, Any]:
    """Return a survey as JSON, without its version and without what is not said."""
    said: dict[str, Any] = {"kind": survey.kind, "question": _text(survey.question)}
    if survey.reasons:
        said["reasons"] = [_reason(reason) for reason in survey.reasons]
    if survey.last is not None:
        said["last"] = _reason(survey.last)
    if survey.follow_up is not None:
        said["follow_up"] = _text(survey.follow_up)
    if survey.held_out:
        said["held_out"] = survey.held_out
    return said


def from_json(said: Mapping[str, Any], version: int) -> Survey:
    """Return the survey of what `to_json` returned, or what a vendor wrote and was found sound."""
    last = said.get("last")
    return Survey(
        kind=said["kind"],
        version=version,
        question=said["question"],
        reasons=tuple(_read_reason(one) for one in said.get("reasons") or ()),
        last=None if last is None else _read_reason(last),
        follow_up=said.get("follow_up"),
        held_out=said.get("held_out") or 0.0,
    )


def _reason(reason: Reason) -> dict[str, Any]:
    said: dict[str, Any] = {"id": reason.id, "label": _text(reason.label)}
    if reason.follow_up is not None:
        said["follow_up"] = _text(reason.follow_up)
    if reason.offer is not None:
        offer = reason.offer
        told = {"text": offer.text, "link": offer.link, "label": offer.label}
        said["offer"] = {k: _text(v) for k, v in told.items() if v is not None}
    return said


def _read_reason(said: Mapping[str, Any]) -> Reason:
    offer = said.get("offer")
    return Reason(
        id=said["id"],
        label=said["label"],
        follow_up=said.get("follow_up"),
        offer=None if offer is None else Offer(**offer),
    )


def in_english(text: Text) -> str:
    """Return a text as a vendor reads it: in English where it is there, else its first language."""
    if isinstance(text, str):
        return text
    english = (said for tag, said in text.items() if tag.lower().partition("-")[0] == "en")
    return next(english, next(iter(text.values())))


def _text(text: Text) -> str | dict[str, str]:
    return text if isinstance(text, str) else dict(text)


# -- the ready-made sets -------------------------------------------------------------------


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


@dataclass(frozen=True, kw_only=True)
class ReadyMade:
    """A set to start from."""

    name: str
    meant_for: str
    survey: Survey = field(repr=False)


_MISSING = Reason(
    id="missing-feature",
    label=_("It lacks something I need"),
    follow_up=_("What did you miss?"),
)
_DIFFICULT = Reason(
    id="too-difficult",
    label=_("It was too difficult to use"),
    follow_up=_("Where did you get stuck?"),
)
_BROKEN = Reason(
    id="did-not-work",
    label=_("It did not work, or not well enough"),
    follow_up=_("What went wrong?"),
)
_EXPENSIVE = Reason(
    id="too-expensive",
    label=_("It costs too much"),
    follow_up=_("What would be a fair price?"),
)
_SWITCHED = Reason(
    id="switched",
    label=_("I switched to something else"),
    follow_up=_("What did you switch to?"),
)
_NEEDLESS = Reason(id="no-longer-needed", label=_("I no longer need it"))
_OTHER = Reason(id="other", label=_("Something else"), follow_up=_("What was it?"))

_WHY_LEAVE = _("What made you uninstall {product}?")

EXIT = Survey(
    kind="exit",
    question=_WHY_LEAVE,
    reasons=(_MISSING, _DIFFICULT, _BROKEN, _EXPENSIVE, _SWITCHED, _NEEDLESS),
    last=_OTHER,
)
TRIAL = Survey(
    kind="exit",
    question=_WHY_LEAVE,
    reasons=(
        _MISSING,
        _DIFFICULT,
        _BROKEN,
        _EXPENSIVE,
        Reason(
            id="trial-too-short",
            label=_("The trial was too short to find out"),
            follow_up=_("How much time would you have needed?"),
        ),
        _SWITCHED,
        Reason(id="only-looking", label=_("I only wanted to have a look")),
    ),
    last=_OTHER,
)
BUSINESS = Survey(
    kind="exit",
    question=_WHY_LEAVE,
    reasons=(
        _MISSING,
        _DIFFICULT,
        _BROKEN,
        _EXPENSIVE,
        _SWITCHED,
        Reason(
            id="decided-by-others",
            label=_("Somebody else in my organisation decided"),
            follow_up=_("What did they decide for?"),
        ),
        Reason(id="new-machine", label=_("I am moving to another computer")),
    ),
    last=_OTHER,
)
NPS = Survey(
    kind="nps",
    question=_("How likely are you to recommend {product} to somebody who needs such a thing?"),
    follow_up=_("Why this number?"),
)
CHECKIN = Survey(
    kind="checkin",
    question=_("How is it going with {product}?"),
    reasons=(
        Reason(id="well", label=_("Well: it does what I need"), follow_up=_("What do you like?")),
        Reason(
            id="with-trouble",
            label=_("So so: something gets in the way"),
            follow_up=_("What gets in the way?"),
        ),
        Reason(
            id="not-yet",
            label=_("I have hardly used it yet"),
            follow_up=_("What keeps you from it?"),
        ),
    ),
    last=Reason(id="other", label=_("Something else"), follow_up=_("What is it?")),
)
FEEDBACK = Survey(kind="feedback", question=_("What would you like to tell us?"))

READY_MADE: tuple[ReadyMade, ...] = (
    ReadyMade(name="general", meant_for="any product", survey=EXIT),
    ReadyMade(name="trial", meant_for="a product with a trial", survey=TRIAL),
    ReadyMade(name="business", meant_for="a product used at work", survey=BUSINESS),
    ReadyMade(name="nps", meant_for="a number from 0 to 10, while in use", survey=NPS),
    ReadyMade(name="checkin", meant_for="some weeks after the install", survey=CHECKIN),
    ReadyMade(name="feedback", meant_for="the product's own menu", survey=FEEDBACK),
)

FIRST: Mapping[Kind, Survey] = {
    "exit": EXIT,
    "nps": NPS,
    "checkin": CHECKIN,
    "feedback": FEEDBACK,
}
"""What is asked until the vendor says otherwise."""
