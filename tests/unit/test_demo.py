"""The demo library's table, how it is fetched with a stand-in for apt, and what replaces it."""

from __future__ import annotations

import os
import time
from pathlib import Path, PurePosixPath

import pytest

from earwise.embedded import synthesis
from earwise.embedded.debian import Apt, Offer
from earwise.embedded.demo import DemoLibrary
from earwise.embedded.demo_sources import SOURCES
from earwise.notice import read_notice
from earwise.settings import Settings
from tests.unit.progress import SilentProgress

# Prints offers for, or "downloads", whatever it is asked for except what the release lacks; unpacking gives music.
APT = """#!/bin/sh
state={state}
for word; do last=$word; done
case "$*" in
*" update "*) ;;
*--print-uris*)
    for word; do
        case $word in
        -* | APT::* | Dir::* | download | {lacking}) ;;
        *) echo "'http://mirror/$word.deb' ${{word}}_1_all.deb 7 SHA256:0" ;;
        esac
    done ;;
*download*)
    [ "$last" = "{broken}" ] && exit 100
    echo "$last" >>$state/downloaded
    printf %s package >${{last}}_1_all.deb
    ;;
esac
"""
DPKG = """#!/bin/sh
name=$(basename "$2" _1_all.deb)
put() {
    mkdir -p "$(dirname "$1")"
    echo "$name" >"$1"
}
put "$3/usr/share/doc/$name/copyright"
put "$3/usr/share/games/$name/README"
case $name in
wesnoth*)
    for number in $(seq 45); do put "$3/usr/share/games/wesnoth/data/core/music/$number.ogg"; done
    put "$3/usr/share/games/wesnoth/data/core/music/silence.ogg"
    ;;
glob2-data) put "$3/usr/share/games/glob2/data/zik/a1.ogg" ;;
fretsonfire*) put "$3/usr/share/games/fretsonfire/data/songs/sectoid/Feelings/song.ogg" ;;
*)
    put "$3/usr/share/games/$name/sounds/stg0.ogg"
    put "$3/usr/share/games/$name/sounds/music/musics/0.ogg"
    ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with stand-ins for apt-get and dpkg-deb; gives the folder of their state."""
    programs, state = tmp_path / "bin", tmp_path / "state"
    programs.mkdir()
    state.mkdir()
    write_program(programs / "apt-get", APT.format(state=state, lacking="mu-cade-data", broken="none"))
    write_program(programs / "dpkg-deb", DPKG)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return state


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def make_library(home: Path, progress: SilentProgress, demo: str = "auto") -> DemoLibrary:
    library = DemoLibrary(Settings.from_env({"EARWISE_HOME": str(home), "EARWISE_DEMO": demo}), progress)
    library.begin()
    library.finish()
    return library


def fake_synthesis(folder: Path, show: object) -> dict[str, int]:
    (folder / "made.wav").write_text("made")
    return {"Drone": 1}


def test_table_names_each_package_once_with_a_licence() -> None:
    packages = [package for source in SOURCES for package in source.packages]
    assert len(packages) == len(set(packages))
    assert all(source.licence and source.name and source.artist for source in SOURCES)


@pytest.mark.parametrize(
    ("package", "path", "is_track"),
    [
        ("wesnoth-1.16-music", "usr/share/games/wesnoth/1.16/data/core/music/battle.ogg", True),
        ("wesnoth-1.16-music", "usr/share/games/wesnoth/1.16/data/core/music/silence.ogg", False),
        ("wesnoth-1.16-music", "usr/share/doc/wesnoth-1.16-music/copyright", False),
        ("singularity-music", "usr/share/games/singularity/music/win/Apex Aleph.ogg", True),
        ("fretsonfire-songs-sectoid", "usr/share/games/fretsonfire/data/songs/sectoid/Feelings/song.ogg", True),
        ("fretsonfire-songs-sectoid", "usr/share/games/fretsonfire/data/songs/sectoid/Feelings/guitar.ogg", False),
        ("noiz2sa-data", "usr/share/games/noiz2sa/sounds/stg0.ogg", True),
        ("noiz2sa-data", "usr/share/games/noiz2sa/sounds/shot.wav", False),
        ("glob2-data", "usr/share/games/glob2/data/zik/a1.ogg", True),
        ("asc-music", "usr/share/games/asc/music/frontiers.mp3", True),
    ],
)
def test_music_is_taken_and_sound_effects_are_not(package: str, path: str, is_track: bool) -> None:
    source = next(source for source in SOURCES if package in source.packages)
    assert source.is_track(PurePosixPath(path)) is is_track


