"""Trains a model from the table of `assay export` and writes its folder. See README.md."""

import argparse
import os
import re
from pathlib import Path

import numpy as np

from trainer import credit
from trainer.boosting import choose, fit, margins
from trainer.card import write_card
from trainer.ensemble import trees_of
from trainer.evaluate import fairness, lift, measure, own_fields
from trainer.folder import compact_json, write_model_folder
from trainer.golden import golden_rows
from trainer.metrics import calibration
from trainer.onnx_export import to_onnx
from trainer.parity import Served, check_parity
from trainer.table import Table, day_ms, load_table

MODELS = Path(__file__).resolve().parent.parent
# The cut-off that fairness is looked at: where baseline-1 stops approving (policies/baseline.json).
FAIRNESS_CUT = 0.26


def main() -> None:
    options = parse_options()
    table = load_table(options.table)
    train = np.flatnonzero(table.as_of < day_ms(credit.TEST_FROM))
    test = np.flatnonzero(table.as_of >= day_ms(credit.TEST_FROM))
    names = [column.name for column in credit.INPUTS]
    rows = table.matrix(names)
    folds = time_folds(table)

    print(f"{len(train)} applications before {credit.TEST_FROM} train, {len(test)} test")
    monotone = [column.monotone for column in credit.INPUTS]
    params, tried = choose(rows, table.bad, folds, credit.FIXED, credit.GRID, monotone)
    model, base = fit(rows[train], table.bad[train], params, monotone)
    own_pd, own_tried = fit_own_fields(table, credit.OWN_COLUMNS, train, folds)
    # What a term says about risk turned around in the middle of July: without the term they are a harder rival.
    termless_pd, _ = fit_own_fields(table, credit.OWN_COLUMNS_WITHOUT_TERM, train, folds)

    trees = trees_of(model, base)
    network = to_onnx(trees, names, {"model": f"{credit.NAME} {options.version}", "featureSet": table.feature_set})
    served = Served(network)
    ranges = [table.ranges[name] for name in names]
    reference = reference_applicant(rows[train], table.bad[train])
    golden = golden_rows(rows[train], trees, ranges, reference, credit.SEED)
    check_parity(model, base, trees, served, np.vstack([rows, golden]))
    check_within_ranges(rows, names, ranges)

    pd, _ = served.run(rows)
    found = {
        "test": measure(table.bad[test], pd[test], credit.SEED),
        "train": measure(table.bad[train], pd[train], credit.SEED),
        "ownFields": measure(table.bad[test], own_pd[test], credit.SEED),
        "lift": lift(table.bad[test], pd[test], own_pd[test], credit.SEED),
        "ownFieldsWithoutTerm": measure(table.bad[test], termless_pd[test], credit.SEED),
        "liftWithoutTerm": lift(table.bad[test], pd[test], termless_pd[test], credit.SEED),
    }
    training = {
        "trainBefore": credit.TEST_FROM,
        "firstAsOf": int(table.as_of[0]),
        "lastAsOf": int(table.as_of[-1]),
        "tableSha256": table.sha256,
        "featureSet": table.feature_set,
        "parameters": params,
        "monotone": {column.name: column.monotone for column in credit.INPUTS},
        "baseMargin": float(base),
        "metrics": found,
    }
    missing = np.isnan(rows[train]).sum(axis=0)
    manifest = {
        "name": credit.NAME,
        "version": options.version,
        "inputs": [
            {
                "name": column.name,
                "range": list(ranges[index]),
                "missing": "allowed" if missing[index] > 0 else "refused",
                "group": column.group,
                "reference": None if np.isnan(reference[index]) else float(reference[index]),
            }
            for index, column in enumerate(credit.INPUTS)
        ],
        "scoreScale": credit.SCORE_SCALE,
        "population": {"products": credit.PRODUCTS, "currencies": credit.CURRENCIES},
        "training": training,
    }
    files = {
        "model.onnx": network,
        "trees.json": compact_json({"trees": [tree.as_json() for tree in trees]}),
        "golden.json": compact_json(
            {
                "rows": [[None if np.isnan(value) else float(value) for value in row] for row in golden],
                "pd": [float(value) for value in served.run(golden)[0]],
            }
        ),
    }
    card = write_card(
        manifest=manifest,
        table=table,
        train=train,
        test=test,
        missing=missing,
        tried=tried,
        own_tried=own_tried,
        deciles=calibration(table.bad[test], pd[test]),
        groups=fairness(table, test, pd[test], FAIRNESS_CUT),
        cut=FAIRNESS_CUT,
        first_time=float(served.run(np.full((1, len(names)), np.nan, np.float32))[0][0]),
        size=len(network),
        trees=len(trees),
    )
    folder = options.out / credit.NAME / options.version
    write_model_folder(folder, manifest, files, card)
    print(f"{folder}: {len(network)} bytes, test {found['test']}, lift {found['lift']}")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="npm run train --")
    parser.add_argument("model", choices=[credit.NAME])
    parser.add_argument("--table", required=True, help="table.csv of assay export")
    parser.add_argument("--version", required=True, help="such as 1.0.0; a folder of that name is replaced")
    parser.add_argument("--out", default=str(MODELS), help="folder of the models")
    options = parser.parse_args()
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", options.version):
        parser.error("--version must look like 1.0.0")
    caller = Path(os.environ.get("ASSAY_CALLER_CWD", "."))
    options.table, options.out = caller / options.table, caller / options.out
    return options


def fit_own_fields(
    table: Table, columns: list[str], train: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, list[dict]]:
    """The rival: the same method and grid on what the application itself says. It is measured, never served."""
    own = own_fields(table, columns, credit.OWN_FACTS)
    params, tried = choose(own, table.bad, folds, credit.FIXED, credit.GRID, None)
    model, base = fit(own[train], table.bad[train], params, None)
    return 1 / (1 + np.exp(-margins(model, base, own).astype(np.float64))), tried


def time_folds(table: Table) -> list[tuple[np.ndarray, np.ndarray]]:
    return [
        (
            np.flatnonzero(table.as_of < day_ms(start)),
            np.flatnonzero((table.as_of >= day_ms(start)) & (table.as_of < day_ms(end))),
        )
        for start, end in credit.FOLDS
    ]


def reference_applicant(rows: np.ndarray, bad: np.ndarray) -> np.ndarray:
    """The median good applicant of the training part, input by input: what reasons are measured against."""
    return np.nanmedian(rows[bad < 0.5].astype(np.float64), axis=0).astype(np.float32)


def check_within_ranges(rows: np.ndarray, names: list[str], ranges: list[tuple[float, float]]) -> None:
    for index, (low, high) in enumerate(ranges):
        values = rows[:, index][~np.isnan(rows[:, index])]
        if len(values) and (values.min() < low or values.max() > high):
            raise SystemExit(f"{names[index]} leaves its range: {values.min()} to {values.max()}, not {low} to {high}")


if __name__ == "__main__":
    main()
