"""What a vendor may ask: a survey's definition is found sound here, or every mistake is named.

Nothing is passed over: a misspelt key would lose what stands under it, and nobody would notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, cast
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema
from marshmallow.exceptions import SCHEMA

from exitpoll_server.questions import KINDS, Kind, Survey, Text, from_json

MAX_REASONS = 12
"""More would have to be searched rather than seen."""
LEAST_REASONS = 2
MAX_LABEL_CHARS = 80
"""Two lines of a button on a narrow phone."""
MAX_QUESTION_CHARS = 200
MAX_OFFER_CHARS = 500
MAX_LINK_CHARS = 2_000
"""What every browser and mail program still opens."""
MOST_HELD_OUT = 0.9
"""Somebody must see the offer, or there is none."""

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")

_WITH_REASONS: tuple[Kind, ...] = ("exit", "checkin")
_OF_REASONS = ("reasons", "last", "held_out")

_UNPRINTABLE_AND_NEEDED = (
    "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}\N{SOFT HYPHEN}"
    "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}"
)
"""French, Japanese, Persian, Hebrew and the emoji of a family are written with them."""


class DefinitionError(Exception):
    """A definition cannot be used; `problems` says why, a sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            self.problems[0]
            if len(self.problems) == 1
            else "\n".join(["this survey cannot be used yet:", *(f"- {p}" for p in self.problems)])
        )


def load(said: object) -> Survey:
    """Return the survey of a definition, as version 1: a version is given when it is kept.

    Raises:
        DefinitionError: with every mistake in it.
    """
    try:
        return from_json(cast("Mapping[str, Any]", _SURVEY.load(cast("Any", said))), 1)
    except ValidationError as error:
        problems = cast("Mapping[Any, Any]", error.messages)
        raise DefinitionError(_sentences(problems, said, ())) from None


# -- what each field holds -----------------------------------------------------------------


class _Words(fields.Field["Text"]):
    """One text for everybody, or one a language."""

    def __init__(self, most: int, *, required: bool = False) -> None:
        super().__init__(required=required)
        self.most = most

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> Text:
        if not isinstance(value, Mapping):
            return _line(value, self.most)
        if not value:
            raise ValidationError("Empty.")
        texts: dict[str, str] = {}
        problems: dict[str, object] = {}
        for tag, text in value.items():
            try:
                texts[_tag(tag, texts)] = _line(text, self.most)
            except ValidationError as error:
                problems[str(tag)] = error.messages
        if problems:
            raise ValidationError(problems)
        return texts


def _line(value: object, most: int) -> str:
    if not isinstance(value, str):
        raise ValidationError("No text.")
    text = value.strip()
    if not text:
        raise ValidationError("Empty.")
    if len(text) > most:
        raise ValidationError(f"Longer than {most} characters: it has {len(text)}.")
    if len(text.splitlines()) > 1:
        raise ValidationError("More than one line.")
    if not all(c.isprintable() or c in _UNPRINTABLE_AND_NEEDED for c in text):
        raise ValidationError("Holds characters that cannot be shown.")
    return text


def _tag(tag: object, others: Iterable[str]) -> str:
    if not (isinstance(tag, str) and LANGUAGE.fullmatch(tag)):
        raise ValidationError("No language such as de or pt-BR.")
    if tag.lower() in (other.lower() for other in others):
        raise ValidationError("This language is there twice.")
    return tag


class _Id(fields.Field[str]):
    """What answers are counted by."""

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> str:
        if not (isinstance(value, str) and ID.fullmatch(value)):
            raise ValidationError(
                "An id is of a-z, 0-9 and hyphens, 40 at most, and starts with no hyphen."
            )
        return value


class _Link(fields.Field[str]):
    """Where an offer is to be had."""

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> str:
        link = _line(value, MAX_LINK_CHARS)
        try:
            parts = urlsplit(link)
            # A port that is none is found out only by asking for it.
            sound = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
        except ValueError:
            sound = False
        if not sound or any(c.isspace() or not c.isprintable() or c in '\\"<>' for c in link):
            raise ValidationError("No link such as https://example.com/offer; https only.")
        return link


class _Share(fields.Field[float]):
    """The share that sees no offer."""

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> float:
        try:
            share = float(cast("Any", value))
        except (TypeError, ValueError, OverflowError):
            share = -1.0
        if isinstance(value, bool) or not 0 <= share <= MOST_HELD_OUT:
            raise ValidationError(f"No share from 0 to {MOST_HELD_OUT}, such as 0.2.")
        return share


