"""Rows that a scoring thread must reproduce before it serves. Made up: no applicant's row is among them."""

import numpy as np

from trainer.ensemble import Tree

MIXED_ROWS = 32


def golden_rows(
    rows: np.ndarray, trees: list[Tree], ranges: list[tuple[float, float]], reference: np.ndarray, seed: int
) -> np.ndarray:
    """Mixtures of the columns' quantiles, the reference with one input missing, none at all, thresholds and the floats
    next to them, and the ends of the ranges."""
    random = np.random.default_rng(seed)
    count = rows.shape[1]
    mixed = np.column_stack(
        [np.nanquantile(rows[:, column].astype(np.float64), random.random(MIXED_ROWS)) for column in range(count)]
    ).astype(np.float32)
    mixed[random.random(mixed.shape) < 0.1] = np.nan
    made = [*mixed, reference.copy(), np.full(count, np.nan, np.float32), np.zeros(count, np.float32)]
    for column in range(count):
        made.append(_with(reference, column, np.float32(np.nan)))
        for value in _around(_threshold(trees, column)):
            made.append(_with(reference, column, value))
        for end in ranges[column]:
            made.append(_with(reference, column, np.float32(end)))
    for end in (0, 1):
        made.append(np.array([pair[end] for pair in ranges], np.float32))
    return np.array(made, dtype=np.float32)


def _with(row: np.ndarray, column: int, value: np.float32) -> np.ndarray:
    changed = row.copy()
    changed[column] = value
    return changed


def _threshold(trees: list[Tree], column: int) -> np.float32 | None:
    """The threshold that splits most often; None for an input that no tree asks for."""
    used = [
        tree.threshold[node]
        for tree in trees
        for node in range(len(tree.feature))
        if tree.left[node] >= 0 and tree.feature[node] == column
    ]
    if not used:
        return None
    values, counts = np.unique(used, return_counts=True)
    return np.float32(values[counts.argmax()])


def _around(threshold: np.float32 | None) -> list[np.float32]:
    if threshold is None:
        return []
    low, high = np.float32(-np.inf), np.float32(np.inf)
    return [np.nextafter(threshold, low), threshold, np.nextafter(threshold, high)]
