"""Airflow's own folder for these tests, set before anything imports Airflow."""

from __future__ import annotations

import os
import tempfile

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="earwise-airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "false"
