"""The OpenAPI document is valid, describes the wire, and the golden messages are of it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest
from tests.contract.test_golden import golden

from exitpoll_agent import wire
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
