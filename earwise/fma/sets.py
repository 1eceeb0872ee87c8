"""Which sets there are, under which names and digests."""

from __future__ import annotations

from dataclasses import dataclass

from earwise.errors import ConfigError
from earwise.settings import Settings

#: Clips of 30 s: 8,000 in 8 genres; 25,000 in 16; 106,574 in 161; and the same 106,574 tracks whole.
SETS = ("small", "medium", "large", "full")
METADATA = "metadata"
_SHA1 = {
    "fma_metadata.zip": "f0df49ffe5f2a6008d7dc83c6915b31835dfe733",
    "fma_small.zip": "ade154f733639d52e35e32f5593efe5be76c6d70",
    "fma_medium.zip": "c67b69ea232021025fca9231fc1c7c1a063ab50b",
    "fma_large.zip": "497109f4dd721066b5ce5e5f250ec604dc78939e",
    "fma_full.zip": "0f0ace23fbe9ba30ecb7e95f763e435ea802b8ab",
}


@dataclass(frozen=True, slots=True)
class Source:
    """An archive to download."""

    name: str
    url: str
    sha1: str


def source_of(settings: Settings, name: str) -> Source:
    """The archive of a set, or of the metadata.

    >>> source_of(Settings(), "small").url
    'https://os.unil.cloud.switch.ch/fma/fma_small.zip'

    Raises
    ------
    ConfigError
        If ``EARWISE_FMA_SHA1`` can't be read.
    """
    file = f"fma_{name}.zip"
    return Source(file, f"{settings.fma_url.rstrip('/')}/{file}", (_SHA1 | _own_digests(settings))[file])


def _own_digests(settings: Settings) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in settings.fma_sha1.split(",") if pair.strip()]
    digests = {name.strip(): digest.strip().lower() for name, _, digest in pairs}
    if any(name not in _SHA1 or len(digest) != 40 for name, digest in digests.items()):
        example = f"fma_small.zip={_SHA1['fma_small.zip']}"
        raise ConfigError("EARWISE_FMA_SHA1", "must be name=digest, separated by commas", example)
    return digests
