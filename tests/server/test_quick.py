"""The quick way through the schemas: what it takes, the schemas take too, and as the same."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import RAISE, Schema, ValidationError, fields
from tests.contract.test_golden import golden
from tests.server.test_schemas import JSON_VALUES

from exitpoll_agent import wire
from exitpoll_server import quick, schemas

SCHEMAS: dict[str, Any] = {
    "ping.json": schemas.PingSchema(),
    "ping-minimal.json": schemas.PingSchema(),
    "uninstall.json": schemas.UninstallEventSchema(),
    "erasure.json": schemas.ErasureSchema(),
}
QUICKLY = {name: quick.through(schema, schema.makes) for name, schema in SCHEMAS.items()}

NEARLY: st.SearchStrategy[Any] = st.sampled_from(
    [
        *("", " ", "a", "a\nb", "a\x00", "\ud800", "\u00a0", "\u2028", "x" * 64, "x" * 201, "none"),
        *("2026-11-20", "20261120", "2026-W47-5", "2026-11-20T08:30Z", "2026-11-20t08:30:00z"),
        *("2026-11-20T08:30:00+05:30", "2026-11-20T08:30:00", "0001-01-01T00:00:00+23:59"),
        *("{7f1d2c3b-4a59-4e68-8770-8695a4b3c2d1}", "7f1d2c3b4a594e6887708695a4b3c2d1"),
        *(True, False, None, 0, -1, 1.0, 0.5, 10_000, 10_001, 2**53 - 1, 2**53, 10**400),
        *([], {}, [None], [{}], {"": "2026-11-20"}, {"x" * 65: True}),
        *({"a": "2026-11-20"}, {"a": ""}, {"a": "b"}, {"a": None}, {"a": 1.5}, {"a": 2.0**60}),
        *({"a": float("nan")}, {"a": []}, {"a": "x\ty"}),
        {str(n): n for n in range(51)},
    ]
)
"""What lies at the borders of what is valid, for whichever field it stands in."""


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, Any]:
    """Return a golden message in which a few values are others, or gone."""
    name = draw(st.sampled_from(sorted(SCHEMAS)))
    message = copy.deepcopy(golden(name))
    for _ in range(draw(st.integers(0, 3))):
        place: Any = message
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and draw(st.booleans()):
                place = place[key]
                continue
            if isinstance(place, dict) and draw(st.booleans()):
                del place[key]
            else:
                place[key] = copy.deepcopy(draw(NEARLY | JSON_VALUES))
            break
    return name, message


def loaded(schema: Any, data: Any) -> str | None:
    """Return what a schema makes of a message, types told apart; None where it takes none."""
    try:
        return repr(schema.load(data))
    except ValidationError:
        return None


@settings(max_examples=600)
@given(changed())
def test_what_is_taken_quickly_is_what_the_schema_takes(sample: tuple[str, Any]) -> None:
    """Either the quick way is not sure, or both ways make the same message, to the last type."""
    name, message = sample
    before = repr(message)
    try:
        quickly = repr(QUICKLY[name](message))
    except quick.NotSureError:
        quickly = None
    assert repr(message) == before, "reading changes nothing"
    if quickly is not None:
        assert quickly == loaded(SCHEMAS[name], message)


@given(st.sampled_from(sorted(SCHEMAS)), JSON_VALUES)
def test_anything_else_is_left_to_the_schema(name: str, value: Any) -> None:
    """Whatever JSON comes, the quick way ends with a message or with not being sure."""
    try:
        QUICKLY[name](value)
    except quick.NotSureError:
        return
    assert loaded(SCHEMAS[name], value) is not None


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_sound_message_takes_the_quick_way(name: str) -> None:
    """What agents send needs the slow way never."""
    assert repr(QUICKLY[name](golden(name))) == loaded(SCHEMAS[name], golden(name))


def test_a_field_of_an_unknown_kind_stops_the_program_at_its_start() -> None:
    """Nobody can add a field whose quick way would be a guess."""
    with pytest.raises(TypeError, match="Email"):
        quick.through(Schema.from_dict({"mail": fields.Email()})(unknown="exclude"), wire.Answers)
    with pytest.raises(TypeError, match="unknown fields"):
        quick.through(Schema.from_dict({})(unknown=RAISE), wire.Answers)
