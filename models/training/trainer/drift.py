"""What drift is measured against: how score and inputs lay among the rows learnt from."""

import numpy as np


def drift_reference(names: list[str], rows: np.ndarray, pd: np.ndarray) -> dict:
    inputs = [
        {"name": name, **bins(rows[:, index]), "missing": float(np.isnan(rows[:, index]).mean())}
        for index, name in enumerate(names)
    ]
    return {"rows": len(rows), "score": bins(pd), "inputs": inputs}


def bins(values: np.ndarray) -> dict:
    """Deciles with equal edges merged; a value lies in the bin of the number of edges that it reaches."""
    told = values[~np.isnan(values)].astype(np.float64)
    edges = np.unique(np.quantile(told, np.arange(1, 10) / 10))
    counts = np.bincount(np.searchsorted(edges, told, side="right"), minlength=len(edges) + 1)
    return {"edges": [float(edge) for edge in edges], "shares": [float(count / len(told)) for count in counts]}
