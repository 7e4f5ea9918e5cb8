"""Substantive comments: those that say something (FIGURES, section 1)."""

from __future__ import annotations

import re
import unicodedata

LEAST_WORDS = 2
"""Three would wrongly drop "trop cher" and "слишком дорого"."""

LEAST_CJK_CHARACTERS = 4
"""Chinese and Japanese are written without spaces between words."""

LEAST_LETTERS = 0.5
"""Share of the visible characters: digits and signs alone say nothing."""

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]\w*(?:['\u2019\-]\w+)*")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff]")

_ANY_LANGUAGE = frozenset(
    {"asdf", "asdf asdf", "qwerty", "qwe asd", "xxx", "lorem ipsum", "test test", "bla bla"}
)
_STOP: dict[str, frozenset[str]] = {
    "en": frozenset(
        {
            "no",
            "none",
            "nothing",
            "na",
            "n a",
            "no comment",
            "no comments",
            "no reason",
            "not applicable",
            "no idea",
            "i dont know",
            "dont know",
            "blah blah",
            "just testing",
            "this is a test",
        }
    ),
    "de": frozenset(
        {
            "nein",
            "nichts",
            "keine",
            "kein kommentar",
            "keine angabe",
            "keine ahnung",
            "weiß nicht",
            "weiss nicht",
            "kein grund",
        }
    ),
    "fr": frozenset(
        {
            "non",
            "rien",
            "aucun",
            "aucune",
            "sans commentaire",
            "pas de commentaire",
            "aucun commentaire",
            "je ne sais pas",
            "rien à dire",
        }
    ),
    "es": frozenset(
        {
            "no",
            "nada",
            "ninguno",
            "ninguna",
            "sin comentarios",
            "sin comentario",
            "ningún comentario",
            "no sé",
            "no lo sé",
            "no se",
        }
    ),
    "pt": frozenset(
        {
            "não",
            "nada",
            "nenhum",
            "nenhuma",
            "sem comentários",
            "sem comentario",
            "não sei",
            "nenhum comentário",
        }
    ),
    "ru": frozenset(
        {
            "нет",
            "ничего",
            "не знаю",
            "без комментариев",
            "нет комментариев",
            "просто так",
            "без причины",
            "нет причины",
            "тест тест",
            "фыва",
            "йцукен",
        }
    ),
    "zh": frozenset({"无", "没有", "不知道", "没有意见", "没有评论", "暂时没有"}),
    "ja": frozenset(
        {"なし", "特になし", "ありません", "特にありません", "わからない", "わかりません"}
    ),
    "ar": frozenset({"لا", "لا شيء", "لا يوجد", "لا اعرف", "لا أعرف", "بدون تعليق", "لا تعليق"}),
}
"""Whole comments, as normalised below, that say nothing, by language."""

_EVERY_LANGUAGE = _ANY_LANGUAGE.union(*_STOP.values())


def is_substantive(comment: str, locale: str | None) -> bool:
    """Tell whether a comment says something; `locale` (BCP 47) chooses the stop list.

    Where the language is unknown, every list applies.
    """
    text = _ADDRESS.sub(" ", unicodedata.normalize("NFKC", comment).casefold())
    words = _WORD.findall(text)
    # Of each category, such as Lu, the first letter.
    kinds = "".join(map(unicodedata.category, "".join(text.split())))[::2]
    visible, letters = len(kinds) - kinds.count("C"), kinds.count("L") + kinds.count("M")
    if not visible or letters < LEAST_LETTERS * visible:
        return False
    if _says_nothing(" ".join(words).replace("'", "").replace("\u2019", ""), locale):
        return False
    return len(set(words)) >= LEAST_WORDS or len(_CJK.findall(text)) >= LEAST_CJK_CHARACTERS


def _says_nothing(comment: str, locale: str | None) -> bool:
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    return comment in _ANY_LANGUAGE or comment in _STOP.get(language, _EVERY_LANGUAGE)
