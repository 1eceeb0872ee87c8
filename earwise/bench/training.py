"""``./run bench train``: a whole training run on made-up vectors, beside scikit-learn's KMeans on the same ones.

The run is the job that Airflow submits, on an embedded store of its own: snapshot, scaling, six values of k,
silhouettes, neighbours, evaluation and publishing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from earwise.bench.catalogue import fill, make_features
from earwise.bench.memory import rss_bytes
from earwise.bench.temporary_store import temporary_store
from earwise.clustering.publishing import publish_model
from earwise.embedded.java import find_java
from earwise.errors import EarwiseError
from earwise.paths import LibraryPath
from earwise.settings import Settings
from earwise.spark.jvm import java_options
from earwise.store import open_store
from earwise.store.model_runs import ModelRun

MODEL_ID = "bench"
_JOB = Path(__file__).resolve().parent.parent.parent / "jobs" / "train_clusters.py"
_SEED = 1
_LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class TrainFigures:
    """What was measured.

    Attributes
    ----------
    total_s : float
        From submitting the job to the published model.
    driver_peak_rss_mb : float
        The most memory that the driver's Java and Python held, added, in MB of 10^6 bytes. With a local master the
        executors are part of that Java.
    phases : dict
        Seconds of each; ``kmeans`` by k without its silhouette.
    sklearn_kmeans_s : float
        scikit-learn's KMeans for the same values of k on the same scaled array in memory.
    """

    tracks: int
    total_s: float
    driver_peak_rss_mb: float
    phases: dict[str, Any]
    recall_at_10: float | None
    sklearn_kmeans_s: float

    def as_json(self) -> str:
        """All figures as one JSON object."""
        return json.dumps(asdict(self))

    def as_text(self) -> str:
        """All figures as lines for people."""
        kmeans = ", ".join(f"k {k}: {seconds:.1f}" for k, seconds in self.phases["kmeans"].items())
        others = ", ".join(f"{name} {self.phases[name]:.1f}" for name in self.phases if name != "kmeans")
        return (
            f"{self.tracks:,} tracks in {self.total_s:.1f} s, driver at most {self.driver_peak_rss_mb:.0f} MB,"
            f" recall@10 {self.recall_at_10}\nSeconds: {others}; KMeans {kmeans}"
            f" (scikit-learn, all k: {self.sklearn_kmeans_s:.1f})"
        )


def bench_training(tracks: int, say: Callable[[str], None]) -> TrainFigures:
    """Fill a store with made-up tracks, train and publish a model, and time it.

    Parameters
    ----------
    say : callable
        Takes a line for people about what is being done.
    """
    with temporary_store(Settings.from_env()) as settings, open_store(settings) as store:
        say(f"making {tracks:,} tracks")
        features = make_features(tracks)
        fill(store, features, LibraryPath("music", b"track.mp3"))
        say("training")
        began = time.perf_counter()
        peak_bytes = submit_job(settings, tracks)
        trained = time.perf_counter()
        run = publish_model(store, MODEL_ID, datetime.now(UTC), keep=5, model_folder=settings.model_folder)
        ended = time.perf_counter()
    say("training with scikit-learn")
    return TrainFigures(
        tracks=tracks,
        total_s=round(ended - began, 1),
        driver_peak_rss_mb=round(peak_bytes / 1e6),
        phases=_phases(run, ended - trained),
        recall_at_10=run.quality.recall_at_10 if run.quality else None,
        sklearn_kmeans_s=round(_time_sklearn(features, [trial.k for trial in run.trials]), 1),
    )


def submit_job(settings: Settings, tracks: int, *arguments: str) -> int:
    """Train model `MODEL_ID` on what is in the store; returns how many bytes the driver held at most."""
    java_home = find_java(settings.home)
    if java_home is None:
        raise EarwiseError("Spark needs Java 17 or 21, and there is none on this machine.")
    environment = {
        **os.environ,
        "JAVA_HOME": str(java_home),
        "PYSPARK_PYTHON": sys.executable,
        "EARWISE_HOME": str(settings.home),
        "EARWISE_MONGO_URI": settings.store_uri,
        "EARWISE_MONGO_DATABASE": settings.mongo_database,
    }
    command = [
        str(Path(sys.executable).parent / "spark-submit"),
        f"--master={settings.spark_master}",
        "--driver-memory=4g",
        "--conf=spark.ui.enabled=false",
        f"--driver-java-options={java_options(tracks)}",
        str(_JOB),
        *(f"--model-id={MODEL_ID}", "--dag-run-id=bench", f"--seed={_SEED}"),
        *arguments,
    ]
    with tempfile.TemporaryFile("w+") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as job:
        watch = _Watch(job)
        watch.start()
        status = job.wait()
        watch.join()
        if status:
            log.seek(0)
            raise EarwiseError(f"The training job failed:\n{log.read()[-3000:]}")
    return watch.peak_bytes


class _Watch(threading.Thread):
    """Looks at the driver's two processes until they end."""

    def __init__(self, job: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._job = job
        self.peak_bytes = 0

    def run(self) -> None:
        while self._job.poll() is None:
            self.peak_bytes = max(self.peak_bytes, sum(map(rss_bytes, self._driver())))
            time.sleep(_LOOK_EVERY_S)

    def _driver(self) -> Iterator[psutil.Process]:
        with suppress(psutil.Error):
            java = psutil.Process(self._job.pid)
            yield java  # spark-submit becomes the driver's Java, whose child is the driver's Python
            for child in java.children():
                with suppress(psutil.Error):
                    if any(_JOB.name in argument for argument in child.cmdline()):
                        yield child


def _phases(run: ModelRun, publish_s: float) -> dict[str, Any]:
    seconds = run.seconds
    return {
        "read": seconds["read"],
        "scale": seconds["scale"],
        "kmeans": {str(trial.k): round(trial.seconds - trial.evaluation_s, 2) for trial in run.trials},
        "silhouette": round(sum(trial.evaluation_s for trial in run.trials), 2),
        "collect": round(seconds["collect"] + seconds["prepare"], 2),
        "neighbours": seconds["neighbours"],
        "evaluate": seconds["evaluate"],
        "write": round(seconds["assignments"] + seconds["clusters"] + publish_s, 2),
    }


def _time_sklearn(features: NDArray[np.float32], ks: list[int]) -> float:
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import minmax_scale

    scaled = minmax_scale(features)
    began = time.perf_counter()
    for k in ks:
        KMeans(k, n_init=1, random_state=_SEED, max_iter=20).fit(scaled)
    return time.perf_counter() - began
