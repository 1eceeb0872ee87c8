"""### Bring a set of the Free Music Archive

**Purpose.** Downloads one of FMA's sets for music analysis, checks it, and makes it a part of the library: its tracks
are heard, recommended and played straight from the archive, which is not unpacked.

**Inputs.** The archives at `EARWISE_FMA_URL`. The parameter `set`: `small` (8,000 clips of 30 s, 7.2 GiB), `medium`
(25,000, 22 GiB), `large` (106,574, 93 GiB) or `full` (the same tracks whole, 879 GiB).

**Outputs.** The archives in `EARWISE_FMA_FOLDER`, and the link `tracks.zip` to the one in use, which is the root `fma`
of the library; `catalogue` with titles, artists, albums and genres from FMA's `tracks.csv`, which win over what stands
in the files; `downloads` with how far each is, also on the web app's admin page; the asset `fma_set`.

**Schedule.** By hand. The next run of `extract_features` hears the tracks. A set that is loaded later takes the place
of the one before. After a much smaller one `extract_features` has to be triggered once with `accept_losses`, and `fma`
as the `root`, since without one the losses of all roots are believed: as many tracks are gone as if a disk were
missing, and until then it fails and changes nothing.

**Is a re-run safe?** Yes. A download goes on where it broke off, whatever broke it; an archive that is there and was
checked is not downloaded again; the catalogue is compared, and only files whose tags changed are looked at again.

**On failure.** `bring_metadata` and `bring_tracks` fail for good when the server refuses, the disk has no room (free
some, or set `EARWISE_FMA_FOLDER`), or the SHA-1 is another than it should be (the file was removed; trigger the DAG
again). Where the server breaks off again and again they are retried and go on. Tracks 99134, 108925 and 133297 hold no
audio: they are expected in quarantine.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Metadata, Param, dag, task
from airflow.sdk.exceptions import AirflowFailException

from earwise.fma.sets import METADATA, SETS
from earwise.settings import Settings

FMA_SET = Asset("fma_set")


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "earwise", "retries": 5, "retry_delay": timedelta(minutes=2)},
    doc_md=__doc__,
    tags=["earwise", "library"],
    params={"set": Param("small", enum=list(SETS), title="Set", description="How much of the archive")},
)
def load_fma() -> None:
    @task(execution_timeout=timedelta(hours=3))
    def bring_metadata() -> None:
        """Download what is known of the tracks."""
        _bring(METADATA)

    @task(execution_timeout=timedelta(minutes=30))
    def read_catalogue() -> dict[str, int]:
        """Take titles, artists, albums and genres from it."""
        from earwise.errors import BadDownloadError
        from earwise.fma import loading
        from earwise.store import open_store

        settings = Settings.from_env()
        with open_store(settings) as store:
            store.create_indexes()
            try:
                return loading.read_catalogue(store, settings)
            except BadDownloadError as error:
                raise AirflowFailException(str(error)) from None

    # The largest set takes nine days at 10 Mbit/s; an attempt that is ended here goes on in the next.
    @task(execution_timeout=timedelta(days=2))
    def bring_tracks(params: dict[str, Any]) -> None:
        """Download the tracks."""
        _bring(params["set"])

    @task(outlets=[FMA_SET], execution_timeout=timedelta(minutes=10))
    def publish(params: dict[str, Any]):  # type: ignore[no-untyped-def]
        """Make the archive the library's root."""
        from earwise.errors import BadDownloadError
        from earwise.fma.loading import publish_set

        try:
            archive = publish_set(Settings.from_env(), params["set"])
        except BadDownloadError as error:
            raise AirflowFailException(str(error)) from None
        yield Metadata(FMA_SET, {"set": params["set"], "bytes": archive.stat().st_size})

    bring_metadata() >> read_catalogue() >> bring_tracks() >> publish()


def _bring(name: str) -> None:
    from earwise.errors import BadDownloadError, ConfigError
    from earwise.fma.loading import bring_archive
    from earwise.store import open_store

    try:
        settings = Settings.from_env()
        with open_store(settings) as store:
            bring_archive(store, settings, name)
    except (BadDownloadError, ConfigError) as error:
        raise AirflowFailException(str(error)) from None


load_fma()
