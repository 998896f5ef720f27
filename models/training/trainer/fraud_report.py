"""How the fraud model is measured and told: against what was simulated, in its own world and in another one."""

import argparse
import json
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from trainer import fraud as SPEC
from trainer.fraud_card import write_card
from trainer.fraud_measure import FLAGGED, cut_of, load_truth, measure_fraud
from trainer.metrics import calibration
from trainer.options import caller_path
from trainer.pipeline import Run
from trainer.spec import Report
from trainer.table import load_table

DAY_MS = 86_400_000
WARM_UP_DAYS = 14


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shifted", required=True, type=caller_path, help="table of another seed and scenario, to measure on")


def report(run: Run) -> Report:
    """truth.ndjson and summary.json of `npm run simulate` lie beside each table."""
    table, train, test = run.table, run.split.train, run.split.test
    shifted = load_table(run.options.shifted)
    if shifted.feature_set != table.feature_set:
        raise SystemExit("train: the two tables were exported with different catalogues")
    warm = np.flatnonzero(shifted.as_of >= shifted.as_of[0] + WARM_UP_DAYS * DAY_MS)
    shifted_pd = run.measured.served.run(shifted.matrix([column.name for column in SPEC.INPUTS]))[0]
    truth, shifted_truth = load_truth(run.options.table), load_truth(run.options.shifted)
    cuts = {share: cut_of(run.pd[train], share) for share in FLAGGED}
    metrics = {
        "train": measure_fraud(truth.part(train), table.bad[train], run.pd[train], cuts, SPEC.SEED),
        "test": measure_fraud(truth.part(test), table.bad[test], run.pd[test], cuts, SPEC.SEED),
        "shifted": measure_fraud(shifted_truth.part(warm), shifted.bad[warm], shifted_pd[warm], cuts, SPEC.SEED),
    }
    simulated = {"train": _simulated(run.options.table), "shifted": _simulated(run.options.shifted)}
    deciles = calibration(table.bad[test], run.pd[test])
    missing = run.shipped.missing.tolist()
    return Report(
        metrics,
        lambda manifest: write_card(manifest, missing, run.tried, deciles, simulated),
        {"shiftedTableSha256": shifted.sha256},
    )


def _simulated(table_file: Path) -> dict:
    """How the simulator was called, from its summary."""
    options = json.loads(table_file.with_name("summary.json").read_text("utf8"))["options"]
    start = datetime.fromtimestamp(options["startMs"] / 1000, timezone.utc).date().isoformat()
    return {**options, "start": start}
