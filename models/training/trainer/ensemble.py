"""The trees as plain columns: what both model.onnx and trees.json are written from."""

import json
from dataclasses import dataclass, field

import numpy as np
import xgboost as xgb


@dataclass
class Tree:
    """Node 0 is the root, children stand after their parents, a leaf has left = right = -1 (TreesSchema)."""

    feature: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    missing_left: list[bool] = field(default_factory=list)
    value: list[float] = field(default_factory=list)

    def add(self, feature: int, threshold: float, missing_left: bool, value: float) -> int:
        self.feature.append(feature)
        self.threshold.append(threshold)
        self.missing_left.append(missing_left)
        self.value.append(value)
        self.left.append(-1)
        self.right.append(-1)
        return len(self.feature) - 1

    def as_json(self) -> dict:
        return {
            "feature": self.feature,
            "threshold": self.threshold,
            "left": self.left,
            "right": self.right,
            "missingLeft": self.missing_left,
            "value": self.value,
        }


def trees_of(model: xgb.Booster, base: np.float32) -> list[Tree]:
    """The base margin as a tree of one leaf, then the trees of the booster: summed in float32 in this order they give
    the margin of XGBoost to the bit."""
    first = Tree()
    first.add(0, 0.0, True, float(base))
    learner = json.loads(model.save_raw("json"))["learner"]
    return [first, *(_tree(dump) for dump in learner["gradient_booster"]["model"]["trees"])]


def _tree(dump: dict) -> Tree:
    tree = Tree()

    def copy(source: int) -> int:
        left, right = dump["left_children"][source], dump["right_children"][source]
        # A leaf keeps its value where a split keeps its threshold. Both are float32, exact as doubles.
        condition = float(np.float32(dump["split_conditions"][source]))
        if left < 0:
            return tree.add(0, 0.0, True, condition)
        node = tree.add(dump["split_indices"][source], condition, bool(dump["default_left"][source]), 0.0)
        tree.left[node] = copy(left)
        tree.right[node] = copy(right)
        return node

    copy(0)
    return tree


def sum_trees(trees: list[Tree], rows: np.ndarray) -> np.ndarray:
    """The obvious margin of each row, tree after tree in float32; `treeMargin` in src/inference/attribution.ts does the same."""
    margin = np.zeros(len(rows), np.float32)
    for tree in trees:
        margin += np.array(tree.value, np.float32)[leaves(tree, rows)]
    return margin


def leaves(tree: Tree, rows: np.ndarray) -> np.ndarray:
    """The node that each row ends in."""
    feature, left, right = np.array(tree.feature), np.array(tree.left), np.array(tree.right)
    threshold, missing_left = np.array(tree.threshold, np.float32), np.array(tree.missing_left)
    node = np.zeros(len(rows), np.int64)
    while (inner := left[node] >= 0).any():
        value = rows[np.arange(len(rows)), feature[node]]
        to_left = np.where(np.isnan(value), missing_left[node], value < threshold[node])
        node = np.where(inner, np.where(to_left, left[node], right[node]), node)
    return node
