"""The kinds of values that messages hold: strict, with a sentence for what is none."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, get_args

from marshmallow import ValidationError, fields, validate

from exitpoll_agent import wire

LARGEST = 2**53 - 1
"""The largest whole number that every JSON reader takes for itself."""


class Instant(fields.Field[datetime]):
    """An ISO 8601 instant with its offset from UTC."""

    WRONG = "No ISO 8601 instant with an offset, such as 2026-11-20T08:30:00Z."

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> datetime:
        try:
            return wire.parse_instant(_text(value))
        except (TypeError, ValueError, OverflowError):
            raise ValidationError(self.WRONG) from None


class Day(fields.Field[date]):
    """A day as YYYY-MM-DD."""

    WRONG = "No day such as 2026-11-20."

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> date:
        try:
            day = date.fromisoformat(_text(value))
        except (TypeError, ValueError):
            raise ValidationError(self.WRONG) from None
        # Later Pythons read other notations too; the wire has one.
        if day.isoformat() != value:
            raise ValidationError(self.WRONG)
        return day


class Whole(fields.Field[int]):
    """A whole number from 0; true is none, and neither is 1.0."""

    WRONG = "No whole number from 0."

    def __init__(self, *, most: int = LARGEST, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(validate=validate.Range(min=0, max=most), **kwargs)

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError(self.WRONG)
        return value


class Flag(fields.Field[bool]):
    """true or false, nothing that merely looks like it."""

    WRONG = "Neither true nor false."

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(self.WRONG)
        return value


class Line(fields.Field[str]):
    """A text of one line; an empty one says nothing."""

    allowed_controls = ""

    def __init__(self, most: int, **kwargs: Any) -> None:  # noqa: ANN401 - marshmallow's options
        super().__init__(**kwargs)
        self.most = most

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> str | None:  # type: ignore[override]
        if not isinstance(value, str):
            raise ValidationError("No text.")
        if len(value) > self.most:
            raise ValidationError(f"Longer than {self.most} characters.")
        # NUL cannot be stored in PostgreSQL, half a surrogate pair in no database at all.
        if any(
            (c < " " or "\ud800" <= c <= "\udfff") and c not in self.allowed_controls for c in value
        ):
            raise ValidationError("Holds characters that cannot be kept.")
        if value.strip():
            return value
        if self.required:
            raise ValidationError("Empty.")
        return None


class Prose(Line):
    """A text of several lines, kept as typed."""

    allowed_controls = "\n\r\t"


class Choice(fields.Field[str]):
    """One of a few words."""

    def __init__(self, words: object, **kwargs: Any) -> None:  # noqa: ANN401 - marshmallow's options
        super().__init__(validate=validate.OneOf(get_args(words)), **kwargs)

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> str:
        if not isinstance(value, str):
            raise ValidationError("No text.")
        return value


class AttributeValue(fields.Field["wire.Attribute"]):
    """A text, a finite number, true, false or null."""

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> wire.Attribute:
        if isinstance(value, str):
            return Line(wire.MAX_ATTRIBUTE_CHARS).deserialize(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float) and abs(value) <= LARGEST:
            return value
        raise ValidationError("No text, number, true, false or null.")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
