"""`doctor`: what it sees of a broken machine, and that one failure hides no other."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.agent.loopback import Answer, Loopback, dead_port, running
from tests.agent.profile import Profile

from exitpoll_agent import checks, checkup, network_checks, visiting, wire

NETWORK = ("name resolution", "proxy", "TLS", "server", "clock")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="file modes and $BROWSER are POSIX")


@pytest.fixture
def desktop(profile: Profile) -> Profile:
    """Give a machine on which everything is in order."""
    profile.environment |= {"DISPLAY": ":0", "BROWSER": "true"}
    return profile


def examined(profile: Profile, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Run the doctor; return its exit code and its checks by name."""
    done = profile.run("doctor", "--json", *options)
    assert "Traceback" not in done.stderr
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert tuple(found) == checkup.NAMES
    for check in found.values():
        assert (check["what_to_do"] is None) == (check["state"] in ("ok", "not_tried")), check
    return done.returncode, found


def states(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return what is not in order."""
    return {name: check["state"] for name, check in found.items() if check["state"] != "ok"}


def test_a_machine_in_order(desktop: Profile, server: Loopback) -> None:
    """All checks are well, nothing of the machine is written, and nothing sent could be counted."""
    code, found = examined(desktop)
    assert (code, states(found)) == (0, {})
    assert not desktop.state.exists()
    assert [received.path for received in server.received] == [wire.ERASURES_PATH, "/livez"]
    assert server.received[0].message["test"] is True


def test_it_is_read_on_a_screen(desktop: Profile) -> None:
    """Each check is a line of its own, its columns are aligned, and the last line sums them up."""
    desktop.environment |= {"COLUMNS": "80"}
    del desktop.environment["DISPLAY"]
    lines = desktop.run("doctor").stdout.splitlines()
    heads = [line for line in lines if line and line[0] != " "]
    assert len(heads) == len(checkup.NAMES) + 1
    assert heads[-1] == "0 failed, 1 to look at, 0 not tried."
    for name, line in zip(checkup.NAMES, heads, strict=False):
        assert line[checkup.STATE_WIDTH :].startswith(f"{name} ")
        assert line[len(checkup.MARGIN) - 1 : len(checkup.MARGIN)] == " "
        assert line[len(checkup.MARGIN)] != " "
    assert sum(line.startswith(f"{checkup.MARGIN}-> ") for line in lines) == 1
    assert all(len(line) <= 80 or str(desktop.state) in line for line in lines)


@pytest.mark.parametrize(
    "broken",
    [
        {"EXITPOLL_ADDRESS": ""},
        {"EXITPOLL_ADDRESS": "http://KEY@feedback.example.com"},
        {"EXITPOLL_VERSION": ""},
        {"EXITPOLL_CONSENT": "perhaps"},
        {"EXITPOLL_CONFIG": "missing.toml"},
        {"EXITPOLL_CONFIG": "broken.toml"},
    ],
)
def test_a_broken_configuration_is_a_finding(desktop: Profile, broken: dict[str, str]) -> None:
    """Where no other command works the doctor says what to change, and still looks further."""
    (desktop.folder / "broken.toml").write_text("address = https://")
    desktop.environment |= broken
    code, found = examined(desktop)
    assert code == 1
    assert states(found) == {
        "configuration": "failed",
        **dict.fromkeys((*NETWORK, "folders", "consent"), "not_tried"),
    }


def test_a_name_that_is_not_known(desktop: Profile) -> None:
    """An unknown host is named, what needs it is not tried, and the rest is."""
    desktop.address = "https://KEY@feedback.invalid"
    code, found = examined(desktop)
    assert code == 1
    assert "feedback.invalid is not known" in found["name resolution"]["seen"]
    assert states(found) == {
        "name resolution": "failed",
        **dict.fromkeys(("TLS", "server", "clock"), "not_tried"),
    }


def test_nobody_listens(desktop: Profile) -> None:
    """A server that is down fails by itself; there is no clock to compare with."""
    desktop.address = f"http://KEY@127.0.0.1:{dead_port()}"
    code, found = examined(desktop)
    assert (code, states(found)) == (1, {"server": "failed", "clock": "not_tried"})


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (Answer(401, b'{"exitpoll": 1, "code": "unknown_product_key"}'), "product list"),
        (Answer(200, b"<html>Welcome to the hotel</html>"), "log in"),
        (Answer(302, b"", {"Location": "https://elsewhere.example"}), "redirects"),
        (Answer(404, b""), "path"),
        (Answer(407, b""), "password"),
        (Answer(503, b""), "log"),
    ],
)
def test_every_wrong_answer_has_its_advice(
    desktop: Profile, server: Loopback, answer: Answer, advice: str
) -> None:
    """Whoever does not confirm is a failure, with what to do about this very answer."""
    server.answer = answer
    code, found = examined(desktop)
    assert (code, states(found)) == (1, {"server": "failed"})
    assert advice in found["server"]["what_to_do"]


def test_a_server_that_wants_nothing_is_a_warning(desktop: Profile, server: Loopback) -> None:
    """Where collection is switched off all works, and nobody will see anything arrive."""
    server.answers_with_policy(collection=False)
    assert (examined(desktop)[0], states(examined(desktop)[1])) == (0, {"server": "warning"})


def test_a_clock_that_is_wrong_is_a_warning(desktop: Profile, server: Loopback) -> None:
    """The server corrects offsets, so a wrong clock is told and fails nothing."""
    now = datetime.now(timezone.utc)
    for offset, said in ((timedelta(hours=3), "3 hours behind"), (timedelta(0), None)):
        server.date = now + offset
        code, found = examined(desktop)
        assert (code, states(found)) == (0, {} if said is None else {"clock": "warning"})
        assert said is None or said in found["clock"]["seen"]


def test_a_proxy_is_named_with_its_variable(desktop: Profile, server: Loopback) -> None:
    """The proxy that applies is told with who set it, without its password."""
    desktop.address = "http://KEY@127.0.0.1:1"
    desktop.environment["http_proxy"] = f"http://ada:secret@127.0.0.1:{server.server_port}"
    code, found = examined(desktop)
    assert (code, states(found)) == (0, {})
    assert (
        found["proxy"]["seen"] == f"http://127.0.0.1:{server.server_port}, of http_proxy, answers"
    )
    assert found["name resolution"]["seen"] == "127.0.0.1 is left to the proxy"
    assert "secret" not in json.dumps(found)
    assert server.received[-1].path == "http://127.0.0.1:1/livez"
    assert server.received[-1].headers["Proxy-Authorization"].startswith("Basic ")


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:{dead}", "socks5://127.0.0.1:{dead}"])
def test_a_proxy_that_does_not_work(desktop: Profile, proxy: str) -> None:
    """A dead proxy, or one of a kind that the agent does not speak, is what failed."""
    desktop.environment["ALL_PROXY"] = proxy.format(dead=dead_port())
    code, found = examined(desktop)
    assert (code, found["proxy"]["state"], found["server"]["state"]) == (1, "failed", "not_tried")
    assert "ALL_PROXY" in found["proxy"]["what_to_do"]


def test_an_exception_from_the_proxy_is_seen(desktop: Profile) -> None:
    """A host that NO_PROXY names is reached directly, and the screen says why."""
    desktop.environment |= {
        "http_proxy": f"http://127.0.0.1:{dead_port()}",
        "NO_PROXY": "localhost",
    }
    code, found = examined(desktop)
    assert (code, found["proxy"]["seen"]) == (0, "none: an exception is made for this host")


# -- TLS -----------------------------------------------------------------------------------


def certificate(folder: Path, days: int) -> Path:
    """Make a certificate of localhost that is valid for `days`, before today where negative."""
    ends = datetime.now(timezone.utc) + timedelta(days=days)
    path, public = folder / "certificate.pem", folder / "public.pem"
    key, request = folder / "key.pem", folder / "request.pem"
    (folder / "names").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:TRUE\n")
    new = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost"
    subprocess.run([*new.split(), "-keyout", key, "-out", request], check=True, capture_output=True)
    # Older versions of openssl know no -not_after of `x509`; `ca` always did.
    (folder / "index").write_text("")
    (folder / "serial").write_text("01\n")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={folder}/index\nserial={folder}/serial\n"
        f"new_certs_dir={folder}\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n"
    )
    sign: list[str | Path] = [
        "openssl",
        "ca",
        "-batch",
        "-selfsign",
        "-config",
        folder / "ca.cnf",
        "-keyfile",
        key,
    ]
    times = ["-startdate", "20200101000000Z", "-enddate", f"{ends:%Y%m%d%H%M%S}Z"]
    files: list[str | Path] = [
        "-in",
        request,
        "-out",
        public,
        "-extfile",
        folder / "names",
        "-notext",
    ]
    subprocess.run([*sign, *times, *files], check=True, capture_output=True)
    path.write_text(key.read_text() + public.read_text())
    return path


@pytest.mark.parametrize(
    ("days", "is_trusted", "state", "seen"),
    [
        (400, True, "ok", "trusted by this machine, and valid until"),
        (5, True, "warning", "the certificate expires on"),
        (-5, True, "failed", "expired (on"),
        (400, False, "failed", "does not trust the certificate"),
    ],
)
def test_certificates(
    desktop: Profile, tmp_path: Path, days: int, *, is_trusted: bool, state: str, seen: str
) -> None:
    """Whether this machine trusts the server, until when, and why not."""
    tls = Loopback()
    tls.speaks_tls(str(certificate(tmp_path, days)))
    if is_trusted:
        desktop.environment["SSL_CERT_FILE"] = str(tmp_path / "public.pem")
    with running(tls):
        desktop.address = tls.address
        code, found = examined(desktop)
    ends = datetime.now(timezone.utc) + timedelta(days=days)
    assert (found["TLS"]["state"], code) == (state, int(state == "failed"))
    assert seen in found["TLS"]["seen"]
    assert f"{ends:%Y-%m-%d}" in found["TLS"]["seen"]
    assert found["server"]["state"] == ("not_tried" if state == "failed" else "ok")


def test_the_expiry_is_what_python_reads(tmp_path: Path) -> None:
    """The date that we find in a certificate is the one that OpenSSL finds in it."""
    certificate(tmp_path, 400)
    pem = (tmp_path / "public.pem").read_text()
    asked: list[str | Path] = [
        "openssl",
        "x509",
        "-in",
        tmp_path / "public.pem",
        "-noout",
        "-enddate",
    ]
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    expected = ssl.cert_time_to_seconds(said.strip().removeprefix("notAfter="))
    found = visiting.expiry_in(ssl.PEM_cert_to_DER_cert(pem))
    assert found is not None
    assert found.timestamp() == expected
    assert visiting.expiry_in(b"no certificate") is None


def test_https_to_a_server_that_speaks_none(desktop: Profile, server: Loopback) -> None:
    """A port that speaks no TLS is a failure of TLS."""
    desktop.address = server.address.replace("http:", "https:")
    code, found = examined(desktop)
    assert (code, found["TLS"]["state"], found["server"]["state"]) == (1, "failed", "not_tried")


# -- this machine --------------------------------------------------------------------------


def test_a_state_folder_that_is_a_file(desktop: Profile) -> None:
    """Where consent cannot be read either, no connection is opened, and the screen says why."""
    desktop.state.write_text("")
    code, found = examined(desktop)
    assert (code, states(found)) == (
        1,
        {"folders": "failed", "consent": "failed", **dict.fromkeys(NETWORK, "not_tried")},
    )
    assert found["server"]["seen"] == "TLS comes first"
    assert found["proxy"]["seen"] == "consent comes first"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root writes anywhere")
def test_a_state_folder_that_cannot_be_written(desktop: Profile) -> None:
    """A read-only folder is found out without writing into it."""
    desktop.state.mkdir(mode=0o500)
    _, found = examined(desktop)
    assert states(found) == {"folders": "failed"}


def test_a_folder_that_everybody_may_write(desktop: Profile) -> None:
    """What anybody may change is told, with the command that mends it, and nothing is left."""
    desktop.state.mkdir()
    desktop.state.chmod(0o777)
    code, found = examined(desktop)
    assert (code, states(found)) == (0, {"folders": "warning"})
    assert found["folders"]["what_to_do"] == f"Run: chmod o-w '{desktop.state}'"
    assert list(desktop.state.iterdir()) == []


def test_the_state_is_left_as_it_is(desktop: Profile) -> None:
    """A folder in use is tried out, and afterwards holds what it held."""
    desktop.run("launch")
    before = {file.name: file.read_bytes() for file in desktop.state.iterdir()}
    assert states(examined(desktop)[1]) == {}
    assert {file.name: file.read_bytes() for file in desktop.state.iterdir()} == before


def test_a_refusal_is_kept_to(desktop: Profile, server: Loopback) -> None:
    """Under consent none no connection is opened, and the doctor says whose word that is."""
    desktop.environment["DO_NOT_TRACK"] = "1"
    code, found = examined(desktop)
    assert (code, states(found)) == (
        0,
        {"consent": "warning", **dict.fromkeys(NETWORK, "not_tried")},
    )
    assert "DO_NOT_TRACK is set" in found["consent"]["seen"]
    assert server.received == []
    assert desktop.run("doctor", "--rehearse").returncode == 1
    assert server.received == []


def test_no_browser(desktop: Profile) -> None:
    """Without a display, or without anything that opens pages, no page could be shown."""
    del desktop.environment["DISPLAY"]
    assert states(examined(desktop)[1]) == {"browser": "warning"}
    desktop.environment |= {"DISPLAY": ":0", "BROWSER": "no-such-browser", "PATH": "/nowhere"}
    code, found = examined(desktop)
    assert (code, states(found)) == (0, {"browser": "warning"})


# -- rehearsal, where the server is not as it should be -------------------------------------


def rehearsed(profile: Profile) -> tuple[int, list[tuple[str, str]]]:
    """Return the exit code, and each step's state and what was seen."""
    done = profile.run("doctor", "--rehearse", "--json")
    steps = json.loads(done.stdout)["rehearsal"]["steps"]
    return done.returncode, [(step["state"], step["seen"]) for step in steps]


def test_a_rehearsal_says_what_the_server_left_out(desktop: Profile, server: Loopback) -> None:
    """A field that the server could not keep is a warning with its name."""
    received = {"exitpoll": 1, "ignored": ["locale"], "received": {"seq": 1}}
    server.answer = Answer(body=json.dumps(received).encode())
    _, (launch, *_) = rehearsed(desktop)
    assert launch == ("warning", "one launch was sent and confirmed, but for locale")


def test_a_rehearsal_without_a_page_fails(desktop: Profile, server: Loopback) -> None:
    """Messages that arrive are not enough: where the survey does not come up the exit code is 1."""
    code, (launch, uninstall, survey, tidying_up) = rehearsed(desktop)
    assert code == 1
    assert [state for state, _ in (launch, uninstall, tidying_up)] == ["warning"] * 3
    assert "does not tell what it received" in launch[1]
    assert survey == ("failed", "its address was answered with status 200")
    assert all(json.loads(r.body)["test"] for r in server.received if r.path.startswith("/v1/"))


def test_a_survey_of_another_server_is_not_visited(desktop: Profile, server: Loopback) -> None:
    """The rehearsal goes nowhere but to the configured server."""
    elsewhere = f"http://127.0.0.1:{server.server_port}/s/abc"
    server.redirects_pages_to = elsewhere
    _, steps = rehearsed(desktop)
    assert steps[2] == ("failed", f"its address leads to another server ({elsewhere})")
    assert "/s/abc" not in [received.path for received in server.received]


# -- time ----------------------------------------------------------------------------------


def test_the_whole_visit_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server that never answers costs no more than the time set for all checks together."""
    monkeypatch.setattr(checkup, "WHOLE_SECONDS", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            "EXITPOLL_ADDRESS": f"http://KEY@127.0.0.1:{silent.getsockname()[1]}",
            "EXITPOLL_VERSION": "1.0",
            "EXITPOLL_STATE_DIR": str(tmp_path / "state"),
        }
        started = time.monotonic()
        found, _ = checkup.examine(None, environment)
        took = time.monotonic() - started
    assert took < 3
    by_name = {check.name: check for check in found}
    assert by_name["server"].state == "failed"
    assert by_name["clock"].seen == "the others took 2 seconds"


def test_a_check_that_breaks_is_a_finding() -> None:
    """What nobody foresaw in one check is told as that check's failure."""

    def breaks() -> checks.Check:
        raise ZeroDivisionError("nobody foresaw this")

    found = checks.within(5, "server", breaks)
    assert (found.name, found.state) == ("server", "failed")
    assert "nobody foresaw this" in found.seen


def test_all_checks_together_fit() -> None:
    """A check's own time is less than the time of all, and a message's less than a check's."""
    assert network_checks.PATIENCE.whole < checks.CHECK_SECONDS < checkup.WHOLE_SECONDS
