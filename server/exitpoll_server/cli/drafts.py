"""A survey's definition as a file: YAML that says what it holds and loses nothing."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import yaml

from exitpoll_server import definitions
from exitpoll_server.definitions import DefinitionError
from exitpoll_server.questions import Survey, to_json

MAX_BYTES = 1 << 20
"""A thousand times what a survey takes; whoever names another file hears of it soon."""

_ONE_LINE = 10_000
"""A text stays on its line, however long it is."""

HEADER = f"""\
# What a survey asks. Lines that start with # are not kept. Save and close to ask this from now on;
# close without a change to leave everything as it is.
#
# kind       exit, nps, checkin or feedback: stays as it is
# question   {{product}} in it, and in every other text, stands for the product's name
# reasons    {definitions.LEAST_REASONS} to {definitions.MAX_REASONS}, for exit and checkin; everybody sees them in another order
#   id         what answers are counted by: a-z, 0-9 and -; it never changes its meaning
#   label      what stands on the button, at most {definitions.MAX_LABEL_CHARS} characters
#   follow_up  what is asked next of those who chose it; may be left out
#   offer      what they get in return; may be left out: text, and a link with its label
# last       one more reason, which always stands last; may be left out
# follow_up  what is asked next, whatever was answered; may be left out
# held_out   the share, 0 to {definitions.MOST_HELD_OUT}, that sees no offer, to be compared with the others
#
# Any text can be there in several languages:
#   label:
#     en: It costs too much
#     de: Es kostet zu viel

"""  # noqa: E501 - an f-string has no other way


class _Loader(yaml.SafeLoader):
    """Reads text as text: `no` is Norwegian, not false, and `1` is an id, not a number."""

    # Nothing but what a definition is made of: no dates, no sets, no merging of mappings.
    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML has it
        first: [(tag, form) for tag, form in resolvers if tag == "tag:yaml.org,2002:null"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    yaml_constructors = {  # noqa: RUF012 - as PyYAML has it
        tag: made
        for tag, made in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.rpartition(":")[2] in ("null", "str", "seq", "map")
    }

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - PyYAML's own
    ) -> dict[Hashable, Any]:
        """Make a mapping; what is there twice would be lost once."""
        names = [name for name, _ in node.value]
        seen: set[str] = set()
        for name in names:
            at = f"line {name.start_mark.line + 1}"
            if not isinstance(name, yaml.ScalarNode):
                raise DefinitionError([f"{at}: a name is a word, not a list or a mapping"])
            if name.value in seen:
                raise DefinitionError([f"{at}: {name.value} is there twice"])
            seen.add(name.value)
        return super().construct_mapping(node, deep)


def read(content: bytes) -> Survey:
    """Return the survey of a file.

    Raises:
        DefinitionError: with everything that is wrong with it.
    """
    if len(content) > MAX_BYTES:
        raise DefinitionError(["the file is too long for a survey"])
    try:
        said = yaml.load(content, _Loader)  # noqa: S506 - it knows less than the safe one
    except yaml.MarkedYAMLError as error:
        at = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise DefinitionError([f"{at}cannot be read as YAML: {error.problem}"]) from None
    except (yaml.YAMLError, UnicodeError):
        raise DefinitionError(["the file is no text in UTF-8"]) from None
    except RecursionError:
        raise DefinitionError(["the file is nested too deeply for a survey"]) from None
    return definitions.load(said)


def write(survey: Survey, encoding: str = "utf-8") -> str:
    """Return a survey as YAML; where an encoding lacks characters, escaped as YAML has it."""
    return yaml.safe_dump(
        to_json(survey),
        allow_unicode=encoding.lower().startswith("utf"),
        sort_keys=False,
        width=_ONE_LINE,
    )


@contextmanager
def kept(survey: Survey, product: str) -> Iterator[Path]:
    """Give a file to edit, deleted in the end; where that is no good end, kept, and said where."""
    begun = (HEADER + write(survey)).encode()
    with tempfile.NamedTemporaryFile(prefix="survey-", suffix=".yaml", delete=False) as file:
        file.write(begun)
    path = Path(file.name)
    try:
        yield path
    except BaseException:
        if path.exists() and path.read_bytes() != begun:
            go_on = shlex.join(["exitpoll", "survey", "set", str(path), "--product", product])
            click.echo(f"Your draft is kept; once it is mended: {go_on}", err=True)
        else:
            path.unlink(missing_ok=True)
        raise
    path.unlink()
