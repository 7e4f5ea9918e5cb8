"""Runs the agent's tests on every Python that it supports: `make test-pythons`.

Each has an environment of its own, with what the agent needs and what its tests need, and nothing
of the server's: an agent that leans upon the other half fails here. Needs a Python with pip, and
of the Pythons to be tested only that they start.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / "build" / "pythons"

SUPPORTED = ("3.10", "3.11", "3.12", "3.13")

NEEDED = ("hypothesis", "pytest", "pytest-xdist")
"""What the tests need beside the agent, in the versions of constraints.txt."""

TESTS = ("tests/agent", "tests/contract")
NEED_THE_SERVER = (
    "tests/contract/test_compact_event.py",
    "tests/contract/test_golden_loads.py",
    "tests/contract/test_openapi.py",
    "tests/contract/test_schemas_fit_the_wire.py",
)
"""Left out by name, so that a new test which needs the server fails until it stands here."""


def main() -> int:
    """Test on each Python; return 1 where one failed, or there was none to test on."""
    parser = argparse.ArgumentParser(description="Test the agent on every Python it supports.")
    parser.add_argument(
        "pythons", nargs="*", metavar="PYTHON", help="without any, those that are found here"
    )
    named: list[str] = parser.parse_args().pythons
    pythons = chosen(named)
    ends = [*pythons][:1] + [*pythons][-1:]
    failed = []
    for version, python in pythons.items():
        begun = time.monotonic()
        print(f"Python {version}: {python}", flush=True)
        if not passes(environment(version, python), whole=version in ends):
            failed.append(version)
        print(f"Python {version}: {time.monotonic() - begun:.0f} s", flush=True)
    return summed_up(pythons, failed)


def summed_up(pythons: dict[str, str], failed: list[str]) -> int:
    """Say on which it was tested, and on which not; return the exit code."""
    missing = [version for version in SUPPORTED if version not in pythons]
    if missing:
        print(f"NOT TESTED, since it is not here: Python {', '.join(missing)}")
    if not pythons:
        print("There is no Python to test on; name some: make test-pythons PYTHONS=python3.12")
        return 1
    if failed:
        print(f"FAILED on Python {', '.join(failed)}")
        return 1
    print(f"The agent works on Python {', '.join(pythons)}")
    return 0


# -- which Pythons -------------------------------------------------------------------------


def chosen(named: list[str]) -> dict[str, str]:
    """Return the Pythons to test on, by version: those named, or else all that are found."""
    if not named:
        found = {version: found_here(version) for version in SUPPORTED}
        return {version: python for version, python in found.items() if python is not None}
    unusable = [python for python in named if version_of(python) not in SUPPORTED]
    if unusable:
        sys.exit(f"no Python of {SUPPORTED[0]} to {SUPPORTED[-1]}: {', '.join(unusable)}")
    by_version = {version_of(python): python for python in named}
    return {version: by_version[version] for version in SUPPORTED if version in by_version}


def found_here(version: str) -> str | None:
    """Return a Python of this version, from PATH or from pyenv; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    of_pyenv = [str(python) for python in pyenv.glob(f"versions/{version}.*/bin/python")]
    candidates = (f"python{version}", *of_pyenv)
    return next((python for python in candidates if version_of(python) == version), None)


def version_of(python: str) -> str | None:
    """Return what a Python says of itself; None where it does not start: pyenv's shims may not."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


# -- one Python ----------------------------------------------------------------------------


def environment(version: str, python: str) -> str:
    """Return the Python of an environment with the agent, made where it is missing or old."""
    folder = ENVIRONMENTS / version
    inside, ready = str(folder / "bin" / "python"), folder / ".ready"
    sources = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    mark = hashlib.sha256(b"".join([python.encode(), *sources])).hexdigest()
    if ready.exists() and ready.read_text("ascii") == mark:
        return inside
    # --without-pip, and the pip at hand: works where Debian's python3-venv is not installed.
    subprocess.run([python, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    pip = (sys.executable, "-m", "pip", "--python", inside, "install", "--quiet")
    options = ("--disable-pip-version-check", "--constraint", "constraints.txt")
    subprocess.run([*pip, *options, "--editable", ".", *NEEDED], cwd=ROOT, check=True)
    ready.write_text(mark, "ascii")
    return inside


def passes(python: str, *, whole: bool) -> bool:
    """Run the tests; those that start the agent as a program on the oldest and the newest only."""
    # They take most of the time, and what differs between Pythons differs most at the ends.
    which = "not slow" if whole else "not slow and not agent"
    tests = (*TESTS, *(f"--ignore={path}" for path in NEED_THE_SERVER))
    # Without the cache: it is the working copy's, whose own Python uses it.
    how = ("-q", "-n", "2", "--dist", "loadfile", "-p", "no:cacheprovider", "-m", which)
    pytest = (python, "-m", "pytest", *how, *tests)
    return subprocess.run(pytest, cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
