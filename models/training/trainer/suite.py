"""Made-up rows on which served, exported and trained must agree: where trees go wrong when they are exported."""

import json
from pathlib import Path

import numpy as np

from trainer.ensemble import Tree, sum_trees
from trainer.learn import Learnt
from trainer.metrics import sigmoid

POLICY = Path(__file__).resolve().parents[3] / "policies" / "baseline.json"
RANDOM_ROWS = 1000
# Out of so many random rows, those nearest to each cut-off are kept.
SEARCHED_ROWS = 20_000
NEAREST_ROWS = 25
BASES = 4


def policy_cuts() -> list[float]:
    """Probabilities at which the baseline policy changes its mind."""
    bands = json.loads(POLICY.read_text("utf8"))["bands"]
    return [band["pdBelow"] for band in bands if band["pdBelow"] < 1]


def suite_rows(learnt: Learnt, ranges: list[tuple[float, float]], seed: int) -> np.ndarray:
    """Random rows, every threshold and the floats next to it, each input missing and all, extremes, and cut-offs."""
    random = np.random.default_rng(seed)
    values = [column_values(learnt.trees, column, ranges[column]) for column in range(len(ranges))]
    mixed = random_rows(values, RANDOM_ROWS, random)
    bases = [learnt.reference, *mixed[: BASES - 1]]
    searched = random_rows(values, SEARCHED_ROWS, random)
    pd = sigmoid(sum_trees(learnt.trees, searched))
    nearest = [np.argsort(np.abs(pd - cut), kind="stable")[:NEAREST_ROWS] for cut in policy_cuts()]
    made = [*mixed, *searched[np.concatenate(nearest)], np.full(len(ranges), np.nan, np.float32)]
    for base in bases:
        for column, own in enumerate(values):
            made.extend(_with(base, column, value) for value in [*own, *_extremes(ranges[column]), np.float32(np.nan)])
    made.extend(np.full(len(ranges), value, np.float32) for value in _extremes((-1.0, 1.0)))
    return np.array(made, np.float32)


def column_values(trees: list[Tree], column: int, ends: tuple[float, float]) -> np.ndarray:
    """Rising: the ends of the range, every threshold of the input, and the floats right below and above it."""
    used = thresholds(trees, column)
    low, high = np.float32(-np.inf), np.float32(np.inf)
    return np.unique(np.concatenate([np.array(ends, np.float32), np.nextafter(used, low), used, np.nextafter(used, high)]))


def thresholds(trees: list[Tree], column: int) -> np.ndarray:
    used = {
        tree.threshold[node]
        for tree in trees
        for node in range(len(tree.feature))
        if tree.left[node] >= 0 and tree.feature[node] == column
    }
    return np.array(sorted(used), np.float32)


def random_rows(values: list[np.ndarray], count: int, random: np.random.Generator) -> np.ndarray:
    """Between the values of each column and on them, a tenth of the cells missing."""
    columns = []
    for own in values:
        at = random.random(count) * (len(own) - 1)
        below = own[at.astype(np.int64)].astype(np.float64)
        above = own[np.minimum(at.astype(np.int64) + 1, len(own) - 1)].astype(np.float64)
        share = np.where(random.random(count) < 0.5, at % 1, 0.0)
        columns.append(below + share * (above - below))
    made = np.column_stack(columns).astype(np.float32)
    made[random.random(made.shape) < 0.1] = np.nan
    return made


def _extremes(ends: tuple[float, float]) -> list[np.float32]:
    most = np.finfo(np.float32)
    return [np.float32(value) for value in (*ends, 0.0, -0.0, -1.0, most.max, most.min, most.tiny, -most.tiny)]


def _with(row: np.ndarray, column: int, value: np.float32) -> np.ndarray:
    changed = row.copy()
    changed[column] = value
    return changed
