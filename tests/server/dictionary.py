"""The field dictionary: the tables of docs/privacy.md, as the server has them.

`python -m tests.server.dictionary` writes it anew. It is made from the page, and never by hand: the
page is what tests compare with the messages.
"""

from __future__ import annotations

import json

from tests.contract.test_privacy import table

from exitpoll_server import dictionary

MESSAGES = ("Ping", "UninstallEvent", "Erasure")


def as_json() -> str:
    """Return the dictionary as the page has it."""
    fields = [
        {"message": message, "name": name, **dict(zip(said.columns[1:], row[1:], strict=True))}
        for message in MESSAGES
        for said in [table(message)]
        for name, row in said.rows.items()
    ]
    return json.dumps(fields, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    dictionary.FILE.write_text(as_json(), "utf-8")
