"""What a product asks: reasons, texts and offers, one language at a time, with a preview."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from babel import Locale, UnknownLocaleError
from flask import flash, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from exitpoll_server import clock, definitions, images, wordings
from exitpoll_server.console.access import OWNS, Pages
from exitpoll_server.definitions import DefinitionError
from exitpoll_server.kits import slug
from exitpoll_server.languages import ENGLISH, LANGUAGES, translated
from exitpoll_server.questions import KINDS, READY_MADE, Kind, Reason, Survey, Text, in_english
from exitpoll_server.store import Logo, Product, Store
from exitpoll_server.survey.preview import preview

EVERYBODY = ""
"""Stands for the language of a text that is one for everybody."""

MAX_ID_CHARS = 40

_LONG_SPACE = re.compile(r"[ \t\r\n]+")
"""Not the narrow one that French has before a question mark."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form around a survey, as it is shown."""

    language: str
    start: str | None = None
    """The ready-made set that it begins with."""
    typed: Mapping[str, str] = field(default_factory=dict)
    """What was typed into it and cannot be kept yet."""
    problems: Sequence[str] = ()
    reworded: bool = False
    """The problems are known ids that would mean something else."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A reason in the form, in the language at hand."""

    name: str
    """What its fields begin with."""
    id: str = ""
    is_known: bool = False
    """Its id stays: answers are counted by it."""
    label: str = ""
    follow_up: str = ""
    offer: str = ""
    offer_link: str = ""
    offer_label: str = ""
    english: str = ""
    """What it says in English, for whoever translates."""


class SurveyPages:
    """A product's surveys, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        one = f"/<int:number>/survey/<any({', '.join(KINDS)}):kind>"
        pages.add(one, self.survey, whom=OWNS, post=self.save_survey)
        pages.form(f"{one}/preview", self.preview_survey, whom=OWNS)
        pages.form("/<int:number>/logo", self.set_logo, whom=OWNS)

    def survey(self, product: Product, kind: Kind) -> str:
        """Show what is asked, in one language; or a ready-made set to start from."""
        start = request.args.get("set")
        sets = [one.survey for one in READY_MADE if one.survey.kind == kind and one.name == start]
        asked = sets[0] if sets else self._store.survey(product, kind)
        form = Form(language=_language(request.args), start=start if sets else None)
        return self._shown(product, asked, form)

    def save_survey(self, product: Product, kind: Kind) -> str | AnyResponse | tuple[str, int]:
        """Ask something else from now on."""
        language = _language(request.form)
        before = self._before(product, kind)
        said = _typed(before, language)
        try:
            asked = definitions.load(said)
        except DefinitionError as error:
            return self._refused(product, before, error.problems)
        current = self._store.survey(product, kind)
        if request.form.get("version") != str(current.version):
            problem = gettext("Somebody else has changed it meanwhile: load the page anew.")
            return self._refused(product, before, [problem])
        kept = [one.survey for one in self._store.surveys(product) if one.survey.kind == kind]
        reworded = wordings.compare([current, *kept], asked)
        if reworded and "same_meaning" not in request.form:
            return self._refused(product, before, reworded, reworded=True)
        after = self._store.change_survey(product, asked, clock.now())
        flash(gettext("Kept: version %(version)d.", version=after.version))
        for lacking in wordings.gaps(after):
            flash(gettext("Not said yet in: %(languages)s", languages=", ".join(lacking)))
        address = url_for("console.survey", number=product.id, kind=kind, language=language)
        return redirect(address, 303)

    def preview_survey(self, product: Product, kind: Kind) -> str | tuple[str, int]:
        """Show the page as somebody who speaks the language will see it, before it is kept."""
        language = _language(request.form)
        before = self._before(product, kind)
        try:
            asked = definitions.load(_typed(before, language))
        except DefinitionError as error:
            return self._refused(product, before, error.problems)
        chosen = request.form.get("chosen")
        return preview(self._store, product, asked, language or ENGLISH, chosen)

    def set_logo(self, product: Product) -> AnyResponse:
        """Show another logo above every survey, or none."""
        file = request.files.get("logo")
        try:
            if "remove" in request.form or file is None:
                self._store.put_logo(product, None)
            else:
                content = file.read(images.MAX_BYTES + 1)
                image = images.logo(content)
                self._store.put_logo(
                    product, Logo(content_type=image.content_type, content=content)
                )
        except images.ImageError as error:
            flash(gettext("This cannot be the logo: %(why)s", why=error))
        return redirect(url_for("console.survey", number=product.id, kind="exit"), 303)

    # -- the form

    def _before(self, product: Product, kind: Kind) -> Survey:
        """Return what was in the form when it was opened."""
        sets = (one.survey for one in READY_MADE if one.name == request.form.get("set"))
        found = next((one for one in sets if one.kind == kind), None)
        return found or self._store.survey(product, kind)

    def _shown(self, product: Product, asked: Survey, form: Form) -> str:
        kept = {
            reason.id
            for one in self._store.surveys(product)
            if one.survey.kind == asked.kind
            for reason in one.survey.all_reasons()
        }
        return render_template(
            "console/survey.html",
            asked=asked,
            kinds=KINDS,
            version=self._store.survey(product, asked.kind).version,
            form=form,
            languages=_languages(asked),
            named=_named,
            rows=_rows(asked, form.language, kept),
            question=_said(asked.question, form.language),
            follow_up=_said(asked.follow_up, form.language),
            held_out=round(asked.held_out * 100),
            sets=[one for one in READY_MADE if one.survey.kind == asked.kind],
            logo=self._store.logo(product) is not None,
            most=definitions,
        )

    def _refused(
        self, product: Product, before: Survey, problems: Sequence[str], *, reworded: bool = False
    ) -> tuple[str, int]:
        form = Form(
            language=_language(request.form),
            start=request.form.get("set"),
            typed=request.form,
            problems=problems,
            reworded=reworded,
        )
        return self._shown(product, before, form), 422


# -- languages -----------------------------------------------------------------------------


def _language(given: Mapping[str, str]) -> str:
    wanted = given.get("language", ENGLISH)
    return wanted if definitions.LANGUAGE.fullmatch(wanted) else EVERYBODY


def _languages(asked: Survey) -> list[str]:
    """Return ours, and those that the vendor's texts are in."""
    texts = [asked.question, *(reason.label for reason in asked.all_reasons())]
    tags = {tag for text in texts if not isinstance(text, str) for tag in text}
    return [*LANGUAGES, *sorted(tags - set(LANGUAGES))]


