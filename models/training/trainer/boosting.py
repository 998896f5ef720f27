"""Shallow gradient boosting with a base margin of our own, and the choice of its hyper-parameters by time."""

import numpy as np
import xgboost as xgb

from trainer.metrics import auc, log_loss, sigmoid


def base_margin(bad: np.ndarray) -> np.float32:
    """Log odds of the training part. Set by hand, not as base_score: how that is stored and exported has changed
    between releases more than once."""
    share = float(bad.mean(dtype=np.float64))
    return np.float32(np.log(share / (1 - share)))


def fit(rows: np.ndarray, bad: np.ndarray, params: dict, monotone: list[int] | None) -> tuple[xgb.Booster, np.float32]:
    base = base_margin(bad)
    settings = {name: value for name, value in params.items() if name != "rounds"}
    if monotone is not None:
        settings["monotone_constraints"] = tuple(monotone)
    return xgb.train(settings, _matrix(rows, base, bad), params["rounds"]), base


def margins(model: xgb.Booster, base: np.float32, rows: np.ndarray) -> np.ndarray:
    return model.predict(_matrix(rows, base), output_margin=True)


def _matrix(rows: np.ndarray, base: np.float32, bad: np.ndarray | None = None) -> xgb.DMatrix:
    matrix = xgb.DMatrix(rows, label=bad)
    matrix.set_base_margin(np.full(len(rows), base, dtype=np.float32))
    return matrix


def out_of_fold(
    rows: np.ndarray, bad: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]], params: dict, monotone: list[int]
) -> list[np.ndarray]:
    """Margins of the validated rows of each fold, by a model that had not seen them."""
    found = []
    for train, validate in folds:
        model, base = fit(rows[train], bad[train], params, monotone)
        found.append(margins(model, base, rows[validate]))
    return found


def choose(
    rows: np.ndarray,
    bad: np.ndarray,
    folds: list[tuple[np.ndarray, np.ndarray]],
    fixed: dict,
    grid: list[dict],
    monotone: list[int] | None,
    criterion: str = "auc",
) -> tuple[dict, list[dict]]:
    """The point of the grid that is best over the folds, weighted by their size; the first of equals. By `auc`, or by
    `logLoss`, which sees overfitting that the order of the rows does not show."""
    tried = []
    weights = [len(validate) for _, validate in folds]
    for point in grid:
        found = out_of_fold(rows, bad, folds, {**fixed, **point}, monotone)
        truth = [bad[validate] for _, validate in folds]
        told = {"auc": [auc(*pair) for pair in zip(truth, found, strict=True)]}
        if criterion == "logLoss":
            told["logLoss"] = [log_loss(seen, sigmoid(margin)) for seen, margin in zip(truth, found, strict=True)]
        tried.append({**point, **{name: round(float(np.average(of, weights=weights)), 6) for name, of in told.items()}})
    sign = -1 if criterion == "logLoss" else 1
    best = max(range(len(grid)), key=lambda index: (sign * tried[index][criterion], -index))
    return {**fixed, **grid[best]}, tried
