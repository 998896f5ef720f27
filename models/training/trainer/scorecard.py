"""A logistic scorecard on weights of evidence: the fallback that needs no native code, and a rival to measure against.

Monotone bins of at least a twentieth of the rows, a bin of its own for missing, smoothed weights, coefficients that keep the
direction of each input. One number a bin is all that is left of it (scorecard.json).
"""

from dataclasses import dataclass

import numpy as np

from trainer.metrics import log_loss, sigmoid
from trainer.reference import reference_applicant
from trainer.spec import Fold, Input

LEAST_SHARE = 0.05
# Rows of the average bad rate that every bin is mixed with: a bin of nobody weighs nothing.
SMOOTHING_ROWS = 20
# Of the coefficients on standardised weights of evidence: the inputs say nearly the same thing again and again.
PENALTIES = (3.0, 10.0, 30.0, 100.0)
STEPS = 50


@dataclass(frozen=True)
class Scorecard:
    """`values[bin]` and `missing` are what an input adds to the margin; a value lies in the bin of the edges it reaches."""

    inputs: list[Input]
    intercept: float
    edges: list[np.ndarray]
    values: list[np.ndarray]
    missing: list[float]

    def contributions(self, rows: np.ndarray) -> np.ndarray:
        """A column for each input of the scorecard."""
        columns = []
        for index, edges in enumerate(self.edges):
            value = rows[:, index].astype(np.float64)
            found = self.values[index][np.searchsorted(edges, value, side="right").clip(max=len(edges))]
            columns.append(np.where(np.isnan(value), self.missing[index], found))
        return np.column_stack(columns)

    def margin(self, rows: np.ndarray) -> np.ndarray:
        """Added up in the order of the inputs, in doubles, as TypeScript does."""
        total = np.full(len(rows), self.intercept)
        for column in self.contributions(rows).T:
            total = total + column
        return total


def fit_scorecard(inputs: list[Input], rows: np.ndarray, bad: np.ndarray, penalty: float) -> Scorecard:
    """`rows`: a column an input, float32. Inputs whose coefficient would turn their direction around are left out."""
    overall = np.log(bad.mean(dtype=np.float64) / (1 - bad.mean(dtype=np.float64)))
    edges = [monotone_edges(rows[:, index], bad, column.monotone) for index, column in enumerate(inputs)]
    kept = [index for index in range(len(inputs)) if len(edges[index])]
    weights = {index: _weights(rows[:, index], bad, edges[index], overall) for index in kept}
    while True:
        evidence = np.column_stack([_spread(rows[:, index], edges[index], *weights[index]) for index in kept])
        intercept, slopes = _logistic(evidence, bad, penalty)
        if (slopes > 0).all():
            break
        kept = [index for index, slope in zip(kept, slopes, strict=True) if slope > 0]
    return Scorecard(
        inputs=[inputs[index] for index in kept],
        intercept=intercept,
        edges=[edges[index] for index in kept],
        values=[weights[index][0] * slope for index, slope in zip(kept, slopes, strict=True)],
        missing=[float(weights[index][1] * slope) for index, slope in zip(kept, slopes, strict=True)],
    )


def scorecards_out_of_fold(
    inputs: list[Input], rows: np.ndarray, bad: np.ndarray, folds: list[Fold], penalty: float
) -> list[np.ndarray]:
    """Margins of the validated rows of each fold, by a scorecard that had not seen them."""
    found = []
    for train, validate in folds:
        card = fit_scorecard(inputs, rows[train], bad[train], penalty)
        found.append(card.margin(columns_of(card, inputs, rows[validate])))
    return found


def choose_penalty(inputs: list[Input], rows: np.ndarray, bad: np.ndarray, folds: list[Fold]) -> tuple[float, list[dict]]:
    """The penalty with the least log loss over the folds; the first of equals."""
    tried = []
    for penalty in PENALTIES:
        found = scorecards_out_of_fold(inputs, rows, bad, folds, penalty)
        told = np.concatenate([sigmoid(margin) for margin in found])
        seen = np.concatenate([bad[validate] for _, validate in folds])
        tried.append({"penalty": penalty, "logLoss": round(log_loss(seen, told), 6)})
    return min(tried, key=lambda point: (point["logLoss"], point["penalty"]))["penalty"], tried


