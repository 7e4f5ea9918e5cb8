"""A kit is for one product: its settings, words and names are in it as the vendor wrote them."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from exitpoll_agent.config import load, parse_toml
from exitpoll_agent.wire import Address
from exitpoll_server import kits
from exitpoll_server.cli import FORESEEN, cli
from exitpoll_server.kits import KINDS, AgentError, Kit, KitError, escaping, write, writing
from exitpoll_server.kits.words import words
from exitpoll_server.languages import LANGUAGES
from exitpoll_server.questions import EXIT, Reason, Survey

ADDRESS = Address(product_key="k1", base="https://feedback.example.com")
HOSTILE = """Ink "well" $5 ${x} {a} {#b} %PATH% 'x' <b> & `id` $(id) Söhne\\"""

texts = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), max_size=40)


def chosen(kind: str, **choices: object) -> Kit:
    known = {"product": "Inkwell", "address": ADDRESS, "survey": EXIT, **choices}
    return Kit.chosen(kind=kind, **known)  # type: ignore[arg-type]


@pytest.fixture
def vendors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a vendor with one product."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXITPOLL_DATABASE_URL", f"sqlite:///{tmp_path / 'kits.sqlite3'}")
    monkeypatch.setenv("EXITPOLL_PUBLIC_URL", ADDRESS.base)
    assert run("product", "create", "Inkwell").exit_code == 0
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def archive(folder: str, *names: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:xz") as packed:
        for name in names:
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.type, member.mode, member.size = kind, 0o755, 0
            packed.addfile(member)
    return content.getvalue()


LINUX = "exitpoll-agent-1.2.3-linux-x86_64"


# -- another key -----------------------------------------------------------------------------


def test_a_kit_with_another_key_updates_the_same_copies(tmp_path: Path) -> None:
    """Messages come with the new key; folders and upgrades go by the first one."""
    now = replace(ADDRESS, product_key="knew")
    same = chosen("script", consent="full", platform="any")
    other = chosen(
        "script", consent="full", platform="any", address=now, lasting_key=ADDRESS.product_key
    )
    before, after = (writing._values(one) for one in (same, other))  # noqa: SLF001 - what templates say
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"key", "address", "page"}
    write(other, tmp_path / "kit", None)
    [settings] = (tmp_path / "kit").rglob("exitpoll.toml")
    lines = settings.read_text("utf-8").splitlines()
    assert f'address = "{now}"' in lines
    assert f'first_key = "{ADDRESS.product_key}"' in lines
    write(same, tmp_path / "same", None)
    [settings] = (tmp_path / "same").rglob("exitpoll.toml")
    assert "first_key" not in settings.read_text("utf-8")


# -- words -----------------------------------------------------------------------------------


def test_words_in_every_language() -> None:
    """An installer asks in each of our languages, English first, with our own words translated."""
    found = words(EXIT, "Inkwell")
    assert [one.language for one in found] == ["en", *sorted({*LANGUAGES} - {"en"})]
    assert {one.langid for one in found if one.language == "ru"} == {0x19}
    assert len({one.may_we_ask for one in found}) == len(found)
    assert all("Inkwell" in one.question and "{" not in one.consent_text for one in found)
    assert [one.language for one in found if one.direction == "rtl"] == ["ar"]


def test_words_of_a_vendors_own_language() -> None:
    """A vendor's texts in a language that we do not have are asked in that language."""
    survey = Survey(
        kind="exit",
        question={"en": "Why?", "nl-BE": "Waarom?"},
        reasons=(Reason(id="a", label={"en": "A", "nl-BE": "Aa"}),),
    )
    [dutch] = [one for one in words(survey, "Inkwell") if one.language == "nl"]
    assert (dutch.question, dutch.langid, dutch.send) == ("Waarom?", 0x13, "Send")


# -- escaping --------------------------------------------------------------------------------


@given(texts)
def test_a_text_within_a_shells_quotes(text: str) -> None:
    """Whatever a vendor wrote, a shell says it back and runs nothing of it."""
    script = f"printf %s '{escaping.shell(text)}'"
    said = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True).stdout
    assert said.decode() == text


@given(texts)
def test_a_text_within_xml(text: str) -> None:
    """Whatever a vendor wrote, XML says it back, in a text and in an attribute."""
    written = escaping.xml(text)
    element = ET.fromstring(f'<a b="{written}">{written}</a>')  # noqa: S314 - our own
    assert (element.text or "", element.attrib["b"]) == (text, text)


@given(texts)
def test_a_text_within_toml(text: str) -> None:
    """Whatever a vendor called the product, the agent reads that name."""
    assert parse_toml(Path("x"), f'a = "{escaping.toml(text)}"') == {"a": text}


# -- what is written -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_name_is_written_out(kind: str, tmp_path: Path) -> None:
    """A product may be called anything, and every kit says how to go on."""
    made = kits.write(chosen(kind, product=HOSTILE, consent="exit"), tmp_path / "kit", None)
    assert tmp_path / "kit" / "README.md" in made
    page = (tmp_path / "kit" / "README.md").read_text("utf-8")
    assert HOSTILE in page or escaping.markdown(HOSTILE) in page


