"""Mail: one message to one person, by a real mail server, and nothing else slipped in."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
from tests.server.notify.receivers import Box, mail_server

from exitpoll_server import config, mail
from exitpoll_server.config import Config, ConfigError
from exitpoll_server.mail import Mailer, MailError

FROM = {"EXITPOLL_MAIL_FROM": "Exitpoll <exitpoll@feedback.example.com>"}
ANNA = "anna@example.com"


def by(url: str) -> Mailer:
    return Mailer(config.load({"EXITPOLL_SMTP_URL": url, **FROM}))


def test_a_text_arrives(settings: Config, box: Box) -> None:
    """With sender, subject, id and address to answer to, in any alphabet."""
    Mailer(settings).send(
        to=ANNA,
        subject="Неделя",
        text="Привет — 再見\n.\nend\n",
        reply_to="inbox@example.com",
        message_id="<1@feedback.example.com>",
    )
    [arrived] = box.mails
    assert arrived["Subject"] == "Неделя"
    assert arrived["From"] == "Exitpoll <exitpoll@feedback.example.com>"
    assert (arrived["To"], arrived["Reply-To"]) == (ANNA, "inbox@example.com")
    assert arrived["Message-ID"] == "<1@feedback.example.com>"
    assert arrived["Date"]
    assert arrived.get_content().replace("\r\n", "\n") == "Привет — 再見\n.\nend\n"


@pytest.mark.parametrize("url", ["smtp+starttls://me:p%40ss%2Fword@localhost:{port}"])
def test_it_is_encrypted_and_logged_in(url: str, trusted: Path) -> None:
    """The password goes only over TLS, to whoever has a certificate for the name."""
    with mail_server(trusted) as box:
        by(url.format(port=box.port)).send(to=ANNA, subject="x", text="y")
        assert len(box.mails) == 1
        assert box.logins == [(b"me", b"p@ss/word")]


def test_a_certificate_of_nobody_known_gets_no_password(certificates: Path) -> None:
    """Whoever stands between learns nothing."""
    with mail_server(certificates) as box:
        with pytest.raises(MailError, match="certificate"):
            by(f"smtp+starttls://me:secret@localhost:{box.port}").send(
                to=ANNA, subject="x", text="y"
            )
        assert (box.logins, box.mails) == ([], [])


def test_a_server_without_tls_gets_no_password(box: Box) -> None:
    """Where encryption was asked for, nothing goes without."""
    with pytest.raises(MailError):
        by(f"smtp+starttls://me:secret@127.0.0.1:{box.port}").send(to=ANNA, subject="x", text="y")
    assert box.mails == []


@pytest.mark.parametrize(
    "given",
    [
        {"subject": "x\nBcc: eve@example.com"},
        {"subject": "x\r\n\r\nbody"},
        {"to": "anna@example.com\nBcc: eve@example.com"},
        {"to": "anna@example.com, eve@example.com"},
        {"to": "anna"},
        {"reply_to": "a@example.com\r\nX: y"},
        {"message_id": "<1@a>\r\nX: y"},
        {"message_id": "1@a"},
    ],
)
def test_nobody_slips_a_header_in(given: dict[str, str], settings: Config, box: Box) -> None:
    """Nor a second recipient: it is refused before anything is sent."""
    with pytest.raises(MailError):
        Mailer(settings).send(**{"to": ANNA, "subject": "x", "text": "y", **given})
    assert box.mails == []


def test_a_refusal_is_said_in_a_sentence(settings: Config, box: Box) -> None:
    """With the server's own words."""
    box.refuses = True
    with pytest.raises(MailError, match=r"^127\.0\.0\.1 said: 451 come again tomorrow$"):
        Mailer(settings).send(to=ANNA, subject="x", text="y")


def test_without_a_server_nothing_is_sent() -> None:
    """And it says which setting is missing."""
    mailer = Mailer(config.load({}))
    assert not mailer.is_set_up
    with pytest.raises(MailError, match="EXITPOLL_SMTP_URL"):
        mailer.send(to=ANNA, subject="x", text="y")


def test_a_server_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says a little now and then keeps nobody for ever."""
    monkeypatch.setattr(mail, "WHOLE_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            taken, _ = listening.accept()
            with taken:
                taken.sendall(b"220 hello\r\n")
                try:
                    for _ in range(100):
                        taken.sendall(b"2")
                        time.sleep(0.1)
                except OSError:
                    pass

        thread = threading.Thread(target=drip)
        thread.start()
        began = time.monotonic()
        port = listening.getsockname()[1]
        with pytest.raises(MailError):
            by(f"smtp://127.0.0.1:{port}").send(to=ANNA, subject="x", text="y")
        assert time.monotonic() - began < 5
        thread.join()


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.com", ("smtp", "mail.example.com", 25, "", "")),
        ("smtps://me:x%40y@[::1]", ("smtps", "::1", 465, "me", "x@y")),
        ("smtp+starttls://me@a:2525/", ("smtp+starttls", "a", 2525, "me", "")),
        ("smtp+starttls://a", ("smtp+starttls", "a", 587, "", "")),
    ],
)
def test_a_mail_server_is_taken(url: str, server: tuple[object, ...]) -> None:
    """Each way has its usual port, and a password what needs quoting in an address."""
    taken = config.load({"EXITPOLL_SMTP_URL": url, **FROM}).smtp_url
    assert taken
    assert (taken.kind, taken.host, taken.port, taken.user, taken.password) == server
    assert "x@y" not in repr(taken)


@pytest.mark.parametrize(
    "url",
    ["mail.example.com", "smtp://", "http://secret@a", "smtp://a:x", "smtps://a:0", "smtps://a/x"],
)
def test_a_mail_server_that_is_none_is_refused(url: str) -> None:
    """In one sentence, without the password."""
    with pytest.raises(ConfigError) as caught:
        config.load({"EXITPOLL_SMTP_URL": url, **FROM})
    assert str(caught.value).startswith("EXITPOLL_SMTP_URL ")
    assert "secret" not in str(caught.value)


def test_a_password_is_not_sent_in_the_clear() -> None:
    """An unencrypted server with a password is refused when the settings are read."""
    with pytest.raises(ConfigError, match="unencrypted"):
        config.load({"EXITPOLL_SMTP_URL": "smtp://me:secret@a", **FROM})


@pytest.mark.parametrize("sender", ["a", "a@b\nX: y", "A <a@b", "a@b, c@d", "<>", "A B c@d"])
def test_a_sender_that_is_none_is_refused(sender: str) -> None:
    """And so is a mail server without one."""
    with pytest.raises(ConfigError, match="EXITPOLL_MAIL_FROM"):
        config.load({"EXITPOLL_MAIL_FROM": sender})
    with pytest.raises(ConfigError, match="EXITPOLL_MAIL_FROM"):
        config.load({"EXITPOLL_SMTP_URL": "smtp://a"})
