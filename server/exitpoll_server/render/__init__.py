"""A report as terminal text, JSON or a page: each a function from a report to a string."""

from exitpoll_server.render.as_json import as_json
from exitpoll_server.render.as_page import as_page
from exitpoll_server.render.as_text import as_text

__all__ = ["as_json", "as_page", "as_text"]
