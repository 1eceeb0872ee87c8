"""A model as two small files, which numpy alone reads: for whoever ranks or places tracks without training.

``model.npz`` holds the arrays, ``model.json`` the rest and the version of the form; neither can hold code.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earwise.errors import ModelNotFoundError
from earwise.ranking.layout import Dimension, Layout
from earwise.ranking.metric import Matrix, Metric
from earwise.ranking.preparation import Reference
from earwise.ranking.projection import Projection

FORM = 1
SNAPSHOTS = "snapshots"  # the folder beside the models for what they were trained on
PIPELINE = "pipeline"  # the folder beside the two files for what Spark itself reads
_ARRAYS, _TEXT = "model.npz", "model.json"


def scale_between(features: Matrix, minimum: NDArray[np.float64], maximum: NDArray[np.float64]) -> Matrix:
    """Features with `minimum` at 0 and `maximum` at 1, as Spark's MinMaxScaler does it; 0.5 where they are equal.

    Parameters
    ----------
    features : ndarray [shape=(..., n_features), dtype=float32]
    minimum, maximum : ndarray [shape=(n_features,), dtype=float64]

    >>> scale_between(np.float32([[3, 7], [8, 9]]), np.array([2.0, 7]), np.array([6.0, 7])).tolist()
    [[0.25, 0.5], [1.5, 0.5]]
    """
    extent = maximum - minimum
    scaled = np.where(extent > 0, (features - minimum) / np.where(extent > 0, extent, 1), 0.5)
    return scaled.astype(np.float32)


@dataclass(frozen=True, slots=True)
class ClusterModel:
    """The clusters that pages show.

    Attributes
    ----------
    minimum, maximum : ndarray [shape=(n_features,), dtype=float64]
        Bounds of each feature, which scaling brings to 0 and 1; where they are equal, the scaled feature is 0.5.
    numbers : tuple of int
        Of the clusters, in the order of the centroids.
    names : tuple of str
        Of the clusters.
    centroids : ndarray [shape=(k, n_features), dtype=float32]
        In scaled features.
    """

    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    numbers: tuple[int, ...]
    names: tuple[str, ...]
    centroids: Matrix

    def scale(self, features: Matrix) -> Matrix:
        """Features on the model's scale; those beyond its bounds go beyond [0, 1], up to one range on either side.

        Parameters
        ----------
        features : ndarray [shape=(n, n_features), dtype=float32]
        """
        limited: Matrix = np.clip(scale_between(features, self.minimum, self.maximum), -1, 2)
        return limited


@dataclass(frozen=True, slots=True)
class Artefact:
    """Everything of a model but its lists.

    Attributes
    ----------
    reference_places : ndarray [shape=(r, 2), dtype=float32]
        Where the reference sample lies on the map, which the next model's map is turned to.
    quantiles : ndarray [shape=(101,), dtype=float32]
        Of the distances of random pairs.
    most_per_artist : int
        Tracks of one artist in a list; 0 for any number.
    """

    model_id: str
    feature_version: str
    metric: Metric
    reference: Reference
    clusters: ClusterModel
    projection: Projection
    reference_places: Matrix
    quantiles: Matrix
    most_per_artist: int


def save_artefact(folder: Path, artefact: Artefact) -> Path:
    """Write an artefact into its own folder under `folder`, whole or not at all; returns that folder."""
    target, unfinished = folder / artefact.model_id, folder / f".{artefact.model_id}.{os.getpid()}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    np.savez(unfinished / _ARRAYS, allow_pickle=False, **_arrays(artefact))
    (unfinished / _TEXT).write_text(json.dumps(_text(artefact), ensure_ascii=False), "utf-8")
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    return target


def load_artefact(folder: Path, model_id: str) -> Artefact:
    """Read the artefact of a model.

    Raises
    ------
    ModelNotFoundError
        If there is none that this version of Earwise can read.
    """
    try:
        text = json.loads((folder / model_id / _TEXT).read_text("utf-8"))
        if text["form"] != FORM:
            raise ModelNotFoundError(f"The files of model {model_id} are of form {text['form']}; this reads {FORM}.")
        path = folder / model_id / _ARRAYS
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return _artefact(text, dict(arrays))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ModelNotFoundError(f"The files of model {model_id} can't be read in {folder}: {error}") from error


def find_artefact(folder: Path, model_id: str | None) -> Artefact | None:
    """The artefact of a model; None where there is no model, or no file of it that can be read."""
    try:
        return load_artefact(folder, model_id) if model_id else None
    except ModelNotFoundError:
        return None


def prune_artefacts(folder: Path, keep: Collection[str]) -> None:
    """Remove the artefacts of all models but these, and what a killed run left unfinished."""
    _remove_all_but(folder, {*keep, SNAPSHOTS})


def prune_snapshots(folder: Path, keep: Collection[str]) -> None:
    """Remove all snapshots but these."""
    _remove_all_but(folder / SNAPSHOTS, keep)


def _remove_all_but(folder: Path, keep: Collection[str]) -> None:
    for path in folder.glob("*"):
        if path.name not in keep:
            shutil.rmtree(path, ignore_errors=True)


def _arrays(artefact: Artefact) -> dict[str, NDArray[Any]]:
    return {
        "shift": artefact.metric.shift,
        "scale": artefact.metric.scale,
        "reference": artefact.reference.profiles,
        "reference_places": artefact.reference_places,
        "minimum": artefact.clusters.minimum,
        "maximum": artefact.clusters.maximum,
        "centroids": artefact.clusters.centroids,
        "map_centre": artefact.projection.centre,
        "map_components": artefact.projection.components,
        "map_origin": artefact.projection.origin,
        "quantiles": artefact.quantiles,
    }


def _text(artefact: Artefact) -> dict[str, Any]:
    return {
        "form": FORM,
        "model_id": artefact.model_id,
        "feature_version": artefact.feature_version,
        "dimensions": [asdict(dimension) for dimension in artefact.metric.layout.dimensions],
        "reference_ids": artefact.reference.track_ids,
        "clusters": [
            {"number": number, "name": name}
            for number, name in zip(artefact.clusters.numbers, artefact.clusters.names, strict=True)
        ],
        "most_per_artist": artefact.most_per_artist,
    }


def _artefact(text: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Artefact:
    layout = Layout(tuple(Dimension(**dimension) for dimension in text["dimensions"]))
    return Artefact(
        model_id=text["model_id"],
        feature_version=text["feature_version"],
        metric=Metric(layout, arrays["shift"], arrays["scale"]),
        reference=Reference(tuple(text["reference_ids"]), arrays["reference"]),
        clusters=ClusterModel(
            arrays["minimum"],
            arrays["maximum"],
            tuple(cluster["number"] for cluster in text["clusters"]),
            tuple(cluster["name"] for cluster in text["clusters"]),
            arrays["centroids"],
        ),
        projection=Projection(arrays["map_centre"], arrays["map_components"], arrays["map_origin"]),
        reference_places=arrays["reference_places"],
        quantiles=arrays["quantiles"],
        most_per_artist=text["most_per_artist"],
    )
