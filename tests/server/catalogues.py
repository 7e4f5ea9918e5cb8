"""The catalogues: what is marked in the source, its translations, and their compiled form.

`make translations` writes them anew. What they hold follows from the sentences alone: no dates,
no machines, no line numbers, so that whoever runs it gets the same files.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from exitpoll_server.languages import (
    CATALOGUES,
    CONSOLE,
    CONSOLE_LANGUAGES,
    DOMAINS,
    ENGLISH,
    LANGUAGES,
    REPORT,
    REPORT_LANGUAGES,
)

TRANSLATED = tuple(language for language in LANGUAGES if language != ENGLISH)
_SPOKEN = {CONSOLE: CONSOLE_LANGUAGES, REPORT: REPORT_LANGUAGES}
"""By the domain that not every language has."""
CATALOGUED = [
    (language, domain)
    for domain in (*DOMAINS, REPORT)
    for language in TRANSLATED
    if language in _SPOKEN.get(domain, LANGUAGES)
]
"""Every catalogue: a language, and what everybody reads or only vendors do."""

TRANSLATIONS = Path(CATALOGUES)
SOURCE = TRANSLATIONS.parent
FOLDERS = {
    CONSOLE: (SOURCE / "console",),
    REPORT: (SOURCE / "render", SOURCE / "report", SOURCE / "notify"),
}
"""By the domain that is marked there; what is marked elsewhere is everybody's."""

Id: TypeAlias = "str | tuple[str, ...]"
"""A sentence, or its singular and plural."""

_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_OPTIONS = {"**/templates/**.html": {"silent": "false"}}
_KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None}


class _Plain(Catalog):
    """A catalogue whose header says only what does not change by itself."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]


@cache
def extracted(domain: str = "messages") -> frozenset[Id]:
    """Return every sentence of a domain that is marked in the source."""
    if domain in FOLDERS:
        return frozenset[Id]().union(*map(marked, FOLDERS[domain]))
    return marked(SOURCE, apart=frozenset(itertools.chain(*FOLDERS.values())))


def marked(source: Path, apart: Collection[Path] = ()) -> frozenset[Id]:
    """Return every sentence that is marked in a folder, but for what some in it have."""
    found = extract_from_dir(
        source,
        _METHODS,
        _OPTIONS,
        _KEYWORDS,
        directory_filter=lambda folder: Path(folder) not in apart,
    )
    return frozenset(message for _, _, message, _, _ in found)


def po(language: str, domain: str = "messages") -> Path:
    """Return where a language's translations are written."""
    return TRANSLATIONS / language / "LC_MESSAGES" / f"{domain}.po"


def read(language: str, domain: str = "messages") -> Catalog:
    """Return a language's catalogue as it is written; empty where there is none yet."""
    file = po(language, domain)
    return read_po(io.StringIO(file.read_text("utf-8") if file.exists() else ""), locale=language)


def anew(language: str, domain: str = "messages") -> Catalog:
    """Return a language's catalogue as the source wants it, with the translations that it has."""
    there, catalogue = read(language, domain), _Plain(locale=language, fuzzy=False)
    catalogue.header_comment = f"# Exitpoll: {there.locale and there.locale.english_name}."
    for sentence in sorted(extracted(domain), key=_first):
        known = there.get(_first(sentence))
        is_sure = known is not None and known.id == sentence and not known.fuzzy
        catalogue.add(sentence, known.string if known is not None and is_sure else "")
    return catalogue


def as_po(catalogue: Catalog) -> bytes:
    """Return a catalogue as text for people."""
    file = io.BytesIO()
    # A sentence is one line, to be found by searching.
    write_po(file, catalogue, width=0)
    return file.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """Return a catalogue as programs read it."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def untranslated(catalogue: Catalog) -> Iterator[Message]:
    """Return what a catalogue has no translation of, or not in all its plurals."""
    for message in catalogue:
        if message.id and not all(forms(message)):
            yield message


def forms(message: Message) -> tuple[str, ...]:
    """Return a translation in each of its plurals; of a sentence without a number, the only one."""
    said = message.string or ""
    return (said,) if isinstance(said, str) else tuple(said)


def _first(sentence: Id) -> str:
    return sentence if isinstance(sentence, str) else sentence[0]


def main() -> None:
    """Write every catalogue anew, and say what they lack."""
    for language, domain in CATALOGUED:
        catalogue, file = anew(language, domain), po(language, domain)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(as_po(catalogue))
        file.with_suffix(".mo").write_bytes(as_mo(catalogue))
        for message in untranslated(catalogue):
            print(f"{language} lacks: {message.id}")  # noqa: T201


if __name__ == "__main__":
    main()
