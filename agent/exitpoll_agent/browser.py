"""Hands a page to the person's browser, and does not wait for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping

LOOK_SECONDS = 0.3
"""How long to look whether a browser fails at once. One that is still busy after that has taken
the page: the uninstaller must not wait until somebody closes it."""

OPENERS: tuple[tuple[str, ...], ...] = (
    (("open",),)
    if sys.platform == "darwin"
    else (("xdg-open",), ("gio", "open"), ("x-www-browser",))
)
"""What opens an address as the person has set it; the first that works is enough."""


if sys.platform == "win32":

    def open_page(page: str, _environment: Mapping[str, str]) -> bool:
        """Give the page to the person's browser; return whether it was taken.

        An elevated process hands it to the person's own shell, which runs without its rights.
        """
        # Imported here: hardly any command opens a page.
        import ctypes  # noqa: PLC0415
        import threading  # noqa: PLC0415

        from exitpoll_agent import surroundings  # noqa: PLC0415

        # Not from the environment, which the person may have changed for an elevated process.
        name = ctypes.create_unicode_buffer(1024)
        ctypes.windll.kernel32.GetSystemWindowsDirectoryW(name, len(name))
        # And not in the current folder, which the uninstaller is about to delete.
        windows = name.value
        if surroundings.is_elevated():
            return _hand_over([windows + r"\explorer.exe", page], windows)
        failures: list[OSError] = []

        def work() -> None:
            try:
                os.startfile(page, cwd=windows)  # noqa: S606 - the shell is who knows the browser
            except OSError as error:
                failures.append(error)

        thread = threading.Thread(target=work, name="exitpoll-browser", daemon=True)
        thread.start()
        thread.join(LOOK_SECONDS)
        return not failures

    def _hand_over(command: list[str], folder: str) -> bool:
        import subprocess  # noqa: PLC0415

        nothing = subprocess.DEVNULL
        apart = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        try:
            # Its exit code says nothing: explorer's is 1 where all went well.
            subprocess.Popen(  # noqa: S603 - our own program and address
                command,
                stdin=nothing,
                stdout=nothing,
                stderr=nothing,
                creationflags=apart,
                cwd=folder,
            )
        except OSError:
            return False
        return True

else:

    def open_page(page: str, environment: Mapping[str, str]) -> bool:
        """Give the page to the person's browser; return whether it was taken.

        It gets a session of its own and nothing of ours: no terminal, no pipe, no lock, no
        current folder. Whoever waits for us does not wait for it.
        """
        # Imported here: hardly any command opens a page.
        import subprocess  # noqa: PLC0415
        import time  # noqa: PLC0415

        deadline = time.monotonic() + LOOK_SECONDS
        nothing = subprocess.DEVNULL
        for command in _commands(page, environment):
            try:
                process = subprocess.Popen(  # noqa: S603 - what the person set, and our own address
                    command, stdin=nothing, stdout=nothing, stderr=nothing, cwd="/",
                    env=environment, start_new_session=True,
                )  # fmt: skip
                if process.wait(max(0.0, deadline - time.monotonic())) == 0:
                    return True
            except OSError:
                continue
            except subprocess.TimeoutExpired:
                return True
        return False

    def _commands(page: str, environment: Mapping[str, str]) -> Iterator[list[str]]:
        """Yield what may open the page: `$BROWSER` first, as Python's webbrowser reads it."""
        import shlex  # noqa: PLC0415 - hardly any command opens a page

        for browser in environment.get("BROWSER", "").split(os.pathsep):
            try:
                words = [word for word in shlex.split(browser) if word != "&"]
            except ValueError:
                continue
            if words:
                named = [word.replace("%s", page) for word in words]
                yield named if named != words else [*words, page]
        for opener in OPENERS:
            yield [*opener, page]
