"""The report's pictures: small, well-formed, honest, and harmless in any page."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.drawn import (
    ARABIC,
    EXAMPLES,
    HOSTILE,
    NOTHING,
    Example,
    a_curve,
    a_funnel,
    an_iceberg,
    some_curves,
    some_weeks,
)

from exitpoll_server.render.pictures import (
    NARROW,
    STYLE,
    WIDE,
    Look,
    Share,
    curves,
    funnel,
    iceberg,
    weeks,
)
from exitpoll_server.render.pictures.axes import ticks
from exitpoll_server.render.pictures.drawing import SMALL, clipped, spread, width_of

SVG = "{http://www.w3.org/2000/svg}"
MOST_BYTES = 25_000
PICTURES = Path("build/pictures")
LOOKS = [
    Look(name="p", width=width, standalone=standalone)
    for width in (320, NARROW, WIDE, 760)
    for standalone in (False, True)
]

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)


def parsed(drawn: str | None) -> ET.Element:
    assert drawn is not None
    # A page's parser knows what an svg is; this one must be told.
    plain = str(drawn)
    known = plain if "xmlns=" in plain else plain.replace("<svg", f'<svg xmlns="{SVG[1:-1]}"', 1)
    return ET.fromstring(known)  # noqa: S314 - what we drew ourselves


def areas(drawn: str | None) -> dict[str, float]:
    """Return the area of each level of an iceberg, by its class."""
    found: dict[str, float] = {}
    for polygon in parsed(drawn).iter(f"{SVG}polygon"):
        points = [tuple(map(float, pair.split(","))) for pair in polygon.attrib["points"].split()]
        turned = zip(points, [*points[1:], points[0]], strict=True)
        area = abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in turned)) / 2
        found[polygon.attrib["class"].split()[-1]] = area
    return found


@every_example
def test_every_picture_is_small_and_says_what_it_shows(example: Example) -> None:
    """At every width: well-formed, under 25 KB, named and described, the same when drawn again."""
    for look in LOOKS:
        drawn = example.draw(look)
        root = parsed(drawn)
        assert len((drawn or "").encode()) < MOST_BYTES
        assert root.attrib["role"] == "img"
        named = [root.find(f"{SVG}title"), root.find(f"{SVG}desc")]
        assert [one.attrib["id"] for one in named if one is not None] == root.attrib[
            "aria-labelledby"
        ].split()
        assert all(one is not None and one.text for one in named)
        assert drawn == example.draw(look)
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{example.name}.svg").write_text(drawn or "", "utf-8")


@every_example
def test_a_page_with_a_strict_policy_may_hold_it(example: Example) -> None:
    """Inlined it brings no style, no script, nothing to fetch, and every length is in tenths."""
    drawn = example.draw(Look(name="p")) or ""
    for one in parsed(drawn).iter():
        assert one.tag.removeprefix(SVG) not in {"style", "script", "foreignObject", "image", "use"}
        assert not [key for key in one.attrib if key == "style" or key.startswith("on")]
        assert not [value for value in one.attrib.values() if "url(" in value]
        for key in ("x", "y", "x1", "y1", "width", "height", "d", "points"):
            assert not re.search(r"\.\d\d", one.attrib.get(key, "")), (key, one.attrib[key])
    assert "<script" not in drawn
    assert "<style>" in (example.draw(Look(name="p", standalone=True)) or "")


@every_example
def test_the_table_has_a_cell_under_every_head(example: Example) -> None:
    """The same numbers as text: no row is shorter or longer than the head."""
    table = example.rows()
    assert table.rows
    assert {len(row) for row in table.rows} == {len(table.header)}


def test_a_rate_of_thousands_is_written_out() -> None:
    """A handful of days of use makes rates that no reader wants as powers of ten."""
    table = weeks.rows(some_weeks(1, ("2.1.0", 1000.0, 0)))
    assert table.rows[0][2] == "1,000 (680 to 1,350)"


def reach(d: str) -> float:
    """Return how far right the steps of a path go."""
    return float(d[1:].split(maxsplit=1)[0]) + sum(map(float, re.findall(r"h(-?[\d.]+)", d)))


def test_a_curve_may_end_before_the_others() -> None:
    """It goes no further than its last day, has a dot there, and no share after it."""
    short = replace(a_curve("new", 0.5), until=90.0)
    data = some_curves(short, a_curve("old", 0.9))
    assert (short.at(90) is None, short.at(180)) == (False, None)
    root = parsed(curves.draw(data, Look(name="p")))
    (dot,) = root.iter(f"{SVG}circle")
    first, other = (
        one.attrib["d"] for one in root.iter(f"{SVG}path") if "line" in one.attrib["class"]
    )
    assert dot.attrib["class"] == "area s1"
    assert reach(first) == pytest.approx(float(dot.attrib["cx"]), abs=0.1)
    assert reach(first) < reach(other) / 2
    assert curves.rows(data).rows[0][-3:] == ("–", "–", "–")
    assert "new: " in curves.describe(data)
    assert "at 90 days" in curves.describe(data)


def test_curves_of_the_same_people_have_one_row_of_numbers() -> None:
    """Two ways out of one table: how many were still followed is said once, without a name."""
    one = a_curve("Uninstalled", 0.5)
    table = curves.rows(some_curves(one, replace(one, label="Stopped")))
    assert [row[0] for row in table.rows] == ["Uninstalled", "Stopped", "Still followed"]


@pytest.mark.parametrize("example", NOTHING, ids=lambda one: one.name)
def test_of_nothing_there_is_no_picture(example: Example) -> None:
    """Where nobody is to be seen nothing is drawn, and the page says so in its own words."""
    assert example.draw(Look(name="p")) is None
    assert example.draw(Look(name="p", width=NARROW, standalone=True)) is None


@given(st.text())
def test_whatever_people_type_is_drawn_as_text(typed: str) -> None:
    """No text, whatever its characters, breaks the picture or becomes a part of it."""
    data = a_funnel(100, 20, labels=(typed, f"{HOSTILE}{typed}"))
    drawn = funnel.draw(replace(data, title=typed), Look(name="p", standalone=True))
    plain = funnel.draw(a_funnel(100, 20), Look(name="p", standalone=True))
    clipped_ = [SVG + "title"] * 9
    shapes = [one.tag for one in parsed(drawn).iter() if one.tag not in {*clipped_, f"{SVG}text"}]
    expected = [one.tag for one in parsed(plain).iter() if one.tag not in {*clipped_, f"{SVG}text"}]
    assert [tag for tag in shapes if tag != f"{SVG}g"] == [t for t in expected if t != f"{SVG}g"]


def test_a_long_name_is_cut_and_kept() -> None:
    """What is clipped ends in an ellipsis, and whoever points at it reads the whole."""
    drawn = funnel.draw(a_funnel(100, 20, labels=("All", ARABIC)), Look(name="p"))
    [cut] = [one for one in parsed(drawn).iter(f"{SVG}text") if one.find(f"{SVG}title") is not None]
    assert (cut.text or "").rstrip("\N{POP DIRECTIONAL ISOLATE}").endswith("…")
    assert ARABIC in (cut.findtext(f"{SVG}title") or "")


@given(st.text(max_size=60), st.floats(20, 300))
def test_clipped_text_fits_its_room(said: str, room: float) -> None:
    """Neither a long word nor a wide alphabet leaves its room."""
    assert width_of(clipped(said, room)) <= room


@given(
    st.lists(st.integers(0, 10**9), min_size=4, max_size=4).filter(any),
    st.sampled_from((NARROW, WIDE)),
)
def test_the_icebergs_areas_are_its_numbers(counts: list[int], width: int) -> None:
    """Each level's share of the drawn area is its share of all, to one part in a hundred."""
    data = an_iceberg(*counts)
    found = areas(iceberg.draw(data, Look(name="p", width=width)))
    drawn = sum(found.values())
    for _, count, class_ in data.levels:
        assert found.get(class_, 0) / drawn == pytest.approx(count / data.seen, abs=0.01)


