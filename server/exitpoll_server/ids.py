"""Ids that are no UUIDs: a vendor's own, in imports and plain links."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

_NAMESPACE = uuid5(NAMESPACE_URL, "https://exitpoll.example/installation")
"""Never change it: the ids in every store hang on it."""


def stable_uuid(text: str) -> UUID:
    """Return the UUID that a vendor's own id always means; a UUID is itself."""
    try:
        return UUID(text)
    except ValueError:
        return uuid5(_NAMESPACE, text)
