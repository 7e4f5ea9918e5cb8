"""What loads, into what, and what of a message is left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.messages import COUNTER, INSTALLATION, NOW, UNINSTALL, leaving, ping, row

from exitpoll_agent import wire
from exitpoll_server import schemas

ENVELOPE = {
    "installation_id": str(INSTALLATION),
    "counter": str(COUNTER),
    "seq": 1,
    "sent_at": "2026-11-20T12:00:00Z",
    "consent": "full",
}
EVENT = {**ENVELOPE, "uninstall": {"uninstall_id": str(UNINSTALL), "at": "2026-11-20T12:00:00Z"}}

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())  # half surrogate pairs too: JSON can write them
    | st.sampled_from([10**400, -(10**400), "2026-11-20", "full", "9999-12-31T23:59:59-23:59"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.just("_schema"), inner, max_size=3)
    ),
    max_leaves=8,
)
PING_FIELDS = st.sampled_from(sorted(schemas.PingSchema().fields))
LEAVING_FIELDS = st.sampled_from(sorted(schemas.LeavingSchema().fields))


def load(fields: dict[str, Any]) -> schemas.Loaded[wire.Ping]:
    return schemas.load_ping({**ENVELOPE, **fields})


def test_a_ping_loads_as_what_was_written() -> None:
    """What the wire writes, the schemas read back."""
    message = ping(days=(row("2026-11-20", 3),), milestones={"m": date(2026, 11, 1)})
    assert schemas.load_ping(json.loads(wire.to_json(message))) == schemas.Loaded(message, ())


def test_an_event_loads_as_what_was_written() -> None:
    """What the wire writes of an uninstall, the schemas read back."""
    message = leaving(uninstall={"answers": wire.Answers(comment="a\nb", score=0)})
    assert schemas.load_uninstall(json.loads(wire.to_json(message))) == schemas.Loaded(message, ())


@pytest.mark.parametrize("name", sorted(set(schemas.PingSchema().fields) - set(ENVELOPE)))
def test_null_means_absent(name: str) -> None:
    """A field that is null loads as if it had not been there."""
    assert load({name: None}) == load({})


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-20T08:30:00Z", datetime(2026, 11, 20, 8, 30, tzinfo=timezone.utc)),
        ("2026-11-20T08:30:00z", datetime(2026, 11, 20, 8, 30, tzinfo=timezone.utc)),
        ("2026-11-20T08:30:00+03:00", datetime(2026, 11, 20, 5, 30, tzinfo=timezone.utc)),
        ("2026-11-20T08:30:00.250-00:30", NOW - timedelta(hours=3, milliseconds=-250)),
    ],
)
def test_instants_are_read_in_utc(text: str, instant: datetime) -> None:
    """Whatever offset an instant is written with, inside it is UTC."""
    loaded = load({"installed_at": text}).message.installed_at
    assert loaded == instant
    assert loaded is not None
    assert loaded.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["", "   ", "\u2003"])
def test_an_empty_text_says_nothing(text: str) -> None:
    """A text of nothing is the same as none, and no reproach is made of it."""
    assert load({"edition": text}) == load({})


def test_a_comment_is_kept_as_typed() -> None:
    """Line breaks, tabs, spaces around and any script reach the store unchanged."""
    comment = "  Слишком дорого.\r\n\tTrop cher 😀 "
    data = {**EVENT, "uninstall": {**EVENT["uninstall"], "answers": {"comment": comment}}}  # type: ignore[dict-item]
    answers = schemas.load_uninstall(data).message.uninstall.answers
    assert answers == wire.Answers(comment=comment)


def test_the_limit_of_rows_comes_before_everything() -> None:
    """Too many rows are refused with their own code, whatever else is wrong."""
    with pytest.raises(schemas.InvalidError) as caught:
        schemas.load_ping({"days": [{}] * (wire.MAX_ROWS + 1)})
    assert caught.value.code == "too_many_rows"


def loaded_or_errors(
    loader: Callable[[object], schemas.Loaded[Any]], data: object
) -> tuple[schemas.Loaded[Any] | None, set[str]]:
    """Return what loads, or the fields for which it is refused; every refusal names some."""
    try:
        return loader(data), set()
    except schemas.InvalidError as refused:
        return None, set(refused.errors) or {"nothing named"}


@given(st.dictionaries(PING_FIELDS, JSON_VALUES, max_size=4))
def test_no_ping_makes_the_schemas_fail(fields: dict[str, Any]) -> None:
    """Any JSON in any field either loads, naming what was left out, or is refused by field."""
    loaded, errors = loaded_or_errors(schemas.load_ping, {**ENVELOPE, **fields})
    assert errors <= set(fields) & schemas.PingSchema.envelope
    if loaded is not None:
        assert {name.split(".")[0] for name in loaded.ignored} <= set(fields)
        assert wire.to_json(wire.Confirmation(ignored=loaded.ignored))
        assert wire.to_json(loaded.message)


@given(st.dictionaries(LEAVING_FIELDS, JSON_VALUES, max_size=4) | JSON_VALUES)
def test_no_event_makes_the_schemas_fail(how: Any) -> None:
    """Any JSON as the uninstall block, or within it, either loads or is refused by field."""
    block = {**EVENT["uninstall"], **how} if isinstance(how, dict) else how  # type: ignore[dict-item]
    loaded, errors = loaded_or_errors(schemas.load_uninstall, {**ENVELOPE, "uninstall": block})
    assert errors <= {"uninstall", "uninstall.uninstall_id", "uninstall.at"}
    if loaded is not None:
        assert all(name.startswith("uninstall.") for name in loaded.ignored)
        assert wire.to_json(wire.Confirmation(ignored=loaded.ignored))
        assert wire.to_json(loaded.message)


@given(JSON_VALUES)
def test_nothing_makes_the_schemas_fail(data: Any) -> None:
    """Any JSON at all is refused as a message, not failed upon."""
    for loader in (schemas.load_ping, schemas.load_uninstall, schemas.load_erasure):
        with pytest.raises(schemas.InvalidError):
            loader(data)
