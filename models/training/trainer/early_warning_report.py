"""How the early-warning model is measured and told."""

import argparse

from trainer import early_warning as SPEC
from trainer.early_warning_card import write_card
from trainer.evaluate import measure
from trainer.metrics import calibration
from trainer.options import caller_path
from trainer.pipeline import Run
from trainer.spec import Report


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--facts", required=True, type=caller_path, help="clients.csv.gz: sex and age, for fairness alone")


def report(run: Run) -> Report:
    table, train, test = run.table, run.split.train, run.split.test
    metrics = {
        "test": measure(table.bad[test], run.pd[test], SPEC.SEED),
        "train": measure(table.bad[train], run.pd[train], SPEC.SEED),
    }
    facts = SPEC.read_facts(run.options.facts, table.ids)
    held_back = {fact: [words[row] for row in test] for fact, words in facts.items()}
    groups = SPEC.fairness(held_back, table.bad[test], run.pd[test])
    deciles = calibration(table.bad[test], run.pd[test])
    missing = run.shipped.missing.tolist()
    return Report(metrics, lambda manifest: write_card(manifest, missing, run.tried, deciles, groups))
