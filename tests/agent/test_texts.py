"""The vendor's own words reach the person, in the person's language."""

from __future__ import annotations

import pytest
from tests.agent.profile import Profile

from exitpoll_agent import texts

TOML = """
[texts]
consent = "We count."
[texts.de]
consent = "Wir zählen."
[texts.pt-BR]
consent = "Contamos."
"""


@pytest.fixture
def worded(offline: Profile) -> Profile:
    """Make a profile of a product that has words of its own."""
    (offline.folder / "words.toml").write_text(TOML, "utf-8")
    offline.environment["EXITPOLL_CONFIG"] = str(offline.folder / "words.toml")
    return offline


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de_AT.UTF-8", "Wir zählen."),
        ("pt_BR.UTF-8", "Contamos."),
        ("pt_PT.UTF-8", "We count."),
        ("C", "We count."),
    ],
)
def test_consent_says_why_the_vendor_asks(worded: Profile, language: str, said: str) -> None:
    """It is the text of the language and country, of the language, or of all others."""
    worded.environment["LC_ALL"] = language
    assert worded.json("consent")["text"] == said


def test_a_person_reads_it_beneath(worded: Profile) -> None:
    """The vendor's reason stands under what holds and who decided."""
    assert worded.run("consent").stdout.splitlines()[-1] == "We count."


def test_without_words_nothing_is_added(offline: Profile) -> None:
    """A product that has no words says none."""
    assert offline.json("consent")["text"] is None
    assert len(offline.run("consent").stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ('texts = "hello"', "must be a table"),
        ('[texts]\nconsnt = "hello"', "'consnt' is no text of ours; known are consent"),
        ("[texts]\nconsent = 3", "must be a text of 1 to 1000 characters"),
        ('[texts.de]\nconsent = ""', "must be a text of 1 to 1000 characters"),
    ],
)
def test_nonsense_is_named(worded: Profile, toml: str, sentence: str) -> None:
    """What cannot be said is one sentence with the file and what to change."""
    (worded.folder / "words.toml").write_text(toml, "utf-8")
    done = worded.run("consent")
    assert done.returncode == 1
    assert "words.toml" in done.stderr
    assert sentence in done.stderr


def test_a_language_has_only_what_it_says() -> None:
    """A language without the text falls back to that of all others."""
    by_language = texts.by_language({"consent": "We count.", "fr": {}})
    assert texts.text(by_language, "consent", "fr-FR") == "We count."
    assert texts.text({}, "consent", None) is None
