"""The card of the credit model, from what was measured: nothing in it is typed by hand but words."""

from datetime import datetime, timezone

import numpy as np

from trainer import credit
from trainer.credit_choice_card import choice, reproduce
from trainer.credit_groups_card import groups
from trainer.pipeline import Run

PUBLISHED_AUC = 0.699
WANTED_LIFT = 0.01


def write_card(run: Run, manifest: dict, told: dict) -> str:
    found = manifest["training"]["metrics"]
    parts = [
        _head(run, manifest),
        _data(run),
        _metrics(run, found),
        _cuts(found),
        _calibration(run, manifest, told["deciles"]),
        _inputs(run, manifest),
        _scorecard(run, found, told),
        groups(told["groups"], len(run.split.test)),
        _limits(found["test"], told["firstTime"], int(run.shipped.missing.min()), len(run.rows)),
        choice(run, manifest, told),
        reproduce(manifest),
    ]
    return "\n\n".join(parts) + "\n"


def _head(run: Run, manifest: dict) -> str:
    return f"""# Model card: {manifest["name"]} {manifest["version"]}

**Purpose.** The probability that a micro-loan goes bad, as of the instant of the application, for the decision on that
application. Out of scope: fraud, collections, marketing, pricing on its own, any other product, currency or country.

**Owner.** {credit.OWNER}. **Review by** twelve months after it was put to use, or when a monitored drift says so.

**Kind.** The average of XGBoost, {run.recipe.params["rounds"]} trees of depth {run.recipe.params["max_depth"]}, and of a scorecard, weight {run.recipe.weight:g}; every input monotone. Served as ONNX
({len(run.shipped.network):,} bytes): the constant is the first tree, then come those of XGBoost, then one for each input of the scorecard. The
same sums, in float32 and in tree order, in `model.onnx` and `trees.json`. The scorecard alone is `scorecard.json`: without
native code, it decides where the policy allows it to.

**Population.** Products {", ".join(credit.PRODUCTS)}; currencies {", ".join(credit.CURRENCIES)}. Anything else is not scored and goes to a person (R903).

**Score.** {credit.SCORE_SCALE["baseScore"]} points at {credit.SCORE_SCALE["baseOdds"]}:1 good to bad, {credit.SCORE_SCALE["pointsToDouble"]} points double the odds."""


def _data(run: Run) -> str:
    table = run.table

    def line(name: str, rows: np.ndarray) -> str:
        bads = int(table.bad[rows].sum())
        return f"| {name} | {_day(table.as_of[rows[0]])} – {_day(table.as_of[rows[-1]])} | {len(rows):,} | {bads:,} | {bads / len(rows):.1%} |"

    return f"""## Data and target

SuperLender, a Nigerian online micro-lender: one application per returning customer with its outcome, and the customer’s
earlier loans as events. The data set’s own flag good/bad is the target; it does not document the days past due behind it.
Features are those of `assay export`, as of each application, computed by the code that serves.

| part | applications | rows | bad | bad rate |
|---|---|---|---|---|
{line("choosing and fitting the recipe", run.split.train)}
{line("measuring it, out of time", run.split.test)}
{line("fitting what ships", np.arange(len(table.bad)))}

**What was measured is not the file that ships, but its recipe.** Inputs, hyper-parameters and whether to calibrate were chosen
inside the first part; the recipe fitted on it was scored once on the second, and every figure “out of time” below is that.
Then the same recipe was fitted on all rows, because three weeks are little and what it will score comes after all of them:
`training` in the manifest says so. How good that file is on later applications, `assay backtest` measures.

Rows without an outcome are left out; nothing is weighted. The lender approved all of these: people it declined are not in
the data, and no reject inference was made, so the probabilities hold for applicants like those it used to approve."""


