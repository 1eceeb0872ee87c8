"""What goes in and out: each schema is the check, the form of the answer, and its documentation."""

from __future__ import annotations

from marshmallow import RAISE, Schema, fields
from marshmallow.validate import Length, OneOf, Range

from earwise.ranking.journeys import MOST_PLAYED
from earwise.store.playlists import LONGEST_NAME, MOST_TRACKS
from earwise.store.ratings import MOST_STARS
from earwise.store.shelves import shelf_key
from webapp.addresses import track_address
from webapp.api.fields import Number, Truth, Whole, WholeText, YesNo, limit, name, track_id

_MOST_SIMILAR = 50
_DAY_S = 86_400


class Body(Schema):
    """A body of which every member is known: operators of MongoDB and whatever else is no member are refused."""

    class Meta:
        """Says so in the document too."""

        unknown = RAISE


# --- what is asked ---


class PageQuery(Schema):
    """Which page of a list."""

    cursor = fields.String(
        validate=[Length(1, 4096), WholeText("^[A-Za-z0-9_-]+$")],
        metadata={"description": "`next_cursor` of the page before; without one the first page"},
    )


class SearchQuery(PageQuery):
    """What is searched for, and which page of it."""

    q = fields.String(required=True, validate=Length(1, 200), metadata={"description": "Words, whole or begun"})
    limit = limit(50, 20)


class SimilarQuery(Schema):
    """How many tracks, and how much of each."""

    limit = limit(_MOST_SIMILAR, 20)
    why = YesNo(load_default=False, metadata={"description": "Whether to say what each shares with the track"})


class RatingsQuery(PageQuery):
    """Which page of which ratings."""

    of = fields.String(load_default="stars", validate=OneOf(("stars", "favourites")))


class PathQuery(Schema):
    """Both ends of a path."""

    first = track_id(required=True, data_key="from")
    last = track_id(required=True, data_key="to")


class PlayedBody(Body):
    """The tracks that a radio has brought, the last one last."""

    played = fields.List(track_id(), required=True, validate=Length(1, MOST_PLAYED))


class PlaylistBody(Body):
    """A playlist's name and tracks, in order; of a track that stands there twice the first place counts."""

    name = name(LONGEST_NAME, required=True)
    tracks = fields.List(track_id(), load_default=list, validate=Length(max=MOST_TRACKS))


class WholePlaylistBody(PlaylistBody):
    """A playlist to put in another's place: tracks that were only forgotten must not empty it."""

    tracks = fields.List(track_id(), required=True, validate=Length(max=MOST_TRACKS))


class RatingBody(Body):
    """What to say of a track."""

    stars = Whole(required=True, validate=Range(0, MOST_STARS))
    favourite = Truth(required=True)


class ThumbBody(Body):
    """Up or down."""

    is_up = Truth(required=True)


class EventBody(Body):
    """How much of which track was heard."""

    track_id = track_id(required=True)
    heard_s = Number(required=True, validate=Range(0, _DAY_S))


# --- what is answered ---


class TrackSchema(Schema):
    """A track: one recording, however many files of it there are."""

    id = track_id(attribute="track_id")
    title = fields.String(attribute="tags.title")
    artist = fields.String(attribute="tags.artist")
    album = fields.String(attribute="tags.album")
    album_artist = fields.String(
        attribute="tags.album_artist",
        metadata={"description": "Whom the album as a whole is by, where that is stated"},
    )
    genre = fields.String(attribute="tags.genre")
    year = fields.Integer(attribute="tags.year", allow_none=True)
    disc_number = fields.Integer(attribute="tags.disc_number", allow_none=True)
    track_number = fields.Integer(attribute="tags.track_number", allow_none=True)
    duration_s = fields.Float()
    artist_key = fields.Function(
        lambda track: shelf_key(track.tags.artist) if track.tags.artist else None,
        metadata={"type": ["string", "null"], "description": "Names the artist in addresses; null for none"},
    )
    audio = fields.Function(
        lambda track: track_address("audio.stream", track.track_id),
        metadata={"type": "string", "format": "uri-reference"},
    )
    picture = fields.Function(
        lambda track: track_address("pictures.picture", track.track_id),
        metadata={
            "type": "string",
            "format": "uri-reference",
            "description": "As it came; with ?size=128 or ?size=512 small, as WebP",
        },
    )


