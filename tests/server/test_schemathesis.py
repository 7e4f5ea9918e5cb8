"""Whatever is sent, the answer is one that our OpenAPI document describes, and no other."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.server.messages import leaving

from exitpoll_agent import wire
from exitpoll_server import create_app
from exitpoll_server.openapi.document import document
from exitpoll_server.store import Product, Store

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MESSAGES = {"/v1/pings": "Ping", "/v1/uninstalls": "UninstallEvent", "/v1/erasures": "Erasure"}
PAGES = [
    (path, method.upper())
    for path, operations in document()["paths"].items()
    for method in operations
    if path not in MESSAGES
]
NOT_OF_ITS_DATA = settings(
    deadline=None,
    phases=[
        Phase.explicit,
        Phase.generate,
        Phase.shrink,
    ],  # without explaining, which takes minutes
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # what one example leaves is there for the next
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)
HOW_MANY = [20, pytest.param(300, marks=pytest.mark.slow)]


def operations(store: Store) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_wsgi(
        "/openapi.json", create_app(store), config=schemathesis.Config()
    )


@pytest.mark.parametrize("examples", HOW_MANY)
@pytest.mark.parametrize("path", MESSAGES)
def test_what_the_document_allows_is_taken_whole(
    store: Store, product: Product, path: str, examples: int
) -> None:
    """Every message that the document allows is 200, with nothing left out of it."""
    operation = operations(store)[path]["POST"]

    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    @settings(NOT_OF_ITS_DATA, max_examples=examples)
    def taken(case: Case[Any]) -> None:
        case.headers.pop("Content-Encoding", None)
        case.body = without_points(case.body)
        # In the calendar's first and last year an offset may lead out of it.
        assume(not re.search('"(0001|9999)-', json.dumps(case.body)))
        response = send(case, product)
        assert response.status_code == 200
        assert response.json()["ignored"] == []

    taken()


@pytest.mark.parametrize("examples", HOW_MANY)
@pytest.mark.parametrize("path", MESSAGES)
def test_what_the_document_forbids_is_never_taken_whole(
    store: Store, product: Product, path: str, examples: int
) -> None:
    """A message that the document forbids is refused, or what is wrong with it is named."""
    operation = operations(store)[path]["POST"]
    schema = {"$ref": f"#/components/schemas/{MESSAGES[path]}", **document()}
    allows = jsonschema.Draft202012Validator(schema).is_valid

    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @settings(NOT_OF_ITS_DATA, max_examples=examples)
    def not_taken(case: Case[Any]) -> None:
        response = send(case, product)
        if response.status_code == 200 and response.json()["ignored"] == []:
            assert allows(json.loads(response.request.body or b""))

    not_taken()


def without_points(body: Any) -> Any:
    """Return a message whose whole numbers are written as such: to JSON Schema 1.0 is one, too."""
    if isinstance(body, dict):
        return {name: without_points(value) for name, value in body.items()}
    if isinstance(body, list):
        return [without_points(value) for value in body]
    return int(body) if isinstance(body, float) and body.is_integer() else body


def send(case: Case[Any], product: Product) -> Any:
    key = {"Authorization": f"Bearer {product.key}"}
    return case.call_and_validate(headers=key, checks=CHECKS)


@pytest.mark.parametrize("examples", HOW_MANY)
@pytest.mark.parametrize(("path", "method"), PAGES)
def test_pages_answer_as_the_document_says(
    store: Store, product: Product, path: str, method: str, examples: int
) -> None:
    """Keys, events, tokens and forms, real or made up, lead to an answer that is described."""
    operation = operations(store)[path][method]
    real = parameters_that_exist(store, product)

    @given(
        case=st.sampled_from(GenerationMode).flatmap(
            lambda mode: operation.as_strategy(generation_mode=mode)
        ),
        exists=st.sets(st.sampled_from(sorted(real))),
    )
    @settings(NOT_OF_ITS_DATA, max_examples=examples)
    def answered(case: Case[Any], exists: set[str]) -> None:
        for name in exists & set(case.path_parameters):
            case.path_parameters[name] = real[name]
        case.call_and_validate(checks=CHECKS)

    answered()


def parameters_that_exist(store: Store, product: Product) -> Mapping[str, str]:
    client = create_app(store).test_client()
    event = wire.encode_event(leaving())
    survey = client.get(f"/u/{product.key}/{event}").headers["Location"]
    return {"product_key": product.key, "event": event, "token": survey.rpartition("/")[2]}
