"""A survey's definition: found sound, or refused with a sentence for every mistake."""

# ruff: noqa: RUF001 - people write in other scripts
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exitpoll_server import definitions, wordings
from exitpoll_server.definitions import DefinitionError
from exitpoll_server.languages import LANGUAGES, say
from exitpoll_server.questions import EXIT, READY_MADE, Reason, Survey, Text, in_english, to_json


def exit_survey(**other: Any) -> dict[str, Any]:
    """Return a sound definition, with this instead."""
    reasons = [{"id": "dear", "label": "It costs too much"}, {"id": "slow", "label": "Too slow"}]
    said = {"kind": "exit", "question": "Why?", "reasons": reasons, **other}
    return {name: value for name, value in said.items() if value is not ...}


def with_reason(**other: Any) -> dict[str, Any]:
    """Return a sound definition, its first reason with this instead."""
    said = exit_survey()
    said["reasons"][0] |= other
    return said


def problems(said: object) -> tuple[str, ...]:
    with pytest.raises(DefinitionError) as caught:
        definitions.load(said)
    return caught.value.problems


@pytest.mark.parametrize("one", READY_MADE, ids=lambda one: one.name)
def test_what_is_ready_made_is_sound(one: Any) -> None:
    """To start from a set, and to save it as it was printed, always works."""
    assert definitions.load(to_json(one.survey)) == one.survey


@pytest.mark.parametrize(
    "text",
    [
        "x" * 80,
        "  Trop cher\u00a0: « oui »  ",
        "می\u200cخواهم",
        "👨\u200d👩\u200d👧 & <b>",
        {"en": "Too dear", "pt-BR": "Caro", "no": "Dyr", "zh-Hans-CN": "太贵"},
    ],
)
def test_texts_are_kept_as_written(text: Text) -> None:
    """In every script, with the invisible characters that some need; only the ends are trimmed."""
    label = definitions.load(with_reason(label=text)).reasons[0].label
    assert label == (text.strip() if isinstance(text, str) else text)


def test_everything_that_a_survey_may_hold() -> None:
    """Offers, hold-out and a last reason come out as they went in."""
    offer = {"text": "A month", "link": "https://example.com:8443/x?y#z", "label": "Take it"}
    said = exit_survey(last={"id": "other", "label": "x", "offer": offer}, held_out=0.9)
    assert to_json(definitions.load(said)) == said


def test_what_is_null_is_not_said() -> None:
    """An empty line of YAML is no mistake where the field may be missing."""
    assert definitions.load(exit_survey(last=None, held_out=None, follow_up=None)).last is None


WRONG: list[tuple[object, str]] = [
    (None, "Has no names: `name: value` lines are expected here."),
    ("exit", "Has no names: `name: value` lines are expected here."),
    ([], "Has no names: `name: value` lines are expected here."),
    (exit_survey(kind=...), "kind: Missing."),
    (exit_survey(kind="exti"), "kind: None of: exit, nps, checkin, feedback."),
    (exit_survey(kind=["exit"]), "kind: None of: exit, nps, checkin, feedback."),
    (exit_survey(question=...), "question: Missing."),
    (exit_survey(question=None), "question: Empty."),
    (exit_survey(question=" "), "question: Empty."),
    (exit_survey(question={}), "question: Empty."),
    (exit_survey(question=7), "question: No text."),
    (exit_survey(question="x" * 201), "question: Longer than 200 characters: it has 201."),
    (exit_survey(question="a\nb"), "question: More than one line."),
    (exit_survey(question="a\u2028b"), "question: More than one line."),
    (exit_survey(question="a\x1b[31m"), "question: Holds characters that cannot be shown."),
    (exit_survey(question="a\u202eb"), "question: Holds characters that cannot be shown."),
    (exit_survey(question="a\ud800"), "question: Holds characters that cannot be shown."),
    (exit_survey(question={"en": "a", "de": ""}), "question, de: Empty."),
    (exit_survey(question={"de_DE": "a"}), "question, de_DE: No language such as de or pt-BR."),
    (exit_survey(question={None: "a"}), "question, None: No language such as de or pt-BR."),
    (exit_survey(question={"de": "a", "DE": "b"}), "question, DE: This language is there twice."),
    (exit_survey(reasons=...), "reasons: A survey exit takes 2 to 12: it has 0."),
    (exit_survey(kind="checkin", reasons=[]), "reasons: A survey checkin takes 2 to 12: it has 0."),
    (exit_survey(reasons="x"), "reasons: No list: each entry starts with a hyphen."),
    (exit_survey(kind="feedback"), "reasons: A survey feedback takes none."),
    (exit_survey(kind="nps", reasons=..., held_out=0.2), "held_out: A survey nps takes none."),
    (exit_survey(held_out=0.95), "held_out: No share from 0 to 0.9, such as 0.2."),
    (exit_survey(held_out=-1), "held_out: No share from 0 to 0.9, such as 0.2."),
    (exit_survey(held_out="nan"), "held_out: No share from 0 to 0.9, such as 0.2."),
    (exit_survey(held_out=False), "held_out: No share from 0 to 0.9, such as 0.2."),
    (exit_survey(qestion="x"), "qestion: Unknown here; is question meant?"),
    (exit_survey(version=3), "version: Unknown here; is question meant?"),
    (
        with_reason(folow_up="x"),
        "reasons, no. 1 (dear), folow_up: Unknown here; is follow_up meant?",
    ),
    (
        with_reason(zzz="x"),
        "reasons, no. 1 (dear), zzz: Unknown here; there are: id, label, follow_up, offer.",
    ),
    (
        with_reason(label="x" * 81),
        "reasons, no. 1 (dear), label: Longer than 80 characters: it has 81.",
    ),
    (
        with_reason(follow_up="x" * 201),
        "reasons, no. 1 (dear), follow_up: Longer than 200 characters: it has 201.",
    ),
    (with_reason(id="slow"), "The id slow is there more than once."),
    (exit_survey(last={"id": "dear", "label": "x"}), "The id dear is there more than once."),
    (
        with_reason(offer={"text": "x", "label": "y"}),
        "reasons, no. 1 (dear), offer, label: There is no link to put it on.",
    ),
    (
        with_reason(offer={"text": "x" * 501}),
        "reasons, no. 1 (dear), offer, text: Longer than 500 characters: it has 501.",
    ),
    (with_reason(offer={"link": "https://x.y"}), "reasons, no. 1 (dear), offer, text: Missing."),
]