def test_the_levels_of_the_iceberg_add_up() -> None:
    """What is seen is the sum of the levels, whether or not it is known who stopped."""
    known, early = an_iceberg(3, 4, 5, 6), an_iceberg(3, 4, None, 11)
    assert known.seen == early.seen == 18
    assert sum(count for _, count, _ in known.levels) == known.seen
    assert [label for label, _, _ in early.levels] == [
        "Answered",
        "Left quietly",
        "Not uninstalled",
    ]


def test_small_numbers_claim_no_percentage_and_no_interval() -> None:
    """Of fewer than ten a share is "2 of 6", and no whisker pretends to know more."""
    assert str(Share(2, 6, 0.1, 0.7)) == "2 of 6"
    assert Share(2, 6, 0.1, 0.7).interval is None
    few = parsed(funnel.draw(a_funnel(6, 2), Look(name="p")))
    many = parsed(funnel.draw(a_funnel(60, 20), Look(name="p")))
    assert not list(few.iter(f"{SVG}line"))
    assert list(many.iter(f"{SVG}line"))


def test_a_step_holds_until_the_next() -> None:
    """Between two points a curve's share is that of the earlier one; before the first, unknown."""
    curve = curves.Curve("", (curves.Point(1, 0.9), curves.Point(5, 0.5)))
    assert [curve.at(moment) for moment in (0, 1, 4.9, 5, 99)] == [None, 0.9, 0.9, 0.5, 0.5]


