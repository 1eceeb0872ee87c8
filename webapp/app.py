"""Puts the web app together."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from earwise.errors import ConfigError
from earwise.log import configure_logging
from earwise.settings import Settings
from earwise.store import Store, open_store
from webapp import (
    account,
    accounts,
    addresses,
    admin,
    api,
    assets,
    audio,
    auth,
    browse,
    bylines,
    clusters,
    context,
    converters,
    errors,
    filters,
    health,
    library,
    listening,
    navigation,
    pictures,
    playlists,
    radio,
    ratings,
    recommendations,
    reference,
    security,
    sound_map,
)

_BLUEPRINTS = (
    auth,
    library,
    browse,
    clusters,
    sound_map,
    recommendations,
    audio,
    pictures,
    listening,
    ratings,
    playlists,
    radio,
    account,
    reference,
    admin,
    health,
)
_MOST_FORM_BYTES = 64 * 1024
_SESSION_DAYS = 30
# While the store is away every request that waits for it holds a thread, and there are few.
_STORE_PATIENCE_S = 2.0


def create_app(settings: Settings | None = None, store: Store | None = None) -> Flask:
    """The WSGI application; settings come from the environment and the store from the settings unless given."""
    if settings is None:
        settings = Settings.from_env()
        configure_logging(settings.log_level)
    if not settings.secret_key:
        raise ConfigError("EARWISE_SECRET_KEY", "is needed to sign sessions", "$(openssl rand -hex 32)")
    app = Flask(__name__, static_folder=None)
    app.config.from_mapping(_configuration(settings))
    converters.attach(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # One store for the process: its client keeps the connections, and nothing is closed per request.
    context.attach(app, settings, store or open_store(settings, patience_s=_STORE_PATIENCE_S))
    app.jinja_env.globals["airflow_url"] = settings.public_airflow_url
    _extend(app, settings)
    return app


def _configuration(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": _MOST_FORM_BYTES,
        "SESSION_COOKIE_NAME": "earwise_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=_SESSION_DAYS),
        # A form stays good as long as its session: nobody loses what was typed to a clock.
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _extend(app: Flask, settings: Settings) -> None:
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    assets.attach(app, Path(__file__).parent / "static")
    for module in (security, errors, filters, addresses, bylines, navigation, accounts):
        module.attach(app)
    CSRFProtect(app)
    for module in _BLUEPRINTS:
        app.register_blueprint(module.blueprint)
    api.attach(app, settings.api_per_minute)
