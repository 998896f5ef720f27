"""How good a model is on rows that it had not seen: looked at once, after every choice was made."""

import numpy as np

from trainer import metrics
from trainer.table import Table


def measure(bad: np.ndarray, pd: np.ndarray, seed: int) -> dict:
    measured = {"rows": len(bad), "bads": int(bad.sum())}
    for name, of in (("auc", metrics.auc), ("ks", metrics.ks), ("brier", metrics.brier)):
        measured[name] = _rounded(of(bad, pd))
        measured[f"{name}Interval"] = _ends(metrics.interval(of, bad, pd, seed=seed))
    measured["gini"] = _rounded(2 * metrics.auc(bad, pd) - 1)
    return measured


def lift(bad: np.ndarray, full: np.ndarray, rival: np.ndarray, seed: int) -> dict:
    """How much more AUC than a rival, on the same resampled rows."""

    def difference(bad: np.ndarray, full: np.ndarray, rival: np.ndarray) -> float:
        return metrics.auc(bad, full) - metrics.auc(bad, rival)

    ends = metrics.interval(difference, bad, full, rival, seed=seed)
    return {"auc": _rounded(difference(bad, full, rival)), "aucInterval": _ends(ends)}


def at_cuts(bad: np.ndarray, pd: np.ndarray, cuts: list[float], seed: int) -> list[dict]:
    """At each cut-off of the policy: who lies at or above it, how much worse they are than all, how many bads they hold."""
    found = []
    for cut in cuts:
        entry = {"cut": cut}
        for name, of in _AT_CUT.items():
            entry[name] = _rounded(of(bad, pd, cut))
            measured = metrics.interval(lambda b, p, of=of, cut=cut: of(b, p, cut), bad, pd, seed=seed)
            entry[f"{name}Interval"] = _ends(measured)
        found.append(entry)
    return found


def _bad_rate_above(bad: np.ndarray, pd: np.ndarray, cut: float) -> float:
    return _share(bad, pd >= cut)


_AT_CUT = {
    "share": lambda bad, pd, cut: float((pd >= cut).mean()),
    "badRateAbove": _bad_rate_above,
    "badRateBelow": lambda bad, pd, cut: _share(bad, pd < cut),
    "lift": lambda bad, pd, cut: _bad_rate_above(bad, pd, cut) / float(bad.mean(dtype=np.float64)),
    "capture": lambda bad, pd, cut: float((pd[bad > 0.5] >= cut).mean()),
}


def _share(bad: np.ndarray, of: np.ndarray) -> float:
    return float(bad[of].mean(dtype=np.float64)) if of.any() else 0.0


def reliability(bad: np.ndarray, pd: np.ndarray, seed: int) -> list[dict]:
    """Tenths by rising probability: what was told, what was seen, and how sure that is."""
    random = np.random.default_rng(seed)
    found = []
    for part in np.array_split(np.argsort(pd, kind="stable"), 10):
        drawn = random.integers(0, len(part), (metrics.RESAMPLES, len(part)))
        low, high = np.quantile(bad[part][drawn].mean(axis=1, dtype=np.float64), [0.025, 0.975])
        told, seen = (float(of[part].mean(dtype=np.float64)) for of in (pd, bad))
        found.append({"rows": len(part), "told": told, "seen": seen, "seenInterval": [float(low), float(high)]})
    return found


def own_fields(table: Table, columns: list[str], facts: list[str]) -> np.ndarray:
    """The application's own fields: numbers as they are, one column for each word of a fact, missing stays missing."""
    parts = [table.matrix(columns)]
    for fact in facts:
        words = np.array(table.facts[fact])
        for word in sorted(set(words) - {""}):
            parts.append(np.where(words == "", np.nan, words == word).astype(np.float32)[:, None])
    return np.hstack(parts).astype(np.float32)


def _ends(ends: tuple[float, float]) -> list[float]:
    return [_rounded(end) for end in ends]


def _rounded(value: float) -> float:
    return round(value, 4)
