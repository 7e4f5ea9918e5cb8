"""What the developer configured: `exitpoll.toml`, overridden by the environment."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar, get_args

from exitpoll_agent import order, surroundings, texts, wire
from exitpoll_agent.places import Places

PREFIX = order.PREFIX


IN_THE_ENVIRONMENT = (
    "address",
    "product",
    "version",
    "channel",
    "edition",
    "source",
    "scope",
    "consent",
    "origin",
    "installed_at",
    "installed_version",
    "customer",
    "containers",
    "first_key",
)
"""What `EXITPOLL_<NAME>` may override; an empty variable counts as not set."""
IN_THE_FILE = (*IN_THE_ENVIRONMENT, "attributes", "texts")

T = TypeVar("T")


class ConfigError(Exception):
    """The configuration cannot be used; one sentence says what to change."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """One product's settings, valid as they stand."""

    address: wire.Address
    product: str
    version: str
    channel: str | None = None
    edition: str | None = None
    source: str | None = None
    scope: wire.Scope | None = None
    consent: wire.Consent = "full"
    """The vendor's word; the person's and others' may only be stricter (`consents.decide`)."""
    do_not_track: bool = False
    """Whether `DO_NOT_TRACK` is set, which many programs keep to."""
    origin: wire.Origin = "unknown"
    installed_at: datetime | None = None
    installed_version: str | None = None
    customer: str | None = None
    attributes: Mapping[str, wire.Attribute] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The vendor's own words, by language, `""` for all others, and then by `texts.NAMES`."""
    state_folder: Path
    machine_folder: Path
    """Where an installer that installs for everybody on the machine keeps what they share."""
    note_file: Path
    """What an uninstaller that may be part of an upgrade leaves for the next version."""
    not_counted: surroundings.NotCounted | None = None
    """What of the agent's surroundings forbids to count here."""


@dataclass(frozen=True)
class _Setting:
    value: object
    where: str
    """How the person who has to change it would name it."""


def load(
    path: Path | None, environment: Mapping[str, str], given: Mapping[str, object] | None = None
) -> Config:
    """Read the configuration.

    Args:
        path: the file of `--config`; without it `EXITPOLL_CONFIG`, then `exitpoll.toml` beside
            the frozen program or in the current folder, which may be missing.
        environment: `os.environ`.
        given: settings by name that a program gives, over the file's and under the environment's.

    Raises:
        ConfigError: nothing that could be used, or a value that makes no sense.
    """
    settings = {
        **_from_file(path, environment),
        **_given(given or {}),
        **_from_environment(environment),
    }
    address = _address(settings.get("address"))
    product = _text(settings.get("product")) or address.product_key
    # A product that was given another key since keeps its folders.
    first_key = _text(settings.get("first_key")) or address.product_key
    theirs = Places.of(product, first_key, environment)
    if not theirs.state.is_absolute() and not environment.get(PREFIX + "STATE_DIR"):
        raise ConfigError(f"no home folder is known: set {PREFIX}STATE_DIR")
    containers = _choice(
        settings.get("containers"), get_args(surroundings.Containers), surroundings.CONTAINERS
    )
    return Config(
        address=address,
        product=product,
        version=_version(settings.get("version")),
        channel=_text(settings.get("channel"), wire.TEXT_LIMITS["channel"]),
        edition=_text(settings.get("edition"), wire.TEXT_LIMITS["edition"]),
        source=_text(settings.get("source"), wire.TEXT_LIMITS["source"]),
        scope=_choice(settings.get("scope"), get_args(wire.Scope), None),
        consent=_choice(settings.get("consent"), get_args(wire.Consent), "full"),
        do_not_track=environment.get("DO_NOT_TRACK", "").strip() not in ("", "0"),
        origin=_choice(settings.get("origin"), get_args(wire.Origin), "unknown"),
        installed_at=_instant(settings.get("installed_at")),
        installed_version=_text(
            settings.get("installed_version"), wire.TEXT_LIMITS["installed_version"]
        ),
        customer=_text(settings.get("customer"), wire.TEXT_LIMITS["customer"]),
        attributes=_attributes(settings.get("attributes")),
        texts=_texts(settings.get("texts")),
        state_folder=theirs.state,
        machine_folder=theirs.machine,
        note_file=theirs.note,
        not_counted=surroundings.why_not_counted(theirs.state, containers, environment),
    )


# -- where settings come from --------------------------------------------------------------


def _from_file(path: Path | None, environment: Mapping[str, str]) -> dict[str, _Setting]:
    named = path or environment.get(PREFIX + "CONFIG")
    file = place(path, environment)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if not named:
            return {}
        raise ConfigError(f"there is no configuration file {file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the configuration file {file} cannot be read: {error}") from None
    values = parse_toml(file, text)
    _only_known(values, file)
    return {name: _Setting(value, f"{name!r} in {file}") for name, value in values.items()}


