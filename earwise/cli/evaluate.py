"""``./run evaluate``: how good the recommendations of a model are, or those that a table's features would give."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from earwise.bench.bliss import bliss_vectors
from earwise.embedded.home_store import open_home_store
from earwise.errors import EarwiseError
from earwise.evaluation.collection import collect_model, collect_table
from earwise.evaluation.evaluate import judge_labels, judge_lists
from earwise.evaluation.folders import judge_folders, read_folders
from earwise.evaluation.report import Evaluation
from earwise.evaluation.table import read_table
from earwise.settings import Settings


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Measure, and print the figures."""
    if options.table:
        if options.labels:
            raise EarwiseError("A table has no folders; --labels folder is for a model of a library.")
        evaluation = evaluate_table(options.table)
    else:
        evaluation = evaluate_model(settings, options.model, with_folders=options.labels == "folder")
    print(json.dumps(evaluation.as_document()) if options.json else evaluation.as_text(), flush=True)
    return 0


def evaluate_table(path: Path) -> Evaluation:
    """Measure what a table's features give."""
    collection = collect_table(read_table(path))
    lists = judge_lists(collection.metric, collection.catalogue, collection.ranking, collection.lists)
    labels = judge_labels(collection.metric, collection.catalogue, collection.plain, collection.genres)
    return Evaluation(len(collection.catalogue), lists, labels, None)


def evaluate_model(settings: Settings, model_id: str | None, *, with_folders: bool) -> Evaluation:
    """Measure a published model: its lists as they are stored, and what tags and folders say of them."""
    with open_home_store(settings) as (settings, store):
        chosen = model_id or store.models.require_active_id()
        _say(f"Reading model {chosen} …")
        collection = collect_model(store, settings.model_folder, chosen)
        folders = bliss = None
        if with_folders:
            folders = read_folders(store, collection.track_ids)
            bliss = bliss_vectors(store, settings.roots, collection.track_ids, _say)
    lists = judge_lists(collection.metric, collection.catalogue, collection.ranking, collection.lists)
    labels = judge_labels(collection.metric, collection.catalogue, collection.plain, collection.genres)
    compared = judge_folders(collection, folders, bliss) if folders is not None else None
    return Evaluation(len(collection.catalogue), lists, labels, compared)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
