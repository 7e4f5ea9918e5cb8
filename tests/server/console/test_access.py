"""Who may see what: every route, as every role and as a stranger."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from flask import Flask
from tests.server.console.visitors import Visitor, administrator, another_product, member
from tests.server.messages import NOW, arrival, leaving, shown_exit
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from exitpoll_server import clock
from exitpoll_server.counts.themes import ThemeWords
from exitpoll_server.notify import payloads
from exitpoll_server.store import Excluded, Product, Said, Store

ALL = {"administrator", "owner", "analyst", "support", "other", "stranger"}
SIGNED_IN = ALL - {"stranger"}
MEMBERS = {"administrator", "owner", "analyst", "support"}
STUDY = {"administrator", "owner", "analyst"}
ANSWER = {"administrator", "owner", "support"}
OWN = {"administrator", "owner"}
SERVER = {"administrator"}

WHO_MAY = {
    **dict.fromkeys(("static", "sign_in", "signed_in", "join", "joined"), ALL),
    **dict.fromkeys(("home", "you", "sign_out", "report_style"), SIGNED_IN),
    **dict.fromkeys(("change_password", "change_language"), SIGNED_IN),
    **dict.fromkeys(("report", "comments", "themes", "rows", "arrived"), MEMBERS),
    **dict.fromkeys(("report_file", "comments_file", "rows_file", "report_picture"), STUDY),
    **dict.fromkeys(("comparison_file",), STUDY),
    **dict.fromkeys(("keep", "name", "merge", "decide", "release"), STUDY),
    **dict.fromkeys(("inbox", "letter", "reply", "put_off", "close_letter"), ANSWER),
    **dict.fromkeys(("open_letter", "prepared", "prepare", "tell", "told"), ANSWER),
    **dict.fromkeys(("calendar", "set_calendar"), OWN),
    **dict.fromkeys(("survey", "save_survey", "preview_survey", "set_logo"), OWN),
    **dict.fromkeys(("start", "kits", "kit", "kit_file", "settings", "set_thresholds"), OWN),
    **dict.fromkeys(("people", "invite", "give_role", "changes"), OWN),
    **dict.fromkeys(("issue_token", "revoke_token"), OWN),
    **dict.fromkeys(("notifications", "subscribe"), MEMBERS),
    **dict.fromkeys(("add_webhook", "try_webhook", "switch_webhook"), OWN),
    **dict.fromkeys(("remove_webhook", "send_again"), OWN),
    **dict.fromkeys(("exclusions", "leave_out", "lift"), OWN),
    **dict.fromkeys(("set_policy", "set_retention", "new_key", "retire_key", "accept_key"), OWN),
    **dict.fromkeys(("names", "declare", "take_back"), OWN),
    **dict.fromkeys(("privacy", "copy_file", "erase_copy"), OWN),
    **dict.fromkeys(("new", "create", "server", "invite_administrator"), SERVER),
    **dict.fromkeys(("close", "let_in_again", "changes_of_all"), SERVER),
}
"""By endpoint. A route that is not here fails the test: say first whom it is for."""

FILLED = {
    "secret": "nobody-has-this",
    "filename": "console.css",
    "kind": "csv",
    "theme": 1,
    "who": 2,
    "source": "uninstall",
    "picture": "funnel",
    "token": 1,
    "letter": 1,
    "webhook": 1,
    "delivery": 1,
    "mark": 1,
}
"""What stands in an address beside the product."""


@pytest.fixture
def everybody(app: Flask, store: Store, product: Product) -> dict[str, Visitor]:
    """Return a browser for each who could come."""
    another = another_product(store)
    return {
        "administrator": administrator(app, store),
        "whom it is done to": member(app, store, another, "support"),
        "owner": member(app, store, product, "owner"),
        "analyst": member(app, store, product, "analyst"),
        "support": member(app, store, product, "support"),
        "other": member(app, store, another, "owner"),
        "stranger": Visitor(app),
    }


def test_every_route_is_for_whom_it_is_said_to_be(
    app: Flask, store: Store, product: Product, everybody: dict[str, Visitor]
) -> None:
    """Whoever may comes in; a role that does not suffice is told so; to others nothing is there."""
    store.keep_theme(product, name="Slow", words=[ThemeWords(language="en", stems=("slow",))])
    store.merge(product, [arrival(leaving())])
    shown = shown_exit(store, 1, clock.now())
    store.answer(uninstall=1, showing=shown, said=Said(email="x@example.com"), now=clock.now())
    webhook = store.notices.add_webhook(
        product, url="https://a.example", events=["uninstall"], now=NOW
    )
    store.notices.queue(webhook, payloads.test(product, NOW), NOW)
    store.keeping.leave_out(product, Excluded(version="0"), note=None, now=NOW)
    store.keeping.rotate(product, NOW)
    rules = [one for one in app.url_map.iter_rules() if one.endpoint.startswith("console.")]
    assert {_name(rule) for rule in rules} == set(WHO_MAY)
    wrong: list[tuple[str, str, object]] = []
    # What ends a session comes last.
    for rule in sorted(rules, key=_late):
        for who in sorted(ALL):
            answer = _ask(everybody[who], rule, product)
            if (kept_out(answer) is None) != (who in WHO_MAY[_name(rule)]):
                wrong.append((rule.rule, who, answer.status_code))
            if who not in WHO_MAY[_name(rule)]:
                expected = _reason(who, rule)
                if kept_out(answer) != expected:
                    wrong.append((rule.rule, who, f"{answer.status_code}, not {expected}"))
    assert wrong == [], "\n".join(map(str, wrong))


ENDS = ("send_again", "remove_webhook", "close", "change_password", "sign_out")


def _late(rule: Rule) -> int:
    return ENDS.index(_name(rule)) if _name(rule) in ENDS else -1


def _name(rule: Rule) -> str:
    return str(rule.endpoint).rpartition(".")[2]


def _ask(visitor: Visitor, rule: Rule, product: Product) -> TestResponse:
    filled = {**FILLED, "number": product.id, "key": product.key}
    if _name(rule) in ("kit", "kit_file"):
        filled["kind"] = "link"
    if "survey" in _name(rule):
        filled["kind"] = "exit"
    path = re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda found: str(filled[found[1]]), rule.rule)
    path = path.removeprefix("/console")
    return visitor.post(path) if "POST" in (rule.methods or ()) else visitor.get(path)


def kept_out(answer: TestResponse) -> str | None:
    """Return in which way somebody was kept out of a page; None where they were not."""
    if answer.status_code == 303 and urlsplit(answer.headers["Location"]).path.endswith("/sign-in"):
        # Where signing out leads, too.
        return (
            None if "Set-Cookie" in answer.headers and "next" not in answer.location else "sign in"
        )
    return {403: "forbidden", 404: "not there"}.get(answer.status_code)


def _reason(who: str, rule: Rule) -> str:
    if who == "stranger":
        return "sign in"
    if "<int:number>" in rule.rule:
        return "not there" if who == "other" else "forbidden"
    return "forbidden"
