"""A server with a small set like FMA's, and settings that lead to it."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwise.settings import Settings
from tests.audio import write_tone
from tests.fma.server import ArchiveServer, serve

# The first columns of the real table, in its order, and those that are read.
COLUMNS = [
    ("album", "comments"),
    ("album", "date_released"),
    ("album", "title"),
    ("artist", "bio"),
    ("artist", "name"),
    ("set", "subset"),
    ("track", "date_recorded"),
    ("track", "genre_top"),
    ("track", "genres"),
    ("track", "number"),
    ("track", "title"),
]
AWOL = ("AWOL - A Way Of Life", "Line one\nline, two", "AWOL", "small", "2008-11-26 00:00:00")
ROWS: dict[int, list[str]] = {
    2: ["0", "2009-01-05 00:00:00", *AWOL, "Hip-Hop", "[21]", "3", "Food"],
    5: ["0", "", *AWOL, "", "[4, 21]", "6", "This World"],
    1003: ["0", "", "", "x" * 200_000, 'Éric & "Friends"', "small", "", "Rock", "[12]", "0", ""],
    99134: ["0", "2012-01-01", "Empty", "", "Nobody", "small", "", "Folk", "[17]", "1", "Nothing"],
}


def tracks_csv(rows: dict[int, list[str]]) -> str:
    """The table as pandas writes it: three header rows."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["", *(group for group, _ in COLUMNS)])
    table.writerow(["", *(column for _, column in COLUMNS)])
    table.writerow(["track_id", *("" for _ in COLUMNS)])
    for track_id, row in rows.items():
        table.writerow([track_id, *row])
    return text.getvalue()


def pack(members: dict[str, bytes]) -> bytes:
    """A zip archive as FMA packs them: by bzip2."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_BZIP2) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def pack_metadata(rows: dict[int, list[str]]) -> bytes:
    """The archive of the metadata."""
    genres = "genre_id,#tracks,parent,title,top_level\n4,1,0,Jazz,4\n21,2,0,Hip-Hop,21\n"
    return pack(
        {
            "fma_metadata/README.txt": b"",
            "fma_metadata/genres.csv": genres.encode(),
            "fma_metadata/raw_tracks.csv": b"",
            "fma_metadata/tracks.csv": tracks_csv(rows).encode(),
        }
    )


@pytest.fixture(scope="session")
def small_set(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three short clips, and one without audio, as in the real sets."""
    folder, members = tmp_path_factory.mktemp("clips"), {"fma_small/checksums": b"", "fma_small/README.txt": b""}
    for track_id in ROWS:
        name = f"{track_id:06d}.mp3"
        write_tone(folder / name, track_id % 50, duration_s=1.5)
        content = (folder / name).read_bytes()
        members[f"fma_small/{track_id // 1000:03d}/{name}"] = b"ID3\x03" + bytes(6) if track_id == 99134 else content
    return pack(members)


@pytest.fixture
def server(small_set: bytes) -> Iterator[ArchiveServer]:
    state = ArchiveServer({"fma_small.zip": small_set, "fma_metadata.zip": pack_metadata(ROWS)})
    with serve(state):
        yield state


def sha1(content: bytes) -> str:
    """The digest that a set is published with."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def published(server: ArchiveServer) -> str:
    """EARWISE_FMA_SHA1 for what a server has."""
    return ",".join(f"{name}={sha1(content)}" for name, content in server.contents.items())


@pytest.fixture
def settings(server: ArchiveServer, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", fma_url=server.url, fma_sha1=published(server), extract_processes=1)
