"""Telling those who wished for something, and asked to be told, what became of it."""

from __future__ import annotations

from urllib.parse import quote

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from exitpoll_server import clock
from exitpoll_server.console.access import ANSWERS, Pages, account
from exitpoll_server.console.inbox import read_reply
from exitpoll_server.console.written import no_theme
from exitpoll_server.gathering import gather
from exitpoll_server.mail import Mailer, MailError
from exitpoll_server.report.themes import Theme
from exitpoll_server.store import Letter, Product, Reply, Store

MOST_AT_ONCE = 50
"""Each mail takes the mail server a moment: whoever has more clicks again."""

ADDRESSES_IN_A_LINK = 20
"""A longer address is cut off by some mail programs."""


class Telling:
    """Themes and those who asked, on one store."""

    def __init__(self, store: Store, mailer: Mailer) -> None:
        self._store = store
        self._mailer = mailer

    def add_to(self, pages: Pages) -> None:
        """Add the page."""
        one = "/<int:number>/themes/<int:theme>/tell"
        pages.add(one, self.tell, whom=ANSWERS, post=self.told)

    def tell(self, product: Product, theme: int) -> str | AnyResponse:
        """Show how many asked to be told, and a text to begin with."""
        found = self._found(product, theme)
        if found is None:
            return no_theme(product)
        text = gettext(
            "You wrote to us when you uninstalled %(product)s. What you wished for is there now: "
            "%(theme)s.",
            product=product.name,
            theme=found.name,
        )
        subject = gettext("Your comment on %(product)s", product=product.name)
        return self._shown(product, found, theme, subject=subject, text=text)

    def told(self, product: Product, theme: int) -> str | AnyResponse | tuple[str, int]:
        """Tell whoever was not told yet."""
        found = self._found(product, theme)
        if found is None:
            return no_theme(product)
        subject, text, fault = read_reply(request.form)
        if fault:
            page = self._shown(product, found, theme, subject=subject, text=text, fault=fault)
            return page, 422
        letters = self._letters(product, found, theme)[0][:MOST_AT_ONCE]
        for done, letter in enumerate(letters):
            try:
                if self._mailer.is_set_up:
                    self._mailer.send(
                        to=letter.email, subject=subject, text=text, reply_to=account().email
                    )
            except MailError as error:
                fault = gettext(
                    "%(done)d were told, then the mail was not sent: %(why)s.", done=done, why=error
                )
                page = self._shown(product, found, theme, subject=subject, text=text, fault=fault)
                return page, 422
            said = Reply(
                at=clock.now(),
                account=None,
                subject=subject,
                text=text,
                is_sent=self._mailer.is_set_up,
                theme_id=theme,
            )
            self._store.letters.reply(letter, said, account().id)
        if self._mailer.is_set_up:
            flash(gettext("%(n)d were told.", n=len(letters)))
            return redirect(url_for("console.tell", number=product.id, theme=theme), 303)
        links = _links(letters, subject, text)
        return self._shown(product, found, theme, subject=subject, text=text, links=links)

    def _found(self, product: Product, number: int) -> Theme | None:
        every = gather(self._store, product).themes.themes
        return next((one for one in every if one.kept is not None and one.kept.id == number), None)

    def _letters(
        self, product: Product, theme: Theme, number: int
    ) -> tuple[list[Letter], list[Letter]]:
        """Return who is to be told, and who was."""
        wished = {one.departure.installation_id for one in theme.comments}
        letters = [
            one
            for one in self._store.letters.all(product)
            if one.source == "uninstall" and one.installation_id in wished
        ]
        told = [one for one in letters if any(said.theme_id == number for said in one.replies)]
        return [one for one in letters if one not in told], told

    def _shown(
        self,
        product: Product,
        theme: Theme,
        number: int,
        *,
        links: list[str] | None = None,
        **form: str,
    ) -> str:
        letters, told = self._letters(product, theme, number)
        return render_template(
            "console/tell.html",
            theme=theme,
            waiting=len(letters),
            told=len(told),
            sends_mail=self._mailer.is_set_up,
            links=links or [],
            **{"fault": "", **form},
        )


def _links(letters: list[Letter], subject: str, text: str) -> list[str]:
    """Return what opens the text in a mail program, to some at a time, none seeing the others."""
    body = quote(text.replace("\n", "\r\n"))
    groups = [
        letters[start : start + ADDRESSES_IN_A_LINK]
        for start in range(0, len(letters), ADDRESSES_IN_A_LINK)
    ]
    return [
        f"mailto:?bcc={','.join(quote(one.email, safe='@') for one in group)}"
        f"&subject={quote(subject)}&body={body}"
        for group in groups
    ]
