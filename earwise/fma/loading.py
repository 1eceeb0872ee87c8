"""The steps of the DAG ``load_fma``, each safe to repeat."""

from __future__ import annotations

import logging
from pathlib import Path

from earwise.errors import BadDownloadError, DownloadError
from earwise.fma.download import download
from earwise.fma.progress import DownloadProgress
from earwise.fma.sets import METADATA, source_of
from earwise.fma.tracks_csv import read_tags_by_folder
from earwise.log import fields
from earwise.paths import LibraryPath
from earwise.root import FMA_ROOT, Root
from earwise.settings import Settings
from earwise.store import Store

log = logging.getLogger(__name__)


def bring_archive(store: Store, settings: Settings, name: str) -> Path:
    """Download a set's archive, or the metadata's, and check it; its path.

    Raises
    ------
    BadDownloadError
        If it can't be had or is not what was promised, or a root of the library has taken FMA's name.
    DownloadError
        If the server breaks off again and again.
    """
    _fma_root(settings)
    source = source_of(settings, name)
    progress = DownloadProgress(store, source.name)
    try:
        path = download(source, settings.fma_home, progress.tell)
    except (DownloadError, OSError) as error:
        progress.fail(str(error))
        if isinstance(error, DownloadError):
            raise
        raise DownloadError(f"{source.name} could not be written: {error}.") from error
    progress.finish(path.stat().st_size)
    return path


def read_catalogue(store: Store, settings: Settings) -> dict[str, int]:
    """Note the tags of all FMA's tracks; files that were analysed with others wait to be analysed again.

    Raises
    ------
    BadDownloadError
        If the metadata hold no table of tracks.
    """
    tracks = changed = 0
    for path, tags in read_tags_by_folder(settings.fma_home / source_of(settings, METADATA).name).items():
        tracks += len(tags)
        changed += store.catalogue.put(LibraryPath(FMA_ROOT, path), tags)
    if not tracks:
        raise BadDownloadError("tracks.csv holds no track.")
    released = release_changed(store)
    log.info("catalogue read: %d tracks, %d new or changed", tracks, changed, extra=fields(released=released))
    return {"tracks": tracks, "changed": changed}


def release_changed(store: Store) -> int:
    """Let files wait again whose tags in the catalogue have changed; how many."""
    released = 0
    for location, names in store.catalogue.unread():
        _, waiting = store.folders.let_wait(location, names)
        store.catalogue.mark_read(location, names)
        released += waiting
    return released


def publish_set(settings: Settings, name: str) -> Path:
    """Make a set's archive the FMA root of the library; the set before stays on disk. The archive's path.

    Raises
    ------
    BadDownloadError
        If the archive is not there.
    """
    archive, link = settings.fma_home / source_of(settings, name).name, _fma_root(settings).folder
    if not archive.is_file():
        raise BadDownloadError(f"{archive} is not there; run the download again.")
    before = link.resolve() if link.is_symlink() else None
    # A link in one move: a scan sees the one archive or the other.
    fresh = link.with_name(f"{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(archive.name)
    fresh.replace(link)
    if before is not None and before != archive.resolve() and before.exists():
        log.info("no longer used, and may be removed: %s", before, extra=fields(bytes=before.stat().st_size))
    return archive


def _fma_root(settings: Settings) -> Root:
    root = next(root for root in settings.roots if root.name == FMA_ROOT)
    if not root.is_optional:
        raise BadDownloadError(f"EARWISE_LIBRARY has a root named {FMA_ROOT!r} of its own: give it another name.")
    return root
