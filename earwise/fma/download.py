"""Downloads a large file over connections that break, and takes nothing for good whose SHA-1 is another.

What has come is kept beside the target in ``NAME.part``, with the server's mark of its version (ETag, else the time of
the last change) in ``NAME.part.json``. The next attempt asks for the rest, whichever process makes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx

from earwise.errors import BadDownloadError, DownloadError
from earwise.fma.part import Part, Version
from earwise.fma.sets import Source
from earwise.log import fields

log = logging.getLogger(__name__)

#: Told how many bytes are here, or were checked, of how many, and whether they are being checked.
Tell = Callable[[int, int, bool], None]

_BLOCK_BYTES = 1 << 20
_SPARE_BYTES = 100_000_000
# Attempts in a row that bring nothing; the waits between them grow from the first to a minute: five minutes in all.
_MOST_VAIN_ATTEMPTS = 8
_FIRST_WAIT_S = 2.0
_TRANSIENT_STATUSES = frozenset((408, 425, 429))
_SHA1_SUFFIX = ".sha1"


def download(source: Source, folder: Path, tell: Tell, *, first_wait_s: float = _FIRST_WAIT_S) -> Path:
    """Bring a file into a folder, or find it there; its path.

    Raises
    ------
    BadDownloadError
        If it can't be had, has no room, or has another SHA-1 than it should; then it is removed.
    DownloadError
        If the server breaks off again and again.
    """
    target = folder / source.name
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder / f"{source.name}.lock"):
        if target.exists():
            _check_present(source, target, tell)
            return target
        with Part(folder / f"{source.name}.part") as part:
            _fetch(source, part, tell, first_wait_s)
            _check_fetched(source, part, tell)
            part.become(target)
        _remember(source, target)
    return target


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DownloadError("Another process downloads this file.") from None
        yield


def _fetch(source: Source, part: Part, tell: Tell, first_wait_s: float) -> None:
    vain = 0
    odd: Version | None = None
    # No limit for the whole answer, which takes hours; each block has to come within half a minute.
    with httpx.Client(timeout=30, follow_redirects=True, headers={"Accept-Encoding": "identity"}) as client:
        while not part.is_complete:
            before = part.size_bytes
            try:
                odd = _fetch_more(client, source, part, tell, is_patient=vain < 2, seen=odd)
                reason = "the server sent less than it promised"
            except httpx.RequestError as error:
                reason = str(error) or type(error).__name__
                log.warning("broke off at %d bytes: %s", part.size_bytes, reason, extra=fields(url=source.url))
            vain = 0 if part.size_bytes > before else vain + 1
            if vain >= _MOST_VAIN_ATTEMPTS:
                raise DownloadError(f"{source.url} broke off again and again, at last since {reason}.")
            if vain:
                time.sleep(min(60.0, first_wait_s * 2 ** (vain - 1)))


def _fetch_more(
    client: httpx.Client, source: Source, part: Part, tell: Tell, *, is_patient: bool, seen: Version | None
) -> Version | None:
    """One request for what is missing.

    Returns
    -------
    Version or None
        What the server says to have in place of the version that the part is of. Only if it says the same twice the
        part is void, which may hold the download of a day: one answer may be another machine's.
    """
    with client.stream("GET", source.url, headers=part.request_headers()) as answer:
        _check_answer(source, answer)
        is_beyond = answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE
        version = Version() if is_beyond else Version.of(answer)
        if part.size_bytes and version not in (part.version, seen):
            return version
        if is_beyond:
            part.discard()  # more is here than there is
            return None
        passed_over = 0
        if answer.status_code == httpx.codes.OK:
            if part.size_bytes and part.version == version:
                if is_patient:
                    return None  # the server did not heed the range; asked again it may
                passed_over = part.size_bytes
            else:
                part.begin(version)
        elif part.version != version or Part.offset_of(answer) != part.size_bytes:
            if part.version != version or not is_patient:
                part.discard()
            return None
        _check_room(part)
        # As they come: on a bad line none might ever grow to a given size.
        for block in answer.iter_raw():
            kept = block[passed_over:]
            passed_over = max(0, passed_over - len(block))
            part.write(kept)
            tell(part.size_bytes, part.total_bytes, False)
        part.end()
        return None


def _check_answer(source: Source, answer: httpx.Response) -> None:
    status = answer.status_code
    if status in (200, 206) and answer.headers.get("Content-Type", "").startswith("text/html"):
        raise httpx.ReadError("the server answered with a page of text")
    if status in (200, 206, 416):
        return
    if status >= 500 or status in _TRANSIENT_STATUSES:
        raise httpx.ReadError(f"the server answered {status} {answer.reason_phrase}")
    raise BadDownloadError(f"{source.url} can't be had: the server answered {status} {answer.reason_phrase}.")


def _check_room(part: Part) -> None:
    missing = part.total_bytes - part.size_bytes
    free = shutil.disk_usage(part.path.parent).free
    if missing + _SPARE_BYTES > free:
        raise BadDownloadError(
            f"{part.path.parent} has {free / 1e9:.1f} GB free, and {missing / 1e9:.1f} GB are to come. "
            "Free some, or name a folder on another disk in EARWISE_FMA_FOLDER; what has come is kept."
        )


def _check_fetched(source: Source, part: Part, tell: Tell) -> None:
    with part.path.open("rb") as file:
        found = _digest(file, part.size_bytes, tell)
    if found != source.sha1:
        part.discard()
        raise BadDownloadError(
            f"{source.url} came with the SHA-1 {found}, not {source.sha1}: it was damaged on the way or is another "
            "file. It was removed; trigger load_fma again to download it anew."
        )


def _check_present(source: Source, target: Path, tell: Tell) -> None:
    """A file that is here was checked before, or somebody put it there."""
    note = target.with_name(target.name + _SHA1_SUFFIX)
    with contextlib.suppress(OSError):
        if note.read_text("utf-8") == _mark(source, target):
            return
    with target.open("rb") as file:
        found = _digest(file, target.stat().st_size, tell)
    if found != source.sha1:
        raise BadDownloadError(f"{target} has the SHA-1 {found}, not {source.sha1}. Remove it to have it downloaded.")
    _remember(source, target)


def _remember(source: Source, target: Path) -> None:
    target.with_name(target.name + _SHA1_SUFFIX).write_text(_mark(source, target), "utf-8")


def _mark(source: Source, target: Path) -> str:
    status = target.stat()
    return f"{source.sha1} {status.st_size} {status.st_mtime_ns}\n"


def _digest(file: BinaryIO, total_bytes: int, tell: Tell) -> str:
    digest, done = hashlib.sha1(usedforsecurity=False), 0
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
        done += len(block)
        tell(done, total_bytes, True)
    return digest.hexdigest()
