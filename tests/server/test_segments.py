"""Segments side by side, from counts made by hand."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom
from statsmodels.stats.multitest import multipletests

from exitpoll_server.counts import Segment
from exitpoll_server.report.figures import Figure, rate, share
from exitpoll_server.report.segments import COLUMNS, SegmentRow, not_adding_up, tables


def segment(
    value: str | None, installations: int, uninstalls: int, dimension: str = "version"
) -> Segment:
    return Segment(
        dimension=dimension,
        value=value,
        installations=installations,
        stopped=installations - uninstalls,
        uninstalls=uninstalls,
        answered=uninstalls // 2,
        commented=uninstalls // 4,
        active_days=7 * installations,
    )


@st.composite
def segments_(draw: st.DrawFn) -> Segment:
    n = draw(st.integers(0, 60))
    k = draw(st.integers(0, n))
    value = draw(st.sampled_from(["a", "b", "c", "d", None]))
    return segment(value, n, k, draw(st.sampled_from(["version", "os"])))


SEGMENTS = st.lists(segments_(), max_size=20)


def rows_of(*segments: Segment) -> dict[str | None, SegmentRow]:
    (table,) = tables(segments)
    return {row.value: row for row in table.rows}


def test_a_segment_is_printed_as_it_is() -> None:
    """Nothing in a row is shrunk: shares and rates of this segment alone."""
    found = rows_of(segment("1.0", 40, 8), segment("2.0", 1000, 30))["1.0"]
    assert found.uninstalled == share(8, 40, "segments.uninstalled")
    assert found.stopped == share(32, 40, "segments.stopped")
    assert found.answered == share(4, 8, "segments.answered")
    assert found.commented == share(2, 8, "segments.commented")
    assert found.per_active_days == rate(8, 280, "segments.per_active_days", per=1000)


def test_small_segments_do_not_stand_first_by_chance() -> None:
    """1 of 1 is the highest rate and stands behind 60 of 100: at (k + 20·p0) / (n + 20)."""
    (table,) = tables([segment("tiny", 1, 1), segment("large", 900, 90), segment("bad", 100, 60)])
    assert [row.value for row in table.rows] == ["bad", "tiny", "large"]
    assert table.whole.uninstalled == share(151, 1001, "segments.uninstalled")


def test_a_segment_that_differs_by_more_than_chance_is_marked() -> None:
    """A version that loses more than the rest is marked, and the one that loses less."""
    found = rows_of(segment("bad", 200, 80), segment("good", 900, 90), segment("some", 10, 2))
    assert found["bad"].stands_out == "more"
    assert found["good"].stands_out == "less"
    assert found["some"].stands_out is None
    assert (found["bad"].p.numerator, found["bad"].p.denominator) == (80, 200)


def counted(figure: Figure) -> tuple[int, int]:
    assert figure.numerator is not None
    assert figure.denominator is not None
    return figure.numerator, figure.denominator


@given(SEGMENTS)
def test_chances_are_those_of_the_reference_tools(segments: list[Segment]) -> None:
    """Each p is scipy's mid-p against the rest, each q statsmodels' over all tables."""
    found = tables(segments)
    tested = []
    for table in found:
        all_k, all_n = counted(table.whole.uninstalled)
        for row in table.rows:
            k, n = counted(row.uninstalled)
            assert (row.p.value is None) == (n in (0, all_n))
            if row.p.value is not None:
                whole = hypergeom(all_n, all_k, n)
                half = whole.pmf(k) / 2
                expected = 2 * min(whole.cdf(k - 1) + half, whole.sf(k) + half)
                assert row.p.value == pytest.approx(expected, rel=1e-6)
                tested.append(row)
    if tested:
        expected = multipletests([row.p.value for row in tested], method="fdr_bh")[1]
        assert [row.q.value for row in tested] == pytest.approx(expected)
    assert all((row.stands_out is not None) == ((row.q.value or 0) < 0.1) for row in tested)


def test_while_nobody_can_have_stopped_it_is_not_known() -> None:
    """Too early to tell is no share of 0."""
    (table,) = tables([segment("1.0", 40, 8)], stopped_known=False)
    assert table.rows[0].stopped.value is None
    assert table.rows[0].stopped.denominator is None


def test_more_left_than_were_seen_is_no_share() -> None:
    """Who is known only by leaving was never seen: counted, without a share and without a test."""
    found = rows_of(segment("1.0", 5, 5), replace(segment("2.0", 3, 3), uninstalls=4))
    assert found["2.0"].uninstalled.value is None
    assert (found["2.0"].uninstalled.numerator, found["2.0"].p.value) == (4, None)
    assert found["1.0"].p.value is None


def test_what_does_not_add_up_is_named() -> None:
    """Every dimension has the whole's sums, and those of the others where no whole is given."""
    version = [segment("1.0", 40, 8), segment("2.0", 60, 4)]
    os = [segment("windows", 100, 12, "os")]
    assert not_adding_up([*version, *os], {"uninstalls": 12}) == ()
    assert not_adding_up([*version, *os], {"uninstalls": 13}) == (
        "version: uninstalls",
        "os: uninstalls",
    )
    wrong = [replace(os[0], active_days=1)]
    assert not_adding_up([*version, *wrong], {}) == ("os: active_days",)
    assert not_adding_up([], {"uninstalls": 0}) == ()


@given(SEGMENTS, st.randoms())
def test_order_and_splitting_of_segments_change_nothing(
    segments: list[Segment], random: Random
) -> None:
    """Segments in two parts, in any order, make the same rows, and they add up to the whole."""
    zero = dict.fromkeys(COLUMNS, 0)
    parts = [
        replace(one, **{**zero, column: getattr(one, column)})
        for one in segments
        for column in COLUMNS
    ]
    random.shuffle(parts)
    found = {table.dimension: table for table in tables(segments)}
    assert {table.dimension: table for table in tables(parts)} == found
    for table in found.values():
        for name in ("uninstalled", "stopped", "answered", "commented", "per_active_days"):
            column = [getattr(row, name) for row in table.rows]
            whole = getattr(table.whole, name)
            assert sum(one.numerator for one in column) == whole.numerator
            assert sum(one.denominator for one in column) == whole.denominator
