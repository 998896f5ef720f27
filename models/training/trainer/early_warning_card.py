"""The card of the early-warning model, from what was measured: nothing in it is typed by hand but words."""

from trainer import early_warning as spec


def write_card(manifest: dict, missing: list[int], tried: list[dict], deciles: list[dict], groups: list[dict]) -> str:
    training = manifest["training"]
    parts = [
        _head(manifest),
        _data(training["metrics"]),
        _metrics(training["metrics"]),
        _calibration(deciles),
        _inputs(manifest, missing, training["metrics"]["train"]["rows"]),
        _fairness(groups),
        _LIMITS,
        _choice(training["parameters"], tried),
        _reproduce(manifest),
    ]
    return "\n\n".join(parts) + "\n"


def _head(manifest: dict) -> str:
    parameters = manifest["training"]["parameters"]
    return f"""# Model card: {manifest["name"]} {manifest["version"]}

**Purpose.** The probability that a borrower who is billed every month does not pay the next bill, as of the end of a month,
so that a person or a job looks at the loan in time. Out of scope: decisions on applications, pricing, collections on
its own, marketing, any other product, currency or country. No alert takes anything from a customer without a person.

**Owner.** {spec.OWNER}. **Review by** twelve months after it was put to use, or when a monitored drift says so.

**Kind.** XGBoost, {parameters["rounds"]} trees of depth {parameters["max_depth"]}, every input monotone; served as ONNX with the base margin as the first tree.
The same sums, in float32 and in tree order, in `model.onnx` and `trees.json`.

**Population.** Products {", ".join(spec.PRODUCTS)}; currencies {", ".join(spec.CURRENCIES)}. Nobody else was looked at."""


def _data(found: dict) -> str:
    def line(name: str, of: dict) -> str:
        return f"| {name} | {of['rows']:,} | {of['bads']:,} | {of['bads'] / of['rows']:.1%} |"

    return f"""## Data and target

UCI “default of credit card clients”: clients of a Taiwanese card issuer, April to September 2005, replayed by
`assay import uci-taiwan` as six months of `bill.paid`, `bill.issued` and `bill.status` events. Target: default on the
payment of October 2005. Features are those of `assay export` as of the end of September, by the code that serves.

| part | clients | defaulted | rate |
|---|---|---|---|
{line("training", found["train"])}
{line("held back", found["test"])}

Everybody is asked about on one day, so the split is by client: the one of {spec.PARTS} parts that the sha256 of the client’s id
draws is held back and was scored once, at the end. Nothing is weighted, no client is left out."""


def _metrics(found: dict) -> str:
    def line(name: str, of: dict) -> str:
        cells = [f"{of[key]:.3f} ({_interval(of[f'{key}Interval'])})" for key in ("auc", "ks", "brier")]
        return f"| {name} | {cells[0]} | {of['gini']:.3f} | {cells[1]} | {cells[2]} |"

    return f"""## Metrics

95 % bootstrap intervals over clients, 2,000 resamples.

| | AUC | Gini | KS | Brier |
|---|---|---|---|---|
{line("held-back clients", found["test"])}
{line("the clients that it learnt from", found["train"])}

For comparison: the project’s reference for behaviour alone, on clients that were held back, is 0.776 AUC and 0.416 KS.
This is out of sample, **not out of time**: the data has one month of outcomes."""


def _calibration(deciles: list[dict]) -> str:
    lines = [f"| {index} | {part['rows']} | {part['told']:.3f} | {part['seen']:.3f} |" for index, part in enumerate(deciles, 1)]
    rows = sum(part["rows"] for part in deciles)
    told = sum(part["told"] * part["rows"] for part in deciles) / rows
    seen = sum(part["seen"] * part["rows"] for part in deciles) / rows
    return f"""## Calibration, held-back clients

| tenth | clients | told | seen |
|---|---|---|---|
{chr(10).join(lines)}

Over all: told {told:.3f}, seen {seen:.3f}."""


def _inputs(manifest: dict, missing: list[int], rows: int) -> str:
    lines = []
    for column, entry, absent in zip(spec.INPUTS, manifest["inputs"], missing, strict=True):
        sign = "rises" if column.monotone > 0 else "falls"
        reference = "missing" if entry["reference"] is None else f"{entry['reference']:.6g}"
        lines.append(f"| `{entry['name']}` | {sign} | {entry['group']} | {reference} | {absent} of {rows:,} |")
    return f"""## Inputs, directions, reasons

The probability never moves against the direction given. A reason code collects the Shapley values of its inputs against
the reference client, the median one of the training part that did not default.

| input | risk, as it grows | reason | reference | missing in training |
|---|---|---|---|---|
{chr(10).join(lines)}

A part of a bill that was paid is missing where nothing had been billed; it then goes the way that training gave it.
Where another input is missing (no bill within half a year) there is no score.

**Never inputs:** sex, education, marriage, age, the limit and the amount asked for. The importer does not read the
first three; sex and age are read from the data file for the next section and for nothing else."""


