"""Publishing, which assigns new tracks before and after its flip, killed by the real signal."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from earwise.clustering.publishing import publish_model
from earwise.ranking.artefact import load_artefact
from earwise.store import Store
from earwise.store.model_runs import ModelStatus
from tests.models import NOW, add_tracks, rank_together, track_id, write_model
from tests.unit.sounds import make_sounds

FEATURES = make_sounds(8, 30, apart=2)
OLD, NEW = range(160), range(160, 240)

_PROGRAM = """
import sys
from pathlib import Path
from earwise.clustering import assigning
from earwise.clustering.publishing import publish_model
from earwise.store.client import open_store_at
from tests.models import NOW

assigning._BATCH = 16
with open_store_at(*sys.argv[1:3]) as store:
    print("ready", flush=True)
    publish_model(store, "m1", NOW, keep=1, model_folder=Path(sys.argv[3]))
"""


@pytest.mark.parametrize("kills", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_publishing_killed_at_any_moment_leaves_a_whole_model_and_loses_no_track(
    store: Store, mongo_uri: str, database_name: str, tmp_path: Path, kills: int
) -> None:
    add_tracks(store, FEATURES, OLD)
    write_model(store, tmp_path, "m0", FEATURES, OLD)
    publish_model(store, "m0", NOW, keep=1, model_folder=tmp_path)
    write_model(store, tmp_path, "m1", FEATURES, OLD, day=1)
    artefact = load_artefact(tmp_path, "m1")
    add_tracks(store, FEATURES, NEW)
    moments, longest = random.Random(kills), 0.5
    for _ in range(kills):
        command = [sys.executable, "-c", _PROGRAM, mongo_uri, database_name, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0, longest))
            process.kill()
        served = store.models.active_id()
        assert served in ("m0", "m1")
        assert store.model_parts.is_whole(served)
        assert load_artefact(tmp_path, served).model_id == served
        placed = {found for found, _ in store.model_parts.read_clusters_of_tracks(served)}
        assert {track_id(number) for number in OLD} <= placed

    publish_model(store, "m1", NOW, keep=1, model_folder=tmp_path)
    lists = dict(store.model_parts.read_lists("m1"))
    expected = rank_together(artefact, FEATURES, 50)
    assert [lists[track_id(number)] for number in range(240)] == expected
    assert {run.model_id: run.status for run in store.model_runs.recent(9)} == {
        "m0": ModelStatus.RETIRED,
        "m1": ModelStatus.ACTIVE,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["m1"]
    assert store.model_parts.whole_ids() == {"m1"}
    assert list(store.model_parts.read_lists("m0")) == []
