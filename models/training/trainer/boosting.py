"""Shallow gradient boosting with a base margin of our own, and the choice of its hyper-parameters by time."""

import numpy as np
import xgboost as xgb

from trainer.metrics import auc


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
) -> tuple[dict, list[dict]]:
    """The point of the grid with the best AUC over the folds, weighted by their size; the first of equals."""
    tried = []
    for point in grid:
        params = {**fixed, **point}
        scores = []
        for train, validate in folds:
            model, base = fit(rows[train], bad[train], params, monotone)
            scores.append(auc(bad[validate], margins(model, base, rows[validate])))
        weights = [len(validate) for _, validate in folds]
        tried.append({**point, "auc": round(float(np.average(scores, weights=weights)), 6)})
    best = max(range(len(grid)), key=lambda index: (tried[index]["auc"], -index))
    return {**fixed, **grid[best]}, tried
