"""The benchmark of excerpts tells folders apart by sound, and whole tracks are their own measure."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from earwise.bench import excerpts
from earwise.cli.__main__ import main
from earwise.features.config import MfccConfig
from tests.audio import make_tone, write_audio


def test_policies_are_compared_by_what_they_cost_and_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, pitch_hz in (("low", 110.0), ("high", 880.0)):
        (tmp_path / folder).mkdir()
        for number in range(6):
            y = make_tone(16.0 + number, pitch_hz=pitch_hz * (1 + number / 50), rate_hz=16_000)
            write_audio(tmp_path / folder / f"{number}.flac", y, rate_hz=16_000)
    write_audio(tmp_path / "alone.flac", make_tone(3.0))
    whole = dataclasses.replace(MfccConfig(), longest_whole_s=60.0)
    monkeypatch.setattr(excerpts, "policies", lambda: {"whole": whole, "shipped": MfccConfig()})
    assert main(["bench", "excerpts", "--library", str(tmp_path), "--json"]) == 0
    of_whole, shipped = json.loads(capsys.readouterr().out)
    assert list(of_whole) == ["policy", "audio_s", "cpu_ms", "p_at_1", "p_at_5", "overlap"]
    assert (of_whole["overlap"], of_whole["p_at_1"], shipped["p_at_1"]) == (1.0, 1.0, 1.0)
    assert of_whole["audio_s"] == pytest.approx(18.5, abs=0.1)
    assert shipped["audio_s"] < 10


def test_track_is_not_among_the_nearest_of_itself_in_a_library_of_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, pitch_hz in (("low", 110.0), ("high", 880.0)):
        (tmp_path / folder).mkdir()
        for number in range(2):
            y = make_tone(3.0, pitch_hz=pitch_hz * (1 + number / 50), rate_hz=16_000)
            write_audio(tmp_path / folder / f"{number}.flac", y, rate_hz=16_000)
    monkeypatch.setattr(excerpts, "policies", lambda: {"shipped": MfccConfig()})
    assert main(["bench", "excerpts", "--library", str(tmp_path), "--json"]) == 0
    (figures,) = json.loads(capsys.readouterr().out)
    # Of the three others one is of the same folder.
    assert (figures["p_at_1"], figures["p_at_5"]) == (1.0, 0.333)


def test_shipped_policy_is_among_those_compared() -> None:
    assert MfccConfig() in excerpts.policies().values()


def test_policies_are_the_rows_of_the_documented_table() -> None:
    text = (Path(__file__).parents[2] / "docs" / "benchmarks" / "extraction.md").read_text("utf-8")
    _, _, section = text.partition("## Excerpt policy")
    table = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    assert [line.split("|")[1].strip(" *") for line in table[1:]] == list(excerpts.policies())


def test_one_folder_alone_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.flac", "b.flac"):
        write_audio(tmp_path / name, make_tone(2.0))
    assert main(["bench", "excerpts", "--library", str(tmp_path)]) == 2
    assert "two of them" in capsys.readouterr().err
