"""How well a score ranks and how true it is. Plain numpy; the service has its own in src/domain/model-metrics.ts."""

import numpy as np

RESAMPLES = 2000


def auc(bad: np.ndarray, score: np.ndarray) -> float:
    """Probability that a bad one scores above a good one; ties count half."""
    _, rank, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    bads = bad > 0.5
    n_bad, n_good = int(bads.sum()), int((~bads).sum())
    if n_bad == 0 or n_good == 0:
        return float("nan")
    return float((middle[rank][bads].sum() - n_bad * (n_bad + 1) / 2) / (n_bad * n_good))


def ks(bad: np.ndarray, score: np.ndarray) -> float:
    """Largest distance between the distributions of bad and good."""
    values, rank = np.unique(score, return_inverse=True)
    bads = np.bincount(rank, weights=bad > 0.5, minlength=len(values))
    goods = np.bincount(rank, weights=bad <= 0.5, minlength=len(values))
    return float(np.abs(np.cumsum(bads) / bads.sum() - np.cumsum(goods) / goods.sum()).max())


def brier(bad: np.ndarray, pd: np.ndarray) -> float:
    return float(np.mean((pd.astype(np.float64) - bad) ** 2))


def sigmoid(margin: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-margin.astype(np.float64)))


def log_loss(bad: np.ndarray, pd: np.ndarray) -> float:
    told = np.clip(pd.astype(np.float64), 1e-12, 1 - 1e-12)
    return float(-np.mean(bad * np.log(told) + (1 - bad) * np.log(1 - told)))


def interval(measure, bad: np.ndarray, *scores: np.ndarray, seed: int) -> tuple[float, float]:
    """95 % percentile bootstrap over rows; with several scores `measure` sees them on the same rows, paired."""
    random = np.random.default_rng(seed)
    values = []
    for _ in range(RESAMPLES):
        rows = random.integers(0, len(bad), len(bad))
        if 0 < bad[rows].sum() < len(rows):
            values.append(measure(bad[rows], *(score[rows] for score in scores)))
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def calibration(bad: np.ndarray, pd: np.ndarray, groups: int = 10) -> list[dict]:
    """Told and seen per tenth of the rows, by rising probability."""
    order = np.argsort(pd, kind="stable")
    return [
        {"rows": len(part), "told": float(pd[part].mean(dtype=np.float64)), "seen": float(bad[part].mean(dtype=np.float64))}
        for part in np.array_split(order, groups)
    ]
