"""A report as terminal text, JSON or a page, each a function to a string; or as a table."""

from exitpoll_server.render.as_comparison import as_comparison, comparison_table
from exitpoll_server.render.as_json import as_json
from exitpoll_server.render.as_page import Addresses, as_page, as_part, part_style, prepare
from exitpoll_server.render.as_picture import as_picture
from exitpoll_server.render.as_table import as_table
from exitpoll_server.render.as_text import as_text
from exitpoll_server.render.behind import Behind

__all__ = [
    "Addresses",
    "Behind",
    "as_comparison",
    "as_json",
    "as_page",
    "as_part",
    "as_picture",
    "as_table",
    "as_text",
    "comparison_table",
    "part_style",
    "prepare",
]
