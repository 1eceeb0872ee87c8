"""For admins: what is in the library, what failed, and the models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from earwise.store.extraction_runs import ExtractionRun
from webapp import charts
from webapp.context import settings, store
from webapp.faults import SEEN_BY_EVERY_SCAN

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

_RUNS_SHOWN, _RUNS_DRAWN = 20, 90
_PAGE_SIZE = 50
_MOST_PAGES = 100_000
# Progress is written every few seconds, or when the slowest file has come to its time-out; and so much later yet.
_SILENCE = timedelta(minutes=3)


@blueprint.before_request
def require_admin() -> None:
    """Refuse everybody who is not an admin."""
    if not current_user.is_admin:
        abort(403)


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """Totals, the extraction that runs or ran last, and what is in quarantine."""
    run = store().extraction_runs.latest()
    return render_template(
        "admin/overview.html",
        tracks=store().tracks.count_ready(),
        run=run,
        is_stalled=run is not None and _is_stalled(run),
        counts=store().quarantine.count_by_code(),
    )


@blueprint.get("/quarantine")
def quarantine() -> ResponseReturnValue:
    """Files that did not become tracks, each with its reason."""
    page = _page_asked_for()
    files = store().quarantine.recent(skip=(page - 1) * _PAGE_SIZE, limit=_PAGE_SIZE + 1)
    return render_template(
        "admin/quarantine.html",
        files=files[:_PAGE_SIZE],
        page=page,
        has_more=len(files) > _PAGE_SIZE,
        counts=store().quarantine.count_by_code(),
        retries=store().quarantine.count_retries(),
        seen_by_every_scan=SEEN_BY_EVERY_SCAN,
    )


@blueprint.post("/quarantine/retry")
def retry_all() -> ResponseReturnValue:
    """Have the next run try every file in quarantine again."""
    store().quarantine.request_retry()
    return redirect(url_for("admin.quarantine"), 303)


@blueprint.post("/quarantine/<key>/retry")
def retry(key: str) -> ResponseReturnValue:
    """Have the next run try one file again."""
    if not store().quarantine.request_retry(key):
        abort(404)
    return redirect(url_for("admin.quarantine", page=_page_asked_for(), _anchor=f"file-{key}"), 303)


@blueprint.get("/training")
def training() -> ResponseReturnValue:
    """The latest training runs and those whose models are kept, how silhouettes went, and what the last one changed."""
    runs, active_id = store().model_runs.recent(_RUNS_DRAWN), store().models.active_id()
    kept = store().model_parts.whole_among(run.model_id for run in runs[_RUNS_SHOWN:])
    return render_template(
        "admin/training.html",
        models=[run for number, run in enumerate(runs) if number < _RUNS_SHOWN or run.model_id in kept],
        active_id=active_id,
        chart=charts.silhouettes_of_runs(runs, active_id),
        changed=next((run for run in runs if run.changes), None),
    )


@blueprint.get("/downloads")
def downloads() -> ResponseReturnValue:
    """How far downloads are, and what became of them."""
    return render_template("admin/downloads.html", downloads=store().downloads.all())


@blueprint.get("/models/<model_id>")
def model(model_id: str) -> ResponseReturnValue:
    """One training run: every k that was tried, and its clusters."""
    run = store().model_runs.get(model_id)
    if run is None:
        abort(404)
    return render_template(
        "admin/model.html",
        run=run,
        clusters=store().model_parts.clusters(model_id),
        is_active=store().models.active_id() == model_id,
        silhouettes=charts.silhouettes_of_trials(run.trials, run.k),
        costs=charts.costs_of_trials(run.trials, run.k),
    )


def _page_asked_for() -> int:
    return min(max(1, request.args.get("page", 1, type=int)), _MOST_PAGES)


def _is_stalled(run: ExtractionRun) -> bool:
    """Whether a run that has not ended wrote nothing down for so long that it must have been broken off."""
    last = run.updated_at or run.began_at
    longest = timedelta(seconds=settings().decode_timeout_s + run.longest_fetch_s) + _SILENCE
    return run.finished_at is None and datetime.now(UTC) - last > longest
