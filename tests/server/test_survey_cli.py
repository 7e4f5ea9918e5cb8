"""`exitpoll survey` as a vendor types it: what is asked, edited, versioned, and reported."""

# ruff: noqa: RUF001 - people write in other scripts
from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.server.messages import NOW
from tests.server.terminal import Terminal
from tests.server.test_images import png

from exitpoll_server.counts import Window
from exitpoll_server.questions import CHECKIN, READY_MADE, Reason, Survey
from exitpoll_server.store import Product, Store

DEFINITION = """\
kind: exit
question: What made you uninstall {product}?
reasons:
- id: our-own
  label:
    de: Zu bunt
    no: Nei
  follow_up:
    de: Welche Farbe?
    en: Which colour?
  offer:
    text: Take the grey one.
    link: https://example.com/grey
    label: Get it
- id: '1'
  label: It costs too much
held_out: 0.2
"""


def of_sample(*arguments: str) -> tuple[str, ...]:
    return "survey", *arguments, "--product", "Sample"


@pytest.fixture
def edited(sample: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Terminal:
    """Return a terminal whose editor does to the draft what the file `edits` tells sed."""
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(drafts))
    monkeypatch.setenv("TMPDIR", str(drafts))  # for what runs in a process of its own
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"sed -i -f {tmp_path / 'edits'}")
    return sample


def drafts(terminal: Terminal) -> list[Path]:
    return list((terminal.folder / "drafts").iterdir())


# -- what is there ---------------------------------------------------------------------------


def test_the_sets_are_listed(terminal: Terminal) -> None:
    """Each with its kind and what it is meant for."""
    lines = terminal.succeed("survey", "sets").splitlines()
    assert lines[0] == "general\texit\tany product"
    assert len(lines) == len(READY_MADE)


def test_show_prints_what_set_takes(sample: Terminal) -> None:
    """What is printed can be saved again, and is then no news."""
    shown = sample.succeed(*of_sample("show"))
    assert shown.startswith("kind: exit\nquestion: What made you uninstall {product}?\nreasons:\n")
    file = sample.write("exit.yaml", shown)
    assert sample.succeed(*of_sample("set", file)) == (
        "Unchanged: version 1 of the survey exit of Sample\n"
    )


def test_show_as_a_person_reads_it(sample: Terminal) -> None:
    """In their language where it is there, with what follows each reason."""
    sample.succeed(*of_sample("set", sample.write("exit.yaml", DEFINITION)))
    assert sample.succeed(*of_sample("show", "--language", "de")).splitlines()[2:] == [
        "[Zu bunt]",
        "    then: Welche Farbe?",
        "    in return: Take the grey one.",
        "    Get it: https://example.com/grey",
        "",
        sample.succeed(*of_sample("show", "--language", "de")).splitlines()[-1],
    ]
    english = sample.succeed(*of_sample("show", "--language", "en-GB"))
    assert english.startswith(
        "What made you uninstall Sample?\n\n[Zu bunt]\n    then: Which colour?"
    )


def test_what_follows_whatever_was_answered(sample: Terminal) -> None:
    """A number's why is asked of everybody."""
    shown = sample.succeed(*of_sample("show", "--kind", "nps", "--language", "en"))
    assert shown.endswith("\n\nthen: Why this number?\n")


def test_a_terminal_without_the_letters_gets_them_escaped(sample: Terminal) -> None:
    """A definition sent to a file under any encoding comes back as it was."""
    sample.succeed(*of_sample("set", sample.write("exit.yaml", DEFINITION.replace("Nei", "Ні"))))
    program = [sys.executable, "-c", "from exitpoll_server.cli import main; main()"]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [*program, *of_sample("show")]
    shown = subprocess.run(command, env=environment, capture_output=True, check=True).stdout
    assert b"\\u041D" in shown
    (sample.folder / "back.yaml").write_bytes(shown)
    assert sample.succeed(*of_sample("set", "back.yaml")).startswith("Unchanged")


# -- saving ----------------------------------------------------------------------------------


