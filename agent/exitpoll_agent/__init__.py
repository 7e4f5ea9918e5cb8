"""The agent of Exitpoll: counts launches and says when a product is uninstalled.

As a program it is `exitpoll-agent`; for products written in Python its commands are functions of
this package (`exitpoll_agent.api`).
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself costs a tenth of the program's launch
if TYPE_CHECKING:
    from exitpoll_agent.api import (
        Failed,
        choose,
        consent,
        doctor,
        erase,
        feedback,
        finish,
        install,
        launch,
        milestone,
        prompt,
        status,
        uninstall,
    )

__version__ = "0.1.0"

__all__ = [
    "Failed",
    "choose",
    "consent",
    "doctor",
    "erase",
    "feedback",
    "finish",
    "install",
    "launch",
    "milestone",
    "prompt",
    "status",
    "uninstall",
]


def __getattr__(name: str) -> object:
    """Import the functions where they are first used: the program's own launch needs none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from exitpoll_agent import api  # noqa: PLC0415

    return getattr(api, name)
