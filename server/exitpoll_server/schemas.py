"""The only way in: marshmallow schemas that load JSON into the wire's dataclasses.

Agents in the field never change, so what can be taken is taken: a row or an optional field that
makes no sense is left out and named, unknown fields are passed over, and only a broken envelope
(who speaks, when, with which consent) is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, cast

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate
from marshmallow.exceptions import SCHEMA

from exitpoll_agent import wire
from exitpoll_server import quick
from exitpoll_server.kinds import AttributeValue, Choice, Day, Flag, Instant, Line, Prose, Whole

LARGEST_TOTAL = 36_525 * wire.MAX_LAUNCHES_A_ROW
"""A century of full days; more would never go away, and sums of it no database could hold."""

M = TypeVar("M", wire.Ping, wire.UninstallEvent, wire.Erasure)


class InvalidError(Exception):
    """The envelope is broken; the message will never be accepted as it is."""

    def __init__(self, code: str, message: str, errors: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.errors = errors


@dataclass
class Loaded(Generic[M]):
    """A message, and by name what of it was left out."""

    message: M
    ignored: tuple[str, ...]


def _line(name: str) -> Line:
    return Line(wire.TEXT_LIMITS[name])


def _name() -> Line:
    return Line(wire.MAX_NAME_CHARS, required=True)


# -- schemas: one field a dataclass field, held together by a contract test ----------------


class _WireSchema(Schema):
    """Loads into a dataclass of the wire; null and absent both mean its default."""

    class Meta:
        unknown = EXCLUDE

    makes: ClassVar[type]
    envelope: ClassVar[frozenset[str]] = frozenset()
    """Fields without which, or with nonsense in which, a message is refused."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        del field_name
        field_obj.allow_none = not field_obj.required

    @post_load
    def make(self, data: Mapping[str, object], **_kwargs: object) -> object:
        return self.makes(**{name: value for name, value in data.items() if value is not None})


class DayCountSchema(_WireSchema):
    """A row of launches."""

    makes = wire.DayCount
    day = Day(required=True)
    version = Line(wire.TEXT_LIMITS["version"], required=True)
    launches = Whole(most=wire.MAX_LAUNCHES_A_ROW, required=True)


class PingSchema(_WireSchema):
    """A ping: the envelope and the launches that were not confirmed."""

    makes: ClassVar[type[wire.Ping]] = wire.Ping
    envelope = frozenset({"installation_id", "counter", "seq", "sent_at", "consent", "test"})

    installation_id = fields.UUID(required=True)
    counter = fields.UUID()
    seq = Whole(required=True)
    sent_at = Instant(required=True)
    consent = Choice(wire.Consent, required=True)
    test = Flag()
    version = _line("version")
    channel = _line("channel")
    edition = _line("edition")
    source = _line("source")
    os = _line("os")
    arch = _line("arch")
    locale = _line("locale")
    agent = _line("agent")
    origin = Choice(wire.Origin)
    installed_at = Instant()
    installed_version = _line("installed_version")
    counted_since = Instant()
    launches_total = Whole(most=LARGEST_TOTAL)
    first_launch_day = Day()
    last_launch_day = Day()
    days = fields.List(fields.Nested(DayCountSchema), metadata={"maxItems": wire.MAX_ROWS})
    milestones = fields.Dict(
        _name(), Day(required=True), validate=validate.Length(max=wire.MAX_MILESTONES)
    )
    customer = _line("customer")
    attributes = fields.Dict(
        _name(), AttributeValue(allow_none=True), validate=validate.Length(max=wire.MAX_ATTRIBUTES)
    )

    @post_load
    def make(self, data: Mapping[str, Any], **kwargs: object) -> object:
        """Make the message, its rows as a tuple."""
        rows = tuple(data.get("days") or ())
        return super().make({**data, "days": rows}, **kwargs)


class AnswersSchema(_WireSchema):
    """What a person answered."""

    makes = wire.Answers
    reason = Line(wire.MAX_NAME_CHARS)
    comment = Prose(wire.MAX_COMMENT_CHARS)
    score = Whole(most=10)


class LeavingSchema(_WireSchema):
    """How an installation ended."""

    makes = wire.Leaving
    envelope = frozenset({"uninstall_id", "at"})

    uninstall_id = fields.UUID(required=True)
    at = Instant(required=True)
    context = Choice(wire.Context)
    asked = Choice(wire.Asked)
    not_asked = Choice(wire.NotAsked)
    scope = Choice(wire.Scope)
    answers = fields.Nested(AnswersSchema)
    tenure_step = Whole()
    launches_step = Whole()


