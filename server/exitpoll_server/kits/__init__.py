"""What a developer bundles: a folder with the agent, its settings, an include and a sample.

The parts lie in installer/; here they are filled in for one product.
"""

from __future__ import annotations

from exitpoll_server.kits.archives import AgentError, Packed, agent_for, opened
from exitpoll_server.kits.kinds import KINDS, Kit, KitError, NoAgentError, Platform
from exitpoll_server.kits.writing import slug, write

__all__ = [
    "KINDS",
    "AgentError",
    "Kit",
    "KitError",
    "NoAgentError",
    "Packed",
    "Platform",
    "agent_for",
    "opened",
    "slug",
    "write",
]
