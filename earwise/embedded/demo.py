"""The demo library, where no library is named: openly licensed music from Debian's packages, else synthesised."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from earwise.embedded.debian import Apt, Offer, unpack
from earwise.embedded.demo_sources import SOURCES, DemoSource
from earwise.embedded.processes import IDENTITY_VARIABLE, identity
from earwise.embedded.progress import Progress, Step
from earwise.errors import EarwiseError
from earwise.notice import NOTICE_NAME, LibraryNotice, Source, write_notice
from earwise.root import DEMO_ROOT, Root
from earwise.settings import Settings

# Fewer downloaded tracks than this show little: the synthesised library shows more.
_MIN_TRACKS = 40
_MB = 1_000_000


class _CancelledError(Exception):
    """The start was interrupted."""


def demo_root(settings: Settings) -> Root:
    """The root that stands in for a library."""
    return Root(DEMO_ROOT, settings.home / ("synthesised" if settings.demo == "synthesised" else "demo"))


class DemoLibrary:
    """The demo library of a home, fetched in the background while other things start.

    Attributes
    ----------
    root : Root
        Where it is, or will be after `finish`.
    """

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._is_forced = settings.demo == "synthesised"
        self.root = demo_root(settings)
        self._home = settings.home
        self._progress = progress
        self._thread = threading.Thread(target=self._make, name="demo library", daemon=True)
        self._error: Exception | None = None
        self._is_cancelled = threading.Event()

    def begin(self) -> None:
        """Begin to make it, if it is not there."""
        self.root.folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait until it is there.

        Raises
        ------
        EarwiseError
            If it could not be made.
        """
        while self._thread.is_alive():
            self._thread.join(0.2)  # in short waits, so that Ctrl-C is heard
        if self._error is not None:
            raise EarwiseError(f"The demo library could not be made: {self._error}") from self._error

    def cancel(self) -> None:
        """Break off what is going on; the next start takes it up."""
        self._is_cancelled.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _go_on(self) -> None:
        if self._is_cancelled.is_set():
            raise _CancelledError

    def _make(self) -> None:
        try:
            if _is_complete(self.root.folder):
                return
            if self._is_forced or not self._fetch():
                self._synthesise()
        except Exception as error:  # noqa: BLE001 - raised again by finish, in the main thread
            self._error = error

    def _fetch(self) -> bool:
        if not Apt.is_present():
            self._progress.say("No apt-get here: the demo library is synthesised.")
            return False
        environment = {**os.environ, IDENTITY_VARIABLE: identity(self._home)}
        apt = Apt(self._home / "downloads", environment)
        fetching = _Fetching(self.root.folder, apt, self._progress, self._go_on)
        tracks = fetching.fetch()
        if tracks < _MIN_TRACKS:
            self._progress.say(
                "The demo music could not be downloaded: the demo library is synthesised"
                f" (remove {self.root.folder} to have it tried again)."
            )
            return False
        if not fetching.is_interrupted:
            _mark_complete(self.root.folder)
        shutil.rmtree(self._home / "downloads", ignore_errors=True)
        return True

    def _synthesise(self) -> None:
        from earwise.embedded.synthesis import LICENCE, synthesise_library  # heavy, and seldom needed

        with self._progress.step("Synthesising the demo library") as step:

            def show(done: int, total: int) -> None:
                self._go_on()
                step.update(done, total)

            counts = synthesise_library(self.root.folder, show)
        sources = tuple(Source(style, LICENCE, count) for style, count in counts.items())
        text = f"{sum(counts.values())} short tracks in {len(counts)} styles, made by Earwise itself."
        write_notice(self.root, LibraryNotice("Demo library", text, sources))
        _mark_complete(self.root.folder)


