"""A database with a row of every kind in it, made the way messages make it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tests.server.messages import NOW, after, arrival, leaving, ping, row, shown_exit

from exitpoll_agent import wire
from exitpoll_server.calendars import Calendar
from exitpoll_server.counts import Window
from exitpoll_server.counts.themes import ThemeWords
from exitpoll_server.store import (
    Agent,
    Declared,
    Invitation,
    Logo,
    News,
    Noticed,
    Product,
    Reply,
    Said,
    Store,
)

WORDS = "Прощай — 再見 🙃 '); DROP"
"""What a careless way from one engine to the other would damage."""


def fill(store: Store, copies: int = 5) -> Product:
    """Play two products' lives: launches, updates, leaving, answers, feedback, an erasure."""
    store.secret("tokens")
    product = store.create_product(name="Sample", stopped_after_days=40, trial_days=30, now=NOW)
    other = store.create_product(name="Other", stopped_after_days=7, trial_days=None, now=NOW)
    for who in range(1, copies + 1):
        _live(store, product, who)
        _live(store, other, who)
    _speak(store, product)
    store.erase(product, UUID(int=copies), NOW)
    _let_go(store, product)
    _set_aside(store, product)
    _gather(store, product)
    agent = Agent(platform="linux-x86_64", version="1.0.0", sha256="0" * 64, added_at=NOW)
    store.hand_out(agent, bytes(range(256)))
    _let_in(store, product)
    _correspond(store, product)
    _tell(store, product)
    # A report sums up what it reads, and keeps that.
    window = Window(as_of=after(days=1), start=None, end=None)
    store.counts(product, window, stopped_after_days=40, most_lines=1)
    return product


def _let_in(store: Store, product: Product) -> None:
    """Let somebody look after the server, and somebody else into one product."""
    people = store.people
    first = Invitation(purpose="set-up")
    known: dict[str, Any] = {"name": WORDS, "password": WORDS, "now": NOW}
    people.accept(people.invite(first, NOW), email="ada@example.com", **known)
    second = Invitation(
        purpose="invitation", email="anna@example.com", product_id=product.id, role="analyst"
    )
    people.accept(people.invite(second, NOW), email="", **known)
    people.invite(Invitation(purpose="password", email="anna@example.com"), NOW)
    people.product_of_token(people.issue_token(product.id, WORDS, NOW), NOW)


def _tell(store: Store, product: Product) -> None:
    """Have mail and webhooks wait to be sent, and somebody hold the lease."""
    notices = store.notices
    ada = store.people.by_email("ada@example.com")
    assert ada is not None
    notices.wish(ada, product, ["digest"], NOW)
    notices.queue_digests("2026-11-16", after(hours=1), NOW)
    webhook = notices.add_webhook(product, url="https://a.example", events=["alarm"], now=NOW)
    news = News(event="response", at=NOW, about={"comment": WORDS}, installation_uuid=UUID(int=1))
    notices.queue(webhook, news, NOW)
    known = Noticed(alarms=frozenset({f"2026-11-16 {WORDS}"}), good=1, seen=2)
    notices.notice(product, before=Noticed(), after=known, news=[], mails_on={}, now=NOW)
    notices.take("mail", "nobody", 60)


def _live(store: Store, product: Product, who: int) -> None:
    same: dict[str, Any] = {
        "installation_id": UUID(int=who),
        "counter": UUID(int=who + 1_000),
        "customer": f"c{who % 5}",
        "os": "windows-11",
        "attributes": {"plan": WORDS, "seats": who},
    }
    begun = NOW - timedelta(days=60 + who)
    days = tuple(row(f"{(begun + timedelta(days=n)).date()}", n + 1) for n in range(who % 4 + 1))
    first = ping(
        1,
        sent_at=begun,
        installed_at=begun,
        origin="new",
        version="1.0",
        days=days,
        launches_total=2**40,
        milestones={"first-export": date(2026, 10, 1)},
        **same,
    )
    store.merge(product, [arrival(first, begun)])
    if who % 3:
        how = {"uninstall_id": UUID(int=who + 2_000), "at": NOW, "asked": "installer"}
        said = wire.Answers(reason="too-slow", comment=WORDS, score=who % 11)
        event = leaving(2, sent_at=NOW, uninstall={**how, "answers": said}, version="2.0", **same)
        store.merge(product, [arrival(event)])


def _speak(store: Store, product: Product) -> None:
    uninstall = store.uninstall_number(product, UUID(int=1))
    assert uninstall is not None
    showing = shown_exit(store, uninstall, after(minutes=1))
    said = Said(comment=WORDS * 10, follow_up=WORDS, email="ada@example.com")
    store.answer(uninstall=uninstall, showing=showing, said=said, now=after(minutes=2))
    store.offered(showing, "other", after(minutes=3))
    store.offer_taken(showing, after(minutes=4))
    store.put_logo(product, Logo(content_type="image/png", content=b"\x89PNG\x00\xff"))
    page = store.begin_feedback(
        product,
        store.survey(product, "checkin"),
        installation_id=UUID(int=1),
        version="1.0",
        locale="ru",
        now=NOW,
    )
    said = Said(reason="other", score=7, follow_up=WORDS, comment=WORDS, email="anna@example.org")
    store.give_feedback(page, said, after(minutes=3))


def _correspond(store: Store, product: Product) -> None:
    """Answer whoever left an address, put a letter off and close one."""
    reply = Reply(
        at=after(hours=1), account=None, subject=WORDS, text=WORDS, is_sent=True, theme_id=2
    )
    for letter in store.letters.all(product):
        store.letters.reply(letter, reply, account_id=1)
        store.letters.put_off(letter, after(days=1))
        store.letters.close(letter, after(hours=2))
    store.letters.prepare(product, "other", WORDS)
    weekend = frozenset({6, 7})
    calendar = Calendar(zone="UTC", weekdays=weekend, holidays=frozenset({NOW.date()}))
    store.letters.set_calendar(product, calendar)


def _let_go(store: Store, product: Product) -> None:
    """Let a copy's time be up, and give the product another key."""
    long_ago = NOW - timedelta(days=1_000)
    uuid, counter = UUID(int=999), UUID(int=1_999)
    store.merge(product, [arrival(ping(1, installation_id=uuid, counter=counter), long_ago)])
    assert store.forget_expired(product, NOW) == 1
    store.keeping.rotate(product, NOW)
    said = Declared(kind="attribute", name="plan", meaning=WORDS, is_personal=False)
    store.keeping.declare(product, said)


def _set_aside(store: Store, product: Product) -> None:
    """Leave the first installation out of reports, and put the second one back."""
    first, second = (NOW - timedelta(days=60 + who) for who in (1, 2))
    moment = timedelta(milliseconds=1)
    store.quarantine(product, start=first, end=first + moment, note=WORDS, now=NOW)
    lifted = store.quarantine(product, start=second, end=second + moment, note=None, now=NOW)
    store.lift(lifted.id, after(hours=1))


def _gather(store: Store, product: Product) -> None:
    """Merge an earlier theme into a later one, and decide on that."""
    words = [ThemeWords(language="ru", stems=("прощ",))]
    first, second = (store.keep_theme(product, name=WORDS, words=words) for _ in range(2))
    store.merge_theme(product, first.id, second.id)
    store.decide_theme(product, second.id, decision="planned", note=WORDS, now=NOW)
