"""docker-compose.yaml: valid by the specification, closed to the network, and in step with the settings."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from earwise.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE = REPOSITORY / "docker-compose.yaml"
SCHEMA = REPOSITORY / "tests" / "vendor" / "compose-spec" / "compose-spec.json"
OUTWARD = REPOSITORY / "docker" / "outward.yaml"
EXAMPLE = REPOSITORY / ".env.example"
ONE_SHOT = {"provision", "airflow-init"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return document


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def example_variables() -> dict[str, str]:
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))


def setting_variables() -> set[str]:
    return {field.metadata["variable"] for field in dataclasses.fields(Settings)}


def test_file_is_valid_by_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(compose)] == []


def test_way_out_is_for_the_tasks_that_fetch_alone(services: dict[str, Any]) -> None:
    outward = yaml.safe_load(OUTWARD.read_text())
    assert [
        error.message for error in jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).iter_errors(outward)
    ] == []
    assert outward["services"].keys() == {"airflow-scheduler", "web"} <= services.keys()
    assert outward["services"]["airflow-scheduler"]["networks"] == ["back", "front"]
    assert "networks" not in outward["services"]["web"]
    used = set(re.findall(r"\bEARWISE_[A-Z0-9_]+", OUTWARD.read_text()))
    assert used - setting_variables() == set()


def test_schema_rejects_what_is_not_compose(compose: dict[str, Any]) -> None:
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    wrong = {**compose, "services": {"web": {"image": "earwise", "portz": []}}}
    assert not validator.is_valid(wrong)


def test_every_part_of_the_system_is_a_service(services: dict[str, Any]) -> None:
    airflow = {f"airflow-{part}" for part in ("init", "api-server", "scheduler", "dag-processor", "triggerer")}
    assert {"mongo", "postgres", "spark-master", "spark-worker", "web", "provision"} | airflow <= set(services)


def test_images_are_pinned_to_a_version(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$", service["image"]), f"{name}: {service['image']}"
    bases = re.findall(r"^FROM (\S+)", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    assert bases, "no FROM line"
    assert all(re.fullmatch(r"python:3\.1[23]\.\d+-slim-[a-z]+", base) for base in bases)


def test_mongodb_is_version_8_as_a_replica_set_that_asks_for_passwords(services: dict[str, Any]) -> None:
    mongo = services["mongo"]
    assert mongo["image"].startswith("mongo:8.")
    assert mongo["entrypoint"][-1] == "/earwise/mongo.sh"
    start = (REPOSITORY / "docker" / "mongo.sh").read_text()
    assert "--replSet earwise" in start
    assert "--keyFile" in start
    assert "replicaSet=earwise" in services["web"]["environment"]["EARWISE_MONGO_URI"]


def test_nothing_is_published_beyond_this_machine(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"web", "airflow-api-server", "caddy"}
    for name, ports in published.items():
        for port in ports:
            assert port.startswith(("127.0.0.1:", "${HTTPS_ADDRESS:-127.0.0.1}:")), f"{name}: {port}"
    assert example_variables()["HTTPS_ADDRESS"] == "127.0.0.1"
    assert services["caddy"]["profiles"] == ["https"]


def test_stores_and_spark_are_on_the_inner_network_alone(compose: dict[str, Any], services: dict[str, Any]) -> None:
    assert compose["networks"]["back"]["internal"] is True
    for name in ("mongo", "postgres", "spark-master", "spark-worker", "airflow-scheduler"):
        assert services[name]["networks"] == ["back"], name


def test_library_is_mounted_read_only_where_it_is_read(services: dict[str, Any]) -> None:
    mounted = set()
    for name, service in services.items():
        for volume in service.get("volumes", []):
            if isinstance(volume, dict) and volume["target"] == "/library":
                assert volume["read_only"] is True, name
                mounted.add(name)
    assert {"web", "airflow-scheduler"} <= mounted
    assert services["web"]["environment"]["EARWISE_LIBRARY"] == "/library"


def test_archives_that_are_downloaded_can_be_played(services: dict[str, Any]) -> None:
    assert {"web", "airflow-scheduler"} <= {
        name for name, service in services.items() if "state:/var/lib/earwise" in service.get("volumes", [])
    }


def test_every_service_is_watched_and_comes_back(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if name in ONE_SHOT:
            assert service["restart"] == "no", name
        else:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0] == "CMD", name


def test_services_wait_for_what_they_need(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for needed, rule in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if needed in ONE_SHOT else "service_healthy"
            assert rule["condition"] == wanted, f"{name} on {needed}"


def test_every_earwise_variable_is_a_setting(services: dict[str, Any]) -> None:
    used = set(re.findall(r"\bEARWISE_[A-Z_]+", COMPOSE.read_text() + EXAMPLE.read_text()))
    assert used - setting_variables() - {"EARWISE_"} == set()
    assert {"EARWISE_MONGO_URI", "EARWISE_SECRET_KEY", "EARWISE_MODE"} <= set(services["web"]["environment"])


def test_every_setting_can_be_given_but_those_that_the_file_itself_decides() -> None:
    # Where things lie and listen, and the embedded parts and the demo library, which a system of containers has not.
    decided = {"EARWISE_HOME", "EARWISE_HOST", "EARWISE_DEMO", "EARWISE_MONGO_PORT", "EARWISE_FMA_FOLDER"}
    used = set(re.findall(r"^ *(EARWISE_[A-Z0-9_]+):", COMPOSE.read_text() + OUTWARD.read_text(), re.MULTILINE))
    used |= set(re.findall(r"\$\{(EARWISE_[A-Z0-9_]+)", COMPOSE.read_text()))
    assert setting_variables() - used == decided


def test_what_is_fetched_from_outside_can_be_given_with_temporary_credentials() -> None:
    environment = yaml.safe_load(OUTWARD.read_text())["services"]["airflow-scheduler"]["environment"]
    given = {name: value for name, value in environment.items() if name != "EARWISE_LIBRARY"}
    assert {"AWS_SESSION_TOKEN", "EARWISE_FMA_URL", "EARWISE_FMA_SHA1"} <= given.keys()
    assert given == {name: f"${{{name}:-}}" for name in given}


def test_settings_can_be_built_from_the_web_apps_environment(services: dict[str, Any]) -> None:
    given = dict.fromkeys(example_variables(), "x" * 48) | {"EARWISE_LOG_LEVEL": "INFO", "EARWISE_SIGNUP": "open"}
    filled = {
        name: re.sub(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}", lambda found: _value(found, given), str(value))
        for name, value in services["web"]["environment"].items()
    }
    settings = Settings.from_env(filled)
    assert settings.is_production
    assert [str(root.folder) for root in settings.library] == ["/library"]


def _value(found: re.Match[str], given: dict[str, str]) -> str:
    name, kind, default = found.groups()
    return default if kind == "-" else given[name]


def test_every_variable_of_the_file_stands_in_the_example_and_the_other_way_round() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    assert used == set(example_variables())


def test_secrets_have_no_default(services: dict[str, Any]) -> None:
    for name, value in example_variables().items():
        if name.endswith(("_PASSWORD", "_KEY", "_SECRET")):
            assert value == "", name
            assert set(re.findall(rf"\${{{name}(..)", COMPOSE.read_text())) == {":?"}, name


def test_new_env_fills_every_secret_with_its_own_value(tmp_path: Path) -> None:
    env = _new_env(tmp_path, REPOSITORY / "tests")
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", env.read_text(), re.MULTILINE))
    assert set(values) == set(example_variables())
    secrets = [value for name, value in values.items() if name.endswith(("_PASSWORD", "_KEY", "_SECRET"))]
    assert len(set(secrets)) == len(secrets) == 10
    assert all(re.fullmatch(r"[\w=-]{44,}", secret) for secret in secrets)
    assert len(base64.urlsafe_b64decode(values["AIRFLOW_FERNET_KEY"])) == 32
    assert values["MUSIC_FOLDER"] == f"'{REPOSITORY / 'tests'}'"
    assert env.stat().st_mode & 0o077 == 0


def test_new_env_keeps_a_file_that_is_there(tmp_path: Path) -> None:
    env = _new_env(tmp_path, REPOSITORY)
    before = env.read_text()
    again = subprocess.run(
        [str(tmp_path / "docker" / "new-env.sh"), str(REPOSITORY)], capture_output=True, text=True, check=False
    )
    assert (again.returncode, env.read_text()) == (2, before)


def _new_env(folder: Path, music: Path) -> Path:
    (folder / "docker").mkdir()
    shutil.copy(REPOSITORY / "docker" / "new-env.sh", folder / "docker")
    shutil.copy(EXAMPLE, folder)
    subprocess.run([str(folder / "docker" / "new-env.sh"), str(music)], check=True, capture_output=True)
    return folder / ".env"
