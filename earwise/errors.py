"""The errors of Earwise, as callers meet them.

EarwiseError
├ ConfigError            stops start-up, says which variable and an example value
├ LibraryError           a root is absent, empty or unreadable: the scan changes nothing
├ BrokenDecoderError     the decoder fails on a clip known to be good: says nothing of the library's files
├ BatchOverdueError      a batch takes far longer than its size explains; a retry goes on with the rest
├ ExtractionRunError     the run is closed or was never planned: a retry would not help
├ TrackError             one file: quarantined with its code, the batch goes on
│  ├ DecodeError             truncated, not audio
│  ├ DecoderCrashError       the worker died of it
│  ├ AudioTooShortError
│  ├ SilentAudioError
│  ├ NonFiniteAudioError
│  ├ UnsupportedFormatError
│  ├ UnreadableFileError     permission, vanished, input/output error
│  │  └ LocalCopyError          no local copy can be written: says nothing of the file
│  ├ ChangingFileError       written while it was read
│  ├ DecodeTimeoutError
│  ├ OutOfMemoryError        more memory than a worker may take
│  └ ProcessKilledError      the worker was ended from outside, again and again
├ DownloadError          broke off; what is there is kept, and a retry goes on from it
│  └ BadDownloadError        a retry would not help: refused, no room, or not what was promised
├ TrainingDataError      fails the run, and a retry would not help: degenerate clustering, an empty range of k
│  └ TooFewTracksError       skips the run
├ ModelInUseError        fails the run: readers see the model that it was to make
├ TableError             a CSV file that can't be evaluated: says line and column
├ StoreError             transient; the scheduler retries
│  └ StoreAwayError          the server does not answer: it may be back in a minute
├ PartError              a part of the embedded stack or a Dag run failed: its log says more
├ DuplicateError         the document exists already (a user name taken)
├ PlaylistFullError      a playlist takes no more tracks
├ TooManyTokensError     an account has as many access tokens as it may
├ UndrawnError           a picture whose drawing came to no end, which another try in some minutes may
├ BusyError              too much of one kind is under way: another try in a moment may do
└ ModelNotFoundError     the web app shows "not trained yet", never a 500
"""

from __future__ import annotations


class EarwiseError(Exception):
    """Base of every error that Earwise raises on purpose."""


class ConfigError(EarwiseError):
    """A setting is missing or wrong.

    Parameters
    ----------
    variable : str
        Name of the environment variable.
    problem : str
        What is wrong, as the end of the sentence "VARIABLE …".
    example : str
        A value that would work.
    """

    def __init__(self, variable: str, problem: str, example: str) -> None:
        super().__init__(f"{variable} {problem}; for example {variable}={example}")
        self.variable = variable


class LibraryError(EarwiseError):
    """A root of the library can't be scanned; nothing was changed."""


class BrokenDecoderError(EarwiseError):
    """The decoder fails on a clip that is known to be good."""


class BatchOverdueError(EarwiseError):
    """A batch takes far longer than its size explains; what it has done is stored."""


class ExtractionRunError(EarwiseError):
    """The extraction run is closed or was never planned; a retry would not help."""


class TrackError(EarwiseError):
    """One file can't become a track.

    Attributes
    ----------
    code : str
        Short name of the fault, stored and counted.
    """

    code = "failed"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the code when the error crosses from a worker process."""
        return (_rebuild_track_error, (type(self), str(self), self.code))


def _rebuild_track_error(kind: type[TrackError], message: str, code: str) -> TrackError:
    return kind(message, code=code)


class DecodeError(TrackError):
    """The decoder refused the file or broke on it."""

    code = "not_audio"


class DecoderCrashError(TrackError):
    """The decoder crashed on the file, which another build of it may not."""

    code = "decoder_crash"


class AudioTooShortError(TrackError):
    """Too little audio to describe a sound."""

    code = "too_short"


class SilentAudioError(TrackError):
    """Nothing to hear."""

    code = "silent"


class NonFiniteAudioError(TrackError):
    """Samples that are not numbers."""

    code = "non_finite"


class UnsupportedFormatError(TrackError):
    """No decoder here reads this format."""

    code = "unsupported"


class UnreadableFileError(TrackError):
    """The operating system refused to read the file."""

    code = "unreadable"


class LocalCopyError(UnreadableFileError):
    """No copy could be written that the file is read or played from; for a scan it is as unreadable as others."""


class ChangingFileError(TrackError):
    """The file was written while it was read; the next scan finds it changed."""

    code = "changing"


class DecodeTimeoutError(TrackError):
    """Decoding took longer than allowed."""

    code = "time_out"


class OutOfMemoryError(TrackError):
    """Analysis asked for more memory than a worker may take."""

    code = "out_of_memory"


class ProcessKilledError(TrackError):
    """The worker was ended from outside, which need not be the file's fault."""

    code = "killed"


class DownloadError(EarwiseError):
    """A download broke off again and again; a retry goes on where it ended."""


class BadDownloadError(DownloadError):
    """A download can't be had, has no room, or is not what was promised; a retry would not help."""


class TrainingDataError(EarwiseError):
    """The features can't be trained on; a retry would not help."""


class TooFewTracksError(TrainingDataError):
    """Fewer tracks than the smallest sensible model needs."""


class ModelInUseError(EarwiseError):
    """Readers see the model that was to be trained anew; a retry would not help."""


class TableError(EarwiseError):
    """A table that can't be evaluated; the message names the line and the column."""


class StoreError(EarwiseError):
    """The store did not answer or refused; worth a retry."""


class StoreAwayError(StoreError):
    """The store did not answer; what was asked of it can be asked again."""


class PartError(EarwiseError):
    """A part of the embedded stack did not start, or a Dag run failed; the message names the command for its log."""


class DuplicateError(EarwiseError):
    """A document with this unique value exists already."""


class PlaylistFullError(EarwiseError):
    """A playlist takes no more tracks."""


class TooManyTokensError(EarwiseError):
    """An account has as many access tokens as it may."""


class UndrawnError(EarwiseError):
    """Drawing a picture came to no end, just now or a while ago; another try in some minutes may do."""


class BusyError(EarwiseError):
    """Too much of one kind is under way; another try in a moment may do."""


class ModelNotFoundError(EarwiseError):
    """No such model, or none is active yet."""
