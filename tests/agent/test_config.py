"""What a developer configures, and what is said when it makes no sense."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import pytest

from exitpoll_agent import config, wire
from exitpoll_agent.config import ConfigError

ENOUGH = {
    "EXITPOLL_ADDRESS": "https://KEY@feedback.example.com",
    "EXITPOLL_VERSION": "1.0",
    "HOME": "/home/somebody",
    "EXITPOLL_CONTAINERS": "count",  # the tests may run in one
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_environment_alone_is_enough() -> None:
    """A file is not required where the environment has address and version."""
    settings = config.load(None, ENOUGH)
    assert settings.address == wire.parse_address("https://KEY@feedback.example.com")
    assert (settings.product, settings.version, settings.consent) == ("KEY", "1.0", "full")


def test_a_file_has_every_setting(tmp_path: Path) -> None:
    """Everything that may be configured can be written in exitpoll.toml."""
    (tmp_path / "exitpoll.toml").write_text(
        """
        address = "https://KEY@feedback.example.com/measure"
        product = "Notes"
        version = "2.1.0"
        channel = "stable"
        edition = "trial"
        source = "download.example"
        scope = "machine"
        consent = "exit"
        origin = "upgrade"
        installed_at = 2026-11-20T10:30:00+01:00
        installed_version = "2.0.0"
        customer = "c-1"
        containers = "count"
        first_key = "FIRST"
        [attributes]
        plan = "pro"
        seats = 3
        beta = true
        """
    )
    folders = {"EXITPOLL_STATE_DIR": "/state", "EXITPOLL_MACHINE_DIR": "/machine"}
    settings = config.load(None, {**folders, "TMPDIR": "/temporary"})
    assert settings == config.Config(
        address=wire.Address("KEY", "https://feedback.example.com/measure"),
        product="Notes",
        version="2.1.0",
        channel="stable",
        edition="trial",
        source="download.example",
        scope="machine",
        consent="exit",
        origin="upgrade",
        installed_at=datetime(2026, 11, 20, 9, 30, tzinfo=wire.UTC),
        installed_version="2.0.0",
        customer="c-1",
        attributes={"plan": "pro", "seats": 3, "beta": True},
        state_folder=Path("/state"),
        machine_folder=Path("/machine"),
        note_file=settings.note_file,
    )


def test_another_key_changes_no_folder(tmp_path: Path) -> None:
    """A product that was given a new key goes on where it was, if it says which was its first."""
    named = {**ENOUGH, "XDG_STATE_HOME": str(tmp_path)}
    before = config.load(None, named)
    key, host = before.address.product_key, before.address.base.partition("://")[2]
    (tmp_path / "exitpoll.toml").write_text('product = "Notes"')
    first = config.load(None, named)
    rotated = {**named, "EXITPOLL_ADDRESS": f"https://NEW@{host}"}
    assert config.load(None, rotated).state_folder != first.state_folder
    now = config.load(None, {**rotated, "EXITPOLL_FIRST_KEY": key})
    assert now.address.product_key == "NEW"
    for name in ("state_folder", "machine_folder", "note_file"):
        assert getattr(now, name) == getattr(first, name)


def test_the_environment_wins(tmp_path: Path) -> None:
    """A variable overrides the file, and an empty one counts as not set."""
    (tmp_path / "exitpoll.toml").write_text('version = "1"\nchannel = "beta"')
    settings = config.load(None, {**ENOUGH, "EXITPOLL_CHANNEL": ""})
    assert (settings.version, settings.channel) == ("1.0", "beta")


def test_a_file_can_be_named(tmp_path: Path) -> None:
    """--config comes before EXITPOLL_CONFIG, which comes before the usual place."""
    for name in ("usual", "variable", "option"):
        (tmp_path / f"{name}.toml").write_text(f'channel = "{name}"')
    (tmp_path / "usual.toml").rename(tmp_path / "exitpoll.toml")
    by_variable = {**ENOUGH, "EXITPOLL_CONFIG": "variable.toml"}
    assert config.load(None, ENOUGH).channel == "usual"
    assert config.load(None, by_variable).channel == "variable"
    assert config.load(Path("option.toml"), by_variable).channel == "option"


def test_a_frozen_program_looks_beside_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frozen agent finds the file that was installed with it, wherever it is started."""
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "exitpoll.toml").write_text('channel = "kit"')
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "kit" / "exitpoll-agent"))
    assert config.load(None, ENOUGH).channel == "kit"


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("version = 2.1", "'version' in exitpoll.toml must be a text in quotes, not 2.1"),
        ('consent = "yes"', "must be one of none, exit, full, not 'yes'"),
        ('scope = "all"', "must be one of user, machine, not 'all'"),
        ('installed_at = "yesterday"', "must be an instant like 2026-11-20T09:30:00Z"),
        ("installed_at = 2026-11-20", "must be an instant like 2026-11-20T09:30:00Z"),
        ('chanel = "beta"', "sets 'chanel', which is unknown; known are address, "),
        ("version =", "exitpoll.toml is no valid TOML"),
        ('source = "' + "x" * 201 + '"', "has 201 characters; at most 200 fit"),
        ('attributes = "pro"', "must be a table"),
        ("attributes = {plan = []}", "'plan' of 'attributes' in exitpoll.toml must be a text, a"),
        ("attributes = {plan = nan}", "must be a text, a number, true or false"),
        ('attributes = {plan = "' + "x" * 201 + '"}', "has 201 characters; at most 200 fit"),
        ("attributes = {" + "x" * 65 + " = 1}", "must have 1 to 64 characters"),
        (
            "[attributes]\n" + "\n".join(f"a{n} = {n}" for n in range(21)),
            "has 21 entries; at most 20 fit",
        ),
    ],
)
def test_nonsense_in_the_file_is_named(tmp_path: Path, toml: str, says: str) -> None:
    """A mistake is answered with one sentence that names the setting and what it may be."""
    version = "" if toml.startswith("version") else 'version = "1"\n'
    (tmp_path / "exitpoll.toml").write_text(version + toml)
    with pytest.raises(ConfigError) as caught:
        config.load(None, {"EXITPOLL_ADDRESS": ENOUGH["EXITPOLL_ADDRESS"]})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "set address in exitpoll.toml or EXITPOLL_ADDRESS to https://PRODUCT-KEY@"),
        ({"EXITPOLL_ADDRESS": "https://KEY@host.example"}, "no version is configured: set version"),
        ({**ENOUGH, "EXITPOLL_ADDRESS": "https://host.example"}, "has no product key"),
        ({**ENOUGH, "EXITPOLL_ADDRESS": "http://KEY@host.example"}, "is not encrypted"),
        ({**ENOUGH, "EXITPOLL_ADDRESS": "https://ключ@host.example"}, "has characters of no key"),
        ({**ENOUGH, "EXITPOLL_VERSION": "1" * 65}, "EXITPOLL_VERSION has 65 characters"),
        ({**ENOUGH, "EXITPOLL_CUSTOMER": "\udcff"}, "EXITPOLL_CUSTOMER is not valid UTF-8"),
        ({**ENOUGH, "EXITPOLL_CONFIG": "gone.toml"}, "there is no configuration file gone.toml"),
    ],
)
def test_nonsense_in_the_environment_is_named(environment: dict[str, str], says: str) -> None:
    """A missing or impossible variable is answered with one sentence that names it."""
    with pytest.raises(ConfigError) as caught:
        config.load(None, environment)
    assert says in str(caught.value)


def test_products_have_folders_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two products of one person never share a state, whatever script they are written in."""
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    settings = [
        config.load(None, {**ENOUGH, **more}).state_folder
        for more in (
            {"EXITPOLL_PRODUCT": "Notes!"},
            {"EXITPOLL_PRODUCT": "Записки"},
            {"EXITPOLL_PRODUCT": "Заметки"},
            {"EXITPOLL_PRODUCT": "Notes!", "EXITPOLL_ADDRESS": "https://OTHER@host.example"},
            {"EXITPOLL_PRODUCT": "../../etc"},
        )
    ]
    assert len(set(settings)) == len(settings)
    assert {folder.parent.parent for folder in settings} == {settings[0].parent.parent}
    assert settings[0].parent.name.startswith("notes-")


def test_hosts_have_folders_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that two hosts share holds one state a host, and does not tell the hosts' names."""
    folders = []
    for node in ("desk.example.com", "Desk.other.example", "lap"):
        monkeypatch.setattr("platform.node", lambda node=node: node)
        folders.append(config.load(None, ENOUGH).state_folder)
    assert folders[0] == folders[1] != folders[2]
    assert "desk" not in str(folders[0]).lower()
