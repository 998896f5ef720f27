"""How a score treats groups that it does not know of. Attributes come in beside the rows and are never inputs."""

import numpy as np

from trainer import metrics

MIN_ROWS = 30
RESAMPLES = 1000
NOT_KNOWN = "not known"


def points(pd: np.ndarray, scale: dict[str, int]) -> np.ndarray:
    odds = (1 - pd.astype(np.float64)) / pd.astype(np.float64)
    return scale["baseScore"] + scale["pointsToDouble"] * np.log2(odds / scale["baseOdds"])


def fairness(
    facts: dict[str, list[str]], bad: np.ndarray, pd: np.ndarray, cut: float, scale: dict[str, int], seed: int
) -> list[dict]:
    """Per fact and group, beside the biggest known group of the fact: approvals (probability below `cut`) and their ratio,
    the gap of the score in standard deviations, the gap in approvals of those that proved good (equal opportunity), and
    each with a bootstrap interval. A group that is too small says so instead of showing noise."""
    score = points(pd, scale)
    found = []
    for fact, words in facts.items():
        groups = np.array([word or NOT_KNOWN for word in words])
        names, counts = np.unique(groups, return_counts=True)
        biggest = str(names[np.where(names == NOT_KNOWN, 0, counts).argmax()])
        for name in sorted(map(str, names)):
            member, base = np.flatnonzero(groups == name), np.flatnonzero(groups == biggest)
            entry = {"fact": fact, "group": name, "rows": len(member), "reference": name == biggest}
            if len(member) >= MIN_ROWS and len(base) >= MIN_ROWS:
                entry |= _measured(bad, pd, score, cut, member, base, seed)
            found.append(entry)
    return found


def _measured(
    bad: np.ndarray, pd: np.ndarray, score: np.ndarray, cut: float, member: np.ndarray, base: np.ndarray, seed: int
) -> dict:
    approved = pd < cut
    good = bad < 0.5
    measures = {
        "ratio": lambda rows, others: approved[rows].mean() / max(approved[others].mean(), 1e-9),
        "scoreGap": lambda rows, others: _standardised(score[rows], score[others]),
        "opportunityGap": lambda rows, others: _mean(approved, rows[good[rows]]) - _mean(approved, others[good[others]]),
    }
    random = np.random.default_rng(seed)
    drawn = [(random.choice(member, len(member)), random.choice(base, len(base))) for _ in range(RESAMPLES)]
    found = {
        "approved": float(approved[member].mean()),
        "badRate": float(bad[member].mean(dtype=np.float64)),
        "told": float(pd[member].mean(dtype=np.float64)),
        "auc": metrics.auc(bad[member], pd[member]),
    }
    for name, of in measures.items():
        low, high = np.nanquantile([of(rows, others) for rows, others in drawn], [0.025, 0.975])
        found[name] = float(of(member, base))
        found[f"{name}Interval"] = [float(low), float(high)]
    return found


def _standardised(these: np.ndarray, others: np.ndarray) -> float:
    spread = np.sqrt((these.var(ddof=1) + others.var(ddof=1)) / 2)
    return float((these.mean() - others.mean()) / spread) if spread > 0 else 0.0


def _mean(of: np.ndarray, rows: np.ndarray) -> float:
    return float(of[rows].mean()) if len(rows) else float("nan")
