"""How a counter is written down, and read again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from exitpoll_agent import wire
from exitpoll_agent.counter import Counter, Former, KeptPrompt, Milestone, Uninstalled
from exitpoll_agent.rows import Row

NAME = "counter.json"


def plain(counter: Counter) -> dict[str, object]:
    """Return a counter as JSON has it."""
    fields: dict[str, object] = wire.plain(counter)
    return fields


def parsed(value: Mapping[str, Any]) -> Counter:
    """Read a counter.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: it is none.
    """
    return Counter(
        counter=UUID(value["counter"]),
        installation_id=UUID(value["installation_id"]),
        counted_since=wire.parse_instant(value["counted_since"]),
        seq=_number(value["seq"]),
        launches_total=_number(value["launches_total"]),
        launches_before=_number(value["launches_before"]),
        first_launch_day=_day(value["first_launch_day"]),
        last_launch_day=_day(value["last_launch_day"]),
        rows=tuple(_row(row) for row in value["rows"]),
        milestones=tuple(_milestone(item) for item in value["milestones"]),
        pinged_at=_instant(value["pinged_at"]),
        pinged_version=value["pinged_version"],
        attempts=_number(value["attempts"]),
        backoff_until=_instant(value["backoff_until"]),
        policy=wire.policy_from(value["policy"]),
        moved_from=value["moved_from"],
        resent_since=_day(value["resent_since"]),
        uninstalled=_uninstalled(value["uninstalled"]),
        prompt=_prompt(value["prompt"]),
        formers=tuple(_former(item) for item in value["formers"]),
    )


def _former(value: Mapping[str, Any]) -> Former:
    return Former(counter=UUID(value["counter"]), rows=tuple(_row(item) for item in value["rows"]))


def _row(value: Mapping[str, Any]) -> Row:
    return Row(
        day=date.fromisoformat(value["day"]),
        version=str(value["version"]),
        launches=_number(value["launches"]),
        confirmed=_number(value["confirmed"]),
        confirmed_on=_day(value["confirmed_on"]),
        was_sent=value["was_sent"] is True,
    )


def _milestone(value: Mapping[str, Any]) -> Milestone:
    return Milestone(
        name=str(value["name"]),
        day=date.fromisoformat(value["day"]),
        is_confirmed=value["is_confirmed"] is True,
    )


def _uninstalled(value: Mapping[str, Any] | None) -> Uninstalled | None:
    if value is None:
        return None
    return Uninstalled(
        leaving=_leaving(value["leaving"]),
        seq=_number(value["seq"]),
        launches_total=_number(value["launches_total"]),
    )


def _leaving(value: Mapping[str, Any]) -> wire.Leaving:
    answers = value["answers"]
    return wire.Leaving(
        **{
            **value,
            "uninstall_id": UUID(value["uninstall_id"]),
            "at": wire.parse_instant(value["at"]),
            "answers": None if answers is None else wire.Answers(**answers),
        }
    )


def _prompt(value: Mapping[str, Any] | None) -> KeptPrompt | None:
    if value is None:
        return None
    return KeptPrompt(
        survey=str(value["survey"]),
        address=str(value["address"]),
        is_opened=value["is_opened"] is True,
    )


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _instant(value: str | None) -> datetime | None:
    return None if value is None else wire.parse_instant(value)
