"""A model by the recipe of its role, as everything that has to agree: booster, trees, network."""

from dataclasses import dataclass

import numpy as np
import xgboost as xgb

from trainer.blend import scorecard_trees, weighed
from trainer.boosting import fit, margins
from trainer.calibrate import Calibration, folded
from trainer.ensemble import Tree, trees_of
from trainer.onnx_export import to_onnx
from trainer.parity import Served
from trainer.reference import reference_applicant
from trainer.scorecard import Scorecard, columns_of, fit_scorecard
from trainer.spec import Recipe, Spec


@dataclass(frozen=True)
class Learnt:
    booster: xgb.Booster
    base: np.float32
    # As the booster has them, and as they are served: with the calibration in them.
    plain: list[Tree]
    trees: list[Tree]
    calibration: Calibration
    # Averaged with the booster, where the recipe gives it a weight.
    scorecard: Scorecard | None
    recipe: Recipe
    # The least value of each input that may be scored: below it the trees of the scorecard know nothing.
    lows: np.ndarray
    network: bytes
    served: Served
    # Values of the reference applicant, one an input; NaN is missing.
    reference: np.ndarray
    # How often each input was missing among the rows learnt from.
    missing: np.ndarray

    def margin(self, rows: np.ndarray) -> np.ndarray:
        """What the trees must come to, from the booster and the scorecard themselves, in doubles."""
        margin = margins(self.booster, self.base, rows).astype(np.float64)
        if self.scorecard is not None and self.recipe.weight > 0:
            card = self.scorecard.margin(columns_of(self.scorecard, self.recipe.inputs, rows))
            margin = (1 - self.recipe.weight) * margin + self.recipe.weight * card
        return self.calibration.slope * margin + self.calibration.intercept


def learn(
    spec: Spec,
    rows: np.ndarray,
    bad: np.ndarray,
    recipe: Recipe,
    calibration: Calibration,
    lows: list[float],
    metadata: dict[str, str],
) -> Learnt:
    """`lows`: the least value of each input that may be scored."""
    booster, base = fit(rows, bad, recipe.params, [column.monotone for column in spec.INPUTS])
    plain = trees_of(booster, base)
    scorecard = None if recipe.penalty is None else fit_scorecard(spec.INPUTS, rows, bad, recipe.penalty)
    trees = plain
    if scorecard is not None and recipe.weight > 0:
        trees = weighed(plain, scorecard_trees(scorecard, spec.INPUTS, lows), scorecard.intercept, recipe.weight)
    trees = folded(trees, calibration)
    network = to_onnx(trees, [column.name for column in spec.INPUTS], metadata)
    return Learnt(
        booster=booster,
        base=base,
        plain=plain,
        trees=trees,
        calibration=calibration,
        scorecard=scorecard,
        recipe=recipe,
        lows=np.array(lows, np.float32),
        network=network,
        served=Served(network),
        reference=reference_applicant(rows[bad < 0.5]),
        missing=np.isnan(rows).sum(axis=0),
    )
