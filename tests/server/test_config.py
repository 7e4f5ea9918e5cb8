"""The server's settings: what makes no sense is said loudly, in one sentence."""

from __future__ import annotations

import platformdirs
import pytest

from exitpoll_server import config
from exitpoll_server.config import Config, ConfigError


def test_nothing_set_is_a_server_on_this_machine() -> None:
    """Without any setting the database is a file of the user's and the address is local."""
    file = platformdirs.user_data_path("exitpoll") / "exitpoll.sqlite3"
    assert config.load({}) == Config(
        database_url=f"sqlite:///{file}", public_url="http://127.0.0.1:8000"
    )


def test_an_empty_setting_is_none() -> None:
    """A variable set to nothing, as service managers do, is not set."""
    assert config.load({"EXITPOLL_DATABASE_URL": "", "EXITPOLL_PUBLIC_URL": ""}) == config.load({})


@pytest.mark.parametrize("url", ["sqlite:////var/lib/exitpoll.sqlite3", "sqlite:///here.sqlite3"])
def test_a_database_file_is_taken(url: str) -> None:
    """A file is named by its path, absolute or not."""
    assert config.load({"EXITPOLL_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    "url",
    [
        "/var/lib/exitpoll.sqlite3",
        "sqlite:/var/lib/exitpoll.sqlite3",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/exitpoll.sqlite3",
        "mysql://host/exitpoll",
        "postgresql://host/exitpoll",
        "nonsense",
        " ",
    ],
)
def test_a_database_that_is_none_is_refused(url: str) -> None:
    """Anything but an SQLite file is refused, naming the setting and what it should look like."""
    assert_refused("EXITPOLL_DATABASE_URL", url, "sqlite:///")


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


def assert_refused(name: str, value: str, example: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load({name: value})
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert f"{name}={value!r}" in sentence
    assert example in sentence
