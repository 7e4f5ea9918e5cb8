"""The store: engine, tables, migrations, the merge, the queries. All SQL is in here.

`Store` is its door: each method is one transaction, durable when it returns.
"""

from __future__ import annotations

import gc
import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from uuid import UUID

from exitpoll_agent.wire import Answers, format_instant
from exitpoll_server import clock, metrics
from exitpoll_server.counts import Churned, Counts, Window
from exitpoll_server.counts.themes import Decision, KeptTheme, ThemeWords
from exitpoll_server.questions import Kind, Survey
from exitpoll_server.store import (
    agents,
    audit,
    copies,
    erasure,
    exclusions,
    feedback,
    keys,
    lives,
    logos,
    merge,
    products,
    reading,
    retention,
    surveys,
    themes,
)
from exitpoll_server.store.accounts import (
    ROLES,
    Account,
    AccountError,
    Invitation,
    Member,
    Role,
)
from exitpoll_server.store.agents import Agent
from exitpoll_server.store.answers import import_answers
from exitpoll_server.store.arrivals import Arrival, Channel
from exitpoll_server.store.audit import CHANGES_ON_A_PAGE, Change
from exitpoll_server.store.backups import backup, restore
from exitpoll_server.store.cards import Card
from exitpoll_server.store.copies import MOST_RECORDS, Entry, Record, Section
from exitpoll_server.store.copying import Whole
from exitpoll_server.store.correspondence import Letters
from exitpoll_server.store.declared import Arriving, Declared, What
from exitpoll_server.store.engine import (
    BusyError,
    OtherVersionError,
    StoreError,
    check,
    open_engine,
    read_transaction,
    write_transaction,
)
from exitpoll_server.store.erasure import Gone, digest
from exitpoll_server.store.exclusions import Excluded, Exclusion
from exitpoll_server.store.feedback import Feedback
from exitpoll_server.store.groups import Groups, Waiting
from exitpoll_server.store.hooks import SECRET_PREFIX, Delivery, Due, News, Webhook
from exitpoll_server.store.instants import to_day, to_ms
from exitpoll_server.store.journal import Erased, Journal
from exitpoll_server.store.keeping import ERASURES_ON_A_PAGE, Keeping, exclude
from exitpoll_server.store.keys import STILL_SPOKEN_DAYS, Key, NoSuchKeyError
from exitpoll_server.store.letters import Letter, NoLetterError, Reply
from exitpoll_server.store.logos import Logo
from exitpoll_server.store.mails import KINDS as MAIL_KINDS
from exitpoll_server.store.mails import Mail
from exitpoll_server.store.noticed import Noticed
from exitpoll_server.store.notices import Notices
from exitpoll_server.store.people import People
from exitpoll_server.store.products import Arrived, Product, ProductExistsError
from exitpoll_server.store.surveys import Asked, Kept, Said, Showing
from exitpoll_server.store.themes import MergeError, NoThemeError

log = logging.getLogger(__name__)

__all__ = [
    "CHANGES_ON_A_PAGE",
    "ERASURES_ON_A_PAGE",
    "MAIL_KINDS",
    "ROLES",
    "SECRET_PREFIX",
    "STILL_SPOKEN_DAYS",
    "Account",
    "AccountError",
    "Agent",
    "Arrival",
    "Arrived",
    "Arriving",
    "Asked",
    "BusyError",
    "Card",
    "Change",
    "Channel",
    "Declared",
    "Delivery",
    "Due",
    "Entry",
    "Excluded",
    "Exclusion",
    "Feedback",
    "Gone",
    "Invitation",
    "Kept",
    "Key",
    "Letter",
    "Logo",
    "Mail",
    "Member",
    "MergeError",
    "News",
    "NoLetterError",
    "NoSuchKeyError",
    "NoThemeError",
    "Noticed",
    "OtherVersionError",
    "Product",
    "ProductExistsError",
    "Record",
    "Reply",
    "Role",
    "Said",
    "Section",
    "Showing",
    "Store",
    "StoreError",
    "Webhook",
    "What",
    "Whole",
    "backup",
    "digest",
    "restore",
]

KNOWN_SECONDS = 10.0
"""How long a server may go on with a product's settings, and its key, after they changed."""


