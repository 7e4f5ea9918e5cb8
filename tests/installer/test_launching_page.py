"""docs/launching.md shows the lines of the samples, as they were compiled and run."""

from __future__ import annotations

import re
import textwrap

import pytest
from tests.installer.languages import LANGUAGES, LIBRARY, SAMPLES

PAGE = SAMPLES.parents[1] / "docs" / "launching.md"
MARKED = re.compile(
    r"^[^\w\n]*-- exitpoll: begin\n(.*?)^[^\w\n]*-- exitpoll: end$", re.DOTALL | re.MULTILINE
)
CALL = "exitpoll: the call"
SHIPPED = sorted({language.sample for language in (*LANGUAGES.values(), LIBRARY)})


@pytest.mark.parametrize("sample", SHIPPED)
def test_the_page_shows_the_lines_of_a_sample(sample: str) -> None:
    """What a developer copies from the page is what the tests compile and run."""
    source = (SAMPLES / sample).read_text("utf-8")
    (lines,) = MARKED.findall(source)
    shown = re.findall(
        rf"<!-- lines: {re.escape(sample)} -->\n```\w+\n(.*?)```",
        PAGE.read_text("utf-8"),
        re.DOTALL,
    )
    assert shown == [textwrap.dedent(lines).strip("\n") + "\n"]
    assert source.count(CALL) == 1


def test_every_sample_is_tested() -> None:
    """No language lies in the folder that no test builds."""
    assert sorted(file.name for file in SAMPLES.iterdir() if file.suffix != ".md") == SHIPPED
