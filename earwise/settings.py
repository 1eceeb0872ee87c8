"""Settings: read from the environment once, in entry points, and passed down.

Every field carries its variable, a sentence and an example; the README's table is tested against them.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from earwise.cores import usable_cores
from earwise.errors import ConfigError
from earwise.root import FMA_ROOT, Copies, Root, parse_library

#: Airflow's pool with a slot for each machine that analyses tracks.
EXTRACTION_POOL = "extraction"
# Of covers as pages show them, at most: about 40 KB for a picture in all sizes.
_COVERS_BYTES = 500_000_000


def _setting(variable: str, default: Any, help_text: str, example: str, *, is_secret: bool = False) -> Any:
    metadata = {"variable": variable, "help": help_text, "example": example}
    # A secret stays out of the repr, and so out of logs and tracebacks.
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata, repr=not is_secret)
    return dataclasses.field(default=default, metadata=metadata, repr=not is_secret)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured; see the table in the README."""

    home: Path = _setting(
        "EARWISE_HOME", lambda: Path(".earwise").absolute(), "Folder of all state, logs and secrets", "/srv/earwise"
    )
    library: tuple[Root, ...] = _setting(
        "EARWISE_LIBRARY",
        (),
        "Your music: one folder, or several as name=folder, separated by :; each may be a zip archive"
        " or s3://bucket/prefix instead",
        "/srv/music",
    )
    s3_endpoint: str = _setting(
        "EARWISE_S3_ENDPOINT",
        "",
        "Address of an object store other than Amazon's; credentials come from the usual AWS_ variables",
        "https://s3.example.org",
    )
    copies_gb: float = _setting(
        "EARWISE_COPIES_GB",
        5.0,
        "Gigabytes for copies: files from archives and object stores, and tracks converted for browsers",
        "20",
    )
    fma_folder: Path | None = _setting(
        "EARWISE_FMA_FOLDER", None, "Folder of the FMA archives that load_fma downloads", "/srv/fma"
    )
    fma_url: str = _setting(
        "EARWISE_FMA_URL",
        "https://os.unil.cloud.switch.ch/fma/",
        "Where they are downloaded from",
        "https://example.org/",
    )
    fma_sha1: str = _setting(
        "EARWISE_FMA_SHA1",
        "",
        "SHA-1 of archives that are not the published ones, as name=digest, separated by commas",
        "fma_small.zip=ade154f733639d52e35e32f5593efe5be76c6d70",
    )
    demo: str = _setting(
        "EARWISE_DEMO",
        "auto",
        "Without a library: auto (openly licensed music from Debian, else synthesised) or synthesised",
        "synthesised",
    )
    mode: str = _setting(
        "EARWISE_MODE",
        "embedded",
        "embedded (this machine, secrets generated) or production (HTTPS, secrets required)",
        "production",
    )
    secret_key: str = _setting(
        "EARWISE_SECRET_KEY",
        "",
        "Signs sessions; generated in embedded mode",
        "the output of openssl rand -hex 32",
        is_secret=True,
    )
    mongo_uri: str = _setting(
        "EARWISE_MONGO_URI",
        "",
        "A MongoDB to use in place of the embedded server",
        "mongodb://127.0.0.1:27017",
        is_secret=True,
    )
    mongo_database: str = _setting("EARWISE_MONGO_DATABASE", "earwise", "Name of the database", "earwise")
    mongo_port: int = _setting("EARWISE_MONGO_PORT", 27717, "Port of the embedded MongoDB server", "27717")
    host: str = _setting("EARWISE_HOST", "127.0.0.1", "Address that web app and Airflow listen on", "0.0.0.0")  # noqa: S104
    web_port: int = _setting("EARWISE_WEB_PORT", 8800, "Port of the web app", "8800")
    web_url: str = _setting(
        "EARWISE_WEB_URL", "", "The web app's address as people type it", "https://music.example.org"
    )
    airflow_port: int = _setting("EARWISE_AIRFLOW_PORT", 8808, "Port of Airflow's web page", "8808")
    airflow_url: str = _setting(
        "EARWISE_AIRFLOW_URL", "", "Airflow's address as people type it", "https://airflow.example.org"
    )
    spark_master: str = _setting("EARWISE_SPARK_MASTER", "local[*]", "Where Spark runs", "spark://127.0.0.1:7077")
    spark_driver_memory: str = _setting("EARWISE_SPARK_DRIVER_MEMORY", "2g", "Memory of Spark's driver", "4g")
    extract_processes: int = _setting(
        "EARWISE_EXTRACT_PROCESSES", lambda: len(usable_cores()), "Processes that decode audio", "4"
    )
    decode_timeout_s: float = _setting(
        "EARWISE_DECODE_TIMEOUT_S",
        120.0,
        "Seconds after which decoding one file is given up; one that has to be fetched gets more by its size",
        "120",
    )
    loss_files: int = _setting(
        "EARWISE_LOSS_FILES", 20, "So many files of a root, and the share below, vanish at once only by a fault", "100"
    )
    loss_share: float = _setting(
        "EARWISE_LOSS_SHARE", 0.2, "Share of a root's files above which a scan takes its disk for missing", "0.5"
    )
    keep_missing_days: int = _setting(
        "EARWISE_KEEP_MISSING_DAYS",
        90,
        "Days until a track without a file is forgotten, unless it is rated or in a playlist; 0: never",
        "365",
    )
    min_tracks: int = _setting("EARWISE_MIN_TRACKS", 10, "Fewest tracks that a model is trained on", "10")
    per_artist: int = _setting(
        "EARWISE_PER_ARTIST", 5, "Most tracks of one artist among a track's 50 recommendations; 0 for any number", "3"
    )
    keep_models: int = _setting("EARWISE_KEEP_MODELS", 5, "Published models kept, the active one included", "5")
    signup: str = _setting("EARWISE_SIGNUP", "open", "open: anybody may sign up; closed: nobody may", "closed")
    api_per_minute: int = _setting(
        "EARWISE_API_PER_MINUTE",
        600,
        "Requests of the API that an account may make in a minute, as each worker counts them; 0 for any number",
        "60",
    )
    trusted_proxies: int = _setting(
        "EARWISE_TRUSTED_PROXIES", 0, "Reverse proxies in front whose X-Forwarded headers are believed", "1"
    )
    log_level: str = _setting("EARWISE_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR", "INFO")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from environment variables; what is unset or empty takes its default.

        Raises
        ------
        ConfigError
            Naming the variable that is wrong and a value that would work.
        """
        environ = os.environ if environ is None else environ
        given = {
            field.name: _parse(field, environ[field.metadata["variable"]])
            for field in dataclasses.fields(cls)
            if environ.get(field.metadata["variable"])
        }
        settings = cls(**given)
        settings._check()
        return settings

    def _check(self) -> None:
        self._check_choice("demo", ("auto", "synthesised"))
        self._check_choice("mode", ("embedded", "production"))
        self._check_choice("signup", ("open", "closed"))
        self._check_choice("log_level", ("DEBUG", "INFO", "WARNING", "ERROR"))
        # botocore takes no other characters in a host's name.
        if self.s3_endpoint and not re.fullmatch(r"[a-z0-9.:-]+", _host_of(self.s3_endpoint)):
            demand = "must begin with http:// or https:// and name a host by letters, digits, - and ."
            raise ConfigError("EARWISE_S3_ENDPOINT", demand, "https://s3.example.org")
        if not _host_of(self.fma_url):
            demand = "must begin with http:// or https:// and name a host"
            raise ConfigError("EARWISE_FMA_URL", demand, "https://example.org/")
        if self.min_tracks < 2:
            raise ConfigError("EARWISE_MIN_TRACKS", "must be 2 or more: one track has none that it sounds like", "10")
        if self.keep_models < 2:
            demand = "must be 2 or more: readers may be at the model before when another one comes"
            raise ConfigError("EARWISE_KEEP_MODELS", demand, "5")
        if self.loss_share > 1:
            raise ConfigError("EARWISE_LOSS_SHARE", "must be a share between 0 and 1", "0.2")
        if self.mode == "production" and len(self.secret_key) < 32:
            raise ConfigError(
                "EARWISE_SECRET_KEY", "must have at least 32 characters in production mode", "$(openssl rand -hex 32)"
            )

    def _check_choice(self, name: str, choices: tuple[str, ...]) -> None:
        if getattr(self, name) not in choices:
            field = type(self).__dataclass_fields__[name]
            raise ConfigError(field.metadata["variable"], f"must be one of {', '.join(choices)}", choices[0])

    @property
    def is_production(self) -> bool:
        """Whether HTTPS and given secrets are demanded."""
        return self.mode == "production"

    @property
    def store_uri(self) -> str:
        """The MongoDB to talk to: the one that was given, else the embedded server."""
        return self.mongo_uri or f"mongodb://127.0.0.1:{self.mongo_port}"

    @property
    def model_folder(self) -> Path:
        """Folder of the models' files, which are read without Spark and without the store."""
        return self.home / "models"

    @property
    def public_web_url(self) -> str:
        """The web app's address for links, without a closing slash."""
        return (self.web_url or f"http://127.0.0.1:{self.web_port}").rstrip("/")

    @property
    def public_airflow_url(self) -> str:
        """Airflow's address for links, without a closing slash."""
        return (self.airflow_url or f"http://127.0.0.1:{self.airflow_port}").rstrip("/")

    @property
    def copies(self) -> Copies:
        """The folder for local copies of what can't be opened, or played, as it is."""
        return Copies(self.home / "copies", round(self.copies_gb * 1e9))

    @property
    def covers(self) -> Copies:
        """The folder for covers in the sizes that pages show."""
        # A page waits for no room: a cover that is not kept is drawn again.
        return Copies(self.home / "covers", _COVERS_BYTES, wait_s=0.0)

    @property
    def roots(self) -> tuple[Root, ...]:
        """The roots of the library, with what it takes to read them, and the FMA archive that was loaded last."""
        copies = self.copies
        named = tuple(
            root if root.is_folder else replace(root, endpoint=self.s3_endpoint, copies=copies) for root in self.library
        )
        if any(root.name == FMA_ROOT for root in named):
            return named
        return (*named, Root(FMA_ROOT, self.fma_home / "tracks.zip", copies=copies, is_optional=True))

    @property
    def fma_home(self) -> Path:
        """Folder of the FMA archives."""
        return self.fma_folder or self.home / "fma"


