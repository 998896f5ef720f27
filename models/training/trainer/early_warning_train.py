"""Trains the early-warning model: the steps of train.py with a split by client and facts for fairness from the data file.

    cd models/training && .venv/bin/python -m trainer.early_warning_train --table T --facts CLIENTS.csv.gz --version 1.0.0
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from trainer import early_warning as spec
from trainer.boosting import choose, fit
from trainer.early_warning_card import write_card
from trainer.ensemble import trees_of
from trainer.evaluate import measure
from trainer.folder import compact_json, write_model_folder
from trainer.golden import golden_rows
from trainer.metrics import calibration
from trainer.onnx_export import to_onnx
from trainer.parity import Served, check_parity
from trainer.table import load_table

MODELS = Path(__file__).resolve().parents[2]
NAMES = [column.name for column in spec.INPUTS]
DECILES = np.arange(1, 10) / 10


def main() -> None:
    options = parse_options()
    table = load_table(options.table)
    ids = application_ids(options.table)
    part = spec.parts(ids)
    train, test = np.flatnonzero(part != spec.HELD_BACK), np.flatnonzero(part == spec.HELD_BACK)
    rows, ranges = table.matrix(NAMES), [table.ranges[name] for name in NAMES]
    monotone = [column.monotone for column in spec.INPUTS]

    params, tried = choose(rows, table.bad, spec.folds(ids), spec.FIXED, spec.GRID, monotone)
    model, base = fit(rows[train], table.bad[train], params, monotone)
    trees = trees_of(model, base)
    network = to_onnx(trees, NAMES, {"model": f"{spec.NAME} {options.version}", "featureSet": table.feature_set})
    served = Served(network)
    goods = rows[train][table.bad[train] < 0.5]
    reference = np.nanmedian(goods.astype(np.float64), axis=0).astype(np.float32)
    golden = golden_rows(rows[train], trees, ranges, reference, spec.SEED)
    check_parity(model, base, trees, served, np.vstack([rows, golden]))

    pd, _ = served.run(rows)
    missing = [int(count) for count in np.isnan(rows[train]).sum(axis=0)]
    training = {
        "heldBack": f"part {spec.HELD_BACK} of {spec.PARTS} by the sha256 of the application’s id",
        "firstAsOf": int(table.as_of[0]),
        "lastAsOf": int(table.as_of[-1]),
        "tableSha256": table.sha256,
        "featureSet": table.feature_set,
        "parameters": params,
        "monotone": dict(zip(NAMES, monotone, strict=True)),
        "baseMargin": float(base),
        "metrics": {
            "test": measure(table.bad[test], pd[test], spec.SEED),
            "train": measure(table.bad[train], pd[train], spec.SEED),
        },
    }
    manifest = {
        "name": spec.NAME,
        "version": options.version,
        "inputs": inputs_of(ranges, missing, reference),
        "scoreScale": spec.SCORE_SCALE,
        "population": {"products": spec.PRODUCTS, "currencies": spec.CURRENCIES},
        "calibration": {"method": "none", "slope": 1.0, "intercept": 0.0},
        "notice": spec.NOTICE,
        "drift": drift_of(rows[train], pd[train]),
        "training": training,
        "approvals": [],
    }
    files = {
        "model.onnx": network,
        "trees.json": compact_json({"trees": [tree.as_json() for tree in trees]}),
        "golden.json": compact_json(golden_of(golden, served)),
    }
    facts = spec.read_facts(options.facts, ids)
    held_back = {fact: [words[row] for row in test] for fact, words in facts.items()}
    groups = spec.fairness(held_back, table.bad[test], pd[test])
    card = write_card(manifest, missing, tried, calibration(table.bad[test], pd[test]), groups)
    write_model_folder(options.out / spec.NAME / options.version, manifest, files, card)
    print(f"{spec.NAME} {options.version}: {len(network)} bytes, held back {training['metrics']['test']}")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trainer.early_warning_train")
    parser.add_argument("--table", required=True, type=Path, help="table.csv of assay export")
    parser.add_argument("--facts", required=True, type=Path, help="clients.csv.gz: sex and age, for fairness alone")
    parser.add_argument("--version", required=True, help="such as 1.0.0; a folder of that name is replaced")
    parser.add_argument("--out", default=MODELS, type=Path, help="folder of the models")
    return parser.parse_args()


def application_ids(path: Path) -> list[str]:
    """In the order of `load_table`."""
    with path.open(newline="", encoding="utf8") as file:
        keys = sorted((int(row["asOf"]), row["applicationId"]) for row in csv.DictReader(file) if row["outcome"])
    return [application_id for _, application_id in keys]


def inputs_of(ranges: list[tuple[float, float]], missing: list[int], reference: np.ndarray) -> list[dict]:
    return [
        {
            "name": column.name,
            "range": list(ranges[index]),
            "missing": "allowed" if missing[index] > 0 else "refused",
            "group": column.group,
            "reference": None if np.isnan(reference[index]) else float(reference[index]),
        }
        for index, column in enumerate(spec.INPUTS)
    ]


def golden_of(golden: np.ndarray, served: Served) -> dict:
    return {
        "rows": [[None if np.isnan(value) else float(value) for value in row] for row in golden],
        "pd": [float(value) for value in served.run(golden)[0]],
    }


def drift_of(rows: np.ndarray, pd: np.ndarray) -> dict:
    missing = np.isnan(rows).mean(axis=0)
    return {
        "rows": len(rows),
        "score": _bins(pd),
        "inputs": [
            {"name": name, **_bins(rows[:, index]), "missing": float(missing[index])} for index, name in enumerate(NAMES)
        ],
    }


def _bins(values: np.ndarray) -> dict:
    """Deciles, equal ones merged; a value lies in the bin of the edges that it reaches."""
    known = values[~np.isnan(values)].astype(np.float64)
    edges = np.unique(np.quantile(known, DECILES))
    counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    return {"edges": [float(edge) for edge in edges], "shares": [float(count / len(known)) for count in counts]}


if __name__ == "__main__":
    main()
