"""Trains a model from the table of `assay export` and writes its folder. See README.md."""

import argparse
import re
from pathlib import Path

from trainer import credit_report, early_warning_report, fraud_report
from trainer.options import caller_path
from trainer.pipeline import train_role

MODELS = Path(__file__).resolve().parent.parent
ROLES = {role.SPEC.NAME: role for role in (credit_report, early_warning_report, fraud_report)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="npm run train --")
    roles = parser.add_subparsers(dest="role", required=True)
    for name, role in ROLES.items():
        options = roles.add_parser(name)
        options.add_argument("--table", required=True, type=caller_path, help="table.csv of assay export")
        options.add_argument("--version", required=True, type=version, help="such as 1.0.0; a folder of that name is replaced")
        options.add_argument("--out", default=MODELS, type=caller_path, help="folder of the models")
        role.add_options(options)
    chosen = parser.parse_args()
    train_role(ROLES[chosen.role], chosen)


def version(word: str) -> str:
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", word):
        raise argparse.ArgumentTypeError("must look like 1.0.0")
    return word


if __name__ == "__main__":
    main()
