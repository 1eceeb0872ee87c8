"""What ``./run`` says when the job is done."""

from __future__ import annotations

import json
import os
from typing import Any

from earwise.embedded.environment import AIRFLOW_USER
from earwise.embedded.first_admin import ADMIN_NAME
from earwise.embedded.job import JobReport
from earwise.embedded.secrets import Secrets
from earwise.notice import read_notice
from earwise.passwords import is_password
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.model_runs import ModelRun
from earwise.store.tracks import Track

_EXAMPLES = 3
_NEIGHBOURS = 5


def print_ready(settings: Settings, secrets: Secrets, store: Store) -> None:
    """Say where everything is and what was analysed."""
    print()
    print(f"Web app   {settings.public_web_url}   account {ADMIN_NAME}, password {_admin_password(secrets, store)}")
    print(f"Airflow   {settings.public_airflow_url}   user {AIRFLOW_USER}, password {secrets.airflow_password}")
    print(f"Analysed  {_totals(store)}")
    print(f"Model     {_describe_model(store.models.active_run())}")
    print(f"Library   {_describe_library(settings)}", flush=True)


def once_document(store: Store, report: JobReport, *, total_s: float) -> dict[str, Any]:
    """The result of ``./run --once`` as the JSON object that is documented in the README."""
    model = store.models.active_run()
    return {
        "tracks": store.tracks.count_ready(),
        "quarantined": store.quarantine.count(),
        "seconds": {
            "install": float(os.environ.get("EARWISE_INSTALL_SECONDS") or 0),
            "extract": round(report.extract_s, 1),
            "train": round(report.train_s, 1),
            "total": round(total_s, 1),
        },
        "silhouette": {str(trial.k): trial.silhouette for trial in model.trials} if model else {},
        "k": model.k if model else None,
        "recommendations": [_recommend(store, model, track) for track in _examples(store, model)] if model else [],
    }


def print_once(document: dict[str, Any], *, as_json: bool) -> None:
    """Print the result: one JSON object, or the same for people."""
    if as_json:
        print(json.dumps(document, ensure_ascii=False), flush=True)
        return
    for entry in document["recommendations"]:
        print(f"\nSounds like {_name(entry['track'])}:")
        for near in entry["neighbours"]:
            print(f"  {near['distance']:.3f}  {_name(near['track'])}")
    silhouettes = ", ".join(f"k={k}: {value:.3f}" for k, value in document["silhouette"].items())
    seconds = document["seconds"]
    print(f"\nSilhouette  {silhouettes or 'no model: too few tracks'}")
    print(f"Chosen k    {document['k'] or '-'}")
    print(f"Tracks      {document['tracks']} analysed, {document['quarantined']} in quarantine")
    print("Seconds     " + ", ".join(f"{name} {value:.0f}" for name, value in seconds.items()), flush=True)


def _admin_password(secrets: Secrets, store: Store) -> str:
    """The generated password, as long as it is the one in use."""
    admin = store.listeners.get_by_name(ADMIN_NAME)
    is_generated = admin is not None and is_password(secrets.admin_password, admin.password_hash)
    return secrets.admin_password if is_generated else "as you changed it"


def _totals(store: Store) -> str:
    quarantined = store.quarantine.count_by_code()
    codes = ", ".join(f"{count} {code}" for code, count in quarantined.items())
    return (
        f"{store.tracks.count_ready()} tracks; in quarantine: {sum(quarantined.values())}{f' ({codes})' * bool(codes)}"
    )


def _describe_model(model: ModelRun | None) -> str:
    if model is None:
        return "none yet: there are too few tracks to learn from"
    silhouette = next((trial.silhouette for trial in model.trials if trial.k == model.k), None)
    score = f", silhouette {silhouette:.3f}" if silhouette is not None else ""
    return f"{model.k} clusters of {model.tracks} tracks{score}"


def _describe_library(settings: Settings) -> str:
    notice = read_notice(settings.library)
    if notice is None:
        return ", ".join(root.address for root in settings.library)
    licences = sorted({source.licence for source in notice.sources})
    return f"{notice.title}: {notice.text} Licences: {'; '.join(licences)}."


def _examples(store: Store, model: ModelRun) -> list[Track]:
    """Tracks spread over the library, the same ones as long as it does not change."""
    known = [
        track_id for track_id in store.tracks.ready_ids() if store.model_parts.neighbours(model.model_id, track_id)
    ]
    picked = [known[(2 * number + 1) * len(known) // (2 * _EXAMPLES)] for number in range(min(_EXAMPLES, len(known)))]
    return [track for track_id in picked if (track := store.tracks.get(track_id))]


def _recommend(store: Store, model: ModelRun, track: Track) -> dict[str, Any]:
    neighbours = store.model_parts.neighbours(model.model_id, track.track_id) or []
    tracks = store.tracks.get_many(near.track_id for near in neighbours)
    known = [near for near in neighbours if near.track_id in tracks][:_NEIGHBOURS]
    return {
        "track": _describe_track(track),
        "neighbours": [{"track": _describe_track(tracks[near.track_id]), "distance": near.distance} for near in known],
    }


def _describe_track(track: Track) -> dict[str, str]:
    path = track.files[0].location.display if track.files else ""
    return {"id": track.track_id, "title": track.tags.title, "artist": track.tags.artist, "path": path}


def _name(track: dict[str, str]) -> str:
    return f"{track['title']} – {track['artist']}" if track["artist"] else track["title"]
