"""The survey's editor: every text in every language, and nothing that answers meant is lost."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import pytest
from tests.server.console.visitors import Visitor, said
from tests.server.test_images import png

from exitpoll_server.languages import LANGUAGES
from exitpoll_server.questions import EXIT, TRIAL, in_english
from exitpoll_server.store import Product, Store


def fields(page: str) -> dict[str, Any]:
    """Return what the editor's form would send as it stands."""
    form = page[page.index('name="version"') - 500 :]
    form = form[: form.index("</form>", form.index('name="version"'))]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        if name is None or 'type="checkbox"' in tag or name[1] == "csrf_token":
            continue
        value = re.search(r'value="([^"]*)"', tag)
        found[name[1]] = html.unescape(value[1]) if value else ""
    return found


def open_editor(ada: Visitor, product: Product, asked: str = "") -> dict[str, Any]:
    answer = ada.get(f"/{product.id}/survey/exit?{asked}")
    assert answer.status_code == 200
    return fields(answer.text)


def test_keeping_without_a_change_changes_nothing(
    ada: Visitor, store: Store, product: Product
) -> None:
    """Whatever language the form is in, what was not touched stays as it was."""
    for language in (*LANGUAGES, "-", "nl"):
        form = open_editor(ada, product, f"language={language}")
        assert ada.post(f"/{product.id}/survey/exit", **form).status_code == 303
        assert store.survey(product, "exit") == EXIT


def test_one_language_at_a_time(ada: Visitor, store: Store, product: Product) -> None:
    """A label worded otherwise in Russian stays as it was in all other languages."""
    form = open_editor(ada, product, "language=ru")
    before = form["reason-0-label"]
    form["reason-0-label"] = "Нет нужной функции"
    assert ada.post(f"/{product.id}/survey/exit", **form).status_code == 303
    label = store.survey(product, "exit").reasons[0].label
    assert not isinstance(label, str)
    assert label["ru"] == "Нет нужной функции" != before
    assert label["en"] == in_english(EXIT.reasons[0].label)
    assert set(label) == set(LANGUAGES)
    assert open_editor(ada, product, "language=de")["reason-0-label"] == label["de"]


def test_an_answer_keeps_its_meaning(ada: Visitor, store: Store, product: Product) -> None:
    """A known answer that says something else is refused, unless only its wording is another."""
    form = open_editor(ada, product)
    form["reason-0-label"] = "It lacks what I need"
    refused = ada.post(f"/{product.id}/survey/exit", **form)
    assert refused.status_code == 422
    assert "would mean something else" in said(refused)
    assert store.survey(product, "exit") == EXIT
    kept = ada.post(f"/{product.id}/survey/exit", **form, same_meaning="yes")
    assert kept.status_code == 303
    label = store.survey(product, "exit").reasons[0].label
    assert in_english(label) == "It lacks what I need"


def test_a_reason_of_ones_own(ada: Visitor, store: Store, product: Product) -> None:
    """It is counted by an id made of its label, and has a question and an offer of its own."""
    form = open_editor(ada, product)
    typed = {
        "label": " It has  no dark mode ",
        "follow_up": "Where did it hurt most?",
        "offer": "Version 3 has one. Try it.",
        "offer_link": "https://example.com/3",
        "offer_label": "Version 3",
    }
    form |= {f"reason-6-{name}": text for name, text in typed.items()}
    form["held_out"] = "20"
    assert ada.post(f"/{product.id}/survey/exit", **form).status_code == 303
    survey = store.survey(product, "exit")
    assert (survey.version, survey.held_out) == (2, 0.2)
    reason = survey.reason("it-has-no-dark-mode")
    assert reason is not None
    assert reason.label == {"en": "It has no dark mode"}
    assert reason.offer is not None
    assert reason.offer.link == "https://example.com/3"
    page = ada.read(f"/{product.id}/survey/exit")
    assert "Not said yet in: ru, de, fr, es, pt, zh, ja, ar" in page


def test_a_reason_is_offered_no_more(ada: Visitor, store: Store, product: Product) -> None:
    """It is gone from the page, and from no report: earlier versions keep it."""
    form = open_editor(ada, product)
    removed = form["reason-0-id"]
    assert (
        ada.post(f"/{product.id}/survey/exit", **form, **{"reason-0-remove": "yes"}).status_code
        == 303
    )
    assert store.survey(product, "exit").reason(removed) is None
    assert removed in store.labels(product)


