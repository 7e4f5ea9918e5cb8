"""A product's logo, as its survey shows it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from exitpoll_server.store import tables


@dataclass(frozen=True, kw_only=True)
class Logo:
    """A raster image."""

    content_type: str
    content: bytes


def find(connection: Connection, product_id: int) -> Logo | None:
    """Return a product's logo, if it has one."""
    table = tables.logos
    row = connection.execute(
        select(table.c.content_type, table.c.content).filter_by(product_id=product_id)
    ).one_or_none()
    return None if row is None else Logo(content_type=row.content_type, content=row.content)


def put(connection: Connection, product_id: int, logo: Logo | None) -> None:
    """Give a product another logo, or none."""
    table = tables.logos
    connection.execute(delete(table).where(table.c.product_id == product_id))
    if logo is not None:
        connection.execute(
            table.insert(),
            {
                "product_id": product_id,
                "content_type": logo.content_type,
                "content": logo.content,
            },
        )
