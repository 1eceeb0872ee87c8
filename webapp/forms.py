"""The forms of signing up and logging in, with messages that say what to do."""

from __future__ import annotations

import unicodedata

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, Regexp

_NAME = r"^[\w.-]*$"
_LONGEST_PASSWORD = 200


def _normal(text: str | None) -> str:
    return unicodedata.normalize("NFC", text.strip()) if text else ""


class LogInForm(FlaskForm):  # type: ignore[misc]
    """Name and password of an account."""

    name = StringField("User name", [InputRequired("Enter your user name.")], filters=[_normal])
    password = PasswordField("Password", [InputRequired("Enter your password.")])


class SignUpForm(FlaskForm):  # type: ignore[misc]
    """A new account."""

    name = StringField(
        "User name",
        [
            InputRequired("Choose a user name."),
            Length(3, 32, "Use 3 to 32 characters."),
            Regexp(_NAME, message="Use letters, digits, dots, hyphens and underscores only; no spaces."),
        ],
        description="3 to 32 letters, digits, dots, hyphens or underscores.",
        filters=[_normal],
    )
    password = PasswordField(
        "Password",
        [
            InputRequired("Choose a password."),
            Length(8, _LONGEST_PASSWORD, f"Use at least 8 characters, and at most {_LONGEST_PASSWORD}."),
        ],
        description="At least 8 characters. A few words in a row are good.",
    )
    repeat = PasswordField(
        "Password again",
        [InputRequired("Repeat the password."), EqualTo("password", "The two passwords differ. Type them again.")],
    )