def place(path: Path | None, environment: Mapping[str, str]) -> Path:
    """Return the file that `load` reads, which may be missing; arguments as there."""
    return path or Path(order.config_file(environment))


def _given(values: Mapping[str, object]) -> dict[str, _Setting]:
    _only_known(values, "the program")
    return {name: _Setting(value, f"the argument {name!r}") for name, value in values.items()}


def _only_known(values: Mapping[str, object], who: object) -> None:
    for name in values:
        if name not in IN_THE_FILE:
            known = ", ".join(IN_THE_FILE)
            raise ConfigError(f"{who} sets {name!r}, which is unknown; known are {known}")


def parse_toml(file: Path, text: str) -> dict[str, object]:
    """Parse what a file holds.

    Raises:
        ConfigError: it is no TOML.
    """
    # Imported here: an agent that is configured by its environment need not pay for a parser.
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415
    else:
        import tomli as tomllib  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415
    try:
        return dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is no valid TOML: {error}") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, _Setting]:
    variables = {name: PREFIX + name.upper() for name in IN_THE_ENVIRONMENT}
    return {
        name: _Setting(environment[variable], variable)
        for name, variable in variables.items()
        if environment.get(variable)
    }


# -- one function a kind of value ----------------------------------------------------------


def _address(setting: _Setting | None) -> wire.Address:
    text = _text(setting)
    if text is None:
        raise ConfigError(
            f"no address is configured: set address in {order.CONFIG_NAME} or {PREFIX}ADDRESS"
            " to https://PRODUCT-KEY@feedback.example.com"
        )
    try:
        return wire.parse_address(text)
    except wire.AddressError as error:
        raise ConfigError(str(error)) from None


def _version(setting: _Setting | None) -> str:
    version = _text(setting, wire.TEXT_LIMITS["version"])
    if version is None:
        raise ConfigError(
            f"no version is configured: set version in {order.CONFIG_NAME} or {PREFIX}VERSION"
        )
    return version


def _text(setting: _Setting | None, limit: int | None = None) -> str | None:
    if setting is None:
        return None
    if not isinstance(setting.value, str):
        raise ConfigError(f"{setting.where} must be a text in quotes, not {setting.value!r}")
    text = setting.value.strip()
    if limit is not None and len(text) > limit:
        raise ConfigError(f"{setting.where} has {len(text)} characters; at most {limit} fit")
    if not _can_travel(text):
        raise ConfigError(f"{setting.where} is not valid UTF-8: {text!a}")
    return text or None


def _can_travel(text: str) -> bool:
    # Undecodable bytes of the environment arrive as lone surrogates, which JSON cannot carry.
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _choice(setting: _Setting | None, choices: tuple[T, ...], default: T) -> T:
    if setting is None:
        return default
    for choice in choices:
        if choice == setting.value:
            return choice
    known = ", ".join(str(choice) for choice in choices)
    raise ConfigError(f"{setting.where} must be one of {known}, not {setting.value!r}")


def _instant(setting: _Setting | None) -> datetime | None:
    if setting is None:
        return None
    if isinstance(setting.value, datetime) and setting.value.tzinfo is not None:
        return setting.value.astimezone(wire.UTC)
    try:
        return wire.parse_instant(str(setting.value))
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{setting.where} must be an instant like 2026-11-20T09:30:00Z,"
            f" not {str(setting.value)!r}"
        ) from None


def _attributes(setting: _Setting | None) -> dict[str, wire.Attribute]:
    if setting is None:
        return {}
    if not isinstance(setting.value, dict):
        raise ConfigError(f"{setting.where} must be a table")
    if len(setting.value) > wire.MAX_ATTRIBUTES:
        raise ConfigError(
            f"{setting.where} has {len(setting.value)} entries; at most {wire.MAX_ATTRIBUTES} fit"
        )
    return {
        _attribute_name(name, setting.where): _attribute(name, value, setting.where)
        for name, value in setting.value.items()
    }


def _attribute_name(name: str, where: str) -> str:
    if not 0 < len(name) <= wire.MAX_NAME_CHARS:
        raise ConfigError(
            f"the name {name!r} of {where} must have 1 to {wire.MAX_NAME_CHARS} characters"
        )
    return name


def _attribute(name: str, value: object, where: str) -> wire.Attribute:
    if isinstance(value, str):
        return _text(_Setting(value, f"{name!r} of {where}"), wire.MAX_ATTRIBUTE_CHARS)
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ConfigError(f"{name!r} of {where} must be a text, a number, true or false")


def _texts(setting: _Setting | None) -> dict[str, dict[str, str]]:
    if setting is None:
        return {}
    try:
        return texts.by_language(setting.value)
    except ValueError as error:
        raise ConfigError(f"{setting.where}: {error}") from None
