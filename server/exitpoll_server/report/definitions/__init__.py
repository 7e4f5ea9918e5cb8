"""What each figure means, in one or two plain sentences. docs/figures.md holds the long form."""

from __future__ import annotations

from exitpoll_server.report.definitions import first, reasons, survival, tenure, themes, use

DEFINITIONS: dict[str, str] = {
    **first.DEFINITIONS,
    **reasons.DEFINITIONS,
    **survival.DEFINITIONS,
    **tenure.DEFINITIONS,
    **use.DEFINITIONS,
    **themes.DEFINITIONS,
}
"""By the name that a figure carries: its section, a full stop, and its own. In English: who shows
one says it in the language in force."""
