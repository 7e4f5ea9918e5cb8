"""What lies between the agent and the server: name, proxy, TLS, the server itself, its clock."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import sys
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from urllib.request import getproxies
from uuid import uuid4

from exitpoll_agent import clock, exchange, upload, visiting, wire
from exitpoll_agent.checks import CHECK_SECONDS, Check, error_of
from exitpoll_agent.config import Config

CONNECT_SECONDS = 5.0
"""As long as the agent itself waits for a connection."""
PATIENCE = upload.Patience(connect=CONNECT_SECONDS, read=CONNECT_SECONDS, whole=CHECK_SECONDS - 1)
"""What a launch would have, within the time of one check."""

MAX_CLOCK_OFFSET = timedelta(minutes=5)
"""Machines that set their clock by the network are within seconds; a day's label is at stake only
around midnight, and the server corrects for the rest."""

EXPIRES_SOON = timedelta(days=14)
"""Certificates that renew themselves do it earlier; later nobody would have time to."""

LIVENESS_PATH = "/livez"
"""Whatever is answered here bears the server's clock, and nothing is counted by asking."""

INTERNET_SETTINGS = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
"""Under HKEY_CURRENT_USER: what a person sets in Windows' dialog about proxies."""

ADVICE: Mapping[int, str] = {
    401: "Compare the address with what `exitpoll product list` prints at the server.",
    404: "Something else answers there: compare the address, its path too, with the server's.",
    407: "Put the proxy's user name and password into the proxy's address.",
    422: "This agent and that server do not understand one another: update the server.",
}
"""By the status of the answer."""
REDIRECTED = "Configure the address that it redirects to; the agent follows no redirects."
SERVER_BROKEN = "Look at the server's log, or at that of the reverse proxy before it."
STRANGER = (
    "Something else answers at this address: log in to the network if it asks for that,"
    " and compare the address with the server's."
)
NOBODY = (
    "See that the server runs and listens there, and that no firewall stops this program:"
    " a browser on this machine may be allowed where it is not."
)


def name_resolution(settings: Config) -> Check:
    """Find the server's network address, unless a proxy is who has to."""
    name, host = "name resolution", _host(settings)
    if exchange.proxy_for(settings.address.base) is not None:
        return Check(name=name, state="ok", seen=f"{host} is left to the proxy")
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError) as error:
        return Check(
            name=name,
            state="failed",
            seen=f"{host} is not known: {error_of(error)}",
            what_to_do="Check the host's spelling in the address, and this machine's network.",
        )
    return Check(name=name, state="ok", seen=f"{host} is {', '.join(sorted(found))}")


def proxy(settings: Config, environment: Mapping[str, str]) -> Check:
    """Say which proxy applies, who said so, and whether it answers."""
    name, base = "proxy", settings.address.base
    applies = exchange.proxy_for(base)
    if applies is not None:
        return _proxy_that_applies(applies, _who_named(applies, base, environment))
    pac = _pac()
    if pac is not None:
        return Check(
            name=name,
            state="warning",
            seen=f"none; Windows names a script for it ({pac}), which the agent does not read",
            what_to_do="Where only that proxy leads out, set HTTPS_PROXY for the product.",
        )
    why = "an exception is made for this host" if getproxies() else "the connection is direct"
    return Check(name=name, state="ok", seen=f"none: {why}")


def tls(settings: Config) -> Check:
    """Make a connection that the machine's own store of certificates trusts."""
    name, base = "TLS", settings.address.base
    if base.startswith("http:"):
        return Check(name=name, state="ok", seen="not needed: the server is this machine")
    via = exchange.proxy_for(base)
    if via is not None and via.startswith("https:"):
        return Check(name=name, state="ok", seen="not looked at: the proxy speaks TLS itself")
    try:
        expires = visiting.shake_hands(base, proxy=via, seconds=CONNECT_SECONDS)
    except ssl.SSLCertVerificationError as error:
        return _untrusted(settings, via, error)
    except (OSError, http.client.HTTPException) as error:
        return Check(
            name=name,
            state="failed",
            seen=f"no connection to {_host(settings)}: {error_of(error)}",
            what_to_do=NOBODY,
        )
    if expires is not None and expires - clock.now() < EXPIRES_SOON:
        return Check(
            name=name,
            state="warning",
            seen=f"trusted, but the certificate expires on {expires:%Y-%m-%d}",
            what_to_do="See that the server renews it: without it no agent gets through.",
        )
    until = "" if expires is None else f", and valid until {expires:%Y-%m-%d}"
    return Check(name=name, state="ok", seen=f"the certificate is trusted by this machine{until}")


