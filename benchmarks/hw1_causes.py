"""Why a detector errs: are its labels inaudible, its presets unknown, its mixes too dense, or the music new?

    python benchmarks/hw1_causes.py [--model runs/hw1/cnn] [--every 3]      # half a minute

The detector hears the training and the validation clips of mini-Slakh (never the test clips), and each of
their stems alone. Its scores are ROC areas, which, unlike average precision, do not depend on how rare a
class is: the chance that a clip with the class gets more than one without it. Three questions, three tables:

- by level: how far the stems of a class lie below the rest of the mix, in dB RMS over the clip
- by preset: whether training plays the class's preset, or the recordings that both soundfonts have of it
- alone: one stem, all else silent; "first" is the share in which its class gets the highest odds
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from common import cli
from common.band.effects import decibels
from common.band.presets import SHARED
from common.metrics.detection.ranking import average_precision, roc_auc
from hw1_instrument_detection import slakh
from hw1_instrument_detection.classes import CLASSES, NUM_CLASSES
from hw1_instrument_detection.clip_index import CLIP_SECONDS
from hw1_instrument_detection.data import ensure_data
from hw1_instrument_detection.detector import Detector, load_detector
from hw1_instrument_detection.midi_activity import window_activity
from hw1_instrument_detection.stem_cache import StemFiles
from hw1_instrument_detection.tracks import Stem, Track

LEVELS = (-200.0, -20.0, -15.0, -10.0, -5.0, 0.0, 200.0)  # dB, edges of the bins
INAUDIBLE = -20.0  # dB: what is softer might be missed by a listener, too
FEWEST = 5  # positives of a class that make a ROC area
Presets = set[tuple[str, int]]  # plugin name and program


@dataclass
class CausesConfig:
    model: Path = Path("runs/hw1/cnn")
    """Run folder of a detector."""
    data: Path | None = None
    """Slakh2100's layout. Default: mini-Slakh."""
    every: int = 3
    """Every how many-th training track is heard; validation is heard as a whole."""


@dataclass(frozen=True)
class Heard:
    """Clips, or single stems of clips: what plays in them and what the detector says, all (items, 9)."""

    targets: NDArray[np.bool_]
    levels: NDArray  # dB, of the class against all else
    known: NDArray[np.bool_]  # whether training plays a preset of the class that plays here
    probabilities: NDArray

    @classmethod
    def join(cls, parts: Iterable[Heard]) -> Heard:
        rows = [(part.targets, part.levels, part.known, part.probabilities) for part in parts]
        return cls(*(np.concatenate(columns) for columns in zip(*rows, strict=True)))

    def average_precisions(self, chosen: NDArray[np.bool_]) -> NDArray:
        """Average precision (9,), as if the labels that are not `chosen` had not been asked for."""
        found = np.full(NUM_CLASSES, np.nan)
        for label, (target, pick) in enumerate(zip(self.targets.T, (self.targets & chosen).T, strict=True)):
            kept = pick | ~target
            if pick.any():
                found[label] = average_precision(pick[kept], self.probabilities[kept, label])
        return found

    def areas(self, chosen: NDArray[np.bool_]) -> NDArray:
        """ROC areas (9,) of the labels that are `chosen` against all clips without the class; NaN for few."""
        areas = np.full(NUM_CLASSES, np.nan)
        for label, (target, pick) in enumerate(zip(self.targets.T, (self.targets & chosen).T, strict=True)):
            kept = pick | ~target
            if pick.sum() >= FEWEST and not pick[kept].all():
                areas[label] = roc_auc(pick[kept], self.probabilities[kept, label])
        return areas

    def first(self, chosen: NDArray[np.bool_]) -> NDArray:
        """How often a label that is `chosen` has the highest probability of its item, (9,)."""
        is_first = self.probabilities == self.probabilities.max(axis=1, keepdims=True)
        chosen = self.targets & chosen
        counts = chosen.sum(axis=0)
        return np.where(counts >= FEWEST, (is_first & chosen).sum(axis=0) / np.maximum(counts, 1), np.nan)


def main(config: CausesConfig) -> None:
    torch.set_num_threads(1)
    detector, data = load_detector(config.model), ensure_data(config.data)
    _, training, _ = slakh.open_split(data, "train")
    _, validation, _ = slakh.open_split(data, "validation")
    presets = training_presets(training)
    for name, tracks in (("validation", validation), ("train", training[:: config.every])):
        heard = [hear_track(detector, track, presets) for track in tracks]
        mixes, alone = (Heard.join(parts) for parts in zip(*heard, strict=True))
        print(f"\n{name}: {len(mixes.targets)} clips, {len(alone.targets)} stems of clips")
        print("\n".join(report(mixes, alone)))


