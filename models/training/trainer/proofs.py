"""Two properties without which a reason is a guess: no input moves against its direction, and reasons add up."""

from itertools import combinations
from math import factorial

import numpy as np

from trainer.ensemble import Tree, leaves, sum_trees
from trainer.spec import Input
from trainer.suite import column_values, random_rows

BASE_ROWS = 30
EXPLAINED_ROWS = 6
ADDITIVE_TOLERANCE = 1e-9


def check_directions(trees: list[Tree], inputs: list[Input], ranges: list[tuple[float, float]], seed: int) -> None:
    """Every input at all its thresholds, on random rows, missing values among them."""
    random = np.random.default_rng(seed)
    values = [_inside(column_values(trees, column, ranges[column]), ranges[column]) for column in range(len(inputs))]
    bases = random_rows(values, BASE_ROWS, random)
    for column, own in enumerate(inputs):
        ladder = values[column]
        rows = np.repeat(bases, len(ladder), axis=0)
        rows[:, column] = np.tile(ladder, len(bases))
        steps = np.diff(sum_trees(trees, rows).reshape(len(bases), len(ladder)), axis=1)
        if own.monotone not in (1, -1) or (steps * own.monotone < 0).any():
            raise SystemExit(f"{own.name}: the margin moves against its direction {own.monotone}")


def _inside(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """Nothing outside the range is ever scored."""
    return values[(values >= np.float32(ends[0])) & (values <= np.float32(ends[1]))]


def check_additivity(trees: list[Tree], reference: np.ndarray, rows: np.ndarray) -> None:
    """Shapley values against the reference add up to the difference of the margins, and an input that equals the
    reference has none."""
    start = _exact(trees, reference)
    for row in rows[:EXPLAINED_ROWS]:
        values = shapley(trees, row, reference)
        gap = abs(start + values.sum() - _exact(trees, row))
        same = (row == reference) | (np.isnan(row) & np.isnan(reference))
        if gap > ADDITIVE_TOLERANCE or np.any(values[same] != 0):
            raise SystemExit(f"reasons do not add up to the margin: off by {gap}")


def _exact(trees: list[Tree], row: np.ndarray) -> float:
    """The margin in doubles: without the rounding of the sum in float32, which belongs to no input."""
    return sum(tree.value[leaves(tree, row[None, :])[0]] for tree in trees)


def shapley(trees: list[Tree], row: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The slow, obvious Shapley value of each input, by all coalitions of the inputs that a tree asks for."""
    values = np.zeros(len(row))
    for tree in trees:
        asked = sorted({tree.feature[node] for node in range(len(tree.feature)) if tree.left[node] >= 0})
        coalitions = [frozenset(of) for size in range(len(asked) + 1) for of in combinations(asked, size)]
        mixed = np.array([[row[c] if c in of else reference[c] for c in range(len(row))] for of in coalitions], np.float32)
        worth = dict(zip(coalitions, np.array(tree.value)[leaves(tree, mixed)], strict=True))
        for column in asked:
            for of in coalitions:
                if column not in of:
                    weight = factorial(len(of)) * factorial(len(asked) - len(of) - 1) / factorial(len(asked))
                    values[column] += weight * (worth[of | {column}] - worth[of])
    return values
