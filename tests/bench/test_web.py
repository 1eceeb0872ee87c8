"""The benchmark of the web app asks as many listeners would, and reads the load generator's answer."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from earwise.bench import listeners, load, web
from earwise.bench.catalogue import make_tags
from earwise.bench.load import Plan, put_load
from earwise.bench.web import MOST_RSS_MB, RouteFigures, WebFigures, make_plans
from earwise.cli.__main__ import main
from earwise.errors import EarwiseError

ROUTES = ["login", "home", "search", "recommendations", "cluster", "api_similar", "stream_1mib"]


def test_every_route_is_asked_for_other_tracks_and_everybody_logs_in() -> None:
    plans = make_plans(20_000, {0: 2_500, 3: 30})
    assert [plan.name for plan in plans] == ROUTES
    assert len(set(plans[0].names)) == 1_000
    asked = {plan.name: plan.paths for plan in plans}
    for name in ("recommendations", "api_similar", "stream_1mib"):
        assert len(set(asked[name])) == 5_000
    pages = {f"/clusters/0?page={number}" for number in range(1, 101)}
    assert set(asked["cluster"]) == {"/clusters/0", "/clusters/3", "/clusters/3?page=1"} | pages
    assert make_plans(20_000, {0: 2_500, 3: 30}) == plans


def test_searches_are_of_words_of_the_library_some_of_them_misspelt() -> None:
    held = {word for tags in make_tags(5_000) for word in f"{tags.title} {tags.artist}".lower().split()}
    begun = {word[:length] for word in held for length in range(3, len(word) + 1)}
    (search,) = (plan for plan in make_plans(20_000, {0: 30}) if plan.name == "search")
    typed = [parse_qs(path.partition("?")[2])["q"][0].split() for path in search.paths]
    assert 0.05 < sum(not set(words) <= begun for words in typed) / len(typed) < 0.15
    assert 0.2 < sum(len(words) == 2 for words in typed) / len(typed) < 0.3


def test_figures_are_told_by_their_names() -> None:
    paced = {"p50_ms": 4, "p95_ms": 80, "p99_ms": 90}
    told = json.loads(WebFigures(300, "secantusdb", 80, 700.0, {"home": RouteFigures(9.0, paced)}).as_json())
    assert told == {
        "tracks": 300,
        "server": "secantusdb",
        "worker_rss_mb": 80,
        "floor_rps": 700.0,
        "routes": {"home": {"rps": 9.0, "paced": paced}},
    }


def test_what_misses_a_mark_is_said_to() -> None:
    slow, quick = ({"p50_ms": 4, "p95_ms": 80, "p99_ms": p99_ms} for p99_ms in (100, 99))
    routes = {"login": RouteFigures(9.0, slow), "home": RouteFigures(9.0, slow), "search": RouteFigures(9.0, quick)}
    head, *lines = WebFigures(300, "secantusdb", 250, 700.0, routes).as_text().splitlines()
    assert "250 MB (misses the mark)" in head
    assert [line.split()[0] for line in lines if line.endswith("misses the mark")] == ["home"]


def test_medians_are_held_against_a_run_with_fewer_tracks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def figures(tracks: int, **medians_ms: int) -> WebFigures:
        routes = {
            name: RouteFigures(9.0, {"p50_ms": ms, "p95_ms": 60, "p99_ms": 70}) for name, ms in medians_ms.items()
        }
        return WebFigures(tracks, "secantusdb", 80, 700.0, routes)

    (earlier := tmp_path / "earlier.json").write_text(figures(300, home=10, search=10, login=10).as_json())
    monkeypatch.setattr(web, "bench_web", lambda *_: figures(3_000, home=13, search=14, login=90))
    assert main(["bench", "web", "--than", str(earlier)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "medians beside 300 tracks: home 1.30, search 1.40 (misses the mark)"
    assert main(["bench", "web", "--than", str(earlier), "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["tracks"] == 3_000
    assert printed.err.strip() == last


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b'{"routes": {"home": 1}}', b"\xff"])
def test_figures_of_something_else_are_refused_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    monkeypatch.setattr(web, "bench_web", lambda *_: pytest.fail("it ran"))
    if content is not None:
        (tmp_path / "earlier.json").write_bytes(content)
    assert main(["bench", "web", "--than", str(tmp_path / "earlier.json")]) == 2
    assert "can't be read" in (said := capsys.readouterr().err) or "no figures of the web app" in said


def test_tags_repeat_as_a_librarys_do() -> None:
    tags = list(make_tags(2_400))
    assert len({one.artist for one in tags}) == 200
    words = [word for one in tags for word in one.title.lower().split()]
    assert words.count(max(set(words), key=words.count)) > len(words) / 100


@pytest.fixture
def generator(tmp_path: Path) -> Path:
    """A program in place of the load generator, which prints the file ``answer`` beside it."""
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/answer\n")
    program.chmod(0o700)
    return program


def entry(**changed: object) -> dict[str, object]:
    times = {"4": 90, "80": 9, "300": 1}
    stamps = {"start_time": 100.0, "last_request_timestamp": 110.0}
    return {"name": "home", "num_requests": 100, "num_failures": 0, "response_times": times, **stamps, **changed}


def test_percentiles_and_rate_come_from_all_answers(generator: Path) -> None:
    (generator.parent / "answer").write_text(json.dumps([entry(name="preparation"), entry()]))
    figures = put_load(generator, "http://127.0.0.1:1", Plan("home", ["/"]), connections=2, seconds=1)
    assert figures == load.LoadFigures(10.0, {"p50_ms": 4, "p95_ms": 80, "p99_ms": 80})


@pytest.mark.parametrize("answer", [[], [entry(num_failures=3)]])
def test_errors_are_no_figures(generator: Path, answer: list[dict[str, object]]) -> None:
    (generator.parent / "answer").write_text(json.dumps(answer))
    with pytest.raises(EarwiseError, match="home"):
        put_load(generator, "http://127.0.0.1:1", Plan("home", ["/"]), connections=2, seconds=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_web_benchmark_prints_its_figures_and_cleans_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for module in (listeners, web):
        monkeypatch.setattr(module, "LISTENERS", 20)
    assert main(["bench", "web", "--tracks", "300", "--seconds", "5", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert list(figures) == ["tracks", "server", "worker_rss_mb", "floor_rps", "routes"]
    assert list(figures["routes"]) == ROUTES
    assert all(
        route["rps"] > 0 and list(route["paced"]) == ["p50_ms", "p95_ms", "p99_ms"]
        for route in figures["routes"].values()
    )
    assert figures["worker_rss_mb"] < MOST_RSS_MB
    assert list(tmp_path.iterdir()) == []
