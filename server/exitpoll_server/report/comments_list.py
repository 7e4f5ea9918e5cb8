"""The list of comments: which of them a vendor wants to see, and as rows to write down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exitpoll_agent.wire import format_instant
from exitpoll_server.counts import HealthClass
from exitpoll_server.report.stems import Reader, folded
from exitpoll_server.report.themes import ReadComment, Theme, Themes


@dataclass(frozen=True, kw_only=True)
class CommentFilter:
    """What a comment must be to be listed; None asks for nothing."""

    reason: str | None = None
    version: str | None = None
    tenure_from: float | None = None
    """Days; a tenure that is not known is in no span."""
    tenure_to: float | None = None
    """Days; itself not in the span, so that spans side by side add up."""
    health: HealthClass | None = None
    """On the day before leaving."""
    language: str | None = None
    """That the comment is written in, as ISO 639 code."""
    substantive: bool | None = None
    search: str = ""
    """Every one of its words must be in the comment: a part of it, or the same word, inflected."""
    theme: int | None = None
    """The number of one of the vendor's themes that stand by themselves."""
    wants_answer: bool | None = None


@dataclass(frozen=True)
class Listed:
    """A comment, and the theme that it is in."""

    comment: ReadComment
    theme: Theme | None


def listed(of: Themes, which: CommentFilter) -> tuple[Listed, ...]:
    """Return the comments that a filter asks for, the latest first."""
    search = _Search(which.search)
    everyone = (Listed(comment, theme) for comment, theme in of.comments())
    return tuple(
        one
        for one in everyone
        if _fits(one, which) and _in_span(one, which) and search.finds(one.comment)
    )


def _fits(one: Listed, which: CommentFilter) -> bool:
    departure, kept = one.comment.departure, one.theme.kept if one.theme else None
    asked = (
        (which.reason, departure.reason),
        (which.version, departure.version),
        (which.health, departure.health),
        (which.language, one.comment.language),
        (which.substantive, one.comment.is_substantive),
        (which.theme, kept.id if kept else None),
        (which.wants_answer, departure.wants_answer),
    )
    return all(wish is None or wish == there for wish, there in asked)


def _in_span(one: Listed, which: CommentFilter) -> bool:
    if which.tenure_from is None and which.tenure_to is None:
        return True
    days = one.comment.departure.tenure_days
    if days is None or days < (which.tenure_from or 0):
        return False
    return which.tenure_to is None or days < which.tenure_to


class _Search:
    """Words to look for, stemmed in whichever language a comment has."""

    def __init__(self, said: str) -> None:
        self._reader = Reader()
        self._words = folded(said).split()

    def finds(self, comment: ReadComment) -> bool:
        """Tell whether every word is there."""
        if not self._words:
            return True
        text = folded(comment.departure.comment or "")
        return all(word in text or self._inflected(word, comment) for word in self._words)

    def _inflected(self, word: str, comment: ReadComment) -> bool:
        stems = {one.stem for one in self._reader.words(word, comment.language)}
        return bool(stems) and stems <= comment.stems


# -- rows ----------------------------------------------------------------------------------

COLUMNS = (
    "at",
    "installation_id",
    "reason",
    "version",
    "tenure_days",
    "health",
    "language",
    "substantive",
    "theme",
    "theme_name",
    "wants_answer",
    "comment",
)


def rows(comments: tuple[Listed, ...]) -> Iterator[tuple[str | int | float | bool | None, ...]]:
    """Give a row for each, of COLUMNS, as people typed it.

    Whoever writes them into a spreadsheet takes care that no text is read as a formula.
    """
    for one in comments:
        departure, kept = one.comment.departure, one.theme.kept if one.theme else None
        yield (
            format_instant(departure.at),
            str(departure.installation_id),
            departure.reason,
            departure.version,
            departure.tenure_days,
            departure.health,
            one.comment.language,
            one.comment.is_substantive,
            kept.id if kept else None,
            one.theme.name if one.theme else None,
            departure.wants_answer,
            departure.comment,
        )
