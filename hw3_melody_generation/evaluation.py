"""The scores of a model and of what stands beside it, under flat keys.

key in metrics.json       what is scored
(none)                    the model, as asked for
truth_                    the test windows themselves
random_, markov_,         the baselines of the model's run folder, which do not see the lyrics
retrieval_
temperature_0_8_, ...     the same model, sampled otherwise
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from common.metrics.melody import Metrics, Windows, describe, evaluate
from common.training_data import folder_name
from hw3_melody_generation.eval_systems import (
    Candidate,
    Likelihoods,
    likelihoods,
    outside_vocabulary,
    sample,
)
from hw3_melody_generation.eval_windows import EvaluationWindows
from hw3_melody_generation.melody_generator import MelodyGenerator
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.songs import Melody

PLAIN = Sampling()  # what the measures of the literature are taken at


@dataclass(frozen=True)
class Score:
    """What a system made for the sampled windows, and all that was measured.

    groups: the songs of all windows, which `likelihoods` are of. seconds: that making the melodies took.
    """

    melodies: list[Melody]
    windows: Windows
    groups: list[str]
    metrics: Metrics
    likelihoods: Likelihoods | None
    seconds: float


@dataclass(frozen=True)
class Variation:
    """Another way to sample: `title` as the tables have it, such as "guidance 1.5"."""

    title: str
    sampling: Sampling

    @property
    def key(self) -> str:
        """Of metrics.json."""
        return re.sub(r"\W", "_", self.title)


@dataclass(frozen=True)
class Evaluation:
    """A model that was scored: itself, its baselines by name, and its variations by title."""

    candidate: Candidate
    main: Score
    baselines: dict[str, Score]
    variations: dict[str, Score] = field(default_factory=dict)

    def metrics(self, windows: EvaluationWindows, truth: Metrics, sampling: Sampling) -> Metrics:
        """All scores under flat keys."""
        metrics = {
            "data": folder_name(windows.data),
            "split": windows.split,
            "is_mini_data": windows.is_mini,
            "is_quick_look": windows.is_part,
            "trained_on_other_split": windows.trained_on_other_split(self.candidate.folder),
            "num_sampled_windows": len(windows.sampled),
            "temperature": sampling.temperature,
            "guidance": sampling.guidance,
            "parameters": self.candidate.parameters,
            "outside_vocabulary": outside_vocabulary(self.candidate.generator, windows),
            "seconds": round(self.main.seconds, 3),
        } | self.main.metrics
        others = {"truth": truth, **{name: score.metrics for name, score in self.baselines.items()}}
        others |= {Variation(name, PLAIN).key: score.metrics for name, score in self.variations.items()}
        return metrics | prefixed(others)


def score_candidate(
    candidate: Candidate,
    windows: EvaluationWindows,
    *,
    sampling: Sampling,
    variations: Sequence[Variation] = (),
    seed: int = 0,
    known: Mapping[str, dict[str, Score]] | None = None,
    progress: Callable[[int], object] = lambda systems: None,
) -> Evaluation:
    """Score a model and all that stands beside it; baselines, in `known` by identity, only once.

    Baselines are sampled as they are, whatever `sampling` the model has. progress: called with the number of
    systems that are done.
    """
    baselines = dict((known or {}).get(candidate.identity, {}))
    progress(len(baselines))
    for name, generator in candidate.baselines.items():
        if name not in baselines:
            baselines[name] = score(generator, windows, PLAIN, seed=seed)
            progress(1)
    main = score(candidate.generator, windows, sampling, seed=seed)
    progress(1)
    others = {}
    for each in variations:
        others[each.title] = score(candidate.generator, windows, each.sampling, seed=seed, likelihood=False)
        progress(1)
    return Evaluation(candidate, main, baselines, others)


def score(
    generator: MelodyGenerator,
    windows: EvaluationWindows,
    sampling: Sampling,
    *,
    seed: int,
    likelihood: bool = True,
) -> Score:
    """Score one system: its melodies, and unless that is not wanted its likelihoods."""
    told = likelihoods(generator, windows) if likelihood else None
    begin = time.perf_counter()
    melodies = sample(generator, windows, sampling, seed=seed)
    seconds = time.perf_counter() - begin
    made = windows.as_windows(melodies)
    groups = [windows.groups[place] for place in windows.sampled]
    metrics = evaluate(made, windows.sampled_truth, groups=groups)
    if told is not None:
        metrics |= evaluate(
            None,
            windows.truth,
            groups=windows.groups,
            log_probability=told.right,
            wrong_lyrics=told.wrong,
            rest_probability=told.rest,
            rest_threshold=generator.rest_threshold,
        )
    return Score(melodies, made, windows.groups, metrics, told, seconds)


def describe_truth(windows: EvaluationWindows) -> Metrics:
    """What the true windows that are sampled are like."""
    groups = [windows.groups[place] for place in windows.sampled]
    return describe(windows.sampled_truth, groups=groups)


def prefixed(systems: Mapping[str, Metrics]) -> Metrics:
    """The metrics of several systems in one dict, each key with its system's before."""
    return {f"{name}_{key}": value for name, metrics in systems.items() for key, value in metrics.items()}
