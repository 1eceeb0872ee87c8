"""Which Java is taken, and what happens when there is none."""

from __future__ import annotations

from pathlib import Path

import jdk
import pytest

from earwise.embedded import java
from earwise.errors import ConfigError
from earwise.spark import jvm
from tests.unit.progress import SilentProgress


def make_java(folder: Path, version: str, *, has_vector: bool = True) -> Path:
    """A program that answers as Java of this version does."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    refusal = '[ "$1" = --add-modules ] && { echo "Module $2 not found" >&2; exit 1; }\n' if not has_vector else ""
    program.write_text(f"#!/bin/sh\n{refusal}echo 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19 LTS', 21),
        ('java version "1.8.0_202"', 8),
        ('Picked up _JAVA_OPTIONS: -Xmx1g\nopenjdk version "21.0.1" 2023-10-17', 21),
        ("command not found", None),
    ],
)
def test_version_is_read_from_what_java_prints(text: str, version: int | None) -> None:
    assert java.parse_version(text) == version


def test_java_home_comes_first(tmp_path: Path) -> None:
    given = make_java(tmp_path / "given", "21.0.1")
    on_path = make_java(tmp_path / "path", "17.0.1")
    assert java.find_java(tmp_path, {"JAVA_HOME": str(given), "PATH": str(on_path / "bin")}) == given


def test_java_that_spark_does_not_run_on_is_passed_over(tmp_path: Path) -> None:
    too_new = make_java(tmp_path / "new", "25.0.1")
    without_vector = make_java(tmp_path / "path", "17.0.1", has_vector=False)
    fetched = make_java(tmp_path / "home" / "java" / "jdk-17", "17.0.1")
    environ = {"JAVA_HOME": str(too_new), "PATH": str(without_vector / "bin")}
    found = java.find_java(tmp_path / "home", environ)
    assert found not in (too_new, without_vector)
    assert java.is_usable(fetched)


def test_java_home_that_is_no_folder_is_no_java(tmp_path: Path) -> None:
    assert not java.is_usable(tmp_path / "absent")


def test_missing_java_is_fetched_into_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(version: str, *, jre: bool, path: str) -> str:
        return str(make_java(Path(path) / f"jdk-{version}-jre", f"{version}.0.1"))

    monkeypatch.setattr(jdk, "install", install)
    monkeypatch.setattr(java, "_candidates", lambda home, environ: iter(sorted((home / "java").glob("*"))))
    monkeypatch.setattr(java, "_install_by_apt", lambda home: None)
    assert java.find_or_install_java(tmp_path, SilentProgress()) == tmp_path / "java" / "jdk-17-jre"


def test_java_that_can_not_be_had_is_one_sentence_with_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(version: str, *, jre: bool, path: str) -> str:
        raise OSError("no network")

    monkeypatch.setattr(jdk, "install", install)
    monkeypatch.setattr(java, "_candidates", lambda home, environ: iter(()))
    monkeypatch.setattr(java, "_install_by_apt", lambda home: None)
    with pytest.raises(ConfigError, match=r"JAVA_HOME.*apt-get install openjdk-17"):
        java.find_or_install_java(tmp_path, SilentProgress())


@pytest.mark.parametrize(
    ("present", "option"),
    [
        (
            {"openblas": "libopenblas.so.0", "blis": "libblis.so.4"},
            "-Ddev.ludovic.netlib.blas.nativeLib=libopenblas.so.0",
        ),
        ({"blas": "libblas.so.3"}, "-Ddev.ludovic.netlib.blas.allowNative=false"),
    ],
    ids=["tuned", "reference only"],
)
def test_spark_takes_a_native_blas_where_that_is_faster(
    monkeypatch: pytest.MonkeyPatch, present: dict[str, str], option: str
) -> None:
    monkeypatch.setattr(jvm.sys, "platform", "linux")
    monkeypatch.setattr(jvm, "find_library", present.get)
    assert jvm.java_options(100) == f"-XX:TieredStopAtLevel=1 {option}"
    assert jvm.blas_option() == option  # for executors, of whose size nothing is known
    monkeypatch.setattr(jvm.sys, "platform", "darwin")
    assert "blas" not in jvm.java_options(100_000)
