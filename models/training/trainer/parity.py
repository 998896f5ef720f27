"""Proof that what is served is what was trained, or the pipeline fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort

from trainer.boosting import margins
from trainer.ensemble import sum_trees
from trainer.metrics import sigmoid

if TYPE_CHECKING:
    from trainer.learn import Learnt

# Calibration and average multiply each leaf and round it to float32: some hundred roundings of half a unit in the last place.
MARGIN_TOLERANCE = 1e-5
PD_TOLERANCE = 1e-6


class Served:
    """The network as the service runs it: one thread, so that the sum has one order."""

    def __init__(self, network: bytes):
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])

    def run(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pd, margin = self._session.run(["pd", "margin"], {"features": rows})
        return pd[:, 0], margin[:, 0]


def check_parity(learnt: Learnt, rows: np.ndarray, cuts: list[float]) -> None:
    """XGBoost and the trees as it grew them: to the bit. The trees that are served and the network, alone
    and in batches: to the bit. Across calibration and average: within the tolerances, and the same decision at every
    cut-off, on every row within the ranges.
    """
    trained = margins(learnt.booster, learnt.base, rows)
    _same(trained, sum_trees(learnt.plain, rows), "the trees as grown")
    exported = sum_trees(learnt.trees, rows)
    pd, margin = learnt.served.run(rows)
    _same(exported, margin, "onnxruntime, all rows at once")
    for batch in (1, 7):
        parts = [learnt.served.run(rows[start : start + batch]) for start in range(0, len(rows), batch)]
        _same(exported, np.concatenate([part[1] for part in parts]), f"onnxruntime in batches of {batch}")
        _same(pd, np.concatenate([part[0] for part in parts]), f"pd in batches of {batch}")
    scored = (np.isnan(rows) | (rows >= learnt.lows)).all(axis=1)
    calibrated, exported, pd = learnt.margin(rows[scored]), exported[scored], pd[scored]
    if not np.allclose(exported, calibrated, rtol=0, atol=MARGIN_TOLERANCE):
        raise SystemExit("parity: the margin is not that of XGBoost, averaged and calibrated")
    if not np.allclose(pd, sigmoid(calibrated), rtol=0, atol=PD_TOLERANCE):
        raise SystemExit("parity: pd is not the sigmoid of the calibrated margin")
    decided = np.searchsorted(cuts, pd.astype(np.float64), side="right")
    wrong = np.flatnonzero(decided != np.searchsorted(cuts, sigmoid(calibrated), side="right"))
    if len(wrong):
        raise SystemExit(f"parity: {len(wrong)} rows are decided differently, the first with pd {pd[wrong[0]]!r}")


def _same(expected: np.ndarray, actual: np.ndarray, what: str) -> None:
    wrong = np.flatnonzero(expected.astype(np.float32).view(np.uint32) != actual.astype(np.float32).view(np.uint32))
    if len(wrong):
        row = wrong[0]
        raise SystemExit(f"parity: {what}: {len(wrong)} rows differ, row {row}: {expected[row]!r} and {actual[row]!r}")