def test_what_is_saved_is_a_new_version_that_says_what_it_lacks(sample: Terminal) -> None:
    """Saving tells the version, and in which languages the vendor's own words are missing."""
    saved = sample.succeed(*of_sample("set", sample.write("exit.yaml", DEFINITION)))
    assert saved.splitlines() == [
        "Saved: version 2 of the survey exit of Sample",
        "Not there in en, ru, fr, es, pt, zh, ja, ar: our-own (label)",
        "Not there in ru, fr, es, pt, zh, ja, ar: our-own (follow_up)",
        "The page's own words are not there in no: beside yours they are English",
        "In one language for everybody: our-own (offer), our-own (offer's label)",
    ]
    assert "    'no': Nei\n" in sample.succeed(*of_sample("show"))
    assert "missing-feature" in sample.succeed(*of_sample("show", "--version", "1"))
    kept = [line.split("\t") for line in sample.succeed(*of_sample("versions")).splitlines()]
    assert [(kind, version) for kind, version, _ in kept] == [
        ("exit", "version 1"),
        ("exit", "version 2"),
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", at) for _, _, at in kept)


def test_a_set_to_start_from(sample: Terminal) -> None:
    """A set is saved as any other definition is: a new version, if it is news."""
    assert "Saved: version 2 " in sample.succeed("survey", "use", "trial", "--product", "Sample")
    assert "Unchanged: version 2 " in sample.succeed(
        "survey", "use", "trial", "--product", "Sample"
    )
    assert "Unchanged: version 1 " in sample.succeed("survey", "use", "nps", "--product", "Sample")


@pytest.mark.usefixtures("sample")
def test_from_the_input() -> None:
    """A script pipes in what it made: an earlier version again, for example."""
    program = [sys.executable, "-c", "from exitpoll_server.cli import main; main()"]
    said = subprocess.run(
        [*program, *of_sample("set", "-")],
        input=DEFINITION,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.startswith("Saved: version 2 ")


def test_a_known_id_keeps_its_meaning(sample: Terminal) -> None:
    """Another wording takes a new id, or the vendor's word that it means the same."""
    sample.succeed(*of_sample("set", sample.write("exit.yaml", DEFINITION)))
    file = sample.write("exit.yaml", DEFINITION.replace("Zu bunt", "Zu farbig"))
    assert sample.fail(*of_sample("set", file)) == (
        'exitpoll: our-own means "Zu bunt" and would now say "Zu farbig": '
        "give it an id of its own, or say --same-meaning\n"
    )
    assert "version 2" in sample.succeed(*of_sample("versions")).splitlines()[-1]
    assert "Saved: version 3 " in sample.succeed(*of_sample("set", file, "--same-meaning"))
    old = sample.write("old.yaml", sample.succeed(*of_sample("show", "--version", "2")))
    assert "Saved: version 4 " in sample.succeed(*of_sample("set", old))


def test_an_id_of_a_set_is_known_too(sample: Terminal) -> None:
    """What was never saved was asked all the same."""
    file = sample.write("exit.yaml", DEFINITION.replace("our-own", "switched"))
    assert 'switched means "I switched' in sample.fail(*of_sample("set", file))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "Has no names: `name: value` lines are expected here."),
        ("a: [", "line 1: cannot be read as YAML: "),
        ("\0", "the file is no text in UTF-8"),
        ("a: !!python/object:os.system x", "line 1: cannot be read as YAML: "),
        ("a: !!timestamp x", "line 1: cannot be read as YAML: "),
        ("kind: exit\nkind: nps", "line 2: kind is there twice"),
        ("{[a]: b}", "line 1: a name is a word, not a list or a mapping"),
        ("[" * 9999, "the file is nested too deeply for a survey"),
        ("#" * 1_048_577, "the file is too long for a survey"),
        (DEFINITION.replace("label:", "labl:", 1), None),
    ],
)
def test_a_file_that_makes_no_sense(sample: Terminal, content: str, said: str | None) -> None:
    """A sentence each, and nothing is saved."""
    code, out, err = sample.run(*of_sample("set", sample.write("exit.yaml", content)))
    assert (code, out) == (2, "")
    if said is None:
        assert err.splitlines() == [
            "exitpoll: this survey cannot be used yet:",
            "- reasons, no. 1 (our-own), label: Missing.",
            "- reasons, no. 1 (our-own), labl: Unknown here; is label meant?",
        ]
    else:
        assert err.startswith(f"exitpoll: {said}")
        assert err.count("\n") == 1
    assert sample.succeed(*of_sample("versions")) == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["use", "generel"], "'generel' is not one of 'general'"),
        (["set", "none.yaml"], "none.yaml"),
        (["show", "--kind", "exti"], "'exti' is not one of"),
        (["show", "--version", "7"], "has no version 7; see: exitpoll survey versions"),
        (["show", "--version", "0"], "--version"),
        (["show", "--language", "de_DE"], "'de_DE' is no language such as de or pt-BR"),
        (["logo"], "name the logo's file, or say --remove"),
        (["logo", "none.png"], "none.png"),
        (["logo", "exitpoll.sqlite3", "--remove"], "name the logo's file, or say --remove"),
        (["logo", "exitpoll.sqlite3"], "cannot be the logo: the file is no PNG"),
    ],
)
def test_a_mistake_gets_one_line(sample: Terminal, arguments: list[str], said: str) -> None:
    """Exit code 2, nothing on stdout."""
    assert said in sample.fail(*of_sample(*arguments))


