"""What may be written and sent: the strictest word of everybody who has a say, and whose it is.

The vendor, the person, `DO_NOT_TRACK` and an administrator each may only narrow what the others
allow. A word that was given and cannot be read counts as `none`: damage never widens consent.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from exitpoll_agent import lock, order, statefile, wire
from exitpoll_agent.config import Config, ConfigError, parse_toml

NAME = "consent.json"
"""The person's own choice; a file of its own, so that a refusal needs no installation."""

POLICY_FILE = Path(order.POLICY_FILE)

STRICTEST_FIRST: tuple[wire.Consent, ...] = ("none", "exit", "full")

Who: TypeAlias = Literal["person", "do_not_track", "administrator", "vendor"]


@dataclass(frozen=True, kw_only=True)
class Word:
    """What one of them says."""

    who: Who
    consent: wire.Consent
    because: str
    """Where it was said, for whoever wants to change it."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The consent that holds, and how it came about."""

    consent: wire.Consent
    decided_by: Who
    words: tuple[Word, ...]
    """Of everybody who said something, the person first."""


def decide(config: Config) -> Decision:
    """Return the consent that holds; where several are equally strict, the person decided.

    Raises:
        statefile.NewerError: a newer agent wrote the person's choice.
        OSError: the person's choice is there and cannot be read.
    """
    said = (_persons(config.state_folder), _environments(config), _administrators())
    vendors = Word(who="vendor", consent=config.consent, because="the product's own setting")
    words = (*(word for word in said if word is not None), vendors)
    strictest = min(words, key=lambda word: STRICTEST_FIRST.index(word.consent))
    return Decision(consent=strictest.consent, decided_by=strictest.who, words=words)


def choose(folder: Path, chosen: wire.Consent) -> None:
    """Write down what the person chose, twice.

    Raises:
        OSError: it cannot be written.
    """
    statefile.make_private(folder)
    # Where nobody ever took the lock nothing was counted, and a refusal leaves nothing but itself.
    is_in_use = (folder / lock.NAME).exists()
    with statefile.locked(folder) if is_in_use else contextlib.nullcontext():
        statefile.write_twice(folder / NAME, {"consent": chosen})


def forget_but_a_refusal(folder: Path) -> None:
    """Delete the person's choice where it refuses nothing, under the lock."""
    said = _persons(folder)
    if said is not None and said.consent == "full":
        for file in (folder / NAME, statefile.copy_of(folder / NAME)):
            file.unlink(missing_ok=True)


def heal(folder: Path) -> None:
    """Make both files of the person's choice say what the sound one says, under the lock.

    Where neither is sound they stay as they are: without them the vendor's word would hold.
    """
    with contextlib.suppress(statefile.DamagedError):
        if statefile.read_twice(folder / NAME, _parsed) is not None:
            statefile.heal(folder / NAME, _parsed)


# -- who has a say -------------------------------------------------------------------------


def _persons(folder: Path) -> Word | None:
    try:
        chosen = statefile.read_twice(folder / NAME, _parsed)
    except statefile.DamagedError as error:
        return Word(who="person", consent="none", because=f"{error}, so it counts as a refusal")
    if chosen is None:
        return None
    return Word(who="person", consent=chosen, because="chosen with exitpoll-agent consent")


def _environments(config: Config) -> Word | None:
    if not config.do_not_track:
        return None
    return Word(who="do_not_track", consent="none", because="DO_NOT_TRACK is set")


def _administrators() -> Word | None:
    """Read the policy of the machine; one that makes no sense forbids everything."""
    if sys.platform == "win32":
        where, value = f"HKEY_LOCAL_MACHINE\\{order.POLICY_KEY}", order.registry_policy()
    else:
        where, value = str(POLICY_FILE), _in_policy_file()
    if value is None:
        return None
    for consent in STRICTEST_FIRST:
        if consent == value:
            return Word(who="administrator", consent=consent, because=f"the policy in {where}")
    because = f"the policy in {where} cannot be understood ({value}), so it forbids everything"
    return Word(who="administrator", consent="none", because=because)


def _in_policy_file() -> object:
    """Return what the policy says; None where there is none, or it says nothing of consent."""
    try:
        text = POLICY_FILE.read_text(encoding="utf-8-sig")
        return parse_toml(POLICY_FILE, text).get("consent")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, ConfigError) as error:
        return error


def _parsed(value: Mapping[str, Any]) -> wire.Consent:
    chosen: wire.Consent = value["consent"]
    if chosen not in get_args(wire.Consent):
        raise ValueError(f"{chosen!r} is no consent")
    return chosen
