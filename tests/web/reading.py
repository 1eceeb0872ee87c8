"""What a page shows, read from its HTML."""

from __future__ import annotations

import html


def titles(page: str) -> list[str]:
    return [part.split("</bdi>")[0] for part in page.split('class="title"')[1:] for part in [part.split("<bdi>")[1]]]


def next_page(page: str) -> str | None:
    links = [tag for tag in page.split("<a ") if 'rel="next"' in tag]
    return html.unescape(links[0].split('href="')[1].split('"')[0]) if links else None
