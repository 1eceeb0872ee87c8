"""Downloads: how far each is, for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from earwise.store.translation import translated_errors


class DownloadState(StrEnum):
    """What is being done with a download, or what became of it."""

    DOWNLOADING = "downloading"
    CHECKING = "checking"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Download:
    """A file that is downloaded.

    Attributes
    ----------
    done_bytes, total_bytes : int
        How much is here, or has been checked, and how much there is; 0 where it is not known yet.
    bytes_per_s : float
        Rate of this attempt.
    message : str
        Why it failed; empty otherwise.
    changed_at : datetime
        When this was written.
    """

    name: str
    state: DownloadState
    done_bytes: int
    total_bytes: int
    bytes_per_s: float
    message: str
    changed_at: datetime


class Downloads:
    """The ``downloads`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._downloads = database["downloads"]

    @translated_errors()
    def put(self, download: Download) -> None:
        """Write how far a download is."""
        document = asdict(download) | {"_id": download.name}
        del document["name"]
        self._downloads.replace_one({"_id": download.name}, document, upsert=True)

    @translated_errors()
    def all(self) -> list[Download]:
        """Every download there was, by name."""
        return [_to_download(document) for document in self._downloads.find().sort("_id", ASCENDING)]


def _to_download(document: dict[str, Any]) -> Download:
    return Download(**{"name": document.pop("_id"), **document, "state": DownloadState(document["state"])})
