"""A logo is a raster image: what a file is, and how large, is read from its content alone.

SVG is no such image: it can hold a script.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_BYTES = 12 * 1024
"""The page has 30 KB, most of them for the logo if need be."""
MAX_WIDTH, MAX_HEIGHT = 600, 200
"""Twice what the page shows, for screens with small pixels."""


class ImageError(Exception):
    """A file is no logo; the sentence says what to do."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """What a raster image says of itself; pixels."""

    content_type: str
    width: int
    height: int


def logo(content: bytes) -> Image:
    """Return what a logo's file is.

    Raises:
        ImageError: it is none of the four kinds, damaged, or too large.
    """
    image = _recognised(content)
    if len(content) > MAX_BYTES:
        raise ImageError(
            f"the file has {len(content):,} bytes, a logo at most {MAX_BYTES:,}: make it smaller, "
            "or save it with fewer colours"
        )
    if image.width > MAX_WIDTH or image.height > MAX_HEIGHT:
        raise ImageError(
            f"the image has {image.width} × {image.height} pixels, a logo at most "
            f"{MAX_WIDTH} × {MAX_HEIGHT}: scale it down"
        )
    return image


def _recognised(content: bytes) -> Image:
    for signature, (content_type, size) in _KINDS.items():
        if re.match(signature, content, re.DOTALL):
            width, height = size(content)
            if not (width and height):
                raise ImageError("the image is damaged: save it anew, as PNG")
            return Image(content_type=content_type, width=width, height=height)
    raise ImageError(
        "the file is no PNG, JPEG, GIF or WebP image: save it as PNG (an SVG too, since it could "
        "hold a script)"
    )


# -- the size, as each kind says it; 0 × 0 where the file ends before ----------------------


def _png(content: bytes) -> tuple[int, int]:
    return _big(content[16:20]), _big(content[20:24])


def _gif(content: bytes) -> tuple[int, int]:
    return _little(content[6:8]), _little(content[8:10])


_MARKER = 0xFF
_NO_LENGTH = {0x01, *range(0xD0, 0xD9)}
"""JPEG: markers that stand alone."""
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG: markers that say the size; the three are tables and extensions."""


def _jpeg(content: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(content) and content[at] == _MARKER:
        marker = content[at + 1]
        if marker in _FRAMES:
            return _big(content[at + 7 : at + 9]), _big(content[at + 5 : at + 7])
        if marker == _MARKER:  # a filling byte
            at += 1
        elif marker in _NO_LENGTH:
            at += 2
        else:
            at += 2 + _big(content[at + 2 : at + 4])
    return 0, 0


_WEBP_HEAD = 30
"""WebP: bytes up to the end of the size, in whichever form it is said last."""


def _webp(content: bytes) -> tuple[int, int]:
    form = content[12:16] if len(content) >= _WEBP_HEAD else b""
    if form == b"VP8X":
        return 1 + _little(content[24:27]), 1 + _little(content[27:30])
    if form == b"VP8L" and content[20:21] == b"\x2f":
        bits = _little(content[21:25])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if form == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        return _little(content[26:28]) & 0x3FFF, _little(content[28:30]) & 0x3FFF
    return 0, 0


def _big(of: bytes) -> int:
    return int.from_bytes(of, "big")


def _little(of: bytes) -> int:
    return int.from_bytes(of, "little")


_KINDS: dict[bytes, tuple[str, Callable[[bytes], tuple[int, int]]]] = {
    rb"\x89PNG\r\n\x1a\n.{4}IHDR": ("image/png", _png),
    rb"\xff\xd8\xff": ("image/jpeg", _jpeg),
    rb"GIF8[79]a": ("image/gif", _gif),
    rb"RIFF.{4}WEBP": ("image/webp", _webp),
}
"""By what the file begins with."""
