"""Hyper-parameters by cross-validation that keeps the notes of an instrument together.

A fold that held half the notes of an instrument would ask "which piano is it", and the answer would choose a
model that knows its training instruments by heart.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy.optimize import minimize_scalar
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from common.cli import UserError
from hw0_note_classification.note_index import FAMILIES
from hw0_note_classification.traditional.config import TraditionalConfig
from hw0_note_classification.traditional.estimators import Parameters, candidates, fit_predictor
from hw0_note_classification.traditional.feature_table import FeatureTable
from hw0_note_classification.traditional.member import Member, fit_normalizer, softmax
from hw0_note_classification.traditional.selection import select

HOTTEST = 100.0  # temperatures are looked for between this and its inverse


@dataclass(frozen=True)
class Plan:
    """A model to find parameters for: the feature it sees ("" for all), and where that is in the table."""

    model: str
    feature: str
    inputs: np.ndarray

    @property
    def name(self) -> str:
        return f"{self.model} on {self.feature}" if self.feature else self.model


@dataclass(frozen=True)
class Found:
    """What a search has found: the model fitted with the best parameters, and a row for each ones tried."""

    plan: Plan
    member: Member
    parameters: Parameters
    rows: list[dict[str, Any]]

    def record(self) -> dict[str, Any]:
        """For search.json. Scores are top-1 accuracy, the mean and standard deviation over the folds."""
        best = max(row["score"] for row in self.rows)
        return {
            "model": self.plan.model,
            "feature": self.plan.feature,
            "chosen": self.parameters,
            "score": best,
            "temperature": self.member.temperature,
            "columns": len(self.member.selected),
            "candidates": self.rows,
        }


def fit_member(
    plan: Plan, table: FeatureTable, parameters: Parameters, config: TraditionalConfig, *, jobs: int = 1
) -> Member:
    """Learn normalization, selection and model from the rows of `table` and from nothing else.

    Errors: UserError for notes of one family only.
    """
    features, targets = table.features[:, plan.inputs], table.targets
    families, classes = np.unique(targets, return_inverse=True)
    if len(families) < 2:
        raise UserError("the training notes are of one family only; give notes of two families or more")
    normalizer = fit_normalizer(config.normalization, features)
    if normalizer is not None:
        features = normalizer.transform(features)
    selected = select(config.selection, config.selection_size, features, classes, seed=config.seed)
    # One thread: several that wait for each other stand still as soon as another program runs on their cores.
    with threadpool_limits(limits=1, user_api="openmp"):
        predictor = fit_predictor(plan.model, features[:, selected], classes, parameters, config, jobs=jobs)
    return Member(
        model=plan.model,
        inputs=plan.inputs,
        normalization=config.normalization,
        normalizer=normalizer,
        selected=selected,
        predictor=predictor,
        families=families,
    )


def search(plan: Plan, table: FeatureTable, config: TraditionalConfig) -> Found:
    """Try all candidates on the folds, calibrate the best, and fit it on the whole table.

    Errors: UserError where the notes are of too few instruments for two folds.
    """
    searched = table.rows(drawn(len(table.targets), config.search_notes, config.seed))
    folds = grouped_folds(searched, config)
    smallest = min(len(training) for training, _ in folds)
    tried = candidates(plan.model, config, smallest_fold=smallest)
    results = cross_validate(plan, searched, folds, tried, config)
    accuracy = np.array([[fold_accuracy for fold_accuracy, _ in of_folds] for of_folds in results])
    best = int(accuracy.mean(axis=1).argmax())  # of equals the first, the usual one
    targets = np.concatenate([searched.targets[held_out] for _, held_out in folds])
    temperature = fit_temperature(np.concatenate([scores for _, scores in results[best]]), targets)
    with quiet_fits():
        member = fit_member(plan, table, tried[best], config, jobs=config.jobs)
    rows = [
        parameters | {"score": float(scores.mean()), "std": float(scores.std())}
        for parameters, scores in zip(tried, accuracy, strict=True)
    ]
    return Found(plan, replace(member, temperature=temperature), tried[best], rows)


def drawn(count: int, most: int, seed: int) -> np.ndarray:
    """`most` of `count` positions (0: all), drawn at random, in order."""
    if most in (0, count) or most > count:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def grouped_folds(table: FeatureTable, config: TraditionalConfig) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to train on and rows held out, for each fold; families in like shares, no instrument in both.

    Errors: UserError for less than two instruments, or less than two families in what remains to train on.
    """
    count = min(config.folds, len(np.unique(table.groups)), int(np.bincount(table.targets).max()))
    if count < 2:
        raise UserError("cross-validation needs notes of at least 2 instruments; give more training notes")
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=config.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a family of few notes is in some folds only: known
        folds = list(splitter.split(table.features, table.targets, table.groups))
    usable = [
        (training, held_out)
        for training, held_out in folds
        if len(held_out) and len(np.unique(table.targets[training])) > 1
    ]
    if not usable:
        raise UserError("too few instruments to validate on others than trained on; give more training notes")
    return usable