class UninstallEventSchema(PingSchema):
    """A ping's envelope with how the installation ended."""

    makes = wire.UninstallEvent
    envelope = PingSchema.envelope | {"uninstall"}

    uninstall = fields.Nested(LeavingSchema, required=True)


class ErasureSchema(_WireSchema):
    """A wish to have everything deleted."""

    makes = wire.Erasure
    envelope = frozenset({"installation_id", "test"})

    installation_id = fields.UUID(required=True)
    test = Flag()


def text(name: str, value: str | None) -> str | None:
    """Return a text of the envelope that came in an address; None where it cannot be kept."""
    try:
        return cast("str | None", _line(name).deserialize(value))
    except ValidationError:
        return None


# -- loading -------------------------------------------------------------------------------

_PING, _UNINSTALL, _ERASURE = PingSchema(), UninstallEventSchema(), ErasureSchema()
_QUICKLY: dict[Schema, quick.Reader] = {
    schema: quick.through(schema, schema.makes) for schema in (_PING, _UNINSTALL, _ERASURE)
}


def load_ping(data: object) -> Loaded[wire.Ping]:
    """Load a ping.

    Raises:
        InvalidError: its envelope is broken, or it has too many rows.
    """
    return _load(_PING, data)


def load_uninstall(data: object) -> Loaded[wire.UninstallEvent]:
    """Load an uninstall event.

    Raises:
        InvalidError: its envelope is broken, or it has too many rows.
    """
    return _load(_UNINSTALL, data)


def load_erasure(data: object) -> Loaded[wire.Erasure]:
    """Load an erasure.

    Raises:
        InvalidError: it names no installation.
    """
    return _load(_ERASURE, data)


def _load(schema: _WireSchema, data: object) -> Loaded[Any]:
    if not isinstance(data, dict):
        raise InvalidError("invalid", "The message is no JSON object.", {})
    rows = data.get("days")
    if isinstance(rows, list) and len(rows) > wire.MAX_ROWS:
        raise InvalidError(
            "too_many_rows",
            f"The message has {len(rows)} rows; split it into messages of {wire.MAX_ROWS}.",
            {"days": (f"More than {wire.MAX_ROWS} rows.",)},
        )
    try:
        return Loaded(_QUICKLY[schema](data), ())
    except quick.NotSureError:
        pass
    try:
        return Loaded(schema.load(data), ())
    except ValidationError as error:
        problems = cast("Mapping[str, Any]", error.messages)
    broken = dict(_broken(schema, problems))
    if broken:
        raise InvalidError("invalid", "The message's envelope is broken.", broken)
    pruned, ignored = _without(data, problems, "")
    return Loaded(schema.load(pruned), tuple(ignored))


def _broken(schema: _WireSchema, problems: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Return what is wrong with the envelope, by field."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for name, problem in problems.items():
        field = schema.fields.get(name)
        nested = field.schema if isinstance(field, fields.Nested) else None
        if isinstance(nested, _WireSchema) and not _is_wholly_wrong(problem):
            inner = _broken(nested, problem)
            found += [(f"{name}.{inner_name}", sentences) for inner_name, sentences in inner]
        elif name in schema.envelope:
            sentences = problem[SCHEMA] if isinstance(problem, dict) else problem
            found.append((name, tuple(str(sentence) for sentence in sentences)))
    return found


def _is_wholly_wrong(problem: object) -> bool:
    """Tell whether a value is wrong itself, rather than something in it."""
    # A milestone may be called _schema too; what is wrong with it is no list.
    return not isinstance(problem, dict) or isinstance(problem.get(SCHEMA), list)


def _without(
    data: Mapping[str, Any], problems: Mapping[str, Any], prefix: str
) -> tuple[MutableMapping[str, Any], list[str]]:
    """Return the data without what is wrong with it, and the names of what was left out."""
    kept, ignored = dict(data), []
    for name, problem in problems.items():
        value = kept[name]
        if _is_wholly_wrong(problem):
            del kept[name]
            ignored.append(f"{prefix}{name}")
        elif isinstance(value, list):
            kept[name] = [row for n, row in enumerate(value) if n not in problem]
            ignored += [f"{prefix}{name}.{n}" for n in sorted(problem)]
        elif name in ("milestones", "attributes"):
            kept[name] = {key: item for key, item in value.items() if key not in problem}
            ignored += [f"{prefix}{name}.{_writable(key)}" for key in problem]
        else:
            kept[name], inner = _without(value, problem, f"{prefix}{name}.")
            ignored += inner
    return kept, ignored


def _writable(key: str) -> str:
    """Return a name as an answer can carry it: half a surrogate pair has no bytes."""
    return key.encode("utf-8", "backslashreplace").decode()
