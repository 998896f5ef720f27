"""From a table to a folder, for every role: choose, calibrate, fit, prove, measure, write."""

import argparse
from dataclasses import dataclass

import numpy as np

from trainer.blend import blended_out_of_fold, choose_weight
from trainer.boosting import choose
from trainer.calibrate import Calibration, choose_calibration
from trainer.drift import drift_reference
from trainer.folder import compact_json, write_model_folder
from trainer.golden import golden_rows
from trainer.learn import Learnt, learn
from trainer.parity import check_parity
from trainer.proofs import check_additivity, check_directions
from trainer.scorecard import choose_penalty
from trainer.spec import Recipe, Report, Role, Spec, Split
from trainer.suite import policy_cuts, suite_rows
from trainer.table import Table, load_table


@dataclass(frozen=True)
class Run:
    """What a role measures and tells about. `measured` never saw the test part; `shipped` is what the folder gets."""

    spec: Spec
    options: argparse.Namespace
    table: Table
    split: Split
    rows: np.ndarray
    recipe: Recipe
    # Every point tried in validation: of the grid, of the scorecard's penalty and of its weight.
    tried: list[dict]
    penalties: list[dict]
    weights: list[dict]
    calibrated: dict | None
    measured: Learnt
    shipped: Learnt
    # Of `measured`, on every row of the table.
    pd: np.ndarray


def train_role(role: Role, options: argparse.Namespace) -> None:
    spec = role.SPEC
    run = _train(spec, options)
    shipped, table, names = run.shipped, run.table, [column.name for column in spec.INPUTS]
    learnt_from = np.arange(len(table.bad)) if spec.REFIT else run.split.train
    ranges = [table.ranges[name] for name in names]
    golden = golden_rows(run.rows[learnt_from], shipped.trees, ranges, shipped.reference, spec.SEED)
    for learnt in (run.measured, shipped) if spec.REFIT else (shipped,):
        made = suite_rows(learnt, ranges, spec.SEED)
        check_parity(learnt, np.vstack([run.rows[:: spec.PARITY_EVERY], golden, made]), policy_cuts())
        check_directions(learnt.trees, spec.INPUTS, ranges, spec.SEED)
        check_additivity(learnt.trees, learnt.reference, made)
    check_within_ranges(run.rows, names, ranges)

    report = role.report(run)
    manifest = _manifest(run, report, ranges, learnt_from)
    files = {
        "model.onnx": shipped.network,
        "trees.json": compact_json({"trees": [tree.as_json() for tree in shipped.trees]}),
        "golden.json": compact_json(
            {
                "rows": [[or_null(value) for value in row] for row in golden],
                "pd": [float(value) for value in shipped.served.run(golden)[0]],
            }
        ),
        **report.files,
    }
    folder = options.out / spec.NAME / options.version
    write_model_folder(folder, manifest, files, report.card(manifest))
    told = {name: of["auc"] for name, of in report.metrics.items() if "auc" in of}
    print(f"{folder}{f' ({spec.NOTICE})' if spec.NOTICE else ''}: {len(shipped.network)} bytes, AUC {told}")


def _train(spec: Spec, options: argparse.Namespace) -> Run:
    table = load_table(options.table)
    split = spec.split(table)
    rows = table.matrix([column.name for column in spec.INPUTS])
    print(f"{spec.NAME}: {len(split.train)} rows train, {len(split.test)} test")
    recipe, tried, penalties, weights = _choose(spec, rows, table.bad, split)
    metadata = {"model": f"{spec.NAME} {options.version}", "featureSet": table.feature_set}
    metadata |= {"notice": spec.NOTICE} if spec.NOTICE else {}
    lows = [table.ranges[column.name][0] for column in spec.INPUTS]

    def by_recipe(learn_from: np.ndarray, folds: list) -> tuple[Learnt, dict | None]:
        calibration, found = Calibration(), None
        if spec.CALIBRATE:
            margins = blended_out_of_fold(spec.INPUTS, rows, table.bad, folds, recipe.params, recipe.penalty, recipe.weight)
            calibration, found = choose_calibration(table.bad, margins, [validate for _, validate in folds])
        return learn(spec, rows[learn_from], table.bad[learn_from], recipe, calibration, lows, metadata), found

    measured, calibrated = by_recipe(split.train, split.folds)
    shipped = measured
    if spec.REFIT:
        # The test part is one more fold: the model that was measured on it had not seen it.
        shipped, _ = by_recipe(np.arange(len(rows)), [*split.folds, (split.train, split.test)])
    pd = measured.served.run(rows)[0]
    return Run(spec, options, table, split, rows, recipe, tried, penalties, weights, calibrated, measured, shipped, pd)


def _choose(spec: Spec, rows: np.ndarray, bad: np.ndarray, split: Split) -> tuple[Recipe, list[dict], list[dict], list[dict]]:
    monotone = [column.monotone for column in spec.INPUTS]
    params, tried = choose(rows, bad, split.folds, spec.FIXED, spec.GRID, monotone, spec.CRITERION)
    if spec.SCORECARD_WEIGHTS is None:
        return Recipe(spec.INPUTS, params, None, 0.0), tried, [], []
    penalty, penalties = choose_penalty(spec.INPUTS, rows, bad, split.folds)
    weight, weights = choose_weight(spec.INPUTS, rows, bad, split.folds, params, penalty, spec.SCORECARD_WEIGHTS)
    return Recipe(spec.INPUTS, params, penalty, weight), tried, penalties, weights


def _manifest(run: Run, report: Report, ranges: list[tuple[float, float]], learnt_from: np.ndarray) -> dict:
    spec, table, shipped = run.spec, run.table, run.shipped
    rows = run.rows[learnt_from]
    names = [column.name for column in spec.INPUTS]
    return {
        "name": spec.NAME,
        "version": run.options.version,
        "inputs": [
            {
                "name": column.name,
                "range": list(ranges[index]),
                "missing": "allowed" if shipped.missing[index] > 0 else "refused",
                "group": column.group,
                "reference": or_null(shipped.reference[index]),
            }
            for index, column in enumerate(spec.INPUTS)
        ],
        "scoreScale": spec.SCORE_SCALE,
        "population": {"products": spec.PRODUCTS, "currencies": spec.CURRENCIES},
        "calibration": shipped.calibration.as_json(),
        "notice": spec.NOTICE,
        "drift": drift_reference(names, rows, shipped.served.run(rows)[0]),
        "training": {
            **spec.WINDOW,
            "firstAsOf": int(table.as_of[0]),
            "lastAsOf": int(table.as_of[-1]),
            "tableSha256": table.sha256,
            **report.fingerprints,
            "featureSet": table.feature_set,
            "parameters": run.recipe.params,
            **({} if run.recipe.penalty is None else {"scorecardPenalty": run.recipe.penalty, "scorecardWeight": run.recipe.weight}),
            "monotone": {column.name: column.monotone for column in spec.INPUTS},
            "baseMargin": float(shipped.base),
            "metrics": report.metrics,
        },
        "approvals": [],
    }


def or_null(value: np.float32) -> float | None:
    return None if np.isnan(value) else float(value)


def check_within_ranges(rows: np.ndarray, names: list[str], ranges: list[tuple[float, float]]) -> None:
    for index, (low, high) in enumerate(ranges):
        values = rows[:, index][~np.isnan(rows[:, index])]
        if len(values) and (values.min() < low or values.max() > high):
            raise SystemExit(f"{names[index]} leaves its range: {values.min()} to {values.max()}, not {low} to {high}")