def columns_of(card: Scorecard, inputs: list[Input], rows: np.ndarray) -> np.ndarray:
    return rows[:, [inputs.index(column) for column in card.inputs]]


def monotone_edges(values: np.ndarray, bad: np.ndarray, direction: int) -> np.ndarray:
    """Twentieths of the values, neighbours merged until smoothed bad rates move in the direction and every bin is large
    enough."""
    known = ~np.isnan(values)
    value, outcome = values[known].astype(np.float64), bad[known]
    least = LEAST_SHARE * len(values)
    share = bad.mean(dtype=np.float64)
    edges = _to_float32(np.unique(np.quantile(value, np.arange(1, 20) / 20))) if len(value) else np.array([])
    while len(edges):
        bins = np.searchsorted(edges, value, side="right")
        counts = np.bincount(bins, minlength=len(edges) + 1)
        bads = np.bincount(bins, weights=outcome, minlength=len(edges) + 1)
        rates = (bads + SMOOTHING_ROWS * share) / (counts + SMOOTHING_ROWS)
        small = counts < least
        if small.any():
            at = int(small.argmax())
            edges = np.delete(edges, min(at, len(edges) - 1))
            continue
        wrong = np.diff(rates) * direction <= 0
        if not wrong.any():
            break
        edges = np.delete(edges, int(np.where(wrong, -np.diff(rates) * direction, -np.inf).argmax()))
    return edges


def _to_float32(edges: np.ndarray) -> np.ndarray:
    """Upwards: a value that is a float32 lies on the same side, and a tree can ask for it."""
    near = edges.astype(np.float32)
    return np.where(near < edges, np.nextafter(near, np.float32(np.inf)), near).astype(np.float64)


def _weights(values: np.ndarray, bad: np.ndarray, edges: np.ndarray, overall: float) -> tuple[np.ndarray, float]:
    """Log odds of bad in each bin against those over all, smoothed; then those of the missing."""
    share = sigmoid(np.array([overall]))[0]
    bins = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values.astype(np.float64), side="right"))
    bads = np.bincount(bins, weights=bad, minlength=len(edges) + 2) + SMOOTHING_ROWS * share
    goods = np.bincount(bins, weights=1 - bad, minlength=len(edges) + 2) + SMOOTHING_ROWS * (1 - share)
    evidence = np.log(bads / goods) - overall
    return evidence[:-1], float(evidence[-1])


def _spread(values: np.ndarray, edges: np.ndarray, evidence: np.ndarray, missing: float) -> np.ndarray:
    found = evidence[np.searchsorted(edges, values.astype(np.float64), side="right").clip(max=len(edges))]
    return np.where(np.isnan(values), missing, found)


def _logistic(evidence: np.ndarray, bad: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
    """Ridge logistic regression by Newton. The penalty acts on standardised columns, the intercept is free."""
    spread = np.maximum(evidence.std(axis=0), 1e-9)
    seen = np.column_stack([np.ones(len(evidence)), evidence / spread])
    pull = penalty * np.diag([0.0, *np.ones(evidence.shape[1])])
    weights = np.zeros(seen.shape[1])
    for _ in range(STEPS):
        pd = sigmoid(seen @ weights)
        slope = seen.T @ (pd - bad) + pull @ weights
        weights = weights - np.linalg.solve((seen * (pd * (1 - pd))[:, None]).T @ seen + pull, slope)
    return float(weights[0]), weights[1:] / spread


def scorecard_json(card: Scorecard, rows: np.ndarray, bad: np.ndarray, golden: np.ndarray) -> dict:
    """scorecard.json. `rows`, `golden`: a column for each input of the scorecard."""
    reference = reference_applicant(rows[bad < 0.5])[None, :]
    return {
        "intercept": card.intercept,
        "inputs": [
            {
                "name": column.name,
                "group": column.group,
                "edges": card.edges[index].tolist(),
                "values": card.values[index].tolist(),
                "missing": card.missing[index],
            }
            for index, column in enumerate(card.inputs)
        ],
        "reference": card.contributions(reference)[0].tolist(),
        "golden": {
            "rows": [[None if np.isnan(value) else float(value) for value in row] for row in golden],
            "margin": card.margin(golden).tolist(),
        },
    }