@pytest.mark.parametrize(
    ("field", "typed", "fault"),
    [
        ("question", "", "question: Empty."),
        ("reason-0-label", "x" * 81, "Longer than 80 characters"),
        ("reason-6-id", "No Spaces", "An id is of a-z, 0-9 and hyphens"),
        ("reason-0-offer_link", "http://example.com", "https only"),
        ("held_out", "95", "No share from 0 to 0.9"),
        ("held_out", "some", "No share from 0 to 0.9"),
    ],
)
def test_what_cannot_be_used(
    ada: Visitor, store: Store, product: Product, field: str, typed: str, fault: str
) -> None:
    """Every mistake is named, everything typed stays in the form, and nothing is changed."""
    form = open_editor(ada, product)
    form["reason-0-offer"] = "Something"
    form["reason-6-label"] = "Another"
    form[field] = typed
    answer = ada.post(f"/{product.id}/survey/exit", **form)
    assert (answer.status_code, fault in said(answer)) == (422, True), said(answer)[:1500]
    again = fields(answer.text)
    assert {name: again[name] for name in form if name in again} == form
    assert store.survey(product, "exit") == EXIT


def test_two_who_edit_at_once(ada: Visitor, store: Store, product: Product) -> None:
    """Whoever keeps later is told, and nothing of the first is lost."""
    first, second = open_editor(ada, product), open_editor(ada, product)
    first["reason-6-label"] = "First"
    second["reason-6-label"] = "Second"
    assert ada.post(f"/{product.id}/survey/exit", **first).status_code == 303
    answer = ada.post(f"/{product.id}/survey/exit", **second)
    assert answer.status_code == 422
    assert "Somebody else has changed it meanwhile" in said(answer)
    assert store.survey(product, "exit").reason("first") is not None


def test_a_ready_made_set(ada: Visitor, store: Store, product: Product) -> None:
    """The form begins with it, and keeping it asks it."""
    form = open_editor(ada, product, "set=trial")
    assert ada.post(f"/{product.id}/survey/exit", **form).status_code == 303
    assert store.survey(product, "exit").reasons == TRIAL.reasons


def test_the_preview_is_the_page(ada: Visitor, store: Store, product: Product) -> None:
    """Before anything is kept, in the chosen language, with the product's name; a dead end."""
    form = open_editor(ada, product, "language=de")
    form["question"] = "Warum geht {product} nicht?"
    page = ada.post(f"/{product.id}/survey/exit/preview", **form).text
    assert "Warum geht Sample nicht?" in page
    assert '<html lang="de" dir="ltr">' in page
    assert "<main inert>" in page
    assert "<script" not in page
    assert store.survey(product, "exit") == EXIT
    arabic = open_editor(ada, product, "language=ar")
    assert 'dir="rtl"' in ada.post(f"/{product.id}/survey/exit/preview", **arabic).text


def test_the_preview_after_an_answer(ada: Visitor, product: Product) -> None:
    """What is asked next, and what is offered, is seen as whoever chose the answer sees it."""
    form = open_editor(ada, product)
    form |= {"reason-0-offer": "It is there now.", "chosen": form["reason-0-id"]}
    page = said(ada.post(f"/{product.id}/survey/exit/preview", **form))
    assert "What did you miss?" in page
    assert "It is there now." in page


@pytest.mark.parametrize("kind", ["nps", "checkin", "feedback"])
def test_the_other_surveys(ada: Visitor, store: Store, product: Product, kind: Any) -> None:
    """Those that are asked while the product is in use are edited and previewed alike."""
    form = fields(ada.get(f"/{product.id}/survey/{kind}").text)
    form["question"] = "And {product}?"
    assert "And Sample?" in ada.post(f"/{product.id}/survey/{kind}/preview", **form).text
    assert ada.post(f"/{product.id}/survey/{kind}", **form).status_code == 303
    question = store.survey(product, kind).question
    assert not isinstance(question, str)
    assert question["en"] == "And {product}?"


def test_the_logo(ada: Visitor, store: Store, product: Product) -> None:
    """An image stands above every survey; what is none is refused with a reason."""
    ada.get(f"/{product.id}/survey/exit")
    ada.post(f"/{product.id}/logo", logo=(io.BytesIO(png(20, 10)), "logo.png"))
    assert store.logo(product) is not None
    ada.post(f"/{product.id}/logo", logo=(io.BytesIO(b"no image"), "logo.png"))
    assert "This cannot be the logo" in ada.read(f"/{product.id}/survey/exit")
    ada.post(f"/{product.id}/logo", remove="yes")
    assert store.logo(product) is None
