"""What a library says of itself: ``EARWISE-LIBRARY.json`` in a root's folder names its sources and licences."""

from __future__ import annotations

import json
from dataclasses import dataclass

from earwise.root import Root

NOTICE_NAME = "EARWISE-LIBRARY.json"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a part of the library comes from."""

    name: str
    licence: str
    tracks: int


@dataclass(frozen=True, slots=True)
class LibraryNotice:
    """Title, one sentence and the sources of a library."""

    title: str
    text: str
    sources: tuple[Source, ...]


def write_notice(root: Root, notice: LibraryNotice) -> None:
    """Write the notice into the root's folder."""
    document = {
        "title": notice.title,
        "text": notice.text,
        "sources": [{"name": s.name, "licence": s.licence, "tracks": s.tracks} for s in notice.sources],
    }
    (root.folder / NOTICE_NAME).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


def read_notice(roots: tuple[Root, ...]) -> LibraryNotice | None:
    """The notice of the first root that has a readable one."""
    for root in roots:
        try:
            document = json.loads((root.folder / NOTICE_NAME).read_text("utf-8"))
            sources = tuple(Source(str(s["name"]), str(s["licence"]), int(s["tracks"])) for s in document["sources"])
            return LibraryNotice(str(document["title"]), str(document["text"]), sources)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None
