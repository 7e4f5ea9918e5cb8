"""The inbox: who asked to be answered, how soon, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse

from exitpoll_server import clock
from exitpoll_server.console.access import ANSWERS, Pages, account
from exitpoll_server.console.written import HEALTH
from exitpoll_server.counts import Churned, Window
from exitpoll_server.mail import Mailer, MailError
from exitpoll_server.questions import EXIT
from exitpoll_server.render import words
from exitpoll_server.store import Card, Letter, NoLetterError, Product, Reply, Store

MAX_SUBJECT_CHARS = 200
MAX_TEXT_CHARS = 10_000
MAX_PUT_OFF_DAYS = 366
TWICE = timedelta(minutes=10)
"""The same text within this time was sent by a second click."""

SHELVES = {
    "open": lazy_gettext("To answer"),
    "answered": lazy_gettext("Answered"),
    "closed": lazy_gettext("Closed"),
}

_MOMENT = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Waiting:
    """A letter in the list, with how soon it is to be answered."""

    letter: Letter
    state: str
    due: datetime
    left: timedelta
    """Until it is due; negative where it is overdue."""

    @property
    def order(self) -> tuple[bool, datetime]:
        """Sort the most urgent first; what is put off comes after everything else."""
        until = self.letter.put_off_until
        return (True, until) if self.state == "put off" and until else (False, self.due)


def waiting(store: Store, product: Product, now: datetime) -> list[Waiting]:
    """Return every letter of a product with when it is due, the most urgent first."""
    calendar = store.letters.calendar(product)
    found = []
    for letter in store.letters.all(product):
        due = letter.due(calendar)
        found.append(Waiting(letter, letter.state(now), due, due - now))
    return sorted(found, key=lambda one: one.order)


def said_left(left: timedelta) -> str:
    """Say how long there is, or since when there is none."""
    minutes = abs(int(left.total_seconds())) // 60
    hours, days = minutes // 60, minutes // (24 * 60)
    if days >= 2:  # noqa: PLR2004 - a day and a half is better said in hours
        span = ngettext("%(num)d day", "%(num)d days", days)
    elif hours:
        span = ngettext("%(num)d hour", "%(num)d hours", hours)
    else:
        span = ngettext("%(num)d minute", "%(num)d minutes", minutes)
    if left < timedelta(0):
        return gettext("overdue for %(span)s", span=span)
    return gettext("%(span)s left", span=span)


class Inbox:
    """Letters, on one store."""

    def __init__(self, store: Store, mailer: Mailer) -> None:
        self._store = store
        self._mailer = mailer

    def add_to(self, pages: Pages) -> None:
        """Add the pages."""
        one = "/<int:number>/inbox/<any(uninstall, feedback):source>/<int:letter>"
        pages.add("/<int:number>/inbox", self.inbox, whom=ANSWERS)
        pages.add(one, self.letter, whom=ANSWERS, post=self.reply)
        pages.form(f"{one}/put-off", self.put_off, whom=ANSWERS)
        pages.form(f"{one}/close", self.close_letter, whom=ANSWERS)
        pages.form(f"{one}/open", self.open_letter, whom=ANSWERS)
        pages.add("/<int:number>/prepared", self.prepared, whom=ANSWERS, post=self.prepare)

    # -- the list

    def inbox(self, product: Product) -> str:
        """List letters, the most urgent first."""
        shelf = request.args.get("shelf", "open")
        every = waiting(self._store, product, clock.now())
        by_shelf = {
            "open": [one for one in every if one.state in ("new", "put off")],
            "answered": [one for one in reversed(every) if one.state == "answered"],
            "closed": [one for one in reversed(every) if one.state == "closed"],
        }
        return render_template(
            "console/inbox.html",
            shelves=SHELVES,
            shelf=shelf if shelf in SHELVES else "open",
            sizes={name: len(letters) for name, letters in by_shelf.items()},
            letters=by_shelf.get(shelf, by_shelf["open"]),
            said_left=said_left,
            words=words,
            labels=self._store.labels(product),
        )

    # -- one letter

    def letter(self, product: Product, source: str, letter: int) -> str:
        """Show a letter with the card of the installation, and what a reply begins with."""
        found = self._found(product, source, letter)
        prepared = self._store.letters.prepared(product)
        text = prepared.get(found.reason or "") or prepared.get("", "")
        subject = gettext("Your comment on %(product)s", product=product.name)
        return self._shown(product, found, subject=subject, text=_filled(text, product))

    def reply(
        self, product: Product, source: str, letter: int
    ) -> str | AnyResponse | tuple[str, int]:
        """Keep what somebody is told."""
        found = self._found(product, source, letter)
        subject, text, fault = read_reply(request.form)
        now = clock.now()
        if not fault and _is_second_click(found, text, now):
            return _to_letter(product, found)
        if not fault:
            fault = self._sent(found, subject, text)
        if fault:
            return self._shown(product, found, subject=subject, text=text, fault=fault), 422
        is_sent = self._mailer.is_set_up
        said = Reply(
            at=now, account=None, subject=subject, text=text, is_sent=is_sent, theme_id=None
        )
        self._store.letters.reply(found, said, account().id)
        return _to_letter(product, found)

    def _sent(self, found: Letter, subject: str, text: str) -> str:
        """Send a reply, where there is a mail server; return why it was not."""
        if not self._mailer.is_set_up:
            return ""
        try:
            self._mailer.send(to=found.email, subject=subject, text=text, reply_to=account().email)
        except MailError as error:
            return gettext("The mail was not sent: %(why)s. Nothing is lost.", why=error)
        return ""

    def put_off(self, product: Product, source: str, letter: int) -> AnyResponse:
        """Let a letter come back on a day."""
        found = self._found(product, source, letter)
        until = self._morning(product, request.form.get("until", ""))
        if until is None:
            flash(gettext("Please choose a day within a year from now."))
            return _to_letter(product, found)
        self._store.letters.put_off(found, until)
        return _to_inbox(product)

    def close_letter(self, product: Product, source: str, letter: int) -> AnyResponse:
        """Let a letter be without an answer."""
        self._store.letters.close(self._found(product, source, letter), clock.now())
        return _to_inbox(product)

    def open_letter(self, product: Product, source: str, letter: int) -> AnyResponse:
        """Take a letter up again."""
        found = self._found(product, source, letter)
        self._store.letters.close(found, None)
        self._store.letters.put_off(found, None)
        return _to_letter(product, found)

    def _found(self, product: Product, source: str, number: int) -> Letter:
        try:
            return self._store.letters.find(
                product, "uninstall" if source == "uninstall" else "feedback", number
            )
        except NoLetterError:
            abort(404)

    def _morning(self, product: Product, text: str) -> datetime | None:
        try:
            morning = self._store.letters.calendar(product).morning_of(date.fromisoformat(text))
            left = morning - clock.now()
        except (ValueError, OverflowError):
            return None
        return morning if timedelta(0) < left < timedelta(days=MAX_PUT_OFF_DAYS) else None

    def _shown(
        self, product: Product, found: Letter, *, subject: str, text: str, fault: str = ""
    ) -> str:
        now = clock.now()
        known = found.installation_id
        card = None if known is None else self._store.letters.card(product, known)
        due = found.due(self._store.letters.calendar(product))
        return render_template(
            "console/letter.html",
            letter=found,
            state=found.state(now),
            left=said_left(due - now),
            tomorrow=now.date() + timedelta(days=1),
            subject=subject,
            text=text,
            fault=fault,
            card=card,
            churned=self._churned(product, found, card),
            highest=max((n for _, n in card.weeks), default=0) if card else 0,
            sends_mail=self._mailer.is_set_up,
            by_mail=_by_mail(found.email, found.replies),
            health=HEALTH,
            words=words,
            labels=self._store.labels(product),
        )

    def _churned(self, product: Product, found: Letter, card: Card | None) -> Churned | None:
        """Return how somebody who left was doing before."""
        if card is None or not card.uninstalled_at:
            return None
        at = card.uninstalled_at[-1]
        rows = self._store.churn(
            product,
            Window(as_of=clock.now(), start=at, end=at + _MOMENT),
            stopped_after_days=product.stopped_after_days,
        )
        return next((row for row in rows if row.installation_id == found.installation_id), None)

    # -- what replies begin with

    def prepared(self, product: Product) -> str:
        """Show what replies begin with, by reason."""
        texts = self._store.letters.prepared(product)
        survey = self._store.survey(product, "exit")
        reasons = [reason.id for reason in survey.reasons if reason.id not in texts]
        return render_template(
            "console/prepared.html",
            reasons=["", *sorted(one for one in texts if one), *reasons],
            texts=texts,
            words=words,
            labels=self._store.labels(product),
            most=MAX_TEXT_CHARS,
        )

    def prepare(self, product: Product) -> AnyResponse:
        """Begin replies to a reason with another text from now on."""
        reason = request.form.get("reason", "")
        text = request.form.get("text", "").replace("\r\n", "\n").strip()[:MAX_TEXT_CHARS]
        survey = self._store.survey(product, "exit")
        known = {"", *(one.id for one in survey.reasons), *self._store.labels(product)}
        known |= {one.id for one in EXIT.reasons}
        if reason not in known:
            abort(404)
        self._store.letters.prepare(product, reason, text)
        flash(gettext("Kept. Replies begin with it from now on."))
        return redirect(url_for("console.prepared", number=product.id), 303)


def read_reply(given: Mapping[str, str]) -> tuple[str, str, str]:
    """Return subject and text of a form, and what is wrong with them; empty where nothing is."""
    subject = " ".join(given.get("subject", "").split())[:MAX_SUBJECT_CHARS]
    text = given.get("text", "").replace("\r\n", "\n").strip()
    fault = ""
    if not text or not subject:
        fault = gettext("A reply needs a subject and a text.")
    elif len(text) > MAX_TEXT_CHARS:
        fault = gettext("Please write at most %(most)d characters.", most=MAX_TEXT_CHARS)
    return subject, text, fault


def _filled(text: str, product: Product) -> str:
    return text.replace("{product}", product.name)


def _is_second_click(letter: Letter, text: str, now: datetime) -> bool:
    last = letter.replies[-1] if letter.replies else None
    return last is not None and last.text == text and now - last.at < TWICE


def _by_mail(email: str, replies: Sequence[Reply]) -> str:
    """Return what opens the last reply in a mail program; empty where none waits to be sent."""
    if not replies or replies[-1].is_sent:
        return ""
    last = replies[-1]
    # Lines end as mail has them (RFC 6068, 5).
    body = quote(last.text.replace("\n", "\r\n"))
    return f"mailto:{quote(email, safe='@')}?subject={quote(last.subject)}&body={body}"


def _to_letter(product: Product, letter: Letter) -> AnyResponse:
    address = url_for(
        "console.letter", number=product.id, source=letter.source, letter=letter.number
    )
    return redirect(address, 303)


def _to_inbox(product: Product) -> AnyResponse:
    return redirect(url_for("console.inbox", number=product.id), 303)
