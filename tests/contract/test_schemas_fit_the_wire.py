"""The two halves fit: schema fields equal dataclass fields, with the same limits."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, get_args

import pytest
from marshmallow import Schema, ValidationError
from marshmallow import fields as schema_fields

from exitpoll_agent import wire
from exitpoll_server import schemas
from exitpoll_server.kinds import Line

PAIRS: list[tuple[type[Schema], type[Any]]] = [
    (schemas.PingSchema, wire.Ping),
    (schemas.UninstallEventSchema, wire.UninstallEvent),
    (schemas.DayCountSchema, wire.DayCount),
    (schemas.LeavingSchema, wire.Leaving),
    (schemas.AnswersSchema, wire.Answers),
    (schemas.ErasureSchema, wire.Erasure),
]


@pytest.mark.parametrize(("schema", "made"), PAIRS)
def test_schema_fields_are_the_dataclass_fields(schema: type[Schema], made: type[Any]) -> None:
    """Neither half has a field that the other does not know, nor in another order."""
    assert list(schema().fields) == [field.name for field in fields(made)]


@pytest.mark.parametrize(("schema", "made"), PAIRS)
def test_the_same_fields_are_required(schema: type[Schema], made: type[Any]) -> None:
    """A field is required by the schema exactly where the dataclass has no default."""
    required = {name for name, field in schema().fields.items() if field.required}
    assert required == {
        field.name
        for field in fields(made)
        if field.default is MISSING and field.default_factory is MISSING
    }


@pytest.mark.parametrize("schema", [schemas.PingSchema, schemas.UninstallEventSchema])
def test_every_text_has_the_wires_limit(schema: type[Schema]) -> None:
    """Each free text takes exactly as many characters as the wire says, and none is forgotten."""
    lines = {name: field.most for name, field in schema().fields.items() if isinstance(field, Line)}
    assert lines == dict(wire.TEXT_LIMITS)


@pytest.mark.parametrize(
    ("schema", "longest"),
    [
        (schemas.AnswersSchema, {"comment": "é" * wire.MAX_COMMENT_CHARS}),
        (schemas.AnswersSchema, {"reason": "é" * wire.MAX_NAME_CHARS}),
        (schemas.AnswersSchema, {"score": 10}),
        (schemas.DayCountSchema, {"launches": wire.MAX_LAUNCHES_A_ROW}),
        (schemas.PingSchema, {"attributes": {"a": "é" * wire.MAX_ATTRIBUTE_CHARS}}),
        (schemas.PingSchema, {"attributes": {"é" * wire.MAX_NAME_CHARS: 1}}),
        (schemas.PingSchema, {"attributes": {str(n): 1 for n in range(wire.MAX_ATTRIBUTES)}}),
        (schemas.PingSchema, {"milestones": {"é" * wire.MAX_NAME_CHARS: "2026-11-20"}}),
        (
            schemas.PingSchema,
            {"milestones": {str(n): "2026-11-20" for n in range(wire.MAX_MILESTONES)}},
        ),
    ],
)
def test_limits_are_the_wires(schema: type[Schema], longest: dict[str, Any]) -> None:
    """The most that an agent may send is taken, one more of anything is not."""
    assert schema().validate(longest, partial=True) == {}
    ((name, value),) = longest.items()
    for more in one_more(value):
        assert list(schema().validate({name: more}, partial=True)) == [name]


def one_more(value: Any) -> list[Any]:
    """Return what is one larger in one way: a number, a text, or in a mapping any of its parts."""
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, str):
        return [value + "é"]
    first, item = next(iter(value.items()))
    if len(value) > 1:
        return [{**value, "more": item}]
    return [{first + "é": item}] if len(first) > 1 else [{first: item + "é"}]


@pytest.mark.parametrize(
    ("schema", "name", "words"),
    [
        (schemas.PingSchema, "consent", wire.Consent),
        (schemas.PingSchema, "origin", wire.Origin),
        (schemas.LeavingSchema, "context", wire.Context),
        (schemas.LeavingSchema, "asked", wire.Asked),
        (schemas.LeavingSchema, "not_asked", wire.NotAsked),
        (schemas.LeavingSchema, "scope", wire.Scope),
    ],
)
def test_every_word_of_a_choice_is_taken(schema: type[Schema], name: str, words: object) -> None:
    """Each of the wire's words loads as itself, and no other word does."""
    field = schema().fields[name]
    assert [field.deserialize(word) for word in get_args(words)] == list(get_args(words))
    with pytest.raises(ValidationError):
        field.deserialize("something")


def test_ids_are_uuids_in_both_halves() -> None:
    """Every field that the wire types as an id is read as one."""
    for schema, made in PAIRS:
        ids = {field.name for field in fields(made) if "UUID" in str(field.type)}
        assert ids == {
            name for name, field in schema().fields.items() if isinstance(field, schema_fields.UUID)
        }
