"""What every picture is drawn with: elements, text that fits its room, and the frame around it.

Only presentation attributes and classes are written, never a style attribute: a page's strict
Content-Security-Policy forbids those. Lengths are CSS pixels at the picture's natural width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate, pairwise
from unicodedata import bidirectional, combining, east_asian_width

from markupsafe import Markup, escape

from exitpoll_server.render.words import typed

STYLE = files(__package__).joinpath("pictures.css").read_text("utf-8")
"""The rules that pictures inlined in a page need once; a standalone picture carries them."""

WIDE = 720
NARROW = 360
"""A laptop's column and a phone's: a picture is laid out for one, and scales a little."""

ROOMY = 560
"""From this width on a row's label stands beside its bar and not above it."""

TEXT = 13
SMALL = 12
"""The sizes of text; nothing smaller is drawn."""

SERIES = 6
"""As many lines are told apart by dash and colour."""

DASHES = (None, "8 4", "2 3", "12 4 2 4", "5 3", "14 3 2 3 2 3")
"""How each line of a picture is broken, beside its colour."""

_MARGIN = 16
_HEADING = 17
_MOST_HEADING = 2
"""Lines of a heading."""
_LONGEST_TITLE = 500
"""Characters kept of a text in full: a version of a megabyte must not make a picture of one."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a picture is wanted: `name` begins its ids, and must be unique in its page."""

    name: str
    width: int = WIDE
    standalone: bool = False
    """A file of its own: with style, background and a heading to be seen."""

    @property
    def roomy(self) -> bool:
        """Whether labels have room beside what they name."""
        return self.width >= ROOMY


@dataclass(frozen=True)
class Table:
    """The numbers of a picture, as text to be put under it."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: float) -> str:
    """Write a length to a tenth of a pixel."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def element(tag: str, content: str = "", /, **attributes: str | float | None) -> Markup:
    """Write an element; `stroke_width` is stroke-width, `class_` is class, None is left out."""
    # Pieces are put together as plain text: a big report has thousands of them.
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{tag}{said}>{escape(content)}</{tag}>")  # noqa: S704 - all of it is escaped, or ours


def _attribute(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else number(value)


def group(content: Iterable[Markup], **attributes: str | float | None) -> Markup:
    """Write elements as one."""
    return element("g", Markup("").join(content), **attributes)


def rect(box: tuple[float, float, float, float], class_: str, **more: str | float) -> Markup:
    """Write a rectangle from its left, top, width and height."""
    x, y, width, height = box
    return element(
        "rect", x=x, y=y, width=max(width, 0), height=max(height, 0), class_=class_, **more
    )


def line(
    start: tuple[float, float], end: tuple[float, float], class_: str, **more: str | float
) -> Markup:
    """Write a straight line."""
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=class_, **more)


def text(
    at: tuple[float, float],
    said: str,
    class_: str | None = None,
    *,
    room: float | None = None,
    anchor: str | None = None,
    small: bool = False,
) -> Markup:
    """Write one line of text on its baseline, clipped to `room`; whoever points at it reads all."""
    size = SMALL if small else TEXT
    whole = typed(said)[:_LONGEST_TITLE]
    seen = whole if room is None else clipped(whole, room, size)
    content = escape(isolated(seen))
    if seen != whole:
        content += element("title", isolated(whole))
    return element(
        "text",
        content,
        x=at[0],
        y=at[1],
        class_=class_,
        text_anchor=anchor,
        font_size=None if size == TEXT else size,
    )


def isolated(said: str) -> str:
    """Let text that runs from right to left keep its own order, ellipsis included."""
    if any(bidirectional(c) in {"R", "AL", "AN"} for c in said):
        return f"\N{FIRST STRONG ISOLATE}{said}\N{POP DIRECTIONAL ISOLATE}"
    return said


def clipped(said: str, room: float, size: float = TEXT) -> str:
    """Shorten text to a room, ending in an ellipsis."""
    if width_of(said, size) <= room:
        return said
    ends = accumulate((size * _advance(c) for c in said), initial=width_of("…", size))
    kept = said[: sum(1 for end in ends if end <= room) - 1] if room > size else ""
    # A mark without its letter would sit on the ellipsis.
    while kept and (combining(kept[-1]) or kept[-1] in " \N{ZERO WIDTH JOINER}"):
        kept = kept[:-1]
    return kept + "…"


def width_of(said: str, size: float = TEXT) -> float:
    """Guess how wide text is; no font is at hand here, so it is that of a wide one."""
    return size * sum(_advance(c) for c in said)


