"""Draws the map of a model: the places that training and assigning gave its tracks, packed for readers."""

from __future__ import annotations

import logging

from earwise.log import fields
from earwise.store import Store
from earwise.store.maps import SoundMap

log = logging.getLogger(__name__)

# More than draw one model at once, which are its publishing and the end of an extraction.
_TRIES = 10


def draw_map(store: Store, model_id: str) -> None:
    """Count a model's clusters and draw its map, unless both hold every assignment: these are added, never taken away.

    Two may do so at once. Whoever has drawn, or was overtaken, looks again at what is there, so the last one to look
    leaves nothing out.
    """
    for _ in range(_TRIES):
        present = store.maps.find(model_id)
        if present is not None and _holds_everything(store, present):
            return
        # Before the map, which says that all is done.
        store.model_parts.recount_clusters(model_id)
        drawn = store.maps.put(model_id, store.model_parts.read_assignments(model_id), present)
        if drawn is not None:
            log.info("map drawn", extra=fields(model_id=model_id, edition=drawn.edition, tracks=drawn.tracks))
    log.warning("map overtaken", extra=fields(model_id=model_id, tries=_TRIES))


def _holds_everything(store: Store, present: SoundMap) -> bool:
    counted = {cluster.number: cluster.size for cluster in store.model_parts.clusters(present.model_id)}
    return (
        present.tracks == store.model_parts.count_assignments(present.model_id)
        and all(counted.get(number, size) == size for number, size in present.sizes.items())
        and store.maps.is_whole(present)
    )
