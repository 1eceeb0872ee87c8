"""A bucket, or what lies below a prefix of one, as a root: any server that speaks S3's protocol."""

from __future__ import annotations

import functools
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from earwise.errors import LibraryError, UnreadableFileError
from earwise.paths import LibraryPath
from earwise.root import Copies, Root
from earwise.roots.cache import cached_copy
from earwise.roots.listing import ListedFile, listed_mtime_ns

_BLOCK_BYTES = 1 << 20
_KEYS_PER_REQUEST = 1000
# Gone, too slow, changed and too often: the next scan, or another try, sees to these.
_PASSING = frozenset((404, 408, 412, 429))
_REASONS = {
    "NoSuchBucket": "there is no such bucket",
    "AccessDenied": "access is denied; check AWS_ACCESS_KEY_ID and its rights",
    "InvalidAccessKeyId": "the server does not know this AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not fit to AWS_ACCESS_KEY_ID",
    "403": "access is denied; check AWS_ACCESS_KEY_ID and its rights",
    "404": "it is not there any more",
    "NoSuchKey": "it is not there any more",
    "412": "it changed meanwhile",
    "PreconditionFailed": "it changed meanwhile",
    "InvalidObjectState": "it lies in an archive tier and has to be restored first",
}


@dataclass(frozen=True, slots=True)
class BucketObject:
    """An object as it is now: its content is read only while its ETag stays the same."""

    bucket: str
    key: str
    size_bytes: int
    etag: str


def list_bucket(root: Root) -> Iterator[ListedFile]:
    """Objects of a root, in order of their keys; a thousand a request.

    Raises
    ------
    LibraryError
        If the bucket is absent, can't be listed or does not answer.
    """
    bucket, prefix = _split(root)
    size = {"PageSize": _KEYS_PER_REQUEST}
    try:
        pages = _client(root.endpoint).get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, PaginationConfig=size):
            for entry in page.get("Contents", ()):
                yield ListedFile(
                    entry["Key"].removeprefix(prefix).encode(),
                    entry["Size"],
                    listed_mtime_ns(entry["LastModified"].timestamp(), _digest(entry.get("ETag", ""))),
                )
    except _errors() as error:
        raise LibraryError(f"The library's bucket {root.address} can't be listed: {_reason(error)}.") from error


def find_object(root: Root, file: LibraryPath) -> BucketObject:
    """The object of a file.

    Raises
    ------
    UnreadableFileError
        If it is not there, or the server refuses or does not answer.
    """
    bucket, prefix = _split(root)
    key = prefix + file.path.decode("utf-8", "replace")
    try:
        found = _client(root.endpoint).head_object(Bucket=bucket, Key=key)
    except _errors() as error:
        raise UnreadableFileError(f"The object store did not give it: {_reason(error)}.") from error
    return BucketObject(bucket, key, found["ContentLength"], found["ETag"])


@contextmanager
def object_copy(root: Root, file: LibraryPath, copies: Copies) -> Iterator[bytes]:
    """Path of a local copy of an object, while the context lasts.

    Raises
    ------
    UnreadableFileError
        If it is not there, changes meanwhile, or the server refuses or does not answer.
    """
    found = find_object(root, file)
    key = hashlib.sha256(f"{file.key} {found.etag} {found.size_bytes}".encode()).hexdigest()

    def fetch(to: BinaryIO) -> None:
        try:
            body = _client(root.endpoint).get_object(Bucket=found.bucket, Key=found.key, IfMatch=found.etag)["Body"]
            for block in body.iter_chunks(_BLOCK_BYTES):
                to.write(block)
        except _errors() as error:
            # What is archived, or encrypted by a key of others, can be found and not fetched: not the code of files
            # that are tried again once found.
            code = "read_error" if _is_refused(error) else None
            raise UnreadableFileError(f"The object store did not give it: {_reason(error)}.", code=code) from error

    with cached_copy(copies, key, found.size_bytes, fetch) as location:
        yield location


class BucketReader(io.RawIOBase):
    """Reads an object in blocks, each by a request for its range: a player hears the first before the last is here."""

    def __init__(self, found: BucketObject, endpoint: str) -> None:
        self._found, self._endpoint = found, endpoint
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; nothing is fetched by that."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._found.size_bytes}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fetch as much as fits.

        Raises
        ------
        OSError
            If the server refuses or does not answer.
        """
        wanted = min(len(buffer), self._found.size_bytes - self._position)
        if wanted <= 0:
            return 0
        span = f"bytes={self._position}-{self._position + wanted - 1}"
        try:
            answer = _client(self._endpoint).get_object(
                Bucket=self._found.bucket, Key=self._found.key, Range=span, IfMatch=self._found.etag
            )
            block = answer["Body"].read()
        except _errors() as error:
            raise OSError(f"The object store did not give it: {_reason(error)}.") from error
        buffer[: len(block)] = block
        self._position += len(block)
        return len(block)


def open_object(found: BucketObject, endpoint: str) -> io.BufferedReader:
    """An object opened for reading by ranges."""
    return io.BufferedReader(BucketReader(found, endpoint), _BLOCK_BYTES)


def _split(root: Root) -> tuple[str, str]:
    bucket, _, prefix = root.bucket.partition("/")
    return bucket, prefix + "/" if prefix else ""


@functools.lru_cache(maxsize=4)
def _client(endpoint: str) -> Any:
    # Imported where it is needed: most libraries are folders, and this takes a third of a second.
    import boto3
    from botocore.config import Config

    # Credentials and region come from the usual variables, files and roles.
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "max_attempts": 4},
        # Servers other than Amazon's have no name for each bucket.
        s3={"addressing_style": "path"} if endpoint else None,
    )
    session = boto3.session.Session()
    # A region that is set and empty would end up in the server's name; a bucket of another region redirects.
    region = session.region_name or "us-east-1"
    return session.client("s3", region_name=region, endpoint_url=endpoint or None, config=config)


def _errors() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    return (BotoCoreError, ClientError, HTTPError)


def _reason(error: Exception) -> str:
    message = _answer(error).get("Message") or str(error)
    return _REASONS.get(_code(error), message).rstrip(".")


def _is_refused(error: Exception) -> bool:
    """Whether the server answered that it won't, and not that it can't now."""
    status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return 400 <= status < 500 and status not in _PASSING


def _code(error: Exception) -> str:
    return _answer(error).get("Code", "")


def _answer(error: Exception) -> dict[str, str]:
    answer: dict[str, str] = getattr(error, "response", {}).get("Error", {})
    return answer


def _digest(etag: str) -> int:
    return int.from_bytes(hashlib.sha256(etag.encode()).digest()[:8])
