"""Training of a traditional model: features, search, fit, validation, all kept in the run folder.

config.json, model.safetensors   the model (classifier.py)
search.json                      each candidate's score, and what was chosen
figures/search_<model>.png       the same as curves
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sklearn

from common.cli import UserError
from common.metrics.classification import Metrics, evaluate
from common.plots import save, search_figure
from common.run_folder import RunFolder, write_atomically
from common.run_folder.files import json_bytes
from hw0_note_classification.note_index import FAMILIES, NoteIndex
from hw0_note_classification.traditional.classifier import TraditionalClassifier
from hw0_note_classification.traditional.config import ModelName, TraditionalConfig
from hw0_note_classification.traditional.feature_table import FeatureTable, feature_table
from hw0_note_classification.traditional.features import FeatureExtractor
from hw0_note_classification.traditional.search import Found, Plan, drawn, search


def fit_traditional(
    model: ModelName, train: NoteIndex, valid: NoteIndex, *, config: TraditionalConfig, run: RunFolder
) -> Metrics:
    """Tune, fit and save `model`; its metrics on `valid` (see common.metrics.classification.evaluate).

    Parameters are chosen on training notes alone; `valid` is measured once, at the end.
    Errors: UserError for options that do not go together, notes of too few instruments or families, and
    features that are NaN or infinite.
    """
    config.check_model(model)
    train_counts = train.class_counts()  # before any drawing: the baselines are those of the data set
    settings = config.feature_settings()
    extractor = FeatureExtractor(settings)
    cache = config.feature_cache or run.path.absolute().parent / "feature_cache"
    training = feature_table(training_notes(train, config), extractor, cache=cache, jobs=config.jobs)
    validation = feature_table(valid, extractor, cache=cache, jobs=config.jobs)
    for table, index in ((training, train), (validation, valid)):
        if len(table.targets) == 0:
            raise UserError(f"{index.folder}: no recording can be read; unpack the data set again")
    found = [search(plan, training, config) for plan in plans(model, config, extractor)]
    members = [result.member for result in found]
    classifier = TraditionalClassifier(model, settings, members, config.fusion)
    classifier.save(run.path, trained_with=_notes_on(found, training, config))
    save_search(run.path, found)
    return evaluate(
        validation.targets,
        classifier.probabilities_of_features(validation.features),
        labels=FAMILIES,
        train_counts=train_counts,
        groups=validation.groups,
        seed=config.seed,
    )


def training_notes(index: NoteIndex, config: TraditionalConfig) -> NoteIndex:
    """The notes that --balance and --max-notes leave."""
    if config.balance:
        index = index.subset(balanced(index.family, config.seed))
    return index.subset(drawn(len(index), config.max_notes, config.seed))


def balanced(targets: np.ndarray, seed: int) -> np.ndarray:
    """Positions of equally many items of each class that has any: as many as the rarest has, at random."""
    rng = np.random.default_rng(seed)
    classes, counts = np.unique(targets, return_counts=True)
    of_class = [np.flatnonzero(targets == number) for number in classes]
    kept = [rng.choice(positions, counts.min(), replace=False) for positions in of_class]
    return np.sort(np.concatenate(kept))


def plans(model: ModelName, config: TraditionalConfig, extractor: FeatureExtractor) -> list[Plan]:
    """The models to fit: one on all features; late fusion fits several on all, or one on each feature."""
    columns = np.arange(extractor.num_columns)
    if config.fusion == "early" or config.members:
        return [Plan(name, "", columns) for name in (model, *config.members)]
    return [Plan(model, feature, columns[part]) for feature, part in extractor.columns.items()]


def save_search(folder: Path, found: list[Found]) -> None:
    """Write search.json, and a figure for each search that had more than one candidate."""
    record = {"score": "top-1 accuracy on held-out instruments", "searches": [r.record() for r in found]}
    write_atomically(folder / "search.json", json_bytes(record))
    for result in found:
        if len(result.rows) < 2:
            continue
        parameter, *second = result.parameters
        figure = search_figure(
            result.rows,
            parameter=parameter,
            curve=second[0] if second else None,
            score_label="top-1 accuracy on held-out instruments",
        )
        save(figure, folder / "figures" / f"search_{result.plan.name.replace(' ', '_')}.png")


def _notes_on(found: list[Found], training: FeatureTable, config: TraditionalConfig) -> dict:
    return {
        "scikit-learn": sklearn.__version__,
        "notes": len(training.targets),
        "instruments": len(np.unique(training.groups)),
        "columns": [len(result.member.selected) for result in found],
        "parameters": [result.parameters for result in found],
        "search_score": [result.record()["score"] for result in found],
        "penalty": config.penalty,
        "kernel": config.kernel,
        "selection": config.selection,
    }
