"""What runs by the clock: a thread in each process that serves, and of all of them one a job.

A job is done under a lease in the database, and each message and mail is counted as tried before
it is: two servers never send the same.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from exitpoll_server import clock
from exitpoll_server.config import Config
from exitpoll_server.languages import ENGLISH
from exitpoll_server.mail import Mailer, MailError
from exitpoll_server.notify import retries, texts, watching, webhooks
from exitpoll_server.notify.texts import Text
from exitpoll_server.speech import speaking
from exitpoll_server.store import BusyError, Due, Mail, Product, Store, StoreError

log = logging.getLogger(__name__)

LEASE_SECONDS = 120.0
"""How long others wait for a holder that says nothing: longer than any attempt."""

RENEW_SECONDS = LEASE_SECONDS / 3

TICK_SECONDS = 5.0
WATCH_SECONDS = 60.0 * 60
MAIL_SECONDS = 15.0
DIGEST_SECONDS = 5.0 * 60

DIGEST_HOUR = 6
"""On Mondays, UTC: before the working day in Europe, after it in the Pacific."""

MOST_DELIVERIES = 40
MOST_MAILS = 20
"""At once; the next are taken a moment later."""

SENDERS = 4
"""A receiver that is slow does not keep others waiting."""

LOG_DAYS = 30
"""How long a delivery that is over is kept: payloads hold what people wrote."""

STOP_SECONDS = 25
"""How long a server that stops waits for the attempt in hand."""


class Lease:
    """One holder's right to a job."""

    def __init__(self, store: Store, job: str, holder: str) -> None:
        self._store = store
        self._job = job
        self._holder = holder
        self._until = 0.0

    def holds(self) -> bool:
        """Tell whether the job is this holder's, and will be for longer than an attempt takes."""
        now = time.monotonic()
        if now < self._until - LEASE_SECONDS + RENEW_SECONDS:
            return True
        if not self._store.notices.take(self._job, self._holder, LEASE_SECONDS):
            self._until = 0.0
            return False
        self._until = now + LEASE_SECONDS
        return True

    @property
    def was_taken(self) -> bool:
        """Tell whether it may be this holder's still."""
        return self._until > time.monotonic()


@dataclass(frozen=True)
class Job:
    """Something to be done now and then, if there is anything to do."""

    name: str
    every: float
    is_due: Callable[[], bool]
    do: Callable[[Lease], None]


