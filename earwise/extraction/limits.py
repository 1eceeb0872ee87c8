"""How much memory a worker may take, so that a hostile file ends one analysis and not the machine."""

from __future__ import annotations

import re
import resource
from pathlib import Path

# A worker that has loaded its libraries takes about 160 MB. The most that was measured on top of that is 200 MB, for a
# picture of 100 MB (docs/benchmarks/extraction.md), and with all of this a worker still stays under 500 MB.
HEADROOM_MB = 256
_STATUS, _EVENTS = Path("/proc/self/status"), Path("/proc/vmstat")


def limit_memory() -> None:
    """Let this process allocate so much beyond what it has allocated by now, and no more; on Linux."""
    allocated = _read_number(_STATUS, r"VmData:\s+(\d+) kB") * 1024
    if allocated:
        # Data, not address space: what is mapped from libraries' files is shared, and counts for nobody.
        limit = allocated + (HEADROOM_MB << 20)
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (limit if most < 0 else min(limit, most), most))


def count_memory_kills() -> int:
    """How many processes this machine has ended for want of memory since it started; 0 where it does not tell."""
    return _read_number(_EVENTS, r"^oom_kill (\d+)")


def _read_number(path: Path, pattern: str) -> int:
    try:
        found = re.search(pattern, path.read_text("ascii"), re.MULTILINE)
    except OSError:
        return 0
    return int(found.group(1)) if found else 0
