"""spark-submit application: train one model on the features in MongoDB.

The store's address comes from the environment (EARWISE_MONGO_URI and EARWISE_MONGO_PORT), since arguments are shown
in process lists.
"""

from __future__ import annotations

import argparse
import logging
import sys
from datetime import UTC, datetime

from earwise.clustering.training import TrainingPlan, train
from earwise.errors import EarwiseError, TrainingDataError
from earwise.features.config import MfccConfig
from earwise.log import configure_logging
from earwise.settings import Settings
from earwise.spark.features_source import StoreAddress
from earwise.spark.session import spark_session


def main(arguments: list[str]) -> int:
    """Parse, train, say what went wrong in one line.

    Features that nothing can be learned from are no fault of the job: it ends well, and who reads the record of the
    run finds the reason there. Trying again would change nothing.
    """
    settings = Settings.from_env()
    configure_logging(settings.log_level)
    try:
        with spark_session("earwise train_clusters") as spark:
            address = StoreAddress(settings.store_uri, settings.mongo_database)
            train(spark, address, _plan(arguments, settings), datetime.now(UTC))
    except TrainingDataError as reason:
        logging.getLogger("earwise.jobs").warning("no model: %s", reason)
    except EarwiseError as error:
        logging.getLogger("earwise.jobs").error("training failed: %s", error)
        return 1
    return 0


def _plan(arguments: list[str], settings: Settings) -> TrainingPlan:
    parser = argparse.ArgumentParser(prog="train_clusters")
    parser.add_argument("--model-id", required=True)
    parser.add_argument("--dag-run-id", required=True)
    parser.add_argument("--feature-version", default=MfccConfig().feature_version)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--k-min", type=_optional_int)
    parser.add_argument("--k-max", type=_optional_int)
    return TrainingPlan(
        min_tracks=settings.min_tracks,
        model_folder=settings.model_folder,
        most_per_artist=settings.per_artist,
        **vars(parser.parse_args(arguments)),
    )


def _optional_int(text: str) -> int | None:
    """A number; none where Airflow renders an unset parameter."""
    return None if text in ("", "None") else int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
