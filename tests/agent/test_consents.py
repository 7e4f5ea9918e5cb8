"""Consent: whose word holds, what a refusal leaves behind, and what damage cannot do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.agent.loopback import Loopback
from tests.agent.profile import Profile

from exitpoll_agent import cli, consents

CHOICE = consents.NAME
COPY = "consent.copy.json"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the policy is a file on POSIX")


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a policy file that the test may write, in place of the one in /etc."""
    file = tmp_path / "policy.toml"
    monkeypatch.setattr(consents, "POLICY_FILE", file)
    return file


def _files(profile: Profile) -> set[str]:
    return {file.name for file in profile.state.iterdir()}


# -- who decides ---------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize(
    ("vendor", "person", "do_not_track", "administrator", "decision"),
    [
        ("full", None, "", None, ("full", "vendor")),
        ("full", None, "0", None, ("full", "vendor")),
        ("full", None, "1", None, ("none", "do_not_track")),
        ("full", None, "false", None, ("none", "do_not_track")),
        ("full", "exit", "", None, ("exit", "person")),
        ("full", "full", "", None, ("full", "person")),
        ("exit", "full", "", None, ("exit", "vendor")),
        ("none", "full", "", "full", ("none", "vendor")),
        ("full", "full", "1", "full", ("none", "do_not_track")),
        ("full", "full", "", "exit", ("exit", "administrator")),
        ("full", "exit", "", "none", ("none", "administrator")),
        ("exit", "none", "1", "none", ("none", "person")),
    ],
)
def test_the_strictest_word_holds(  # noqa: PLR0913 - one column a voice
    offline: Profile,
    policy: Path,
    vendor: str,
    person: str | None,
    do_not_track: str,
    administrator: str | None,
    decision: tuple[str, str],
) -> None:
    """Everybody who has a say may narrow what the others allow, and nobody may widen it."""
    if person is not None:
        assert offline.run("consent", person).returncode == 0
    if administrator is not None:
        policy.write_text(f'consent = "{administrator}"\n')
    offline.environment["DO_NOT_TRACK"] = do_not_track
    held = consents.decide(offline.config(consent=vendor))
    assert (held.consent, held.decided_by) == decision


@POSIX
@pytest.mark.parametrize(
    "text", ['consent = "maybe"', "consent = 1", "consent = ", b"\xff\xfe", 'consent = "Full"']
)
def test_a_policy_that_makes_no_sense_forbids_everything(
    offline: Profile, policy: Path, text: str | bytes
) -> None:
    """An administrator who mistyped wanted something narrower, and is not ignored."""
    policy.write_bytes(text if isinstance(text, bytes) else text.encode())
    held = consents.decide(offline.config())
    assert (held.consent, held.decided_by) == ("none", "administrator")


@POSIX
@pytest.mark.parametrize("text", ["", "# consent = 'none'\n", "of_a_later_agent = 1"])
def test_a_policy_without_consent_says_nothing(offline: Profile, policy: Path, text: str) -> None:
    """A policy file that is about something else leaves consent to the others."""
    policy.write_text(text)
    assert consents.decide(offline.config()).decided_by == "vendor"


