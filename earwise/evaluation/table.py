"""A collection as a CSV file: any MFCC statistics, with a genre for each track."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from earwise.errors import TableError
from earwise.ranking.layout import SLOPE_WEIGHT, Dimension, Layout
from earwise.ranking.metric import Matrix

_STATISTIC = re.compile(r"mfcc_?(?P<number>\d+)_(?P<slope>delta_)?(?P<kind>mean|std|var)")
_DELIMITERS = ",;\t|"
_GREATEST = float(np.finfo(np.float32).max)
_REQUIRED = ("track", "genre")
_TEXTS: tuple[str, ...] = (*_REQUIRED, "artist")


@dataclass(frozen=True, slots=True)
class Table:
    """What a CSV file holds.

    Attributes
    ----------
    tracks, artists, genres : list of str
    plain : ndarray [shape=(n, m), dtype=float32]
        The statistics as they stand in the file.
    features : ndarray [shape=(n, m), dtype=float32]
        The same with deviations in place of variances.
    layout : Layout
        Which column of `features` is what.
    """

    tracks: list[str]
    artists: list[str]
    genres: list[str]
    plain: Matrix
    features: Matrix
    layout: Layout


@dataclass(frozen=True, slots=True)
class _Column:
    place: int
    number: int
    is_slope: bool
    kind: str


def read_table(path: Path) -> Table:
    """Read a table of tracks.

    Raises
    ------
    TableError
        Saying which line and column can't be used, and why.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True, delimiter=_find_delimiter(file))
            header = [name.strip().lower() for name in next(reader, [])]
            columns = _statistics(header)
            rows = list(_rows(reader, header, columns))
    except OSError as error:
        raise TableError(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not a text in UTF-8.") from error
    except csv.Error as error:
        raise TableError(f"{path} is not a CSV file: {error}.") from error
    if len(rows) < 2:
        raise TableError(f"{path} has {len(rows)} tracks; two or more can be compared.")
    names = [fields for fields, _ in rows]
    plain = np.array([values for _, values in rows], np.float32)
    features = plain.copy()
    for place, column in enumerate(columns):
        if column.kind == "var":
            np.sqrt(features[:, place], out=features[:, place])
    return Table(
        [one["track"] for one in names],
        [one.get("artist", "") for one in names],
        [one["genre"] for one in names],
        plain,
        features,
        _layout(columns),
    )


def _find_delimiter(file: TextIO) -> str:
    """What separates the names in the first line, which none of them holds."""
    header = file.readline()
    file.seek(0)
    return max(_DELIMITERS, key=header.count)


def _statistics(header: list[str]) -> list[_Column]:
    if not header:
        raise TableError("The table is empty; its first line names the columns.")
    if missing := [name for name in _REQUIRED if name not in header]:
        raise TableError(f"The table has no column {missing[0]!r}; it has {', '.join(header)[:200]}.")
    used = {name for name in header if name in _TEXTS or _STATISTIC.fullmatch(name)}
    if doubled := [name for name in header if name in used and header.count(name) > 1]:
        raise TableError(f"The table has two columns of the name {doubled[0]!r}.")
    columns = [
        _Column(place, int(match["number"]), bool(match["slope"]), match["kind"])
        for place, name in enumerate(header)
        if (match := _STATISTIC.fullmatch(name))
    ]
    if not any(not (column.is_slope and column.kind == "mean") for column in columns):
        raise TableError("The table has no column of a statistic, such as mfcc1_mean, mfcc1_std or mfcc1_var.")
    known = {(column.number, column.is_slope, column.kind != "mean") for column in columns}
    if len(known) < len(columns):
        raise TableError("The table has a deviation and a variance of the same coefficient; leave one of them out.")
    return columns


def _rows(
    reader: Iterator[list[str]], header: list[str], columns: list[_Column]
) -> Iterator[tuple[dict[str, str], list[float]]]:
    for line, row in enumerate(reader, start=2):
        if not row:
            continue
        if len(row) != len(header):
            raise TableError(f"Line {line} of the table has {len(row)} fields; the first line has {len(header)}.")
        texts = {name: row[header.index(name)].strip() for name in _TEXTS if name in header}
        yield texts, [_number(row[column.place], line, header[column.place], column.kind) for column in columns]


def _number(text: str, line: int, name: str, kind: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise TableError(f"Line {line} of the table, column {name}: {text[:40]!r} is not a number.") from None
    if not math.isfinite(value) or abs(value) > _GREATEST:
        raise TableError(f"Line {line} of the table, column {name}: {text[:40]} is not a finite number.")
    if kind != "mean" and value < 0:
        raise TableError(f"Line {line} of the table, column {name}: {text[:40]} is negative.")
    return value


def _layout(columns: list[_Column]) -> Layout:
    """The columns by coefficient; means of deltas are left out, as they are about zero."""
    place_of = {(column.number, column.is_slope, column.kind == "mean"): i for i, column in enumerate(columns)}
    numbers = sorted({column.number for column in columns})
    sounds = [Dimension(place_of.get((n, False, True)), place_of.get((n, False, False))) for n in numbers]
    slopes = [Dimension(None, place_of.get((n, True, False)), SLOPE_WEIGHT) for n in numbers]
    there = [one for one in (*sounds, *slopes) if one.mean is not None or one.deviation is not None]
    return Layout(tuple(sorted(there, key=lambda dimension: dimension.mean is None)))
