"""The quick way through a schema: sure of a sound message, and of nothing else.

Made once from the schema's own fields, so that the schema stays the only definition of what is
valid. What is not plainly sound is not judged here: `NotSureError`, and the schema itself decides.
A sound ping takes an eighth of the time that `Schema.load` takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING
from dataclasses import fields as dataclass_fields
from datetime import date, datetime
from functools import lru_cache, singledispatch
from typing import Any, TypeAlias, cast
from uuid import UUID

from marshmallow import EXCLUDE, Schema, fields, validate

from exitpoll_agent import wire
from exitpoll_server.kinds import LARGEST, AttributeValue, Choice, Day, Flag, Instant, Line, Whole

Reader: TypeAlias = Callable[[Any], Any]

MOST_SEEN = 2_000
MOST_SEEN_CHARS = 64
"""Sound texts of a field that are remembered: versions, languages, systems come again and again."""


class NotSureError(ValueError):
    """Whether this is valid is for the schema to say."""


def through(schema: Schema, makes: type[Any]) -> Reader:
    """Return what reads an object of a schema into the frozen dataclass that the schema makes.

    It takes any value of JSON, and raises NotSureError for what is not plainly sound.
    """
    make = _maker(makes)
    if schema.unknown != EXCLUDE:
        raise TypeError(f"{type(schema).__name__} minds unknown fields")
    readers = {name: _reader(field) for name, field in schema.fields.items()}
    required = [(name, readers[name]) for name, field in schema.fields.items() if field.required]
    optional = [(name, readers[name]) for name in readers if name not in dict(required)]

    def read(value: Any) -> Any:  # noqa: ANN401 - any JSON in, the message out
        if type(value) is not dict:
            raise NotSureError
        said = {}
        try:
            for name, read_one in required:
                said[name] = read_one(value[name])
            for name, read_one in optional:
                one = value.get(name)
                if one is not None:
                    said[name] = read_one(one)
        except (KeyError, ValueError, OverflowError):
            raise NotSureError from None
        return make(said)

    return read


def _maker(kind: type[Any]) -> Callable[[dict[str, Any]], Any]:
    """Return what makes a frozen dataclass of its fields, in a third of the time of its own way.

    That sets field by field, past the guard of the frozen. Defaults are shared: none is changed.
    """
    defaults: dict[str, Any] = {}
    for each in dataclass_fields(kind):
        if each.default_factory is not MISSING:
            defaults[each.name] = each.default_factory()
        elif each.default is not MISSING:
            defaults[each.name] = each.default

    def make(said: dict[str, Any]) -> Any:  # noqa: ANN401 - of that kind
        made = object.__new__(kind)
        made.__dict__.update(defaults)
        made.__dict__.update(said)
        return made

    return make


# -- fields: each reads a value that is not null, or raises ValueError or OverflowError ----------


@singledispatch
def _reader(field: fields.Field[Any]) -> Reader:
    raise TypeError(f"there is no quick way through {type(field).__name__}")


@_reader.register
def _uuid(_field: fields.UUID) -> Reader:
    def read(value: Any) -> UUID:  # noqa: ANN401
        return UUID(_text(value))

    return read


@_reader.register
def _instant(_field: Instant) -> Reader:
    return lambda value: _instant_of(_text(value))


@lru_cache(maxsize=4096)  # of many messages in one second, of one copy's days
def _instant_of(text: str) -> datetime:
    return wire.parse_instant(text)


@_reader.register
def _day(_field: Day) -> Reader:
    return lambda value: _day_of(_text(value))


@lru_cache(maxsize=1024)  # messages speak of the same few weeks
def _day_of(text: str) -> date:
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise NotSureError
    return day


@_reader.register
def _whole(field: Whole) -> Reader:
    (limits,) = field.validators
    most = cast("int", cast("validate.Range", limits).max)

    def read(value: Any) -> int:  # noqa: ANN401
        if type(value) is int and 0 <= value <= most:
            return value
        raise NotSureError

    return read


@_reader.register
def _flag(_field: Flag) -> Reader:
    def read(value: Any) -> bool:  # noqa: ANN401
        if value is True or value is False:
            return bool(value)
        raise NotSureError

    return read


@_reader.register
def _line(field: Line) -> Reader:
    most, allowed = field.most, field.allowed_controls
    seen: set[str] = set()

    def read(value: Any) -> str:  # noqa: ANN401
        if type(value) is not str:
            raise NotSureError
        if value in seen:
            return value
        if len(value) > most or not value.strip():
            raise NotSureError
        rest = value
        for control in allowed:
            rest = rest.replace(control, "")
        # Printable is stricter than what can be kept, and asks the whole text at once.
        if not rest.isprintable():
            raise NotSureError
        if len(seen) < MOST_SEEN and len(value) <= MOST_SEEN_CHARS:
            seen.add(value)
        return value

    return read


@_reader.register
def _choice(field: Choice) -> Reader:
    (words,) = field.validators
    choices = frozenset(cast("validate.OneOf", words).choices)

    def read(value: Any) -> str:  # noqa: ANN401
        if type(value) is str and value in choices:
            return value
        raise NotSureError

    return read


@_reader.register
def _attribute(_field: AttributeValue) -> Reader:
    line = _line(Line(wire.MAX_ATTRIBUTE_CHARS))

    def read(value: Any) -> wire.Attribute:  # noqa: ANN401
        if value is True or value is False:
            return bool(value)
        if type(value) in (int, float) and abs(value) <= LARGEST:
            return cast("int | float", value)
        return cast("str", line(value))

    return read


@_reader.register
def _dict(field: fields.Dict) -> Reader:
    (length,) = field.validators
    most = cast("int", cast("validate.Length", length).max)
    read_key = _reader(cast("fields.Field[Any]", field.key_field))
    read_value = _or_null(cast("fields.Field[Any]", field.value_field))

    def read(value: Any) -> dict[str, Any]:  # noqa: ANN401
        if type(value) is not dict or len(value) > most:
            raise NotSureError
        return {read_key(key): read_value(one) for key, one in value.items()}

    return read


def _or_null(field: fields.Field[Any]) -> Reader:
    read = _reader(field)
    return (lambda value: None if value is None else read(value)) if field.allow_none else read


@_reader.register(fields.List)
def _list(field: fields.List[Any]) -> Reader:
    read_one = _reader(field.inner)

    def read(value: Any) -> tuple[Any, ...]:  # noqa: ANN401
        if type(value) is not list:
            raise NotSureError
        return tuple([read_one(one) for one in value])

    return read


@_reader.register
def _nested(field: fields.Nested) -> Reader:
    schema = field.schema
    return through(schema, schema.makes)  # type: ignore[attr-defined]


def _text(value: Any) -> str:  # noqa: ANN401
    if type(value) is not str:
        raise NotSureError
    return value
