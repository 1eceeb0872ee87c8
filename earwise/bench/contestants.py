"""One way of analysing a file, in a process of its own: reads paths from stdin, answers with the seconds each took.

Run by its path, because what Earwise is compared with lives in another environment, which knows nothing of Earwise.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

_BLOCK = 1 << 17


def _decode() -> Callable[[str], Any]:
    """Decode the whole file and keep nothing: what no analysis of whole files can be faster than."""
    import av
    import soundfile

    def decode_by_ffmpeg(path: str) -> None:
        with av.open(path) as container:
            for _ in container.decode(container.streams.audio[0]):
                pass

    def decode(path: str) -> None:
        try:
            sound = soundfile.SoundFile(path)
        except soundfile.LibsndfileError:
            decode_by_ffmpeg(path)
            return
        with sound:
            while len(sound.read(_BLOCK, dtype="float32", always_2d=True)):
                pass

    return decode


def _librosa() -> Callable[[str], Any]:
    """What a notebook does: load the whole file, compute its MFCCs."""
    import librosa

    def analyse(path: str) -> Any:
        y, sr = librosa.load(path)
        return librosa.feature.mfcc(y=y, sr=sr)

    return analyse


def _earwise() -> Callable[[str], Any]:
    """All that a track costs but the store: identity, tags, features."""
    import os

    from earwise.extraction.analysis import analyse_track
    from earwise.features.config import MfccConfig
    from earwise.paths import LibraryPath

    configs = (MfccConfig(),)

    def analyse(path: str) -> Any:
        location = os.fsencode(path)
        return analyse_track(LibraryPath("bench", location.lstrip(b"/")), location, configs, lambda _: frozenset())

    return analyse


def _identity() -> Callable[[str], Any]:
    """The first part of what Earwise does: telling the recording from all others."""
    import os

    from earwise.library.identity import identify_recording

    return lambda path: identify_recording(os.fsencode(path))


def _bliss() -> Callable[[str], Any]:
    from bliss_audio import bliss_audio  # type: ignore[import-not-found]

    return lambda path: bliss_audio.Song(path).analysis


def _essentia() -> Callable[[str], Any]:
    """The MFCCs of the whole file at the rate and hop that librosa has."""
    import essentia.standard as standard  # type: ignore[import-not-found]

    window, spectrum = standard.Windowing(type="hann"), standard.Spectrum(size=2048)
    mfcc = standard.MFCC(inputSize=1025, sampleRate=22050, highFrequencyBound=11025, numberCoefficients=20)

    def analyse(path: str) -> Any:
        y = standard.MonoLoader(filename=path, sampleRate=22050)()
        frames = standard.FrameGenerator(y, frameSize=2048, hopSize=512, startFromZero=True)
        return [mfcc(spectrum(window(frame)))[1] for frame in frames]

    return analyse


CONTESTANTS = {
    "floor": _decode,
    "librosa": _librosa,
    "identity": _identity,
    "earwise": _earwise,
    "bliss": _bliss,
    "essentia": _essentia,
}


def main(name: str) -> None:
    """Answer for each path on stdin with a line of JSON: the seconds it took, or what went wrong."""
    analyse = CONTESTANTS[name]()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        path = json.loads(line)
        began = time.perf_counter()
        try:
            analyse(path)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - every library has errors of its own, and bliss panics
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
        else:
            print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
