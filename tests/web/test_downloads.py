"""What admins see of downloads."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

from earwise.store import Store
from earwise.store.downloads import Download, DownloadState
from tests.web.conftest import Browser

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DOWNLOAD = Download("fma_small.zip", DownloadState.DOWNLOADING, 3_000_000_000, 7_700_000_000, 25e6, "", NOW)


def test_running_download_shows_how_far_it_is(store: Store, admin: Browser) -> None:
    store.downloads.put(DOWNLOAD)
    page = admin.get("/admin/downloads").text
    for text in ("fma_small.zip", "3.0 GB of 7.7 GB", "25.0 MB a second", 'value="3000000000"'):
        assert text in page


def test_failed_download_shows_why(store: Store, admin: Browser) -> None:
    failed = dataclasses.replace(DOWNLOAD, state=DownloadState.FAILED, message="It came with <another> SHA-1.")
    store.downloads.put(failed)
    page = admin.get("/admin/downloads").text
    assert "It came with &lt;another&gt; SHA-1." in page
    assert "<progress" not in page


def test_page_without_downloads_says_how_to_start_one(admin: Browser) -> None:
    assert "Start <code>load_fma</code> in Airflow" in admin.get("/admin/downloads").text
