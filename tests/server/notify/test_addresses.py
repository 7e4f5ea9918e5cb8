"""Where a webhook may lead: nowhere into the server's own network, whatever stands in its way."""

from __future__ import annotations

import socket
import socketserver
import threading
import time

import pytest
from tests.server.messages import NOW
from tests.server.notify.conftest import Names
from tests.server.notify.receivers import NAME, Receiver, receiving

from exitpoll_server.notify import addresses, webhooks
from exitpoll_server.notify.addresses import RefusedError
from exitpoll_server.store import Delivery, Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

PRIVATE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),  # noqa: S104 - refused
    *("::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::8.8.8.8", "2002:7f00:1::", "2002:a00:1::1"),
    *("2001:0:7f00:1::", "fe80::1%eth0"),
]
PUBLIC = ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"]


def hook(url: str) -> Webhook:
    return Webhook(
        id=1, product_id=1, url=url, secret=SECRET, events=(), enabled=True, created_at=NOW
    )


DELIVERY = Delivery(
    id=1,
    webhook_id=1,
    message="msg_1",
    event="test",
    payload={"event": "test"},
    created_at=NOW,
    attempts=0,
    next_at=None,
    delivered_at=None,
    status=None,
    error=None,
)


def send(url: str, *, private: bool = False) -> webhooks.Outcome:
    return webhooks.send(hook(url), DELIVERY, NOW, private=private)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_none_for_webhooks(address: str) -> None:
    """Of no network of one's own, no group, no machine itself; nor by way of IPv6."""
    assert not addresses.is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_one(address: str) -> None:
    """What belongs to one machine of the internet is taken."""
    assert addresses.is_public(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "169.254.169.254"])
def test_a_name_for_a_private_address_is_refused(address: str, names: Names) -> None:
    """Refused after the name was resolved, and before anything is connected to."""
    names["inside.example.com"] = [address]
    outcome = send("https://inside.example.com/")
    assert outcome == webhooks.Outcome(None, "this name stands for a private address")


def test_a_name_that_stands_for_both_is_refused(receiver: Receiver, names: Names) -> None:
    """One private address among public ones is enough, wherever it stands."""
    names[NAME] = ["127.0.0.1", "10.1.2.3"]
    assert send(receiver.url).error == "this name stands for a private address"
    names[NAME] = ["10.1.2.3", "127.0.0.1"]
    assert send(receiver.url).error == "this name stands for a private address"
    assert receiver.told == []


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://0x7f.1/"],
)
def test_a_number_in_the_address_is_judged_as_well(url: str) -> None:
    """However a private address is written."""
    assert send(url).error == "this name stands for a private address"


def test_the_name_is_asked_for_once(
    receiver: Receiver, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that stands for something else a moment later leads nowhere else."""
    looked_up = []
    known = socket.getaddrinfo

    def once(host: str, *args: object, **options: object) -> object:
        if host == NAME:
            looked_up.append(host)
            found = known(host, *args, **options)  # type: ignore[arg-type]
            names[NAME] = ["10.9.9.9"]
            return found
        return known(host, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", once)
    assert send(receiver.url) == webhooks.Outcome(204, None)
    assert looked_up == [NAME]
    assert len(receiver.told) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_what_it_leads_on_to_is_judged_anew(receiver: Receiver, names: Names, status: int) -> None:
    """A receiver on the internet cannot send us into our own network."""
    names["inside.example.com"] = ["192.168.0.1"]
    receiver.answers = [(status, {"Location": "https://inside.example.com/"})]
    assert send(receiver.url) == webhooks.Outcome(status, "this name stands for a private address")
    receiver.answers = [(status, {"Location": f"http://{NAME}/"})]
    assert send(receiver.url) == webhooks.Outcome(status, "the address must begin with https://")


def test_it_may_lead_on_three_times(receiver: Receiver) -> None:
    """The message arrives as it was at the fourth place, and at no fifth."""
    onward = (308, {"Location": "/next"})
    receiver.answers = [onward] * 3
    assert send(receiver.url) == webhooks.Outcome(204, None)
    assert [told.path for told in receiver.told] == ["/exitpoll?for=us", *["/next"] * 3]
    assert len({told.body for told in receiver.told}) == 1
    receiver.answers = [onward] * 4
    assert send(receiver.url) == webhooks.Outcome(308, "it led on more than 3 times")


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/",
        "ftp://a.example/",
        "https://",
        "https://user@a.example/",
        "https://user:password@a.example/",
        "https://a.example:0/",
        "https://a.example/ x",
        "https://a.example/\r\nX: y",
        "https://ä.example/",
        "a.example",
        "//a.example",
        "file:///etc/passwd",
        f"https://a.example/{'x' * 2_000}",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Only https, without a user, and nothing that would be a header of its own."""
    with pytest.raises(RefusedError):
        addresses.read(url, private=False)


def test_the_operator_may_allow_the_own_network(trusted: object, names: Names) -> None:
    """With the setting on, http and private addresses are taken."""
    assert trusted
    assert names
    with receiving(None) as plain:
        url = f"http://{NAME}:{plain.port}/"
        assert send(url).error == "the address must begin with https://"
        assert send(url, private=True) == webhooks.Outcome(204, None)
    assert plain.told[0].headers["host"] == f"{NAME}:{plain.port}"


def test_the_certificate_must_be_for_the_name(receiver: Receiver, names: Names) -> None:
    """Whoever answers at the address must be whom the name is for."""
    names["other.example.com"] = ["127.0.0.1"]
    outcome = send(f"https://other.example.com:{receiver.port}/")
    assert outcome.status is None
    assert "certificate" in (outcome.error or "")
    assert receiver.told == []


def test_a_certificate_of_nobody_known_is_refused(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authority that this machine does not trust vouches for nobody."""
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "certificate" in (send(receiver.url).error or "")
    assert receiver.told == []


def test_a_receiver_that_drips_is_cut_off(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then keeps no thread for ever."""
    assert names
    monkeypatch.setattr(webhooks, "WHOLE_SECONDS", 1.0)

    class Dripping(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                for _ in range(100):
                    self.request.sendall(b"H")
                    time.sleep(0.1)
            except OSError:
                pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dripping) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        began = time.monotonic()
        outcome = send(f"http://{NAME}:{server.server_address[1]}/", private=True)
        assert time.monotonic() - began < 5
        server.shutdown()
    assert outcome.status is None
    assert outcome.error
