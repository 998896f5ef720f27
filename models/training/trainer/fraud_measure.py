"""How much of the simulated fraud is caught, and who is suspected wrongly. Measured against what the simulator did
(truth.ndjson), not against the noisy labels that were learnt from."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer import metrics

# Parts of the applications that somebody could look at.
FLAGGED = (0.01, 0.05)
RESAMPLES = 1000


@dataclass(frozen=True)
class Truth:
    """Row by row of the table, in its order: by time, then by id."""

    fraud: np.ndarray
    careful: np.ndarray
    persona: np.ndarray
    network: np.ndarray
    # Whole numbers: a gang is one, however often it applies.
    actor: np.ndarray

    def part(self, rows: np.ndarray) -> "Truth":
        return Truth(*(column[rows] for column in (self.fraud, self.careful, self.persona, self.network, self.actor)))


def load_truth(table: Path) -> Truth:
    """truth.ndjson of `npm run simulate`, which lies beside the table."""
    path = table.with_name("truth.ndjson")
    if not path.is_file():
        raise SystemExit(f"train: {path} is not there; npm run simulate writes it, beside which the table must lie")
    with path.open(encoding="utf8") as file:
        truths = {truth["applicationId"]: truth for truth in map(json.loads, file)}
    with table.open(newline="", encoding="utf8") as file:
        keys = sorted((int(row["asOf"]), row["applicationId"]) for row in csv.DictReader(file) if row["outcome"])
    told = [truths[application_id] for _, application_id in keys]
    return Truth(
        fraud=np.array([truth["isFraud"] for truth in told]),
        careful=np.array([truth["isCareful"] for truth in told]),
        persona=np.array([truth["persona"] for truth in told]),
        network=np.array([truth.get("network", "none") for truth in told]),
        actor=np.unique([truth["actor"] for truth in told], return_inverse=True)[1],
    )


def average_precision(bad: np.ndarray, score: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Area under precision and recall by steps; rows of one score come together, as one step."""
    _, rank = np.unique(-score, return_inverse=True)
    return _average_precision(*_per_level(rank, bad > 0.5, weights))


def actor_interval(of, truth: Truth, score: np.ndarray, seed: int) -> list[float]:
    """95 % percentile bootstrap over actors: the applications of a gang come and go together."""
    random = np.random.default_rng(seed)
    _, rank = np.unique(-score, return_inverse=True)
    _, actor = np.unique(truth.actor, return_inverse=True)
    count = int(actor.max()) + 1
    values = []
    for _ in range(RESAMPLES):
        drawn = np.bincount(random.integers(0, count, count), minlength=count)
        values.append(of(*_per_level(rank, truth.fraud, drawn[actor])))
    return [_rounded(float(end)) for end in np.quantile(values, [0.025, 0.975])]


def _per_level(rank: np.ndarray, bad: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Bads and goods at each score, the highest first."""
    weights = np.ones(len(rank)) if weights is None else weights
    return np.bincount(rank, weights=bad * weights), np.bincount(rank, weights=~bad * weights)


def _average_precision(bads: np.ndarray, goods: np.ndarray) -> float:
    found, flagged = np.cumsum(bads), np.cumsum(bads + goods)
    precision = np.divide(found, flagged, out=np.zeros_like(found), where=flagged > 0)
    return float(np.sum(bads * precision) / found[-1])


def _auc(bads: np.ndarray, goods: np.ndarray) -> float:
    above = np.cumsum(bads) - bads / 2
    return float(np.sum(goods * above) / (bads.sum() * goods.sum()))


def cut_of(score: np.ndarray, share: float) -> float:
    """The lowest score of the highest `share` of the rows."""
    return float(np.sort(score)[::-1][max(0, int(len(score) * share) - 1)])


def measure_fraud(truth: Truth, labels: np.ndarray, score: np.ndarray, cuts: dict[float, float], seed: int) -> dict:
    """`cuts`: thresholds that were fixed on the training part, by the share that they flagged there."""
    fraud = truth.fraud.astype(np.float32)
    return {
        "rows": len(score),
        "frauds": int(fraud.sum()),
        "fraudActors": len(np.unique(truth.actor[truth.fraud])),
        "auc": _rounded(metrics.auc(fraud, score)),
        "aucInterval": actor_interval(_auc, truth, score, seed),
        "aucOfLabels": _rounded(metrics.auc(labels, score)),
        "prAuc": _rounded(average_precision(fraud, score)),
        "prAucInterval": actor_interval(_average_precision, truth, score, seed),
        "top": [_flagged(truth, score, share, cut_of(score, share)) for share in FLAGGED],
        "atTrainingCuts": [_flagged(truth, score, share, cut) for share, cut in cuts.items()],
    }


def _flagged(truth: Truth, score: np.ndarray, share: float, cut: float) -> dict:
    """Recall by kind of fraud, false positives by kind of honest people; none of a kind is null."""
    flagged = score >= np.float32(cut)
    recall = {"all": truth.fraud, "careful": truth.fraud & truth.careful}
    recall |= {str(name): truth.fraud & (truth.persona == name) for name in np.unique(truth.persona[truth.fraud])}
    honest = ~truth.fraud
    wrong = {"all": honest}
    wrong |= {str(name): honest & (truth.persona == name) for name in np.unique(truth.persona[honest])}
    wrong |= {"on a carrier’s shared address": honest & (truth.network == "carrier")}
    return {
        "share": share,
        "threshold": round(cut, 6),
        "flagged": _share(flagged, np.ones(len(score), bool)),
        "precision": _share(truth.fraud, flagged),
        "recall": {name: _share(flagged, rows) for name, rows in recall.items()},
        "falsePositives": {name: _share(flagged, rows) for name, rows in wrong.items()},
    }


def _share(of: np.ndarray, rows: np.ndarray) -> float | None:
    return _rounded(float(of[rows].mean())) if rows.any() else None


def _rounded(value: float) -> float:
    return round(value, 4)
