"""What a root of the library is, and how ``EARWISE_LIBRARY`` names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from earwise.errors import ConfigError

#: Root of the tracks that load_fma brings, unless `EARWISE_LIBRARY` names a root so.
FMA_ROOT = "fma"
#: Root of the demo library, which is there only while `EARWISE_LIBRARY` names none.
DEMO_ROOT = "demo"
_ROOT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Copies:
    """Where local copies of files lie that can't be opened in place, and how much room they may take.

    Attributes
    ----------
    wait_s : float
        Seconds to wait for room while copies in use take all of it.
    """

    folder: Path
    size_bytes: int
    wait_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Root:
    """A part of the library under a name that stays when it is mounted elsewhere.

    Attributes
    ----------
    folder : Path
        The folder, or the zip archive; a path that is never there for a bucket.
    bucket : str
        Name of a bucket, and the prefix in it if there is one, as ``bucket/prefix``; empty for others.
    endpoint : str
        Address of the bucket's server; empty for Amazon's.
    copies : Copies or None
        For local copies of an archive's or a bucket's files.
    is_optional : bool
        Whether it need not be there.
    """

    name: str
    folder: Path
    bucket: str = ""
    endpoint: str = ""
    copies: Copies | None = None
    is_optional: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether its files can be opened in place."""
        return not self.bucket and (self.folder.suffix.lower() != ".zip" or self.folder.is_dir())

    @property
    def address(self) -> str:
        """What people call the place."""
        return f"s3://{self.bucket}" if self.bucket else str(self.folder)


def parse_library(value: str) -> tuple[Root, ...]:
    """Read ``EARWISE_LIBRARY``: one place, or several ``name=place`` pairs separated by ``:``.

    A place is a folder, a zip archive or ``s3://bucket/prefix``. A value that is an existing folder is that folder,
    whatever characters it holds.

    >>> parse_library("/srv/music")[0].folder
    PosixPath('/srv/music')
    >>> [root.address for root in parse_library("cds=/srv/cds:cloud=s3://music/mine/")]
    ['/srv/cds', 's3://music/mine']
    """
    pairs = re.split(rf":(?={_ROOT_NAME.pattern}=)", value)
    if not Path(value).is_dir():
        _check_names(value)
    if Path(value).is_dir() or not re.match(rf"{_ROOT_NAME.pattern}=", value):
        return (_parse_root("music", value),)
    roots = []
    for pair in pairs:
        name, _, place = pair.partition("=")
        if not _ROOT_NAME.fullmatch(name) or not place:
            raise ConfigError("EARWISE_LIBRARY", f"has a part that is not name=folder: {pair!r}", "music=/srv/music")
        roots.append(_parse_root(name, place))
    if len({root.name for root in roots}) < len(roots):
        raise ConfigError("EARWISE_LIBRARY", "names a root twice", "cds=/srv/cds:vinyl=/srv/vinyl")
    return tuple(roots)


def _check_names(value: str) -> None:
    """Raise for what can only be meant as several folders, or as a name that is none."""
    example = "cds=/srv/cds:vinyl=/srv/vinyl"
    if re.fullmatch(r"[/~.][^=]*(:[/~.][^=]*)+", value):
        raise ConfigError("EARWISE_LIBRARY", "names several folders, and each needs a name of its own", example)
    for name in re.findall(r"(?:^|:)([\w -]+)=", value):
        if not _ROOT_NAME.fullmatch(name):
            demand = "at most 32 lower-case letters a to z, digits, - and _, beginning with a letter or digit"
            raise ConfigError("EARWISE_LIBRARY", f"has the name {name!r}, and a name is {demand}", example)


def _parse_root(name: str, place: str) -> Root:
    if not place.startswith("s3://"):
        return Root(name, Path(place).expanduser().absolute())
    bucket = place.removeprefix("s3://").rstrip("/")
    if not re.match(r"[a-z0-9][a-z0-9.-]{2,62}(?:/|$)", bucket):
        raise ConfigError("EARWISE_LIBRARY", f"names no bucket: {place!r}", "s3://bucket/prefix")
    return Root(name, Path("/s3:") / bucket, bucket)
