"""What the agent tells of the machine."""

from __future__ import annotations

import sys

import pytest

from exitpoll_agent import machine


@pytest.mark.skipif(sys.platform != "linux", reason="names of Linux distributions")
@pytest.mark.parametrize(
    ("release", "name"),
    [
        ({"ID": "debian", "VERSION_ID": "12"}, "debian-12"),
        ({"ID": "arch"}, "arch"),
        ({"ID": "My Linux", "VERSION_ID": "x" * 99}, "my-linux-" + "x" * 55),
    ],
)
def test_a_linux_system_is_named(
    release: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A distribution is told by its own id and version, where it has one."""
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: release)
    assert machine.os_name() == name


@pytest.mark.parametrize(
    ("called", "arch"), [("AMD64", "x86_64"), ("aarch64", "arm64"), ("riscv64", "riscv64")]
)
def test_an_architecture_has_one_name(
    called: str, arch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same architecture is one row of a report, whatever the system calls it."""
    monkeypatch.setattr("platform.machine", lambda: called)
    assert machine.arch() == arch


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such variables")
@pytest.mark.parametrize(
    ("variables", "locale"),
    [
        ({"LANG": "ru_RU.UTF-8"}, "ru-RU"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "pt_BR"}, "pt-BR"),
        ({"LANG": "de_DE", "LC_ALL": "sr_RS@latin"}, "sr-RS"),
        ({"LANG": "en"}, "en"),
        ({"LANG": "C.UTF-8"}, None),
        ({"LANG": "POSIX"}, None),
        ({"LANG": "\udcff"}, None),
        ({}, None),
    ],
)
def test_a_language_is_told_as_bcp_47(
    variables: dict[str, str], locale: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The language is as the survey page wants it, and null where the system has none."""
    for name in ("LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert machine.locale() == locale