def _host_of(address: str) -> str:
    """The host that an address of the web names; empty where it is none.

    >>> _host_of("https://s3.example.org:9000/fma"), _host_of("s3.example.org"), _host_of("https://:9000")
    ('s3.example.org', '', '')
    """
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:  # a port that is no number, or brackets without an IPv6 address
        return ""
    return (parts.hostname or "") if is_address else ""


def _parse_int(value: str) -> int:
    number = int(value)
    if number < 0:
        raise ValueError(value)
    return number


def _parse_positive(value: str) -> float:
    number = float(value)
    if not 0 < number < float("inf"):
        raise ValueError(value)
    return number


_PARSERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "Path": (lambda value: Path(value).expanduser().absolute(), "must be a folder"),
    "Path | None": (lambda value: Path(value).expanduser().absolute(), "must be a folder"),
    "tuple[Root, ...]": (parse_library, "must be a folder"),
    "int": (_parse_int, "must be a whole number, zero or more"),
    "float": (_parse_positive, "must be a number greater than zero"),
    "str": (str.strip, "must be a text"),
}


def _parse(field: dataclasses.Field[Any], value: str) -> Any:
    parser, demand = _PARSERS[str(field.type)]
    try:
        return parser(value)
    except ValueError as error:
        raise ConfigError(field.metadata["variable"], f"{demand}, not {value!r}", field.metadata["example"]) from error
