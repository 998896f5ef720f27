"""The card of the fraud model, from what was measured: nothing in it is typed by hand but words."""

from trainer import fraud as spec


def write_card(manifest: dict, missing: list[int], tried: list[dict], deciles: list[dict], simulated: dict) -> str:
    training = manifest["training"]
    parts = [
        _head(manifest),
        _data(training["metrics"], simulated),
        _metrics(training["metrics"]),
        *(_flagged(training["metrics"][part], name) for part, name in _PARTS.items()),
        _calibration(deciles),
        _inputs(manifest, missing, training["metrics"]["train"]["rows"]),
        _LIMITS,
        _choice(training["parameters"], tried),
        _reproduce(manifest, simulated),
    ]
    return "\n\n".join(parts) + "\n"


_PARTS = {"test": "later, in the world it learnt in", "shifted": "another seed, in another world"}


def _head(manifest: dict) -> str:
    parameters = manifest["training"]["parameters"]
    return f"""# Model card: {manifest["name"]} {manifest["version"]} ({spec.NOTICE})

**{spec.NOTICE[0].upper()}{spec.NOTICE[1:]}.** No labelled stream of logins or devices is public. What stands below says how well the model finds
attacks that `load-tests/simulator` made up; it says nothing about how many real ones it finds.

**Purpose.** The likeness of an application to an attack (many names on one device, bursts, accounts taken over), as of its instant, so
that a person looks at it. Kept apart from credit: another file, another output, other reasons (R501, R502, R503, one
general text). Out of scope: creditworthiness, price, limit, and turning anybody down without a person.

**Owner.** {spec.OWNER}. **Review by** the first hundred confirmed frauds, or twelve months after it was put to use.

**Kind.** XGBoost, {parameters["rounds"]} trees of depth {parameters["max_depth"]}, every input monotone; served as ONNX with the base margin as the first tree. The
same sums, in float32 and in tree order, in `model.onnx` and `trees.json`.

**Population.** All products and currencies: none of its inputs is an amount or depends on one."""


def _data(found: dict, simulated: dict) -> str:
    def line(name: str, of: dict) -> str:
        return f"| {name} | {of['rows']:,} | {of['frauds']:,} | {of['frauds'] / of['rows']:.1%} | {of['fraudActors']} |"

    return f"""## Data and target

Simulated applicants: honest, careless, families on one device, cafés; bursts, device farms, stolen identities, stacking.
What each does, how often and with what overlap stands in `load-tests/simulator/README.md`. The target is the label that a lender would
have in the end, with noise: some frauds are never found, some honest people are taken for one. What is measured is measured
against what was really simulated. The first fortnight of a simulated world, in which every device is new, is left out.

| part | applications | frauds | share | people and gangs behind them |
|---|---|---|---|---|
{line(f"training: seed {simulated['train']['seed']}, {spec.TRAIN_FROM} to {spec.TEST_FROM}", found["train"])}
{line(f"out of time: the same, from {spec.TEST_FROM}", found["test"])}
{line(f"out of distribution: seed {simulated['shifted']['seed']}, scenario {simulated['shifted']['scenario']}", found["shifted"])}"""


def _metrics(found: dict) -> str:
    def line(name: str, of: dict) -> str:
        captured = [f"{top['recall']['all']:.1%} ({top['precision']:.1%})" for top in of["top"]]
        return (
            f"| {name} | {of['auc']:.3f} ({_interval(of['aucInterval'])}) | {of['prAuc']:.3f} ({_interval(of['prAucInterval'])}) "
            f"| {captured[0]} | {captured[1]} | {of['aucOfLabels']:.3f} |"
        )

    return f"""## Metrics

95 % bootstrap intervals over people and gangs, not over applications: those of one gang come and go together. Capture is the part of
all frauds among the highest 1 % and 5 % of the scores, with how many of these are frauds.

| | AUC | PR-AUC | capture at 1 % (precision) | capture at 5 % (precision) | AUC of the noisy labels |
|---|---|---|---|---|---|
{line("training", found["train"])}
{line("out of time", found["test"])}
{line("out of distribution", found["shifted"])}

Out of distribution {found["test"]["auc"] - found["shifted"]["auc"]:.3f} of AUC are lost: half of the frauds there are careful, and a fifth of the front-ends tell nothing but
the application. Expect a real world to be another one again."""