def _named(tag: str) -> str:
    if tag == EVERYBODY:
        return gettext("one text for everybody")
    try:
        name = Locale.parse(tag, sep="-").get_display_name(get_locale())
    except (ValueError, UnknownLocaleError):
        name = None
    return name or tag


def _said(text: Text | None, language: str) -> str:
    """Return what a text says in a language; empty where it does not."""
    if text is None:
        return ""
    if isinstance(text, str):
        return text if language == EVERYBODY else translated(text, language)
    return in_english(text) if language == EVERYBODY else text.get(language, "")


def _saying(before: Text | None, typed: str, language: str) -> Text | None:
    """Return a text that says in a language what was typed, and in the others what it said."""
    if typed == _said(before, language):
        return before
    if language == EVERYBODY:
        return typed or None
    others = _by_language(before)
    if typed:
        others[language] = typed
    else:
        others.pop(language, None)
    # A text without English, or the only one, is given up by emptying it.
    return others if set(others) - {language} or typed else None


def _needed(before: Text | None, typed: str, language: str) -> Text:
    """Return what a text says that has to be there: whoever empties it is told so."""
    emptied = not typed and _said(before, language)
    return "" if emptied else _saying(before, typed, language) or ""


def _by_language(text: Text | None) -> dict[str, str]:
    if text is None:
        return {}
    if not isinstance(text, str):
        return dict(text)
    ours = {one: translated(text, one) for one in LANGUAGES}
    return ours if len(set(ours.values())) > 1 else {ENGLISH: text}


# -- the form's fields ---------------------------------------------------------------------


def _rows(asked: Survey, language: str, kept: set[str]) -> list[Row]:
    """Return the reasons as rows, with empty ones as far as there is room, and the last."""
    if asked.kind not in ("exit", "checkin"):
        return []
    rows = [_row(f"reason-{n}", one, language, kept) for n, one in enumerate(asked.reasons)]
    empty = [Row(name=f"reason-{n}") for n in range(len(rows), definitions.MAX_REASONS)]
    last = _row("last", asked.last, language, kept) if asked.last else Row(name="last")
    return [*rows, *empty, last]


def _row(name: str, reason: Reason, language: str, kept: set[str]) -> Row:
    offer = reason.offer
    return Row(
        name=name,
        id=reason.id,
        is_known=reason.id in kept,
        label=_said(reason.label, language),
        follow_up=_said(reason.follow_up, language),
        offer=_said(offer.text if offer else None, language),
        offer_link=(offer.link if offer else None) or "",
        offer_label=_said(offer.label if offer else None, language),
        english=in_english(reason.label),
    )


def _typed(before: Survey, language: str) -> dict[str, Any]:
    """Return the definition that the form in hand makes of a survey."""
    given = {name: _LONG_SPACE.sub(" ", text).strip(" ") for name, text in request.form.items()}
    said: dict[str, Any] = {
        "kind": before.kind,
        "question": _needed(before.question, given.get("question", ""), language),
    }
    follow_up = _saying(before.follow_up, given.get("follow_up", ""), language)
    if follow_up is not None:
        said["follow_up"] = follow_up
    if before.kind in ("exit", "checkin"):
        names = [f"reason-{n}" for n in range(definitions.MAX_REASONS)]
        reasons = [_typed_reason(before, given, name, language) for name in names]
        said["reasons"] = [one for one in reasons if one is not None]
        last = _typed_reason(before, given, "last", language)
        if last is not None:
            said["last"] = last
        said["held_out"] = _share(given.get("held_out", ""))
    return said


def _typed_reason(
    before: Survey, given: Mapping[str, str], name: str, language: str
) -> dict[str, Any] | None:
    label, typed_id = given.get(f"{name}-label", ""), given.get(f"{name}-id", "")
    known = before.reason(typed_id)
    if f"{name}-remove" in given or not (label or typed_id):
        return None
    texts = {
        "label": _needed(known.label if known else None, label, language),
        "follow_up": _saying(
            known.follow_up if known else None, given.get(f"{name}-follow_up", ""), language
        ),
        "offer": _typed_offer(known, given, name, language),
    }
    made = slug(label)[:MAX_ID_CHARS].rstrip("-")
    return {"id": typed_id or made, **{k: v for k, v in texts.items() if v is not None}}


def _typed_offer(
    known: Reason | None, given: Mapping[str, str], name: str, language: str
) -> dict[str, Any] | None:
    before = known.offer if known else None
    told = {
        "text": _saying(before.text if before else None, given.get(f"{name}-offer", ""), language),
        "link": given.get(f"{name}-offer_link") or None,
        "label": _saying(
            before.label if before else None, given.get(f"{name}-offer_label", ""), language
        ),
    }
    said = {part: value for part, value in told.items() if value is not None}
    return cast("dict[str, Any]", said) or None


def _share(percent: str) -> float | str:
    try:
        return float(percent or 0) / 100
    except ValueError:
        return percent
