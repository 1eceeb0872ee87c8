"""A bucket as a root, on a server that speaks S3's protocol."""

from __future__ import annotations

import dataclasses
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from earwise.errors import ConfigError, LibraryError, UnreadableFileError
from earwise.extraction import batches
from earwise.extraction.scanning import scan_library
from earwise.library.scan import walk_root
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.roots import bucket as bucket_root
from earwise.roots import cache, opening
from earwise.roots.opening import local_copy, open_file
from earwise.settings import Settings
from earwise.store import Store
from tests.audio import write_tone
from tests.conftest import free_port
from tests.extraction.conftest import NOW, Extraction
from tests.extraction.test_interruption import analyse_here


def put(s3: Any, bucket: str, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        s3.put_object(Bucket=bucket, Key=f"mine/{name}", Body=content)


def walk(root: Root) -> dict[bytes, list[bytes]]:
    return {folder.location.path: list(folder.files) for folder in walk_root(root, (root,))}


def read(root: Root, path: bytes) -> bytes:
    with local_copy(LibraryPath("cloud", path), (root,)) as location:
        return Path(os.fsdecode(location)).read_bytes()


def test_what_lies_below_the_prefix_is_found_folder_by_folder(s3: Any, bucket: str, bucket_of_music: Root) -> None:
    names = ("b/1.mp3", "a.flac", "b/c/1.ogg", "b-c/ü.mp3", "z.txt", ".x/1.mp3", "b//1.mp3")
    put(s3, bucket, dict.fromkeys(names, b"x"))
    s3.put_object(Bucket=bucket, Key="mine-not/1.mp3", Body=b"x")
    assert walk(bucket_of_music) == {
        b"": [b"a.flac"],
        b"b": [b"1.mp3"],
        b"b-c": ["ü.mp3".encode()],
        b"b/c": [b"1.ogg"],
    }


def test_objects_that_can_not_be_named_are_reported_until_they_are_renamed(
    extraction: Extraction, s3: Any, s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    lost = {"/abs.mp3": b"x", "a//b.mp3": b"x", "a/../x.mp3": b"x", "a/./y.mp3": b"x"}
    put(s3, bucket, lost | {"a/1.mp3": b"x", "a//notes.txt": b"x", ".hidden//1.mp3": b"x"})
    extraction_of(extraction, s3_endpoint, Root("cloud", Path("/s3:"), f"{bucket}/mine"))
    for _ in range(2):
        report = extraction.scan()
        assert (report.files, report.counts["problems"]) == (1, 4)
        assert extraction.codes() == dict.fromkeys(lost, "unaddressable")
    part = scan_library(extraction.store, extraction.settings.roots, NOW, within=LibraryPath("cloud", b"a"))
    assert sorted(problem.location.path for problem in part.problems) == [b"a/../x.mp3", b"a/./y.mp3", b"a//b.mp3"]
    assert extraction.codes() == dict.fromkeys(lost, "unaddressable")
    for name, content in lost.items():
        s3.delete_object(Bucket=bucket, Key=f"mine/{name}")
        put(s3, bucket, {f"b/{len(name)}.mp3": content})
    report = extraction.scan()
    assert (report.files, report.problems, extraction.codes()) == (4, (), {})


def test_bucket_of_nothing_but_objects_that_can_not_be_named_reports_them(
    s3: Any, bucket: str, bucket_of_music: Root
) -> None:
    put(s3, bucket, {"a//b.mp3": b"x"})
    (folder,) = walk_root(bucket_of_music, (bucket_of_music,))
    assert (folder.location.path, dict(folder.files)) == (b"", {})
    assert [problem.code for problem in folder.problems] == ["unaddressable"]


def test_listing_goes_on_beyond_one_answer(
    s3: Any, bucket: str, bucket_of_music: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_root, "_KEYS_PER_REQUEST", 10)
    put(s3, bucket, {f"{number % 7}/{number:02d}.mp3": b"" for number in range(45)})
    assert sum(map(len, walk(bucket_of_music).values())) == 45


def test_overwritten_object_of_the_same_size_is_seen_and_read_anew(s3: Any, bucket: str, bucket_of_music: Root) -> None:
    seen = []
    for content in (b"one", b"two"):
        put(s3, bucket, {"1.mp3": content})
        (folder,) = walk_root(bucket_of_music, (bucket_of_music,))
        seen.append((folder.files[b"1.mp3"], read(bucket_of_music, b"1.mp3")))
    assert seen[0][0] != seen[1][0]
    assert [content for _, content in seen] == [b"one", b"two"]


def test_object_is_fetched_once(s3: Any, bucket: str, bucket_of_music: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    put(s3, bucket, {"1.mp3": b"a tune"})
    assert read(bucket_of_music, b"1.mp3") == b"a tune"
    monkeypatch.setattr(type(bucket_root._client(bucket_of_music.endpoint)), "get_object", None, raising=False)
    assert read(bucket_of_music, b"1.mp3") == b"a tune"


def test_ranges_are_fetched_alone(s3: Any, bucket: str, bucket_of_music: Root) -> None:
    content = os.urandom(3_000_000)
    put(s3, bucket, {"1.mp3": content})
    opened = open_file(LibraryPath("cloud", b"1.mp3"), (bucket_of_music,))
    with opened.reader as reader:
        assert opened.size_bytes == 3_000_000
        reader.seek(2_500_000)
        assert reader.read(1000) == content[2_500_000:2_501_000]
        reader.seek(-5, os.SEEK_END)
        assert reader.read(10) == content[-5:]
        reader.seek(0)
        assert reader.read() == content
    assert not bucket_of_music.copies.folder.exists(), "playing brings no copy"  # type: ignore[union-attr]


def test_object_that_changes_while_it_plays_breaks_off(s3: Any, bucket: str, bucket_of_music: Root) -> None:
    put(s3, bucket, {"1.mp3": b"a" * 3_000_000})
    opened = open_file(LibraryPath("cloud", b"1.mp3"), (bucket_of_music,))
    opened.reader.read(10)
    put(s3, bucket, {"1.mp3": b"b" * 3_000_000})
    with pytest.raises(OSError, match="changed meanwhile"):
        opened.reader.read()


def test_absent_object_is_the_files_error(bucket_of_music: Root) -> None:
    for attempt in (read, lambda root, path: open_file(LibraryPath("cloud", path), (root,))):
        with pytest.raises(UnreadableFileError, match="not there any more"):
            attempt(bucket_of_music, b"1.mp3")


def test_archived_object_is_not_tried_again_by_itself(s3: Any, bucket: str, bucket_of_music: Root) -> None:
    s3.put_object(Bucket=bucket, Key="mine/1.mp3", Body=b"x", StorageClass="GLACIER")
    with pytest.raises(UnreadableFileError, match="archive tier") as raised:
        read(bucket_of_music, b"1.mp3")
    assert raised.value.code != UnreadableFileError.code


@pytest.mark.parametrize(("status", "code"), [(403, "read_error"), (400, "read_error"), (503, "unreadable")])
def test_object_that_is_found_and_refused_is_not_tried_again_by_itself(
    s3: Any, bucket: str, bucket_of_music: Root, monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    put(s3, bucket, {"1.mp3": b"x"})

    def refuse(*_: object, **__: object) -> None:
        answer = {"Error": {"Code": "KMS"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, "GetObject")

    monkeypatch.setattr(type(bucket_root._client(bucket_of_music.endpoint)), "get_object", refuse)
    with pytest.raises(UnreadableFileError) as raised:
        read(bucket_of_music, b"1.mp3")
    assert raised.value.code == code


def test_objects_that_are_refused_go_to_quarantine_while_others_are_given(
    extraction: Extraction, s3: Any, s3_endpoint: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    find_object = bucket_root.find_object

    def find(root: Root, file: LibraryPath) -> bucket_root.BucketObject:
        if file.path.startswith(b"theirs/"):
            raise UnreadableFileError("The object store did not give it: access is denied.")
        return find_object(root, file)

    for module in (bucket_root, opening):
        monkeypatch.setattr(module, "find_object", find)
    write_tone(tmp_path / "1.ogg", 1, duration_s=1.5)
    put(s3, bucket, {"1.ogg": (tmp_path / "1.ogg").read_bytes()})
    put(s3, bucket, {f"theirs/{number}.mp3": b"words" for number in range(20)})
    extraction_of(extraction, s3_endpoint, Root("cloud", Path("/s3:"), f"{bucket}/mine"))
    (batch,) = extraction.run()
    assert (batch.analysed, batch.failures) == (1, {"unreadable": 20})
    assert extraction.run() == []


def test_objects_that_are_found_and_refused_wait_while_their_bucket_gives_nothing(
    extraction: Extraction, s3: Any, s3_endpoint: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    content = Path(os.fsdecode(write_tone(tmp_path / "1.ogg", 1, duration_s=1.5))).read_bytes()
    put(s3, bucket, {"1.ogg": content})
    extraction_of(extraction, s3_endpoint, Root("cloud", Path("/s3:"), f"{bucket}/mine"))
    extraction.run()
    put(s3, bucket, {f"theirs/{number}.ogg": content for number in range(20)})
    refuse_to_give(monkeypatch, s3_endpoint, "mine/")
    for _ in range(2):
        with pytest.raises(LibraryError, match="20 of 20 files"):
            extraction.run()
    assert (extraction.codes(), extraction.report().left) == ({}, 20)
    refuse_to_give(monkeypatch, s3_endpoint, "mine/theirs/")
    (batch,) = extraction.run()
    assert batch.failures == {"read_error": 20}
    assert extraction.run() == []


def test_object_that_is_found_and_never_given_is_tried_ever_more_seldom(
    extraction: Extraction, s3: Any, s3_endpoint: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    put(s3, bucket, {"1.ogg": Path(os.fsdecode(write_tone(tmp_path / "1.ogg", 1, duration_s=1.5))).read_bytes()})
    put(s3, bucket, {"theirs/2.mp3": b"words"})
    extraction_of(extraction, s3_endpoint, Root("cloud", Path("/s3:"), f"{bucket}/mine"))
    with monkeypatch.context() as patch:
        refuse_to_give(patch, s3_endpoint, "mine/theirs/", status=503)
        for _ in range(96):
            extraction.run()
            extraction.now += timedelta(minutes=15)
        (file,) = extraction.store.quarantine.recent(limit=9)
        assert (file.code, file.attempts) == ("unreadable", 8), "a day of runs"
        put(s3, bucket, {"theirs/2.mp3": b"other words"})
        extraction.run()
        (file,) = extraction.store.quarantine.recent(limit=9)
        assert file.attempts == 9, "what has changed is tried at once"
    extraction.now += timedelta(hours=23)
    extraction.run()
    assert extraction.codes() == {"theirs/2.mp3": "not_audio"}


def refuse_to_give(monkeypatch: pytest.MonkeyPatch, endpoint: str, prefix: str, *, status: int = 400) -> None:
    """Have objects below a prefix be found and not given, as those are whose key is disabled."""
    bucket_root._client.cache_clear()
    client = type(bucket_root._client(endpoint))
    give = client.get_object

    def refuse(of: Any, **wanted: Any) -> Any:
        if wanted["Key"].startswith(prefix):
            raise ClientError({"Error": {"Code": "KMS"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")
        return give(of, **wanted)

    monkeypatch.setattr(client, "get_object", refuse)


def test_object_larger_than_all_copies_may_be_is_tried_once(
    extraction: Extraction, s3: Any, s3_endpoint: str, bucket: str
) -> None:
    put(s3, bucket, {"1.mp3": bytes(2_000)})
    extraction_of(extraction, s3_endpoint, Root("cloud", Path("/s3:"), f"{bucket}/mine"))
    extraction.settings = dataclasses.replace(extraction.settings, copies_gb=1e-6)
    for _ in range(2):
        extraction.run()
    (file,) = extraction.store.quarantine.recent(limit=9)
    assert (file.code, file.attempts) == ("too_large", 1)


def test_object_that_finds_no_room_waits_until_there_is_some(
    extraction: Extraction, s3: Any, s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    put(s3, bucket, {"1.mp3": b"words"})
    extraction_of(extraction, s3_endpoint, Root("cloud", Path("/s3:"), f"{bucket}/mine"))
    with monkeypatch.context() as full:
        full.setattr(cache, "_free_bytes", lambda folder: 0)
        for _ in range(2):
            extraction.run()
        (file,) = extraction.store.quarantine.recent(limit=9)
        assert (file.code, file.attempts) == ("unreadable", 1)
    extraction.now += timedelta(minutes=15)
    extraction.run()
    assert extraction.codes() == {"1.mp3": "not_audio"}


def extraction_of(extraction: Extraction, endpoint: str, *roots: Root) -> Extraction:
    extraction.settings = dataclasses.replace(extraction.settings, library=roots, s3_endpoint=endpoint)
    return extraction


def test_bucket_is_extracted_beside_a_folder(
    extraction: Extraction, library: Path, s3: Any, s3_endpoint: str, bucket: str, store: Store
) -> None:
    for number in range(4):
        write_tone(library / f"{number}.ogg", number, duration_s=1.5)
    put(s3, bucket, {f"Ben/Live/{number}.ogg": (library / f"{number}.ogg").read_bytes() for number in range(1, 4)})
    for number in range(2, 4):
        (library / f"{number}.ogg").unlink()
    roots = (*extraction.settings.library, Root("cloud", Path("/s3:"), f"{bucket}/mine"))
    extraction_of(extraction, s3_endpoint, *roots)
    (batch,) = extraction.run()
    assert (batch.analysed, dict(batch.failures)) == (5, {})
    assert store.tracks.count_ready() == 4, "one recording lies in both roots"
    assert extraction.run() == []
    s3.delete_object(Bucket=bucket, Key="mine/Ben/Live/3.ogg")
    assert extraction.scan().vanished == 1
    assert store.tracks.count_ready() == 3


def test_bucket_that_is_gone_or_emptied_changes_nothing(
    extraction: Extraction, s3: Any, s3_endpoint: str, bucket: str, store: Store, tmp_path: Path
) -> None:
    write_tone(tmp_path / "1.mp3", 1, duration_s=1.5)
    put(s3, bucket, {"1.mp3": (tmp_path / "1.mp3").read_bytes()})
    extraction_of(extraction, s3_endpoint, Root("cloud", Path("/s3:"), f"{bucket}/mine"))
    extraction.run()
    s3.delete_object(Bucket=bucket, Key="mine/1.mp3")
    with pytest.raises(LibraryError, match=rf"s3://{bucket}/mine holds no audio file any more, but 1 are known"):
        extraction.scan()
    s3.delete_bucket(Bucket=bucket)
    with pytest.raises(LibraryError, match="there is no such bucket"):
        extraction.scan()
    extraction_of(extraction, f"http://127.0.0.1:{free_port()}", *extraction.settings.library)
    with pytest.raises(LibraryError, match="Could not connect"):
        extraction.scan()
    assert store.tracks.count_ready() == 1


def test_refused_access_says_which_variable_to_check(
    bucket_of_music: Root, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    bucket_root._client.cache_clear()
    with pytest.raises(LibraryError, match="Unable to locate credentials"):
        walk(bucket_of_music)


def test_region_that_is_set_and_empty_is_as_none(
    s3: Any, bucket: str, bucket_of_music: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, bucket, {"1.mp3": b"x"})
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    bucket_root._client.cache_clear()
    assert walk(bucket_of_music) == {b"": [b"1.mp3"]}
    assert bucket_root._client("").meta.endpoint_url == "https://s3.amazonaws.com"


@pytest.mark.parametrize("value", ["s3.example.org", "minio:9000", "ftp://s3.example.org"])
def test_endpoint_without_a_scheme_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="EARWISE_S3_ENDPOINT must begin with http"):
        Settings.from_env({"EARWISE_S3_ENDPOINT": value})


def test_setting_of_a_bucket_is_read_and_written_back() -> None:
    settings = Settings.from_env(
        {"EARWISE_LIBRARY": "cds=/srv/cds:cloud=s3://music/mine", "EARWISE_S3_ENDPOINT": "http://127.0.0.1:9"}
    )
    folder, cloud = settings.roots[:2]
    assert (folder.address, folder.is_folder) == ("/srv/cds", True)
    assert (cloud.address, cloud.is_folder, cloud.endpoint) == ("s3://music/mine", False, "http://127.0.0.1:9")
