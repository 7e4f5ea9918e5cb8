"""The server's settings: what makes no sense is said loudly, in one sentence."""

from __future__ import annotations

import re
from pathlib import Path

import platformdirs
import pytest

from exitpoll_agent import config as agent_config
from exitpoll_server import config
from exitpoll_server.config import ConfigError, Rate, Setting


def test_nothing_set_is_a_server_on_this_machine() -> None:
    """Without any setting the database is a file of the user's and the address is local."""
    file = platformdirs.user_data_path("exitpoll") / "exitpoll.sqlite3"
    settings = config.load({})
    assert settings.database_url == f"sqlite:///{file}"
    assert settings.public_url == "http://127.0.0.1:8000"


def test_an_empty_setting_is_none() -> None:
    """A variable set to nothing, as service managers do, is not set."""
    assert config.load({each.name: "" for each in config.settings()}) == config.load({})


@pytest.mark.parametrize("url", ["sqlite:////var/lib/exitpoll.sqlite3", "sqlite:///here.sqlite3"])
def test_a_database_file_is_taken(url: str) -> None:
    """A file is named by its path, absolute or not."""
    assert config.load({"EXITPOLL_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@db.example.com:5432/exitpoll",
        "postgres://db.example.com/exitpoll?sslmode=require",
        "postgresql:///exitpoll?host=/run/postgresql",
        "postgresql://[::1]/exitpoll",
    ],
)
def test_a_database_server_is_taken(url: str) -> None:
    """PostgreSQL is named as people write it."""
    assert config.load({"EXITPOLL_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@host",
        "postgresql://me:secret@host/",
        "postgres://me:secret/exitpoll",
        "postgresql://me:sec/ret@host:x/exitpoll",
        "postgresql://me:secret@[::1/exitpoll",
        "postgresql+psycopg2://me:secret@host/exitpoll",
        "mysql://me:secret@host/exitpoll",
        "/var/lib/exitpoll.sqlite3",
        "sqlite:/var/lib/exitpoll.sqlite3",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/exitpoll.sqlite3",
        "nonsense",
        " ",
        "me:secret@host/exitpoll",
        "host=db.example.com password=secret",
    ],
)
def test_a_database_that_is_none_is_refused_without_its_password(url: str) -> None:
    """The sentence names the setting and what it should look like, and shows no secret."""
    with pytest.raises(ConfigError) as caught:
        config.load({"EXITPOLL_DATABASE_URL": url})
    sentence = str(caught.value)
    assert sentence.startswith("EXITPOLL_DATABASE_URL ")
    assert config.EXAMPLE_SERVER in sentence or config.EXAMPLE_FILE in sentence
    assert "\n" not in sentence
    assert not re.search("secret|sec/ret", sentence)


def test_erasures_are_kept_beside_the_database_unless_told(tmp_path: Path) -> None:
    """Another disk may hold them, named by its whole path."""
    beside = config.load({"EXITPOLL_DATABASE_URL": "sqlite:////var/lib/x.sqlite3"})
    assert beside.journal == Path("/var/lib/x.sqlite3.erasures")
    told = config.load({"EXITPOLL_ERASURES_FILE": str(tmp_path / "journal")})
    assert told.journal == tmp_path / "journal"


@pytest.mark.parametrize("file", ["journal", "/", " "])
def test_erasures_in_no_file_are_refused(file: str) -> None:
    """A folder, or a path that depends on where the server is started, is no place for them."""
    assert_refused("EXITPOLL_ERASURES_FILE", file, "exitpoll.erasures")


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://feedback.example.com", "https://feedback.example.com"),
        ("https://feedback.example.com/", "https://feedback.example.com"),
        ("http://[::1]:8000/exitpoll/", "http://[::1]:8000/exitpoll"),
    ],
)
def test_a_public_address_is_taken_without_its_last_slash(url: str, taken: str) -> None:
    """Paths are put behind the address as it stands."""
    assert config.load({"EXITPOLL_PUBLIC_URL": url}).public_url == taken


