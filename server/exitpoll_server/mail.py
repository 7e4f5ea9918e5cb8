"""Mail: one message, to one person, through the operator's mail server, in bounded time."""

from __future__ import annotations

import re
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP as AS_SENT
from email.utils import format_datetime, make_msgid, parseaddr

from exitpoll_server import clock
from exitpoll_server.config import Config, Smtp
from exitpoll_server.deadlines import cut_after

STEP_SECONDS = 10
"""How long the mail server may take for one answer."""

WHOLE_SECONDS = 30
"""How long it may take for a message in all."""

MAX_SUBJECT_CHARS = 200

_ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")
_MESSAGE_ID = re.compile(r"<[^@\s<>]+@[^@\s<>]+>")


class MailError(Exception):
    """A message was not sent; says why in one sentence."""


class Mailer:
    """The way out of this server for mail."""

    def __init__(self, settings: Config) -> None:
        self._server = settings.smtp_url
        self._from = settings.mail_from or ""

    @property
    def is_set_up(self) -> bool:
        """Tell whether there is a mail server to send by."""
        return self._server is not None

    @property
    def domain(self) -> str:
        """The domain of whom mail comes from."""
        return parseaddr(self._from)[1].rpartition("@")[2]

    def send(
        self,
        *,
        to: str,
        subject: str,
        text: str,
        reply_to: str | None = None,
        message_id: str | None = None,
    ) -> None:
        """Send a text; `message_id`, with its brackets, is how a repeated one is known again.

        Raises:
            MailError: it was not sent.
        """
        if self._server is None:
            raise MailError("no mail server is set: EXITPOLL_SMTP_URL")
        _check(to=to, subject=subject, reply_to=reply_to, message_id=message_id)
        message = EmailMessage(policy=AS_SENT)
        message["From"] = self._from
        message["To"] = to
        message["Subject"] = subject[:MAX_SUBJECT_CHARS]
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = message_id or make_msgid(domain=self.domain)
        if reply_to is not None:
            message["Reply-To"] = reply_to
        message.set_content(text)
        try:
            _hand_over(self._server, message)
        except smtplib.SMTPResponseException as error:
            raise MailError(f"{self._server.host} said: {error.smtp_code} {_said(error)}") from None
        except smtplib.SMTPRecipientsRefused:
            raise MailError(f"{self._server.host} does not take mail for this address") from None
        except (OSError, ValueError) as error:
            [first, *_] = str(error).splitlines() or [type(error).__name__]
            raise MailError(f"{self._server.host} cannot be reached: {first}") from None


def _check(*, to: str, subject: str, reply_to: str | None, message_id: str | None) -> None:
    """Refuse what would be a header of its own, or a second recipient."""
    for address in (to, reply_to):
        if address is not None and not (address.isprintable() and _ADDRESS.fullmatch(address)):
            raise MailError("this is no e-mail address")
    if not subject.isprintable():
        raise MailError("the subject holds characters that cannot be shown")
    if message_id is not None and not _MESSAGE_ID.fullmatch(message_id):
        raise MailError("this is no message's id")


def _hand_over(server: Smtp, message: EmailMessage) -> None:
    context = ssl.create_default_context()
    connection: smtplib.SMTP
    if server.kind == "smtps":
        connection = smtplib.SMTP_SSL(
            server.host, server.port, timeout=STEP_SECONDS, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=STEP_SECONDS)
    with cut_after(WHOLE_SECONDS, lambda: connection.sock), connection:
        if server.kind == "smtp+starttls":
            connection.starttls(context=context)
        if server.user:
            connection.login(server.user, server.password)
        connection.send_message(message)


def _said(error: smtplib.SMTPResponseException) -> str:
    told = error.smtp_error
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    return " ".join(text.split())
