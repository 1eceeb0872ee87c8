"""Every page under axe-core, on a phone and a desktop, in light and dark; and everything by keyboard."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from earwise.extraction.directory import refresh_directory
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.extraction_runs import Counts
from earwise.store.listeners import Role
from earwise.store.shelves import shelf_key
from earwise.store.tracks import Tags
from tests.e2e.browsing import assert_fits, log_in_as_new, sign_up
from tests.web.seeding import NOW, seed_model, seed_track, start_extraction, track_id
from webapp import create_app

pytestmark = pytest.mark.browser

_AXE = (Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js").read_text("utf-8")
_STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_MOST_BYTES = 150_000
_UNBROKEN = "W" * 300
_MANY = 105


def violations(page: Page, within: str = "html", *, rules: Sequence[str] = ()) -> list[str]:
    """What axe-core finds wrong with the page as it is, or with this part of it; by these rules alone where given."""
    page.evaluate(_AXE)
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": _STANDARDS}
    found = page.evaluate("([part, runOnly]) => axe.run(part, { runOnly })", [within, only])["violations"]
    return [f"{page.url}: {one['id']}: {node['html']}" for one in found for node in one["nodes"]]


@pytest.fixture(scope="module")
def endless(database: tuple[Store, str], tracks: dict[str, str]) -> list[str]:
    """The library's tracks after one whose tags have no place to break, like the name of one of its clusters."""
    store, _ = database
    first = seed_track(store, Tags(_UNBROKEN, _UNBROKEN, _UNBROKEN, _UNBROKEN), path=b"a.mp3", duration_s=12)
    found = [first, *(track for title, track in tracks.items() if title != "Gone")]
    seed_model(store, found, model_id="endless", names=("Slow strings", _UNBROKEN))
    # So many that lists of them, of their artists and of what a search finds have further pages.
    for number in range(_MANY):
        seed_track(store, Tags(f"Air {number:03}", f"Artist {number % 70}", "Air", "Ambient", 1990), path=b"a.mp3")
    refresh_directory(store)
    return found


def fill(store: Store, name: str, tracks: list[str]) -> tuple[str, str]:
    """Something of everything for a listener; the addresses of a playlist and of a long one."""
    owner = store.listeners.get_by_name(name).listener_id
    playlist_id = store.playlists.create(owner, _UNBROKEN[:100], NOW)
    store.playlists.delete(owner, store.playlists.create(owner, "Dusk", NOW), datetime.now(UTC))
    for track in tracks[:3]:
        store.playlists.add(owner, playlist_id, track, NOW)
        store.ratings.set_stars(owner, track, 3, NOW)
        store.ratings.set_favourite(owner, track, True, NOW)
        store.events.record(owner, track, track, heard_s=60, duration_s=60, now=NOW)
    store.tokens.create(owner, "phone", NOW)
    store.ratings.set_thumb(owner, tracks[0], tracks[1], True, model_id="model-1", now=NOW)
    start_extraction(store, done=13)
    store.extraction_runs.put_progress("run", 0, Counts(13, 12, {"truncated": 1}), 2.0, datetime.now(UTC))
    for number, code in enumerate(("truncated", "dangling_link", "silent")):
        store.quarantine.put(LibraryPath("music", b"%d.mp3" % number), code, "What is wrong with it.", NOW)
    store.quarantine.request_retry(LibraryPath("music", b"2.mp3").key)
    many = [track_id(f"Air {number:03}Artist {number % 70}") for number in range(_MANY)]
    return f"/playlists/{playlist_id}", f"/playlists/{store.playlists.create(owner, 'Long', NOW, many)}"


def pages_of(ids: Sequence[str], playlist: str, long_playlist: str) -> list[str]:
    """Addresses of all pages that an admin sees."""
    track, savino = f"/tracks/{ids[0]}", f"/browse/artists/{shelf_key('Savino')}"
    return [
        *("/", "/?page=2&sort=title", "/?q=savino", "/?q=air&page=2", "/?q=nothing-like-it"),
        *("/browse", "/browse/albums?sort=size", "/browse/genres", "/browse/years", "/browse?page=2"),
        *("/browse?of=sa", "/browse?of=nothing", savino, f"{savino}/radio"),
        f"/browse/artists/{shelf_key(_UNBROKEN)}",
        *(f"/browse/albums/{shelf_key('Ocean', 'Savino')}", f"/browse/artists/{shelf_key('Nobody else')}"),
        *("/map", "/map?cluster=1", "/clusters", "/clusters/1", "/clusters/1/radio"),
        *(track, f"{track}/why/{ids[1]}", f"{track}/radio", f"{track}/path?to=savino", f"/playlists/add/{ids[0]}"),
        *(playlist, f"{playlist}/radio", long_playlist, f"{long_playlist}?page=2"),
        *(
            "/account",
            "/api",
            "/admin",
            "/admin/quarantine",
            "/admin/models/endless",
            "/admin/downloads",
            "/admin/training",
        ),
    ]


