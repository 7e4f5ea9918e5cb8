"""A report as JSON: the form that its schema promises."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import jsonschema
import pytest
from tests.server.handmade import (
    NO_USE,
    counts,
)
from tests.server.rendered import ALL, Make, few

from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import (
    ScoreGroup,
)

SCHEMA = json.loads(
    (resources.files("exitpoll_server.render") / "report.schema.json").read_text("utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@ALL
def test_the_json_has_the_form_that_is_promised(make: Make) -> None:
    """Scripts read it: report.schema.json describes it, to the last field."""
    VALIDATOR.validate(json.loads(render.as_json(make())))


def test_more_detractors_than_promoters_have_the_form_too() -> None:
    """A net promoter score is below 0, and so is what it counts: promoters less detractors."""
    activity = dataclasses.replace(NO_USE, scores=(ScoreGroup(leaving=True, score=2, n=40),))
    report = reports.make(dataclasses.replace(counts(), activity=activity))
    assert report.scores.leaving.nps.numerator == -40
    VALIDATOR.validate(json.loads(render.as_json(report)))


def test_the_schema_is_a_schema_and_says_what_everything_is() -> None:
    """JSON Schema 2020-12; every field and every list has a sentence."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def undescribed(schema: Any, path: str) -> list[str]:
        found = []
        for name, inner in schema.get("properties", {}).items():
            if not inner.get("description", "$ref" in inner):
                found.append(f"{path}.{name}")
            found += undescribed(inner, f"{path}.{name}")
        if "items" in schema:
            found += undescribed(schema["items"], f"{path}[]")
        return found

    assert undescribed(SCHEMA, "") == []
    for name, definition in SCHEMA["$defs"].items():
        assert definition["description"], name
        assert undescribed(definition, name) == []


def _first_figure(data: Any) -> Any:
    return data["uninstalls"]["steps"][0]["of_uninstalls"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: _first_figure(data).update(percent=100),
        lambda data: _first_figure(data).pop("denominator"),
        lambda data: _first_figure(data).update(definition="nonsense"),
        lambda data: _first_figure(data).update(value="3"),
        lambda data: data.update(extra=1),
        lambda data: data["iceberg"].pop("seen"),
        lambda data: data["iceberg"]["seen"].pop("low"),
        lambda data: data["comments"][0].update(customer="c"),
        lambda data: data["window"].update(as_of="yesterday"),
        lambda data: data["uninstalls"]["steps"].pop(),
    ],
)
def test_any_other_form_is_not_valid(spoil: Callable[[Any], object]) -> None:
    """A figure with a key more or less, or a section more or less, fails validation."""
    data = json.loads(render.as_json(few()))
    VALIDATOR.validate(data)
    spoil(data)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(data)
