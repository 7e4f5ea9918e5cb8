"""One module a command: what it may be told, what it does, and what it says of it.

Each has `add_arguments(parser)` and `run(settings, options)`; `exitpoll_agent.cli` lists them.
"""

from __future__ import annotations

from dataclasses import dataclass

FAILED = 1
"""What a person's own command exits with where it did not do what it was asked for."""


@dataclass(frozen=True)
class Said:
    """What a command says of its outcome: sentences for a person, fields for a program."""

    sentences: str
    fields: dict[str, object]
    warnings: tuple[str, ...] = ()
    exit_code: int = 0
    raw: bytes | None = None
    """Goes out as it is, in place of both."""


def of_page(sentence: str, fields: dict[str, object], why_not_opened: str | None) -> Said:
    """Say what came of a page that the person wanted to see."""
    if why_not_opened is None:
        return Said(sentence, fields)
    warning = f"no page was opened ({why_not_opened})"
    return Said(sentence, fields, warnings=(warning,), exit_code=FAILED)
