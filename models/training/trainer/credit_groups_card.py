"""The part of a card about groups."""

from trainer.credit import FAIRNESS_CUT
from trainer.fairness import MIN_ROWS, RESAMPLES


def groups(found: list[dict], rows: int) -> str:
    return f"""## Fairness, out of time

None of these facts is an input; they were looked at beside the {rows} rows. Approved: probability below {FAIRNESS_CUT}, where the baseline policy
stops approving. Everything is against the biggest known group of the same fact (marked *): the ratio of approvals (under
0.80 is a screening line, not a verdict), the gap of the score in standard deviations of points (beyond ± 0.3 is worth a
look; negative is lower), and the gap in approvals among those that proved good (equal opportunity), each with a 95 %
bootstrap interval, {RESAMPLES:,} resamples.

| fact | group | rows | approved | ratio | score gap | opportunity gap | told | bad | AUC |
|---|---|---|---|---|---|---|---|---|---|
{chr(10).join(_line(group) for group in found)}

{_summary(found)}
**Small samples.** Below {MIN_ROWS} rows nothing is shown, and a group of a hundred moves its ratio by about 0.1 by chance: read the
intervals, not the ratios. With this many groups one in twenty intervals misses equality by chance alone. Sex, region and
disability are not in the data: nothing is known about them."""


def _line(group: dict) -> str:
    head = f"| {group['fact']} | {group['group']}{' *' if group['reference'] else ''} | {group['rows']}"
    if "ratio" not in group:
        return f"{head} | too few | | | | | | |"
    if group["reference"]:
        gaps = "1 | 0 | 0"
    else:
        gaps = " | ".join(
            f"{group[key]:{form}} ({group[f'{key}Interval'][0]:{form}} – {group[f'{key}Interval'][1]:{form}})"
            for key, form in (("ratio", ".2f"), ("scoreGap", "+.2f"), ("opportunityGap", "+.1%"))
        )
    return f"{head} | {group['approved']:.1%} | {gaps} | {group['told']:.1%} | {group['badRate']:.1%} | {group['auc']:.3f} |"


def _summary(found: list[dict]) -> str:
    measured = [group for group in found if "ratio" in group and not group["reference"]]

    def named(of: list[dict]) -> str:
        return ", ".join(f"{group['fact']} {group['group']}" for group in of) or "none"

    low = [group for group in measured if group["ratio"] < 0.8]
    sure = [group for group in measured if group["opportunityGapInterval"][1] < 0]
    far = [group for group in measured if abs(group["scoreGap"]) > 0.3]
    return f"""Ratio under 0.80: {named(low)}. Score gap beyond 0.3: {named(far)}. Good customers approved less often, and the interval does not
hold equality: {named(sure)}.
"""
