"""A report in Russian: nothing is left in English, and every number is that of the English one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import get_args

import pytest
from babel.messages import Message
from tests.server import catalogues
from tests.server.catalogues import forms
from tests.server.rendered import SIZES, Make, empty, few, many, of_size
from tests.server.test_as_page import VOID
from tests.server.test_as_table import some

from exitpoll_agent import wire
from exitpoll_server import render
from exitpoll_server.counts import KnownFrom
from exitpoll_server.languages import ENGLISH, REPORT
from exitpoll_server.report import Report
from exitpoll_server.speech import speaking

NAMES = {"CSV", "XLSX", "UTC", "NPS"}
"""Nobody translates them."""
COLUMNS = {"asked", "comment", "known_from", "launches", "not_asked", "reason", "substantive"}
COLUMNS |= {"tenure_days"}
"""Of the rows behind a count, with what stands in them."""
CELLS = {"true", *get_args(wire.NotAsked), *get_args(KnownFrom)}
DEFINITION = re.compile(r"[a-z_]+\.[a-z0-9_]+")
COMMAND = re.compile(r"exitpoll (report|export|comments) .*")
WORD = re.compile(r"[A-Za-z][\w.-]*[A-Za-z]")
NUMBER = re.compile(r"\d+(?:\.\d+)*")
PLACEHOLDER = re.compile(r"%\(\w+\)s")
NOT_READ = {"code", "style", "blockquote"}
"""Commands, rules, and what people wrote."""


class Reader(HTMLParser):
    """Reads a page, but for commands and what people wrote; labels of pictures apart."""

    def __init__(self, page: str, *, skipped: str | None = None) -> None:
        super().__init__()
        self.skipped = skipped
        """The language of parts that are passed over."""
        self.open: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.drawn: list[str] = []
        """Of these a picture shows as many as have room, and shorter words have more."""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        self.text += [said for name in ("aria-label", "alt") if (said := of.get(name))]
        if tag not in VOID:
            self.open.append((tag, of.get("lang")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self.open}
        if tags & NOT_READ:
            return
        languages = [language for _, language in self.open if language is not None]
        if data.strip() and (self.skipped is None or self.skipped not in languages):
            (self.drawn if "text" in tags else self.text).append(data)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Report]:
    """Return a report of each size."""
    folder = tmp_path_factory.mktemp("simulated")
    return {size: of_size(size, folder / f"{size}.sqlite3") for size in SIZES}


every_size = pytest.mark.parametrize("uninstalls", list(SIZES))


@every_size
def test_nothing_is_left_in_english(simulated: dict[int, Report], uninstalls: int) -> None:
    """What is in Latin letters names something: a product, its versions, columns, definitions."""
    report = simulated[uninstalls]
    assert report.uninstalls.steps[0].of_uninstalls.numerator == uninstalls
    assert _english(report) == set()


@pytest.mark.parametrize("make", [empty, few, many, some])
def test_nothing_of_what_is_rare_is_left_in_english(make: Make) -> None:
    """Whatever was counted apart, left out or imported is told in Russian too."""
    assert _english(make()) == set()


@every_size
def test_every_number_is_the_english_ones(simulated: dict[int, Report], uninstalls: int) -> None:
    """The same numbers, as often as in English, only with the marks of the language."""
    report = simulated[uninstalls]
    russian, english = render.as_page(report, "ru"), render.as_page(report)
    assert _numbers(_unmarked(_prose(russian))) == _numbers(_prose(english).replace(",", ""))


@pytest.mark.parametrize("make", [few, many])
def test_files_and_terminal_stay_english(make: Make) -> None:
    """Scripts read the files: their columns and words are the same in every language."""
    report = make()
    rows, said = list(render.as_table(report).rows), render.as_json(report)
    with speaking("ru"):
        assert list(render.as_table(report).rows) == rows
        assert render.as_json(report) == said
    assert render.as_page(report, ENGLISH) == render.as_page(report)


def test_a_page_says_its_language() -> None:
    """A screen reader reads Russian aloud as Russian, and the names of the files as English."""
    page = render.as_page(few(), "ru")
    assert '<html lang="ru">' in page
    assert '<div class="wide" tabindex="0" lang="en"><table>' in page
    around = render.Addresses(rows=lambda _: "/", picture=None)
    assert ' lang="' not in render.as_part(few(), around)
    assert "Продукт удалили" in render.as_part(few(), around, "ru")


def test_no_translation_is_in_english() -> None:
    """Nor is a sentence that only few reports say."""
    for message in catalogues.read("ru", REPORT):
        for said, _ in _pairs(message):
            words = set(WORD.findall(PLACEHOLDER.sub("", said)))
            assert words <= NAMES | COLUMNS | CELLS, said


def test_no_number_is_lost_in_translation() -> None:
    """A translation has the numbers of its sentence: no limit and no threshold changes."""
    for message in catalogues.read("ru", REPORT):
        for said, source in _pairs(message):
            assert _numbers(_unmarked(said)) == _numbers(source.replace(",", "")), said


def _english(report: Report) -> set[str]:
    """Return the words in Latin letters of a report's page that name nothing."""
    reader = Reader(render.as_page(report, "ru"), skipped=ENGLISH)
    names = NAMES | COLUMNS | CELLS | set(_named(report))
    said = (COMMAND.sub("", one) for one in (*reader.text, *reader.drawn) if one not in names)
    words = {word for one in said for word in WORD.findall(DEFINITION.sub("", one))}
    return words - names


def _named(report: Report) -> Iterator[str]:
    """Yield what products, vendors and systems call something."""
    given = [report.product, *report.labels.values()]
    given += [str(row.value) for table in report.segments for row in table.rows]
    given += [table.dimension.removeprefix("attribute:") for table in report.segments]
    given += [str(one.value) for category in report.bias.categories for one in category.values]
    given += [str(one.id) for one in report.reasons.reasons]
    given += [str(part.name) for part in report.uninstalls.reasons]
    for line in (*report.comments, *report.lines):
        given += [str(fact) for fact in (line.version, line.edition, line.os)]
    for name in given:
        yield name
        yield from WORD.findall(name)


def _prose(page: str) -> str:
    return "\n".join(Reader(page).text)


def _unmarked(said: str) -> str:
    """Write the numbers of a Russian text as Python does."""
    grouped = re.sub(r"(?<=\d)\N{NO-BREAK SPACE}(?=\d{3})", "", said)
    return re.sub(r"(?<=\d),(?=\d)", ".", grouped)


def _numbers(said: str) -> Counter[str]:
    return Counter(NUMBER.findall(said))


def _pairs(message: Message) -> Iterator[tuple[str, str]]:
    if message.id:
        source = message.id if isinstance(message.id, str) else message.id[-1]
        yield from ((said, source) for said in forms(message))
