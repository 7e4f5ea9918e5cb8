"""A message, by whichever channel: validate, merge, and only then answer.

Merging ends on the disk, and with other messages: what is taken says when it is durable.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID, uuid4, uuid5

from exitpoll_agent import wire
from exitpoll_server import schemas
from exitpoll_server.ids import stable_uuid
from exitpoll_server.questions import Kind
from exitpoll_server.store import Arrival, Channel, Product, Store

Message = TypeVar("Message", wire.Ping, wire.UninstallEvent)


@dataclass
class Taken(Generic[Message]):
    """A message on its way to the disk."""

    message: Message
    ignored: tuple[str, ...]
    """What of it was left out."""
    policy: wire.Policy
    """What its agent is asked for."""
    durable: Future[None]
    """Ends when it may be confirmed; raises BusyError where it could not be stored."""


def take_ping(
    store: Store,
    product: Product,
    data: object,
    now: datetime,
    durable: Future[None] | None = None,
    *,
    key: str | None = None,
) -> Taken[wire.Ping]:
    """Merge a ping; a caller may give the future that ends when it is durable.

    `key` is the product's that it came with; None for the first.

    Raises:
        schemas.InvalidError: its envelope is broken.
        BusyError: more is waiting than can be stored.
    """
    loaded = schemas.load_ping(data)
    message = loaded.message
    if message.consent != "full":
        # Withdrawing consent sends one last message, and it brings no history; its counter puts
        # it in order: a delayed ping must not undo it.
        message = replace(_without_history(message), counter=message.counter)
    arrival = Arrival(
        message=message, channel="agent", received_at=now, product_key=_later(product, key)
    )
    submitted = store.submit(product, arrival, durable)
    return Taken(message, loaded.ignored, product.policy, submitted)


def take_uninstall(  # noqa: PLR0913 - a message, and what is known of its way
    store: Store,
    product: Product,
    data: object,
    now: datetime,
    *,
    channel: Channel,
    durable: Future[None] | None = None,
    key: str | None = None,
) -> Taken[wire.UninstallEvent]:
    """Merge an uninstall event; a caller may give the future that ends when it is durable.

    `key` is the product's that it came with; None for the first.

    Raises:
        schemas.InvalidError: its envelope is broken.
        BusyError: more is waiting than can be stored.
    """
    loaded = schemas.load_uninstall(data)
    message = loaded.message
    if message.consent != "full":
        message = _without_history(message)
    # Under `full` no agent sends steps; whoever does, sends no other number than a step.
    message = replace(message, uninstall=_coarse(message.uninstall))
    arrival = Arrival(
        message=message, channel=channel, received_at=now, product_key=_later(product, key)
    )
    submitted = store.submit(product, arrival, durable)
    return Taken(message, loaded.ignored, product.policy, submitted)


def take_link(
    store: Store,
    product: Product,
    *,
    installation: str | None,
    version: str | None,
    locale: str | None,
    now: datetime,
) -> Taken[wire.UninstallEvent]:
    """Record an uninstall that only a plain link reports.

    Without an id every opening is somebody else; with one, reloads count once.
    """
    installation_id = stable_uuid(installation) if installation else uuid4()
    lifetime = store.withdrawn_uninstalls(product, installation_id, now)
    said = {"version": version, "locale": locale}
    return take_uninstall(
        store,
        product,
        {
            "installation_id": str(installation_id),
            "seq": 0,
            "sent_at": wire.format_instant(now),
            "consent": "exit",
            **said,
            "uninstall": {
                "uninstall_id": str(uuid5(installation_id, f"link {lifetime}")),
                "at": wire.format_instant(now),
                "asked": "page",
            },
        },
        now,
        channel="link",
    )


def open_feedback(  # noqa: PLR0913 - what one address says
    store: Store,
    product: Product,
    kind: Kind,
    *,
    installation: str | None,
    version: str | None,
    locale: str | None,
    now: datetime,
) -> UUID:
    """Record that somebody opened a page while the product is in use; return the page's id."""
    return store.begin_feedback(
        product,
        store.survey(product, kind),
        installation_id=stable_uuid(installation) if installation else None,
        version=schemas.text("version", version),
        locale=schemas.text("locale", locale),
        now=now,
    )


def erase(
    store: Store, product: Product, data: object, now: datetime
) -> tuple[wire.Erasure, tuple[str, ...]]:
    """Delete everything of an installation; return the message with what of it was ignored.

    Raises:
        schemas.InvalidError: it names no installation.
    """
    loaded = schemas.load_erasure(data)
    wish = loaded.message
    if wish.test:
        store.erase_rehearsals(product, wish.installation_id)
    else:
        store.erase(product, wish.installation_id, now)
    return wish, loaded.ignored


def _later(product: Product, key: str | None) -> str | None:
    """Return a key as it is kept: the first one, which nearly all copies have, is none."""
    return None if key == product.lasting_key else key


def _without_history(message: Message) -> Message:
    """Return what consent short of `full` allows; agents send no more, and more is not kept."""
    return replace(
        message,
        counter=None,
        channel=None,
        edition=None,
        source=None,
        arch=None,
        agent=None,
        origin="unknown",
        installed_at=None,
        installed_version=None,
        counted_since=None,
        launches_total=None,
        first_launch_day=None,
        last_launch_day=None,
        days=(),
        milestones={},
        customer=None,
        attributes={},
    )


def _coarse(leaving: wire.Leaving) -> wire.Leaving:
    tenure, launches = leaving.tenure_step, leaving.launches_step
    return replace(
        leaving,
        tenure_step=None if tenure is None else wire.coarse(tenure, wire.TENURE_STEPS_HOURS),
        launches_step=None if launches is None else wire.coarse(launches, wire.LAUNCHES_STEPS),
    )
