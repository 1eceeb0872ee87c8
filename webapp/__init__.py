"""The web app: shows what the pipeline computed, plays the library's own files, and keeps the accounts."""

from webapp.app import create_app

__all__ = ["create_app"]
