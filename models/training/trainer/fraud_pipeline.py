"""Trains the fraud model from two tables of the simulator and writes its folder.

    cd models/training && .venv/bin/python -m trainer.fraud_pipeline --table T --shifted S --version 1.0.0

train.sh makes the environment.
"""

import argparse
import json
import re
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from trainer import fraud as spec
from trainer.boosting import choose, fit
from trainer.ensemble import trees_of
from trainer.folder import compact_json, write_model_folder
from trainer.fraud_card import write_card
from trainer.fraud_measure import FLAGGED, cut_of, load_truth, measure_fraud
from trainer.golden import golden_rows
from trainer.metrics import calibration
from trainer.onnx_export import to_onnx
from trainer.parity import Served, check_parity
from trainer.table import Table, day_ms, load_table

MODELS = Path(__file__).resolve().parents[2]
DAY_MS = 86_400_000
WARM_UP_DAYS = 14
# The slow proof in Python would take minutes on all rows.
PARITY_EVERY = 40


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m trainer.fraud_pipeline")
    parser.add_argument("--table", type=Path, required=True, help="table.csv of assay export, to train on")
    parser.add_argument("--shifted", type=Path, required=True, help="another, of another seed and scenario, to measure on")
    parser.add_argument("--version", required=True, help="such as 1.0.0; a folder of that name is replaced")
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the models")
    options = parser.parse_args()
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", options.version):
        parser.error("--version must look like 1.0.0")
    train_fraud(options.table, options.shifted, options.version, options.out)


def train_fraud(table_file: Path, shifted_file: Path, version: str, out: Path) -> None:
    """`shifted_file`: a table of another seed and scenario, only to measure on. truth.ndjson and summary.json lie beside each."""
    table, shifted = load_table(table_file), load_table(shifted_file)
    if shifted.feature_set != table.feature_set:
        raise SystemExit("train: the two tables were exported with different catalogues")
    inside = table.as_of >= day_ms(spec.TRAIN_FROM)
    train = np.flatnonzero(inside & (table.as_of < day_ms(spec.TEST_FROM)))
    test = np.flatnonzero(table.as_of >= day_ms(spec.TEST_FROM))
    warm = np.flatnonzero(shifted.as_of >= shifted.as_of[0] + WARM_UP_DAYS * DAY_MS)
    names = [column.name for column in spec.INPUTS]
    monotone = [column.monotone for column in spec.INPUTS]
    rows = table.matrix(names)
    print(f"{len(train)} simulated applications train, {len(test)} test later, {len(warm)} in another world")

    params, tried = choose(rows, table.bad, _folds(table, inside), spec.FIXED, spec.GRID, monotone)
    model, base = fit(rows[train], table.bad[train], params, monotone)
    trees = trees_of(model, base)
    about = {"model": f"{spec.NAME} {version}", "featureSet": table.feature_set, "notice": spec.NOTICE}
    network = to_onnx(trees, names, about)
    served = Served(network)
    ranges = [table.ranges[name] for name in names]
    reference = _reference_applicant(rows[train][table.bad[train] < 0.5])
    golden = golden_rows(rows[train], trees, ranges, reference, spec.SEED)
    check_parity(model, base, trees, served, np.vstack([rows[::PARITY_EVERY], golden]))

    pd, shifted_pd = served.run(rows)[0], served.run(shifted.matrix(names))[0]
    truth, shifted_truth = load_truth(table_file), load_truth(shifted_file)
    cuts = {share: cut_of(pd[train], share) for share in FLAGGED}
    found = {
        "train": measure_fraud(truth.part(train), table.bad[train], pd[train], cuts, spec.SEED),
        "test": measure_fraud(truth.part(test), table.bad[test], pd[test], cuts, spec.SEED),
        "shifted": measure_fraud(shifted_truth.part(warm), shifted.bad[warm], shifted_pd[warm], cuts, spec.SEED),
    }
    missing = np.isnan(rows[train]).sum(axis=0)
    manifest = {
        "name": spec.NAME,
        "version": version,
        "inputs": [
            {
                "name": column.name,
                "range": list(ranges[index]),
                "missing": "allowed" if missing[index] > 0 else "refused",
                "group": column.group,
                "reference": _or_null(reference[index]),
            }
            for index, column in enumerate(spec.INPUTS)
        ],
        "scoreScale": spec.SCORE_SCALE,
        "population": {"products": spec.PRODUCTS, "currencies": spec.CURRENCIES},
        "calibration": {"method": "none", "slope": 1.0, "intercept": 0.0},
        "notice": spec.NOTICE,
        "drift": {
            "rows": len(train),
            "score": _bins(pd[train]),
            "inputs": [
                {"name": name, **_bins(rows[train][:, index]), "missing": float(missing[index] / len(train))}
                for index, name in enumerate(names)
            ],
        },
        "training": {
            "trainFrom": spec.TRAIN_FROM,
            "trainBefore": spec.TEST_FROM,
            "firstAsOf": int(table.as_of[0]),
            "lastAsOf": int(table.as_of[-1]),
            "tableSha256": table.sha256,
            "shiftedTableSha256": shifted.sha256,
            "featureSet": table.feature_set,
            "parameters": params,
            "monotone": dict(zip(names, monotone, strict=True)),
            "baseMargin": float(base),
            "metrics": found,
        },
        "approvals": [],
    }
    files = {
        "model.onnx": network,
        "trees.json": compact_json({"trees": [tree.as_json() for tree in trees]}),
        "golden.json": compact_json(
            {
                "rows": [[_or_null(value) for value in row] for row in golden],
                "pd": [float(value) for value in served.run(golden)[0]],
            }
        ),
    }
    simulated = {"train": _simulated(table_file), "shifted": _simulated(shifted_file)}
    card = write_card(manifest, missing.tolist(), tried, calibration(table.bad[test], pd[test]), simulated)
    folder = out / spec.NAME / version
    write_model_folder(folder, manifest, files, card)
    told = {name: (of["auc"], of["prAuc"]) for name, of in found.items()}
    print(f"{folder} ({spec.NOTICE}): {len(network)} bytes, AUC and PR-AUC {told}")


