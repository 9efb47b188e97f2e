"""All that eval.py measured, and what it says of one model or of several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.metrics.melody import Metrics, lyrics_gain
from hw3_melody_generation import published, reports
from hw3_melody_generation.eval_windows import EvaluationWindows
from hw3_melody_generation.evaluation import PLAIN, Evaluation, Score
from hw3_melody_generation.reports import TRUTH
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.training_data import TrainingData


@dataclass(frozen=True)
class Results:
    """sampling: of the models. truth: what the true windows are like."""

    windows: EvaluationWindows
    sampling: Sampling
    truth: Metrics
    evaluations: tuple[Evaluation, ...]

    def folder(self, one: Evaluation) -> Path:
        """Where the results of a model go."""
        unusual = [
            f"{name}_{getattr(self.sampling, name):g}"
            for name in ("temperature", "guidance")
            if getattr(self.sampling, name) != getattr(PLAIN, name)
        ]
        return self.windows.results_folder(one.candidate.folder, *unusual)

    def metrics(self, one: Evaluation) -> Metrics:
        """Of a model, for metrics.json."""
        return one.metrics(self.windows, self.truth, self.sampling)

    def may_stand_beside_published(self, evaluations: Sequence[Evaluation]) -> bool:
        """Whether these are the literature's windows, and models that learnt from its training windows."""
        records = [TrainingData.load(one.candidate.folder) for one in evaluations]
        fair = all(record is not None and record.split == "paper" for record in records)
        return fair and self.windows.split == "paper" and published.is_comparable(self.truth)


def show(results: Results, evaluations: Sequence[Evaluation]) -> str:
    """What the screen shows of these models."""
    systems = {TRUTH: results.truth}
    systems |= {name: score.metrics for name, score in all_scores(evaluations).items()}
    lines = [reports.model_line(one.candidate.name, results.metrics(one)) for one in evaluations]
    parts = [results.windows.title, "\n".join(lines), *remarks(results, evaluations)]
    parts.append(reports.system_report(systems))
    if differences := paired_differences(evaluations):
        parts.append(reports.paired_report(evaluations[0].candidate.name, differences))
    parts += [variations_of(one, results) for one in evaluations if one.variations]
    if results.may_stand_beside_published(evaluations):
        models = list(systems)[-len(evaluations) :]
        parts.append(reports.published_report(systems, models))
    return "\n\n".join(parts)


def all_scores(evaluations: Sequence[Evaluation]) -> dict[str, Score]:
    """The baselines of these models, each once, then the models, by name."""
    scores: dict[str, Score] = {}
    seen: set[str] = set()
    for one in evaluations:
        if one.candidate.identity not in seen:
            of = f" of {one.candidate.name}" if seen else ""
            scores |= {f"{name}{of}": score for name, score in one.baselines.items()}
            seen.add(one.candidate.identity)
    for one in evaluations:  # of which one may be a baseline itself, and be called so
        name = one.candidate.name
        scores[f"{name} (model)" if name in scores else name] = one.main
    return scores


def remarks(results: Results, evaluations: Sequence[Evaluation]) -> list[str]:
    """What keeps the numbers from meaning what they seem to."""
    found = [
        reports.knows_test_windows(one.candidate.name)
        for one in evaluations
        if results.windows.trained_on_other_split(one.candidate.folder)
    ]
    return [*found, reports.NO_OTHER_SONGS] if results.windows.wrong_lyrics is None else found


def variations_of(one: Evaluation, results: Results) -> str:
    """The model, sampled as it was first and otherwise."""
    others = {name: score.metrics for name, score in one.variations.items()}
    return reports.variation_report(one.candidate.name, results.truth, one.main.metrics, others)


def paired_differences(evaluations: Sequence[Evaluation]) -> dict[str, tuple[float, float, float]]:
    """NLL of each further model less that of the first, with 95 % intervals over songs: value, low, high."""
    first, found = evaluations[0].main, {}
    for one in evaluations[1:]:
        if first.likelihoods and one.main.likelihoods:
            less = lyrics_gain(first.likelihoods.right, one.main.likelihoods.right)
            found[one.candidate.name] = (less.value, *less.interval(one.main.groups))
    return found
