"""What every MongoDB-protocol server must do for aliases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from earwise.store import Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_alias_leads_to_the_track_and_waits_until_all_have_followed(store: Store) -> None:
    store.aliases.put("b", "c", NOW + timedelta(days=1))
    store.aliases.put("a", "z", NOW)
    assert store.aliases.resolve(["a", "b", "c"]) == {"a": "z", "b": "c"}
    assert store.aliases.pending() == [("a", "z"), ("b", "c")]
    assert store.aliases.pending(NOW + timedelta(days=1)) == [("a", "z")]
    store.aliases.mark_followed("a", "z")
    assert store.aliases.pending() == [("b", "c")]
    assert store.aliases.resolve(["a"]) == {"a": "z"}


def test_aliases_of_an_alias_lead_to_the_last_track(store: Store) -> None:
    store.aliases.put("a", "b", NOW)
    store.aliases.mark_followed("a", "b")
    for _ in range(2):
        store.aliases.put("b", "c", NOW)
    assert store.aliases.resolve(["a", "b", "c"]) == {"a": "c", "b": "c"}
    assert sorted(store.aliases.former_ids("c")) == ["a", "b"]
    assert store.aliases.former_ids("b") == []
    assert store.aliases.pending() == [("b", "c")]


def test_track_that_comes_back_is_itself_and_no_circle_comes_of_it(store: Store) -> None:
    store.aliases.put("a", "b", NOW)
    store.aliases.put("b", "a", NOW)
    assert store.aliases.resolve(["a", "b"]) == {"b": "a"}
    store.aliases.remove(["b", "absent"])
    assert store.aliases.resolve(["a", "b"]) == {}


def test_alias_that_changed_while_documents_followed_waits_again(store: Store) -> None:
    store.aliases.put("a", "b", NOW)
    store.aliases.put("b", "c", NOW)
    store.aliases.mark_followed("a", "b")
    assert store.aliases.pending() == [("a", "c"), ("b", "c")]