def _folds(table: Table, inside: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return [
        (
            np.flatnonzero(inside & (table.as_of < day_ms(start))),
            np.flatnonzero((table.as_of >= day_ms(start)) & (table.as_of < day_ms(end))),
        )
        for start, end in spec.FOLDS
    ]


def _reference_applicant(good: np.ndarray) -> np.ndarray:
    """The median good applicant, input by input; missing where it is for most (nearly nobody edits a profile)."""
    median = np.nanmedian(good.astype(np.float64), axis=0).astype(np.float32)
    return np.where(np.isnan(good).mean(axis=0) > 0.5, np.float32(np.nan), median)


def _bins(values: np.ndarray) -> dict:
    """Deciles with equal edges merged; a value lies in the bin of the number of edges that it reaches."""
    told = values[~np.isnan(values)].astype(np.float64)
    edges = np.unique(np.quantile(told, np.arange(1, 10) / 10))
    counts = np.bincount(np.searchsorted(edges, told, side="right"), minlength=len(edges) + 1)
    return {"edges": [float(edge) for edge in edges], "shares": [float(count / len(told)) for count in counts]}


def _simulated(table_file: Path) -> dict:
    """How the simulator was called, from its summary."""
    options = json.loads(table_file.with_name("summary.json").read_text("utf8"))["options"]
    start = datetime.fromtimestamp(options["startMs"] / 1000, timezone.utc).date().isoformat()
    return {**options, "start": start}


def _or_null(value: np.float32) -> float | None:
    return None if np.isnan(value) else float(value)


if __name__ == "__main__":
    main()
