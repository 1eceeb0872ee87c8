"""The forms, with messages that say what to do."""

from __future__ import annotations

import unicodedata
from typing import Any

from flask import abort, request
from flask_wtf import FlaskForm
from wtforms import FloatField, IntegerField, PasswordField, StringField
from wtforms.validators import AnyOf, EqualTo, InputRequired, Length, NumberRange, Optional, Regexp

from earwise.ranking.journeys import MOST_PLAYED
from earwise.store.playlists import LONGEST_NAME, MOST_TRACKS
from earwise.store.ratings import MOST_STARS

_NAME = r"^[\w.-]*$"
_LONGEST_PASSWORD = 200


_TRACK_ID = r"^[0-9a-f]{32}$"
_DAY_S = 86_400


def checked(kind: type[Any]) -> Any:
    """A form that the app's own pages fill in: what does not fit was sent by something else, and is refused."""
    form = kind(request.form)
    if not form.validate():
        abort(400)
    return form


def normal(text: str | None) -> str:
    """Text as it is kept: composed, and without space around it."""
    return unicodedata.normalize("NFC", text.strip()) if text else ""


def _new_password(label: str) -> PasswordField:
    return PasswordField(
        label,
        [
            InputRequired("Choose a password."),
            Length(8, _LONGEST_PASSWORD, f"Use at least 8 characters, and at most {_LONGEST_PASSWORD}."),
        ],
        description="At least 8 characters. A few words in a row are good.",
    )


def _repeated_password() -> PasswordField:
    return PasswordField(
        "Password again",
        [InputRequired("Repeat the password."), EqualTo("password", "The two passwords differ. Type them again.")],
    )


class LogInForm(FlaskForm):  # type: ignore[misc]
    """Name and password of an account."""

    name = StringField("User name", [InputRequired("Enter your user name.")], filters=[normal])
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
        filters=[normal],
    )
    password = _new_password("Password")
    repeat = _repeated_password()


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """Another password for an account."""

    current = PasswordField("Password in use", [InputRequired("Enter the password that you use now.")])
    password = _new_password("New password")
    repeat = _repeated_password()


class TokenForm(FlaskForm):  # type: ignore[misc]
    """Another access token."""

    name = StringField(
        "What it is for",
        [InputRequired("Say what it is for."), Length(1, LONGEST_NAME, f"Use at most {LONGEST_NAME} characters.")],
        description="For instance the program that will use it.",
        id="token-name",
        filters=[normal],
    )
    current = PasswordField("Your password", [InputRequired("Enter your password.")], id="token-password")


class DeleteAccountForm(FlaskForm):  # type: ignore[misc]
    """The end of an account."""

    current = PasswordField("Your password", [InputRequired("Enter your password.")], id="delete-password")


class SmallNumberField(IntegerField):  # type: ignore[misc]
    """A whole number of a few digits; comparing longer ones fails where they become floats."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number."""
        super().process_formdata([value for value in valuelist if len(value) < 10])


class StarsForm(FlaskForm):  # type: ignore[misc]
    """A rating; 0 takes it back."""

    stars = SmallNumberField(validators=[InputRequired(), NumberRange(0, MOST_STARS)])


class FavouriteForm(FlaskForm):  # type: ignore[misc]
    """Whether a track is a favourite."""

    favourite = StringField(validators=[AnyOf(["yes", "no"])])


class ThumbForm(FlaskForm):  # type: ignore[misc]
    """A judgement of a recommendation, with the seed track and the model that it came from."""

    thumb = StringField(validators=[AnyOf(["up", "down", "none"])])
    seed = StringField(validators=[Regexp(_TRACK_ID)])
    model = StringField(validators=[Regexp(r"^[\w.:+-]{1,100}$")])


class TrackForm(FlaskForm):  # type: ignore[misc]
    """A track of a playlist."""

    track = StringField(validators=[Regexp(_TRACK_ID)])


class MoveForm(TrackForm):
    """A track and its place, counted from 0."""

    place = SmallNumberField(validators=[InputRequired(), NumberRange(0, MOST_TRACKS)])


class PlaylistForm(FlaskForm):  # type: ignore[misc]
    """The name of a playlist."""

    name = StringField(
        "Name",
        [InputRequired("Give it a name."), Length(1, LONGEST_NAME, f"Use at most {LONGEST_NAME} characters.")],
        filters=[normal],
    )
    track = StringField(validators=[Optional(), Regexp(_TRACK_ID)])


class RadioForm(FlaskForm):  # type: ignore[misc]
    """The tracks that a radio has brought, the last one last."""

    played = StringField(validators=[Regexp(rf"^[0-9a-f]{{32}}(,[0-9a-f]{{32}}){{0,{MOST_PLAYED - 1}}}$")])


class HeardForm(FlaskForm):  # type: ignore[misc]
    """How much of a track was heard, this one time."""

    listening = StringField(validators=[Regexp(r"^[0-9a-f]{16,32}$")])
    heard_s = FloatField(validators=[InputRequired(), NumberRange(0, _DAY_S)])
