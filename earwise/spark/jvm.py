"""How Spark's Java is started."""

from __future__ import annotations

import sys
from ctypes.util import find_library

# Up to so many tracks a training run ends before the optimising compiler has paid for itself: for 104 tracks on two
# cores 42 s without it and 62 s with it, both measured one after the other.
_SMALL_LIBRARY = 20_000
_NATIVE_BLAS = ("openblas", "mkl_rt", "blis")


def java_options(tracks: int) -> str:
    """Options of the driver's Java for a library of this size."""
    return f"-XX:TieredStopAtLevel={1 if tracks < _SMALL_LIBRARY else 4} {blas_option()}"


def blas_option() -> str:
    """Which BLAS multiplies matrices, for any Java of Spark's; one that is not there is replaced by Java's own."""
    if sys.platform == "darwin":
        return ""  # the system's own is found without being named, and is a fast one
    found = next(filter(None, map(find_library, _NATIVE_BLAS)), None)
    # Left to itself it takes any libblas.so.3. Products of 512 x 512 ran at 2.5 GFlops by the reference BLAS, at 18 by
    # Java's and at 34 by OpenBLAS, each on one core.
    return f"-Ddev.ludovic.netlib.blas.nativeLib={found}" if found else "-Ddev.ludovic.netlib.blas.allowNative=false"
