"""The part of the credit card about how the recipe was chosen, and how to make the same bytes again."""

from trainer import credit
from trainer.pipeline import Run

SEARCHED = ("max_depth", "eta", "rounds", "min_child_weight", "reg_lambda", "colsample_bytree")


def choice(run: Run, manifest: dict, told: dict) -> str:
    lines = [
        f"| {' | '.join(str(point[name]) for name in SEARCHED)} | {point['logLoss']:.4f} | {point['auc']:.4f} | {own['logLoss']:.4f} | {own['auc']:.4f} |"
        for point, own in zip(run.tried, told["ownTried"], strict=True)
    ]
    folds = "; ".join(f"before {start}, then up to {end}" for start, end in credit.FOLDS)
    weights = ", ".join(f"{point['weight']:g}: {point['logLoss']:.4f} and {point['auc']:.4f}" for point in run.weights)
    return f"""## How it was chosen

Inputs by leaving out and hyper-parameters by the grid below, both by time-ordered validation inside the first part
({folds}). By log loss: it sees overfitting that the order of the rows does not show.
More inputs of the catalogue, amounts, the number of loans and the largest of them, stumps, depth 4, coarser bins, more
subsampling and averages over seeds were tried in validation: all within 0.004 of AUC, which is noise.

{credit.CARD_LOOKS}

Weight of the scorecard in the average, its validated log loss and AUC: {weights}.
Fixed: {", ".join(f"{name} {value}" for name, value in credit.FIXED.items())}.
Chosen: {", ".join(f"{name} {run.recipe.params[name]}" for name in SEARCHED)}.

| depth | eta | rounds | min child weight | lambda | columns a tree | log loss | AUC | log loss, own fields | AUC, own fields |
|---|---|---|---|---|---|---|---|---|---|
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
