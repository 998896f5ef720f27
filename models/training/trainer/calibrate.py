"""Platt calibration: probability = sigmoid(slope · margin + intercept), written into the leaves themselves."""

from dataclasses import dataclass, replace

import numpy as np

from trainer.ensemble import Tree
from trainer.metrics import brier, log_loss, sigmoid

STEPS = 50
# Pull of the slope towards 1 and the intercept towards 0, as a prior of so many rows would: a few hundred validated
# rows do not overturn what some thousand trained.
PRIOR = 1.0


@dataclass(frozen=True)
class Calibration:
    method: str = "none"
    slope: float = 1.0
    intercept: float = 0.0

    def as_json(self) -> dict:
        return {"method": self.method, "slope": self.slope, "intercept": self.intercept}


def fit_platt(bad: np.ndarray, margin: np.ndarray) -> Calibration:
    """Newton on the log loss. `margin`: of rows that the model had not learnt from."""
    seen = np.column_stack([margin.astype(np.float64), np.ones(len(margin))])
    prior = np.array([1.0, 0.0])
    weights = prior.copy()
    for _ in range(STEPS):
        pd = sigmoid(seen @ weights)
        slope = seen.T @ (pd - bad) + PRIOR * (weights - prior)
        curve = (seen * (pd * (1 - pd))[:, None]).T @ seen + PRIOR * np.eye(2)
        weights = weights - np.linalg.solve(curve, slope)
    return Calibration("platt", float(weights[0]), float(weights[1]))


def choose_calibration(bad: np.ndarray, margins: list[np.ndarray], validated: list[np.ndarray]) -> tuple[Calibration, dict]:
    """Platt where it makes both log loss and Brier better on folds later than those it was fitted on, else none.

    `margins`: those of each fold, by a model that had not seen it; `validated`: its rows, in order of time.
    """
    before, after, truth = [], [], []
    for index in range(1, len(validated)):
        past = np.concatenate(validated[:index])
        platt = fit_platt(bad[past], np.concatenate(margins[:index]))
        before.append(sigmoid(margins[index]))
        after.append(sigmoid(platt.slope * margins[index].astype(np.float64) + platt.intercept))
        truth.append(bad[validated[index]])
    plain, tried, seen = np.concatenate(before), np.concatenate(after), np.concatenate(truth)
    found = {
        "rows": len(seen),
        "logLoss": round(log_loss(seen, plain), 6),
        "logLossPlatt": round(log_loss(seen, tried), 6),
        "brier": round(brier(seen, plain), 6),
        "brierPlatt": round(brier(seen, tried), 6),
    }
    better = found["logLossPlatt"] < found["logLoss"] and found["brierPlatt"] < found["brier"]
    if not better:
        return Calibration(), found
    return fit_platt(bad[np.concatenate(validated)], np.concatenate(margins)), found


def folded(trees: list[Tree], calibration: Calibration) -> list[Tree]:
    """The same trees with slope and intercept in their leaves, rounded to float32 once: the sum is the calibrated margin."""
    return [
        replace(
            tree,
            value=[
                float(np.float32(calibration.slope * value + (calibration.intercept if index == 0 else 0.0)))
                if tree.left[node] < 0
                else 0.0
                for node, value in enumerate(tree.value)
            ],
        )
        for index, tree in enumerate(trees)
    ]
