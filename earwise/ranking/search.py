"""A whole catalogue's lists, group by group, so that groups can be ranked at the same time and in other processes."""

from __future__ import annotations

from dataclasses import dataclass

from earwise.ranking.catalogue import Catalogue, Rows
from earwise.ranking.cells import Cells, build_cells, rank_in_cells
from earwise.ranking.metric import Metric
from earwise.ranking.neighbours import Neighbours, Ranking, queries_of, rank_neighbours

# Up to here every pair is measured.
MOST_EXACT = 200_000
_GROUP_ROWS = 8_192


@dataclass(frozen=True, slots=True)
class Search:
    """How a catalogue is searched.

    Attributes
    ----------
    cells : Cells or None
        None where every pair is measured.
    """

    metric: Metric
    catalogue: Catalogue
    cells: Cells | None

    def rank(self, rows: Rows, ranking: Ranking) -> list[Neighbours]:
        """The lists of some of the catalogue's tracks."""
        found: list[Neighbours] = []
        for start in range(0, len(rows), _GROUP_ROWS):
            queries = queries_of(self.catalogue, rows[start : start + _GROUP_ROWS])
            if self.cells is None:
                found += rank_neighbours(self.metric, queries, self.catalogue, ranking)
            else:
                found += rank_in_cells(self.metric, queries, self.catalogue, self.cells, ranking)
        return found


def plan_search(metric: Metric, catalogue: Catalogue, *, most_exact: int = MOST_EXACT) -> Search:
    """Every pair where that is affordable, an index beyond."""
    return Search(metric, catalogue, build_cells(metric, catalogue) if len(catalogue) > most_exact else None)