def _flagged(found: dict, name: str) -> str:
    tables = {"highest {share:.0%} of the scores": found["top"], "above the score that flagged {share:.0%} in training": found["atTrainingCuts"]}
    columns = [(words.format(share=entry["share"]), entry) for words, entries in tables.items() for entry in entries]
    kinds = [("recall", kind) for kind in columns[0][1]["recall"]] + [("falsePositives", kind) for kind in columns[0][1]["falsePositives"]]
    lines = [
        f"| {'caught' if of == 'recall' else 'wrongly flagged'}: {kind} | {' | '.join(_percent(entry[of][kind]) for _, entry in columns)} |"
        for of, kind in kinds
    ]
    return f"""## Who is caught and who is suspected: {name}

| | {" | ".join(words for words, _ in columns)} |
|---|---|---|---|---|
| flagged | {" | ".join(_percent(entry["flagged"]) for _, entry in columns)} |
{chr(10).join(lines)}"""


def _calibration(deciles: list[dict]) -> str:
    lines = [f"| {index} | {part['rows']} | {part['told']:.4f} | {part['seen']:.4f} |" for index, part in enumerate(deciles, 1)]
    return f"""## Calibration, out of time

| tenth | rows | told | labelled fraud |
|---|---|---|---|
{chr(10).join(lines)}

It is calibrated to how common fraud is in the simulator, which is made up: use it to rank."""


def _inputs(manifest: dict, missing: list[int], rows: int) -> str:
    lines = []
    for column, entry, absent in zip(spec.INPUTS, manifest["inputs"], missing, strict=True):
        sign = "rises" if column.monotone > 0 else "falls"
        reference = "missing" if entry["reference"] is None else f"{entry['reference']:.6g}"
        lines.append(f"| `{entry['name']}` | {sign} | {entry['group']} | {reference} | {absent:,} of {rows:,} |")
    return f"""## Inputs, directions, reasons

The score never moves against the direction given. R501 is device and session, R502 linkage, R503 velocity; customers get
one general text for all of them, so that nobody learns how to pass.

| input | score, as it grows | reason | reference | missing in training |
|---|---|---|---|---|
{chr(10).join(lines)}

**Never inputs:** anything about credit (no feature with the legal tag “financial”), age, employment, education, place of living, the
amount asked for, the hour of day. Cities of logins and devices have legal tags: where a law forbids them, so is this model."""


_LIMITS = """## Limits

- **Simulated data.** Shares, rates and overlaps are assumptions. A threshold must be set on real applications, flagged ones looked
  at by people, and the model trained again on what they find.
- People who share a device pay for it: see families and cafés above. Never decline on this score alone.
- Counts per address grow with the number of applications a day; the simulator has about 600.
- Who sends no events but applications is known by velocity and sharing alone, and scores near the average.
- Stacking is mostly elsewhere: without a bureau, which belongs to credit, only applications here are seen."""


def _choice(parameters: dict, tried: list[dict]) -> str:
    names = ("max_depth", "eta", "rounds", "min_child_weight", "reg_lambda")
    lines = [f"| {' | '.join(str(point[name]) for name in names)} | {point['auc']:.4f} |" for point in tried]
    folds = "; ".join(f"before {start}, then up to {end}" for start, end in spec.FOLDS)
    return f"""## How it was chosen

Inputs by backward elimination and hyper-parameters by the grid below, by time-ordered validation inside the training window
({folds}), on the noisy labels. Small on purpose: every decision scores it. Fixed: {", ".join(f"{name} {value}" for name, value in spec.FIXED.items())}.
Chosen: {", ".join(f"{name} {parameters[name]}" for name in names)}.

| depth | eta | rounds | min child weight | lambda | AUC of the labels |
|---|---|---|---|---|---|
{chr(10).join(lines)}"""


def _reproduce(manifest: dict, simulated: dict) -> str:
    def lines(folder: str, of: dict) -> str:
        arguments = f"--seed {of['seed']} --applicants {of['applicants']} --days {of['days']} --start {of['start']}"
        return f"""npm run simulate -- {arguments} --scenario {of["scenario"]} --out {folder}
bin/assay export --events {folder}/events.ndjson --applications {folder}/applications.ndjson --out {folder}/table.csv"""

    training = manifest["training"]
    return f"""## Reproduce

```
{lines("out/sim", simulated["train"])}
{lines("out/shifted", simulated["shifted"])}
npm run train -- {manifest["name"]} --table out/sim/table.csv --shifted out/shifted/table.csv --version {manifest["version"]}
```

Same tables (sha256 `{training["tableSha256"]}` and `{training["shiftedTableSha256"]}`), same
bytes. Feature set `{training["featureSet"]}`. The pipeline fails unless XGBoost, onnxruntime (alone and in batches) and the trees agree
on every margin to the bit."""


def _interval(ends: list[float]) -> str:
    return f"{ends[0]:.3f} – {ends[1]:.3f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