def test_stacked_curves_end_at_their_sum() -> None:
    """Each lies on the one before, at every moment at which either of them steps."""
    one = curves.Curve("a", (curves.Point(0, 0.0), curves.Point(10, 0.2)))
    two = curves.Curve("b", (curves.Point(0, 0.0), curves.Point(20, 0.3)))
    _, upper = curves.stacked(some_curves(one, two, stacked=True))
    assert [(p.at, p.value) for p in upper.points] == [(0, 0), (10, 0.2), (20, 0.5)]


def test_more_curves_than_can_be_told_apart_are_refused() -> None:
    """A seventh curve is an error of ours, and no picture that deceives."""
    with pytest.raises(ValueError, match="7 curves"):
        curves.draw(some_curves(*[a_curve("x", 1.0)] * 7), Look(name="p"))


def test_six_lines_differ_by_more_than_colour() -> None:
    """Each line has a dash of its own."""
    drawn = curves.draw(some_curves(*[a_curve("x", i) for i in range(6)]), Look(name="p"))
    paths = [one for one in parsed(drawn).iter(f"{SVG}path") if "line" in one.attrib["class"]]
    assert len({one.attrib.get("stroke-dasharray") for one in paths}) == len(paths) == 6


def test_the_unit_stands_beside_the_last_number_of_the_axis() -> None:
    """A long one, centred below its tick, does not run into it."""
    curve = curves.Curve("a", (curves.Point(0, 1.0), curves.Point(900, 0.5)))
    drawn = curves.draw(replace(some_curves(curve), ticks=(0, 1019)), Look(name="p"))
    at = {one.text: float(one.attrib["x"]) for one in parsed(drawn).iter(f"{SVG}text")}
    assert at["days"] >= at["1,019"] + width_of("1,019", SMALL) / 2 + SMALL / 3


@given(st.lists(st.floats(-50, 400), max_size=9), st.floats(1, 30))
def test_labels_keep_their_order_and_their_distance(wanted: list[float], gap: float) -> None:
    """Whatever lies close is pushed apart, in the order of its places, inside what there is."""
    places = spread(wanted, gap, 0, 300)
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    sorted_ = [places[i] for i in order]
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(sorted_))
    assert all(-1e-6 <= place <= 300 + 1e-6 for place in places)


@given(st.floats(0, 1e12), st.integers(2, 6), st.booleans())
def test_ticks_cover_what_is_drawn(most: float, steps: int, whole: bool) -> None:  # noqa: FBT001
    """Round ticks begin at zero, reach what is highest, and are not too many."""
    marks = ticks(0, most, steps, whole=whole)
    assert marks[0] == 0
    assert marks[-1] >= most * (1 - 1e-6)
    assert len(marks) <= steps + 2


@pytest.mark.parametrize(
    ("scheme", "paper"), [("light", "#ffffff"), ("dark", "#1a2029"), ("print", "#ffffff")]
)
def test_colours_can_be_read(scheme: str, paper: str) -> None:
    """On its paper, text and lines have a contrast of 4.5 and areas of 1.8, in every scheme."""
    begin = {"light": "", "dark": "prefers-color-scheme: dark", "print": "@media print"}[scheme]
    block = STYLE[STYLE.index(begin) :]
    rules = re.search(r"\.picture \{ (.*?)\}", block)
    assert rules
    colours = dict(re.findall(r"--p-([\w-]+):[^;]*?(#\w+)\)?;", rules[1]))
    for name in ("ink", "quiet", *"123456"):
        assert contrast(colours[name], paper) >= 4.5, name
    for name in ("tip", "deep", "deeper", "calm"):
        assert contrast(colours[name], paper) >= 1.8, name


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, as WCAG 2 defines it."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