@pytest.mark.parametrize(
    "command", [["show"], ["versions"], ["use", "nps"], ["edit"], ["logo", "--remove"]]
)
def test_an_unknown_product(sample: Terminal, command: list[str]) -> None:
    """Every command says which products there are."""
    said = sample.fail("survey", *command, "--product", "Other")
    assert "no product is called 'Other'; there are: Sample" in said


# -- the editor ------------------------------------------------------------------------------


def test_editing_saves_a_version(edited: Terminal) -> None:
    """What the editor leaves is asked from then on, and the draft is gone."""
    edited.write("edits", "s/What made you uninstall/Why do you leave/")
    assert "Saved: version 2 " in edited.succeed(*of_sample("edit"))
    assert "Why do you leave {product}?" in edited.succeed(*of_sample("show"))
    assert drafts(edited) == []


def test_the_draft_explains_itself(edited: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above what is asked stands what may be written, every field of it; the limits as they are."""
    monkeypatch.setenv("EDITOR", f"cp --target-directory={edited.folder / 'drafts'}/..")
    edited.succeed(*of_sample("edit", "--kind", "checkin"))
    [copy] = edited.folder.glob("survey-*.yaml")
    head, _, body = copy.read_text("utf-8").partition("\n\n")
    assert all(line.startswith("#") for line in head.splitlines())
    assert body.startswith("kind: checkin\n")
    for name in (
        "kind",
        "question",
        "reasons",
        "id",
        "label",
        "follow_up",
        "offer",
        "last",
        "held_out",
    ):
        assert re.search(rf"^# +{name} ", head, re.MULTILINE), name
    assert "2 to 12" in head


def test_closing_without_a_change(edited: Terminal) -> None:
    """Nothing is saved, and that is said."""
    edited.write("edits", "")
    assert "Unchanged: version 1 " in edited.succeed(*of_sample("edit"))
    assert drafts(edited) == []


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ("s/^reasons/resons/", "- resons: Unknown here; is reasons meant?"),
        ("s/^kind: exit/kind: nps/; /^reasons/,$ d", "kind: it is exit and stays so"),
        ("s/I switched to/I dropped it for/", "switched means"),
    ],
)
def test_nothing_written_is_lost(edited: Terminal, edits: str, said: str) -> None:
    """Where nobody can be asked, the draft stays, with the command that saves it once mended."""
    edited.write("edits", edits)
    code, out, err = edited.run(*of_sample("edit"))
    assert (code, out) == (2, "")
    assert said in err
    [draft] = drafts(edited)
    assert (
        f"Your draft is kept; once it is mended: exitpoll survey set {draft} --product Sample"
        in err
    )
    assert edited.succeed(*of_sample("versions")) == ""


def test_two_vendors_at_once(edited: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who saves second is told, and keeps what they wrote."""
    other = f"{sys.executable} -c 'from exitpoll_server.cli import main; main()' survey use trial"
    script = f"{other} --product Sample\nsed -i 's/What made/So what made/' \"$1\"\n"
    monkeypatch.setenv("EDITOR", f"sh {edited.folder / edited.write('both.sh', script)}")
    code, _, err = edited.run(*of_sample("edit"))
    assert code == 2
    assert "somebody else has saved a version meanwhile" in err
    [draft] = drafts(edited)
    assert "So what made you" in draft.read_text("utf-8")


@pytest.mark.parametrize(
    ("editor", "said"), [("false", "Editing failed"), ("rm", "left no file"), ("nowhere", "failed")]
)
def test_an_editor_that_fails(
    edited: Terminal, monkeypatch: pytest.MonkeyPatch, editor: str, said: str
) -> None:
    """One line; there is nothing to keep."""
    monkeypatch.setenv("EDITOR", editor)
    assert said in edited.fail(*of_sample("edit"))
    assert drafts(edited) == []


def at_a_terminal(typed: str, *arguments: str) -> tuple[int, str]:
    """Run `exitpoll` where a person types; return its exit code and all that it said."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    program = [sys.executable, "-c", "from exitpoll_server.cli import main; main()", *arguments]
    done = subprocess.run(
        program, stdin=theirs, capture_output=True, text=True, timeout=60, check=False
    )
    os.close(theirs)
    os.close(ours)
    return done.returncode, done.stdout + done.stderr


def test_a_person_goes_on_editing(edited: Terminal) -> None:
    """After the list of mistakes the same draft is opened again."""
    edited.write("edits", "s/^resons/reasons/;t;s/^reasons/resons/")
    code, said = at_a_terminal("y\n", *of_sample("edit"))
    assert code == 0, said
    assert "resons: Unknown here; is reasons meant?" in said
    assert "Unchanged: version 1 " in said


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\nn\n", 2)])
def test_a_person_is_asked_whether_it_means_the_same(
    edited: Terminal, typed: str, code: int
) -> None:
    """A typo mended takes a yes; a no leaves the version that was there."""
    edited.write("edits", "s/I switched to something else/I switched to another one/")
    ended, said = at_a_terminal(typed, *of_sample("edit"))
    assert ended == code, said
    assert "Only worded otherwise, the meaning is the same? [y/N]" in said
    assert ("another one" in edited.succeed(*of_sample("show"))) is (code == 0)
    assert len(drafts(edited)) == (code != 0)


# -- the logo --------------------------------------------------------------------------------


def test_a_logo_from_beginning_to_end(sample: Terminal) -> None:
    """It is measured, shown, replaced, and taken away."""
    (sample.folder / "logo.png").write_bytes(png(300, 80))
    size = len(png(300, 80))
    assert sample.succeed(*of_sample("logo", "logo.png")) == (
        f"The logo of Sample: image/png, 300 × 80 pixels, {size} bytes\n"
    )
    with_logo = Store(os.environ["EXITPOLL_DATABASE_URL"])
    [product] = with_logo.products()
    logo = with_logo.logo(product)
    assert logo is not None
    assert (logo.content_type, logo.content) == ("image/png", png(300, 80))
    assert sample.succeed(*of_sample("logo", "--remove")) == "Sample has no logo any more\n"
    assert with_logo.logo(product) is None
    with_logo.close()


# -- kept, and reported ----------------------------------------------------------------------


def test_every_version_is_kept_with_its_time(store: Store, product: Product) -> None:
    """The kinds in their order, the oldest version first."""
    store.change_survey(
        product, Survey(kind="checkin", question="Well?", reasons=CHECKIN.reasons), NOW
    )
    own = Survey(kind="exit", question="Why?", reasons=(Reason(id="a", label="A"),))
    store.change_survey(product, own, NOW)
    kept = store.surveys(product)
    assert [(one.survey.kind, one.survey.version) for one in kept] == [
        ("exit", 1),
        ("exit", 2),
        ("checkin", 1),
        ("checkin", 2),
    ]
    assert {one.kept_at for one in kept} == {NOW}
    assert kept[1].survey.question == "Why?"


def test_a_report_says_a_vendors_own_reasons(store: Store, product: Product) -> None:
    """In English or the first language; of every version, and the latest wording of each."""
    for label in ("It is ugly", {"de": "Zu bunt", "en": "{product} is ugly"}):
        own = (Reason(id="ugly", label=label), Reason(id="given-up", label="Gone"))
        store.change_survey(product, Survey(kind="exit", question="Why?", reasons=own), NOW)
    other = (Reason(id="ugly", label="Of another kind"),)
    store.change_survey(product, Survey(kind="checkin", question="Well?", reasons=other), NOW)
    last = (Reason(id="ugly", label={"de": "Zu bunt"}), Reason(id="x", label="X"))
    counts = store.counts(
        product,
        Window(as_of=NOW, start=None, end=None),
        stopped_after_days=40,
        most_lines=1,
    )
    assert counts.labels["ugly"] == "Sample is ugly"
    assert counts.labels["given-up"] == "Gone"
    assert counts.labels["switched"] == "I switched to something else"
    store.change_survey(product, Survey(kind="exit", question="Why?", reasons=last), NOW)
    counts = store.counts(
        product,
        Window(as_of=NOW, start=None, end=None),
        stopped_after_days=40,
        most_lines=1,
    )
    assert (counts.labels["ugly"], counts.labels["given-up"]) == ("Zu bunt", "Gone")


def test_the_rendered_report_has_them(sample: Terminal) -> None:
    """Text, page and JSON say the label where an id would say little."""
    sample.succeed(*of_sample("set", sample.write("exit.yaml", DEFINITION)))
    left = sample.write("u.csv", "installation_id,at\na,2026-01-01T10:00Z\n")
    sample.succeed("import", "uninstalls", left, "--product", "Sample")
    said = "installation_id,at,reason\na,2026-01-01T10:01Z,our-own\n"
    sample.succeed("import", "responses", sample.write("r.csv", said), "--product", "Sample")
    for format_ in ("text", "html", "json"):
        assert "Zu bunt" in sample.succeed("report", "--product", "Sample", "--format", format_)
