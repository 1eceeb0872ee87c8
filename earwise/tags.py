"""What a file says of itself."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

#: Counted up where more is read of tags, or otherwise: what was read before is then read once more, the tags alone.
TAGS_VERSION = 2


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags of a track; empty where the file says nothing, except that a title is always there.

    Attributes
    ----------
    album_artist : str
        Whom the album as a whole is by, which several artists may be heard on.
    disc_number : int or None
        On which disc of the album the track is.
    """

    title: str
    artist: str = ""
    album: str = ""
    genre: str = ""
    year: int | None = None
    track_number: int | None = None
    # What came later stands last: of a catalogue these are kept by their places.
    album_artist: str = ""
    disc_number: int | None = None

    @property
    def shelf_artist(self) -> str:
        """Whom the track stands under in the order of lists: the album's artist, or else its own."""
        return self.album_artist or self.artist


def combine_tags(first: Tags, second: Tags) -> Tags:
    """The first, with what the second says where the first says nothing.

    Whom an album is by and its discs belong to that album: where the first names one, nothing is said of it by the
    second, which may mean another.

    >>> combine_tags(Tags("A tune", year=1999), Tags("000002", artist="Ben")).artist
    'Ben'
    >>> combine_tags(Tags("A tune", album="Live"), Tags("000002", album="Hits", album_artist="Various")).album_artist
    ''
    """
    told = replace(second, album_artist="", disc_number=None) if first.album else second
    return Tags(**{tag.name: getattr(first, tag.name) or getattr(told, tag.name) for tag in fields(Tags)})
