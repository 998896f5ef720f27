"""The model card, from what was measured: nothing in it is typed by hand but words."""

from datetime import datetime, timezone

import numpy as np

from trainer import credit
from trainer.table import Table


def write_card(
    *,
    manifest: dict,
    table: Table,
    train: np.ndarray,
    test: np.ndarray,
    missing: np.ndarray,
    tried: list[dict],
    own_tried: list[dict],
    deciles: list[dict],
    groups: list[dict],
    cut: float,
    first_time: float,
    size: int,
    trees: int,
) -> str:
    found = manifest["training"]["metrics"]
    parts = [
        _head(manifest, size, trees),
        _data(table, train, test),
        _metrics(found),
        _calibration(deciles, table, train, test),
        _inputs(manifest, missing, len(train)),
        _fairness(groups, cut),
        _limits(first_time, int(missing.min())),
        _choice(manifest, tried, own_tried),
        _reproduce(manifest),
    ]
    return "\n\n".join(parts) + "\n"


def _head(manifest: dict, size: int, trees: int) -> str:
    return f"""# Model card: {manifest["name"]} {manifest["version"]}

**Purpose.** The probability that a micro-loan goes bad, as of the instant of the application, for the decision on that
application. Out of scope: fraud, collections, marketing, pricing on its own, any other product, currency or country.

**Owner.** {credit.OWNER}. **Review by** twelve months after it was put to use, or when a monitored drift says so.

**Kind.** XGBoost, {trees - 1} trees of depth {manifest["training"]["parameters"]["max_depth"]}, every input monotone; served as ONNX ({size:,} bytes) with
the base margin as the first tree. The same sums, in float32 and in tree order, in `model.onnx` and `trees.json`.

**Population.** Products {", ".join(manifest["population"]["products"])}; currencies {", ".join(manifest["population"]["currencies"])}. Anything else is not scored and goes to a person (R903).

**Score.** {credit.SCORE_SCALE["baseScore"]} points at {credit.SCORE_SCALE["baseOdds"]}:1 good to bad, {credit.SCORE_SCALE["pointsToDouble"]} points double the odds."""


def _data(table: Table, train: np.ndarray, test: np.ndarray) -> str:
    def line(name: str, rows: np.ndarray) -> str:
        bads = int(table.bad[rows].sum())
        return f"| {name} | {_day(table.as_of[rows[0]])} – {_day(table.as_of[rows[-1]])} | {len(rows):,} | {bads:,} | {bads / len(rows):.1%} |"

    return f"""## Data and target

SuperLender, a Nigerian online micro-lender: one application per returning customer with its outcome, and the customer’s
earlier loans as events. The data set’s own flag good/bad is the target; it does not document the days past due behind it.
Features are those of `assay export`, as of each application, computed by the code that serves.

| part | applications | rows | bad | bad rate |
|---|---|---|---|---|
{line("training", train)}
{line("test, out of time", test)}

Rows without an outcome are left out; nothing is weighted. The lender approved all of these: people it declined are not in
the data, and no reject inference was made, so the probabilities hold for applicants like those it used to approve."""


def _metrics(found: dict) -> str:
    def line(name: str, of: dict) -> str:
        cells = [f"{of[key]:.3f} ({_interval(of[f'{key}Interval'])})" for key in ("auc", "ks", "brier")]
        return f"| {name} | {cells[0]} | {of['gini']:.3f} | {cells[1]} | {cells[2]} |"

    return f"""## Metrics

95 % bootstrap intervals over applications, 2,000 resamples.

| | AUC | Gini | KS | Brier |
|---|---|---|---|---|
{line("this model, out of time", found["test"])}
{line("the application’s own fields, out of time", found["ownFields"])}
{line("own fields without the term, out of time", found["ownFieldsWithoutTerm"])}
{line("this model, on its training part", found["train"])}

**What behaviour adds:** AUC {found["lift"]["auc"]:+.3f} over the own fields, paired interval {_interval(found["lift"]["aucInterval"])}. The own-fields model
has amount, term, age, employment, education and account type, the same method and the same grid, and is never served.
Part of that gap is the own fields’ loss: what a long term says about risk turned around in the middle of July, and so
they rank out of time far worse than in validation (last table). Without the term they do better; over those behaviour
adds {found["liftWithoutTerm"]["auc"]:+.3f}, paired interval {_interval(found["liftWithoutTerm"]["aucInterval"])}."""


def _calibration(deciles: list[dict], table: Table, train: np.ndarray, test: np.ndarray) -> str:
    lines = [f"| {index} | {part['rows']} | {part['told']:.3f} | {part['seen']:.3f} |" for index, part in enumerate(deciles, 1)]
    told = sum(part["told"] * part["rows"] for part in deciles) / len(test)
    seen = float(table.bad[test].mean(dtype=np.float64))
    return f"""## Calibration, out of time

| tenth | rows | told | seen |
|---|---|---|---|
{chr(10).join(lines)}

Over all: told {told:.3f}, seen {seen:.3f} (training part: {float(table.bad[train].mean(dtype=np.float64)):.3f}). Not recalibrated: the test part is not there to fit on."""


