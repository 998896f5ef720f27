"""What a role has to say about itself, so that one pipeline trains them all. See README.md, “A role”."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from trainer.table import Table


@dataclass(frozen=True)
class Input:
    name: str
    # +1: the probability never falls when the input rises; -1: it never rises.
    monotone: int
    # Reason code that its contribution counts towards; src/domain/reasons.ts has the words.
    group: str


@dataclass(frozen=True)
class Recipe:
    """All that validation chose. Without a `penalty` there is no scorecard; `weight` is its part of the average."""

    inputs: list[Input]
    params: dict
    penalty: float | None
    weight: float


Fold = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Split:
    """Row numbers of the table. `folds`: pairs of rows to train and to validate on, all of them within `train`."""

    train: np.ndarray
    test: np.ndarray
    folds: list[Fold]


class Spec(Protocol):
    """A module such as trainer/credit.py: every choice of the role stands there, and nowhere else."""

    NAME: str
    NOTICE: str | None
    PRODUCTS: list[str]
    CURRENCIES: list[str]
    SCORE_SCALE: dict[str, int]
    SEED: int
    # Parameters of XGBoost that were not searched, and the points that were.
    FIXED: dict
    GRID: list[dict]
    # What the grid is judged by in validation: auc or logLoss.
    CRITERION: str
    INPUTS: list[Input]
    # Weights that a scorecard may have in an average with the trees. None: the role has no scorecard.
    SCORECARD_WEIGHTS: list[float] | None
    # First entries of `training` in the manifest: which rows trained.
    WINDOW: dict
    # Whether a Platt calibration is tried. It is kept only where it improves validation.
    CALIBRATE: bool
    # Whether the model that ships learns from all rows, after the recipe was measured on the test part.
    REFIT: bool
    # Rows between those that parity is proven on: every row where this is 1.
    PARITY_EVERY: int

    def split(self, table: Table) -> Split: ...


@dataclass(frozen=True)
class Report:
    """`fingerprints`: sha256 of further tables. `files`: further files of the folder. `card`: from the manifest, its text."""

    metrics: dict
    card: Callable[[dict], str]
    fingerprints: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


class Role(Protocol):
    """A module such as trainer/credit_report.py: how the role is measured and told, and which options it needs."""

    SPEC: Spec

    def add_options(self, parser: argparse.ArgumentParser) -> None: ...

    def report(self, run: "Run") -> Report: ...  # noqa: F821, trainer/pipeline.py
