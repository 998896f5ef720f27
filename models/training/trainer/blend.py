"""The average of a booster and a scorecard, as trees: one more tree for each input of the scorecard."""

from dataclasses import replace

import numpy as np

from trainer.boosting import out_of_fold
from trainer.ensemble import Tree
from trainer.metrics import auc, log_loss, sigmoid
from trainer.scorecard import Scorecard, scorecards_out_of_fold
from trainer.spec import Fold, Input


def scorecard_trees(card: Scorecard, inputs: list[Input], lows: list[float]) -> list[Tree]:
    """A tree for each input. Its root parts only the missing: no value that may be scored lies below the range."""
    return [
        _input_tree(inputs.index(column), lows[inputs.index(column)], card.edges[index], card.values[index], card.missing[index])
        for index, column in enumerate(card.inputs)
    ]


def _input_tree(feature: int, low: float, edges: np.ndarray, values: np.ndarray, missing: float) -> Tree:
    tree = Tree()

    def halve(start: int, end: int) -> int:
        """The bins from start to end, both included."""
        if start == end:
            return tree.add(0, 0.0, True, float(values[start]))
        middle = (start + end) // 2
        node = tree.add(feature, float(edges[middle]), False, 0.0)
        tree.left[node] = halve(start, middle)
        tree.right[node] = halve(middle + 1, end)
        return node

    root = tree.add(feature, float(np.float32(low)), True, 0.0)
    tree.left[root] = tree.add(0, 0.0, True, missing)
    tree.right[root] = halve(0, len(edges))
    return tree


def weighed(booster: list[Tree], card: list[Tree], intercept: float, weight: float) -> list[Tree]:
    """Both margins, with the weight of the scorecard and the rest. The first tree stays the constant."""
    first, *others = booster
    constant = replace(first, value=[(1 - weight) * first.value[0] + weight * intercept])
    return [constant, *(_times(tree, 1 - weight) for tree in others), *(_times(tree, weight) for tree in card)]


def _times(tree: Tree, factor: float) -> Tree:
    return replace(tree, value=[value * factor for value in tree.value])


def choose_weight(
    inputs: list[Input], rows: np.ndarray, bad: np.ndarray, folds: list[Fold], params: dict, penalty: float, weights: list[float]
) -> tuple[float, list[dict]]:
    """The weight of the scorecard with the least log loss over the folds; the first of equals."""
    grown = np.concatenate(out_of_fold(rows, bad, folds, params, [column.monotone for column in inputs]))
    card = np.concatenate(scorecards_out_of_fold(inputs, rows, bad, folds, penalty))
    seen = np.concatenate([bad[validate] for _, validate in folds])
    tried = []
    for weight in weights:
        margin = (1 - weight) * grown + weight * card
        told = {"auc": auc(seen, margin), "logLoss": log_loss(seen, sigmoid(margin))}
        tried.append({"weight": weight, **{name: round(value, 6) for name, value in told.items()}})
    return min(tried, key=lambda point: (point["logLoss"], point["weight"]))["weight"], tried


def blended_out_of_fold(
    inputs: list[Input], rows: np.ndarray, bad: np.ndarray, folds: list[Fold], params: dict, penalty: float | None, weight: float
) -> list[np.ndarray]:
    found = out_of_fold(rows, bad, folds, params, [column.monotone for column in inputs])
    if penalty is None or weight == 0:
        return found
    cards = scorecards_out_of_fold(inputs, rows, bad, folds, penalty)
    return [(1 - weight) * margin + weight * card for margin, card in zip(found, cards, strict=True)]