_ENTRANCE = ["/log-in", "/sign-up"]
_EMPTY = ["/playlists", "/favourites", "/rated", "/history"]  # once before anything is in them
# What is no page: files, and parts of pages that scripts ask for.
_NO_PAGES = {
    *("static", "health.health", "account.export", "audio.stream", "pictures.picture", "pictures.soundprint"),
    *("library.suggestions", "playlists.export", "ratings.marks"),
    *("browse.piece", "clusters.piece", "playlists.piece", "ratings.piece_of_favourites", "ratings.piece_of_rated"),
    *("sound_map.points", "sound_map.card_at", "sound_map.card_of"),
}


def test_no_page_of_the_app_is_missing_among_those_that_are_looked_at(
    database: tuple[Store, str], tmp_path: Path
) -> None:
    settings = Settings(secret_key="k" * 32, library=(Root("music", tmp_path),), home=tmp_path)
    routes = create_app(settings, database[0]).url_map
    paths = [*_ENTRANCE, *_EMPTY, *pages_of(["0" * 32, "1" * 32], "/playlists/night", "/playlists/long")]
    looked_at = {routes.bind("localhost").match(urlsplit(path).path)[0] for path in paths}
    shown = {rule.endpoint for rule in routes.iter_rules() if "GET" in rule.methods and "/api/" not in rule.rule}
    assert shown - looked_at == _NO_PAGES


_LOOKS = [(390, "light"), (1440, "dark")]
_OTHER_LOOKS = [(390, "dark"), (820, "light"), (820, "dark"), (1440, "light")]


@pytest.mark.parametrize(
    ("width", "scheme"), [*_LOOKS, *(pytest.param(*look, marks=pytest.mark.slow) for look in _OTHER_LOOKS)]
)
def test_no_page_breaks_a_rule_that_axe_knows_or_its_window(
    chromium: Browser, address: str, database: tuple[Store, str], endless: list[str], width: int, scheme: str
) -> None:
    store, ids = database[0], endless
    with chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        page = context.new_page()
        found = []

        def look(path: str) -> None:
            page.goto(address + path)
            found.extend(violations(page))
            assert_fits(page)

        for path in _ENTRANCE:
            look(path)
        name = log_in_as_new(page, address, store, Role.ADMIN)
        for path in _EMPTY:
            look(path)
        playlists = fill(store, name, ids)
        page.goto(f"{address}/tracks/{ids[0]}")
        page.get_by_role("button", name=re.compile("^Play ")).nth(1).click()
        for path in (*_EMPTY, *pages_of(ids, *playlists), "/none"):
            look(path)
        page.goto(f"{address}/tracks/{ids[0]}")
        page.locator("details.menu summary").first.click()
        found += violations(page, ".menu[open]")
        page.keyboard.press("Escape")
        for key, panel in (("q", "Queue"), ("?", "Keyboard keys")):
            page.keyboard.press(key)
            expect(page.get_by_role("dialog", name=panel)).to_be_visible()
            found += violations(page)
            assert_fits(page)
            page.keyboard.press("Escape")
    assert not found, "\n".join(found)


def test_recommendations_page_takes_little(page: Page, address: str, tracks: dict[str, str]) -> None:
    sign_up(page, address)
    taken: dict[str, int] = {}

    def measure(answer: Response) -> None:
        assert urlsplit(answer.url).netloc == urlsplit(address).netloc
        if "/static/" in answer.url and answer.url.endswith((".js", ".css")):
            taken[answer.url] = len(gzip.compress(answer.body()))

    fresh = page.context.new_page()
    fresh.on("response", measure)
    fresh.goto(f"{address}/tracks/{tracks['Ivory']}", wait_until="networkidle")
    assert len(taken) > 10
    assert sum(taken.values()) < _MOST_BYTES


def test_ratings_and_playlists_work_without_javascript(
    plain: BrowserContext, address: str, tracks: dict[str, str]
) -> None:
    page = plain.new_page()
    sign_up(page, address)
    page.goto(f"{address}/tracks/{tracks['Ivory']}")
    page.get_by_role("button", name="5 stars").click()
    page.get_by_role("button", name="Favourite").click()
    page.get_by_role("button", name="Bad recommendation").first.click()
    expect(page.get_by_role("button", name="5 stars, your rating")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Bad recommendation").first).to_have_attribute("aria-pressed", "true")
    page.locator("details.menu summary").first.click()
    page.get_by_role("link", name="Add to a playlist").last.click()
    page.get_by_label("Name").fill("Dawn")
    page.get_by_role("button", name="Make the playlist").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dawn")
    page.get_by_role("button", name="Delete the playlist").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dawn")
    page.get_by_role("link", name="Favourites").click()
    expect(page.get_by_role("link", name="Ivory", exact=True)).to_be_visible()
