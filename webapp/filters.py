"""How values are written on pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flask import Flask

from earwise.playback.playable import may_be_converted
from earwise.store.tracks import Track
from webapp.faults import fault_name

# Cluster colours in the stylesheet: `tone-0` … `tone-11`, each in `shade-0` … `shade-3`.
_TONES, _SHADES = 12, 4
_MOST_CHARACTERS = 300
# Control characters, and those that turn the direction of whatever follows: names and titles have no <bdi> around them.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def attach(app: Flask) -> None:
    """Give templates these filters and tests."""
    for function in (duration, clip, tone, moment, plural, span, fault_name):
        app.add_template_filter(function)
    app.add_template_test(prepared)


def prepared(track: Track) -> bool:
    """Whether a track's audio may have to be converted for browsers before it begins."""
    return bool(track.files) and may_be_converted(track.files[0].location)


def duration(seconds: float) -> str:
    """Minutes and seconds; hours where there are any.

    >>> duration(185.4), duration(3605), duration(0.2)
    ('3:05', '1:00:05', '0:00')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def clip(text: str) -> str:
    """Text of a length that a page can bear, without control characters and turns of direction.

    >>> clip("a\\0b\\u202e"), len(clip("x" * 10_000))
    ('ab', 300)
    """
    printable = _UNSEEN.sub("", text[: 2 * _MOST_CHARACTERS])
    return printable if len(printable) <= _MOST_CHARACTERS else printable[: _MOST_CHARACTERS - 1] + "…"


def tone(number: int) -> str:
    """The colour classes of a cluster, the same for a number on every page; the hues come again in other shades.

    >>> tone(3), tone(15), tone(51)
    ('tone-3 shade-0', 'tone-3 shade-1', 'tone-3 shade-0')
    """
    return f"tone-{number % _TONES} shade-{number // _TONES % _SHADES}"


def moment(when: datetime) -> str:
    """A point in time, in UTC.

    >>> moment(datetime(2026, 1, 31, 2, 5, tzinfo=UTC))
    '31 Jan 2026, 02:05 UTC'
    """
    return f"{when.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def plural(count: int, word: str) -> str:
    """A number with its word.

    >>> plural(1, "track"), plural(1200, "track")
    ('1 track', '1,200 tracks')
    """
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def span(seconds: float) -> str:
    """A length of time as people say it.

    >>> span(42.4), span(200), span(7500)
    ('42 s', '3 min', '2 h 5 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
