"""``./run bench web``: how fast the web app answers a thousand listeners of a large library.

The library is made up, the model of it is trained by the job that Airflow submits, and the server is started as
``./run`` starts it, so that every page reads what production would give it.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote_plus
from urllib.request import ProxyHandler, build_opener

import psutil

from earwise.bench.catalogue import fill, make_features, make_tags, track_id_of
from earwise.bench.listeners import LISTENERS, PASSWORD, add_listeners, listener_name
from earwise.bench.load import USER_AGENT, LoadFigures, Plan, log_in, put_load
from earwise.bench.memory import rss_bytes
from earwise.bench.others import bench_python
from earwise.bench.temporary_store import temporary_store
from earwise.bench.training import MODEL_ID, submit_job
from earwise.clustering.publishing import publish_model
from earwise.cores import usable_cores
from earwise.embedded.environment import settings_environment
from earwise.embedded.mongo import mongo_version
from earwise.embedded.ports import find_free_port
from earwise.embedded.programs import web_command
from earwise.errors import EarwiseError
from earwise.extraction.directory import TRACKS_ON_PAGE, refresh_directory
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.settings import Settings
from earwise.store import Store, open_store
from earwise.store.maps import PAGE_SIZE
from earwise.store.tracks import Tags

_CONNECTIONS, _WAIT_S = 50, (0.5, 1.5)
_PATHS = 5_000
_MISSPELT, _OF_TWO_WORDS = 0.1, 0.25
_AUDIO_MB = 16
_FIRST_MIB = {"User-Agent": USER_AGENT, "Range": f"bytes=0-{2**20 - 1}"}
_START_S = 60.0
_SEED = 3
# What is to be met, and by which pages: logging in is slow on purpose, and streaming is bounded by the disk.
MOST_P99_MS, MOST_RSS_MB, MOST_GROWTH = 100, 250, 1.3
MARKED = frozenset(("home", "search", "recommendations", "cluster", "api_similar"))
# A proxy that answers for the server would not say whether it does.
_DIRECTLY = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class RouteFigures:
    """A route under load: the rate without pauses, and the times with them."""

    rps: float
    paced: dict[str, int]


@dataclass(frozen=True, slots=True)
class WebFigures:
    """What was measured.

    Attributes
    ----------
    server : str
        The database server.
    worker_rss_mb : float
        The largest of gunicorn's workers at the end, in MB of 10^6 bytes.
    floor_rps : float
        A Flask page of one constant row under the same server.
    """

    tracks: int
    server: str
    worker_rss_mb: float
    floor_rps: float
    routes: dict[str, RouteFigures]

    @classmethod
    def from_json(cls, text: str) -> WebFigures:
        """The figures that ``as_json`` wrote.

        Raises
        ------
        EarwiseError
            The text is something else.
        """
        try:
            read = json.loads(text)
            routes = {name: RouteFigures(**route) for name, route in read.pop("routes").items()}
            return cls(**read, routes=routes)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise EarwiseError("Those are no figures of the web app as bench web --json prints them.") from error

    def as_json(self) -> str:
        """All figures as one JSON object."""
        return json.dumps(asdict(self))

    def as_text(self) -> str:
        """All figures as lines for people."""
        rows = [
            f"{name:<16} {route.rps:7.1f} answers/s; paced {route.paced['p50_ms']} ms in the middle,"
            f" {route.paced['p95_ms']} ms for 95 %, {route.paced['p99_ms']} ms for 99 %"
            f"{'; misses the mark' if name in MARKED and route.paced['p99_ms'] >= MOST_P99_MS else ''}"
            for name, route in self.routes.items()
        ]
        head = (
            f"{self.tracks:,} tracks on {self.server}; a worker holds {self.worker_rss_mb:.0f} MB"
            f"{' (misses the mark)' if self.worker_rss_mb >= MOST_RSS_MB else ''};"
            f" a constant page {self.floor_rps:.1f} answers/s"
        )
        return "\n".join([head, *rows])

    def growth_as_text(self, smaller: WebFigures) -> str:
        """How much longer each page takes in the middle than in a run with fewer tracks, as a line for people."""
        grown = {
            name: route.paced["p50_ms"] / max(smaller.routes[name].paced["p50_ms"], 1)
            for name, route in self.routes.items()
            if name in MARKED and name in smaller.routes
        }
        parts = [
            f"{name} {times:.2f}{' (misses the mark)' if times > MOST_GROWTH else ''}" for name, times in grown.items()
        ]
        return f"medians beside {smaller.tracks:,} tracks: {', '.join(parts)}"


def bench_web(tracks: int, seconds: float, say: Callable[[str], None]) -> WebFigures:
    """Fill a store, train, serve, and put load on every route in turns.

    Parameters
    ----------
    seconds : float
        How long each route is asked at the listeners' pace; a quarter of it without pauses.
    """
    python = bench_python(say)
    if python is None:
        raise EarwiseError("The load generator is missing; check the network connection and start again.")
    with temporary_store(Settings.from_env()) as own, open_store(own) as store:
        settings = _with_audio(own)
        say(f"making {tracks:,} tracks and training on them")
        _make_library(store, settings, tracks)
        plans = make_plans(tracks, {cluster.number: cluster.size for cluster in store.model_parts.clusters(MODEL_ID)})
        with _serving(settings, "webapp:create_app()") as (address, server):
            say(f"logging in {LISTENERS:,} listeners")
            with ThreadPoolExecutor(len(usable_cores())) as threads:
                names = map(listener_name, range(LISTENERS))
                cookies = list(threads.map(lambda name: log_in(address, name, PASSWORD), names))
            routes = {}
            for plan in plans:
                say(f"asking for {plan.name}")
                routes[plan.name] = _measure(python, address, replace(plan, cookies=cookies), seconds)
            workers = [rss_bytes(worker) for worker in psutil.Process(server).children()]
        say("asking for a constant page")
        with _serving(settings, "webapp.floor:create_app()") as (address, _):
            floor = put_load(
                python, address, Plan("floor", ["/"]), connections=_CONNECTIONS, seconds=max(seconds // 4, 5)
            )
        return WebFigures(tracks, mongo_version(settings), round(max(workers) / 1e6), floor.rps, routes)


def make_plans(tracks: int, clusters: Mapping[int, int]) -> list[Plan]:
    """What is asked of each route, for other tracks every time.

    Parameters
    ----------
    clusters : dict of int to int
        How many tracks each cluster has, by its number.
    """
    rng = random.Random(_SEED)  # noqa: S311 - a choice that is the same every time
    chosen = [track_id_of(number) for number in rng.sample(range(tracks), min(_PATHS, tracks))]
    sought = rng.sample([*make_tags(_PATHS)], len(chosen))

    def page_of(path: str, length: int, on_page: int) -> str:
        """Half of the listeners look at the beginning of a list, the others anywhere in it."""
        return f"{path}?page={rng.randint(1, max(length // on_page, 1))}" if rng.random() < 0.5 else path

    numbers = rng.choices(sorted(clusters), k=len(chosen))
    paths = {
        "home": [page_of("/", tracks, TRACKS_ON_PAGE) for _ in chosen],
        "search": [f"/?q={quote_plus(_type(rng, tags))}" for tags in sought],
        "recommendations": [f"/tracks/{track_id}" for track_id in chosen],
        "cluster": [page_of(f"/clusters/{number}", clusters[number], PAGE_SIZE) for number in numbers],
        "api_similar": [f"/api/v1/tracks/{track_id}/similar" for track_id in chosen],
    }
    names = [listener_name(number) for number in rng.sample(range(LISTENERS), LISTENERS)]
    return [
        Plan("login", ["/log-in"], names=names, password=PASSWORD, status=302),
        *(Plan(name, asked) for name, asked in paths.items()),
        Plan("stream_1mib", [f"/tracks/{track_id}/audio" for track_id in chosen], headers=_FIRST_MIB, status=206),
    ]


def _type(rng: random.Random, tags: Tags) -> str:
    """What is typed to find a track: a word that is misspelt, a word and the beginning of another, or one begun."""
    words = [*tags.title.lower().split(), *tags.artist.lower().split()[:2]]
    word, other = rng.sample(words, 2)
    way = rng.random()
    if way < _MISSPELT:
        at = rng.randrange(1, len(word) - 1)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return f"{word} {other[:3]}" if way < _MISSPELT + _OF_TWO_WORDS else word[: rng.randint(3, len(word))]


def _with_audio(settings: Settings) -> Settings:
    folder = settings.home / "music"
    folder.mkdir()
    (folder / "track.mp3").write_bytes(os.urandom(_AUDIO_MB * 2**20))
    return replace(
        settings,
        library=(Root("music", folder),),
        secret_key=secrets.token_hex(),
        web_port=find_free_port(),
        api_per_minute=0,
    )


def _make_library(store: Store, settings: Settings, tracks: int) -> None:
    fill(store, make_features(tracks), LibraryPath("music", b"track.mp3"))
    refresh_directory(store)
    submit_job(settings, tracks)
    publish_model(store, MODEL_ID, datetime.now(UTC), keep=5, model_folder=settings.model_folder)
    add_listeners(store, tracks)


def _measure(python: Path, address: str, plan: Plan, seconds: float) -> RouteFigures:
    paced = put_load(python, address, replace(plan, wait_s=_WAIT_S), connections=_CONNECTIONS, seconds=seconds)
    unpaced: LoadFigures = put_load(python, address, plan, connections=_CONNECTIONS, seconds=max(seconds // 4, 5))
    # What was asked last is still being answered, though nobody waits for it any more.
    time.sleep(_CONNECTIONS / max(unpaced.rps, 1) + 1)
    return RouteFigures(unpaced.rps, paced.percentiles_ms)


@contextmanager
def _serving(settings: Settings, application: str) -> Iterator[tuple[str, int]]:
    """The address of a server as ``./run`` starts it, and its process id."""
    environment = {**os.environ, **settings_environment(settings)}
    with (settings.home / "web.log").open("ab") as log:
        server = subprocess.Popen(web_command(settings, application), env=environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{settings.web_port}"
        _wait_for(address, server)
        yield address, server.pid
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < ends:
        # Not whether it listens: its master does so seconds before a worker can answer.
        if _answers(address):
            return
        time.sleep(0.2)
    raise EarwiseError("The web server did not start.")


def _answers(address: str) -> bool:
    try:
        _DIRECTLY.open(f"{address}/health", timeout=_START_S).close()
    except HTTPError as error:
        return error.code == HTTPStatus.NOT_FOUND  # the constant page is all that its server has
    except OSError:
        return False
    return True
