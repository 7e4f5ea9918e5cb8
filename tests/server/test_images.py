"""A logo's file: four kinds of raster images, recognised and measured by their content."""

from __future__ import annotations

import base64
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exitpoll_server import images
from exitpoll_server.images import Image, ImageError


def png(width: int = 3, height: int = 2) -> bytes:
    """Return a whole white PNG."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    rows = zlib.compress((b"\0" + b"\xff" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def webp(form: bytes, body: bytes) -> bytes:
    inner = b"WEBP" + form + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


GIF = base64.b64decode("R0lGODlhAwACAIAAAP///wAAACwAAAAAAwACAAACAoRRADs=")
# A comment and a table of numbers stand before the frame; a filling byte too.
JPEG = bytes.fromhex("ffd8 fffe0006 41424344 ffffdb0004 0000 ffc0000b 08 0002 0003 01 011100 ffd9")
LOSSLESS = webp(b"VP8L", b"\x2f" + struct.pack("<I", 2 | 1 << 14) + b"\0" * 9)
LOSSY = webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 3 | 1 << 14, 2) + b"\0" * 9)
EXTENDED = webp(b"VP8X", b"\0\0\0\0" + b"\x02\0\0" + b"\x01\0\0")

WHOLE = {
    "png": (png(), "image/png"),
    "gif": (GIF, "image/gif"),
    "jpeg": (JPEG, "image/jpeg"),
    "lossless": (LOSSLESS, "image/webp"),
    "lossy": (LOSSY, "image/webp"),
    "extended": (EXTENDED, "image/webp"),
}


@pytest.mark.parametrize(("content", "kind"), WHOLE.values(), ids=WHOLE)
def test_the_four_kinds_are_recognised_and_measured(content: bytes, kind: str) -> None:
    """By what the file holds, whatever it is called."""
    assert images.logo(content) == Image(content_type=kind, width=3, height=2)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html>",
        b"BM" + b"\0" * 60,
        b"\0\0\1\0\1\0",
        b"RIFF\0\0\0\0WAVEfmt ",
        b" " + png(),
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    """An SVG can hold a script, and no other kind is shown by every browser."""
    with pytest.raises(ImageError, match="no PNG, JPEG, GIF or WebP image: save it as PNG"):
        images.logo(content)


@pytest.mark.parametrize("content", [content for content, _ in WHOLE.values()], ids=WHOLE)
def test_a_file_cut_off_is_damaged(content: bytes) -> None:
    """Where the size is not there to be read, there is nothing to show."""
    with pytest.raises(ImageError, match="damaged"):
        images.logo(content[:16] if content[:1] in b"\x89R" else content[:6])


def test_a_logo_is_small() -> None:
    """At most 600 × 200 pixels and 12 KB, and a sentence that says which of them it is not."""
    assert images.logo(png(600, 200)).width == 600
    with pytest.raises(ImageError, match=r"601 × 200 pixels, a logo at most 600 × 200: scale"):
        images.logo(png(601, 200))
    with pytest.raises(ImageError, match=r"600 × 201 pixels"):
        images.logo(png(600, 201))
    assert images.logo(png().ljust(12 * 1024)).width == 3
    with pytest.raises(ImageError, match=r"12,289 bytes, a logo at most 12,288: make it smaller"):
        images.logo(png().ljust(12 * 1024 + 1))


@given(
    st.sampled_from([content for content, _ in WHOLE.values()]),
    st.integers(0, 40),
    st.binary(max_size=60),
)
def test_no_content_breaks_it(content: bytes, whole: int, rest: bytes) -> None:
    """A logo or a sentence, whatever follows a beginning that looks like an image."""
    try:
        image = images.logo(content[:whole] + rest)
    except ImageError:
        return
    assert image.width > 0
    assert image.height > 0
