"""What eval.py scores: a model, and beside it random, Markov and retrieved melodies of its training data.

A system answers the lyrics of the test windows (`sample`). If it has a likelihood, it says how likely the
true melodies are, with their lyrics and with those of other songs (`likelihoods`). Where the bars of a window
are known, its melody is made in them. Beats of the data become beats of the model, and back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.cli import UserError
from hw3_melody_generation.baselines import TENSORS, load_baselines
from hw3_melody_generation.eval_windows import EvaluationWindows
from hw3_melody_generation.melody_generator import MelodyGenerator, load_generator
from hw3_melody_generation.rest_thresholds import MODEL, USUAL, load_rest_thresholds
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.songs import Melody, Song


@dataclass(frozen=True)
class Candidate:
    """A model that is evaluated. baselines: by name; those of two models with one `identity` are the same."""

    name: str
    folder: Path
    generator: MelodyGenerator
    baselines: dict[str, MelodyGenerator]
    identity: str

    @property
    def parameters(self) -> int:
        """How many numbers the model has learnt."""
        return sum(weight.numel() for weight in self.generator.model.parameters())


@dataclass(frozen=True)
class Likelihoods:
    """Log-probabilities of the true notes, (W, T, 3) nats: given their lyrics, and given other songs'.

    rest (W, T): the probability of any rest before each note, given the true notes before it. wrong is None
    where lyrics cannot be shuffled.
    """

    right: NDArray[np.float32]
    wrong: NDArray[np.float32] | None
    rest: NDArray[np.float32]


def load_candidate(name: str, folder: Path, *, device: str) -> Candidate:
    """The model in `folder` with its baselines. Errors: UserError."""
    generator = load_generator(folder, device=device)
    baselines = {key: generator.like(model, key) for key, model in load_baselines(folder).items()}
    thresholds = load_rest_thresholds(folder)
    for key, system in {MODEL: generator, **baselines}.items():
        system.rest_threshold = thresholds.get(key, USUAL)
    identity = hashlib.sha256((folder / TENSORS).read_bytes()).hexdigest()
    return Candidate(name, folder, generator, baselines, identity)


def sample(
    generator: MelodyGenerator, windows: EvaluationWindows, sampling: Sampling, *, seed: int
) -> list[Melody]:
    """A melody for each of the sampled windows, from its lyrics and its bars, in beats of the data."""
    songs = _in_beats_of(generator, windows, windows.sampled_songs)
    lyrics, metres = [song.lyrics for song in songs], [song.melody.metre for song in songs]
    melodies = generator.generate(lyrics, sampling=sampling, seed=seed, metre=metres)
    back = generator.quarters_per_beat / windows.quarters_per_beat
    return [melody.scaled(back) for melody in melodies]


def likelihoods(generator: MelodyGenerator, windows: EvaluationWindows) -> Likelihoods | None:
    """Of all true windows; None for a model that does not tell. Errors: UserError for what is no number."""
    if not generator.has_likelihood:
        return None
    songs = _in_beats_of(generator, windows, windows.songs)
    right = generator.log_probability(songs)
    wrong = windows.wrong_lyrics and generator.log_probability(songs, lyrics=windows.wrong_lyrics)
    rest = generator.rest_probability(songs)
    for values in (right, wrong, rest):
        if values is not None and not np.isfinite(values).all():
            raise UserError(f"{generator.name}: the model gives NaN or infinite probabilities; train again")
    return Likelihoods(right, wrong, rest)


def alignment(
    generator: MelodyGenerator, windows: EvaluationWindows, song: Song
) -> NDArray[np.float32] | None:
    """Where each note of `song`, one of the windows, looks: (layers, heads, notes, syllables), or None."""
    try:
        return generator.alignment(*_in_beats_of(generator, windows, [song]))
    except NotImplementedError:
        return None


def outside_vocabulary(generator: MelodyGenerator, windows: EvaluationWindows) -> float:
    """The share of true notes whose duration or rest the model does not know, and takes for the nearest."""
    changed = []
    for song in _in_beats_of(generator, windows, windows.songs):
        melody, known = song.melody, generator.vocabulary.melody(generator.vocabulary.codes(song.melody))
        same = np.isclose(melody.duration, known.duration) & np.isclose(melody.rest, known.rest)
        changed.append(~same)
    return float(np.mean(changed))


def _in_beats_of(generator: MelodyGenerator, windows: EvaluationWindows, songs: Sequence[Song]) -> list[Song]:
    factor = windows.quarters_per_beat / generator.quarters_per_beat
    return [replace(song, melody=song.melody.scaled(factor)) for song in songs]
