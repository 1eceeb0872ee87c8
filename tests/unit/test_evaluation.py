"""Measures of lists, the plainer methods, and tables."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from earwise.cli import evaluate as command
from earwise.cli.__main__ import main
from earwise.errors import TableError
from earwise.evaluation import baselines
from earwise.evaluation.baselines import Allowed
from earwise.evaluation.collection import collect_table
from earwise.evaluation.evaluate import judge_labels, judge_lists
from earwise.evaluation.folders import judge_folders
from earwise.evaluation.measures import accuracy, overlap, precision, skewness, times_listed
from earwise.evaluation.table import read_table
from tests.unit.sounds import N_MFCC, make_sounds


def write_table(path: Path, *, groups: int = 6, size: int = 20, apart: float = 1.0, squared: bool = False) -> Path:
    """A table whose genres are groups of sound."""
    statistics = make_sounds(groups, size, apart=apart)[:, : 2 * N_MFCC].astype(float)
    kind = "var" if squared else "std"
    if squared:
        statistics[:, N_MFCC:] **= 2
    names = [f"mfcc{n + 1}_{what}" for what in ("mean", kind) for n in range(N_MFCC)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["track", "artist", "genre", *names])
        for row, values in enumerate(statistics):
            writer.writerow([f"{row}.mp3", "", f"Genre {row // size}", *(f"{value:.7g}" for value in values)])
    return path


# --- measures ---


def test_recall_counts_what_is_shared_whatever_its_order() -> None:
    assert overlap(np.array([[3, 1, 2], [9, 8, -1]]), np.array([[1, 2, 3], [8, 7, -1]])) == pytest.approx((1 + 0.5) / 2)
    assert overlap(np.array([[-1]]), np.array([[-1]])) is None


def test_recording_is_listed_by_any_of_its_files() -> None:
    copies = np.array([0, 1, 0, 3])
    assert times_listed(np.array([[2, 1], [0, -1], [1, -1], [-1, -1]]), copies).tolist() == [2, 2, 0]


def test_counting_takes_less_memory_than_the_lists() -> None:
    n = 20_000
    lists = np.random.default_rng(1).integers(-1, n, (n, 50)).astype(np.int32)
    tracemalloc.start()
    times_listed(lists, np.arange(n))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < lists.nbytes / 2


def test_skewness_is_high_where_few_stand_in_all_lists() -> None:
    even, hub = np.full(50, 10), np.r_[np.zeros(49, int), 500]
    assert skewness(even) is None
    assert skewness(hub) > 6
    assert skewness(np.array([1, 2, 3])) == pytest.approx(0)


def test_precision_and_vote_leave_gaps_out() -> None:
    labels = np.array([0, 0, 1, 1, 1])
    lists = np.array([[1, 2, 3], [0, -1, -1], [-1, -1, -1]])
    queries = np.array([0, 1, 4])
    assert precision(lists, labels, queries) == pytest.approx((1 / 3 + 1) / 2)
    assert accuracy(lists, labels, queries) == pytest.approx(0.5)
    assert precision(lists[2:], labels, queries[2:]) is None


def test_of_equal_votes_the_nearest_decides() -> None:
    labels = np.array([7, 5, 7, 5])
    assert accuracy(np.array([[1, 2]]), labels, np.array([3])) == 1
    assert accuracy(np.array([[2, 1]]), labels, np.array([3])) == 0


# --- plainer methods ---


def test_kmeans_finds_separate_groups_and_fewer_where_there_are_fewer() -> None:
    rng = np.random.default_rng(0)
    points = (np.repeat(np.eye(4), 25, axis=0) * 50 + rng.normal(size=(100, 4))).astype(np.float32)
    clusters = baselines.kmeans(points, 4, rng)
    assert [len(set(clusters[start : start + 25])) for start in range(0, 100, 25)] == [1] * 4
    assert len(set(clusters.tolist())) == 4
    assert len(set(baselines.kmeans(np.ones((20, 3), np.float32), 10, rng).tolist())) == 1


def test_nearest_leaves_out_own_recording_own_artist_and_unlabelled() -> None:
    points = np.arange(6, dtype=np.float32)[:, None]
    allowed = Allowed(np.array([0, 0, 2, 3, 4, 5]), np.array([1, -1, 1, -1, 2, 2]), np.array([1, 1, 1, 1, 1, 0], bool))
    assert baselines.nearest(points, np.array([0, 3]), allowed, 3).tolist() == [[3, 4, -1], [2, 4, 1]]


def test_drawn_tracks_are_of_the_query_own_cluster() -> None:
    rng = np.random.default_rng(0)
    allowed = Allowed(np.arange(40), np.full(40, -1), np.ones(40, bool))
    clusters = np.arange(40) % 4
    lists = baselines.drawn(np.arange(40), allowed, 5, rng, clusters)
    assert (clusters[lists] == clusters[:, None]).all()
    assert all(query not in found for query, found in enumerate(lists))


# --- tables ---


@pytest.mark.parametrize("squared", [False, True], ids=["deviations", "variances"])
def test_table_is_ranked_as_production_ranks(tmp_path: Path, squared: bool) -> None:
    collection = collect_table(read_table(write_table(tmp_path / "t.csv", apart=0.3, squared=squared)))
    figures = judge_lists(collection.metric, collection.catalogue, collection.ranking, collection.lists)
    assert figures.recall_at_10 == pytest.approx(1)
    assert figures.orphan_share < 0.1
    assert figures.coverage == 1
    labels = judge_labels(collection.metric, collection.catalogue, collection.plain, collection.genres)
    compared = labels.precision_at_10
    assert all(figure > 2 * compared.random for figure in (compared.earwise, compared.minmax_euclidean))
    assert compared.random == pytest.approx(19 / 119, abs=0.05)


def test_variances_and_deviations_give_the_same_lists(tmp_path: Path) -> None:
    one, other = (
        collect_table(read_table(write_table(tmp_path / f"{squared}.csv", squared=squared)))
        for squared in (False, True)
    )
    assert overlap(one.lists[:, :10], other.lists[:, :10]) > 0.99


def test_same_artist_is_left_out_where_artists_are_named(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.csv", groups=4, size=10, apart=8)
    lines = path.read_text().splitlines()
    # Every genre is one artist: nothing of the genre is left to be found.
    named = [line.replace(",,", f",artist {line.split(',')[2]},", 1) for line in lines[1:]]
    path.write_text("\n".join([lines[0], *named]))
    collection = collect_table(read_table(path))
    labels = judge_labels(collection.metric, collection.catalogue, collection.plain, collection.genres)
    assert labels.precision_at_10.earwise == 0


def test_columns_may_stand_in_any_order_and_others_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "\ufeffTempo,MFCC2_std,genre,mfcc1_mean,mfcc2_mean,Track,mfcc1_delta_std\n"
        "120,2.5,a,1,10,x,0.1\n\n90,3.5,b,2,20,y,0.2\n"
    )
    table = read_table(path)
    assert (table.tracks, table.genres, table.artists) == (["x", "y"], ["a", "b"], ["", ""])
    described = [(one.mean, one.deviation, one.weight) for one in table.layout.dimensions]
    assert described == [(1, None, 1), (2, 0, 1), (None, 3, 2)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_table_may_be_separated_as_spreadsheets_separate(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "t.csv"
    rows = [["", "", "track", "genre", "mfcc1_var"], ["0", "u", "x, y; z", "a", "4"], ["1", "v", "w", "", "9"]]
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    table = read_table(path)
    assert (table.tracks, table.genres) == (["x, y; z", "w"], ["a", ""])
    assert (table.plain.tolist(), table.features.tolist()) == ([[4], [9]], [[2], [3]])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("track,genre\nx,a\n", "no column of a statistic"),
        ("genre,mfcc1_mean\na,1\n", "no column 'track'"),
        ("track,genre,mfcc1_mean\nx,a,loud\ny,b,1\n", "Line 2 of the table, column mfcc1_mean: 'loud' is not a number"),
        ("track,genre,mfcc1_mean\nx,a,1\ny,b,nan\n", "Line 3 .* not a finite number"),
        ("track,genre,mfcc1_mean\nx,a,1e300\ny,b,1\n", "Line 2 .* not a finite number"),
        ("track,genre,mfcc1_std\nx,a,1\ny,b,-1\n", "Line 3 .* negative"),
        ("track,genre,mfcc1_mean\nx,a,1\ny,b\n", "Line 3 of the table has 2 fields"),
        ("track,genre,mfcc1_mean,mfcc1_mean\nx,a,1,1\n", "two columns"),
        ("track,genre,mfcc1_std,mfcc1_var\nx,a,1,1\n", "leave one of them out"),
        ("track,genre,mfcc1_mean\nx,a,1\n", "1 tracks"),
        ('track,genre,mfcc1_mean\n"x,a,1\n', "not a CSV"),
    ],
)
def test_table_that_cannot_be_used_says_where_and_why(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(TableError, match=reason):
        read_table(path)


def test_file_that_is_absent_or_no_text_says_so(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="can't be read"):
        read_table(tmp_path / "absent.csv")
    (tmp_path / "t.csv").write_bytes(b"track,genre,mfcc1_mean\n\xff\xfe,a,1\n")
    with pytest.raises(TableError, match="UTF-8"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize("value", ["1", "0"])
def test_table_of_identical_tracks_has_figures_or_none(tmp_path: Path, value: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "track,genre,mfcc1_mean,mfcc1_std\n" + "".join(f"t{n},{n % 2},{value},{value}\n" for n in range(30))
    )
    document = command.evaluate_table(path).as_document()
    assert document["tracks"] == 30
    assert document["recall_at_10"] is None


def test_command_prints_the_documented_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_table(tmp_path / "t.csv")
    assert main(["evaluate", "--table", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    methods = {"earwise", "minmax_euclidean", "same_cluster", "random"}
    assert set(document) == {
        *("tracks", "recall_at_10", "hub_skew_at_10", "orphan_share", "coverage"),
        *("genre_precision_at_10", "genre_accuracy_10nn", "same_folder"),
    }
    assert set(document["genre_precision_at_10"]) == set(document["genre_accuracy_10nn"]) == methods
    assert document["same_folder"] is None
    assert main(["evaluate", "--table", str(path)]) == 0
    assert "Recall at 10          1.000" in capsys.readouterr().out


def test_command_ends_with_a_sentence_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--table", str(tmp_path / "absent.csv"), "--json"]) == 2
    assert main(["evaluate", "--table", str(write_table(tmp_path / "t.csv")), "--labels", "folder"]) == 2
    assert "no folders" in capsys.readouterr().err


def test_folders_are_compared_for_every_method_that_could_be_asked(tmp_path: Path) -> None:
    collection = collect_table(read_table(write_table(tmp_path / "t.csv", apart=8)))
    folders = [f"music/{genre}" if row % 7 else "" for row, genre in enumerate(collection.genres)]
    bliss = np.random.default_rng(0).normal(size=(120, 4)).astype(np.float32)
    bliss[5] = np.nan
    compared = judge_folders(collection, folders, bliss)
    assert compared.earwise.p1 == 1
    assert compared.minmax_euclidean.p5 > 0.9
    assert compared.bliss.p1 < 0.5
    assert judge_folders(collection, folders, None).bliss is None
    alone = judge_folders(collection, [f"music/{row}" for row in range(120)], None)
    assert alone.earwise.p1 is None
