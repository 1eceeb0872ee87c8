"""A worker process: analyses the files that its parent sends, one at a time, until the connection closes.

The conversation, as seen from here: send ``Ready``; receive a ``Job``; send ``Question`` and receive its answer, at
most once; send ``Analysis`` or ``TrackError``; receive the next ``Job``.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from dataclasses import replace
from multiprocessing.connection import Connection

import librosa
import numpy as np

from earwise.errors import OutOfMemoryError, TrackError, UnreadableFileError
from earwise.extraction.analysis import analyse_track, read_tags_again
from earwise.extraction.limits import HEADROOM_MB, beyond_limit, limit_memory
from earwise.extraction.messages import Analysis, Former, Job, Question, Ready
from earwise.features.config import MfccConfig
from earwise.features.mfcc import summarise
from earwise.library.growth import has_grown
from earwise.roots.opening import local_copy, read_directory


def main() -> None:
    """Serve the parent on the socket whose descriptor is the first argument."""
    _end_with_parent(os.getppid())
    connection = Connection(int(sys.argv[1]))
    _warm_up(MfccConfig())
    limit_memory()
    connection.send(Ready())
    # Decoders write about damaged files to stderr, thousands of lines for some; the outcome says what matters.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        while True:
            connection.send(_analyse(connection.recv(), connection))
    except (EOFError, ConnectionError, _ParentGoneError):
        return


class _ParentGoneError(Exception):
    """Nobody waits for the outcome any more."""


def _analyse(job: Job, connection: Connection) -> Analysis | TrackError:
    def known_versions(audio_id: str) -> frozenset[str]:
        try:
            connection.send(Question(audio_id))
            versions: frozenset[str] = connection.recv()
        except (EOFError, ConnectionError) as error:
            raise _ParentGoneError from error
        return versions

    try:
        # The directory of an archive may take more than any of its files.
        with beyond_limit():
            read_directory(job.file, job.roots)
        # Fetching a copy is the file's own time too, and its failures are the file's. So is waiting for its room while
        # other processes fetch theirs.
        with local_copy(job.file, job.roots, wait_s=job.fetching_s / 2) as location:
            if job.known and (again := read_tags_again(job.file, location, job.known)):
                return again
            analysis = analyse_track(job.file, location, job.configs, known_versions)
            return replace(analysis, has_grown=_has_grown(job.former, location, analysis))
    except TrackError as error:
        return error
    except _ParentGoneError:
        raise
    except MemoryError:
        return _out_of_memory()
    except OSError as error:
        if error.errno == errno.ENOMEM:
            return _out_of_memory()
        # It could be opened, so not the code of files that are tried again as soon as they can be.
        message = f"The system could not read the file: {os.strerror(error.errno or 0)}."
        return UnreadableFileError(message, code="read_error")
    except Exception as error:  # noqa: BLE001 - one file's surprise must not cost the batch
        return TrackError(f"Analysis failed unexpectedly: {type(error).__name__}: {str(error)[:300]}")


def _has_grown(former: Former | None, location: bytes, analysis: Analysis) -> bool:
    if former is None or former.track_id == analysis.audio_id:
        return False
    try:
        return has_grown(location, former.track_id, former.size_bytes)
    except (TrackError, OSError, MemoryError):
        return False  # what was found out about the file stands all the same


def _out_of_memory() -> OutOfMemoryError:
    return OutOfMemoryError(f"Analysing this file takes more memory than a file may take, which is {HEADROOM_MB} MB.")


def _warm_up(config: MfccConfig) -> None:
    """Load what librosa loads when it is first used, so that the first track's time-out does not pay for it."""
    y = np.sin(np.arange(2 * config.sr, dtype=np.float32))
    summarise([librosa.resample(y, orig_sr=2 * config.sr, target_sr=config.sr, res_type="soxr_hq")], config)


def _end_with_parent(parent: int) -> None:
    """End this process when its parent is gone, even while a decoder hangs."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
