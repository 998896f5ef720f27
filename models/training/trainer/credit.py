"""What the credit model is: inputs, what they may do, windows and grid. Everything that is a choice stands here."""

from dataclasses import dataclass

NAME = "credit"
OWNER = "credit risk (assay maintainers)"
PRODUCTS = ["cash"]
CURRENCIES = ["NGN"]
SCORE_SCALE = {"baseScore": 600, "baseOdds": 50, "pointsToDouble": 20}

# Applications before this day train, the rest is looked at once, for the card.
TEST_FROM = "2017-07-15"
# Expanding windows within the training part: train before the first day, validate up to the second.
FOLDS = [
    ("2017-07-06", "2017-07-08"),
    ("2017-07-08", "2017-07-10"),
    ("2017-07-10", "2017-07-12"),
    ("2017-07-12", "2017-07-15"),
]

SEED = 7
FIXED = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "subsample": 0.7,
    "colsample_bytree": 0.5,
    "nthread": 1,
    "seed": SEED,
}
GRID = [
    {"max_depth": depth, "eta": eta, "rounds": rounds, "min_child_weight": weight, "reg_lambda": penalty}
    for depth in (2, 3)
    for eta, rounds in ((0.03, 200), (0.05, 100), (0.05, 150))
    for weight in (10, 30)
    for penalty in (3, 10)
]


@dataclass(frozen=True)
class Input:
    name: str
    # +1: the probability of default never falls when the input rises; -1: it never rises.
    monotone: int
    # Reason code that its contribution counts towards; src/domain/reasons.ts has the words.
    group: str


LATE, CLOSED_LATE, RECENT, SHORT, LARGE = "R101", "R102", "R120", "R130", "R132"

# Every input is constrained to the direction in which its reason is true: a contribution can then never be told as its
# opposite ("short history" because the history is long). In time-ordered validation this cost nothing.
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
    Input("applicant.closed_term_sum_180d_days", -1, SHORT),
    Input("applicant.amount_to_principal_max", +1, LARGE),
    Input("applicant.amount_to_principal_mean", +1, LARGE),
    Input("applicant.term_to_term_mean", +1, LARGE),
    Input("applicant.term_to_term_mean_180d", +1, LARGE),
]

# The model beside it: what the applicant states, no behaviour. Facts are one column per word.
OWN_COLUMNS = ["application.amount_minor", "application.term_days", "application.age_years"]
OWN_COLUMNS_WITHOUT_TERM = ["application.amount_minor", "application.age_years"]
OWN_FACTS = ["employment", "education", "bankAccountType"]
# Looked at for fairness and never an input of the credit model.
FAIRNESS_FACTS = ["age band", "employment", "education", "bankAccountType"]