@pytest.mark.parametrize(("said", "problem"), WRONG)
def test_a_mistake_gets_a_sentence(said: object, problem: str) -> None:
    """It says where, and what would be right."""
    assert problems(said) == (problem,)


@pytest.mark.parametrize("wrong", ["", "Dear", "-x", "a b", "ä", "x" * 41, 1, None, ["a"]])
def test_ids_that_no_reason_has(wrong: object) -> None:
    """An id is short and plain: it stands in addresses, files and scripts."""
    [problem] = problems(with_reason(id=wrong))
    assert problem.startswith("reasons, no. 1, id: ")


@pytest.mark.parametrize(
    "link",
    [
        "http://example.com",
        "javascript:alert(1)",
        "//example.com",
        "https://",
        "https:///x",
        "https://:443",
        "https://example.com:99999",
        "https://[",
        "https://exa mple.com",
        "https://example.com/\u200d",
        "https:\\\\example.com",
        'https://example.com/"',
        "https://example.com/" + "x" * 2000,
    ],
)
def test_links_that_are_refused(link: str) -> None:
    """Https only, with a host: nobody who leaves is sent anywhere else."""
    [problem] = problems(with_reason(offer={"text": "x", "link": link}))
    assert problem.startswith("reasons, no. 1 (dear), offer, link: ")


def test_at_most_twelve_reasons() -> None:
    """Twelve, and one that stands last; a thirteenth is refused."""
    many = [{"id": f"r{n}", "label": "x"} for n in range(13)]
    assert len(definitions.load(exit_survey(reasons=many[:12])).reasons) == 12
    assert problems(exit_survey(reasons=many)) == (
        "reasons: A survey exit takes 2 to 12: it has 13.",
    )


def test_every_mistake_is_named_at_once() -> None:
    """Nobody mends a file one error at a time."""
    said = exit_survey(kind="x", question="", oops=1, held_out=2)
    assert len(problems(said)) == 4
    with pytest.raises(DefinitionError, match=r"(?s)cannot be used yet:\n(- .*\n){3}- "):
        definitions.load(said)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["kind", "question", "reasons", "last", "id", "label", "offer", "_schema"]
            )
            | st.none()
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
)


@given(
    _ANY
    | st.builds(
        lambda value, name: exit_survey(**{name: value}),
        _ANY,
        st.sampled_from(["kind", "question", "reasons", "last", "follow_up", "held_out", "other"]),
    )
)
def test_nothing_else_comes_out_than_a_survey_or_sentences(said: object) -> None:
    """Whatever a file holds, it is taken whole, or every problem is one printable line."""
    try:
        survey = definitions.load(said)
    except DefinitionError as error:
        found = error.problems
    else:
        found = ("none",)
        assert definitions.load(to_json(survey)) == survey
    assert found
    assert all(problem.isprintable() for problem in found)


# -- an id never changes its meaning ---------------------------------------------------------


