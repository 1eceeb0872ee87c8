"""How Spark's Java is started."""

from __future__ import annotations

# Up to so many tracks a training run ends before the optimising compiler has paid for itself: for 104 tracks on two
# cores 42 s without it and 62 s with it, both measured one after the other.
_SMALL_LIBRARY = 20_000


def java_options(tracks: int) -> str:
    """Options of the driver's Java for a library of this size.

    >>> java_options(100)
    '-XX:TieredStopAtLevel=1'
    """
    return f"-XX:TieredStopAtLevel={1 if tracks < _SMALL_LIBRARY else 4}"
