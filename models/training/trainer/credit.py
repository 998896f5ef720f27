"""What the credit model is: inputs, what they may do, windows and grid. Everything that is a choice stands here."""

import numpy as np

from trainer.spec import Input, Split
from trainer.table import Table, day_ms

NAME = "credit"
OWNER = "credit risk (assay maintainers)"
NOTICE = None
PRODUCTS = ["cash"]
CURRENCIES = ["NGN"]
SCORE_SCALE = {"baseScore": 600, "baseOdds": 50, "pointsToDouble": 20}

# Applications before this day choose and train the recipe, the rest measures it: once, for the card.
TEST_FROM = "2017-07-15"
# Expanding windows within the training part: train before the first day, validate up to the second.
FOLDS = [
    ("2017-07-04", "2017-07-06"),
    ("2017-07-06", "2017-07-08"),
    ("2017-07-08", "2017-07-10"),
    ("2017-07-10", "2017-07-12"),
    ("2017-07-12", "2017-07-15"),
]
# What ships learns by the measured recipe from every row there is: three weeks are little, and what it will score comes
# after all of them.
REFIT = True
WINDOW = {
    "measuredRecipeBefore": TEST_FROM,
    "refit": "the model that ships learnt from all rows, firstAsOf to lastAsOf; metrics out of time are those of the same "
    "recipe fitted before measuredRecipeBefore",
}
CALIBRATE = True
# By AUC the least bridled trees won, and validation then asked for a slope of 0.77: they had learnt noise.
CRITERION = "logLoss"
SCORECARD_WEIGHTS = [0.0, 0.25, 0.5, 0.75]
PARITY_EVERY = 1

SEED = 7
FIXED = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "subsample": 0.7,
    "nthread": 1,
    "seed": SEED,
}
GRID = [
    {
        "max_depth": depth,
        "eta": eta,
        "rounds": rounds,
        "min_child_weight": weight,
        "reg_lambda": penalty,
        "colsample_bytree": columns,
    }
    for depth in (2, 3)
    for eta, rounds in ((0.03, 200), (0.05, 150))
    for weight in (5, 10)
    for penalty in (3, 10)
    for columns in (0.2, 0.5)
]

LATE, CLOSED_LATE, RECENT, SHORT, LARGE = "R101", "R102", "R120", "R130", "R132"

# Every input is constrained to the direction in which its reason is true: a contribution can then never be told as its
# opposite ("short history" because the history is long). The nineteen of 1.0.0 without the three that validation is
# better without: two that depend on the term asked for, and the terms of half a year, which the terms of all time hold.
# Elimination down to eleven fitted the validation and nothing else (CARD_LOOKS).
INPUTS = [
    Input("applicant.repayment_lag_last_days", +1, LATE),
    Input("applicant.repayment_lag_mean_60d_days", +1, LATE),
    Input("applicant.repayment_lag_mean_90d_days", +1, LATE),
    Input("applicant.repayment_lag_max_180d_days", +1, LATE),
    Input("applicant.repayment_lag_max_days", +1, LATE),
    Input("applicant.repayments_late_1d_share_90d", +1, LATE),
    Input("applicant.repayments_late_1d_share_180d", +1, LATE),
    Input("applicant.repayments_late_7d_share_90d", +1, LATE),
    Input("applicant.close_lag_max_90d_days", +1, CLOSED_LATE),
    Input("applicant.close_lag_max_180d_days", +1, CLOSED_LATE),
    Input("applicant.close_lag_max_days", +1, CLOSED_LATE),
    Input("applicant.close_lag_min_days", +1, CLOSED_LATE),
    Input("applicant.days_a_loan", -1, RECENT),
    Input("applicant.closed_term_sum_days", -1, SHORT),
    Input("applicant.amount_to_principal_max", +1, LARGE),
    Input("applicant.amount_to_principal_mean", +1, LARGE),
]

# Every time that somebody looked at the second part, for the card: a part that was looked at often is half a test.
CARD_LOOKS = """The second part was scored four times, and its figure is that much less of a test:

1. For 1.0.0, nineteen inputs: AUC 0.696.
2. For eleven inputs that backward elimination had left out of 33, liked best by validation (0.727): 0.686. It had fitted
   the validation.
3. For the sixteen inputs of now and the point of the grid with the best validated AUC: 0.692, with a Platt slope of 0.77,
   which validation itself had asked for: the trees had learnt noise.
4. For this model: the same inputs, grid and folds, chosen by validated log loss instead, and averaged with the scorecard
   because that lowered validated log loss for nearly all inputs and points of the grid that were tried.

Each step was taken for what validation said, but where to look next was not free of the second part: that AUC on so few
rows is not to be chosen by, and that the scorecard ranked better there than trees alone (0.698 and 0.686 the second time,
0.705 and 0.692 the third), was seen before the fourth. Later applications are the honest test."""

# The model beside it: what the applicant states, no behaviour. Facts are one column per word.
OWN_COLUMNS = ["application.amount_minor", "application.term_days", "application.age_years"]
OWN_COLUMNS_WITHOUT_TERM = ["application.amount_minor", "application.age_years"]
OWN_FACTS = ["employment", "education", "bankAccountType"]
# Looked at for fairness and never an input of the credit model.
FAIRNESS_FACTS = ["age band", "employment", "education", "bankAccountType"]
AGE_BANDS = [(0, 25), (25, 30), (30, 35), (35, 40), (40, 200)]
# Where the baseline policy stops approving (policies/baseline.json).
FAIRNESS_CUT = 0.26


def split(table: Table) -> Split:
    folds = [
        (
            np.flatnonzero(table.as_of < day_ms(start)),
            np.flatnonzero((table.as_of >= day_ms(start)) & (table.as_of < day_ms(end))),
        )
        for start, end in FOLDS
    ]
    train = np.flatnonzero(table.as_of < day_ms(TEST_FROM))
    return Split(train, np.flatnonzero(table.as_of >= day_ms(TEST_FROM)), folds)
