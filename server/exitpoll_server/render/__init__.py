"""A report as terminal text, JSON or a page, each a function to a string; or as a table."""

from exitpoll_server.render.as_json import as_json
from exitpoll_server.render.as_page import as_page
from exitpoll_server.render.as_table import as_table
from exitpoll_server.render.as_text import as_text

__all__ = ["as_json", "as_page", "as_table", "as_text"]