@dataclass
class _Fetching:
    """One attempt to bring every source that is not there yet.

    Attributes
    ----------
    go_on : callable
        Raises when the start was interrupted.
    is_interrupted : bool
        Whether a package that the release has could not be fetched: the next start tries again.
    """

    folder: Path
    apt: Apt
    progress: Progress
    go_on: Callable[[], None]
    is_interrupted: bool = False

    def fetch(self) -> int:
        """Fetch and unpack; write the notice; return how many tracks there are."""
        present = _read_present(self.folder)
        missing = [source for source in SOURCES if source.name not in present]
        offers = self._find_offers(missing)
        with self.progress.step("Downloading the demo library", "MB") as step:
            fetched_bytes, total = 0, sum(offer.size_bytes for offer in offers.values()) / _MB
            for number, (source, offer) in enumerate(offers.items(), start=1):
                step.update(fetched_bytes / _MB, total, f"package {number} of {len(offers)}: {source.name}")
                tracks = self._bring(source, offer, step, fetched_bytes)
                if tracks is None:
                    self.is_interrupted = True
                else:
                    present[source.name] = tracks
                    _write_present(self.folder, present)
                fetched_bytes += offer.size_bytes
            step.update(fetched_bytes / _MB, total)
        _write_fetched_notice(self.folder, present)
        return sum(present.values())

    def _find_offers(self, missing: list[DemoSource]) -> dict[DemoSource, Offer]:
        names = [name for source in missing for name in source.packages]
        available = self.apt.offers(names)
        if not available and self.apt.refresh():
            available = self.apt.offers(names)
        offers = {}
        for source in missing:
            offer = next((available[name] for name in source.packages if name in available), None)
            if offer is not None:
                offers[source] = offer
            elif available:
                self.progress.say(f"This release has no package {source.packages[0]}: the demo goes without it.")
        return offers

    def _bring(self, source: DemoSource, offer: Offer, step: Step, before_bytes: int) -> int | None:
        """Fetch one package; returns how many tracks it holds, or None if it could not be fetched."""

        def show(size: int) -> None:
            self.go_on()
            step.update((before_bytes + size) / _MB, note=source.name)

        package = self.apt.download(offer, show)
        if package is None and self.apt.refresh():  # lists that are too old name files that are gone
            package = self.apt.download(self.apt.offers([offer.name]).get(offer.name, offer), show)
        if package is None:
            return None
        unpacked = package.with_suffix(".unpacked")
        tracks = _move_tracks(source, unpacked, self.folder) if unpack(package, unpacked) else None
        shutil.rmtree(unpacked, ignore_errors=True)
        package.unlink(missing_ok=True)
        return tracks


def _move_tracks(source: DemoSource, unpacked: Path, folder: Path) -> int:
    """Take the tracks and the copyright file out of an unpacked package; returns how many tracks."""
    target = folder / source.artist / source.name
    target.mkdir(parents=True, exist_ok=True)
    count = 0
    for path in sorted(unpacked.rglob("*")):
        relative = PurePosixPath(path.relative_to(unpacked))
        if path.is_file() and not path.is_symlink() and source.is_track(relative):
            path.replace(target / source.track_name(relative))
            count += 1
    for notice in unpacked.glob("usr/share/doc/*/copyright"):
        shutil.copyfile(notice, target / "copyright.txt")
    return count


def _write_fetched_notice(folder: Path, present: dict[str, int]) -> None:
    known = [source for source in SOURCES if present.get(source.name)]
    sources = tuple(Source(f"{s.name} ({s.artist})", s.licence, present[s.name]) for s in known)
    text = f"{sum(present.values())} tracks of free games, from the packages of Debian or Ubuntu."
    write_notice(Root(DEMO_ROOT, folder), LibraryNotice("Demo library", text, sources))


def _read_present(folder: Path) -> dict[str, int]:
    """Tracks of each source that has been brought."""
    try:
        document = json.loads((folder / ".sources.json").read_text("utf-8"))
        return {str(name): int(count) for name, count in document.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _write_present(folder: Path, present: dict[str, int]) -> None:
    path = folder / ".sources.json"
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(present, indent=2), "utf-8")
    temporary.replace(path)


def _is_complete(folder: Path) -> bool:
    return (folder / ".complete").exists() and (folder / NOTICE_NAME).exists()


def _mark_complete(folder: Path) -> None:
    (folder / ".complete").touch()
