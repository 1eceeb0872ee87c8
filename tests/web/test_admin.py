"""The admin pages: what runs, what failed, and what can be done about it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from earwise import errors
from earwise.errors import TrackError
from earwise.library.scan import PROBLEM_CODES
from earwise.paths import LibraryPath
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.extraction_runs import Counts
from earwise.store.model_changes import Changes, Move
from earwise.store.model_runs import Quality
from tests.web.conftest import Browser
from tests.web.seeding import NOW, seed_model, seed_tracks, start_extraction
from webapp import faults
from webapp.faults import SEEN_BY_EVERY_SCAN
from webapp.filters import moment


def test_admin_sees_totals_runs_quarantine_and_silhouettes(store: Store, admin: Browser) -> None:
    seed_model(store, seed_tracks(store, 12))
    start_extraction(store, done=13)
    store.quarantine.put(LibraryPath("music", b"caf\xe9.mp3"), "not_audio", "No decoder could read it.", NOW)
    overview = admin.get("/admin").text
    assert "<span>12</span> tracks in the library" in overview
    assert "<span>1</span> files in quarantine" in overview
    assert "13 of 40" in overview
    assert "no audio in it" in overview
    assert "3: 0.130" in admin.get("/admin/training").text
    quarantine = admin.get("/admin/quarantine").text
    assert "music/caf�.mp3" in quarantine
    assert "No decoder could read it." in quarantine
    assert "not_audio" in quarantine


def test_admin_sees_how_far_an_extraction_is(store: Store, admin: Browser) -> None:
    start_extraction(store, done=0)
    store.extraction_runs.put_progress("run", 0, Counts(), None, datetime.now(UTC))
    assert "not known yet" in admin.get("/admin").text
    counts = Counts(10, 8, {"silent": 1, "truncated": 2})
    store.extraction_runs.put_progress("run", 0, counts, 0.1, datetime.now(UTC))
    page = admin.get("/admin").text
    assert "Extraction is running" in page
    assert '<progress max="40" value="10"' in page
    assert "10 of 40" in page
    assert "about 5 min" in page
    assert "0.1 files a second" in page
    assert page.index("cut off") < page.index("silent")
    store.extraction_runs.put_progress("run", 0, counts, 0.1, datetime.now(UTC) - timedelta(minutes=10))
    page = admin.get("/admin").text
    assert "probably broken off" in page
    assert "Extraction is running" not in page
    store.extraction_runs.finish("run", NOW)
    assert "<progress" not in admin.get("/admin").text


def test_admin_sees_the_rate_of_machines_that_work_at_the_same_time(store: Store, admin: Browser) -> None:
    files = [LibraryPath("music", b"a")] * 40
    store.extraction_runs.start("run", [files, files, files], NOW)
    store.extraction_runs.put_progress("run", 0, Counts(10), 0.1, datetime.now(UTC))
    store.extraction_runs.put_progress("run", 1, Counts(20), 0.2, datetime.now(UTC))
    page = admin.get("/admin").text
    assert "30 of 120" in page
    assert "0.3 files a second" in page
    assert "about 5 min" in page


def test_run_is_not_called_broken_off_while_a_file_may_take_longer(
    store: Store, admin: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_extraction(store, done=10)
    store.extraction_runs.put_progress("run", 0, Counts(10), 0.1, datetime.now(UTC) - timedelta(minutes=10))
    assert "probably broken off" in admin.get("/admin").text
    long_ago = datetime.now(UTC) - timedelta(minutes=50)
    store.extraction_runs.put_progress("run", 0, Counts(10), 0.1, long_ago, longest_fetch_s=3000.0)
    assert "probably broken off" not in admin.get("/admin").text
    store.extraction_runs.put_progress("run", 0, Counts(10), 0.1, long_ago - timedelta(minutes=10))
    assert "probably broken off" in admin.get("/admin").text
    patient = dataclasses.replace(settings, decode_timeout_s=3600.0)
    monkeypatch.setattr("webapp.admin.settings", lambda: patient)
    assert "probably broken off" not in admin.get("/admin").text


def test_run_that_waited_for_another_is_shown_from_when_it_began(store: Store, admin: Browser) -> None:
    began = datetime.now(UTC)
    store.extraction_runs.start("run", [[LibraryPath("music", b"a")]], began - timedelta(hours=9), now=began)
    page = admin.get("/admin").text
    assert "Extraction is running" in page
    assert "probably broken off" not in page
    assert f"<dt>Began</dt><dd>{moment(began)}</dd>" in page


def test_admin_sees_how_many_files_a_failed_batch_left(store: Store, admin: Browser) -> None:
    start_extraction(store, done=10)
    store.extraction_runs.finish("run", NOW, left=30)
    page = admin.get("/admin").text
    assert "30 files could not be tried" in page
    assert "every file that was found could be heard" not in page
    store.extraction_runs.finish("run", NOW)
    page = admin.get("/admin").text
    assert "could not be tried" not in page
    assert "every file that was found could be heard" in page


def test_admin_has_files_in_quarantine_tried_again(store: Store, admin: Browser) -> None:
    for number in range(3):
        store.quarantine.put(LibraryPath("music", b"%d.mp3" % number), "not_audio", "No audio in this file.", NOW)
    store.quarantine.put(LibraryPath("music", b"link.mp3"), "dangling_link", "This link leads nowhere.", NOW)
    assert admin.get("/admin/quarantine").text.count(">Try again<") == 3
    key = LibraryPath("music", b"1.mp3").key
    answer = admin.submit(f"/admin/quarantine/{key}/retry", page="/admin/quarantine")
    assert (answer.status_code, answer.location) == (303, f"/admin/quarantine?page=1#file-{key}")
    assert [file.location.path for file in store.quarantine.retries()] == [b"1.mp3"]
    page = admin.get("/admin/quarantine").text
    assert "1 file will be tried again by the next run" in page
    assert (page.count(">Try again<"), page.count("Next run tries again")) == (2, 1)
    assert admin.submit("/admin/quarantine/retry", page="/admin/quarantine").status_code == 303
    assert len(store.quarantine.retries()) == 4
    assert admin.submit(f"/admin/quarantine/{'0' * 24}/retry", page="/admin/quarantine").status_code == 404


def test_admin_need_not_wait_until_earwise_looks_for_a_file_again(store: Store, admin: Browser) -> None:
    store.quarantine.put(LibraryPath("music", b"a.mp3"), "unreadable", "The system refuses it.", NOW)
    assert admin.get("/admin/quarantine").text.count(">Try again<") == 1


def test_retry_needs_the_token_of_the_page(store: Store, admin: Browser) -> None:
    store.quarantine.put(LibraryPath("music", b"a.mp3"), "not_audio", "No audio in this file.", NOW)
    assert admin.client.post("/admin/quarantine/retry").status_code == 400
    assert store.quarantine.retries() == []


def test_every_code_has_a_name_on_the_page() -> None:
    codes = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TrackError)}
    codes |= {"truncated", "empty", "decoder_crash", "read_error", "too_large", *PROBLEM_CODES}
    named = vars(faults)["_NAMES"]
    assert sorted(codes - named.keys()) == []
    assert set(PROBLEM_CODES) == SEEN_BY_EVERY_SCAN


def test_admin_follows_airflows_link_to_a_model(store: Store, admin: Browser) -> None:
    seed_model(store, seed_tracks(store, 12))
    page = admin.get("/admin/models/model-1").text
    assert "This is the model that listeners hear." in page
    assert "0.1300" in page
    assert "/dags/train_clusters/runs/run%20model-1" in page
    assert admin.get("/admin/models/none").status_code == 404


def test_training_page_draws_what_is_measured_and_says_why_a_model_was_rejected(store: Store, admin: Browser) -> None:
    tracks = seed_tracks(store, 12)
    for number in range(3):
        seed_model(store, tracks, model_id=f"model-{number}")
    run = store.model_runs.get("model-1")
    changes = Changes("model-0", 9, 3, 1, 2, (Move("Slow <strings>", "Bright piano", 0, 1, 3),), (("Drums", "Bells"),))
    quality = Quality(recall_at_10=0.997, orphan_share=0.012)
    store.model_runs.put(dataclasses.replace(run, changes=changes, quality=quality))
    store.model_runs.mark_rejected("model-1", ["It knows 3 tracks, fewer than 90% of the 12 before."])
    training = admin.get("/admin/training").text
    assert "Silhouette of the last 3 runs" in training
    assert training.count('<circle class="chart-mark') == 3
    assert training.count("chart-mark is-chosen") == 1
    assert "fewer than 90% of the 12 before" in training
    assert "0.997" in training
    assert "1.2 %" in training
    model = admin.get("/admin/models/model-1").text
    assert "Slow &lt;strings&gt;" in model
    assert "Renamed: <bdi>Drums</bdi> is now <bdi>Bells</bdi>" in model
    assert model.count("<polyline") == 2
    assert "fewer than 90% of the 12 before" in model
    assert "style=" not in training + model


def test_one_run_makes_no_line_and_the_page_stands(store: Store, admin: Browser) -> None:
    seed_model(store, seed_tracks(store, 12))
    assert "<polyline" not in admin.get("/admin/training").text