def server(settings: Config) -> Check:
    """Send a message of which nothing is kept, and see whether it is confirmed as every other.

    It is the rehearsed erasure of a copy that never was.
    """
    name = "server"
    question = wire.Erasure(installation_id=uuid4(), test=True)
    outcome = upload.post(settings.address, wire.ERASURES_PATH, question, PATIENCE, clock.now())
    if isinstance(outcome, upload.Confirmed) and not outcome.confirmation.policy.collection:
        return Check(
            name=name,
            state="warning",
            seen="it knows the product, and wants nothing of it: collection is switched off",
            what_to_do="Nothing is sent until the vendor switches it on again at the server.",
        )
    if isinstance(outcome, upload.Confirmed):
        return Check(name=name, state="ok", seen="it knows the product and confirms messages")
    return Check(
        name=name, state="failed", seen=outcome.detail, what_to_do=advice_on(outcome.detail)
    )


def server_clock(settings: Config) -> Check:
    """Compare this machine's clock with the server's."""
    name, url = "clock", settings.address.url(LIVENESS_PATH)
    try:
        answer = visiting.visit(url, proxy=exchange.proxy_for(url), seconds=CONNECT_SECONDS)
        told = parsedate_to_datetime(answer.headers["date"])
    except (OSError, http.client.HTTPException, LookupError, ValueError, TypeError):
        return Check(name=name, state="not_tried", seen="the server told no time to compare with")
    offset = clock.now() - told.astimezone(wire.UTC)
    if abs(offset) <= MAX_CLOCK_OFFSET:
        return Check(name=name, state="ok", seen="agrees with the server's to the minute or so")
    ahead = "ahead of" if offset > timedelta(0) else "behind"
    return Check(
        name=name,
        state="warning",
        seen=f"this machine is {_spoken(abs(offset))} {ahead} the server",
        what_to_do="Set this machine's clock; until then the server corrects for it.",
    )


def advice_on(detail: str) -> str:
    """Return what to do where a message was not confirmed."""
    status = re.search(r"status (\d{3})", detail)
    if status is None:
        return STRANGER if "not from Exitpoll" in detail else NOBODY
    code = int(status[1])
    if 300 <= code < 400:  # noqa: PLR2004 - HTTP's own classes
        return REDIRECTED
    return ADVICE.get(code, SERVER_BROKEN)


# -- in detail -----------------------------------------------------------------------------


def _host(settings: Config) -> str:
    return urlsplit(settings.address.base).hostname or ""


def _proxy_that_applies(applies: str, who: str) -> Check:
    name, parts = "proxy", urlsplit(applies)
    shown = f"{parts.scheme}://{parts.hostname}" + ("" if parts.port is None else f":{parts.port}")
    change = f"Correct or remove it in {who}, or name the server's host in NO_PROXY."
    if parts.scheme not in visiting.DEFAULT_PORTS:
        seen = f"{shown}, of {who}: the agent knows only proxies of http"
        return Check(name=name, state="failed", seen=seen, what_to_do=change)
    port = parts.port or visiting.DEFAULT_PORTS[parts.scheme]
    try:
        socket.create_connection((parts.hostname or "", port), CONNECT_SECONDS).close()
    except OSError as error:
        seen = f"{shown}, of {who}, does not answer: {error_of(error)}"
        return Check(name=name, state="failed", seen=seen, what_to_do=change)
    return Check(name=name, state="ok", seen=f"{shown}, of {who}, answers")


def _who_named(applies: str, base: str, environment: Mapping[str, str]) -> str:
    """Return where a proxy is set: the variable, or the system's settings."""
    for name in (f"{urlsplit(base).scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            value = environment.get(variable)
            if value and value.split("://")[-1] in applies:
                return variable
    return "the system's settings"


def _untrusted(settings: Config, via: str | None, error: ssl.SSLCertVerificationError) -> Check:
    why = getattr(error, "verify_message", None) or error_of(error)
    try:
        expires = visiting.expiry_of_untrusted(
            settings.address.base, proxy=via, seconds=CONNECT_SECONDS
        )
    except (OSError, http.client.HTTPException):
        expires = None
    if expires is None:
        until, what_to_do = "", TRUST
    elif expires < clock.now():
        until, what_to_do = f" (on {expires:%Y-%m-%d})", RENEW
    else:
        until, what_to_do = f" (it is valid until {expires:%Y-%m-%d})", TRUST
    return Check(
        name="TLS",
        state="failed",
        seen=f"this machine does not trust the certificate: {why}{until}",
        what_to_do=what_to_do,
    )


RENEW = "Renew the server's certificate; if it was renewed, see that this machine's clock is right."
TRUST = (
    "See that the server sends its whole chain and is called by its own name; where a company's"
    " own authority signed it, install that in this machine's store."
)


def _spoken(duration: timedelta) -> str:
    minutes = round(duration.total_seconds() / 60)
    if minutes < 120:  # noqa: PLR2004 - up to there minutes are easier to picture
        return f"{minutes} minutes"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"  # noqa: PLR2004 - as above


if sys.platform == "win32":

    def _pac() -> str | None:
        """Return the script that Windows was told to ask for proxies."""
        import winreg  # noqa: PLC0415 - only Windows has it

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, INTERNET_SETTINGS) as key:
                return str(winreg.QueryValueEx(key, "AutoConfigURL")[0]) or None
        except OSError:
            return None

else:

    def _pac() -> str | None:
        """Return None: elsewhere no such script is set in a place that all programs read."""
        return None
