"""An uninstall is taken back until its last step, and after that nothing but a refusal is left."""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from tests.agent.loopback import Answer, Loopback
from tests.agent.profile import Profile, present

from exitpoll_agent import finishing, installation, installing, note
from exitpoll_agent.lock import WAIT_SECONDS, Lock
from exitpoll_agent.note import VALID
from exitpoll_agent.upload import SILENCE_SECONDS


def state_of(profile: Profile) -> set[str]:
    return {file.name for file in profile.state.iterdir()} if profile.state.exists() else set()


def ids(server: Loopback) -> list[str]:
    return [received.message["installation_id"] for received in server.received]


def test_a_cancelled_uninstall_is_taken_back(profile: Profile, server: Loopback) -> None:
    """The state waits under another name, and a launch carries on with the same id and counter."""
    profile.run("launch")
    counts = profile.counter()
    profile.run("uninstall", "--unattended")
    assert "counter.leaving.json" in state_of(profile)
    assert "counter.json" not in state_of(profile)
    assert profile.json("launch")["upload"] == "confirmed"
    assert "counter.leaving.json" not in state_of(profile)
    assert profile.counter().counter == counts.counter
    assert [received.path for received in server.received] == [
        "/v1/pings",
        "/v1/uninstalls",
        "/v1/pings",
    ]
    assert len(set(ids(server))) == 1


def test_the_last_step_deletes_the_state(profile: Profile, server: Loopback) -> None:
    """Nothing is left on the machine, and what the server knows already is not told again."""
    profile.run("launch")
    profile.run("uninstall", "--unattended", "--context", "remove")
    finished = profile.json("uninstall", "--finish", "--context", "remove")
    assert finished == {"deleted": True, "told_again": None, "note": False, "warnings": []}
    assert not profile.state.exists()
    assert len(server.received) == 2


def test_what_came_in_between_is_told_again(profile: Profile, server: Loopback) -> None:
    """What a program in the tray withdraws by starting once more, the last step settles."""
    profile.run("launch")
    profile.run("uninstall", "--unattended")
    profile.run("launch")
    finished = profile.json("uninstall", "--finish")
    assert finished["told_again"]["upload"] == "confirmed"
    paths = [received.path for received in server.received]
    assert paths == ["/v1/pings", "/v1/uninstalls", "/v1/pings", "/v1/uninstalls"]
    first, second = (server.received[n].message["uninstall"]["uninstall_id"] for n in (1, 3))
    assert first != second
    assert not profile.state.exists()


def test_an_event_that_was_lost_is_told_again(profile: Profile, server: Loopback) -> None:
    """The last step is the last chance, and carries what the person said when asked."""
    profile.run("launch")
    server.answer = Answer(503)
    comment = profile.folder / "comment.txt"
    comment.write_text("too slow", "utf-8")
    profile.run("uninstall", "--reason", "price", "--comment-file", str(comment))
    server.answer = Answer()
    finished = profile.json("uninstall", "--finish")
    assert finished["told_again"]["upload"] == "confirmed"
    first, second = (received.message["uninstall"] for received in server.received[1:])
    assert first == second
    assert second["answers"] == {"reason": "price", "comment": "too slow", "score": None}


def test_a_refusal_outlives_the_uninstall(profile: Profile) -> None:
    """Who refused need not refuse again when the product comes back."""
    profile.run("launch")
    profile.run("consent", "none")
    profile.run("uninstall", "--finish")
    assert {"consent.json", "consent.copy.json"} <= state_of(profile) <= {
        "consent.json", "consent.copy.json", "lock",
    }  # fmt: skip
    assert profile.json("launch")["counted"] is False


