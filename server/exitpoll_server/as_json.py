"""How the application writes and reads JSON: with orjson, which knows UUIDs, instants and days."""

from __future__ import annotations

from typing import Any

import orjson
from flask.json.provider import JSONProvider


class Orjson(JSONProvider):
    """Flask's way to JSON."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:  # noqa: ANN401 - as Flask has it
        """Write anything that JSON can say."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:  # noqa: ANN401 - as Flask has it
        """Read JSON."""
        return orjson.loads(s)
