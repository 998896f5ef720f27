"""Out-of-time evaluation: looked at once, after every choice was made."""

import numpy as np

from trainer import metrics
from trainer.credit import FAIRNESS_FACTS
from trainer.table import Table

FAIRNESS_MIN_ROWS = 30
AGE_BANDS = [(0, 25), (25, 30), (30, 35), (35, 40), (40, 200)]


def measure(bad: np.ndarray, pd: np.ndarray, seed: int) -> dict:
    measured = {"rows": len(bad), "bads": int(bad.sum())}
    for name, of in (("auc", metrics.auc), ("ks", metrics.ks), ("brier", metrics.brier)):
        measured[name] = _rounded(of(bad, pd))
        measured[f"{name}Interval"] = [_rounded(end) for end in metrics.interval(of, bad, pd, seed=seed)]
    measured["gini"] = _rounded(2 * metrics.auc(bad, pd) - 1)
    return measured


def lift(bad: np.ndarray, full: np.ndarray, own: np.ndarray, seed: int) -> dict:
    def difference(bad: np.ndarray, full: np.ndarray, own: np.ndarray) -> float:
        return metrics.auc(bad, full) - metrics.auc(bad, own)

    ends = metrics.interval(difference, bad, full, own, seed=seed)
    return {"auc": _rounded(difference(bad, full, own)), "aucInterval": [_rounded(end) for end in ends]}


def fairness(table: Table, rows: np.ndarray, pd: np.ndarray, cut: float) -> list[dict]:
    """Share below the cut-off per group, beside the group with the most rows, and the AUC within the group. A group
    that is too small says so instead of showing noise."""
    found = []
    for fact in FAIRNESS_FACTS:
        groups = np.array(_groups(table, fact))[rows]
        names, counts = np.unique(groups, return_counts=True)
        biggest = names[np.where(names == "not known", 0, counts).argmax()]
        base = float((pd[groups == biggest] < cut).mean())
        for name in sorted(names, key=str):
            member = groups == name
            entry = {"fact": fact, "group": str(name), "rows": int(member.sum())}
            if entry["rows"] >= FAIRNESS_MIN_ROWS:
                share = float((pd[member] < cut).mean())
                entry |= {"below": share, "ratio": share / base, "auc": metrics.auc(table.bad[rows][member], pd[member])}
                entry["badRate"] = float(table.bad[rows][member].mean(dtype=np.float64))
            found.append(entry)
    return found


def _groups(table: Table, fact: str) -> list[str]:
    if fact != "age band":
        return [word or "not known" for word in table.facts[fact]]
    ages = table.columns["application.age_years"]
    return [
        "not known" if np.isnan(age) else next(f"{low}-{high - 1}" for low, high in AGE_BANDS if low <= age < high)
        for age in ages
    ]


def own_fields(table: Table, columns: list[str], facts: list[str]) -> np.ndarray:
    """The application's own fields: numbers as they are, one column for each word of a fact, missing stays missing."""
    parts = [table.matrix(columns)]
    for fact in facts:
        words = np.array(table.facts[fact])
        for word in sorted(set(words) - {""}):
            parts.append(np.where(words == "", np.nan, words == word).astype(np.float32)[:, None])
    return np.hstack(parts).astype(np.float32)


def _rounded(value: float) -> float:
    return round(value, 4)
