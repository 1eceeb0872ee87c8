"""Sound-prints, and the words for what two tracks share."""

from __future__ import annotations

import re

import numpy as np

from earwise.ranking.soundprint import draw_soundprint
from earwise.ranking.traits import _CENTRES, _UNITS, compare, measure_traits, standardise

CENTRE, UNIT = np.float32(_CENTRES), np.float32(_UNITS)


def numbers(picture: str) -> np.ndarray:
    return np.array([float(number) for number in re.findall(r"-?\d+\.?\d*", picture)])


def test_a_small_step_in_sound_is_a_small_step_in_the_picture() -> None:
    rng = np.random.default_rng(1)
    sound, step = CENTRE + UNIT * rng.normal(size=60), UNIT * rng.normal(size=60)
    here = numbers(draw_soundprint(np.float32(sound)))
    near, far = (numbers(draw_soundprint(np.float32(sound + share * step))) for share in (0.01, 0.8))
    assert here.shape == near.shape == far.shape
    assert 0 < np.abs(here - near).max() < 3
    assert np.abs(here - near).sum() < np.abs(here - far).sum() / 10


def test_pictures_of_extreme_sounds_are_well_formed() -> None:
    for vector in (np.full(60, 1e30), np.full(60, -1e30), np.zeros(60), np.zeros(9)):
        picture = draw_soundprint(np.float32(vector))
        assert "nan" not in picture
        assert picture.count("<path") == 6
        assert len(picture) < 8_000


def test_a_brighter_track_is_said_to_be_brighter() -> None:
    other = CENTRE.copy()
    other[1] -= 1.5 * UNIT[1]
    assert measure_traits(other)["brightness"] > 1
    found = compare(CENTRE, other)
    assert found.different == ("this one is more bright",)
    assert "they are alike in pace" in found.shared
    assert compare(other, CENTRE).different == ("this one is more dark",)


def test_traits_between_alike_and_apart_are_not_spoken_of() -> None:
    other = CENTRE.copy()
    other[0] += 0.75 * UNIT[0]
    found = compare(CENTRE, other)
    assert not found.different
    assert not any("loud" in clause and "unev" not in clause for clause in found.shared if clause.endswith("loudness"))


def test_vectors_of_another_kind_are_not_spoken_of() -> None:
    assert standardise(np.zeros(9, np.float32)) is None
    assert compare(np.zeros(9, np.float32), CENTRE).shared == ()
