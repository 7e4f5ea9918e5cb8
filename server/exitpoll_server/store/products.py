"""Products and the server's own secret."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select, update

from exitpoll_agent.wire import Policy
from exitpoll_server.store import tables
from exitpoll_server.store.arrivals import day_of, insert
from exitpoll_server.store.instants import from_day

DEFAULT_RETENTION_DAYS = 730
"""Two years without a sign of life: longer than a licence runs, and than a report looks back."""

KEY_BYTES = 12
"""96 bits: nobody hits upon a key by trying; short enough to read over a telephone."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """A measured software and its settings."""

    id: int
    name: str
    key: str
    """Public and write-only: whoever has it can send messages, and read nothing. The newest."""
    stopped_after_days: int
    trial_days: int | None
    window_days: int = 28
    """Health looks at so many days, and at as many before them."""
    good_days: int = 8
    """So many days of use within them make it good."""
    success_milestone: str | None = None
    """What must have been reached for it; None where use alone says enough."""
    first_key: str | None = None
    """What the key was at first, where it is another one by now."""
    policy: Policy = field(default_factory=Policy)
    """What its agents are asked for with every answer."""
    retention_days: int | None = None
    """A copy without a sign of life for so long is let go; None: not before it is erased."""

    @property
    def lasting_key(self) -> str:
        """What names the product outside of this database, whatever its key is by now."""
        return self.first_key or self.key


SETTINGS = (
    "stopped_after_days",
    "trial_days",
    "window_days",
    "good_days",
    "success_milestone",
    "retention_days",
    "collection",
    "survey",
    "interval_hours",
    "resend_since",
    "move_to",
)
"""What a vendor may change of a product at any time; the last ones are its policy."""


@dataclass(frozen=True)
class Arrived:
    """What came of a product so far, rehearsals not counted."""

    installations: int
    uninstalls: int


class ProductExistsError(Exception):
    """There is already a product of that name."""


def create(
    connection: Connection, *, name: str, stopped_after_days: int, trial_days: int | None, now: int
) -> Product:
    """Create a product with a new key.

    Raises:
        ProductExistsError: the name is taken.
    """
    key = new_key()
    table = tables.products
    inserted = connection.execute(
        insert(connection, table)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(table.c.id),
        {
            "name": name,
            "key": key,
            "created_at": now,
            "stopped_after_days": stopped_after_days,
            "trial_days": trial_days,
            "retention_days": DEFAULT_RETENTION_DAYS,
        },
    ).scalar_one_or_none()
    if inserted is None:
        raise ProductExistsError(name)
    keep_key(connection, inserted, key, now)
    return Product(
        id=inserted,
        name=name,
        key=key,
        stopped_after_days=stopped_after_days,
        trial_days=trial_days,
        retention_days=DEFAULT_RETENTION_DAYS,
    )


def new_key() -> str:
    """Return a key that nobody has."""
    # A letter in front: a key that begins with - or looks like a number is mistaken in scripts.
    return "k" + secrets.token_hex(KEY_BYTES)


def keep_key(connection: Connection, product_id: int, key: str, now: int) -> None:
    """Let a key speak for a product from now on."""
    row = {"key": key, "product_id": product_id, "created_at": now}
    connection.execute(tables.product_keys.insert(), row)


def change(connection: Connection, product: Product) -> dict[str, str]:
    """Keep a product's settings, and say which are other ones; name and key stay as they are."""
    table = tables.products
    [before] = _find(connection, id=product.id)
    was, wanted = _settings(before), _settings(product)
    new = {name: wanted[name] for name in SETTINGS if wanted[name] != was[name]}
    if new:
        values = {**new, "resend_since": day_of(product.policy.resend_since)}
        connection.execute(update(table).where(table.c.id == product.id).values(values))
    return {name: str(value) for name, value in new.items()}


def _settings(product: Product) -> dict[str, object]:
    return {**vars(product), **vars(product.policy)}


def arrived(connection: Connection, product_id: int, most: int) -> Arrived:
    """Count what came of a product, up to so many: who waits for the first asks every second."""
    i, u = tables.installations, tables.uninstalls
    copies = select(i.c.id).where(i.c.product_id == product_id, i.c.test.is_(False))
    left = select(u.c.id).where(u.c.installation_id.in_(copies.limit(most)))
    counts = [
        connection.execute(select(func.count()).select_from(rows.limit(most).subquery()))
        for rows in (copies, left)
    ]
    return Arrived(*(one.scalar_one() for one in counts))


def by_id(connection: Connection, number: int) -> list[Product]:
    """Return the product of a number of the store's own, or nothing."""
    return _find(connection, id=number)


def hold(connection: Connection, number: int) -> None:
    """Let nobody else change a product's settings until the transaction ends."""
    table = tables.products
    connection.execute(select(table.c.id).where(table.c.id == number).with_for_update())


def by_name(connection: Connection, name: str) -> Product | None:
    """Return the product of a name."""
    return next(iter(_find(connection, name=name)), None)


def everything(connection: Connection) -> list[Product]:
    """Return all products, by name."""
    # Sorted here: each engine, and each PostgreSQL, has an order of names of its own.
    return sorted(_find(connection), key=lambda product: product.name)


def _find(connection: Connection, **where: object) -> list[Product]:
    table = tables.products
    rows = connection.execute(select(table).filter_by(**where))
    return [
        Product(
            id=row.id,
            name=row.name,
            key=row.key,
            stopped_after_days=row.stopped_after_days,
            trial_days=row.trial_days,
            window_days=row.window_days,
            good_days=row.good_days,
            success_milestone=row.success_milestone,
            first_key=row.first_key,
            policy=Policy(
                collection=row.collection,
                survey=row.survey,
                interval_hours=row.interval_hours,
                resend_since=None if row.resend_since is None else from_day(row.resend_since),
                move_to=row.move_to,
            ),
            retention_days=row.retention_days,
        )
        for row in rows
    ]


def secret(connection: Connection, name: str) -> str:
    """Return a secret of this server, made at first use and the same ever after."""
    table = tables.secrets
    connection.execute(
        insert(connection, table).on_conflict_do_nothing(index_elements=["name"]),
        {"name": name, "value": secrets.token_urlsafe(32)},
    )
    return str(connection.execute(select(table.c.value).where(table.c.name == name)).scalar_one())