@pytest.mark.parametrize(
    ("options", "upload"), [([], "later"), (["--linger", "gone"], "confirmed")]
)
def test_who_lingers_tells_a_slow_server_once_more(
    profile: Profile, server: Loopback, options: list[str], upload: str
) -> None:
    """Where the uninstaller goes on by itself, what took too long is sent again, with time."""
    profile.run("launch")
    server.before_answering = lambda _received: time.sleep(SILENCE_SECONDS + 1)
    finished = profile.json("uninstall", "--finish", "--unattended", *options)
    assert finished["told_again"]["upload"] == upload
    told = [got.message["uninstall"]["uninstall_id"] for got in server.received[1:]]
    assert (len(told), len(set(told))) == (1 + bool(options), 1)
    assert not profile.state.exists()


def test_who_lingers_leaves_a_new_copy_alone(profile: Profile, server: Loopback) -> None:
    """Where the product is installed again by then, nothing is told, and nothing of it deleted."""
    profile.run("launch")
    done = profile.run("uninstall", "--finish", "--linger", str(profile.folder))
    assert done.stdout == "The product is installed again: nothing was told.\n"
    assert [got.path for got in server.received] == ["/v1/pings"]
    assert profile.json("launch")["counted"]


def test_finishing_what_never_was_says_so(offline: Profile) -> None:
    """Without a state there is nothing to delete, and nothing to tell."""
    done = offline.run("uninstall", "--finish")
    assert (done.returncode, done.stdout) == (0, "There is nothing to finish.\n")
    assert not offline.state.exists()


# -- the note for an upgrade that does not call itself one ---------------------------------


def upgraded(profile: Profile, *context: str) -> None:
    profile.run("launch")
    profile.run("uninstall", "--unattended", *context)
    profile.run("uninstall", "--finish", *context)
    profile.environment["EXITPOLL_VERSION"] = "1.1"
    profile.run("launch")


def test_an_unannounced_upgrade_goes_on(profile: Profile, server: Loopback) -> None:
    """The new version continues the installation that was uninstalled a moment ago."""
    upgraded(profile)
    assert len(set(ids(server))) == 1
    assert not list(profile.folder.glob("exitpoll-*.json"))


def test_a_removal_leaves_no_note(profile: Profile, server: Loopback) -> None:
    """Where the uninstaller knows that it is none, whoever installs again is a new installation."""
    upgraded(profile, "--context", "remove")
    assert len(set(ids(server))) == 2


def left_note(profile: Profile, *, ago: timedelta = timedelta(0)) -> Path:
    settings = profile.config()
    made = installation.made(present())
    note.leave(
        settings,
        note.Note(
            installation_id=made.installation_id,
            origin="new",
            installed_at=present(),
            installed_version="0.9",
            left_at=present() - ago,
        ),
    )
    return settings.note_file


def test_a_note_is_valid_for_an_hour(profile: Profile) -> None:
    """After that whoever installs has come back, and a note of the future is none."""
    assert note.taken(profile.config(), present()) is None
    for ago, is_valid in ((VALID, True), (VALID * 1.1, False), (-VALID, False)):
        file = left_note(profile, ago=ago)
        assert (note.taken(profile.config(), present()) is not None) is is_valid
        assert not file.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the temporary folder is the person's own")
def test_a_strangers_note_is_not_believed(profile: Profile, tmp_path: Path) -> None:
    """In a folder that everybody writes, links and what others may write count for nothing."""
    file = left_note(profile)
    file.chmod(0o666)
    assert note.taken(profile.config(), present()) is None
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    elsewhere.chmod(0o600)
    file.symlink_to(elsewhere)
    assert note.taken(profile.config(), present()) is None
    if os.getuid() == 0:
        file.unlink()
        elsewhere.rename(file)
        os.chown(file, 12345, 12345)
        assert note.taken(profile.config(), present()) is None


def test_a_note_is_never_written_through(profile: Profile, tmp_path: Path) -> None:
    """A link that somebody laid where the note goes is replaced, not followed."""
    target = tmp_path / "target"
    target.write_text("precious")
    profile.config().note_file.symlink_to(target)
    file = left_note(profile)
    assert target.read_text() == "precious"
    assert not file.is_symlink()


# -- installing ----------------------------------------------------------------------------