def cross_validate(
    plan: Plan, table: FeatureTable, folds: list, tried: list[Parameters], config: TraditionalConfig
) -> list[list[tuple[float, np.ndarray]]]:
    """For each candidate and fold: the accuracy on what was held out, and the scores there (rows, 11).

    Threads, because the fits are compiled code and share the table. `joblib.parallel_config` moves the work
    to a Dask or Ray cluster instead.
    """
    tasks = (
        delayed(validate_fold)(plan, table, fold, parameters, config)
        for parameters in tried
        for fold in folds
    )
    with quiet_fits(), threadpool_limits(limits=1, user_api="blas"):
        results = Parallel(n_jobs=config.jobs, prefer="threads", return_as="generator")(tasks)
        total = len(tried) * len(folds)
        shown = {"desc": f"search of {plan.name}", "unit": " fits", "leave": False}
        results = list(tqdm(results, total=total, disable=None, **shown))
    return [results[first : first + len(folds)] for first in range(0, total, len(folds))]


def validate_fold(
    plan: Plan,
    table: FeatureTable,
    fold: tuple[np.ndarray, np.ndarray],
    parameters: Parameters,
    config: TraditionalConfig,
) -> tuple[float, np.ndarray]:
    """Fit on the training rows of a fold; accuracy and scores (rows, 11) of the others.

    A family without training notes scores minus infinity.
    """
    training, held_out = fold
    member = fit_member(plan, table.rows(training), parameters, config)
    scores = np.full((len(held_out), len(FAMILIES)), -np.inf)
    scores[:, member.families] = member.scores(table.features[held_out])
    return float((scores.argmax(axis=1) == table.targets[held_out]).mean()), scores


def fit_temperature(scores: np.ndarray, targets: np.ndarray) -> float:
    """The temperature at which softmax(scores / temperature) has the least cross-entropy with the targets.

    scores (items, classes), of items that the model was not trained on. A score of minus infinity is a class
    that the model did not know: items of it are left out.
    Source: Guo et al., "On Calibration of Modern Neural Networks" (2017), section 4.2.
    """
    known = np.isfinite(scores[np.arange(len(targets)), targets])
    scores, targets = scores[known], targets[known]
    if len(targets) == 0:
        return 1.0
    rows = np.arange(len(targets))

    def cross_entropy(log_temperature: float) -> float:
        probabilities = softmax(scores / np.exp(log_temperature))
        return -float(np.log(np.maximum(probabilities[rows, targets], 1e-300)).mean())

    limit = np.log(HOTTEST)
    return float(np.exp(minimize_scalar(cross_entropy, bounds=(-limit, limit), method="bounded").x))


class quiet_fits(warnings.catch_warnings):
    """Without the warning of solvers stopped before the last digits, which accuracy does not notice."""

    def __enter__(self):
        entered = super().__enter__()
        warnings.simplefilter("ignore", ConvergenceWarning)
        return entered
