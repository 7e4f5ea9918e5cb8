"""The command line as a vendor types it, in the process of the tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from exitpoll_server.cli import main

ENVIRONMENT = ("EXITPOLL_DATABASE_URL", "EXITPOLL_PUBLIC_URL")


class Terminal:
    """Runs `exitpoll` in this process, as its script does."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._monkeypatch, self._capsys = monkeypatch, capsys
        for name in ENVIRONMENT:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("EXITPOLL_DATABASE_URL", f"sqlite:///{folder / 'exitpoll.sqlite3'}")
        monkeypatch.chdir(folder)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        self._monkeypatch.setattr(sys, "argv", ["exitpoll", *arguments])
        code: str | int | None = None
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        said = self._capsys.readouterr()
        if isinstance(code, str):
            return 1, said.out, said.err + code + "\n"
        return code or 0, said.out, said.err

    def succeed(self, *arguments: str) -> str:
        code, out, err = self.run(*arguments)
        assert (code, "Traceback" in err) == (0, False), err
        return out

    def fail(self, *arguments: str) -> str:
        """Return the one line that a mistake gets."""
        code, out, err = self.run(*arguments)
        assert code == 2, (code, out, err)
        assert out == ""
        assert err.startswith("exitpoll: ")
        assert err.count("\n") == 1
        return err

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name