def _inputs(manifest: dict, missing: np.ndarray, rows: int) -> str:
    lines = []
    for index, entry in enumerate(manifest["inputs"]):
        sign = "rises" if credit.INPUTS[index].monotone > 0 else "falls"
        reference = "missing" if entry["reference"] is None else f"{entry['reference']:.4g}"
        lines.append(f"| `{entry['name']}` | {sign} | {entry['group']} | {reference} | {missing[index]} of {rows:,} |")
    return f"""## Inputs, directions, reasons

Probability of default never moves against the direction given. A reason code collects the Shapley values of its inputs
against the reference applicant, the median good one of the training part; only codes that raise the risk are told.

| input | risk, as it grows | reason | reference | missing in training |
|---|---|---|---|---|
{chr(10).join(lines)}

R131 (no history of earlier loans) belongs to no input. A missing value goes the way that training gave it at each split.

**Never inputs:** age, employment, education, bank account type and everything about device, place and identity. They
were tested, in the own-fields model and below, and left out on purpose; constraints of the inputs were chosen so that each
reason is true whenever it is told."""


def _fairness(groups: list[dict], cut: float) -> str:
    lines = []
    for group in groups:
        head = f"| {group['fact']} | {group['group']} | {group['rows']}"
        if "below" not in group:
            lines.append(f"{head} | too few | | | |")
        else:
            lines.append(f"{head} | {group['below']:.1%} | {group['ratio']:.2f} | {group['badRate']:.1%} | {group['auc']:.3f} |")
    return f"""## Fairness

Share of the test part with a probability below {cut} (where the baseline policy stops approving), its ratio to the biggest
known group of the same fact, and how the group’s loans went. A ratio under 0.80 is a screening line, not a verdict; with
groups this small a ratio moves by 0.1 by chance.

| fact | group | rows | below | ratio | bad rate | AUC |
|---|---|---|---|---|---|---|
{chr(10).join(lines)}

Sex, region and disability are not in the data: nothing is known about them."""


def _limits(first_time: float, least_missing: int) -> str:
    return f"""## Limits

- Three weeks of one lender in July 2017. Season and cycle are not in it. Drift was seen even so: what the asked term
  says about risk turned around after the training window.
- Nearly everybody in it had borrowed before ({least_missing} of the training rows had no earlier loan). A first-time borrower
  scores {first_time:.3f} whatever else is known: that is where missing values happen to lead, not a judgement. The policy
  therefore bounds a first loan (firstLoanMaxMinor).
- Repayments carry no amounts and only the first instalment is dated: lateness of later instalments shows in the close only.
- The files name no time zone: creation is read as UTC and every other time as Lagos time, because approval follows
  creation by an hour and seconds in nearly every row. Read otherwise, last closes fall behind the next application.
- Behaviour that fits no catalogue range is not scored (SYS_INPUT_OUT_OF_RANGE) and goes to a person."""


def _choice(manifest: dict, tried: list[dict], own_tried: list[dict]) -> str:
    lines = [
        f"| {a['max_depth']} | {a['eta']} | {a['rounds']} | {a['min_child_weight']} | {a['reg_lambda']} | {a['auc']:.4f} | {b['auc']:.4f} |"
        for a, b in zip(tried, own_tried, strict=True)
    ]
    folds = "; ".join(f"before {start}, then up to {end}" for start, end in credit.FOLDS)
    return f"""## How it was chosen

Inputs by backward elimination and hyper-parameters by the grid below, both by time-ordered validation inside the training
window ({folds}); the test part was scored once, at the end. Fixed: {", ".join(f"{k} {v}" for k, v in credit.FIXED.items())}.
Chosen: {", ".join(f"{k} {manifest['training']['parameters'][k]}" for k in ("max_depth", "eta", "rounds", "min_child_weight", "reg_lambda"))}.

| depth | eta | rounds | min child weight | lambda | AUC | AUC, own fields |
|---|---|---|---|---|---|---|
{chr(10).join(lines)}"""


def _reproduce(manifest: dict) -> str:
    training = manifest["training"]
    return f"""## Reproduce

```
bin/assay import superlender DIR --out out
bin/assay export --events out/events.ndjson --applications out/applications.ndjson --out out/table.csv
npm run train -- {manifest["name"]} --table out/table.csv --version {manifest["version"]}
```

Same table (sha256 `{training["tableSha256"]}`), same bytes. Feature set `{training["featureSet"]}`. The pipeline
fails unless XGBoost, onnxruntime (alone and in batches) and the trees agree on every margin to the bit."""


def _interval(ends: list[float]) -> str:
    return f"{ends[0]:.3f} – {ends[1]:.3f}"


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc).date().isoformat()
