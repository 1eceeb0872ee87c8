"""Draws the map of a model: the places that training and assigning gave its tracks, packed for readers."""

from __future__ import annotations

import logging

from earwise.log import fields
from earwise.store import Store

log = logging.getLogger(__name__)


def draw_map(store: Store, model_id: str, tracks: int) -> None:
    """Draw a model's map, unless it holds so many tracks already: assignments are added, and never taken away."""
    present = store.maps.find(model_id)
    if present is not None and present.tracks == tracks:
        return
    drawn = store.maps.put(model_id, store.model_parts.read_assignments(model_id))
    log.info("map drawn", extra=fields(model_id=model_id, edition=drawn.edition, tracks=drawn.tracks))
