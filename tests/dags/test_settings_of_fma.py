"""A setting of FMA's that is wrong fails `load_fma` for good: another try would not help."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

_BRING = """
import runpy, sys
from airflow.sdk.exceptions import AirflowFailException
module = runpy.run_path(sys.argv[1])
try:
    module["_bring"]("small")
except AirflowFailException as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("variable", "value"), [("EARWISE_FMA_SHA1", "fma_small.zip=short"), ("EARWISE_FMA_URL", "example.org/fma")]
)
def test_wrong_setting_fails_for_good_with_a_value_that_works(
    monkeypatch: pytest.MonkeyPatch, mongo_uri: str, database_name: str, variable: str, value: str
) -> None:
    monkeypatch.setenv("EARWISE_MONGO_URI", mongo_uri)
    monkeypatch.setenv("EARWISE_MONGO_DATABASE", database_name)
    monkeypatch.setenv(variable, value)
    command = [sys.executable, "-c", _BRING, str(REPOSITORY / "dags" / "load_fma.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{variable} must" in done.stdout
    assert f"for example {variable}=" in done.stdout