def test_an_installer_says_since_when(profile: Profile, server: Loopback) -> None:
    """Id and date are written once; a repair, or an upgrade, changes neither."""
    first = profile.json("install")
    assert (first["is_new"], first["shared"]) == (True, False)
    profile.environment["EXITPOLL_VERSION"] = "1.1"
    assert profile.json("install") == {**first, "is_new": False}
    profile.run("launch")
    sent = server.received[0].message
    assert sent["installation_id"] == first["installation_id"]
    assert (sent["origin"], sent["installed_version"], sent["version"]) == ("new", "1.0", "1.1")
    assert sent["installed_at"] is not None


def test_an_agent_that_comes_with_an_update_says_so(profile: Profile, server: Loopback) -> None:
    """Nobody knows then since when the product is there."""
    profile.run("install", "--was-in-use")
    profile.run("launch")
    sent = server.received[0].message
    assert (sent["origin"], sent["installed_at"]) == ("upgrade", None)


def test_everybody_shares_what_an_administrator_installed(
    profile: Profile, server: Loopback
) -> None:
    """One installation, and a counter and a choice for each person."""
    profile.environment["EXITPOLL_SCOPE"] = "machine"
    assert profile.json("install")["shared"] is True
    other = Profile(profile.folder, profile.address, {**profile.environment})
    other.environment["EXITPOLL_STATE_DIR"] = str(profile.folder / "other")
    profile.run("launch")
    other.run("launch")
    other.run("consent", "none")
    assert profile.json("launch")["counted"] is True
    assert other.json("launch")["counted"] is False
    first, second = (received.message for received in server.received[:2])
    assert first["installation_id"] == second["installation_id"]
    assert first["counter"] != second["counter"]


def test_who_erases_leaves_the_machines_installation(profile: Profile, server: Loopback) -> None:
    """The server keeps the erased id out for good, so this person's next launch has its own."""
    profile.environment["EXITPOLL_SCOPE"] = "machine"
    profile.run("install")
    profile.run("launch")
    profile.run("erase")
    profile.run("launch")
    profile.run("launch")
    before, erased, after = ids(server)
    assert before == erased != after


def test_finishing_removes_the_machines_installation(profile: Profile) -> None:
    """Where the uninstaller is an administrator's, what was shared goes too."""
    profile.environment["EXITPOLL_SCOPE"] = "machine"
    profile.run("install")
    profile.run("launch")
    profile.run("uninstall", "--finish", "--context", "remove")
    assert not (profile.folder / "machine").exists()
    assert not profile.state.exists()


def test_under_consent_none_an_installer_writes_nothing(offline: Profile) -> None:
    """There is nothing to count, so there is nothing to tell apart."""
    assert (
        installing.install(
            offline.config(consent="none"), present(), was_in_use=False
        ).installation_id
        is None
    )
    assert not offline.state.exists()


def test_a_build_server_installs_nothing(offline: Profile) -> None:
    """Where nothing is counted the installer writes nothing either, and says why."""
    offline.environment["CI"] = "true"
    assert offline.run("install").stdout == "Nothing was written: this is a build server.\n"
    assert not offline.state.exists()


def test_the_last_step_waits_for_nobody(profile: Profile) -> None:
    """A process that holds the state holds up no uninstaller."""
    profile.run("launch")
    profile.run("uninstall", "--unattended")
    began = time.monotonic()
    with Lock(profile.state):
        assert profile.json("uninstall", "--finish")["deleted"] is True
    assert time.monotonic() - began < WAIT_SECONDS / 2
    assert not list(profile.state.glob("*.json"))


def test_root_leaves_the_note_of_a_machine(profile: Profile) -> None:
    """What was uninstalled for everybody, the new version goes on with."""
    profile.environment["EXITPOLL_SCOPE"] = "machine"
    settings = profile.config()
    first = profile.json("install")["installation_id"]
    finishing.finish_for_everybody(settings, "unknown", present())
    assert not settings.machine_folder.exists()
    second = profile.json("install")
    assert (second["installation_id"], second["is_new"]) == (first, True)