@cache
def _advance(character: str) -> float:
    """Return the width of a character in ems."""
    for characters, advance in _ADVANCES:
        if character in characters:
            return advance
    if combining(character):
        return 0.0
    if east_asian_width(character) in "WF":
        return 1.05
    if character.isupper():
        return 0.69
    return 0.59 if character.isascii() else 0.65


_ADVANCES = (
    ("0123456789", 0.58),
    ("iljI.,:;'|!\N{NO-BREAK SPACE} ", 0.32),
    ('()[]frt-/"', 0.42),
    ("mwMW@%—…", 0.96),
    ("–·", 0.5),
)


def wrapped(said: str, room: float, size: float = TEXT) -> list[str]:
    """Break text into lines at its spaces; a word that is too long is clipped."""
    lines: list[str] = []
    for word in typed(said).split(" "):
        if lines and width_of(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [clipped(one, room, size) for one in lines]


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Push labels apart to `gap` between `low` and `high`, each as near as it can to its place."""
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    places = [min(max(wanted[i], low), high) for i in order]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + gap)
    for i in reversed(range(len(places))):
        ceiling = high if i == len(places) - 1 else places[i + 1] - gap
        places[i] = min(places[i], ceiling)
    by_index = dict(zip(order, places, strict=True))
    return [by_index[i] for i in range(len(wanted))]


def along(corners: Sequence[tuple[float, float]]) -> str:
    """Write corners as moves from each to the next; rounded first, so that no fault adds up."""
    tenths = [(round(10 * x), round(10 * y)) for x, y in corners]
    said = [f"{number(tenths[0][0] / 10)} {number(tenths[0][1] / 10)}"]
    for (x0, y0), (x1, y1) in pairwise(tenths):
        across, down = number((x1 - x0) / 10), number((y1 - y0) / 10)
        if y1 == y0:
            said.append(f"h{across}")
        elif x1 == x0:
            said.append(f"v{down}")
        else:
            said.append(f"l{across} {down}")
    return "".join(said)


def leader(start: tuple[float, float], y: float, class_: str) -> Markup:
    """Write the short line that leads from the end of a curve to its label at height `y`."""
    x, end = start
    corners = ((x + 2, end), (x + 8, y), (x + 12, y))
    points = " ".join(f"{number(px)},{number(py)}" for px, py in corners)
    return element("polyline", points=points, class_=f"line {class_}")


def picture(look: Look, title: str, description: str, height: float, body: Iterable[Markup]) -> str:
    """Frame what was drawn: ids, title, description and, for a file of its own, style and paper."""
    heading = _heading(title, look) if look.standalone else []
    above = 26 * len(heading) + 8 * bool(heading)
    edge = _MARGIN if look.standalone else 0
    width, tall = look.width + 2 * edge, height + above + 2 * edge
    alone: list[Markup] = []
    if look.standalone:
        alone = [
            element("style", Markup(STYLE)),  # noqa: S704 - our own file
            rect((-edge, -edge, width, tall), "paper"),
            *(
                element(
                    "text", isolated(one), x=0, y=15 + 26 * i, class_="strong", font_size=_HEADING
                )
                for i, one in enumerate(heading)
            ),
        ]
    drawn = group(body, transform=f"translate(0 {above})") if above else Markup("").join(body)
    names = [element("title", isolated(typed(title)), id=f"{look.name}-title")]
    names.append(element("desc", isolated(typed(description)), id=f"{look.name}-desc"))
    return element(
        "svg",
        Markup("").join([*names, *alone, drawn]),
        # Within a page the parser knows; a page says that it names no other host.
        **({"xmlns": "http://www.w3.org/2000/svg"} if look.standalone else {}),
        class_="picture",
        role="img",
        aria_labelledby=f"{look.name}-title {look.name}-desc",
        viewBox=" ".join(map(number, (-edge, -edge, width, tall))),
        width=width,
        height=tall,
        direction="ltr",  # a page that runs from right to left must not turn the axes' text
        font_family="system-ui, sans-serif",
        font_size=TEXT,
    )


def _heading(title: str, look: Look) -> list[str]:
    # Its letters are bold, and wider than those that are measured.
    room = look.width / 1.08
    lines = wrapped(title, room, _HEADING)
    if len(lines) <= _MOST_HEADING:
        return lines
    rest = " ".join(lines[_MOST_HEADING - 1 :])
    return [*lines[: _MOST_HEADING - 1], clipped(rest, room, _HEADING)]