class Jobs:
    """The jobs of one process."""

    def __init__(self, store: Store, settings: Config) -> None:
        self._store = store
        self._notices = store.notices
        self._mailer = Mailer(settings)
        self._public_url = settings.public_url
        self._private = settings.webhook_private_addresses
        self._holder = secrets.token_hex(8)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self.all = (
            Job("events", TICK_SECONDS, self._notices.is_news, self._gather),
            Job("webhooks", TICK_SECONDS, self._is_delivery_due, self._deliver),
            Job("log", WATCH_SECONDS, self._is_log_kept, self._forget),
            Job("figures", WATCH_SECONDS, self._is_watched, self._watch),
            Job("digests", DIGEST_SECONDS, self._is_digest_due, self._queue_digests),
            Job("reminders", WATCH_SECONDS, self._is_anybody_reminded, self._remind),
            Job("retention", WATCH_SECONDS, self._is_anything_let_go, self._let_go),
            Job("mail", MAIL_SECONDS, self._is_mail_due, self._send_mails),
        )
        self._leases = {job.name: Lease(store, job.name, self._holder) for job in self.all}
        self._next = dict.fromkeys(self._leases, 0.0)

    def start(self) -> None:
        """Begin, beside what is served."""
        self._thread.start()

    def stop(self) -> None:
        """End after the attempt in hand, and let others go on at once."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)
        if not any(lease.was_taken for lease in self._leases.values()):
            return
        try:
            self._notices.give_back(self._holder)
        except (BusyError, StoreError):
            log.info("leases run out by themselves")

    def _run(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            self.work()

    def work(self) -> None:
        """Do each job whose time has come, unless another process does it."""
        for job in self.all:
            now = time.monotonic()
            if self._next[job.name] > now or self._stopping.is_set():
                continue
            self._next[job.name] = now + job.every
            self.do(job)

    def do(self, job: Job) -> None:
        """Do a job if there is anything to do, and it is ours; what fails is done next time."""
        try:
            if job.is_due() and self._leases[job.name].holds():
                job.do(self._leases[job.name])
        except BusyError:
            log.info("the job %s waits: the database is busy", job.name)
        except Exception as error:  # noqa: BLE001 - one job must not end the others
            # Not its message: it may quote what somebody wrote.
            log.error("the job %s failed: %s", job.name, type(error).__name__)  # noqa: TRY400

    # -- webhooks

    def _gather(self, _lease: Lease) -> None:
        self._notices.gather(clock.now())

    def _is_delivery_due(self) -> bool:
        return self._notices.is_due(clock.now())

    def _deliver(self, lease: Lease) -> None:
        def number(due: Due) -> int:
            return due.webhook.id

        found = sorted(self._notices.due(clock.now(), MOST_DELIVERIES), key=number)
        groups = [list(group) for _, group in groupby(found, key=number)]
        with ThreadPoolExecutor(SENDERS, "webhooks") as pool:
            for done in [pool.submit(self._tell, lease, group) for group in groups]:
                done.result()

    def _tell(self, lease: Lease, group: list[Due]) -> None:
        """Tell one webhook what waits for it, one after the other."""
        for due in group:
            if self._stopping.is_set() or not lease.holds():
                return
            if not self._attempt(due):
                return

    def _attempt(self, due: Due) -> bool:
        """Try once; tell whether the receiver may be told the next."""
        now = clock.now()
        delivery, attempts = due.delivery, due.delivery.attempts + 1
        if not self._notices.claim(delivery, retries.again_at(now, attempts)):
            return True
        if attempts > retries.ATTEMPTS:
            # The process that made the last one died in it.
            error = "the server stopped in the middle of the last attempt"
            self._notices.failed(delivery, status=None, error=error, is_last=True)
            return True
        outcome = webhooks.send(due.webhook, delivery, now, private=self._private)
        if outcome.status is not None and outcome.error is None:
            self._notices.told(delivery, outcome.status, clock.now())
            return True
        is_gone = outcome.status == webhooks.GONE
        self._notices.failed(
            delivery,
            status=outcome.status,
            error=outcome.error or "",
            is_last=is_gone or attempts == retries.ATTEMPTS,
        )
        if is_gone:
            self._notices.switch_webhook(due.webhook, enabled=False)
        return False

    def _is_log_kept(self) -> bool:
        return self._notices.is_log_older(self._log_ends())

    def _forget(self, _lease: Lease) -> None:
        self._notices.forget(self._log_ends())

    def _log_ends(self) -> datetime:
        return clock.now() - timedelta(days=LOG_DAYS)

    # -- what is kept no longer

    def _is_anything_let_go(self) -> bool:
        return any(product.retention_days for product in self._store.products())

    def _let_go(self, lease: Lease) -> None:
        for product in self._store.products():
            if lease.holds():
                self._store.forget_expired(product, clock.now())

    # -- figures

    def _is_watched(self) -> bool:
        return any(map(self._notices.is_watched, self._store.products()))

    def _watch(self, lease: Lease) -> None:
        for product in self._store.products():
            if lease.holds() and self._notices.is_watched(product):
                watching.look(self._store, product, clock.now())

    # -- mail

    def _is_digest_due(self) -> bool:
        week, since = _week(clock.now())
        return (
            self._mailer.is_set_up
            and clock.now() >= since
            and self._notices.lacks_digest(week, since)
        )

    def _queue_digests(self, _lease: Lease) -> None:
        week, since = _week(clock.now())
        self._notices.queue_digests(week, since, clock.now())

    def _is_anybody_reminded(self) -> bool:
        return self._mailer.is_set_up and any(
            map(self._notices.wants_reminders, self._store.products())
        )

    def _remind(self, _lease: Lease) -> None:
        now = clock.now()
        for product in self._store.products():
            count = self._store.letters.back(product, now - timedelta(days=1), now)
            if count:
                self._notices.remind(product, now.date().isoformat(), count, now)

    def _is_mail_due(self) -> bool:
        return self._mailer.is_set_up and self._notices.is_mail_due(clock.now())

    def _send_mails(self, lease: Lease) -> None:
        written: dict[tuple[int, str, str, str], Text] = {}
        products = {product.id: product for product in self._store.products()}
        for mail in self._notices.mails(clock.now(), MOST_MAILS):
            if self._stopping.is_set() or not lease.holds():
                return
            language = mail.language or ENGLISH
            key = mail.product_id, mail.kind, mail.subject, language
            if key not in written:
                with speaking(language):
                    written[key] = self._write(mail, products[mail.product_id])
                if not lease.holds():
                    return
            self._post(mail, written[key])

    def _write(self, mail: Mail, product: Product) -> Text:
        address = f"{self._public_url}/console/{product.id}"
        if mail.kind == "reminder":
            return texts.reminder(product.name, mail.about["count"], address)
        if mail.kind == "alarm":
            about = mail.about
            sentence = texts.lost(about["version"], about["uninstalls"], about["expected"])
            week = date.fromisoformat(about["week"])
            return texts.alarm(product.name, week, sentence, address)
        # Whenever it is sent, it is of the week that it is about.
        window = texts.week_before(_monday(mail.subject), as_of=clock.now())
        made = watching.make(self._store, product, window)
        overdue = self._store.letters.overdue(product, clock.now())
        return texts.digest(made, overdue=overdue, address=address)

    def _post(self, mail: Mail, text: Text) -> None:
        now, attempts = clock.now(), mail.attempts + 1
        if not self._notices.claim_mail(mail, retries.again_at(now, attempts)):
            return
        try:
            self._mailer.send(
                to=mail.email,
                subject=text.subject,
                text=text.text,
                # The same however often it is sent: mail programs show it once.
                message_id=f"<exitpoll-{mail.id}-{mail.kind}@{self._mailer.domain}>",
            )
        except MailError as error:
            is_last = attempts >= retries.ATTEMPTS
            self._notices.mail_failed(mail, str(error), is_last=is_last)
        else:
            self._notices.sent(mail, clock.now())


def _week(now: datetime) -> tuple[str, datetime]:
    """Return the Monday of this week, which names its digest, and when that is sent."""
    monday = now.date() - timedelta(days=now.weekday())
    return monday.isoformat(), _monday(monday.isoformat()) + timedelta(hours=DIGEST_HOUR)


def _monday(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=clock.UTC)
