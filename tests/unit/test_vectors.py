"""float32 vectors as BSON."""

from __future__ import annotations

import bson
import numpy as np
import pytest
from bson.binary import Binary, BinaryVectorDtype
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from earwise.store.vectors import pack_vector, unpack_vector

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(hnp.arrays(np.float32, st.integers(0, 80), elements=FINITE))
def test_vector_comes_back_bit_for_bit_through_bson(vector: np.ndarray) -> None:
    kept = bson.decode(bson.encode({"vector": pack_vector(vector)}))["vector"]
    assert unpack_vector(kept).tobytes() == vector.tobytes()


def test_other_drivers_read_the_same_vector() -> None:
    packed = pack_vector(np.float32([1, -2.5, 3e38]))
    assert packed == Binary.from_vector([1.0, -2.5, float(np.float32(3e38))], BinaryVectorDtype.FLOAT32)
    assert len(packed) == 2 + 3 * 4


def test_unpacked_vector_can_be_changed() -> None:
    unpack_vector(pack_vector(np.float32([1, 2])))[0] = 3


def test_every_other_element_of_an_array_is_packed_as_it_reads() -> None:
    assert unpack_vector(pack_vector(np.arange(8, dtype=np.float32)[::2])).tolist() == [0, 2, 4, 6]


@pytest.mark.parametrize("vector", [np.float32([[1]]), np.float32([np.nan]), np.float32([np.inf]), np.float32(1)])
def test_what_is_not_a_finite_vector_is_refused(vector: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not a finite vector"):
        pack_vector(vector)


@pytest.mark.parametrize("binary", [b"", b"abc", Binary.from_vector([1, 2], BinaryVectorDtype.INT8)])
def test_what_is_not_a_float32_vector_is_refused(binary: bytes) -> None:
    with pytest.raises(ValueError, match="not a BSON float32 vector"):
        unpack_vector(binary)