class ClusterSchema(Schema):
    """Tracks that sound alike."""

    number = fields.Integer()
    name = fields.String()
    size = fields.Integer(metadata={"description": "How many tracks"})


class ClusterListSchema(Schema):
    """All clusters of a model."""

    model_id = fields.String()
    items = fields.List(fields.Nested(ClusterSchema))


class TrackListSchema(Schema):
    """Tracks in order."""

    items = fields.List(fields.Nested(TrackSchema))


class PageSchema(Schema):
    """One page of a list."""

    next_cursor = fields.String(allow_none=True, metadata={"description": "Null on the last page"})


class TrackPageSchema(PageSchema):
    """One page of tracks."""

    items = fields.List(fields.Nested(TrackSchema))


class FoundSchema(PageSchema):
    """One page of what a search found, the best first."""

    items = fields.List(fields.Nested(TrackSchema))
    corrected = fields.String(allow_none=True, metadata={"description": "What was searched for in place of `q`"})
    has_more = fields.Boolean(
        metadata={"description": "Whether there are more, or may be; on the last page, more than can be had"}
    )


class SimilarSchema(Schema):
    """A track that sounds like another."""

    track = fields.Nested(TrackSchema)
    distance = fields.Float(metadata={"description": "From 0 to 1; lower is more alike"})
    percentile = fields.Float(
        allow_none=True, metadata={"description": "Percent of random pairs of the library that are nearer"}
    )
    cluster = fields.Nested(ClusterSchema, allow_none=True)
    shared = fields.List(fields.String(), metadata={"description": "With `why`: what both have in common"})
    different = fields.List(fields.String(), metadata={"description": "With `why`: what this one has more of"})


class SimilarListSchema(Schema):
    """The tracks that sound like one, the nearest first."""

    model_id = fields.String(allow_none=True)
    cluster = fields.Nested(ClusterSchema, allow_none=True, metadata={"description": "The track's own"})
    items = fields.List(fields.Nested(SimilarSchema))


class PlaylistSchema(Schema):
    """A playlist with the ids of its tracks."""

    id = fields.String(attribute="playlist_id")
    name = fields.String()
    tracks = fields.List(track_id())


class PlaylistNameSchema(Schema):
    """A playlist, in a list of playlists."""

    id = fields.String(attribute="playlist_id")
    name = fields.String()
    size = fields.Integer(metadata={"description": "How many tracks"})
    changed_at = fields.AwareDateTime()


class PlaylistPageSchema(PageSchema):
    """One page of playlists."""

    items = fields.List(fields.Nested(PlaylistNameSchema))


class RatingSchema(Schema):
    """What the listener said of a track."""

    stars = fields.Integer(metadata={"description": "1 to 5; 0 for none"})
    favourite = fields.Boolean(attribute="is_favourite")


class RatedSchema(Schema):
    """A track with the stars that it got."""

    track = fields.Nested(TrackSchema)
    stars = fields.Integer()


class RatedPageSchema(PageSchema):
    """One page of ratings."""

    items = fields.List(fields.Nested(RatedSchema))


class PlaySchema(Schema):
    """A track that was played."""

    track = fields.Nested(TrackSchema)
    at = fields.AwareDateTime()


class PlayPageSchema(PageSchema):
    """One page of plays."""

    items = fields.List(fields.Nested(PlaySchema))


class EventSchema(Schema):
    """What the event counts as."""

    is_play = fields.Boolean(metadata={"description": "Else it is a skip"})


class ProblemSchema(Schema):
    """What went wrong, as RFC 9457 has it."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.Dict(metadata={"description": "What is wrong in which field"})
