"""A song with all that was scored on it, and what is left of it to look at and to listen to.

    samples/SONG/mixture.flac, vocals.flac, vocals_truth.flac, vocals_griffin_lim.flac, ...
    figures/windows_SONG.png         SDR of every second
    figures/spectrograms_SONG.png    of the excerpt

The excerpt is where most of the first output (mostly vocals) is to be heard; its files share one gain.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import audio, plots
from common.metrics.separation import Metrics
from hw2_source_separation.eval_figures import Windows, spectrograms_figure, windows_figure
from hw2_source_separation.eval_systems import Candidate, System
from hw2_source_separation.song_scoring import (
    Bounds,
    Excerpt,
    Outcome,
    Progress,
    Targets,
    gathered,
    group_metrics,
    liveliest,
    output_levels,
    read_truth,
    score_bounds,
    score_bss,
    score_pieces,
)
from hw2_source_separation.songs import Song
from hw2_source_separation.stems import MIXTURE, outputs

EXCERPT_SECONDS = 10


@dataclass(frozen=True)
class Drawn:
    """Of a song that is drawn: levels of the seconds of its output `heard`, (seconds,), and the excerpt."""

    heard: str
    levels: NDArray
    excerpt: Excerpt

    @classmethod
    def of(cls, song: Song, targets: Targets) -> Drawn:
        """By what is to be heard of the first of `targets`. Errors: AudioError."""
        levels = output_levels(song, targets[0], targets)
        return cls(targets[0], levels, liveliest(levels, song, seconds=EXCERPT_SECONDS))


@dataclass(frozen=True)
class ScoredSong:
    """What all systems reach on a song, by their identity, and what needs none."""

    song: Song
    bounds: dict[Targets, Bounds]
    outcomes: dict[Hashable, Outcome]
    bss: dict[Hashable, Metrics]
    drawn: Drawn | None

    def metrics(self, system: System, targets: Targets, *, with_bounds: bool) -> Metrics:
        """The scores of a system, scored as `targets`; if asked for with floor and ceiling."""
        scores = self.outcomes[system.identity].scores[targets]
        found = group_metrics(targets, scores, self.bounds[targets] if with_bounds else None)
        return found | (self.bss.get(system.identity, {}) if with_bounds else {})


def score_song(
    song: Song,
    candidates: Sequence[Candidate],
    shared: Targets,
    *,
    draw: bool,
    bss: bool,
    progress: Progress,
) -> ScoredSong:
    """Score all systems of all candidates, each as its own groups and as `shared`. Errors: AudioError.

    Systems that are the same, such as the best epoch that was kept, too, are scored once.
    """
    drawn = Drawn.of(song, candidates[0].groups[0]) if draw else None
    heard = {system.identity for one in candidates for system in one.to_hear}
    bounds, outcomes, bss_scores = {}, {}, {}
    for candidate in candidates:
        groups = tuple(dict.fromkeys([*candidate.groups, shared]))
        for targets in groups:
            if targets not in bounds:
                bounds[targets] = score_bounds(song, targets, progress=progress)
        for system in candidate.systems:
            if system.identity not in outcomes:
                excerpt = drawn.excerpt if drawn and system.identity in heard else None
                outcomes[system.identity] = score_pieces(
                    system.pieces(song), song, system.names, groups, excerpt=excerpt, progress=progress
                )
        if bss:
            main, pieces = candidate.main, partial(candidate.main.pieces, song)
            bss_scores[main.identity] = score_bss(pieces, song, main.names, candidate.groups[0])
    return ScoredSong(song, bounds, outcomes, bss_scores, drawn)


def work(songs: Sequence[Song], candidates: Sequence[Candidate], shared: Targets) -> float:
    """The seconds of music that `score_song` tells of, over all songs."""
    groups = {targets for candidate in candidates for targets in (*candidate.groups, shared)}
    systems = {system.identity for candidate in candidates for system in candidate.systems}
    return (len(groups) + len(systems)) * sum(song.duration for song in songs)


def save_song(scored: ScoredSong, candidate: Candidate, folder: Path) -> list[Path]:
    """Samples and figures of a song that is drawn, into the results `folder`. Errors: AudioError, OSError."""
    name, song, targets = candidate.name, scored.song, candidate.groups[0]
    part = scored.drawn.excerpt._asdict()
    truth, mixture = read_truth(song, targets, **part), song.read(MIXTURE, **part)
    estimates = gathered(scored.outcomes[candidate.main.identity].excerpt, candidate.main.names, targets)
    begin, end = (second / song.sample_rate for second in (part["start"], sum(part.values())))
    pictures = {
        "windows": windows_figure(
            windows_of(scored, candidate),
            outputs(targets),
            scored.drawn.levels,
            heard=scored.drawn.heard,
            title=f"{song.name}: {name}",
        ),
        "spectrograms": spectrograms_figure(
            mixture,
            estimates,
            truth,
            outputs(targets),
            sample_rate=song.sample_rate,
            title=f"{song.name}, {begin:.0f} to {end:.0f} s: {name}",
        ),
    }
    written = [
        plots.save(figure, folder / "figures" / f"{kind}_{song.name}.png")
        for kind, figure in pictures.items()
    ]
    return [*written, save_samples(scored, candidate, folder / "samples" / song.name, truth, mixture)]


def windows_of(scored: ScoredSong, candidate: Candidate) -> Windows:
    """SDR of all windows of the model, and of floor and ceiling."""
    targets = candidate.groups[0]
    main, bounds = scored.outcomes[candidate.main.identity], scored.bounds[targets]
    return Windows(main.scores[targets].windows, bounds.mixture.windows, bounds.ideal_ratio_mask.windows)


def save_samples(
    scored: ScoredSong, candidate: Candidate, folder: Path, truth: NDArray, mixture: NDArray
) -> Path:
    """The excerpt as 16-bit flac: mixture, truth, and each output of the model and of its other phases."""
    names, sounds = outputs(candidate.groups[0]), {MIXTURE: mixture}
    sounds |= {f"{output}_truth": sound for output, sound in zip(names, truth, strict=True)}
    for system in candidate.to_hear:
        kept = scored.outcomes[system.identity].excerpt
        ending = f"_{system.key}" if system.key else ""
        of_outputs = gathered(kept, system.names, candidate.groups[0])
        sounds |= {f"{output}{ending}": sound for output, sound in zip(names, of_outputs, strict=True)}
    peak = max(1.0, *(float(np.abs(sound).max()) for sound in sounds.values()))
    for name, sound in sounds.items():
        path = folder / f"{name}.flac"
        audio.write(path, sound / np.float32(peak), sample_rate=scored.song.sample_rate)
    return folder
