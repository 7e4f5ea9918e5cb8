"""The OpenAPI document is valid, describes the wire, and the golden messages are of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest
from tests.contract.test_golden import golden

from exitpoll_agent import wire
from exitpoll_server import kinds, schemas
from exitpoll_server.openapi.document import document
from exitpoll_server.openapi.words import OF_FIELDS

DESCRIBED = (
    wire.Ping,
    wire.UninstallEvent,
    wire.Erasure,
    wire.DayCount,
    wire.Leaving,
    wire.Answers,
    wire.Confirmation,
    wire.Policy,
    wire.Prompt,
    wire.Refusal,
)
GOLDEN = [
    ("ping.json", "Ping"),
    ("ping-minimal.json", "Ping"),
    ("uninstall.json", "UninstallEvent"),
    ("uninstall-exit.json", "UninstallEvent"),
    ("uninstall-ci.json", "UninstallEvent"),
    ("erasure.json", "Erasure"),
    ("confirmation.json", "Confirmation"),
    ("refusal.json", "Refusal"),
]


def errors(message: object, schema: str) -> list[str]:
    of = {"$ref": f"#/components/schemas/{schema}", **document()}
    return [error.message for error in jsonschema.Draft202012Validator(of).iter_errors(message)]


def test_the_document_is_valid() -> None:
    """Every tool that reads OpenAPI 3.1 can read it."""
    openapi_spec_validator.validate(document())


@pytest.mark.parametrize(("name", "schema"), GOLDEN)
def test_golden_messages_are_of_the_document(name: str, schema: str) -> None:
    """What agents and servers of any age say is what the document describes."""
    assert errors(golden(name), schema) == []


@pytest.mark.parametrize(("name", "schema"), GOLDEN)
def test_the_document_demands_what_is_required(name: str, schema: str) -> None:
    """A message without what it must have is not of the document."""
    required = document()["components"]["schemas"][schema]["required"]
    assert required
    for field in required:
        cut = {key: value for key, value in golden(name).items() if key != field}
        assert errors(cut, schema) == [f"{field!r} is a required property"]


@pytest.mark.parametrize("message", DESCRIBED)
def test_every_field_of_the_wire_is_described(message: type[Any]) -> None:
    """The document has the wire's fields, in its order and no others, each with a sentence."""
    properties = document()["components"]["schemas"][message.__name__]["properties"]
    assert list(properties) == [field.name for field in fields(message)]
    said = [property_.get("description", property_) for property_ in properties.values()]
    assert all(isinstance(words, str) or "$ref" in words or "anyOf" in words for words in said)


def test_no_field_is_described_that_is_not_there() -> None:
    """No sentence is left of a field that was taken out."""
    schemas = document()["components"]["schemas"]
    for name in OF_FIELDS:
        schema, _, field = name.partition(".")
        assert field in schemas[schema]["properties"], name


# -- as exact as the schemas ---------------------------------------------------------------

WHOLES: list[object] = [0, kinds.LARGEST, kinds.LARGEST + 1, -1, 1.5, True, "1", [], None]
WORDS: list[object] = ["nonsense", "", 1, [], None]
DAY = "2026-11-20"
ROW = {"day": DAY, "version": "1.0", "launches": 1}
EDGES: list[tuple[str, Sequence[object]]] = [
    *(
        (name, ["x" * most, "x" * (most + 1), "", " ", "a\nb", "a\0", "\x1f", 1, None])
        for name, most in wire.TEXT_LIMITS.items()
    ),
    *((name, WHOLES) for name in ("seq", "launches_total")),
    *((f"uninstall.{name}", WHOLES) for name in ("tenure_step", "launches_step")),
    ("uninstall.answers.score", [0, 10, 11, -1, 1.5, True, None]),
    ("uninstall.answers.reason", ["x" * 64, "x" * 65, "a\nb", None]),
    ("uninstall.answers.comment", ["x" * 4_000, "x" * 4_001, "\r\n\t", "\0", "\x0b", 1]),
    ("uninstall.answers", [{}, [], "x", None]),
    ("test", [True, False, 0, "true", None]),
    ("consent", ["none", "exit", "full", *WORDS]),
    ("origin", ["new", "upgrade", "unknown", *WORDS]),
    ("uninstall.context", ["remove", *WORDS]),
    ("uninstall.asked", ["page", "installer", "no", *WORDS]),
    ("uninstall.not_asked", ["ci", "policy", *WORDS]),
    ("uninstall.scope", ["user", "machine", *WORDS]),
    *(
        (name, [f"{DAY}T08:30{rest}" for rest in ("Z", ":00z", ":00.123+05:30", ":00.12Z", "")])
        for name in ("sent_at", "installed_at", "counted_since", "uninstall.at")
    ),
    ("days", [[ROW] * 400, [ROW] * 401, [], {}, [None], [{}], None]),
    ("days", [[{**ROW, "launches": count}] for count in (0, 10_000, 10_001, -1, None, "1")]),
    ("days", [[{**ROW, "version": v}] for v in ("x" * 64, "x" * 65, "", " ", "a\nb", None)]),
    ("days", [[{key: ROW[key] for key in ROW if key != gone}] for gone in ROW]),
    ("milestones", [{f"m{n}": DAY for n in range(count)} for count in (0, 50, 51)]),
    ("milestones", [{name: DAY} for name in ("x" * 64, "x" * 65, "", " ", "a\nb")]),
    ("milestones", [{"m": 1}, {"m": None}, [], None]),
    ("attributes", [{f"a{n}": n for n in range(count)} for count in (0, 20, 21)]),
    ("attributes", [{name: 1} for name in ("x" * 64, "x" * 65, "", " ", "a\nb")]),
    ("attributes", [{"a": value} for value in ("x" * 200, "x" * 201, "a\nb", "", True, None)]),
    ("attributes", [{"a": value} for value in (1.5, *WHOLES, -kinds.LARGEST, 1e300, {})]),
]
CASES = [(name, value) for name, values in EDGES for value in values]


@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{n} {str(v)[:20]!r}" for n, v in CASES])
def test_the_document_draws_the_line_where_the_server_does(name: str, value: object) -> None:
    """At every limit and just beyond it, the document allows exactly what is taken whole."""
    event = golden("uninstall.json")
    *outer, last = name.split(".")
    within = event
    for each in outer:
        within = within[each]
    within[last] = value
    assert (errors(event, "UninstallEvent") == []) == is_taken_whole(event)


def is_taken_whole(event: object) -> bool:
    try:
        return schemas.load_uninstall(event).ignored == ()
    except schemas.InvalidError:
        return False
