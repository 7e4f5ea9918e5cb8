"""The wire: every message between agent and server, its limits, and the survey's address.

Agents in the field are never changed, so what is written here is for good: fields may be
added, never renamed, removed or given another meaning. `tests/contract/v1/` holds one golden
message of each kind. Both halves import this module; it needs nothing but the standard library.

Instants are aware datetimes in UTC and travel as ISO 8601 with a Z; days are UTC dates as the
agent labelled them; ids are UUIDs.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Any, Literal, TypeAlias
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit
from uuid import UUID

UTC = timezone.utc

PROTOCOL = 1
"""The value of `exitpoll` in every answer of ours: how an agent knows us from a captive portal."""

PINGS_PATH = "/v1/pings"
UNINSTALLS_PATH = "/v1/uninstalls"
ERASURES_PATH = "/v1/erasures"
PAGE_PATH = "/u"

MAX_BODY_BYTES = 64 * 1024
"""400 rows of a launch count are about 30 KB; twice that leaves room for every other field."""

MAX_ROWS = 400
"""A year of one version a day, with room for updates. More rows are split over several pings."""

MAX_LAUNCHES_A_ROW = 10_000
"""One launch every nine seconds, day and night. Maxima are sticky, so more is refused."""

MAX_EVENT_CHARS = 1_500
"""Address bars, shells and Windows' ShellExecute cut somewhere above 2,000 characters."""

MAX_COMMENT_CHARS = 4_000
MAX_SLUG_CHARS = 40
"""Windows allows 260 characters a path, and the user's own folder takes its share."""
HASH_CHARS = 8
"""Enough to keep the few products, or hosts, of one person apart; the hash never leaves."""
MAX_MILESTONES = 50
MAX_ATTRIBUTES = 20
MAX_NAME_CHARS = 64
"""The name of a milestone, an attribute or a reason."""
MAX_ATTRIBUTE_CHARS = 200

TEXT_LIMITS: Mapping[str, int] = {
    "version": 64,
    "channel": 64,
    "edition": 64,
    "source": 200,
    "os": 64,
    "arch": 32,
    "locale": 35,  # BCP 47 recommends room for 35
    "agent": 32,
    "installed_version": 64,
    "customer": 200,
}
"""The most characters of each free text of the envelope."""

Consent: TypeAlias = Literal["none", "exit", "full"]
Origin: TypeAlias = Literal["new", "upgrade", "unknown"]
Context: TypeAlias = Literal["remove", "unknown"]
Asked: TypeAlias = Literal["page", "installer", "no"]
NotAsked: TypeAlias = Literal[
    "unattended", "no_session", "elevated", "no_display", "policy", "consent", "ci"
]
Scope: TypeAlias = Literal["user", "machine"]
Attribute: TypeAlias = str | int | float | bool | None

TENURE_STEPS_HOURS = (0, 1, 24, 7 * 24, 30 * 24, 90 * 24, 365 * 24)
LAUNCHES_STEPS = (0, 1, 2, 10, 100, 1_000)
"""The coarse steps that consent `exit` allows; a step is named by its lower end."""


