"""What a file says of itself."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags of a track; empty where the file says nothing, except that a title is always there."""

    title: str
    artist: str = ""
    album: str = ""
    genre: str = ""
    year: int | None = None
    track_number: int | None = None


def combine_tags(first: Tags, second: Tags) -> Tags:
    """The first, with what the second says where the first says nothing.

    >>> combine_tags(Tags("A tune", year=1999), Tags("000002", artist="Ben"))
    Tags(title='A tune', artist='Ben', album='', genre='', year=1999, track_number=None)
    """
    return Tags(**{tag.name: getattr(first, tag.name) or getattr(second, tag.name) for tag in fields(Tags)})
