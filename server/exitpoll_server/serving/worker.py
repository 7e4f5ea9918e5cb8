"""What each of granian's worker processes runs."""

from __future__ import annotations

from exitpoll_server import create_app
from exitpoll_server.serving.adapter import Adapter


def application() -> Adapter:
    """Return this worker's application, on the database that the environment names."""
    return Adapter(create_app())
