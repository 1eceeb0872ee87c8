"""Commands: what is called, with which exit status, and how errors look."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from earwise.cli import control, logs, start
from earwise.cli.__main__ import main
from earwise.errors import ConfigError, PartError
from earwise.settings import Settings


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWISE_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "once", "as_json"),
    [([], False, False), (["--once"], True, False), (["--once", "--json"], True, True), (["--json"], True, True)],
)
def test_run_starts_with_what_was_asked(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], once: bool, as_json: bool
) -> None:
    asked = []
    monkeypatch.setattr(start, "run", lambda settings, **options: asked.append(options) or 0)
    assert main(arguments) == 0
    assert asked == [{"once": once, "as_json": as_json}]


@pytest.mark.parametrize("arguments", [["--nonsense"], ["frobnicate"], ["stop", "now"], ["logs", "--lines", "many"]])
def test_unknown_arguments_show_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: ./run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError("EARWISE_WEB_PORT", "is taken", "8801"), 2),
        (PartError("web did not start; ./run logs web shows why."), 1),
        (OSError(errno.ENOSPC, "No space left on device", "/srv/x"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_expected_errors_are_a_sentence_and_a_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, status: int
) -> None:
    def fail(settings: Settings, **options: object) -> int:
        raise error

    monkeypatch.setattr(start, "run", fail)
    assert main([]) == status
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.splitlines()) <= 1
    assert "Traceback" not in output.err


def test_unexpected_errors_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(settings: Settings, **options: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(start, "run", fail)
    with pytest.raises(ZeroDivisionError):
        main([])


def test_wrong_setting_names_its_variable(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("EARWISE_WEB_PORT", "eighty")
    assert main(["status"]) == 2
    assert "EARWISE_WEB_PORT" in capsys.readouterr().err


def test_nothing_to_stop_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert control.stop(Settings.from_env({"EARWISE_HOME": str(tmp_path / "absent")})) == 0
    assert "Nothing is running" in capsys.readouterr().out


def test_logs_of_the_newest_run_of_a_dag_are_found(tmp_path: Path) -> None:
    for number, name in enumerate(("run_1", "run_2")):
        folder = tmp_path / "airflow" / "logs" / "dag_id=train_clusters" / f"run_id={name}" / "task_id=train"
        folder.mkdir(parents=True)
        (folder / "attempt=1.log").touch()
        os.utime(folder.parent, (number, number))
    assert [path.parts[-3] for path in logs.find_logs(tmp_path, "train_clusters")] == ["run_id=run_2"]


def test_end_of_a_log_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "web.log").write_bytes(b"one\ntwo\nth\xffree\n")
    assert main(["logs", "web", "-n", "2"]) == 0
    assert capsys.readouterr().out == "two\nth\ufffdree\n"


def test_absent_log_says_which_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "web.log").touch()
    assert main(["logs", "wbe"]) == 2
    assert "there are: web" in capsys.readouterr().err
