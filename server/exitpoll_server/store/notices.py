"""The store's door to mail and webhooks: `store.notices`. Each method is one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from exitpoll_server.store import happened, hooks, leases, mails, noticed
from exitpoll_server.store.accounts import Account
from exitpoll_server.store.engine import read_transaction, write_transaction
from exitpoll_server.store.hooks import Delivery, Due, News, Webhook
from exitpoll_server.store.instants import to_ms
from exitpoll_server.store.mails import Kind, Mail
from exitpoll_server.store.noticed import Noticed
from exitpoll_server.store.products import Product


class Notices:
    """What the vendor is told, of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- leases

    def take(self, job: str, holder: str, seconds: float) -> bool:
        """Take a job's lease, or hold on to it; tell whether it is this holder's now."""
        with read_transaction(self._engine) as connection:
            if leases.is_others(connection, job, holder):
                return False
        with write_transaction(self._engine) as connection:
            return leases.take(connection, job, holder, seconds)

    def give_back(self, holder: str) -> None:
        """Let others have this holder's leases at once."""
        with write_transaction(self._engine) as connection:
            leases.give_back(connection, holder)

    # -- webhooks

    def webhooks(self, product: Product) -> list[Webhook]:
        """Return a product's webhooks, the first first."""
        with read_transaction(self._engine) as connection:
            return hooks.everything(connection, product.id)

    def add_webhook(
        self, product: Product, *, url: str, events: Sequence[str], now: datetime
    ) -> Webhook:
        """Tell somebody of what happens from now on."""
        with write_transaction(self._engine, alone=True) as connection:
            return hooks.add(connection, product.id, url=url, events=events, now=to_ms(now))

    def switch_webhook(self, webhook: Webhook, *, enabled: bool) -> None:
        """Tell a webhook from now on, or no more."""
        with write_transaction(self._engine, alone=True) as connection:
            hooks.switch(connection, webhook, enabled=enabled)

    def remove_webhook(self, webhook: Webhook) -> None:
        """Delete a webhook and its log."""
        with write_transaction(self._engine) as connection:
            hooks.remove(connection, webhook)

    def queue(self, webhook: Webhook, news: News, now: datetime) -> None:
        """Have a webhook told something."""
        with write_transaction(self._engine) as connection:
            hooks.queue(connection, webhook, [news], to_ms(now))

    def log(self, product: Product) -> list[Delivery]:
        """Return the last deliveries to a product's webhooks, the last first."""
        with read_transaction(self._engine) as connection:
            return hooks.log(connection, product.id)

    def again(self, product: Product, delivery: int, now: datetime) -> bool:
        """Have a message sent anew; False where there is none of this number."""
        with write_transaction(self._engine) as connection:
            return hooks.again(connection, product.id, delivery, to_ms(now))

    def is_news(self) -> bool:
        """Tell whether anything happened that a webhook may want to know."""
        with read_transaction(self._engine) as connection:
            return happened.is_news(connection)

    def gather(self, now: datetime) -> None:
        """Queue what happened since webhooks were last told, each thing once."""
        with write_transaction(self._engine, alone=True) as connection:
            happened.gather(connection, to_ms(now))

    def is_due(self, now: datetime) -> bool:
        """Tell whether a delivery is waiting."""
        with read_transaction(self._engine) as connection:
            return hooks.is_due(connection, to_ms(now))

    def due(self, now: datetime, most: int) -> list[Due]:
        """Return the deliveries that are waiting, the longest waiting first."""
        with read_transaction(self._engine) as connection:
            return hooks.due(connection, to_ms(now), most)

    def claim(self, delivery: Delivery, again_at: datetime) -> bool:
        """Count an attempt before it is made; False where somebody else makes it."""
        with write_transaction(self._engine) as connection:
            return hooks.claim(connection, delivery, to_ms(again_at))

    def told(self, delivery: Delivery, status: int, now: datetime) -> None:
        """Note that a message arrived."""
        with write_transaction(self._engine) as connection:
            hooks.told(connection, delivery, status, to_ms(now))

    def failed(self, delivery: Delivery, *, status: int | None, error: str, is_last: bool) -> None:
        """Note that an attempt failed."""
        with write_transaction(self._engine) as connection:
            hooks.failed(connection, delivery, status=status, error=error, is_last=is_last)

    def is_log_older(self, before: datetime) -> bool:
        """Tell whether the log has anything from before this instant that is over."""
        with read_transaction(self._engine) as connection:
            return hooks.is_older(connection, to_ms(before))

    def forget(self, before: datetime) -> None:
        """Delete the log of what is over, and came up before this instant."""
        with write_transaction(self._engine) as connection:
            hooks.forget(connection, to_ms(before))

    # -- mail

    def wishes(self, account: Account, product: Product) -> frozenset[str]:
        """Return which mail of a product somebody wants."""
        with read_transaction(self._engine) as connection:
            return mails.wishes(connection, account.id, product.id)

    def wish(
        self, account: Account, product: Product, kinds: Sequence[Kind], now: datetime
    ) -> None:
        """Let somebody have these mails of a product, and no others."""
        with write_transaction(self._engine) as connection:
            mails.wish(connection, account.id, product.id, kinds, to_ms(now))

    def lacks_digest(self, week: str, since: datetime) -> bool:
        """Tell whether somebody who wanted the digest before `since` has none of this week yet."""
        with read_transaction(self._engine) as connection:
            return mails.lacks(connection, week, to_ms(since))

    def queue_digests(self, week: str, since: datetime, now: datetime) -> None:
        """Have a week's digest sent to all who wanted it before `since`, once."""
        with write_transaction(self._engine) as connection:
            mails.queue_digests(connection, week, to_ms(since), to_ms(now))

    def wants_reminders(self, product: Product) -> bool:
        """Tell whether anybody is to be reminded of letters that were put off."""
        with read_transaction(self._engine) as connection:
            return mails.is_wanted(connection, product.id, "reminder")

    def remind(self, product: Product, day: str, count: int, now: datetime) -> None:
        """Have a reminder of letters sent to all who want it; one a day."""
        with write_transaction(self._engine) as connection:
            about = {"count": count}
            mails.queue(connection, product.id, "reminder", day, about, to_ms(now))

    def is_mail_due(self, now: datetime) -> bool:
        """Tell whether a mail is waiting."""
        with read_transaction(self._engine) as connection:
            return mails.is_due(connection, to_ms(now))

    def mails(self, now: datetime, most: int) -> list[Mail]:
        """Return the mails that are waiting, the longest waiting first."""
        with write_transaction(self._engine) as connection:
            return mails.due(connection, to_ms(now), most)

    def claim_mail(self, mail: Mail, again_at: datetime) -> bool:
        """Count an attempt before it is made; False where somebody else makes it."""
        with write_transaction(self._engine) as connection:
            return mails.claim(connection, mail, to_ms(again_at))

    def sent(self, mail: Mail, now: datetime) -> None:
        """Note that the mail server took a mail."""
        with write_transaction(self._engine) as connection:
            mails.sent(connection, mail, to_ms(now))

    def mail_failed(self, mail: Mail, error: str, *, is_last: bool) -> None:
        """Note that an attempt failed."""
        with write_transaction(self._engine) as connection:
            mails.failed(connection, mail, error, is_last=is_last)

    # -- figures

    def is_watched(self, product: Product) -> bool:
        """Tell whether anybody wants to know of a product's alarms or health."""
        with read_transaction(self._engine) as connection:
            return mails.is_wanted(connection, product.id, "alarm") or any(
                hooks.listening(connection, product.id, event) for event in ("alarm", "health")
            )

    def noticed(self, product: Product) -> Noticed:
        """Return what was told of a product's figures."""
        with read_transaction(self._engine) as connection:
            return noticed.of(connection, product.id)

    def notice(
        self,
        product: Product,
        *,
        before: Noticed,
        after: Noticed,
        news: Sequence[News],
        mails_on: Mapping[str, Mapping[str, Any]],
        now: datetime,
    ) -> None:
        """Tell what is new, by webhook and, of alarms, by mail; nothing if others were first."""
        with write_transaction(self._engine) as connection:
            if not noticed.note(connection, product.id, before, after):
                return
            for one in news:
                for webhook in hooks.listening(connection, product.id, one.event):
                    hooks.queue(connection, webhook, [one], to_ms(now))
            for subject, about in mails_on.items():
                mails.queue(connection, product.id, "alarm", subject, about, to_ms(now))
