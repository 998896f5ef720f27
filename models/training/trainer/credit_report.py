"""How the credit model is measured and told: beside its rivals, by group, and with the scorecard that stands in for it."""

import argparse

import numpy as np

from trainer import credit as SPEC
from trainer.boosting import choose, fit, margins
from trainer.credit_card import write_card
from trainer.evaluate import at_cuts, lift, measure, own_fields, reliability
from trainer.fairness import fairness
from trainer.folder import compact_json
from trainer.metrics import sigmoid
from trainer.pipeline import Run
from trainer.scorecard import Scorecard, columns_of, scorecard_json
from trainer.spec import Report
from trainer.suite import policy_cuts, random_rows

GOLDEN_ROWS = 100


def add_options(parser: argparse.ArgumentParser) -> None:
    """None: facts for fairness come with the table."""


def report(run: Run) -> Report:
    table, train, test = run.table, run.split.train, run.split.test
    bad, seed = table.bad[test], SPEC.SEED
    rival = run.measured.scorecard
    card_pd = sigmoid(rival.margin(columns_of(rival, SPEC.INPUTS, run.rows)))
    own_pd, own_tried = _own_fields(run, SPEC.OWN_COLUMNS)
    # What a term says about risk turned around in the middle of July: without the term they are a harder rival.
    termless_pd, _ = _own_fields(run, SPEC.OWN_COLUMNS_WITHOUT_TERM)

    metrics = {"test": measure(bad, run.pd[test], seed), "train": measure(table.bad[train], run.pd[train], seed)}
    for name, pd in (("scorecard", card_pd), ("ownFields", own_pd), ("ownFieldsWithoutTerm", termless_pd)):
        metrics[name] = measure(bad, pd[test], seed)
    metrics["lift"] = lift(bad, run.pd[test], own_pd[test], seed)
    metrics["liftWithoutTerm"] = lift(bad, run.pd[test], termless_pd[test], seed)
    metrics["liftOverScorecard"] = lift(bad, run.pd[test], card_pd[test], seed)
    metrics["atCuts"] = at_cuts(bad, run.pd[test], policy_cuts(), seed)
    metrics["scorecardAtCuts"] = at_cuts(bad, card_pd[test], policy_cuts(), seed)
    metrics["calibrated"] = run.calibrated

    facts = {fact: [words[row] for row in test] for fact, words in _facts(run).items()}
    told = {
        "deciles": reliability(bad, run.pd[test], seed),
        "groups": fairness(facts, bad, run.pd[test], SPEC.FAIRNESS_CUT, SPEC.SCORE_SCALE, seed),
        "ownTried": own_tried,
        "firstTime": float(run.shipped.served.run(np.full((1, len(SPEC.INPUTS)), np.nan, np.float32))[0][0]),
    }
    shipped = run.shipped.scorecard
    own = columns_of(shipped, SPEC.INPUTS, run.rows)
    exported = scorecard_json(shipped, own, table.bad, _golden(shipped, own))
    told["scorecardInputs"] = [column.name for column in shipped.inputs]
    return Report(
        metrics,
        lambda manifest: write_card(run, manifest, told),
        files={"scorecard.json": compact_json(exported)},
    )


def _own_fields(run: Run, columns: list[str]) -> tuple[np.ndarray, list[dict]]:
    """The same method and grid on what the application itself says. It is measured, never served."""
    table, train = run.table, run.split.train
    own = own_fields(table, columns, SPEC.OWN_FACTS)
    params, tried = choose(own, table.bad, run.split.folds, SPEC.FIXED, SPEC.GRID, None, SPEC.CRITERION)
    model, base = fit(own[train], table.bad[train], params, None)
    return sigmoid(margins(model, base, own)), tried


def _golden(card: Scorecard, rows: np.ndarray) -> np.ndarray:
    """Made up: the edges themselves and their neighbours, missing, and mixtures. No applicant's row is among them."""
    random = np.random.default_rng(SPEC.SEED)
    values = []
    for index, edges in enumerate(card.edges):
        ends = [np.nanmin(rows[:, index]) - 1, np.nanmax(rows[:, index]) + 1]
        values.append(np.unique(np.concatenate([ends, edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)])))
    mixed = random_rows(values, GOLDEN_ROWS, random).astype(np.float64)
    edge_rows = []
    for index, own in enumerate(values):
        for value in own:
            row = mixed[len(edge_rows) % GOLDEN_ROWS].copy()
            row[index] = value
            edge_rows.append(row)
    return np.vstack([mixed, edge_rows, np.full((1, len(values)), np.nan)])


def _facts(run: Run) -> dict[str, list[str]]:
    ages = run.table.columns["application.age_years"]
    return {fact: [_band(age) for age in ages] if fact == "age band" else run.table.facts[fact] for fact in SPEC.FAIRNESS_FACTS}


def _band(age: float) -> str:
    if np.isnan(age):
        return ""
    low, high = next((low, high) for low, high in SPEC.AGE_BANDS if low <= age < high)
    if low == 0:
        return f"{high - 1} and below"
    return f"{low} and above" if high == SPEC.AGE_BANDS[-1][1] else f"{low}-{high - 1}"
