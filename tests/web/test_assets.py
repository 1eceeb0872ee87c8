"""Scripts and stylesheets: how they are sent."""

from __future__ import annotations

import gzip
import re

import pytest

from earwise.store import Store
from tests.web.conftest import Browser
from tests.web.seeding import seed_tracks

_GZIP = {"Accept-Encoding": "br, gzip;q=0.8"}


@pytest.fixture
def addresses(nobody: Browser) -> list[str]:
    """Stylesheets, the icon and a script of a page, under the addresses of their content."""
    found = re.findall(r'href="(/static/[^"]+)"', nobody.get("/log-in").text)
    assert len(found) > 3
    return [*found, found[0].rpartition("/")[0] + "/app/main.js"]


def test_texts_are_sent_compressed_to_those_who_take_it(nobody: Browser, addresses: list[str]) -> None:
    for address in addresses:
        plain, packed = nobody.get(address), nobody.get(address, headers=_GZIP)
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == plain.data
        assert len(packed.data) < len(plain.data)
        assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
        assert "immutable" in packed.headers["Cache-Control"]
        assert all("Accept-Encoding" in answer.headers["Vary"] for answer in (plain, packed))
        assert plain.headers["ETag"] != packed.headers["ETag"]
        again = nobody.get(address, headers=_GZIP | {"If-None-Match": packed.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_who_refuses_it_gets_the_file_as_it_is(nobody: Browser, addresses: list[str]) -> None:
    for refused in ("identity", "gzip;q=0", "br"):
        assert "Content-Encoding" not in nobody.get(addresses[0], headers={"Accept-Encoding": refused}).headers


def test_pages_and_pictures_are_not_compressed(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 3)
    for path in ("/", f"/tracks/{tracks[0]}", "/account", "/static/0/artwork.png"):
        assert "Content-Encoding" not in listener.get(path, headers=_GZIP).headers, path
