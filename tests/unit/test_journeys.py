"""Properties of radio and paths, on random graphs of neighbours."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest

from earwise.ranking.journeys import Lists, Step, find_path, nearest_unused, sources_of, tune_in


def make_graph(seed: int, *, tracks: int = 300, artists: int = 40, near: int = 12) -> dict[str, list[Step]]:
    """Tracks on a line, each next to those nearby."""
    rng = random.Random(seed)
    places = {f"{number:03d}": rng.random() for number in range(tracks)}
    artist_of = {track: f"artist {rng.randrange(artists)}" for track in places}
    return {
        track: [
            Step(other, artist_of[other], abs(places[other] - place))
            for other in sorted(places, key=lambda one: abs(places[one] - place))[1 : near + 1]
        ]
        for track, place in places.items()
    }


def reachable(graph: Lists, start: str) -> set[str]:
    found, front = {start}, {start}
    while front:
        front = {step.track_id for track in front for step in graph[track]} - found
        found.update(front)
    return found


def listen(graph: Lists, seed: str, rounds: int) -> list[Step]:
    """A radio from a track, continued as the player does."""
    played = [Step(seed, "", 0.0)]
    for _ in range(rounds):
        used = {step.track_id for step in played}
        lists = {track: graph[track] for track in sources_of([step.track_id for step in played])}
        played += tune_in(lists, played[-1].track_id, played[-1].artist, used, 25)
    return played


@pytest.mark.parametrize("seed", range(5))
def test_radio_plays_no_track_twice_and_no_artist_twice_in_a_row(seed: int) -> None:
    graph = make_graph(seed)
    played = listen(graph, "000", 6)
    assert len(played) == len({step.track_id for step in played})
    assert all(one.artist != other.artist for one, other in pairwise(played))


@pytest.mark.parametrize("seed", range(5))
def test_radio_goes_on_until_nearly_all_that_can_be_reached_has_played(seed: int) -> None:
    graph = make_graph(seed)
    assert len(listen(graph, "000", 60)) >= 0.9 * len(reachable(graph, "000"))


def test_radio_stays_near_what_it_plays() -> None:
    graph = make_graph(1)
    played = listen(graph, "000", 1)
    steps = list(pairwise(played))
    along = [other.track_id in {near.track_id for near in graph[one.track_id]} for one, other in steps]
    assert sum(along) > len(along) / 2


def test_an_artist_plays_twice_in_a_row_only_where_there_is_nobody_else() -> None:
    lists = {"a": [Step("b", "Ben", 0.1), Step("c", "Ben", 0.2)]}
    assert [step.track_id for step in tune_in(lists, "a", "Ben", {"a"}, 9)] == ["b", "c"]


def test_an_artist_does_not_play_twice_in_a_row_for_a_track_that_is_not_known_to_be_there() -> None:
    lists = {"a": [Step("b", "Ben", 0.1), Step("c", "Cem", 0.2), Step("d", "Ben", 0.3), Step("e", "Cem", 0.4)]}
    there = {"b", "c", "d"}
    assert [step.track_id for step in tune_in(lists, "a", "Ben", {"a"}, 9, there)] == ["c", "b"]
    assert [step.track_id for step in tune_in(lists, "a", "Ben", {"a", "e"}, 9, there)] == ["c", "b", "d"]
    assert tune_in(lists, "a", "Ben", {"a"}, 9, {"b"}) == []


def test_radio_of_nothing_is_nothing() -> None:
    assert tune_in({}, "", "", (), 9) == []
    assert nearest_unused({}, (), 9) == []


@pytest.mark.parametrize("seed", range(5))
def test_a_path_has_both_ends_no_track_twice_and_smaller_steps_than_a_jump(seed: int) -> None:
    graph = make_graph(seed, tracks=80, near=20)
    asked: list[int] = []

    def look_up(ids: Sequence[str]) -> Lists:
        asked.append(len(ids))
        return {track: graph[track] for track in ids}

    ends = ("000", "001")
    around = {track: graph[track] for track in {*ends, *(step.track_id for end in ends for step in graph[end])}}
    path = find_path(*ends, around, look_up, set)
    assert path is not None
    assert (path[0], path[-1]) == ("000", "001")
    assert len(path) == len(set(path))
    assert len(asked) == 1
    assert max(asked) <= 160
    for one, other in pairwise(path):
        assert any(step.track_id == other for step in graph[one]) or any(step.track_id == one for step in graph[other])


def test_ends_that_do_not_meet_have_no_path() -> None:
    graph = {"a": [Step("b", "", 0.1)], "b": [], "c": [Step("d", "", 0.1)], "d": []}
    assert find_path("a", "c", graph, lambda ids: {}, set) is None


@pytest.mark.parametrize("left", [{"b"}, {"b", "c"}, {"b", "c", "x"}, {"a"}, {"d"}])
def test_a_path_leads_past_the_tracks_that_have_left(left: set[str]) -> None:
    near = {"a": {"b": 0.1, "x": 0.2}, "b": {"c": 0.1, "x": 0.2}, "c": {"d": 0.1, "x": 0.2}, "x": {"d": 0.4}}
    graph = {track: [Step(other, "", length) for other, length in others.items()] for track, others in near.items()}
    asked: list[Sequence[str]] = []

    def find_there(ids: Sequence[str]) -> set[str]:
        asked.append(ids)
        return set(ids) - left

    assert find_path("a", "d", graph, lambda ids: {}, set) == ["a", "b", "c", "d"]
    ways = {"b": ["a", "x", "c", "d"], "bc": ["a", "x", "d"]}
    assert find_path("a", "d", graph, lambda ids: {}, find_there) == ways.get("".join(sorted(left)))
    assert len(asked) == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_path_through_a_library_of_which_a_fifth_has_left_is_found_by_asking_a_few_times(seed: int) -> None:
    graph = make_graph(seed, tracks=80, near=20)
    there = {track for track in graph if track in {"000", "001"} or random.Random(f"{seed} {track}").random() > 0.2}
    asked: list[int] = []

    def find_there(ids: Sequence[str]) -> set[str]:
        asked.append(len(ids))
        return there.intersection(ids)

    path = find_path("000", "001", graph, lambda ids: {}, find_there)
    assert path is not None
    assert there.issuperset(path)
    assert len(asked) <= 3


def test_a_path_is_asked_of_with_its_nearest_stand_ins_and_no_more() -> None:
    between = [f"{number:03d}" for number in range(200)]
    graph = {end: [Step(near, "", 0.1 + n / 1000) for n, near in enumerate(between)] for end in "ab"}
    asked: list[Sequence[str]] = []

    def find_there(ids: Sequence[str]) -> set[str]:
        asked.append(ids)
        return {"a", "b", *between[40:]}.intersection(ids)

    assert find_path("a", "b", graph, lambda ids: {}, find_there) == ["a", "040", "b"]
    assert [sorted(ids) for ids in asked] == [sorted(["a", "b", *between[:48]])]