def _metrics(run: Run, found: dict) -> str:
    def line(name: str, of: dict) -> str:
        cells = [f"{of[key]:.3f} ({interval(of[f'{key}Interval'])})" for key in ("auc", "ks", "brier")]
        gini = f"{of['gini']:.3f} ({interval([2 * end - 1 for end in of['aucInterval']])})"
        return f"| {name} | {cells[0]} | {gini} | {cells[1]} | {cells[2]} |"

    def more(name: str) -> str:
        return f"{found[name]['auc']:+.3f} ({interval(found[name]['aucInterval'], '+.3f')})"

    over = found["liftOverScorecard"]["auc"]
    if over >= WANTED_LIFT:
        beside = f"That is at least the {WANTED_LIFT} wanted, though the interval shows how little so few rows can tell."
    else:
        beside = f"""That is less than the {WANTED_LIFT} wanted, and here
is why not: every input is monotone, most say the same thing (how late repayments were) in other windows, and there are
{found["train"]["bads"]} bad loans to learn from. Bins with a weight each hold nearly all of that; trees alone fit the noise sooner. Validation took
the average for its log loss: {_least(run.weights):.4f}, trees alone {run.weights[0]["logLoss"]:.4f}, the scorecard alone {_least(run.penalties):.4f}. KS out of time: {found["test"]["ks"]:.3f} and {found["scorecard"]["ks"]:.3f}."""
    return f"""## Metrics

95 % bootstrap intervals over applications, 2,000 resamples.

| | AUC | Gini | KS | Brier |
|---|---|---|---|---|
{line("this model, out of time", found["test"])}
{line("scorecard on weights of evidence, out of time", found["scorecard"])}
{line("the application’s own fields, out of time", found["ownFields"])}
{line("own fields without the term, out of time", found["ownFieldsWithoutTerm"])}
{line("this model, on the part it was fitted on", found["train"])}

Published for this data: AUC {PUBLISHED_AUC}, of stacked models in ten-fold validation: not out of time, so not the same measurement as
the first line.

**What behaviour adds.** AUC {more("lift")} over the own fields, paired; the own-fields model has amount, term, age, employment,
education and account type, the same method and the same grid, and is never served. Part of that gap is the own fields’
loss: what a long term says about risk turned around in the middle of July. Without the term they do better; over those
behaviour adds {more("liftWithoutTerm")}.

**What trees add to a scorecard.** AUC {more("liftOverScorecard")} over the scorecard, paired. {beside}"""


def _cuts(found: dict) -> str:
    def lines(name: str, of: list[dict]) -> list[str]:
        told = []
        for entry in of:
            cells = [
                f"{entry[key]:{form}} ({interval(entry[f'{key}Interval'], form)})"
                for key, form in (("share", ".1%"), ("badRateAbove", ".1%"), ("badRateBelow", ".1%"), ("lift", ".2f"), ("capture", ".1%"))
            ]
            told.append(f"| {name} | {entry['cut']} | {' | '.join(cells)} |")
        return told

    return f"""## At the cut-offs of the baseline policy, out of time

Lift: bad rate at or above the cut-off by that of all. Capture: part of all bads that lies at or above it.

| | cut-off | at or above | bad above | bad below | lift | capture |
|---|---|---|---|---|---|---|
{chr(10).join(lines("model", found["atCuts"]) + lines("scorecard", found["scorecardAtCuts"]))}"""


def _calibration(run: Run, manifest: dict, deciles: list[dict]) -> str:
    lines = [
        f"| {index} | {part['rows']} | {part['told']:.3f} | {part['seen']:.3f} ({interval(part['seenInterval'])}) |"
        for index, part in enumerate(deciles, 1)
    ]
    test, train = run.split.test, run.split.train
    told = float(run.pd[test].mean(dtype=np.float64))
    seen = float(run.table.bad[test].mean(dtype=np.float64))
    return f"""## Calibration, out of time

| tenth | rows | told | seen |
|---|---|---|---|
{chr(10).join(lines)}

Over all: told {told:.3f}, seen {seen:.3f} (the part it was fitted on: {float(run.table.bad[train].mean(dtype=np.float64)):.3f}).

{_platt(run, manifest)}"""