def _fairness(groups: list[dict]) -> str:
    lines = []
    for group in groups:
        head = f"| {group['fact']} | {group['group']} | {group['rows']}"
        if "spared" not in group:
            lines.append(f"{head} | too few | | | | | | |")
            continue
        shares = [f"{group[key]:.1%}" for key in ("alertedOfBad", "alertedOfGood", "told", "seen")]
        lines.append(f"{head} | {group['spared']:.1%} | {group['ratio']:.2f} | {' | '.join(shares)} | {group['auc']:.3f} |")
    return f"""## Fairness, held-back clients

An alert is taken to be a probability of {spec.ALERT_FROM} or more. The ratio is the share without alert by that of the biggest group of
the same fact; below 0.80 is a screening line, not a verdict. Alerts of those that defaulted should be equal (equal
opportunity to be helped), alerts of those that paid as well (equal burden), and what is told should be what is seen.

| fact | group | clients | no alert | ratio | alerts of defaulted | alerts of paid | told | seen | AUC |
|---|---|---|---|---|---|---|---|---|---|
{chr(10).join(lines)}

{_widest(groups)}"""


def _widest(groups: list[dict]) -> str:
    """The largest gaps within a fact, in words: whoever reads the card need not look for them."""
    told = []
    for fact in dict.fromkeys(group["fact"] for group in groups):
        members = [group for group in groups if group["fact"] == fact and "spared" in group]
        gaps = {key: max(m[key] for m in members) - min(m[key] for m in members) for key in ("alertedOfBad", "alertedOfGood")}
        off = max(members, key=lambda member: abs(member["told"] - member["seen"]))
        told.append(
            f"By {fact}: lowest ratio {min(m['ratio'] for m in members):.2f}; gap in alerts of defaulted {gaps['alertedOfBad']:.1%}, of paid "
            f"{gaps['alertedOfGood']:.1%}; told and seen are furthest apart for {off['group']} ({off['told'] - off['seen']:+.1%})."
        )
    return "\n".join(told)


_LIMITS = """## Limits

- One issuer, one country, one month of outcomes, in 2005, shortly before the Taiwanese card debt crisis. Season, cycle
  and drift over time are not in it. On other loans its probabilities are a rank at best, until outcomes arrive.
- It learnt from bills as of the end of a month. In the middle of one, the newest bill is older than any it has seen.
- Days within a month are not known, and a month’s lateness is the issuer’s own count.
- The largest bill says what limit somebody was given: it stands for earlier lenders’ judgement, with its faults. Amounts
  are in Taiwan dollars of 2005.
- Behaviour that fits no catalogue range is not scored."""


def _choice(parameters: dict, tried: list[dict]) -> str:
    names = ("max_depth", "eta", "rounds", "min_child_weight", "reg_lambda")
    lines = [f"| {' | '.join(str(point[name]) for name in names)} | {point['auc']:.4f} |" for point in tried]
    return f"""## How it was chosen

Inputs by backward elimination and hyper-parameters by the grid below, both by five-fold validation among the clients that
train. Fixed: {", ".join(f"{name} {value}" for name, value in spec.FIXED.items())}.
Chosen: {", ".join(f"{name} {parameters[name]}" for name in names)}.

| depth | eta | rounds | min child weight | lambda | AUC |
|---|---|---|---|---|---|
{chr(10).join(lines)}"""


def _reproduce(manifest: dict) -> str:
    training = manifest["training"]
    return f"""## Reproduce

```
bin/assay import uci-taiwan DIR --out out/uci-taiwan
bin/assay export --events out/uci-taiwan/events.ndjson --applications out/uci-taiwan/applications.ndjson --out out/uci-taiwan/table.csv
npm run train -- {manifest["name"]} --table out/uci-taiwan/table.csv --version {manifest["version"]} --facts DIR/clients.csv.gz
```

Same table (sha256 `{training["tableSha256"]}`), same bytes. Feature set `{training["featureSet"]}`. The pipeline
fails unless XGBoost, onnxruntime (alone and in batches) and the trees agree on every margin to the bit."""


def _interval(ends: list[float]) -> str:
    return f"{ends[0]:.3f} – {ends[1]:.3f}"
