"""The messages as JSON Schema, made from the marshmallow schemas that load them.

What marshmallow's own validators say is apispec's to translate; what our fields check by
themselves is translated here.
"""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import fields

from exitpoll_agent import wire
from exitpoll_server import kinds, schemas
from exitpoll_server.openapi.words import OF_FIELDS

_ONE_LINE = r"^[^\u0000-\u001F]*$"
_NOT_BLANK = r"^[^\u0000-\u001F]*[^\s\u0000-\u001F][^\u0000-\u001F]*$"
_SEVERAL_LINES = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F]*$"

_TYPES = {
    kinds.Instant: ("string", "date-time"),
    kinds.Day: ("string", "date"),
    kinds.Whole: ("integer", None),
    kinds.Flag: ("boolean", None),
    kinds.Line: ("string", None),
    kinds.Choice: ("string", None),
}


def describe(spec: APISpec, marshmallow: MarshmallowPlugin) -> None:
    """Add every message that is taken."""
    for kind, how in _TYPES.items():
        marshmallow.map_to_openapi_type(kind, *how)  # type: ignore[no-untyped-call]
    assert marshmallow.converter is not None  # noqa: S101 - it is there once `spec` has the plugin
    marshmallow.converter.add_attribute_function(_checked_by_the_field)  # type: ignore[no-untyped-call]
    for taken in (schemas.PingSchema, schemas.UninstallEventSchema, schemas.ErasureSchema):
        spec.components.schema(taken.makes.__name__, schema=taken)
    for name, schema in spec.components.schemas.items():
        _explain(name, schema["properties"])


def _checked_by_the_field(
    converter: OpenAPIConverter, field: fields.Field[Any], ret: dict[str, Any]
) -> dict[str, Any]:
    """Return what our own fields demand beyond marshmallow's validators."""
    if isinstance(field, kinds.AttributeValue):
        return _attribute_value()
    if isinstance(field, kinds.Line):
        return _text(field)
    if isinstance(field, kinds.Instant):
        return {"pattern": f"^{wire.INSTANT.pattern}$"}
    if isinstance(field, fields.Dict):
        return _mapping(converter, field, ret)
    return {}


def _text(field: kinds.Line) -> dict[str, Any]:
    if isinstance(field, kinds.Prose):
        return {"maxLength": field.most, "pattern": _SEVERAL_LINES}
    return {"maxLength": field.most, "pattern": _NOT_BLANK if field.required else _ONE_LINE}


def _attribute_value() -> dict[str, Any]:
    return {
        "type": ["string", "number", "boolean", "null"],
        "maxLength": wire.MAX_ATTRIBUTE_CHARS,
        "pattern": _ONE_LINE,
        "minimum": -kinds.LARGEST,
        "maximum": kinds.LARGEST,
    }


def _mapping(
    converter: OpenAPIConverter, field: fields.Dict, ret: dict[str, Any]
) -> dict[str, Any]:
    # apispec takes the most that a mapping may hold for the length of a text.
    limit = {"maxProperties": ret.pop("maxLength")}
    assert field.key_field is not None  # noqa: S101 - each of ours says what its names may be
    return {**limit, "propertyNames": converter.field2property(field.key_field)}


def _explain(schema: str, properties: dict[str, Any]) -> None:
    for name, property_ in properties.items():
        sentence = OF_FIELDS.get(f"{schema}.{name}") or OF_FIELDS[f"Ping.{name}"]
        property_["description"] = sentence