@pytest.mark.parametrize(
    "url", ["feedback.example.com", "ftp://a.example", "https://", "https:///x", "http://[::1", "x"]
)
def test_a_public_address_that_is_none_is_refused(url: str) -> None:
    """Anything but a web address is refused, naming the setting and what it should look like."""
    assert_refused("EXITPOLL_PUBLIC_URL", url, "https://feedback.example.com")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("EXITPOLL_DATABSE_URL", "EXITPOLL_DATABASE_URL"),
        ("EXITPOLL_DATABASE", "EXITPOLL_DATABASE_URL"),
        ("EXITPOLL_PUBLIC_URLS", "EXITPOLL_PUBLIC_URL"),
    ],
)
def test_a_mistyped_name_is_refused(name: str, meant: str) -> None:
    """A setting that would silently not be used is named, with the one that was meant."""
    with pytest.raises(ConfigError) as caught:
        config.load({name: "https://feedback.example.com"})
    assert str(caught.value) == f"{name} is no setting; write {meant}"


def test_names_that_others_use_are_left_alone() -> None:
    """Settings of agents and tests, and what Kubernetes says of a service, are not the server's."""
    agents = (*agent_config.IN_THE_ENVIRONMENT, "config", "state_dir", "machine_dir")
    others = ("TEST_AGENT", "SERVICE_HOST", "SERVICE_PORT", "PORT_8000_TCP_ADDR")
    names = [f"EXITPOLL_{name}" for name in (*map(str.upper, agents), *others)]
    assert config.load(dict.fromkeys([*names, "DATABASE_URL"], "x")) == config.load({})


def test_a_secret_is_not_shown() -> None:
    """What is wrong with a secret is said without it."""

    def refuse(_text: str) -> object:
        raise ValueError("is too short")

    with pytest.raises(ConfigError, match=r"^EXITPOLL_TOKEN is too short$"):
        Setting(refuse, "A token.", secret=True).value("EXITPOLL_TOKEN", "hush")


def test_every_setting_is_in_the_table() -> None:
    """docs/operating.md has a row for each setting with its default, and no other."""
    text = (Path(__file__).parents[2] / "docs" / "operating.md").read_text("utf-8")
    rows = re.findall(r"^\| `(EXITPOLL_\w+)` \| (.*?) \|", text, re.MULTILINE)
    documented = {name: default.replace("`", "") for name, default in rows}
    assert documented == {each.name: each.default for each in config.settings()}


RATES = ["EXITPOLL_RATE_LIMIT_ADDRESS", "EXITPOLL_RATE_LIMIT_PRODUCT"]


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("5/second", Rate(5, 1)),
        ("600/minute", Rate(600, 60)),
        ("1/hour", Rate(1, 3_600)),
        ("20/day", Rate(20, 86_400)),
        ("off", None),
    ],
)
def test_a_rate_is_taken(text: str, rate: Rate | None) -> None:
    """So many requests a unit of time, or off."""
    settings = config.load(dict.fromkeys(RATES, text))
    assert (settings.rate_limit_address, settings.rate_limit_product) == (rate, rate)


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize(
    "text", ["600", "0/minute", "-1/minute", "6e2/minute", "9/week", "/", "٣/day"]
)
def test_a_rate_that_is_none_is_refused(name: str, text: str) -> None:
    """Anything else is refused, naming the setting and what it should look like."""
    assert_refused(name, text, "/minute, or off")


@pytest.mark.parametrize("text", ["-1", "11", "yes", "1.0", "10.0.0.1", " 1"])
def test_a_number_of_proxies_that_is_none_is_refused(text: str) -> None:
    """Proxies are counted, not named."""
    assert_refused("EXITPOLL_TRUSTED_PROXIES", text, "write 1 behind one reverse proxy")


def assert_refused(name: str, value: str, example: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load({name: value})
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert f"{name}={value!r}" in sentence
    assert example in sentence
