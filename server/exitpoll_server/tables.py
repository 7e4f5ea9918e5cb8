"""What a table is: named columns of one kind each, and rows that may be read only once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "whole", "number", "share", "truth", "instant"]
"""What a column's cells are: str; int; float; float from 0 to 1; bool; aware UTC datetime."""

Cell: TypeAlias = str | int | float | bool | datetime | None
"""None is what is not known."""


@dataclass(frozen=True)
class Column:
    """One column."""

    name: str
    kind: Kind = "text"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of as many cells as there are columns, each None or of its column's kind."""

    name: str
    """Names the sheet too: at most 31 letters."""
    columns: tuple[Column, ...]
    rows: Iterable[tuple[Cell, ...]]
