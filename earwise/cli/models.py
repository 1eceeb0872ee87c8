"""``./run models``: which models are kept, and which of them listeners hear."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from earwise.clustering.publishing import activate_model
from earwise.embedded.home_store import open_home_store
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.model_runs import ModelRun

_RUNS_SHOWN = 20


def run(settings: Settings, options: argparse.Namespace) -> int:
    """List the newest training runs, or publish a kept model at once."""
    with open_home_store(settings) as (running, store):
        if options.action == "activate":
            activate_model(store, options.model_id, datetime.now(UTC), model_folder=running.model_folder)
        document = list_models(store)
    if options.json:
        print(json.dumps({"models": document}, ensure_ascii=False), flush=True)
        return 0
    for entry in document:
        print(_line(entry), flush=True)
    if not document:
        print("Nothing has been trained yet; ./run analyses the library and trains.")
    return 0


def list_models(store: Store) -> list[dict[str, Any]]:
    """The newest training runs and all whose models are kept, each with whether it is kept and whether it is served."""
    kept, active = store.model_parts.whole_ids(), store.models.active_id()
    return [
        _entry(found, is_kept=found.model_id in kept, is_active=found.model_id == active)
        for found in store.models.overview(_RUNS_SHOWN)
    ]


def _entry(found: ModelRun, *, is_kept: bool, is_active: bool) -> dict[str, Any]:
    chosen = next((trial for trial in found.trials if trial.k == found.k), None)
    return {
        "model_id": found.model_id,
        "status": "active" if is_active else found.status,
        "active": is_active,
        "kept": is_kept,
        "created_at": found.created_at.isoformat(),
        "feature_version": found.feature_version,
        "tracks": found.tracks,
        "k": found.k or None,
        "silhouette": chosen.silhouette if chosen else None,
        "quality": asdict(found.quality) if found.quality else None,
        "reasons": list(found.reasons),
    }


def _line(entry: dict[str, Any]) -> str:
    mark = "*" if entry["active"] else " "
    status = entry["status"] if entry["kept"] else f"{entry['status']}, pruned"
    figures = [f"{entry['tracks']:,} tracks", f"k {entry['k'] or '–'}"]
    quality = entry["quality"] or {}
    if quality.get("recall_at_10") is not None:
        figures.append(f"recall {quality['recall_at_10']:.3f}")
    if quality.get("orphan_share") is not None:
        figures.append(f"orphans {quality['orphan_share']:.1%}")
    first = f"{mark} {entry['model_id']:30} {status:18} {entry['created_at'][:16]}  {', '.join(figures)}"
    return "\n".join([first, *(f"    {reason}" for reason in entry["reasons"])])