class Store:
    """One database. Safe to share between threads; several processes may open the same."""

    def __init__(self, url: str, erasures_file: Path | None = None) -> None:
        """Open the database, bringing its tables and its erasures up to date.

        `erasures_file` is the journal of erasures; without one a backup of this database would
        bring back what was erased since.

        Raises:
            StoreError: it cannot be opened, or the journal cannot.
        """
        self._engine = open_engine(url)
        self._journal = None if erasures_file is None else Journal(erasures_file)
        self.caught_up = (
            0 if self._journal is None else erasure.catch_up(self._engine, self._journal)
        )
        """Erasures that the database did not know when it was opened: it was restored."""
        self.people = People(self._engine)
        """Who works at the console."""
        self.letters = Letters(self._engine)
        """Who asked to be answered."""
        self.notices = Notices(self._engine)
        """What the vendor is told, by mail and webhook."""
        self.keeping = Keeping(self._engine)
        """What is kept of a product, how long, and what of it counts."""
        self._groups = Groups(self._merge_group)
        self._known: dict[str, tuple[Product, float]] = {}
        self._heard: dict[str, int] = {}
        """Keys with the day of which the database does not know yet that they were heard."""

    def close(self) -> None:
        """Finish what was submitted, and let go of every connection."""
        self._groups.close()
        self._engine.dispose()

    def check(self) -> None:
        """Make sure that messages could be kept now; wait for the database like they do.

        Raises:
            OtherVersionError: its tables are those of another version.
            BusyError: another process holds it.
        """
        check(self._engine)

    # -- products

    def create_product(
        self, *, name: str, stopped_after_days: int, trial_days: int | None, now: datetime
    ) -> Product:
        """Create a product with a new key.

        Raises:
            ProductExistsError: the name is taken.
        """
        with write_transaction(self._engine) as connection:
            created = products.create(
                connection,
                name=name,
                stopped_after_days=stopped_after_days,
                trial_days=trial_days,
                now=to_ms(now),
            )
            audit.note(connection, "product.created", created.id, name=name)
            return created

    def change_product(self, product: Product) -> None:
        """Keep a product's settings as this one has them; reports read them from now on."""
        with write_transaction(self._engine) as connection:
            changed = products.change(connection, product)
            if changed:
                audit.note(connection, "product.changed", product.id, **changed)

    def product_by_key(self, key: str) -> Product | None:
        """Return the product that a message is for."""
        with read_transaction(self._engine) as connection:
            found = keys.find(connection, key)
        if found is None:
            return None
        product, last_heard_day = found
        self._known[key] = product, time.monotonic() + KNOWN_SECONDS
        today = to_day(clock.now().date())
        if last_heard_day is None or last_heard_day < today:
            self._heard[key] = today
        return product

    def known_product(self, key: str) -> Product | None:
        """Return the product of a key that was asked for a moment ago; None where it was not."""
        product, until = self._known.get(key, (None, 0.0))
        return product if time.monotonic() < until else None

    def product_by_name(self, name: str) -> Product | None:
        """Return the product that a vendor names."""
        with read_transaction(self._engine) as connection:
            return products.by_name(connection, name)

    def products(self) -> list[Product]:
        """Return all products, by name."""
        with read_transaction(self._engine) as connection:
            return products.everything(connection)

    def arrived(self, product: Product, most: int = 1_000) -> Arrived:
        """Count what came of a product so far, up to so many."""
        with read_transaction(self._engine) as connection:
            return products.arrived(connection, product.id, most)

    def labels(self, product: Product) -> dict[str, str]:
        """Return a vendor's own reasons in words, by id."""
        with read_transaction(self._engine) as connection:
            return reading.labels(connection, product)

    def secret(self, name: str) -> str:
        """Return a secret of this server, made at first use and the same ever after."""
        with write_transaction(self._engine) as connection:
            return products.secret(connection, name)

    # -- agents

    def agents(self) -> list[Agent]:
        """Return the agents that are handed out, by platform."""
        with read_transaction(self._engine) as connection:
            return agents.everything(connection)

    def agent_archive(self, platform: str) -> bytes | None:
        """Return the archive of a platform's agent, if there is one."""
        with read_transaction(self._engine) as connection:
            return agents.archive(connection, platform)

    def hand_out(self, agent: Agent, archive: bytes) -> None:
        """Hand out this agent from now on, instead of an earlier one of its platform."""
        with write_transaction(self._engine) as connection:
            agents.put(connection, agent, archive)
            about = {"platform": agent.platform, "version": agent.version}
            audit.note(connection, "agent.added", None, **about)

    # -- messages

    def merge(self, product: Product, arrivals: Sequence[Arrival]) -> None:
        """Merge messages; when this returns they are durable."""
        with write_transaction(self._engine) as connection:
            merge.merge(connection, product.id, arrivals)

    def submit(
        self, product: Product, arrival: Arrival, durable: Future[None] | None = None
    ) -> Future[None]:
        """Merge a message with all others that come at this time; its future ends when durable.

        A caller may give a future of its own. It raises BusyError where another process holds the
        database.

        Raises:
            BusyError: more is waiting than can be stored; nothing was taken.
        """
        return self._groups.submit(product.id, arrival, durable)

    def _merge_group(self, group: Sequence[Waiting]) -> None:
        began = time.perf_counter()
        heard = dict(self._heard)
        with write_transaction(self._engine) as connection:
            for product_id, arrivals in _by_product(group):
                merge.merge(connection, product_id, arrivals)
            keys.heard(connection, heard)
        for key in heard:
            self._heard.pop(key, None)
        metrics.committed(len(group), time.perf_counter() - began)

    def erase(self, product: Product, installation_id: UUID, now: datetime) -> None:
        """Delete everything of an installation and keep late messages out.

        Raises:
            BusyError: nothing was deleted: the journal cannot be written, or the database cannot.
        """
        # First the journal: where the rest fails, the next opening carries the erasure out.
        if self._journal is not None:
            noted = Erased(product.lasting_key, str(installation_id), format_instant(now))
            try:
                self._journal.append([noted])
            except OSError as error:
                log.warning("the journal of erasures cannot be written: %s", error.strerror)
                raise BusyError from error
        with write_transaction(self._engine, alone=True) as connection:
            erasure.erase(connection, product.id, {installation_id: to_ms(now)})
            # The person's own wish is nobody's deed.
            if audit.is_somebody_at_work():
                audit.note(connection, "copy.erased", product.id, copy=digest(installation_id))

    def erase_rehearsals(self, product: Product, installation_id: UUID) -> None:
        """Delete what rehearsals left of an installation; its real messages stay welcome."""
        with write_transaction(self._engine, alone=True) as connection:
            erasure.erase_rehearsals(connection, product.id, installation_id)

    def forget_expired(self, product: Product, now: datetime) -> int:
        """Let go of what gave no sign of life for longer than the product keeps it; count it.

        Many transactions, each of a bounded size; whatever comes between them is heard first.
        """
        if product.retention_days is None:
            return 0
        before = to_ms(now - timedelta(days=product.retention_days))
        forgotten = 0
        while True:
            with write_transaction(self._engine, alone=True) as connection:
                some = retention.forget_some(connection, product.id, before)
            forgotten += some
            if not some:
                return forgotten

    def known_of(
        self, product: Product, installation_id: UUID, most: int | None = MOST_RECORDS
    ) -> tuple[Section, ...]:
        """Return everything that is kept of an installation, for the person behind it.

        Of each table at most so many records; None: all.
        """
        with read_transaction(self._engine) as connection:
            return copies.everything(connection, product.id, installation_id, most)

    def import_answers(
        self, product: Product, said: Sequence[tuple[UUID, datetime, Answers]]
    ) -> None:
        """Append answers whose receipt is their occurrence."""
        with write_transaction(self._engine) as connection:
            import_answers(connection, product.id, said)

    # -- the survey

    def uninstall_number(
        self, product: Product, installation_id: UUID, *, test: bool = False
    ) -> int | None:
        """Return the number of an installation's latest uninstall, for a survey's token."""
        with read_transaction(self._engine) as connection:
            return surveys.uninstall_number(connection, product.id, installation_id, test=test)

    def withdrawn_uninstalls(self, product: Product, installation_id: UUID, now: datetime) -> int:
        """Return how many uninstalls of an installation were withdrawn, and are over."""
        with read_transaction(self._engine) as connection:
            return surveys.withdrawn_uninstalls(connection, product.id, installation_id, to_ms(now))

    def asked(self, uninstall: int, survey: Kind = "exit") -> Asked | None:
        """Return what a survey needs to know; None where the uninstall was erased."""
        with read_transaction(self._engine) as connection:
            return surveys.asked(connection, uninstall, survey)

    def show(
        self,
        asked: Asked,
        survey: Survey,
        *,
        locale: str,
        reasons: Sequence[str],
        held_out: bool,
        now: datetime,
    ) -> Showing:
        """Record that a survey was rendered, in a language and an order; the first time counts.

        `held_out` is chance: whether the person sees no offer. The answer says what was chosen
        when they were first shown it.
        """
        with write_transaction(self._engine) as connection:
            return surveys.show(
                connection,
                asked=asked,
                survey=survey,
                locale=locale,
                reasons=reasons,
                held_out=held_out,
                now=to_ms(now),
            )

    def opened(self, showing: int, now: datetime) -> None:
        """Record that the page itself said that it is open."""
        with write_transaction(self._engine) as connection:
            surveys.opened(connection, showing, to_ms(now))

    def offered(self, showing: int, reason: str, now: datetime) -> None:
        """Record that the offer to those of a reason was seen."""
        with write_transaction(self._engine) as connection:
            surveys.offered(connection, showing, reason, to_ms(now))

    def offer_taken(self, showing: int, now: datetime) -> None:
        """Record that the offer's link was followed."""
        with write_transaction(self._engine) as connection:
            surveys.offer_taken(connection, showing, to_ms(now))

    def answer(self, *, uninstall: int, showing: int, said: Said, now: datetime) -> None:
        """Append what was answered on the page."""
        with write_transaction(self._engine) as connection:
            surveys.answer(
                connection,
                uninstall_id=uninstall,
                showing_id=showing,
                said=said,
                now=to_ms(now),
            )

    def only_updating(self, uninstall: int, now: datetime) -> None:
        """Withdraw an uninstall, since the person says that it was none."""
        with write_transaction(self._engine) as connection:
            surveys.only_updating(connection, uninstall, to_ms(now))

    # -- what is asked

    def survey(self, product: Product, kind: Kind, version: int | None = None) -> Survey:
        """Return what a product asks now, or asked by a version."""
        with read_transaction(self._engine) as connection:
            if version is None:
                return surveys.current(connection, product.id, kind)
            return surveys.of_version(connection, product.id, kind, version)

    def surveys(self, product: Product) -> list[Kept]:
        """Return every kept version of a product's surveys, the oldest of each kind first."""
        with read_transaction(self._engine) as connection:
            return surveys.everything(connection, product.id)

    def change_survey(self, product: Product, survey: Survey, now: datetime) -> Survey:
        """Ask something else from now on; return it with its version."""
        with write_transaction(self._engine) as connection:
            changed = surveys.change(connection, product.id, survey, to_ms(now))
            about = {"survey": survey.kind, "version": str(changed.version)}
            audit.note(connection, "survey.changed", product.id, **about)
            return changed

    def logo(self, product: Product) -> Logo | None:
        """Return a product's logo, if it has one."""
        with read_transaction(self._engine) as connection:
            return logos.find(connection, product.id)

    def put_logo(self, product: Product, logo: Logo | None) -> None:
        """Give a product another logo, or none."""
        with write_transaction(self._engine) as connection:
            logos.put(connection, product.id, logo)
            action = "logo.removed" if logo is None else "logo.changed"
            audit.note(connection, action, product.id)

    # -- what is said while the product is in use

    def begin_feedback(
        self,
        product: Product,
        survey: Survey,
        *,
        installation_id: UUID | None,
        version: str | None,
        locale: str | None,
        now: datetime,
    ) -> UUID:
        """Record that somebody opened a page with this survey; return the id of that page."""
        with write_transaction(self._engine) as connection:
            return feedback.begin(
                connection,
                product_id=product.id,
                survey=survey,
                installation_uuid=installation_id,
                version=version,
                locale=locale,
                now=to_ms(now),
            )

    def feedback(self, page: UUID) -> Feedback | None:
        """Return what an opened page needs to know; None where it was erased."""
        with read_transaction(self._engine) as connection:
            return feedback.find(connection, page)

    def feedback_opened(self, page: UUID, now: datetime) -> None:
        """Record that the page itself said that it is open."""
        with write_transaction(self._engine) as connection:
            feedback.opened(connection, page, to_ms(now))

    def give_feedback(self, page: UUID, said: Said, now: datetime) -> None:
        """Keep what was answered on a page, each field the first time."""
        with write_transaction(self._engine) as connection:
            feedback.give(connection, uuid=page, said=said, now=to_ms(now))

    # -- what reports leave out

    def quarantine(
        self, product: Product, *, start: datetime, end: datetime, note: str | None, now: datetime
    ) -> Exclusion:
        """Leave the installations first heard of within a time out of every report."""
        with write_transaction(self._engine) as connection:
            return exclude(connection, product, Excluded(start=start, end=end), note, now)

    def lift(self, exclusion: int, now: datetime) -> Exclusion | None:
        """Put back what is left out; return it, or None where none that stands has the number."""
        with write_transaction(self._engine) as connection:
            lifted = exclusions.lift(connection, exclusion, now)
            owner = None if lifted is None else products.by_name(connection, lifted.product)
            if owner is not None:
                audit.note(connection, "exclusion.lifted", owner.id, exclusion=str(exclusion))
            return lifted

    def exclusions(self) -> list[Exclusion]:
        """Return everything that was ever left out of reports, the lifted too."""
        with read_transaction(self._engine) as connection:
            return exclusions.everything(connection)

    # -- themes of what people wrote

    def themes(self, product: Product) -> list[KeptTheme]:
        """Return the themes that the vendor kept, the first first."""
        with read_transaction(self._engine) as connection:
            return themes.everything(connection, product.id)

    def keep_theme(self, product: Product, *, name: str, words: Sequence[ThemeWords]) -> KeptTheme:
        """Keep a theme: from now on it gathers what has these words."""
        with write_transaction(self._engine) as connection:
            kept = themes.keep(connection, product.id, name=name, words=words)
            audit.note(connection, "theme.kept", product.id, theme=name)
            return kept

    def name_theme(self, product: Product, theme: int, name: str) -> KeptTheme:
        """Give a theme another name.

        Raises:
            NoThemeError: there is none.
        """
        with write_transaction(self._engine) as connection:
            named = themes.name(connection, product.id, theme, name)
            audit.note(connection, "theme.named", product.id, theme=name)
            return named

    def merge_theme(self, product: Product, theme: int, into: int) -> KeptTheme:
        """Let a theme's words gather for another one; return that one.

        Raises:
            NoThemeError: there is none of one of the numbers.
            MergeError: they are one already.
        """
        with write_transaction(self._engine) as connection:
            merged = themes.merge(connection, product.id, theme, into)
            audit.note(connection, "theme.merged", product.id, into=merged.name)
            return merged

    def decide_theme(
        self,
        product: Product,
        theme: int,
        *,
        decision: Decision | None,
        note: str | None,
        now: datetime,
    ) -> KeptTheme:
        """Note what becomes of a wish; None takes a decision back.

        Raises:
            NoThemeError: there is none.
        """
        with write_transaction(self._engine) as connection:
            decided = themes.decide(
                connection, product.id, theme, decision=decision, note=note, now=now
            )
            about = {"theme": decided.name, "decision": decision or "none"}
            audit.note(connection, "theme.decided", product.id, **about)
            return decided

    def release_theme(self, product: Product, theme: int) -> KeptTheme:
        """Take back the merge of a theme, or delete one that was not merged; return what it was.

        Raises:
            NoThemeError: there is none.
        """
        with write_transaction(self._engine) as connection:
            was = themes.release(connection, product.id, theme)
            audit.note(connection, "theme.released", product.id, theme=was.name)
            return was

    # -- the report

    def sum_up(self, product: Product) -> Iterator[None]:
        """Sum up what reports read of installations that changed; give a word for each.

        Reports do that themselves: this is for whoever watches.
        """
        return lives.keep_all(self._engine, product.id)

    def counts(
        self,
        product: Product,
        window: Window,
        *,
        stopped_after_days: int,
        most_lines: int,
        where: Mapping[str, str] | None = None,
    ) -> Counts:
        """Count everything that a report needs, in one state of the database.

        `where` names a segment: dimensions, as `counts.Segment` has them, and their values.
        """
        deque(self.sum_up(product), maxlen=0)
        with read_transaction(self._engine) as connection, nothing_collected():
            return reading.counts(
                connection,
                product,
                window,
                stopped_after_days=stopped_after_days,
                most_lines=most_lines,
                where=where or {},
            )

    def churn(
        self,
        product: Product,
        window: Window,
        *,
        stopped_after_days: int,
        where: Mapping[str, str] | None = None,
    ) -> Iterator[Churned]:
        """Give everybody who was lost in a window, by time, in one state of the database."""
        deque(self.sum_up(product), maxlen=0)
        with read_transaction(self._engine) as connection:
            view = reading.look(
                connection, product, window, stopped_after_days=stopped_after_days, where=where
            )
            yield from reading.churn(view)

    # -- the whole of it

    @contextmanager
    def whole(self) -> Iterator[Whole]:
        """Give everything as it is at one moment, whatever is written meanwhile."""
        with read_transaction(self._engine) as connection:
            yield Whole(connection)

    @contextmanager
    def refilled(self) -> Iterator[Whole]:
        """Give everything, to be filled while nobody else writes: kept whole, or not at all."""
        with write_transaction(self._engine, alone=True) as connection:
            yield Whole(connection)


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Leave Python's collector off while very many rows are made, of which none is garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _by_product(group: Sequence[Waiting]) -> Iterator[tuple[int, list[Arrival]]]:
    """Part a group by product, in one order for all writers, keeping the order of messages."""
    ordered = sorted(group, key=lambda waiting: waiting.product_id)
    for product_id, waiting in groupby(ordered, key=lambda waiting: waiting.product_id):
        yield product_id, [one.arrival for one in waiting]