def test_tracks_that_share_one_file_name_are_named_by_their_folder() -> None:
    source = next(source for source in SOURCES if source.name == "Frets on Fire")
    assert source.track_name(PurePosixPath("x/Metal madness/song.ogg")) == "Metal madness.ogg"


def test_fetched_library_has_tracks_licences_and_a_notice(machine: Path, tmp_path: Path) -> None:
    progress = SilentProgress()
    library = make_library(tmp_path / "home", progress)
    folder = library.root.folder / "Wesnoth Project" / "The Battle for Wesnoth"
    assert len(list(folder.glob("*.ogg"))) == 45
    assert (folder / "copyright.txt").read_text() == "wesnoth-1.16-music\n"
    notice = read_notice((library.root,))
    assert notice is not None
    assert {source.name: source.tracks for source in notice.sources}["Gunroar (Kenta Cho)"] == 1
    assert not any("Mu-cade" in source.name for source in notice.sources)
    assert any("no package mu-cade-data" in text for text in progress.said)
    assert not (tmp_path / "home" / "downloads").exists()


def test_second_start_downloads_nothing(machine: Path, tmp_path: Path) -> None:
    make_library(tmp_path / "home", SilentProgress())
    before = (machine / "downloaded").read_text()
    make_library(tmp_path / "home", SilentProgress())
    assert (machine / "downloaded").read_text() == before


def test_what_could_not_be_downloaded_is_tried_again_and_the_rest_is_not(machine: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "apt-get"
    write_program(program, APT.format(state=machine, lacking="none", broken="gunroar-data"))
    make_library(tmp_path / "home", SilentProgress())
    assert "gunroar-data" not in (machine / "downloaded").read_text()
    (machine / "downloaded").unlink()
    write_program(program, APT.format(state=machine, lacking="none", broken="none"))
    make_library(tmp_path / "home", SilentProgress())
    assert (machine / "downloaded").read_text().split() == ["gunroar-data"]


@pytest.mark.parametrize("fault", ["no apt", "no network"])
def test_without_downloads_the_library_is_synthesised_and_stays(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(synthesis, "synthesise_library", fake_synthesis)
    if fault == "no apt":
        monkeypatch.setattr(Apt, "is_present", staticmethod(lambda: False))
    else:
        write_program(tmp_path / "bin" / "apt-get", "#!/bin/sh\nexit 100\n")
    library = make_library(tmp_path / "home", SilentProgress())
    assert (library.root.folder / "made.wav").exists()
    notice = read_notice((library.root,))
    assert notice is not None
    assert notice.sources[0].licence == synthesis.LICENCE
    monkeypatch.undo()
    make_library(tmp_path / "home", SilentProgress())
    assert not (library.root.folder / "Wesnoth Project").exists()


def test_synthesised_library_can_be_asked_for(machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "synthesise_library", fake_synthesis)
    library = make_library(tmp_path / "home", SilentProgress(), "synthesised")
    assert [path.name for path in library.root.folder.glob("*.wav")] == ["made.wav"]
    assert not (machine / "downloaded").exists()


def test_interrupted_start_ends_the_download_and_the_next_one_takes_it_up(machine: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "apt-get"
    quick = program.read_text()
    write_program(program, quick.replace("*download*)", "*download*)\n    exec sleep 60", 1))
    library = DemoLibrary(Settings.from_env({"EARWISE_HOME": str(tmp_path / "home")}), SilentProgress())
    library.begin()
    began = time.monotonic()
    library.cancel()
    assert time.monotonic() - began < 5
    write_program(program, quick)
    make_library(tmp_path / "home", SilentProgress())
    assert (machine / "downloaded").exists()


def test_half_a_package_is_not_unpacked(machine: Path, tmp_path: Path) -> None:
    apt = Apt(tmp_path / "downloads", dict(os.environ))
    assert apt.download(Offer("gunroar-data", "gunroar-data_1_all.deb", 8), lambda size: None) is None
    assert apt.download(Offer("gunroar-data", "gunroar-data_1_all.deb", 7), lambda size: None) is not None
