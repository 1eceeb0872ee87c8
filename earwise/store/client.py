"""Opens the store: one client, one database, one repository per family of documents."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any

from pymongo import MongoClient
from pymongo.server_api import ServerApi

from earwise.settings import Settings
from earwise.store.aliases import Aliases
from earwise.store.attempts import Attempts
from earwise.store.catalogue import Catalogue
from earwise.store.downloads import Downloads
from earwise.store.events import Events
from earwise.store.extraction_runs import ExtractionRuns
from earwise.store.feature_versions import FeatureVersions
from earwise.store.features import Features
from earwise.store.folders import Folders
from earwise.store.index_builds import IndexBuilds
from earwise.store.listeners import Listeners
from earwise.store.maps import Maps
from earwise.store.model_parts import ModelParts
from earwise.store.model_runs import ModelRuns
from earwise.store.models import Models
from earwise.store.personal import Personal
from earwise.store.playlists import Playlists
from earwise.store.postings import Postings
from earwise.store.quarantine import Quarantine
from earwise.store.ratings import Ratings
from earwise.store.serving import Serving
from earwise.store.shelves import Shelves
from earwise.store.tokens import Tokens
from earwise.store.tracks import Track, Tracks, TrackState
from earwise.store.translation import translated_errors
from earwise.store.words import Words


@dataclass(frozen=True, slots=True)
class Store:
    """The repositories on one connection; a context manager that closes it."""

    client: MongoClient[dict[str, Any]]
    index_builds: IndexBuilds
    folders: Folders
    tracks: Tracks
    aliases: Aliases
    features: Features
    feature_versions: FeatureVersions
    quarantine: Quarantine
    extraction_runs: ExtractionRuns
    model_runs: ModelRuns
    model_parts: ModelParts
    models: Models
    maps: Maps
    serving: Serving
    listeners: Listeners
    attempts: Attempts
    tokens: Tokens
    ratings: Ratings
    playlists: Playlists
    events: Events
    personal: Personal
    catalogue: Catalogue
    downloads: Downloads
    words: Words
    postings: Postings
    shelves: Shelves

    def create_indexes(self, *, is_server_new: bool = False) -> None:
        """Create every index that is missing; safe to repeat.

        Parameters
        ----------
        is_server_new : bool
            Whether the server has only just been started for this process, so that nobody else is using it.
        """
        self.index_builds.drop_broken_off(is_nobody_building=is_server_new)
        for repository in (
            *(self.folders, self.tracks, self.aliases, self.features, self.quarantine, self.extraction_runs),
            *(self.model_runs, self.model_parts, self.maps, self.listeners, self.tokens),
            *(self.attempts, self.ratings, self.playlists, self.events, self.catalogue, self.words),
        ):
            repository.create_indexes()

    def find_track(self, track_id: str) -> Track | None:
        """The track of this id, or the one that it has become, as bookmarks and queues name it."""
        track = self.tracks.get(track_id)
        if track is not None and track.state is TrackState.READY:
            return track
        became = self.aliases.resolve([track_id]).get(track_id)
        return (self.tracks.get(became) if became else None) or track

    @translated_errors()
    def ping(self) -> None:
        """Raise `StoreError` unless the server answers."""
        self.client.admin.command("ping")

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_store(settings: Settings, *, patience_s: float = 10.0) -> Store:
    """Open the store that the settings name; the connection is made when it is first used."""
    return open_store_at(settings.store_uri, settings.mongo_database, patience_s=patience_s)


def open_store_at(uri: str, database: str, *, patience_s: float = 10.0) -> Store:
    """Open the store at a MongoDB address; for code that gets the two values from another process.

    Parameters
    ----------
    patience_s : float
        How long an operation waits for a server that does not answer.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(
        uri,
        server_api=ServerApi("1", strict=True, deprecation_errors=True),
        serverSelectionTimeoutMS=round(patience_s * 1000),
        tz_aware=True,
    )
    selected = client[database]
    runs, parts, aliases = ModelRuns(selected), ModelParts(selected), Aliases(selected)
    return Store(
        client=client,
        index_builds=IndexBuilds(selected),
        folders=Folders(selected),
        tracks=Tracks(selected),
        aliases=aliases,
        features=Features(selected),
        feature_versions=FeatureVersions(selected),
        quarantine=Quarantine(selected),
        extraction_runs=ExtractionRuns(selected),
        model_runs=runs,
        model_parts=parts,
        models=Models(selected, runs, parts),
        maps=Maps(selected),
        serving=Serving(selected),
        listeners=Listeners(selected),
        attempts=Attempts(selected),
        tokens=Tokens(selected),
        ratings=Ratings(selected),
        playlists=Playlists(selected),
        events=Events(selected, aliases),
        personal=Personal(selected),
        catalogue=Catalogue(selected),
        downloads=Downloads(selected),
        words=Words(selected),
        postings=Postings(selected),
        shelves=Shelves(selected),
    )
