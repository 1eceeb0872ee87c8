"""The repository is what its own pages say it is."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import earwise

REPOSITORY = Path(__file__).resolve().parents[2]
VENDORED = (REPOSITORY / "tests" / "vendor", REPOSITORY / "webapp" / "static" / "vendor")
# A name that says nothing of what is inside.
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "data"}


def read(name: str) -> str:
    return (REPOSITORY / name).read_text("utf-8")


def tracked_files() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    found = [REPOSITORY / name for name in names.decode().split("\0") if name]
    return [path for path in found if path.is_file() and not any(map(path.is_relative_to, VENDORED))]


def tracked_texts() -> Iterator[tuple[str, str]]:
    for path in tracked_files():
        try:
            yield str(path.relative_to(REPOSITORY)), path.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def settings_table() -> ModuleType:
    specification = importlib.util.spec_from_file_location("settings_table", REPOSITORY / "docs" / "settings_table.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def locked(name: str) -> list[str]:
    """The requirements of a lock file, each with its continuation lines."""
    lines = [line for line in read(name).splitlines() if line and not line.lstrip().startswith("#")]
    return re.split(r"\n(?=\S)", "\n".join(lines))


# --- who imports whom ---


def test_import_contracts_hold() -> None:
    program = Path(sys.prefix) / "bin" / "lint-imports"
    done = subprocess.run([str(program), "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: [4-9]\d* kept, 0 broken", done.stdout), done.stdout


# --- requirements ---


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_lock_pins_every_package_with_hashes(name: str) -> None:
    requirements = locked(name)
    assert len(requirements) > 5
    for requirement in requirements:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,._-]+\])?==[\w.+!-]+ ", requirement), requirement.splitlines()[0]
        assert "--hash=sha256:" in requirement, requirement.splitlines()[0]


def test_lock_does_not_install_the_client_that_overwrites_pyspark() -> None:
    clients = [
        requirement.splitlines()[0] for requirement in locked("requirements.txt") if "pyspark-client" in requirement
    ]
    assert all("sys_platform == 'never'" in line for line in clients), clients


def test_lock_has_what_was_asked_for() -> None:
    names = {re.match(r"[a-z0-9._-]+", requirement).group() for requirement in locked("requirements.txt")}
    wanted = {
        re.match(r"[a-z0-9._-]+", line).group() for line in read("requirements.in").splitlines() if line[:1].isalnum()
    }
    assert wanted - names == set()
    versions = dict(re.findall(r"^([a-z0-9-]+)==([\d.]+)", read("requirements.txt"), re.MULTILINE))
    assert versions["pandas"].split(".")[0] == "2", "PySpark's pandas bridge does not take pandas 3"


def test_lock_names_no_index_of_its_own() -> None:
    for name in ("requirements.in", "requirements-dev.in", "requirements.txt", "requirements-dev.txt"):
        assert not re.search(r"--(extra-)?index-url|--find-links|://", read(name)), name


def test_python_version_is_one_that_the_project_takes() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert read(".python-version").strip() == "3.12"
    assert project["requires-python"] == ">=3.12,<3.14"
    assert project["version"] == earwise.__version__


# --- pages ---


def test_readme_describes_every_setting() -> None:
    module = settings_table()
    assert module.table_in_readme() == module.settings_table(), "python docs/settings_table.py writes it anew"


def test_links_and_pictures_of_the_pages_lead_somewhere() -> None:
    pages = [path for path in tracked_files() if path.suffix == ".md"]
    link = re.compile(r'(?:\]\(|src=")([^)"#\s]+)')
    links = [(page, target) for page in pages for target in link.findall(page.read_text("utf-8"))]
    assert len(links) > 3
    local = [(page, target) for page, target in links if "://" not in target]
    dead = [f"{page.name}: {target}" for page, target in local if not (page.parent / target).exists()]
    assert dead == []


def test_readme_shows_the_two_commands_and_every_command_of_run() -> None:
    from earwise.cli.__main__ import make_parser

    readme = read("README.md")
    assert "```sh\n./run\n```" in readme
    assert "```sh\n./run test\n```" in readme
    commands = re.findall(r"stop \| .*", make_parser().format_help())[0].split(" | ")
    assert len(commands) > 3
    assert [command for command in commands if f"`./run {command.split()[0]}" not in readme] == []


def test_decisions_are_numbered_and_have_their_three_parts() -> None:
    files = sorted((REPOSITORY / "docs" / "adr").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        text = file.read_text("utf-8")
        assert text.startswith(f"# {int(file.name[:4])}. "), file.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], file.name


def test_what_is_taken_over_has_its_licence_beside_it() -> None:
    folders = [path for path in (REPOSITORY / "webapp" / "static" / "vendor").iterdir() if path.is_dir()]
    assert folders
    assert [folder.name for folder in folders if not (folder / "LICENSE").exists()] == []


def test_licence_is_apache_2() -> None:
    assert re.sub(r"\s+", " ", read("LICENSE")).strip().startswith("Apache License Version 2.0, January 2004")
    assert tomllib.loads(read("pyproject.toml"))["project"]["license"] == "Apache-2.0"


def test_changelog_begins_with_what_is_unreleased() -> None:
    assert re.findall(r"^## (.+)$", read("CHANGELOG.md"), re.MULTILINE)[0] == "[Unreleased]"


def test_hooks_before_a_commit_fetch_nothing() -> None:
    repositories = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    entries = [hook["entry"].split()[0] for hook in repositories[0]["hooks"]]
    assert {Path(entry).name for entry in entries} == {"ruff", "mypy", "lint-imports"}
    assert [entry for entry in entries if not (Path(sys.prefix) / "bin" / Path(entry).name).exists()] == []


# --- what must not be in the repository ---


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    personal = re.compile(r"/(?:home|Users)/[a-z]\w*/|/root/\w|" + re.escape(str(REPOSITORY)) + r"\b")
    found = [(name, match.group()) for name, text in tracked_texts() for match in personal.finditer(text)]
    assert found == []


def test_no_file_holds_a_private_key_or_an_environment() -> None:
    assert [path for path in tracked_files() if path.name == ".env"] == []
    marker = "-----BEGIN " + "PRIVATE KEY"
    assert [name for name, text in tracked_texts() if marker in text] == []


def test_nothing_is_left_to_do_in_a_comment() -> None:
    marker = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    assert [name for name, text in tracked_texts() if marker.search(text)] == []


def test_modules_are_named_for_what_they_hold() -> None:
    assert [path for path in tracked_files() if path.suffix == ".py" and path.stem in EMPTY_NAMES] == []


def test_modules_stay_readable_in_size() -> None:
    sizes = {path: len(path.read_text("utf-8").splitlines()) for path in tracked_files() if path.suffix == ".py"}
    assert {str(path): size for path, size in sizes.items() if size > 400} == {}


def test_word_for_a_recording_is_track() -> None:
    names = re.compile(r"\b(?:def|class)\s+\w*song\w*|\bsongs?_\w+\s*=", re.IGNORECASE)
    assert [name for name, text in tracked_texts() if name.endswith(".py") and names.search(text)] == []
