"""Proof that what is served is what was trained: bit for bit, or the pipeline fails."""

import numpy as np
import onnxruntime as ort
import xgboost as xgb

from trainer.boosting import margins
from trainer.ensemble import Tree, sum_trees


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


def check_parity(
    model: xgb.Booster, base: np.float32, trees: list[Tree], served: Served, rows: np.ndarray
) -> None:
    trained = margins(model, base, rows)
    pd, margin = served.run(rows)
    _same(trained, margin, "onnxruntime, all rows at once")
    _same(trained, np.array([sum_trees(trees, row) for row in rows]), "trees.json")
    for batch in (1, 7):
        parts = [served.run(rows[start : start + batch]) for start in range(0, len(rows), batch)]
        _same(trained, np.concatenate([part[1] for part in parts]), f"onnxruntime in batches of {batch}")
        _same(pd, np.concatenate([part[0] for part in parts]), f"pd in batches of {batch}")
    expected = 1 / (1 + np.exp(-trained.astype(np.float64)))
    if not np.allclose(pd, expected, rtol=0, atol=1e-6):
        raise SystemExit("parity: pd is not the sigmoid of the margin")


def _same(expected: np.ndarray, actual: np.ndarray, what: str) -> None:
    wrong = np.flatnonzero(expected.astype(np.float32).view(np.uint32) != actual.astype(np.float32).view(np.uint32))
    if len(wrong):
        row = wrong[0]
        raise SystemExit(f"parity: {what}: {len(wrong)} rows differ, row {row}: {expected[row]!r} and {actual[row]!r}")
