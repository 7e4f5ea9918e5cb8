"""Comments grouped into themes."""

from __future__ import annotations

from exitpoll_server.speech import N_

DEFINITIONS: dict[str, str] = {
    "themes.comments": N_(
        "Comments that share the theme's word, or have the words of the vendor's own theme; "
        "each comment is in one theme at most."
    ),
    "themes.reason": N_("Of a theme's comments, how many came with this reason."),
    "themes.wants_answer": N_("Of a theme's comments, how many left an address to be answered."),
    "themes.not_grouped": N_(
        "Comments that share no word with another one that is left, or that say nothing."
    ),
}
