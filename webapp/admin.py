"""For admins: what is in the library, what failed, and the models."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.context import store

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

_RUNS_SHOWN = 20
_PAGE_SIZE = 50
_MOST_PAGES = 100_000


@blueprint.before_request
def require_admin() -> None:
    """Refuse everybody who is not an admin."""
    if not current_user.is_admin:
        abort(403)


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """Totals, the latest extraction run and the latest training runs."""
    return render_template(
        "admin/overview.html",
        tracks=store().tracks.count_ready(),
        run=store().extraction_runs.latest(),
        models=store().model_runs.recent(_RUNS_SHOWN),
    )


@blueprint.get("/quarantine")
def quarantine() -> ResponseReturnValue:
    """Files that did not become tracks, each with its reason."""
    page = min(max(1, request.args.get("page", 1, type=int)), _MOST_PAGES)
    files = store().quarantine.recent(skip=(page - 1) * _PAGE_SIZE, limit=_PAGE_SIZE + 1)
    return render_template(
        "admin/quarantine.html",
        files=files[:_PAGE_SIZE],
        page=page,
        has_more=len(files) > _PAGE_SIZE,
        counts=store().quarantine.count_by_code(),
    )


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
    )
