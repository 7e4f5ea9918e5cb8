"""Which kits there are, what each can do, and what a developer chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from exitpoll_agent.wire import Address
from exitpoll_server.questions import Survey

Scope: TypeAlias = Literal["user", "machine"]
Consent: TypeAlias = Literal["ask", "full", "exit", "none"]
Asking: TypeAlias = Literal["ask", "open", "no"]
"""On a page of the uninstaller's own; on the survey's page, without a question before it; never."""

SCOPES: tuple[Scope, ...] = get_args(Scope)
CONSENTS: tuple[Consent, ...] = get_args(Consent)
ASKING: tuple[Asking, ...] = get_args(Asking)

Platform: TypeAlias = str
"""A system and a processor, such as `linux-x86_64`; or one of these two:"""
ANY: Platform = "any"
"""Every one with Python: the agent as its source."""
LIBRARY: Platform = "library"
"""The product is written in Python, and depends on the agent's library."""

WINDOWS = ("windows-x86_64", "windows-arm64")
LINUX = ("linux-x86_64", "linux-aarch64")
MACOS = ("macos-arm64", "macos-x86_64")


class KitError(Exception):
    """What was chosen does not go together; says what to choose."""


class NoAgentError(KitError):
    """The server has no agent for a platform yet."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.target = "bundle-windows" if platform.startswith("windows") else "bundle"
        super().__init__(
            f"this server has no agent for {platform} yet: make one with `make {self.target}` in "
            "Exitpoll's source, then: exitpoll agent add "
            f"dist/exitpoll-agent-VERSION-{platform}.tar.xz"
        )


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of kit."""

    meant_for: str
    platforms: tuple[Platform, ...]
    """Of the agents that it can carry the usual one first; none where it carries none."""
    scopes: tuple[Scope, ...] = SCOPES
    asks_consent: tuple[Scope, ...] = ()
    """For whom it asks at install; elsewhere the product does, at its first start."""


KINDS: Mapping[str, Kind] = {
    "link": Kind(meant_for="ten lines, without an agent", platforms=()),
    "inno": Kind(meant_for="Inno Setup", platforms=WINDOWS, asks_consent=("user",)),
    "nsis": Kind(meant_for="NSIS", platforms=WINDOWS, asks_consent=("user",)),
    "msi": Kind(meant_for="Windows Installer", platforms=WINDOWS),
    "deb": Kind(meant_for="Debian and Ubuntu", platforms=(*LINUX, ANY), scopes=("machine",)),
    "rpm": Kind(meant_for="Fedora, SUSE", platforms=(*LINUX, ANY), scopes=("machine",)),
    "script": Kind(
        meant_for="a script of your own",
        platforms=(*LINUX, *WINDOWS, *MACOS, ANY),
        asks_consent=("user",),
    ),
    "python": Kind(
        meant_for="a program installed by pip",
        platforms=(LIBRARY,),
        scopes=("user",),
        asks_consent=("user",),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What a developer chose, of one product."""

    kind: str
    product: str
    address: Address
    survey: Survey
    scope: Scope
    consent: Consent
    asking: Asking
    platform: Platform | None
    language: str
    """In which the ten lines ask: they know one only."""
    lasting_key: str
    """What names the product on people's machines, whatever its key is by now."""

    @classmethod
    def chosen(  # noqa: PLR0913 - what there is to choose
        cls,
        *,
        kind: str,
        product: str,
        address: Address,
        survey: Survey,
        scope: Scope | None = None,
        consent: Consent | None = None,
        asking: Asking = "ask",
        platform: Platform | None = None,
        language: str = "en",
        lasting_key: str | None = None,
    ) -> Kit:
        """Return what was chosen, completed with what is usual for its kind.

        Raises:
            KitError: it does not go together.
        """
        known = KINDS[kind]
        chosen_scope = _scope(kind, known, scope)
        return cls(
            kind=kind,
            product=product,
            address=address,
            survey=survey,
            scope=chosen_scope,
            consent=_consent(kind, known, chosen_scope, consent),
            asking=asking,
            platform=_platform(kind, known, platform),
            language=language,
            lasting_key=lasting_key or address.product_key,
        )


def _scope(kind: str, known: Kind, scope: Scope | None) -> Scope:
    if scope is None:
        return known.scopes[0]
    if scope not in known.scopes:
        raise KitError(f"{kind} installs with --scope {known.scopes[0]} only")
    return scope


def _consent(kind: str, known: Kind, scope: Scope, consent: Consent | None) -> Consent:
    """Return the consent that was chosen: nobody's data is sent for want of a decision."""
    if not known.platforms:
        return "none"
    if scope in known.asks_consent:
        return consent or "ask"
    if consent in ("full", "exit", "none"):
        return consent
    raise KitError(
        f"{kind} with --scope {scope} asks nobody at install: choose --consent full (launches and "
        "the uninstall), exit (the uninstall alone) or none (nothing, until the product has asked: "
        "docs/integrating.md, Consent)"
    )


def _platform(kind: str, known: Kind, platform: Platform | None) -> Platform | None:
    if not known.platforms:
        if platform is not None:
            raise KitError(f"{kind} carries no agent: leave out --platform")
        return None
    if platform is not None and platform not in known.platforms:
        raise KitError(f"{kind} carries an agent for {', '.join(known.platforms)}")
    return platform or known.platforms[0]