def labelled(label: Text, reason: str = "dear") -> Survey:
    return Survey(kind="exit", question="Why?", reasons=(Reason(id=reason, label=label),))


BOTH = {"en": "Too dear", "de": "Zu teuer"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Too dear", "Too dear"),
        ("Too dear", BOTH),
        (BOTH, "Zu teuer"),
        (BOTH, {**BOTH, "fr": "Trop cher"}),
        (BOTH, {"DE": "Zu teuer"}),
        (BOTH, {"en": "Too dear", "fr": "Trop cher"}),
    ],
)
def test_translating_is_no_other_meaning(before: Text, after: Text) -> None:
    """A language more or less leaves an id what it was."""
    assert wordings.compare([labelled(before)], labelled(after)) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("Too dear", "Ugly", 'dear means "Too dear" and would now say "Ugly"'),
        ("Too dear", {"en": "Ugly"}, 'dear means "Too dear" and would now say "Ugly"'),
        (BOTH, "Ugly", 'dear means "Too dear" and would now say "Ugly"'),
        (
            BOTH,
            {"en": "Too dear", "de": "Hässlich"},
            'means "Zu teuer" and would now say "Hässlich"',
        ),
        (BOTH, {"DE": "Ugly", "en": "Too dear"}, 'means "Zu teuer" and would now say "Ugly"'),
        (BOTH, {"fr": "Moche"}, 'means "Too dear" and would now say "Moche"'),
    ],
)
def test_another_wording_is_asked_about(before: Text, after: Text, said: str) -> None:
    """In a language that the id was known in, or in none of them."""
    [sentence] = wordings.compare([labelled(before)], labelled(after))
    assert sentence.endswith(said)


def test_every_earlier_version_counts() -> None:
    """An id that was given up keeps its meaning; what it once said, it may say again."""
    earlier = [labelled("Too dear"), labelled("Too slow", "slow"), labelled("It costs too much")]
    assert wordings.compare(earlier, labelled("Ugly"))
    assert wordings.compare(earlier, labelled("Too slow"))
    assert not wordings.compare(earlier, labelled("Too dear"))
    assert not wordings.compare(earlier, labelled("Ugly", "ugly"))
    assert not wordings.compare(
        [*earlier, labelled({"en": "Pricey"})], labelled({"en": "Too dear"})
    )
    moved = replace(labelled("x", "other"), last=Reason(id="slow", label="Lento"))
    assert wordings.compare(earlier, moved)


def test_the_ready_made_sets_agree() -> None:
    """To go from one to another never gives an id another meaning."""
    surveys = [one.survey for one in READY_MADE if one.survey.kind == "exit"]
    assert [wordings.compare(surveys, survey) for survey in surveys] == [[]] * len(surveys)


# -- who can read it -------------------------------------------------------------------------


def test_what_a_language_lacks_is_named() -> None:
    """Our own texts are there in every language, a vendor's where they wrote them."""
    assert wordings.gaps(EXIT) == {}
    assert wordings.for_everybody(EXIT) == []
    own = replace(EXIT, question={"en": "Why?", "pt-BR": "Por quê?", "de": "Warum?"}, last=None)
    assert wordings.gaps(own) == {tuple(set_without("en", "pt", "de")): ["question"]}
    assert wordings.for_everybody(labelled("Dear")) == ["question", "dear (label)"]


def test_a_language_that_our_own_words_are_not_in_is_named() -> None:
    """Its readers find the rest of the page in English."""
    texts = {"nl": "Te duur", "pt-BR": "Caro", "DE": "Teuer"}
    assert wordings.beyond_ours(labelled(texts)) == ["nl"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("pt", "Caro"),
        ("pt-PT", "Caro"),
        ("zh_CN", "太贵"),
        ("de-AT", "Zu teuer"),
        ("ja", "Too dear"),
        ("en", "Too dear"),
    ],
)
def test_the_nearest_that_a_vendor_wrote_is_shown(language: str, said: str) -> None:
    """Another region's words are better than another language's."""
    written = {"DE": "Zu teuer", "pt-BR": "Caro", "zh-Hans": "太贵", "en-GB": "Too dear"}
    assert say(written, language) == said


def set_without(*there: str) -> list[str]:
    return [language for language in LANGUAGES if language not in there]


def test_a_vendor_reads_english_or_the_first_language() -> None:
    """A report is in English; where the vendor wrote none, in what they wrote first."""
    assert in_english("Zu teuer") == "Zu teuer"
    assert in_english({"de": "Zu teuer", "en-GB": "Too dear"}) == "Too dear"
    assert in_english({"de": "Zu teuer", "fr": "Trop cher"}) == "Zu teuer"
