"""The feedback page, opened by the person from the product's own menu: a box for a comment.

Opening it is no uninstall. Its address names the opened page by a random id, signed, and says
nothing of the copy.
"""

from __future__ import annotations

from uuid import UUID

from flask import Response, render_template, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer

from exitpoll_agent import wire
from exitpoll_server import clock, intake
from exitpoll_server.store import Feedback, Product, Store
from exitpoll_server.survey.addresses import (
    NOTHING_KEPT,
    TOKEN_SECONDS,
    GoneError,
    comment_typed,
    installation_named,
    see_other,
)

KIND = "feedback"
"""What a plain link asks for with `survey=feedback`."""


class FeedbackPages:
    """The pages, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._serializer = URLSafeTimedSerializer(store.secret("survey"), salt=KIND)

    def begin(self, product: Product) -> Response:
        """Note that the page is opened, by which copy if the link says so, and go there."""
        page = intake.open_feedback(
            self._store,
            product,
            installation=installation_named(),
            version=request.args.get("v"),
            locale=request.args.get("lang"),
            now=clock.now(),
        )
        token = self._serializer.dumps(page.hex)
        return see_other(url_for("survey.feedback", token=token))

    def ask(self, token: str) -> str:
        """Show the box, or what was written."""
        return _page(self._read(token))

    def answer(self, token: str) -> Response | tuple[str, int]:
        """Keep a comment at once; an empty one, or one too long, comes back with a word why."""
        request.max_content_length = wire.MAX_BODY_BYTES
        feedback, comment = self._read(token), comment_typed()
        if not comment.strip():
            return _page(feedback, wrong="Please write a few words before you send them."), 422
        if len(comment) > wire.MAX_COMMENT_CHARS:
            wrong = (
                f"Your comment has {len(comment)} characters; at most {wire.MAX_COMMENT_CHARS} "
                "can be kept. Nothing is lost: please shorten it."
            )
            return _page(feedback, wrong=wrong, typed=comment), 422
        self._store.give_feedback(feedback.uuid, comment, clock.now())
        return see_other(url_for("survey.feedback", token=token))

    def _read(self, token: str) -> Feedback:
        try:
            page = UUID(self._serializer.loads(token, max_age=TOKEN_SECONDS))
        except BadSignature:
            raise GoneError(410, "This address cannot be used any more.") from None
        feedback = self._store.feedback(page)
        if feedback is None:
            raise GoneError(410, NOTHING_KEPT)
        return feedback


def _page(feedback: Feedback, *, wrong: str | None = None, typed: str = "") -> str:
    return render_template(
        "survey/feedback.html",
        product=feedback.product_name,
        comment=feedback.comment,
        wrong=wrong,
        typed=typed,
        most=wire.MAX_COMMENT_CHARS,
    )
