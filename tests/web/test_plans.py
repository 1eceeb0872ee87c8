"""Every query that an answer of the app is made of goes by an index: the server's own plan says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import pytest
from flask import Flask
from pymongo.collection import Collection
from pymongo.database import Database

from earwise.extraction.directory import refresh_directory
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.listeners import Role
from tests.web.conftest import PASSWORD, Browser, Program
from tests.web.seeding import NOW, seed_model, seed_tracks, start_extraction
from tests.web.test_access import ENDS_THE_SESSION, FIELDS, give_opinions, make_playlist, make_token, walk
from tests.web.test_api_own import body_of

type Commands = Callable[[], list[tuple[str, Mapping[str, Any]]]]
# What an admin's pages count, change or show as a whole: all of quarantine by its codes, and the few downloads.
# And attempts to log in, of the last minutes, of which many at once have to get different numbers.
_WHOLE = {("quarantine", ()), ("downloads", ()), ("attempts", ())}


@dataclass(frozen=True)
class LookUp:
    """What the server has to find: documents of a collection, in an order where that counts."""

    collection: str
    query: Mapping[str, Any]
    order: Mapping[str, int] = field(default_factory=dict)


@pytest.fixture
def tracks(store: Store) -> list[str]:
    """A library with something in every collection that pages read."""
    found = seed_tracks(store, 60)
    seed_model(store, found, neighbours=50)
    refresh_directory(store)
    start_extraction(store, done=13)
    for number in range(3):
        store.quarantine.put(LibraryPath("music", b"%d.mp3" % number), "silent", "Nothing to hear.", NOW)
    return found


@pytest.fixture
def owned(store: Store, tracks: list[str], admin: Browser) -> dict[str, str]:
    """A playlist and a token of the admin, who has opinions too."""
    give_opinions(store, "root")
    store.aliases.put("f" * 32, tracks[5], NOW)
    return {"playlist_id": make_playlist(store, "root"), "token_id": make_token(store, "root")}


def test_every_query_of_every_page_is_by_index(
    app: Flask,
    store: Store,
    database_name: str,
    admin: Browser,
    enter: Callable[..., Browser],
    owned: dict[str, str],
    commands: Commands,
) -> None:
    others = {endpoint: enter(endpoint.replace(".", "-"), Role.ADMIN) for endpoint in sorted(ENDS_THE_SESSION)}
    app.config["WTF_CSRF_ENABLED"] = False
    fields = FIELDS | {"password": "another " + PASSWORD, "repeat": "another " + PASSWORD}
    found = {}
    for endpoint, method, path in pages(app, owned):
        commands()
        client, data = others.get(endpoint, admin).client, fields if method == "POST" else None
        client.open(path, method=method, data=data, buffered=True)
        found[f"{method} {path}"] = scans(store.client[database_name], commands())
    for path in (
        "/?q=title",
        "/?q=tilte",
        "/?q=artist+title+7",
        "/?q=title&page=2",
        "/suggestions?q=ti",
        "/browse?of=ar",
        *(
            f"/{name}?after=2026-06-01T00:00:00{more}"
            for name in ("history", "favourites", "rated")
            for more in ("", "~2")
        ),
        f"/tracks/{'f' * 32}",
    ):
        commands()
        assert admin.get(path).status_code < 400, path
        found[path] = scans(store.client[database_name], commands())
    assert {path: some for path, some in found.items() if some} == {}


def pages(app: Flask, owned: dict[str, str]) -> list[tuple[str, str, str]]:
    """What pages can be asked, what is read first, and what deletes last."""
    walked = [one for one in walk(app, **owned) if not one[0].startswith("v1-") and one[1] != "HEAD"]
    return sorted(walked, key=lambda one: (one[1] != "GET", "delete" in one[2] or "revoke" in one[2]))


def test_every_query_of_every_route_of_the_api_is_by_index(
    app: Flask,
    store: Store,
    database_name: str,
    owned: dict[str, str],
    tracks: list[str],
    commands: Commands,
) -> None:
    owner = store.listeners.get_by_name("root").listener_id
    program = Program(app, store.tokens.create(owner, "program", NOW))
    routes = [one for one in walk(app, **owned) if one[0].startswith("v1-") and one[1] != "HEAD"]
    found = {}
    for endpoint, method, path in sorted(routes, key=lambda one: one[1] == "DELETE"):
        etag = {"If-Match": str(program.get(f"/playlists/{owned['playlist_id']}").headers.get("ETag"))}
        commands()
        program.send(method, path.removeprefix("/api/v1"), etag, json=body_of(endpoint, tracks[0]))
        found[f"{method} {path}"] = scans(store.client[database_name], commands())
    assert {path: some for path, some in found.items() if some} == {}


def test_query_that_goes_through_a_collection_is_found_out(store: Store, database_name: str, tracks: list[str]) -> None:
    database = store.client[database_name]
    own = {"$match": {"_id": "model"}}
    through: list[tuple[str, Mapping[str, Any]]] = [
        ("find", {"find": "tracks", "filter": {"duration_s": 3}}),
        ("update", {"update": "tracks", "updates": [{"q": {"duration_s": 3}, "u": {}}]}),
        ("aggregate", {"aggregate": "tracks", "pipeline": [{"$group": {"_id": "$title"}}]}),
        ("aggregate", {"aggregate": "active", "pipeline": [own, join("tracks", "title")]}),
        (
            "aggregate",
            {"aggregate": "active", "pipeline": [own, {"$unionWith": {"coll": "tracks"}}]},
        ),
        ("aggregate", {"aggregate": 1, "pipeline": [{"$documents": [{"model_id": "m"}]}, join("tracks", "title")]}),
        ("update", {"update": "tracks", "updates": [{"q": {"_id": tracks[0], "$or": [{"state": "ready"}]}, "u": {}}]}),
        ("findAndModify", {"findAndModify": "tracks", "query": {"_id": tracks[0]}}),
    ]
    for command in through:
        assert len(scans(database, [command])) == 1, command
    assert scans(database, [("find", {"find": "tracks", "filter": {"_id": tracks[0], "duration_s": 3}})]) == []
    history = [("find", {"find": "events", "filter": {"listener_id": "mira", "is_play": True}, "sort": {"at": -1}})]
    assert scans(database, history) == []
    database["events"].drop_index("listener_id_1_is_play_1_at_-1")
    assert len(scans(database, history)) == 1


def join(collection: str, key: str) -> dict[str, Any]:
    return {"$lookup": {"from": collection, "localField": "model_id", "foreignField": key, "as": "found"}}


def scans(database: Database[dict[str, Any]], asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """What of these commands goes through a whole collection."""
    found = dict.fromkeys(
        f"{one}" for name, command in asked for one in look_ups(name, command) if is_scan(database, one)
    )
    return list(found)


def is_scan(database: Database[dict[str, Any]], look_up: LookUp) -> bool:
    collection = database[look_up.collection]
    plans = (
        str(plan_of(collection, part, look_up.order)) for part in (look_up.query, *indexed_parts(collection, look_up))
    )
    return (look_up.collection, tuple(look_up.query)) not in _WHOLE and all("COLLSCAN" in plan for plan in plans)


def plan_of(collection: Collection[dict[str, Any]], query: Mapping[str, Any], order: Mapping[str, int]) -> object:
    found = collection.find(query)
    return (found.sort([*order.items()]) if order else found).explain()["queryPlanner"]["winningPlan"]


def indexed_parts(collection: Collection[dict[str, Any]], look_up: LookUp) -> Iterator[Mapping[str, Any]]:
    """What of the query the first fields of an index answer.

    The embedded server narrows a query by them, and then says COLLSCAN of it because of what is left to compare: of
    10,000 documents it finds an id beside another condition in 2 ms, and goes through them all in 199, as it does for
    an id beside alternatives.
    """
    if "$or" in look_up.query:
        return
    for index in collection.index_information().values():
        fields = [*takewhile(look_up.query.__contains__, (field for field, _ in index["key"]))]
        if fields:
            yield {field: look_up.query[field] for field in fields}


def look_ups(name: str, command: Mapping[str, Any]) -> Iterator[LookUp]:
    """What a command has the server find.

    Whatever its plan says, the embedded server goes through the whole collection to give back what it updates, and for
    a union with some of a collection: of 8,000 documents in 70 and 350 ms.
    """
    collection = command[name]
    if name == "find":
        yield LookUp(collection, command.get("filter", {}), command.get("sort", {}))
    elif name == "findAndModify":
        yield LookUp(collection, {})
    elif name == "aggregate":
        yield from look_ups_of(collection, command["pipeline"])
    elif name in {"update", "delete"}:
        yield from (LookUp(collection, one["q"]) for one in command[f"{name}s"])


def look_ups_of(collection: str, stages: Sequence[Mapping[str, Any]]) -> Iterator[LookUp]:
    if "$documents" not in stages[0]:
        matches = [stage["$match"] for stage in takewhile(lambda stage: "$match" in stage, stages)]
        yield LookUp(collection, {key: value for match in matches for key, value in match.items()})
    for stage in stages:
        if joined := stage.get("$lookup"):
            yield LookUp(joined["from"], {joined["foreignField"]: "a key"})
        elif union := stage.get("$unionWith"):
            yield LookUp(union["coll"], {})