def report(mixes: Heard, alone: Heard) -> Iterator[str]:
    """The tables of one split, line by line; the last column is the mean."""
    everything = np.ones_like(mixes.targets)
    yield line("", [name.split()[0] for name in CLASSES] + ["mean"])
    yield row("average precision", mixes.average_precisions(everything))
    yield row(
        f"  without those below {INAUDIBLE:.0f} dB", mixes.average_precisions(mixes.levels >= INAUDIBLE)
    )
    yield row("area, all labels", mixes.areas(everything))
    for low, high in zip(LEVELS, LEVELS[1:], strict=False):
        chosen = (mixes.levels >= low) & (mixes.levels < high)
        share = (mixes.targets & chosen).sum() / mixes.targets.sum()
        yield row(f"  {low:.0f} to {high:.0f} dB ({share:.1%})", mixes.areas(chosen))
    for name, chosen in (("known", mixes.known), ("held out", ~mixes.known)):
        yield row(f"  presets {name}", mixes.areas(chosen))
    any_preset = np.ones_like(alone.known)
    for name, chosen in (("any", any_preset), ("known", alone.known), ("held out", ~alone.known)):
        yield row(f"alone, presets {name}: area", alone.areas(chosen))
        yield row(f"alone, presets {name}: first", alone.first(chosen))


def row(name: str, values: NDArray) -> str:
    mean = np.nanmean(values) if np.isfinite(values).any() else np.nan
    return line(name, ["-" if np.isnan(value) else f"{value:.3f}" for value in [*values, mean]])


def line(name: str, cells: Sequence[str]) -> str:
    return f"{name:32}" + "".join(f"{cell:>11}" for cell in cells)


def training_presets(tracks: Sequence[Track]) -> Presets:
    """What training plays; of recordings that both soundfonts have, under whatever name."""
    found = {(name, stem.program) for track in tracks for stem, name in zip(*named_stems(track), strict=True)}
    return found | {("", program) for _, program in found if program in SHARED}


def named_stems(track: Track) -> tuple[Sequence[Stem], list[str]]:
    """The stems of a track, and the name of what played each."""
    entries = yaml.safe_load((track.folder / "metadata.yaml").read_text(encoding="utf-8"))["stems"]
    return track.stems, [str(entries[stem.name].get("plugin_name")) for stem in track.stems]


def hear_track(detector: Detector, track: Track, presets: Presets) -> tuple[Heard, Heard]:
    """The clips of a track, and each of its stems alone in those clips in which it plays."""
    targets = track.targets().astype(bool)
    stems = read_stems(track, clips=len(targets), sample_rate=detector.sample_rate)
    belongs = np.array(
        [[track.label(stem) == number for number in range(NUM_CLASSES)] for stem in track.stems]
    )
    playing = playing_stems(track, clips=len(targets))
    known = np.array([is_known(stem, name, presets) for stem, name in zip(*named_stems(track), strict=True)])
    mixes = Heard(
        targets,
        class_levels(stems, belongs),
        np.einsum("sc,sk->ck", playing & known[:, None], belongs) > 0,
        detector.probabilities(torch.from_numpy(stems.sum(axis=0))),
    )
    stem, clip = np.nonzero(playing & belongs.any(axis=1, keepdims=True))  # drums have no class
    alone = Heard(
        belongs[stem],
        np.full((len(stem), NUM_CLASSES), np.inf),
        belongs[stem] & known[stem, None],
        detector.probabilities(torch.from_numpy(stems[stem, clip])),
    )
    return mixes, alone


def read_stems(track: Track, *, clips: int, sample_rate: int) -> NDArray[np.float32]:
    """The stems of a track, cut into clips: (stems, clips, samples)."""
    samples = round(clips * CLIP_SECONDS * sample_rate)
    numbers = range(len(track.stems))
    waveforms = StemFiles(sample_rate=sample_rate).read(track, numbers, start=0.0, num_samples=samples)
    return waveforms.reshape(len(waveforms), clips, -1)


def playing_stems(track: Track, *, clips: int) -> NDArray[np.bool_]:
    """In which clips each stem has notes, (stems, clips)."""
    edges = CLIP_SECONDS * np.arange(clips + 1)
    return np.array(
        [[window_activity(stem.notes, *edges[c : c + 2]) for c in range(clips)] for stem in track.stems]
    )


def is_known(stem: Stem, name: str, presets: Presets) -> bool:
    return not {(name, stem.program), ("", stem.program)}.isdisjoint(presets)


def class_levels(stems: NDArray[np.float32], belongs: NDArray[np.bool_]) -> NDArray:
    """dB by which each class passes all else, (clips, 9), from (stems, clips, samples) and (stems, 9)."""
    mix = stems.sum(axis=0)
    by_class = (stems[own].sum(axis=0) for own in belongs.T)
    return np.stack([level(one) - level(mix - one) for one in by_class], axis=1)


def level(waveforms: NDArray) -> NDArray:
    """(clips, samples) -> RMS in dB, (clips,)."""
    return decibels(np.sqrt(np.square(waveforms).mean(axis=-1)))


if __name__ == "__main__":
    cli.run(main, CausesConfig)
