"""The part of the credit card about how the recipe was chosen, and how to make the same bytes again."""

from trainer import credit
from trainer.pipeline import Run

SEARCHED = ("max_depth", "eta", "rounds", "min_child_weight", "reg_lambda")


def choice(run: Run, manifest: dict, told: dict) -> str:
    lines = [
        f"| {' | '.join(str(point[name]) for name in SEARCHED)} | {point['auc']:.4f} | {own['auc']:.4f} |"
        for point, own in zip(run.tried, told["ownTried"], strict=True)
    ]
    folds = "; ".join(f"before {start}, then up to {end}" for start, end in credit.FOLDS)
    return f"""## How it was chosen

Inputs by backward elimination and hyper-parameters by the grid below, both by time-ordered validation inside the first part
({folds}); the second part was scored once, at the end. Out of 33 candidates validation kept rising until about ten were left, so
windows that say the same were dropped. Where two sets were equal within the noise, the one without the term was taken.
Averaging several seeds, stumps, and depth 4 were tried in validation and gained nothing (within 0.001).
Fixed: {", ".join(f"{name} {value}" for name, value in credit.FIXED.items())}.
Chosen: {", ".join(f"{name} {run.params[name]}" for name in SEARCHED)}.

| depth | eta | rounds | min child weight | lambda | AUC | AUC, own fields |
|---|---|---|---|---|---|---|
{chr(10).join(lines)}"""


def reproduce(manifest: dict) -> str:
    training = manifest["training"]
    return f"""## Reproduce

```
bin/assay import superlender DIR --out out
bin/assay export --events out/events.ndjson --applications out/applications.ndjson --out out/table.csv
npm run train -- {manifest["name"]} --table out/table.csv --version {manifest["version"]}
```

Same table (sha256 `{training["tableSha256"]}`), same bytes. Feature set `{training["featureSet"]}`. The pipeline
fails unless XGBoost, onnxruntime (alone and in batches) and the trees agree on every margin to the bit, on every row of the
table, random ones, every threshold and its neighbours, missing values and extremes; no input moves against its direction; and reasons add up."""
