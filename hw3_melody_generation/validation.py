"""What train.py says at the end: the finished model on the validation windows, the baselines beside it."""

from __future__ import annotations

from pathlib import Path

from common.metrics.melody import Metrics, best_rest_threshold
from hw3_melody_generation.data import TrainingSplits
from hw3_melody_generation.eval_systems import load_candidate
from hw3_melody_generation.eval_windows import EvaluationWindows
from hw3_melody_generation.evaluation import PLAIN, describe_truth, score_candidate
from hw3_melody_generation.rest_thresholds import MODEL, save_rest_thresholds


def validate(
    folder: Path, splits: TrainingSplits, *, data: Path, split: str, device: str
) -> dict[str, Metrics]:
    """Metrics of the true validation windows, of the baselines and of the model in `folder`, by name.

    Chooses on them, and writes into `folder`, from which probability on a rest is expected.
    """
    windows = EvaluationWindows.of(
        splits.valid_windows, data, split=split, quarters_per_beat=splits.quarters_per_beat
    )
    candidate = load_candidate(folder.name, folder, device=device)
    scores = score_candidate(candidate, windows, sampling=PLAIN)
    told = {MODEL: scores.main, **scores.baselines}
    likelihoods = {name: score.likelihoods for name, score in told.items() if score.likelihoods}
    thresholds = {
        name: best_rest_threshold(each.rest, windows.truth.rest) for name, each in likelihoods.items()
    }
    save_rest_thresholds(folder, thresholds)
    baselines = {name: score.metrics for name, score in scores.baselines.items()}
    return {"truth": describe_truth(windows), **baselines, candidate.name: scores.main.metrics}
