"""Forms: each is checked once, says beside a field what is wrong, and keeps what was typed."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, StopValidation

MAX_NAME_CHARS = 80
MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 200
"""Beyond that argon2 works for nothing."""

_ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+")
MAX_ADDRESS_CHARS = 254


class Form(FlaskForm):  # type: ignore[misc]
    """A form whose texts are stripped, and whose token stands against requests from elsewhere."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """How its fields are read."""

        def bind_field(self, form: Any, unbound: Any, options: dict[str, Any]) -> Any:  # noqa: ANN401 - WTForms' own
            """Strip what is typed into a line of text; a password is taken as it is."""
            if unbound.field_class is StringField:
                unbound.kwargs.setdefault("filters", [_stripped])
            return unbound.bind(form=form, **options)


def _stripped(text: str | None) -> str | None:
    return text.strip() if text else text


class _Needed(InputRequired):  # type: ignore[misc]
    def __call__(self, form: FlaskForm, field: Field) -> None:
        """Refuse what is not there, and what is nothing when it is stripped."""
        super().__call__(form, field)
        if field.data == "":
            raise StopValidation(self.message)


def needed() -> InputRequired:
    """Return the rule that something has to be there."""
    return _Needed(lazy_gettext("This is needed."))


def at_most(most: int) -> Length:
    """Return the rule that a text has at most so many characters."""
    return Length(max=most, message=lazy_gettext("This is too long: at most %(max)d characters."))


def is_address(_form: FlaskForm, field: Field) -> None:
    """Refuse what is no e-mail address."""
    text = field.data or ""
    if len(text) > MAX_ADDRESS_CHARS or not _ADDRESS.fullmatch(text):
        raise ValidationError(gettext("This does not look like an e-mail address."))


def is_printable(_form: FlaskForm, field: Field) -> None:
    """Refuse characters that nobody sees."""
    if not (field.data or "").isprintable():
        raise ValidationError(gettext("This holds characters that cannot be shown."))


def is_long_enough(_form: FlaskForm, field: Field) -> None:
    """Refuse a password that is soon guessed, or longer than anybody types."""
    length = len(field.data or "")
    if length < MIN_PASSWORD_CHARS:
        raise ValidationError(
            gettext("Please take at least %(least)d characters.", least=MIN_PASSWORD_CHARS)
        )
    if length > MAX_PASSWORD_CHARS:
        raise ValidationError(
            gettext("Please take at most %(most)d characters.", most=MAX_PASSWORD_CHARS)
        )


class SignIn(Form):
    """Who comes back."""

    email = StringField(lazy_gettext("E-mail"), [needed()], render_kw={"autocomplete": "username"})
    password = PasswordField(
        lazy_gettext("Password"),
        [needed(), at_most(MAX_PASSWORD_CHARS)],
        render_kw={"autocomplete": "current-password"},
    )


class Join(Form):
    """Who comes for the first time."""

    name = StringField(
        lazy_gettext("Your name"),
        [needed(), at_most(MAX_NAME_CHARS), is_printable],
        render_kw={"autocomplete": "name"},
    )
    email = StringField(
        lazy_gettext("E-mail"), [needed(), is_address], render_kw={"autocomplete": "username"}
    )
    password = PasswordField(
        lazy_gettext("Password"),
        [needed(), is_long_enough],
        description=lazy_gettext(
            "At least %(least)d characters. A few words are easier to remember than symbols.",
            least=MIN_PASSWORD_CHARS,
        ),
        render_kw={"autocomplete": "new-password"},
    )


class NewPassword(Form):
    """Who forgot theirs, or wants another."""

    password = PasswordField(
        lazy_gettext("New password"),
        [needed(), is_long_enough],
        render_kw={"autocomplete": "new-password"},
    )
