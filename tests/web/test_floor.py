"""The page that the others are compared with under load."""

from __future__ import annotations

from webapp.floor import create_app


def test_page_is_one_constant_row() -> None:
    client = create_app().test_client()
    first = client.get("/")
    assert first.status_code == 200
    assert first.text.count("<tr>") == 1
    assert client.get("/").data == first.data
