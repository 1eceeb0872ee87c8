"""The benchmarks see how much memory a process holds and held."""

from __future__ import annotations

import subprocess
import sys

import psutil

from earwise.bench.memory import own_peak_rss_mb, peak_rss_mb, rss_bytes

_HOLD_THEN_FREE = "held = bytearray(b'x' * 100_000_000); del held; print(flush=True); input()"


def test_peak_stays_when_the_memory_is_given_back() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD_THEN_FREE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as held:
        held.stdout.readline()
        process = psutil.Process(held.pid)
        assert peak_rss_mb(held.pid) > 100
        assert 0 < rss_bytes(process) < 100e6
        held.stdin.close()
    assert (peak_rss_mb(held.pid), rss_bytes(process)) == (0.0, 0)


def test_own_peak_is_no_less_than_what_is_held() -> None:
    now_mb = rss_bytes(psutil.Process()) / 1e6
    assert own_peak_rss_mb() >= now_mb * 0.9
