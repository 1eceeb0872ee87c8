"""What the user sees: spinners and bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from earwise.embedded.progress import Progress, Step

_PLAIN_INTERVAL_S = 5.0
_PLAIN_SHARE = 0.1


def make_progress(stream: TextIO) -> Progress:
    """Progress for this stream: live on a terminal, lines elsewhere."""
    return LiveProgress(stream) if stream.isatty() else PlainProgress(stream)


class PlainProgress:
    """A line when a step begins, now and then while it lasts, and when it ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Print a sentence."""
        with self._lock:
            print(text, file=self._stream, flush=True)

    def warn(self, text: str) -> None:
        """Print a sentence that asks for attention."""
        self.say(f"Attention: {text}")

    @contextmanager
    def step(self, text: str, unit: str = "") -> Iterator[Step]:
        """Print when it begins and ends."""
        self.say(f"{text} …")
        step = _PlainStep(self, text, unit)
        yield step
        self.say(f"{text}: {step.ending()}")


class _PlainStep:
    def __init__(self, progress: PlainProgress, text: str, unit: str) -> None:
        self._progress = progress
        self._text = text
        self._state = _State(unit)
        self._shown_at = time.monotonic()
        self._shown = ""
        self._shown_share = 0.0

    def update(self, done: float | None = None, total: float | None = None, note: str = "") -> None:
        self._state.update(done, total, note)
        text, now = self._state.text(), time.monotonic()
        is_due = now - self._shown_at >= _PLAIN_INTERVAL_S or self._state.share - self._shown_share >= _PLAIN_SHARE
        if text != self._shown and is_due and self._state.share < 1:
            self._progress.say(f"{self._text}: {text}")
            self._shown_at, self._shown, self._shown_share = now, text, self._state.share

    def ending(self) -> str:
        return self._state.ending()


class LiveProgress:
    """A live line with a spinner or bar for each step, and a tick with its seconds afterwards."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._lock = threading.Lock()
        self._bars: Bars | None = None
        self._open = 0

    def say(self, text: str) -> None:
        """Print a sentence above the live lines."""
        self._console.print(text, markup=False)

    def warn(self, text: str) -> None:
        """Print a sentence that asks for attention."""
        self._console.print(text, style="yellow", markup=False)

    @contextmanager
    def step(self, text: str, unit: str = "") -> Iterator[Step]:
        """Show a live line while the step lasts."""
        bars = self._enter()
        step = _LiveStep(bars, bars.add_task(text, total=None, note=""), unit)
        try:
            yield step
        except BaseException:
            self._leave(bars, step.task_id)
            self._console.print(f"[red]✗[/] {text}")
            raise
        self._leave(bars, step.task_id)
        self._console.print(f"[green]✓[/] {text}: {step.state.ending()}")

    def _enter(self) -> Bars:
        with self._lock:
            if self._bars is None:
                columns = (
                    SpinnerColumn(),
                    TextColumn("{task.description}", markup=False),
                    BarColumn(bar_width=24),
                    TextColumn("{task.fields[note]}", markup=False),
                    TimeElapsedColumn(),
                )
                self._bars = Bars(*columns, console=self._console, transient=True)
                self._bars.start()
            self._open += 1
            return self._bars

    def _leave(self, bars: Bars, task_id: TaskID) -> None:
        with self._lock:
            bars.remove_task(task_id)
            self._open -= 1
            if self._open == 0:
                bars.stop()
                self._bars = None


class _LiveStep:
    def __init__(self, bars: Bars, task_id: TaskID, unit: str) -> None:
        self.task_id = task_id
        self.state = _State(unit)
        self._bars = bars

    def update(self, done: float | None = None, total: float | None = None, note: str = "") -> None:
        self.state.update(done, total, note)
        self._bars.update(self.task_id, completed=self.state.done or 0, total=self.state.total, note=self.state.text())


class _State:
    """How far a step is, in words."""

    def __init__(self, unit: str) -> None:
        self._started = time.monotonic()
        self._unit = f" {unit}" if unit else ""
        self.done: float | None = None
        self.total: float | None = None
        self._note = ""

    def update(self, done: float | None, total: float | None, note: str) -> None:
        self.done = self.done if done is None else done
        self.total = self.total if total is None else total
        self._note = note

    @property
    def share(self) -> float:
        return self.done / self.total if self.done is not None and self.total else 0.0

    def text(self) -> str:
        parts = [f"{self.done:.0f} of {self.total:.0f}{self._unit}"] if self.done is not None and self.total else []
        return ", ".join([*parts, self._note] if self._note else parts)

    def ending(self) -> str:
        seconds = f"{time.monotonic() - self._started:.1f} s"
        return f"{self.text()} ({seconds})" if self.text() else seconds


def error_line(text: str) -> None:
    """Print an error for people."""
    print(text, file=sys.stderr, flush=True)