def test_the_lines_of_a_shell(tmp_path: Path) -> None:
    """The lines for a shell ask nobody where there is nobody, and leave nothing behind."""
    kits.write(chosen("link", product=HOSTILE), tmp_path / "kit", None)
    done = subprocess.run(
        ["/bin/sh", "-eu", tmp_path / "kit" / "question.sh"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "DISPLAY": ":0", "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not list((tmp_path / ".local/share").iterdir())


def test_the_settings_are_the_agents(tmp_path: Path) -> None:
    """The settings of a kit are what the agent takes, with the vendor's choices in them."""
    kit = chosen("script", scope="machine", consent="exit", platform="any", product=HOSTILE)
    kits.write(kit, tmp_path / "kit", None)
    file = tmp_path / "kit" / "agent" / "exitpoll.toml"
    file.write_text('version = "1.0.0"\n' + file.read_text("utf-8"), "utf-8")
    config = load(file, {})
    assert (config.product, config.scope, config.consent) == (HOSTILE, "machine", "exit")
    assert config.address == ADDRESS


def test_lines_as_windows_reads_them(tmp_path: Path) -> None:
    """Whatever Windows' own shell runs has its line ends, and what other shells run has theirs."""
    kits.write(chosen("script", consent="exit", platform="any"), tmp_path / "kit", None)
    for file in (tmp_path / "kit").glob("*.cmd"):
        assert b"\n" not in file.read_bytes().replace(b"\r\n", b"")
    assert all(b"\r" not in file.read_bytes() for file in (tmp_path / "kit").glob("*.sh"))


def test_an_agent_as_its_source(tmp_path: Path) -> None:
    """A kit for every machine with Python has the agent's source, and a program that starts it."""
    kits.write(chosen("deb", consent="exit", platform="any"), tmp_path / "kit", None)
    agent = tmp_path / "kit" / "agent" / "exitpoll-agent"
    done = subprocess.run([agent, "--version"], capture_output=True, check=True)
    assert done.stdout
    assert not list(agent.parent.rglob("__pycache__"))


def test_an_agent_in_a_kit(vendors: Path) -> None:
    """The agent that was added is in the kits of its platform, and can be started there."""
    file = vendors / f"{LINUX}.tar.xz"
    file.write_bytes(archive(LINUX, "exitpoll-agent", "_internal/base_library.zip"))
    assert "linux-x86_64 1.2.3" in run("agent", "add", file).output
    assert "linux-x86_64\t1.2.3" in run("agent", "list").output
    made = run("kit", "--product", "Inkwell", "--installer", "script", "--consent", "full", "kit")
    assert made.exit_code == 0, made.output
    assert (vendors / "kit/agent/exitpoll-agent").stat().st_mode & 0o111
    assert (vendors / "kit/agent/_internal/base_library.zip").exists()


def test_a_later_agent_replaces_an_earlier_one(vendors: Path) -> None:
    """Kits carry the agent that was added last."""
    for version in ("1.2.3", "1.2.4"):
        name = f"exitpoll-agent-{version}-linux-x86_64"
        (vendors / "agent.tar.xz").write_bytes(archive(name, "exitpoll-agent"))
        run("agent", "add", vendors / "agent.tar.xz")
    assert run("agent", "list").output.count("linux-x86_64") == 1
    assert "1.2.4" in run("agent", "list").output


# -- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "choices", "says"),
    [
        ("deb", {}, "--consent full"),
        ("deb", {"consent": "ask"}, "--consent full"),
        ("inno", {"scope": "machine"}, "--consent full"),
        ("deb", {"scope": "user", "consent": "full"}, "--scope machine"),
        ("link", {"platform": "linux-x86_64"}, "leave out --platform"),
        ("nsis", {"platform": "linux-x86_64"}, "windows-x86_64"),
    ],
)
def test_what_does_not_go_together(kind: str, choices: dict[str, object], says: str) -> None:
    """What was chosen and does not go together is refused, with what to choose."""
    with pytest.raises(KitError, match=says):
        chosen(kind, **choices)


def test_a_folder_that_holds_something(vendors: Path) -> None:
    """A kit is never written over something."""
    (vendors / "kit").mkdir()
    (vendors / "kit" / "own.iss").write_text("mine")
    refused = run("kit", "--product", "Inkwell", "--installer", "link", "kit")
    assert isinstance(refused.exception, FORESEEN)
    assert "not empty" in str(refused.exception)
    assert [file.name for file in (vendors / "kit").iterdir()] == ["own.iss"]


def test_a_platform_without_an_agent(vendors: Path) -> None:
    """Where the server has no agent, it says how to get it, and writes nothing."""
    refused = run("kit", "--product", "Inkwell", "--installer", "inno", "kit")
    assert isinstance(refused.exception, KitError)
    assert "make bundle-windows" in str(refused.exception)
    assert not (vendors / "kit").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\3\4 something else",
        archive("inkwell", "exitpoll-agent"),
        archive(LINUX, "readme"),
        archive(LINUX, "exitpoll-agent", "../../../etc/passwd"),
        archive(LINUX, "exitpoll-agent", kind=tarfile.SYMTYPE),
    ],
)
def test_what_is_no_agent(content: bytes) -> None:
    """What `make bundle` did not make is not handed out."""
    with pytest.raises(AgentError):
        kits.opened(content)


def test_an_agent_that_its_sums_do_not_name(vendors: Path) -> None:
    """An archive with another sum than the one that stands beside it is refused."""
    file = vendors / f"{LINUX}.tar.xz"
    file.write_bytes(archive(LINUX, "exitpoll-agent"))
    (vendors / "SHA256SUMS").write_text(f"{'0' * 64}  {file.name}\n")
    refused = run("agent", "add", file)
    assert isinstance(refused.exception, AgentError)
    assert "No agent yet" in run("agent", "list").output
