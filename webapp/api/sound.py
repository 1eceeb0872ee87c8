"""What sounds alike: similar tracks and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort

from earwise.ranking.traits import compare, percentile_of
from earwise.store.model_parts import Cluster
from earwise.store.ranked_lists import Neighbour
from earwise.store.serving import ActiveModel, Sounds
from earwise.store.tracks import Track
from webapp.api.cursors import as_number, read_cursor, write_cursor
from webapp.api.document import Blueprint
from webapp.api.schemas import (
    ClusterListSchema,
    ClusterSchema,
    PageQuery,
    SimilarListSchema,
    SimilarQuery,
    TrackPageSchema,
)
from webapp.context import store

blueprint = Blueprint("sound", "Similar tracks, and clusters of tracks that sound alike")


@blueprint.route("/tracks/<track_id:track_id>/similar")
@blueprint.arguments(SimilarQuery, location="query")
@blueprint.response(200, SimilarListSchema)
def similar(query: dict[str, Any], track_id: str) -> dict[str, Any]:
    """The tracks that sound like one, the nearest first; none before the first model."""
    answer = _find_similar(track_id, query)
    if answer is None and (became := store().find_track(track_id)):
        answer = _find_similar(became.track_id, query)
    return answer or abort(404, "There is no such track.")


@blueprint.route("/clusters")
@blueprint.response(200, ClusterListSchema)
def clusters() -> dict[str, Any]:
    """All clusters of the model in use."""
    active = store().serving.require_active()
    return {"model_id": active.model_id, "items": list(active.clusters.values())}


@blueprint.route("/clusters/<int:number>")
@blueprint.response(200, ClusterSchema)
def cluster(number: int) -> Cluster:
    """One cluster."""
    return _require(store().serving.require_active(), number)


@blueprint.route("/clusters/<int:number>/tracks")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, TrackPageSchema)
def cluster_tracks(query: dict[str, Any], number: int) -> dict[str, Any]:
    """The tracks of a cluster, the most typical first, page by page."""
    active, drawn = store().serving.require_mapped()
    _require(active, number)
    page = read_cursor(query, as_number) or 1
    members = store().maps.members(drawn.edition, number, page) if drawn else []
    tracks = store().tracks.get_many(member.track_id for member in members)
    items = [tracks[member.track_id] for member in members if member.track_id in tracks]
    is_last = drawn is None or page >= drawn.pages(number)
    return {"items": items, "next_cursor": None if is_last else write_cursor(page + 1)}


def _find_similar(track_id: str, query: dict[str, Any]) -> dict[str, Any] | None:
    """What is similar to a track; None where it is not there."""
    active, placement = store().serving.find_placed(track_id)
    ranked = placement.neighbours[: query["limit"]] if placement else ()
    tracks = store().tracks.get_many([track_id, *(near.track_id for near in ranked)])
    if track_id not in tracks:
        return None
    sounds = _hear(active, track_id, ranked, query)
    clusters = active.clusters if active else {}
    return {
        "model_id": active.model_id if active else None,
        "cluster": clusters.get(placement.cluster) if placement and placement.cluster is not None else None,
        "items": [
            _describe(tracks[near.track_id], near, clusters.get(near.cluster), sounds, track_id)
            for near in ranked
            if near.track_id in tracks
        ],
    }


def _hear(active: ActiveModel | None, track_id: str, ranked: Sequence[Neighbour], query: dict[str, Any]) -> Sounds:
    """What there is to tell of these distances and, where that is asked for, of the sounds themselves."""
    model_id = active.model_id if active else None
    if model_id is None or not query["why"]:
        return Sounds({}, store().serving.distance_quantiles(model_id) if model_id else (), model_id)
    return store().serving.find_sounds(track_id, *(near.track_id for near in ranked), model_id=model_id)


def _require(active: ActiveModel, number: int) -> Cluster:
    return active.clusters.get(number) or abort(404, "There is no such cluster.")


def _describe(track: Track, near: Neighbour, cluster: Cluster | None, sounds: Sounds, seed_id: str) -> dict[str, Any]:
    described = {
        "track": track,
        "distance": near.distance,
        "percentile": percentile_of(near.distance, sounds.distance_quantiles),
        "cluster": cluster,
    }
    seed, other = sounds.vectors.get(seed_id), sounds.vectors.get(near.track_id)
    if seed is None or other is None:
        return described
    comparison = compare(seed, other)
    return described | {"shared": comparison.shared, "different": comparison.different}
