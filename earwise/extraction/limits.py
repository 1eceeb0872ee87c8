"""How much memory a worker may take, so that a hostile file ends one analysis and not the machine."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A worker that has loaded its libraries takes about 160 MB. The most that was measured on top of that is 200 MB, for a
# picture of 100 MB (docs/benchmarks/extraction.md), and with all of this a worker still stays under 500 MB,
# but for the directory of an archive.
HEADROOM_MB = 256
_STATUS, _EVENTS = Path("/proc/self/status"), Path("/proc/vmstat")


def limit_memory() -> None:
    """Let this process allocate so much beyond what it has allocated by now, and no more; on Linux."""
    if allocated := _allocated_bytes():
        _set_limit(allocated + (HEADROOM_MB << 20))


@contextmanager
def beyond_limit() -> Iterator[None]:
    """Let this process allocate here what it needs, and keep that beside what it may allocate: no file asks for it."""
    limit, most = resource.getrlimit(resource.RLIMIT_DATA)
    if limit == resource.RLIM_INFINITY:
        yield
        return
    before = _allocated_bytes()
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    try:
        yield
    finally:
        _set_limit(limit + max(_allocated_bytes() - before, 0))


def count_memory_kills() -> int:
    """How many processes this machine has ended for want of memory since it started; 0 where it does not tell."""
    return _read_number(_EVENTS, r"^oom_kill (\d+)")


def _allocated_bytes() -> int:
    # Data, not address space: what is mapped from libraries' files is shared, and counts for nobody.
    return _read_number(_STATUS, r"VmData:\s+(\d+) kB") * 1024


def _set_limit(size_bytes: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (size_bytes if most < 0 else min(size_bytes, most), most))


def _read_number(path: Path, pattern: str) -> int:
    try:
        found = re.search(pattern, path.read_text("ascii"), re.MULTILINE)
    except OSError:
        return 0
    return int(found.group(1)) if found else 0
