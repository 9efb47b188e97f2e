"""One song against one way of separating it: scores and an excerpt, whatever the length of the song.

Estimates come as *pieces* (names, 2, samples), one after the other, in the chunks that infer.py takes; the
truth is read beside them, and neither is held. What is scored together is named by its *targets*, as the
targets of a model are: ("vocals",) stands for vocals and accompaniment. That matters, because a window has no
SDR where any of them is silent. All estimates that are none of the targets make up the last output, so a
model of four stems can be compared with one of vocals.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from common.audio_blocks import Stretches
from common.metrics.separation import (
    BssEval,
    Correlations,
    Metrics,
    Scores,
    SongScorer,
    WindowScorer,
    bss_metrics,
    song_metrics,
)
from hw2_source_separation.oracle import ideal_ratio_mask_blocks
from hw2_source_separation.separator import Refinement, Separator, with_new_phase
from hw2_source_separation.song_levels import blocks_of
from hw2_source_separation.songs import Song
from hw2_source_separation.stems import MIXTURE, REST, members, outputs
from hw2_source_separation.stft import stft
from hw2_source_separation.streaming import Chunks, Estimates, separate_chunks

Targets = tuple[str, ...]
Progress = Callable[[float], object]  # is told how many seconds of music more are done


class Excerpt(NamedTuple):
    """A part of a song, in samples."""

    start: int
    frames: int


class Bounds(NamedTuple):
    """What needs no model on one song: the floor and the ceiling of our tables."""

    mixture: Scores
    ideal_ratio_mask: Scores


@dataclass(frozen=True)
class Outcome:
    """What one way of separating reaches on one song."""

    scores: dict[Targets, Scores]
    excerpt: Estimates | None  # (names, 2, samples), if one was asked for
    seconds: float  # that separating took


def separate_song(
    separator: Separator, song: Song, *, chunk_seconds: float, batch_size: int = 1
) -> Iterator[Estimates]:
    """The estimates of a model, (separator.outputs, 2, samples) piece after piece. Errors: AudioError."""
    chunks = Chunks(song.frames, sample_rate=song.sample_rate, seconds=chunk_seconds)
    mixtures = (song.read(MIXTURE, start=start, frames=end - start) for start, end in chunks.spans)
    return chunks.join(separate_chunks(separator, mixtures, batch_size=batch_size))


def true_magnitudes(
    song: Song,
    targets: Targets,
    refinement: Refinement,
    *,
    n_fft: int,
    hop_length: int,
    chunk_seconds: float,
    device: torch.device,
) -> Iterator[Estimates]:
    """What new phases make of the *true* magnitudes, which start with the phases of the mixture.

    The control for `Refinement.phase`: a model cannot be blamed for what is lost here.
    """
    chunks = Chunks(song.frames, sample_rate=song.sample_rate, seconds=chunk_seconds)
    transform = {"n_fft": n_fft, "hop_length": hop_length}

    def of_chunk(start: int, end: int) -> Estimates:
        part = {"start": start, "frames": end - start}
        truth = torch.from_numpy(read_truth(song, targets, **part)).to(device)  # (N, 2, S)
        mixture = torch.from_numpy(song.read(MIXTURE, **part)).to(device)
        spectra = stft(truth, **transform).abs() * torch.sgn(stft(mixture, **transform))
        return with_new_phase(spectra[None], mixture[None], refinement, **transform)[0].cpu().numpy()

    return chunks.join(of_chunk(*span) for span in chunks.spans)


def read_truth(song: Song, targets: Targets, *, start: int, frames: int) -> NDArray[np.float32]:
    """The true outputs of a model with these targets: (outputs, 2, frames). Errors: AudioError."""
    part = {"start": start, "frames": frames}
    return np.stack([read_output(song, output, targets, **part) for output in outputs(targets)])


def read_output(song: Song, output: str, targets: Targets, *, start: int, frames: int) -> NDArray[np.float32]:
    """One true output of such a model: (2, frames). Errors: AudioError."""
    # An accompaniment may be a file of its own; any other rest is what its stems add up to.
    stems = members(output, targets) if output == REST else (output,)
    first, *others = (song.read(stem, start=start, frames=frames) for stem in stems)
    return sum(others, start=first)


def gathered(estimates: Estimates, names: Sequence[str], targets: Targets) -> Estimates:
    """Estimates (names, 2, S) -> (outputs, 2, S): what is none of the targets adds up to the last output."""
    own = [estimates[names.index(target)] for target in targets]
    if len(outputs(targets)) > len(targets):
        others = [estimate for name, estimate in zip(names, estimates, strict=True) if name not in targets]
        own.append(sum(others[1:], start=others[0]))
    return np.stack(own)


def score_pieces(
    pieces: Iterable[Estimates],
    song: Song,
    names: Sequence[str],
    groups: Sequence[Targets],
    *,
    excerpt: Excerpt | None = None,
    progress: Progress = lambda seconds: None,
) -> Outcome:
    """Score estimates of `names` as each of `groups`, and keep an excerpt of them. Errors: AudioError."""
    scorers = {targets: SongScorer(sample_rate=song.sample_rate) for targets in groups}
    kept, done, seconds = [], 0, 0.0
    for piece, took in timed(pieces):
        seconds += took
        frames = piece.shape[-1]
        for targets, scorer in scorers.items():
            truth = read_truth(song, targets, start=done, frames=frames)
            scorer.add(truth, gathered(piece, names, targets))
        if excerpt:
            end = excerpt.start + excerpt.frames
            kept.append(piece[..., max(0, excerpt.start - done) : max(0, end - done)].copy())
        done += frames
        progress(frames / song.sample_rate)
    scores = {targets: scorer.scores() for targets, scorer in scorers.items()}
    return Outcome(scores, np.concatenate(kept, axis=-1) if excerpt else None, seconds)


def timed(pieces: Iterable[Estimates]) -> Iterator[tuple[Estimates, float]]:
    """Each piece, and the seconds that it took."""
    iterator, began = iter(pieces), time.perf_counter()
    for piece in iterator:
        yield piece, time.perf_counter() - began
        began = time.perf_counter()


def score_bounds(song: Song, targets: Targets, *, progress: Progress = lambda seconds: None) -> Bounds:
    """The mixture as the estimate of everything, and the ideal ratio mask. Errors: AudioError."""
    bounds = [SongScorer(sample_rate=song.sample_rate) for _ in Bounds._fields]

    def read(start: int, stop: int) -> tuple[NDArray, NDArray]:
        part = {"start": start, "frames": stop - start}
        return read_truth(song, targets, **part), song.read(MIXTURE, **part)

    for block in ideal_ratio_mask_blocks(read, samples=song.frames):
        of_mixture = np.broadcast_to(block.mixture, block.references.shape)
        for scorer, estimates in zip(bounds, (of_mixture, block.estimates), strict=True):
            scorer.add(block.references, estimates)
        progress(block.mixture.shape[-1] / song.sample_rate)
    return Bounds(*(scorer.scores() for scorer in bounds))


def score_bss(
    pieces: Callable[[], Iterable[Estimates]], song: Song, names: Sequence[str], targets: Targets
) -> Metrics:
    """Medians of ISR, SIR and SAR, "vocals_sir" and so on; `pieces` is called twice. Errors: AudioError."""
    correlations, done = Correlations(), 0
    for piece in pieces():
        truth = read_truth(song, targets, start=done, frames=piece.shape[-1])
        correlations.add(truth, gathered(piece, names, targets))
        done += piece.shape[-1]
    window = min(song.sample_rate, song.frames)
    scorer, estimates = WindowScorer(correlations.filters(), window=window), Stretches(pieces())
    scores = [
        scorer.score(
            read_truth(song, targets, start=start, frames=window),
            gathered(estimates.read(start, start + window), names, targets),
        )
        for start in range(0, song.frames - window + 1, window)
    ]
    return bss_metrics(outputs(targets), BssEval(*np.stack(scores, axis=-1)))


def group_metrics(targets: Targets, scores: Scores, bounds: Bounds | None = None) -> Metrics:
    """The scores of one song under flat keys, with those of `bounds`, as `song_metrics` has them."""
    return song_metrics(outputs(targets), scores, **(bounds._asdict() if bounds else {}))


def merged(metrics: Iterable[Metrics]) -> Metrics:
    """All outputs that were scored; of one in several groups the scores in the first of these."""
    together: Metrics = {}
    for of_group in metrics:
        together = of_group | together
    return together


def output_levels(song: Song, output: str, targets: Targets) -> NDArray[np.float64]:
    """Root mean square of a true output in every whole second of a song, (seconds,). Errors: AudioError."""
    rate, levels = song.sample_rate, []
    for start, frames in blocks_of(song):  # whole seconds, but for the last
        sound = read_output(song, output, targets, start=start, frames=frames)[:, : frames // rate * rate]
        levels += np.square(sound, dtype=np.float64).reshape(2, -1, rate).mean(axis=(0, 2)).tolist()
    return np.sqrt(levels)


def liveliest(levels: NDArray, song: Song, *, seconds: int) -> Excerpt:
    """The `seconds` of a song in which most is to be heard, by the levels of its seconds."""
    length = min(seconds, len(levels))
    sums = np.convolve(levels, np.ones(length), mode="valid")
    return Excerpt(int(np.argmax(sums)) * song.sample_rate, length * song.sample_rate)