def coarse(value: float, steps: tuple[int, ...]) -> int:
    """Return the lower end of the step that `value` lies in (the first step if below all)."""
    return max((step for step in steps if step <= value), default=steps[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class DayCount:
    """Launches of one counter on one UTC day by one version; 0 means "ran that day"."""

    day: date
    version: str
    launches: int


@dataclass(frozen=True, kw_only=True)
class Ping:
    """What one counter knows and the server has not confirmed. Optional fields may be null."""

    installation_id: UUID
    counter: UUID | None = None
    """One person's profile on one host; null under consent `exit`."""
    seq: int
    """Grows with every message of the counter: orders what changes (version, edition, …)."""
    sent_at: datetime
    consent: Consent
    test: bool = False
    """A rehearsal: stored apart, never in a report."""
    version: str | None = None
    channel: str | None = None
    edition: str | None = None
    source: str | None = None
    os: str | None = None
    arch: str | None = None
    locale: str | None = None
    agent: str | None = None
    origin: Origin = "unknown"
    installed_at: datetime | None = None
    installed_version: str | None = None
    counted_since: datetime | None = None
    launches_total: int | None = None
    first_launch_day: date | None = None
    last_launch_day: date | None = None
    days: tuple[DayCount, ...] = ()
    milestones: Mapping[str, date] = field(default_factory=dict)
    customer: str | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a person answered; every field optional."""

    reason: str | None = None
    comment: str | None = None
    score: int | None = None
    """0 to 10."""


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """The `uninstall` block: how an installation ended."""

    uninstall_id: UUID
    at: datetime
    context: Context = "unknown"
    asked: Asked = "no"
    not_asked: NotAsked | None = None
    scope: Scope | None = None
    answers: Answers | None = None
    tenure_step: int | None = None
    """Under consent `exit` only: hours since install, as one of `TENURE_STEPS_HOURS`."""
    launches_step: int | None = None
    """Under consent `exit` only: launches in all, as one of `LAUNCHES_STEPS`."""


@dataclass(frozen=True, kw_only=True)
class UninstallEvent(Ping):
    """The envelope of a ping with how the installation ended."""

    uninstall: Leaving


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """A person's wish to have everything of an installation deleted; its id is the capability."""

    installation_id: UUID
    test: bool = False
    """Only what rehearsals left is deleted, and nothing is kept out afterwards."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the server asks of every agent of a product; cached by the agent for offline use."""

    collection: bool = True
    survey: bool = True
    interval_hours: int = 24
    resend_since: date | None = None
    """Rows of this day and later are sent again: the server was restored from a backup."""
    move_to: str | None = None
    """A new address, taken only over verified TLS from the configured one."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A question that the product may put to the person while the product is in use."""

    survey: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """The answer to an accepted message: only this confirms anything."""

    exitpoll: int = PROTOCOL
    ignored: tuple[str, ...] = ()
    """Rows and optional fields that were left out, by name: `days.3`, `locale`."""
    policy: Policy = field(default_factory=Policy)
    prompt: Prompt | None = None
    received: Mapping[str, Any] | None = None
    """Of a message marked `test` only: what of it was taken in, as JSON."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The answer to a message that will never be accepted as it is."""

    code: str
    message: str
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exitpoll: int = PROTOCOL


Message: TypeAlias = Ping | UninstallEvent | Erasure | Confirmation | Refusal


# -- to and from JSON ----------------------------------------------------------------------


def to_json(message: Message) -> bytes:
    """Write a message as the JSON that travels: every field, in the order declared here."""
    return json.dumps(plain(message), ensure_ascii=False, separators=(",", ":")).encode()


def confirmation_from_json(body: bytes) -> Confirmation | None:
    """Read an answer; None where it is not ours, whatever its status said.

    Unknown fields are ignored and a policy that cannot be read is the default one: a newer
    server must be able to talk to this agent.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or answer.get("exitpoll") != PROTOCOL:
        return None
    if isinstance(answer["exitpoll"], bool):  # true equals 1 in Python, and is not ours
        return None
    ignored, received = answer.get("ignored"), answer.get("received")
    return Confirmation(
        ignored=tuple(str(name) for name in ignored) if isinstance(ignored, list) else (),
        policy=policy_from(answer.get("policy")),
        prompt=_prompt_from(answer.get("prompt")),
        received=received if isinstance(received, dict) else None,
    )


def policy_from(value: object) -> Policy:
    """Read a policy, keeping the default of whatever field is missing or makes no sense."""
    if not isinstance(value, dict):
        return Policy()
    default = Policy()
    collection, survey = value.get("collection"), value.get("survey")
    interval, move_to = value.get("interval_hours"), value.get("move_to")
    try:
        resend_since = date.fromisoformat(value["resend_since"])
    except (KeyError, TypeError, ValueError):
        resend_since = None
    return Policy(
        collection=collection if isinstance(collection, bool) else default.collection,
        survey=survey if isinstance(survey, bool) else default.survey,
        interval_hours=interval
        if isinstance(interval, int) and not isinstance(interval, bool) and interval > 0
        else default.interval_hours,
        resend_since=resend_since,
        move_to=move_to if isinstance(move_to, str) else None,
    )


INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{3}(?:\d{3})?)?)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
"""How an instant is written: the notations of later Pythons are none of the wire's."""


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant as aware UTC.

    Raises:
        ValueError: no such instant, or no offset: an instant without one is a guess.
    """
    # Later Pythons read other notations too; the wire has one.
    if not INSTANT.fullmatch(text):
        raise ValueError(f"{text!r} is no instant such as 2026-11-20T08:30:00Z")
    if text[-1] in "Zz":
        text = text[:-1] + "+00:00"
    return datetime.fromisoformat(text).astimezone(UTC)


def format_instant(instant: datetime) -> str:
    """Write an aware instant as ISO 8601 in UTC, to the second, or finer where it is finer."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(value: object) -> Any:  # noqa: ANN401 - JSON is Any
    """Return dataclasses, mappings, tuples, instants, days and ids as JSON has them."""
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _prompt_from(value: object) -> Prompt | None:
    if not isinstance(value, dict):
        return None
    survey, address = value.get("survey"), value.get("address")
    if not isinstance(survey, str) or not isinstance(address, str):
        return None
    return Prompt(survey=survey, address=address)


# -- the address that a developer configures -----------------------------------------------

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class AddressError(ValueError):
    """The configured address cannot be used; says what it should look like."""


@dataclass(frozen=True)
class Address:
    """Where a product's messages go: `https://<product_key>@feedback.example.com`."""

    product_key: str
    base: str
    """Scheme, host, port and path, without a slash at the end."""

    def url(self, path: str) -> str:
        """Return the full URL of one of our paths."""
        return self.base + path

    def page(self, event: str) -> str:
        """Return the survey page's address for a compact event."""
        return f"{self.base}{PAGE_PATH}/{quote(self.product_key, safe='')}/{event}"

    def link(self, said: Mapping[str, str]) -> str:
        """Return the plain address of a page, with what it says of the copy."""
        return f"{self.base}{PAGE_PATH}/{quote(self.product_key, safe='')}?{urlencode(said)}"

    def serves(self, url: str) -> bool:
        """Whether a page is of this very origin, written as one expects an address to be."""
        origin = "/".join(self.base.split("/")[:3])
        # What browsers read differently from us (\\, spaces, other scripts) has no business in it.
        is_plain = all("!" <= character <= "~" and character != "\\" for character in url)
        return is_plain and url.startswith(f"{origin}/")

    def __str__(self) -> str:
        scheme, rest = self.base.split("://", 1)
        return f"{scheme}://{quote(self.product_key, safe='')}@{rest}"


def folder_name(product: str, product_key: str) -> str:
    """Return how the folder of a product's state is called, with a mark that is its own."""
    # Names in other scripts leave an empty one: the mark beside it tells them apart.
    plain_name = re.sub(r"[^a-z0-9]+", "-", product.lower())[:MAX_SLUG_CHARS].strip("-")
    return f"{plain_name or 'product'}-{short_hash(f'{product_key} {product}')}"


def short_hash(text: str) -> str:
    """Return a mark for a text, to keep few of them apart."""
    import hashlib  # noqa: PLC0415 - most launches need no place

    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:HASH_CHARS]


def parse_address(text: str) -> Address:
    """Read the one string that a developer configures.

    Raises:
        AddressError: no product key, no host, or plain http to another machine.
    """
    wanted = "it should look like https://PRODUCT-KEY@feedback.example.com"
    try:
        parts = urlsplit(text.strip())
        host = _host_of(parts)
    except ValueError as error:
        raise AddressError(f"the address {text!r} cannot be read ({error}); {wanted}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise AddressError(f"the address {text!r} is no web address; {wanted}")
    if not parts.username:
        raise AddressError(f"the address {text!r} has no product key; {wanted}")
    if not all("!" <= character <= "~" for character in unquote(parts.username)):
        raise AddressError(f"the product key in {text!r} has characters of no key; {wanted}")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise AddressError(f"the address {text!r} is not encrypted; {wanted}")
    base = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
    return Address(product_key=unquote(parts.username), base=base)


def _host_of(parts: SplitResult) -> str:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port is not None else host


# -- the compact event of the survey's address ---------------------------------------------

EVENT_VERSION = "1"


class EventDamagedError(ValueError):
    """The compact event of an address cannot be read; says which part."""


# The fields of the compact event, in its order. Append only: agents in the field write it.
# Without days, customer, attributes, milestones: the address may end up in a browser's history.
_ENVELOPE_FIELDS = (
    "installation_id",
    "counter",
    "seq",
    "sent_at",
    "consent",
    "test",
    "version",
    "channel",
    "edition",
    "source",
    "os",
    "arch",
    "locale",
    "agent",
    "origin",
    "installed_at",
    "installed_version",
    "counted_since",
    "launches_total",
    "first_launch_day",
    "last_launch_day",
)
_LEAVING_FIELDS = (
    "uninstall_id",
    "at",
    "context",
    "asked",
    "not_asked",
    "scope",
    "tenure_step",
    "launches_step",
)
_GIVEN_UP_FIRST = (
    "source",
    "channel",
    "edition",
    "installed_version",
    "agent",
    "arch",
    "os",
    "locale",
    "version",
)
"""Texts left out, in this order, where the vendor's texts are too long for an address."""


def encode_event(event: UninstallEvent) -> str:
    """Write an event for the survey's address: version, payload and checksum, parted by dots.

    Never longer than `MAX_EVENT_CHARS`: texts are left out in a fixed order until it fits.
    """
    envelope, leaving = plain(event), plain(event.uninstall)
    for name in (None, *_GIVEN_UP_FIRST):
        if name is not None:
            envelope[name] = None
        values = [envelope[name] for name in _ENVELOPE_FIELDS]
        values += [leaving[name] for name in _LEAVING_FIELDS]
        packed = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
        payload = f"{EVENT_VERSION}.{_base64(packed)}"
        text = f"{payload}.{_checksum(payload)}"
        if len(text) <= MAX_EVENT_CHARS:
            break
    return text


def decode_event(text: str) -> dict[str, object]:
    """Read the compact event of an address as the JSON object of an `UninstallEvent`.

    What the fields hold is for the schemas to validate, as with an event by any other way.

    Raises:
        EventDamagedError: too long, cut, altered, or of a version not known here.
    """
    if len(text) > MAX_EVENT_CHARS:
        raise EventDamagedError("the event is longer than any that an agent writes")
    payload, dot, checksum = text.rpartition(".")
    version, _, packed = payload.partition(".")
    if not dot or checksum != _checksum(payload):
        raise EventDamagedError("the event is cut or altered: its checksum does not fit")
    if version != EVENT_VERSION:
        raise EventDamagedError(f"the event is of version {version!r}, which is not known here")
    try:
        values = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    except (ValueError, RecursionError) as error:
        raise EventDamagedError(f"the event cannot be read: {error}") from None
    if not isinstance(values, list):
        raise EventDamagedError("the event is no list of fields")
    # Fewer values are an older agent's, more a newer one's.
    named = dict(zip((*_ENVELOPE_FIELDS, *_LEAVING_FIELDS), values, strict=False))
    leaving = {name: named.pop(name) for name in _LEAVING_FIELDS if name in named}
    return {**named, "uninstall": leaving}


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _checksum(text: str) -> str:
    return _base64(zlib.crc32(text.encode()).to_bytes(4, "big"))
