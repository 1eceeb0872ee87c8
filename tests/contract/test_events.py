"""What every MongoDB-protocol server must do for plays and skips, and for a listener's documents as a whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pymongo.monitoring
import pytest

from earwise.errors import DuplicateError
from earwise.store import Store
from earwise.store.events import Play
from earwise.store.listeners import Role
from earwise.store.personal import PERSONAL

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def hear(store: Store, track: str, heard_s: float, *, minute: int = 0, listening: str | None = None) -> None:
    now = NOW + timedelta(minutes=minute)
    store.events.record("mira", listening or f"{track}{minute}", track, heard_s=heard_s, duration_s=185.0, now=now)


def played(store: Store) -> list[str]:
    return [play.track_id for play in store.events.plays("mira", limit=10)]


def test_play_counts_after_half_a_minute_and_a_skip_does_not(store: Store, database_name: str) -> None:
    hear(store, "played", 31.0, minute=1)
    hear(store, "skipped", 12.0, minute=2)
    assert played(store) == ["played"]
    kept = store.client[database_name]["events"].find({}, {"_id": 0, "track_id": 1, "is_play": 1, "heard_s": 1})
    assert sorted((found["track_id"], found["is_play"], found["heard_s"]) for found in kept) == [
        ("played", True, 31.0),
        ("skipped", False, 12.0),
    ]


def test_listening_that_is_told_again_counts_once_with_the_longest(store: Store, database_name: str) -> None:
    for heard_s in (31.0, 120.0, 40.0):
        hear(store, "t", heard_s, listening="one")
    (kept,) = store.client[database_name]["events"].find({})
    assert kept["heard_s"] == 120.0
    assert kept["is_play"] is True


def test_listening_to_one_track_is_none_to_another(store: Store, database_name: str) -> None:
    hear(store, "long", 12.0, listening="one")
    with pytest.raises(DuplicateError):
        store.events.record("mira", "one", "short", heard_s=12.0, duration_s=20.0, now=NOW)
    (kept,) = store.client[database_name]["events"].find({})
    assert (kept["track_id"], kept["is_play"]) == ("long", False)


def test_listening_goes_on_where_its_track_has_become_another_meanwhile(store: Store) -> None:
    hear(store, "old", 12.0, listening="one")
    store.aliases.put("old", "new", NOW)
    hear(store, "new", 31.0, listening="one")
    assert played(store) == ["old"]
    store.events.follow_track("old", "new")
    hear(store, "new", 40.0, listening="one")
    assert played(store) == ["new"]
    with pytest.raises(DuplicateError):
        hear(store, "third", 40.0, listening="one")


def test_history_pages_from_the_newest_on(store: Store) -> None:
    for minute in range(5):
        hear(store, f"t{minute}", 60, minute=minute)
    first = store.events.plays("mira", limit=3)
    assert [play.track_id for play in first] == ["t4", "t3", "t2"]
    assert first[0].at == NOW + timedelta(minutes=4)
    assert [play.track_id for play in store.events.plays("mira", limit=3, cursor=first[-1].cursor)] == ["t1", "t0"]
    assert store.events.plays("jon", limit=3) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_no_page_of_the_history_loses_what_was_played_in_the_same_moment(store: Store, limit: int) -> None:
    minutes = (0, 1, 1, 1, 1, 1, 2, 2, 3)
    for number, minute in enumerate(minutes):
        hear(store, f"t{number}", 60, minute=minute)
    found, cursor = list[Play](), None
    while some := store.events.plays("mira", limit=limit, cursor=cursor):
        found, cursor = found + some, some[-1].cursor
    assert sorted(play.track_id for play in found) == [f"t{number}" for number in range(len(minutes))]
    assert [play.at for play in found] == [NOW + timedelta(minutes=minute) for minute in reversed(minutes)]


def test_cursor_without_a_count_goes_on_after_its_moment(store: Store) -> None:
    for number, minute in enumerate((0, 1, 1)):
        hear(store, f"t{number}", 60, minute=minute)
    moment = (NOW + timedelta(minutes=1)).isoformat()
    assert [play.track_id for play in store.events.plays("mira", limit=5, cursor=moment)] == ["t0"]


def test_track_that_became_another_keeps_its_history(store: Store) -> None:
    hear(store, "old", 60)
    for _ in range(2):
        store.events.follow_track("old", "new")
        assert played(store) == ["new"]


def fill(store: Store, name: str) -> str:
    """An account with a document of every kind; its id."""
    owner = store.listeners.add(name, "hash", Role.LISTENER, NOW).listener_id
    store.listeners.begin_session(owner)
    store.ratings.set_stars(owner, "t1", 4, NOW)
    store.ratings.set_thumb(owner, "t1", "t2", True, model_id="m", now=NOW)
    store.playlists.create(owner, "Night", NOW)
    store.events.record(owner, "one", "t1", heard_s=60, duration_s=185, now=NOW)
    store.tokens.create(owner, "phone", NOW)
    return owner


def test_erasing_leaves_nothing_that_names_the_listener_and_nothing_else_goes(store: Store, database_name: str) -> None:
    mira, jon = fill(store, "mira"), fill(store, "jon")
    database = store.client[database_name]
    assert all(database[name].count_documents({"listener_id": mira}) == 1 for name in PERSONAL)
    for _ in range(2):
        store.personal.erase(mira)
        kept = {name: list(database[name].find()) for name in database.list_collection_names()}
        assert mira not in str(kept)
        assert store.listeners.get_by_name("mira") is None
    assert store.listeners.get(jon) is not None
    assert all(len(list(store.personal.documents(jon, name))) == 1 for name in PERSONAL)


def test_account_is_given_out_without_what_proves_who_somebody_is(store: Store) -> None:
    mira = fill(store, "mira")
    account = store.personal.account(mira)
    assert account is not None
    assert set(account) == {"_id", "name", "role", "created_at"}


class WriteLog(pymongo.monitoring.CommandListener):
    """The write concern of every write."""

    def __init__(self) -> None:
        self.writes: list[tuple[str, object]] = []

    def started(self, event: pymongo.monitoring.CommandStartedEvent) -> None:
        if event.command_name in {"insert", "update", "delete", "findAndModify"}:
            self.writes.append((event.command[event.command_name], event.command.get("writeConcern")))

    def succeeded(self, event: object) -> None: ...

    def failed(self, event: object) -> None: ...


# Clients take the global listeners when they are made: this one must be there before the store is opened.
WRITES = WriteLog()
pymongo.monitoring.register(WRITES)


def test_what_listeners_write_is_on_disk_of_a_majority(store: Store) -> None:
    WRITES.writes.clear()
    owner = fill(store, "mira")
    store.ratings.follow_track("t1", "t3")
    store.playlists.follow_track("t1", "t3")
    store.personal.erase(owner)
    assert {name for name, _ in WRITES.writes} == {"users", *PERSONAL}
    assert [name for name, concern in WRITES.writes if concern != {"w": "majority", "j": True}] == []
