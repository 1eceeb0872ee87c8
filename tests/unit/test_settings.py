"""Settings: read once, wrong values named with one that works."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from earwise.errors import ConfigError
from earwise.root import Root, parse_library
from earwise.settings import Settings

SECRET = "x" * 32


def test_nothing_set_gives_the_embedded_mode_on_this_machine() -> None:
    settings = Settings.from_env({})
    assert not settings.is_production
    assert settings.host == "127.0.0.1"
    assert settings.library == ()
    assert settings.extract_processes == os.cpu_count()
    assert settings.store_uri == "mongodb://127.0.0.1:27717"


def test_cores_that_may_not_be_used_get_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3}, raising=False)
    assert Settings.from_env({}).extract_processes == 1


def test_empty_variable_is_as_unset() -> None:
    empty = {field.metadata["variable"]: "" for field in dataclasses.fields(Settings)}
    assert Settings.from_env(empty) == Settings.from_env({})


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_every_example_is_accepted(field: dataclasses.Field[object]) -> None:
    settings = Settings.from_env({"EARWISE_SECRET_KEY": SECRET, field.metadata["variable"]: field.metadata["example"]})
    assert type(getattr(settings, field.name)) is not type(None)


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_every_setting_is_described(field: dataclasses.Field[object]) -> None:
    assert field.metadata["variable"] == f"EARWISE_{field.name.upper()}"
    assert len(field.metadata["help"]) > 10


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("EARWISE_WEB_PORT", "eighty"),
        ("EARWISE_WEB_PORT", "-1"),
        ("EARWISE_WEB_PORT", "8800.5"),
        ("EARWISE_DECODE_TIMEOUT_S", "0"),
        ("EARWISE_DECODE_TIMEOUT_S", "nan"),
        ("EARWISE_DECODE_TIMEOUT_S", "inf"),
        ("EARWISE_MODE", "prod"),
        ("EARWISE_SIGNUP", "yes"),
        ("EARWISE_LOG_LEVEL", "info"),
        ("EARWISE_LIBRARY", "a=/x:a=/y"),
        ("EARWISE_LIBRARY", "a="),
        ("EARWISE_LIBRARY", "/srv/cds:/srv/vinyl"),
        ("EARWISE_LIBRARY", "CDs=/srv/cds"),
        ("EARWISE_LIBRARY", "cds=/srv/cds:Vinyl=/srv/vinyl"),
        ("EARWISE_LOSS_SHARE", "1.5"),
        ("EARWISE_S3_ENDPOINT", "s3.example.org"),
        ("EARWISE_S3_ENDPOINT", "https://"),
        ("EARWISE_S3_ENDPOINT", "https://:9000"),
        ("EARWISE_S3_ENDPOINT", "https:///bucket"),
        ("EARWISE_S3_ENDPOINT", "https://s3.example.org:port"),
        ("EARWISE_S3_ENDPOINT", "http://[::1"),
        ("EARWISE_S3_ENDPOINT", "http://object_store:9000"),
        ("EARWISE_FMA_URL", "example.org/fma"),
        ("EARWISE_FMA_URL", "https://"),
        ("EARWISE_FMA_URL", "ftp://example.org/fma"),
    ],
)
def test_wrong_value_is_answered_with_variable_and_example(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{variable} .*; for example {variable}=") as caught:
        Settings.from_env({variable: value})
    assert caught.value.variable == variable


def test_production_demands_a_secret_of_32_characters() -> None:
    for secret in ("", "short"):
        with pytest.raises(ConfigError, match="EARWISE_SECRET_KEY"):
            Settings.from_env({"EARWISE_MODE": "production", "EARWISE_SECRET_KEY": secret})
    assert Settings.from_env({"EARWISE_MODE": "production", "EARWISE_SECRET_KEY": SECRET}).is_production


def test_settings_never_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.from_env({}).web_port = 1  # type: ignore[misc]


def test_secrets_do_not_show_in_the_repr() -> None:
    variables = ("EARWISE_SECRET_KEY", "EARWISE_MONGO_URI", "EARWISE_RATE_LIMIT_URI")
    settings = Settings.from_env(dict.fromkeys(variables, "hidden://me:s3cret@db"))
    assert "s3cret" not in repr(settings)


def test_given_addresses_replace_those_of_this_machine() -> None:
    settings = Settings.from_env({"EARWISE_WEB_URL": "https://m.example.org/", "EARWISE_MONGO_URI": "mongodb://db"})
    assert settings.public_web_url == "https://m.example.org"
    assert settings.public_airflow_url == "http://127.0.0.1:8808"
    assert settings.store_uri == "mongodb://db"


@pytest.mark.parametrize("address", ["http://[::1]:9000", "http://127.0.0.1:9000/", "HTTPS://S3.example.org"])
def test_address_that_names_a_host_is_taken_as_it_is(address: str) -> None:
    settings = Settings.from_env({"EARWISE_S3_ENDPOINT": address, "EARWISE_FMA_URL": address})
    assert (settings.s3_endpoint, settings.fma_url) == (address, address)


def test_model_of_one_track_is_refused() -> None:
    with pytest.raises(ConfigError, match="EARWISE_MIN_TRACKS must be 2 or more"):
        Settings.from_env({"EARWISE_MIN_TRACKS": "1"})
    assert Settings.from_env({"EARWISE_MIN_TRACKS": "2"}).min_tracks == 2


def test_fewer_kept_models_than_readers_may_be_at_are_refused() -> None:
    with pytest.raises(ConfigError, match="EARWISE_KEEP_MODELS must be 2 or more"):
        Settings.from_env({"EARWISE_KEEP_MODELS": "1"})
    assert Settings.from_env({"EARWISE_KEEP_MODELS": "2"}).keep_models == 2


def test_one_folder_is_the_root_music() -> None:
    assert parse_library("/srv/music") == (Root("music", Path("/srv/music")),)


def test_several_folders_have_names() -> None:
    roots = parse_library("cds=/srv/a b:vinyl=/srv/x=y")
    assert roots == (Root("cds", Path("/srv/a b")), Root("vinyl", Path("/srv/x=y")))


def test_colon_separates_only_before_a_name() -> None:
    assert parse_library("a=/x:b") == (Root("a", Path("/x:b")),)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("/srv/cds:/srv/vinyl", "each needs a name"),
        ("~/cds:./vinyl", "each needs a name"),
        ("CDs=/srv/cds", "'CDs', and a name is .* lower-case"),
        ("cds=/srv/cds:Vinyl=/srv/vinyl", "'Vinyl', and a name is .* lower-case"),
        ("my cds=/srv/cds", "'my cds', and a name is .* lower-case"),
    ],
)
def test_what_is_meant_as_several_folders_or_as_a_name_is_answered_with_a_hint(value: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        parse_library(value)


def test_folder_that_is_there_is_one_folder_whatever_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "a=b:c=d"
    folder.mkdir()
    assert parse_library(str(folder)) == (Root("music", folder),)


def test_relative_folders_and_the_home_sign_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert parse_library("music")[0].folder == tmp_path / "music"
    assert parse_library("~/music")[0].folder == tmp_path / "me" / "music"
    assert Settings.from_env({"EARWISE_HOME": "state"}).home == tmp_path / "state"
