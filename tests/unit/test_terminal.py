"""Progress: plain lines where nobody can see a bar move, live lines on a terminal."""

from __future__ import annotations

import io

import pytest

from earwise.cli.terminal import LiveProgress, PlainProgress, make_progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_stream_decides_what_progress_looks_like() -> None:
    assert isinstance(make_progress(io.StringIO()), PlainProgress)
    assert isinstance(make_progress(Terminal()), LiveProgress)


def test_plain_progress_has_no_control_characters_and_a_line_at_each_stage() -> None:
    stream = io.StringIO()
    with make_progress(stream).step("Analysing tracks") as step:
        for done in range(101):
            step.update(done, 100)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Analysing tracks …"
    assert lines[-1].startswith("Analysing tracks: 100 of 100 (")
    assert 10 <= len(lines) <= 13
    assert not {"\r", "\x1b"} & set(stream.getvalue())


def test_plain_progress_says_now_and_then_what_has_no_total(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, clock = io.StringIO(), iter(range(0, 1_000, 2))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    with make_progress(stream).step("Training") as step:
        for k in range(2, 12):
            step.update(note=f"k={k}")
    assert 3 <= stream.getvalue().count("Training: k=") <= 8


def test_live_progress_ticks_what_is_done_and_crosses_what_failed() -> None:
    stream = Terminal()
    progress = make_progress(stream)
    with progress.step("Starting [the] store") as step:
        step.update(1, 2, "half")
    with pytest.raises(ValueError, match="broken"), progress.step("Training"):
        raise ValueError("broken")
    assert "✓" in stream.getvalue()
    assert "Starting [the] store" in stream.getvalue()
    assert "✗" in stream.getvalue()


def test_two_steps_may_go_on_at_once() -> None:
    stream = Terminal()
    progress = make_progress(stream)
    with progress.step("Downloading") as outer, progress.step("Starting") as inner:
        outer.update(1, 2)
        inner.update(1, 2)
        progress.say("A [sentence] between.")
    assert "A [sentence] between." in stream.getvalue()