@POSIX
def test_the_policy_holds_for_the_whole_program(
    profile: Profile, server: Loopback, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under an administrator's `none` a launch writes no file and opens no connection."""
    policy.write_text('consent = "none"')
    for name, value in profile.variables.items():
        monkeypatch.setenv(name, value)
    for command in ("launch", "uninstall"):
        assert cli.main([command]) == 0
    assert server.received == []
    assert not profile.state.exists()


def test_consent_says_what_holds_and_why(offline: Profile) -> None:
    """`consent` alone names everybody who said something, and changes nothing."""
    offline.environment |= {"DO_NOT_TRACK": "1", "EXITPOLL_CONSENT": "exit"}
    assert offline.run("consent").stdout == (
        "Consent is none. The strictest of what was said:"
        " do_not_track none (DO_NOT_TRACK is set), vendor exit (the product's own setting).\n"
    )
    told = offline.json("consent")
    assert (told["consent"], told["decided_by"]) == ("none", "do_not_track")
    assert [word["who"] for word in told["words"]] == ["do_not_track", "vendor"]
    assert not offline.state.exists()


# -- a refusal -----------------------------------------------------------------------------


def test_a_refusal_leaves_nothing_but_itself(profile: Profile, server: Loopback) -> None:
    """Whoever refuses before the first launch never has an id, a count or a connection."""
    assert profile.json("consent", "none")["consent"] == "none"
    before = {file.name: file.read_bytes() for file in profile.state.iterdir()}
    assert set(before) == {CHOICE, COPY}
    for command in ("launch", "uninstall", "status", "consent"):
        assert profile.run(command).returncode == 0
    assert {file.name: file.read_bytes() for file in profile.state.iterdir()} == before
    assert server.received == []


def test_after_a_refusal_nothing_changes_any_more(profile: Profile, server: Loopback) -> None:
    """Whoever refuses later keeps the id, to erase by, and nothing is written or sent from then."""
    profile.run("launch")
    profile.run("consent", "none")
    received = len(server.received)
    before = {file.name: file.read_bytes() for file in profile.state.iterdir()}
    profile.run("launch")
    profile.run("uninstall", "--reason=price")
    assert {file.name: file.read_bytes() for file in profile.state.iterdir()} == before
    assert len(server.received) == received


def test_a_refusal_that_cannot_be_kept_is_said(offline: Profile, tmp_path: Path) -> None:
    """Whoever refuses must know if it did not work: one line, exit code 1."""
    (tmp_path / "file").write_text("")
    offline.environment["EXITPOLL_STATE_DIR"] = str(tmp_path / "file" / "state")
    done = offline.run("consent", "none")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


# -- damage --------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"", b"\0" * 64, b'{"format": 1, "consent": "maybe"}', None])
@pytest.mark.parametrize("hurt", [CHOICE, COPY])
def test_one_damaged_file_does_not_lose_the_choice(
    profile: Profile, server: Loopback, hurt: str, damage: bytes | None
) -> None:
    """The sound file's choice holds, and the next command that writes heals the other."""
    profile.run("consent", "exit")
    if damage is None:
        (profile.state / hurt).unlink()
    else:
        (profile.state / hurt).write_bytes(damage)
    assert profile.json("launch")["consent"] == "exit"
    assert (profile.state / CHOICE).read_bytes() == (profile.state / COPY).read_bytes()
    assert server.received == []


def test_a_choice_that_is_lost_counts_as_a_refusal(profile: Profile, server: Loopback) -> None:
    """Where both files are damaged nobody knows what was agreed to: nothing, until chosen anew."""
    profile.run("consent", "full")
    for name in (CHOICE, COPY):
        (profile.state / name).write_text("{")
    assert profile.json("launch")["consent"] == "none"
    assert "counts as a refusal" in profile.run("consent").stdout
    assert _files(profile) == {CHOICE, COPY}
    assert server.received == []
    profile.run("consent", "full")
    assert profile.json("launch")["upload"] == "confirmed"


@pytest.mark.parametrize("damage", ["", "{", '{"format": 1, "consent": "full"}'])
def test_a_damaged_installation_never_widens_consent(
    profile: Profile, server: Loopback, damage: str
) -> None:
    """The id's files may be lost in any way: what the person chose still holds."""
    profile.run("launch")
    profile.run("consent", "exit")
    received = len(server.received)
    for name in ("installation.json", "installation.copy.json"):
        (profile.state / name).write_text(damage)
    assert profile.json("launch")["consent"] == "exit"
    assert len(server.received) == received


def test_the_choice_of_a_newer_agent_is_left_alone(profile: Profile, server: Loopback) -> None:
    """A choice that only a newer agent understands is not guessed at: nothing is done."""
    profile.run("consent", "exit")
    profile.change_state(CHOICE, format=2)
    before = (profile.state / CHOICE).read_bytes()
    done = profile.run("launch")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert "newer agent" in done.stderr
    assert ((profile.state / CHOICE).read_bytes(), server.received) == (before, [])


# -- withdrawing ---------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", ["exit", "none"])
def test_withdrawing_sends_one_last_message_without_history(
    profile: Profile, server: Loopback, chosen: str
) -> None:
    """The server hears that consent ended, in order with what came before, and nothing else."""
    profile.environment |= {"EXITPOLL_CUSTOMER": "c-1", "EXITPOLL_SOURCE": "example"}
    profile.run("launch")
    profile.run("launch")
    assert profile.json("consent", chosen)["withdrawal"] == "confirmed"
    ping, last = (received.message for received in server.received)
    assert server.received[1].path == "/v1/pings"
    said = {name: value for name, value in last.items() if value}
    assert said == {
        "installation_id": ping["installation_id"],
        "counter": ping["counter"],
        "seq": ping["seq"] + 1,
        "sent_at": last["sent_at"],
        "consent": chosen,
        "origin": "unknown",
    }
    assert profile.json("consent", "none")["withdrawal"] == "not_sent"
    assert len(server.received) == 2


def test_a_choice_that_withdraws_nothing_is_not_told(profile: Profile, server: Loopback) -> None:
    """Where `DO_NOT_TRACK` already forbade it, or nothing ever was sent, nothing is sent now."""
    profile.environment["DO_NOT_TRACK"] = "1"
    assert profile.json("consent", "none")["withdrawal"] == "not_sent"
    profile.environment["DO_NOT_TRACK"] = ""
    profile.run("consent", "full")
    assert profile.json("consent", "none")["withdrawal"] == "not_sent"
    assert server.received == []


def test_who_was_never_told_of_is_not_told_of_now(profile: Profile, server: Loopback) -> None:
    """Launches that were counted and never sent do not reach the server by a withdrawal."""
    profile.run("consent", "exit")
    profile.run("launch")
    profile.run("consent", "full")
    assert profile.json("consent", "none")["withdrawal"] == "not_sent"
    assert server.received == []


def test_withdrawing_holds_without_a_network(offline: Profile) -> None:
    """The choice is kept before anything is sent; that the server does not know yet is said."""
    offline.run("launch")
    done = offline.run("consent", "none")
    assert done.returncode == 0
    assert done.stdout.startswith("Consent is none.")
    assert "The server could not be told: no connection (ConnectionError)." in done.stdout
    assert offline.json("consent")["decided_by"] == "person"


def test_a_person_may_come_back(profile: Profile, server: Loopback) -> None:
    """After `consent full` the same installation goes on where it stopped."""
    profile.run("launch")
    profile.run("consent", "none")
    profile.run("launch")
    profile.run("consent", "full")
    profile.environment["EXITPOLL_VERSION"] = "2.0"
    assert profile.json("launch")["launches_total"] == 2
    messages = [received.message for received in server.received]
    assert [message["consent"] for message in messages] == ["full", "none", "full"]
    assert len({message["installation_id"] for message in messages}) == 1
