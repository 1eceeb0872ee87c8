"""The benchmark of extraction measures what it says, in the form that was agreed."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from earwise.bench import extract, others, racing
from earwise.bench.clips import make_clips, repeat_clips
from earwise.cli.__main__ import main
from earwise.features.decode import read_duration_s
from earwise.library.identity import identify_recording
from tests.audio import make_tone, write_audio

KEYS = [
    "tracks",
    "median_s",
    "floor_tracks_per_s",
    "librosa_tracks_per_s",
    "bliss_tracks_per_s",
    "essentia_tracks_per_s",
    "earwise_tracks_per_s",
    "all_cores_tracks_per_s",
    "dag_tracks_per_s",
    "dag_overhead_s",
    "worker_peak_rss_mb",
]


@pytest.mark.slow
def test_extract_benchmark_prints_its_figures_and_cleans_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library, scratch = tmp_path / "library", tmp_path / "scratch"
    library.mkdir()
    scratch.mkdir()
    for number in range(3):
        write_audio(library / f"{number}.flac", make_tone(3.0 + number))
    (library / "words.mp3").write_text("These are only words.\n")
    write_audio(library / "silent.flac", make_tone(30.0) * 0)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setattr(extract, "bench_python", lambda say: None)
    monkeypatch.setattr(extract, "_FEWEST_JOBS", 60)
    assert main(["bench", "extract", "--library", str(library), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["clips"]
    figures = document["clips"]
    assert list(figures) == KEYS
    absent = {"bliss_tracks_per_s", "essentia_tracks_per_s", "dag_tracks_per_s", "dag_overhead_s"}
    assert {name for name, value in figures.items() if value is None} == absent
    assert (figures["tracks"], figures["median_s"]) == (3, 4.0)
    assert all(figures[name] > 0 for name in KEYS if name not in absent)
    assert list(scratch.iterdir()) == []


def test_file_that_ends_or_shakes_a_contestant_counts_for_none_and_the_race_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("panic", "die", "1", "2")
    files = [Path(os.fsdecode(write_audio(tmp_path / f"{name}.wav", make_tone(0.1)))) for name in names]
    monkeypatch.setattr(racing, "contestants", SimpleNamespace(__file__=Path(__file__).with_name("contestants.py")))
    said: list[str] = []
    result = racing.race(files, dict.fromkeys(("floor", "faulty", "absent"), Path(sys.executable)), 2, said.append)
    assert [file.stem for file in result.files] == ["1", "2"]
    assert [name for name, rate in result.rates.items() if rate] == ["floor", "faulty"]
    assert len(said) == 2
    assert racing.race_together("faulty", result.files * 5, 2) > 0


def test_what_has_no_wheel_here_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "_FOLDER", tmp_path)
    installed = []

    def run(*command: str) -> str:
        tool = command[-1]
        if "install" not in command:
            return ""
        assert command[command.index("--constraints") + 1].endswith("requirements-bench.txt")
        if tool == "essentia":
            return "essentia has no wheels with a matching Python ABI tag"
        installed.append(tool)
        return ""

    monkeypatch.setattr(others, "_failure", run)
    said: list[str] = []
    for _ in range(2):
        assert others.bench_python(said.append) == tmp_path / "bin" / "python"
    assert installed == ["bliss-audio", "locust"] * 2, "what is missing is tried again the next time"
    assert sum("essentia can't be installed here: essentia has no wheels" in line for line in said) == 2


def test_library_without_audio_is_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "extract", "--library", str(tmp_path)]) == 2
    assert "No file was found there" in capsys.readouterr().err


def test_repeats_of_a_clip_are_distinct_recordings_that_sound_the_same(tmp_path: Path) -> None:
    track = write_audio(tmp_path / "track.flac", make_tone(40.0, rate_hz=16_000), rate_hz=16_000)
    short = write_audio(tmp_path / "short.flac", make_tone(10.0))
    originals, repeated = tmp_path / "originals", tmp_path / "repeated"
    originals.mkdir()
    repeated.mkdir()
    (clip,) = make_clips([Path(os.fsdecode(track)), Path(os.fsdecode(short))], originals)
    assert read_duration_s(bytes(clip)) == pytest.approx(30.0, abs=0.1)
    repeat_clips([clip], 300, repeated)
    files = sorted(repeated.rglob("*.mp3"))
    assert len(files) == 300
    assert len({identify_recording(bytes(file)).audio_id for file in files}) == 300
    assert {file.stat().st_size for file in files} == {clip.stat().st_size}
