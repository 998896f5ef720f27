"""A model by the recipe of its role, as everything that has to agree: booster, trees, network."""

from dataclasses import dataclass

import numpy as np
import xgboost as xgb

from trainer.boosting import fit
from trainer.calibrate import Calibration, folded
from trainer.ensemble import Tree, trees_of
from trainer.onnx_export import to_onnx
from trainer.parity import Served
from trainer.spec import Spec


@dataclass(frozen=True)
class Learnt:
    booster: xgb.Booster
    base: np.float32
    # As the booster has them, and as they are served: with the calibration in them.
    plain: list[Tree]
    trees: list[Tree]
    calibration: Calibration
    network: bytes
    served: Served
    # Values of the reference applicant, one an input; NaN is missing.
    reference: np.ndarray
    # How often each input was missing among the rows learnt from.
    missing: np.ndarray


def learn(
    spec: Spec, rows: np.ndarray, bad: np.ndarray, params: dict, calibration: Calibration, metadata: dict[str, str]
) -> Learnt:
    booster, base = fit(rows, bad, params, [column.monotone for column in spec.INPUTS])
    plain = trees_of(booster, base)
    trees = folded(plain, calibration)
    network = to_onnx(trees, [column.name for column in spec.INPUTS], metadata)
    return Learnt(
        booster=booster,
        base=base,
        plain=plain,
        trees=trees,
        calibration=calibration,
        network=network,
        served=Served(network),
        reference=reference_applicant(rows[bad < 0.5]),
        missing=np.isnan(rows).sum(axis=0),
    )


def reference_applicant(good: np.ndarray) -> np.ndarray:
    """The median good one, input by input: what reasons are measured against. Missing where it is for most."""
    median = np.nanmedian(good.astype(np.float64), axis=0).astype(np.float32)
    return np.where(np.isnan(good).mean(axis=0) > 0.5, np.float32(np.nan), median)