class _Kind(fields.Field[str]):
    """What the survey is for."""

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> str:
        if value not in KINDS:
            raise ValidationError(f"None of: {', '.join(KINDS)}.")
        return cast("str", value)


class _Strict(Schema):
    """What has a name is known, or refused with the nearest name that is."""

    class Meta:
        unknown = EXCLUDE  # they are refused below, with a better sentence

    error_messages = {"type": "Has no names: `name: value` lines are expected here."}  # noqa: RUF012 - as marshmallow has it

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        del field_name
        field_obj.allow_none = not field_obj.required
        field_obj.error_messages |= {
            "required": "Missing.",
            "null": "Empty.",
            "invalid": "No list: each entry starts with a hyphen.",
        }

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def refuse_unknown(self, _data: object, said: object, **_kwargs: object) -> None:
        """Refuse what would be lost."""
        names = said if isinstance(said, Mapping) else ()
        problems = {str(name): [self._unknown(name)] for name in names if name not in self.fields}
        if problems:
            raise ValidationError(problems)

    def _unknown(self, name: object) -> str:
        near = get_close_matches(str(name), self.fields, n=1, cutoff=0.5)
        if near:
            return f"Unknown here; is {near[0]} meant?"
        return f"Unknown here; there are: {', '.join(self.fields)}."


class _OfferSchema(_Strict):
    text = _Words(MAX_OFFER_CHARS, required=True)
    link = _Link()
    label = _Words(MAX_LABEL_CHARS)

    @validates_schema
    def be_whole(self, data: Mapping[str, Any], **_kwargs: object) -> None:
        """Refuse a label that leads nowhere."""
        if data.get("label") and not data.get("link"):
            raise ValidationError("There is no link to put it on.", "label")


class _ReasonSchema(_Strict):
    id = _Id(required=True)
    label = _Words(MAX_LABEL_CHARS, required=True)
    follow_up = _Words(MAX_QUESTION_CHARS)
    offer = fields.Nested(_OfferSchema)


class _SurveySchema(_Strict):
    kind = _Kind(required=True)
    question = _Words(MAX_QUESTION_CHARS, required=True)
    reasons = fields.List(fields.Nested(_ReasonSchema))
    last = fields.Nested(_ReasonSchema)
    follow_up = _Words(MAX_QUESTION_CHARS)
    held_out = _Share()

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def fit_the_kind(self, _data: object, said: object, **_kwargs: object) -> None:
        """Refuse what the kind would not show, and what it cannot do without."""
        if not isinstance(said, Mapping) or said.get("kind") not in KINDS:
            return
        kind, reasons = said["kind"], said.get("reasons") or []
        if kind not in _WITH_REASONS:
            there = [name for name in _OF_REASONS if said.get(name)]
            if there:
                raise ValidationError({name: [f"A survey {kind} takes none."] for name in there})
        elif isinstance(reasons, list) and not LEAST_REASONS <= len(reasons) <= MAX_REASONS:
            number = f"it has {len(reasons)}"
            raise ValidationError(
                f"A survey {kind} takes {LEAST_REASONS} to {MAX_REASONS}: {number}.", "reasons"
            )

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def tell_ids_apart(self, _data: object, said: object, **_kwargs: object) -> None:
        """Refuse reasons that would be counted as one."""
        ids = list(_ids(said)) if isinstance(said, Mapping) else []
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValidationError([f"The id {one} is there more than once." for one in twice])


def _ids(said: Mapping[str, Any]) -> Iterator[str]:
    reasons = said.get("reasons")
    for one in (*(reasons if isinstance(reasons, list) else ()), said.get("last")):
        found = one.get("id") if isinstance(one, Mapping) else None
        if isinstance(found, str) and ID.fullmatch(found):
            yield found


_SURVEY = _SurveySchema()


# -- what is wrong, in sentences -----------------------------------------------------------


def _sentences(problems: object, said: object, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(problems, Mapping):
        for key, inner in problems.items():
            below, name = _below(said, key)
            yield from _sentences(inner, below, path if key == SCHEMA else (*path, name))
    else:
        for problem in cast("Iterable[str]", problems):
            yield f"{', '.join(path)}: {problem}" if path else problem


def _below(said: object, key: object) -> tuple[object, str]:
    """Return what stands under a key, and how a person finds it."""
    if isinstance(key, int) and isinstance(said, list):
        known = said[key].get("id") if isinstance(said[key], Mapping) else None
        sound = isinstance(known, str) and ID.fullmatch(known)
        return said[key], f"no. {key + 1} ({known})" if sound else f"no. {key + 1}"
    below = said.get(key) if isinstance(said, Mapping) else None
    name = str(key)
    return below, name if name.isprintable() else ascii(name)
