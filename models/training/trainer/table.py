"""The training table of `assay export`, read without loss: a double is what it was, a model input is its float32."""

import csv
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Table:
    """Rows with a known outcome, in order of time."""

    ids: list[str]
    as_of: np.ndarray
    bad: np.ndarray
    columns: dict[str, np.ndarray]
    facts: dict[str, list[str]]
    ranges: dict[str, tuple[float, float]]
    feature_set: str
    sha256: str

    def matrix(self, names: list[str]) -> np.ndarray:
        return np.column_stack([self.columns[name] for name in names]).astype(np.float32)


def load_table(path: Path) -> Table:
    stem = path.with_suffix("")
    for needed in (path, Path(f"{stem}.features.json"), Path(f"{stem}.facts.csv")):
        if not needed.is_file():
            raise SystemExit(f"train: {needed} is not there; assay export writes it")
    catalogue = json.loads(Path(f"{stem}.features.json").read_text("utf8"))
    ranges = {feature["name"]: tuple(feature["range"]) for feature in catalogue["features"]}
    with path.open(newline="", encoding="utf8") as file:
        rows = [row for row in csv.DictReader(file) if row["outcome"]]
    if not rows:
        raise SystemExit(f"{path}: no row has an outcome to learn from")
    order = sorted(range(len(rows)), key=lambda row: (int(rows[row]["asOf"]), rows[row]["applicationId"]))
    rows = [rows[index] for index in order]
    with Path(f"{stem}.facts.csv").open(newline="", encoding="utf8") as file:
        facts = {row["applicationId"]: row for row in csv.DictReader(file)}
    fact_names = [name for name in next(iter(facts.values())) if name != "applicationId"]
    return Table(
        ids=[row["applicationId"] for row in rows],
        as_of=np.array([int(row["asOf"]) for row in rows]),
        bad=np.array([row["outcome"] == "bad" for row in rows], dtype=np.float32),
        columns={name: np.array([_number(row[name]) for row in rows]) for name in ranges},
        facts={name: [facts[row["applicationId"]][name] for row in rows] for name in fact_names},
        ranges=ranges,
        feature_set=catalogue["featureSet"],
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _number(cell: str) -> float:
    return float(cell) if cell else float("nan")


def day_ms(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=timezone.utc).timestamp() * 1000)
