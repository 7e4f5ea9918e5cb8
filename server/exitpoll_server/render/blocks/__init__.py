"""The sections of a report as blocks, which text and page lay out each in its own way.

A block says its matter in sentences and in rows of a label and a figure; a picture may stand above
them. What cannot speak yet says from when on it will.
"""

from __future__ import annotations

from collections.abc import Iterable

from exitpoll_server.render import words
from exitpoll_server.render.blocks.block import Block, Drawn, Row
from exitpoll_server.render.blocks.changed import changed
from exitpoll_server.render.blocks.first import funnel, iceberg
from exitpoll_server.render.blocks.staying import staying
from exitpoll_server.render.blocks.using import using
from exitpoll_server.render.blocks.versions import versions
from exitpoll_server.render.blocks.why import why
from exitpoll_server.report import Report

__all__ = ["Block", "Drawn", "Row", "blocks", "changed", "funnel", "iceberg", "waiting"]


def blocks(report: Report) -> list[Block]:
    """Return the blocks of a report in the order in which they are read."""
    return [*why(report), *staying(report), *using(report), *versions(report)]


def waiting(report: Report, found: Iterable[Block]) -> list[str]:
    """Say what cannot speak yet, each with the date or number at which it will."""
    return [
        *(words.not_yet(one) for one in report.not_yet),
        # Of reasons the report itself says so.
        *(
            words.waiting(block.title, block.waits)
            for block in found
            if block.waits is not None and block.name != "reasons"
        ),
    ]