def _platt(run: Run, manifest: dict) -> str:
    found, kept = manifest["training"]["metrics"]["calibrated"], manifest["calibration"]
    told = (
        f"log loss {found['logLoss']:.4f} without and {found['logLossPlatt']:.4f} with it, Brier {found['brier']:.4f} and {found['brierPlatt']:.4f}, "
        f"on {found['rows']:,} rows later than those it was fitted on"
    )
    if run.measured.calibration.method == "none":
        text = f"Platt calibration on predictions of folds was tried and left out, because it did not make both better:\n{told}."
    else:
        text = f"Calibrated by Platt on predictions of folds that the model had not seen ({told})."
    if kept["method"] == "none":
        return f"{text} What ships has none either."
    return f"{text} What ships: slope {kept['slope']:.4f}, intercept {kept['intercept']:.4f} on the margin, written into the leaves."


def _inputs(run: Run, manifest: dict) -> str:
    lines = []
    for column, entry, missing in zip(credit.INPUTS, manifest["inputs"], run.shipped.missing, strict=True):
        sign = "rises" if column.monotone > 0 else "falls"
        reference = "missing" if entry["reference"] is None else f"{entry['reference']:.6g}"
        lines.append(f"| `{entry['name']}` | {sign} | {entry['group']} | {reference} | {missing} of {len(run.rows):,} |")
    return f"""## Inputs, directions, reasons

Probability of default never moves against the direction given. A reason code collects the Shapley values of its inputs
against the reference applicant, the median good one of all rows; only codes that raise the risk are told.

| input | risk, as it grows | reason | reference | missing |
|---|---|---|---|---|
{chr(10).join(lines)}

R131 (no history of earlier loans) belongs to no input. A missing value goes the way that training gave it at each split.

**Never inputs:** age, employment, education, bank account type and everything about device, place and identity. They
were tested, in the own-fields model and below, and left out on purpose; constraints of the inputs were chosen so that each
reason is true whenever it is told."""


def _scorecard(run: Run, found: dict, told: dict) -> str:
    kept = told["scorecardInputs"]
    dropped = [column.name for column in credit.INPUTS if column.name not in kept]
    left = f"; {', '.join(f'`{name}`' for name in dropped)} added nothing in the right direction" if dropped else ""
    points = ", ".join(f"{point['penalty']:g}: {point['logLoss']:.4f}" for point in run.penalties)
    return f"""## The scorecard beside it

Weights of evidence in monotone bins of at least 5 % of the rows, a bin of its own for missing, weights smoothed by 20
average rows, ridge logistic regression on them with positive coefficients only; {len(kept)} of the {len(credit.INPUTS)} inputs{left}.
Penalty by validated log loss ({points}). Out of time AUC {found["scorecard"]["auc"]:.3f}, KS {found["scorecard"]["ks"]:.3f}; then refitted on all rows like the model."""


def _limits(found: dict, first_time: float, least_missing: int, rows: int) -> str:
    half = (found["aucInterval"][1] - found["aucInterval"][0]) / 2
    return f"""## Limits

- Three weeks of one lender in July 2017. Season and cycle are not in it. Drift was seen even so: what the asked term
  says about risk turned around, which is one more reason that no input depends on it.
- So few rows: the AUC out of time is known to ± {half:.3f}. Differences of 0.01 between models are within the noise.
- Nearly everybody in it had borrowed before ({least_missing} of {rows:,} rows had no earlier loan). A first-time borrower
  scores {first_time:.3f} whatever else is known: that is where missing values happen to lead, not a judgement. The policy
  therefore bounds a first loan (firstLoanMaxMinor).
- Repayments carry no amounts and only the first instalment is dated: lateness of later instalments shows in the close only.
- The files name no time zone: creation is read as UTC and every other time as Lagos time, because approval follows
  creation by an hour and seconds in nearly every row. Read otherwise, last closes fall behind the next application.
- Behaviour that fits no catalogue range is not scored (SYS_INPUT_OUT_OF_RANGE) and goes to a person."""


def interval(ends: list[float], form: str = ".3f") -> str:
    return f"{ends[0]:{form}} – {ends[1]:{form}}"


def _least(tried: list[dict]) -> float:
    return min(point["logLoss"] for point in tried)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc).date().isoformat()
