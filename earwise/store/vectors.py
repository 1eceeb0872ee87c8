"""float32 vectors as BSON: compact, and the same bytes on every driver."""

from __future__ import annotations

import numpy as np
from bson.binary import Binary, BinaryVectorDtype
from numpy.typing import NDArray

Vector = NDArray[np.float32]
_HEADER = 2  # element type and padding, before the elements


def pack_vector(vector: Vector) -> Binary:
    """Encode a float32 vector [shape=(n,)] as a BSON vector (subtype 9)."""
    if vector.ndim != 1 or not np.isfinite(vector).all():
        raise ValueError(f"not a finite vector of one dimension: shape={vector.shape}")
    header = bytes([BinaryVectorDtype.FLOAT32.value[0], 0])
    return Binary(header + np.ascontiguousarray(vector, "<f4").tobytes(), subtype=9)


def unpack_vector(binary: bytes) -> Vector:
    """Decode a BSON float32 vector to an array [shape=(n,), dtype=float32].

    >>> unpack_vector(pack_vector(np.float32([1, 2.5])))
    array([1. , 2.5], dtype=float32)
    """
    if binary[:1] != BinaryVectorDtype.FLOAT32.value:
        raise ValueError("not a BSON float32 vector")
    return np.frombuffer(binary, "<f4", offset=_HEADER).astype(np.float32)
