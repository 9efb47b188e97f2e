"""HW2: museval's SDR of vocals and accompaniment, median of 1-s windows, then of songs.

Which windows have an SDR is for the references to say: museval leaves out those in which any estimate is
silent, so a hand-in could silence what it does badly. Here such a window counts: the silent output has 0 dB
there, as the formula says of silence, or what the mixture has, if that is lower; the other output has its
own SDR. For a hand-in that is nowhere silent this is museval's score. A song without an answer has LOWEST in
every window. Outputs that are too short are filled up with silence, too long ones are cut, as in museval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import audio
from common.audio_blocks import Stretches
from common.metrics.separation import SdrAccumulator, evaluate, match_length, song_median
from grading.prepared import Prepared
from grading.readers import OutputError, open_wav
from grading.scoring.answers import OUT, Answers
from grading.scoring.select import selected

OUTPUTS = ("vocals", "accompaniment")
TRUTH, TRUTH_LEVEL = "truth", 0.25  # folder among the labels, and the level of what is in it
SUFFIXES = (".wav", ".flac")
CHANNELS, SAMPLE_RATE = 2, 44_100  # of all inputs
LONGEST = 2  # times the length of the song
CHECKED = 1 << 40  # samples, more than a file that was checked has: a byte of FLAC may be 1000 of silence
LOWEST, HIGHEST = -100.0, 100.0  # dB
ADDS_UP = -40.0  # dB: what the outputs may lack of the mixture
SAME = -60.0  # dB: how much an answer may change when the same is asked again
MIXTURE_FLOOR = tuple(f"mixture_{output}_sdr" for output in OUTPUTS)

Paths = dict[str, Path]  # by output


@dataclass(frozen=True)
class SongScores:
    """SDR of the windows of one song, (outputs, windows), and what the outputs' sum lacks of the mixture.

    sdr: NaN where a reference is silent. mixture: of the mixture taken as each output.
    """

    sdr: NDArray[np.float64]
    mixture: NDArray[np.float64]
    rest: float  # dB


def read(folder: Path, names: Mapping[str, str], labels: Mapping[str, Any]) -> Answers:
    """OUT/SONG/vocals and accompaniment, .wav or .flac, of each song: opened and decoded once, to the end."""
    frames, answers = dict(zip(labels["inputs"], labels["frames"], strict=True)), Answers()
    for name, meant in names.items():
        song = folder / OUT / Path(name).stem
        try:
            answers.found[name] = {
                output: checked(song, output, LONGEST * frames[meant]) for output in OUTPUTS
            }
        except OutputError as error:
            answers.add_problem(f"{song.name}/{error}")
    return answers


def checked(song: Path, output: str, most_frames: int) -> Path:
    """The file of an output. Errors: OutputError where it cannot be used."""
    path = next((path for suffix in SUFFIXES if (path := song / f"{output}{suffix}").exists()), None)
    path = path or song / f"{output}.wav"
    with open_wav(path, most_frames) as sound:
        if (sound.channels, sound.sample_rate) != (CHANNELS, SAMPLE_RATE):
            found = f"{sound.channels} channels at {sound.sample_rate} Hz"
            raise OutputError(f"{path.name}: has {found}; write {CHANNELS} at {SAMPLE_RATE}, as the mixture")
        for _ in sound.blocks():
            pass
    return path


def differ(first: Paths, second: Paths) -> bool:
    """Whether an output is not the same, to -60 dB."""
    return any(_change(first[output], second[output]) > SAME for output in OUTPUTS)


def measure(prepared: Prepared, labels: Mapping[str, Any], found: Mapping[str, Paths]) -> dict[str, Any]:
    """Medians over the songs with intervals, those of "mixture_" and "trivial_" beside; "adds_up", the share
    of songs whose outputs do."""
    songs, add_up, trivial = {}, [], []
    for name, frames in zip(labels["inputs"], labels["frames"], strict=True):
        scores = score_song(prepared, name, frames, found.get(name))
        add_up.append(scores.rest <= ADDS_UP)
        trivial.append(medians(turned_down(scores.mixture)))
        songs[name] = {
            f"{prefix}{output}_sdr": float(value)
            for prefix, windows in (("", scores.sdr), ("mixture_", scores.mixture))
            for output, value in zip(OUTPUTS, medians(windows), strict=True)
        }
    metrics = evaluate(songs, OUTPUTS)
    of_trivial = song_median(np.array(trivial).T)
    return {
        **selected(metrics, [f"{output}_sdr" for output in OUTPUTS], MIXTURE_FLOOR),
        **{
            f"trivial_{output}_sdr": float(value) if np.isfinite(value) else None
            for output, value in zip(OUTPUTS, of_trivial, strict=True)
        },
        "adds_up": float(np.mean(add_up)),
    }


def turned_down(mixture: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the mixture reaches as an output at the best of all levels, from its SDR at its own, in dB.

    The mixture's vocals have less than 0 dB, which silence has, so any soft noise beats them: this is the
    trivial answer that none is better than. Of sources r and a that do not correlate the SDR of r + a is
    10 log10(R / A), with their energies R and A; of g (r + a), with the best g = R / (R + A), it is
    10 log10(1 + R / A).
    """
    return 10 * np.log10(1 + 10 ** (mixture / 10))


def medians(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each output; a perfect one is not infinitely good."""
    return song_median(np.clip(windows, LOWEST, HIGHEST))


def score_song(prepared: Prepared, name: str, frames: int, answer: Paths | None) -> SongScores:
    """The windows of one song, gone through one after the other."""
    window = min(SAMPLE_RATE, frames)
    truths = truth_blocks(prepared.labels / TRUTH / Path(name).stem, window)
    mixtures = audio.read_channel_blocks(prepared.inputs / name, samples=window)
    estimates = estimate_blocks(answer, frames, window)
    own, floor = (SdrAccumulator(sample_rate=SAMPLE_RATE) for _ in range(2))
    silenced, lacking = [], np.zeros(2)
    for truth, mixture, estimate in zip(truths, mixtures, estimates, strict=True):
        both = np.broadcast_to(mixture, truth.shape)
        silent = ~sounds(estimate)
        silenced.append(silent & sounds(truth).all())
        own.add(truth, np.where(silent[:, None, None], both, estimate))
        floor.add(truth, both)
        lacking += energy(mixture - estimate.sum(axis=0)), energy(mixture)
    mixture_sdr, sdr = floor.windows(), own.windows()
    silenced = np.array(silenced).T[:, : sdr.shape[1]]  # (outputs, windows)
    sdr = np.where(silenced, np.fmin(0.0, sdr), sdr)
    if answer is None:
        sdr = np.where(np.isnan(mixture_sdr), np.nan, LOWEST)
    return SongScores(sdr, mixture_sdr, decibels(*lacking) if answer else HIGHEST)


def truth_blocks(folder: Path, samples: int) -> Iterator[NDArray[np.float32]]:
    """The true outputs, (outputs, channels, samples) at a time."""
    files = [audio.read_channel_blocks(folder / f"{output}.flac", samples=samples) for output in OUTPUTS]
    for blocks in zip(*files, strict=True):
        yield np.stack(blocks) / np.float32(TRUTH_LEVEL)


def estimate_blocks(answer: Paths | None, frames: int, samples: int) -> Iterator[NDArray[np.float32]]:
    """The outputs of a hand-in likewise, as long as the song; silence where there is no answer."""
    if answer is None:
        for first in range(0, frames, samples):
            yield np.zeros((len(OUTPUTS), CHANNELS, min(samples, frames - first)), dtype=np.float32)
        return
    most = LONGEST * frames
    with open_wav(answer[OUTPUTS[0]], most) as first_sound, open_wav(answer[OUTPUTS[1]], most) as second:
        stretches = [Stretches(sound.blocks(samples)) for sound in (first_sound, second)]
        for first in range(0, frames, samples):
            count = min(samples, frames - first)
            blocks = [_stretch(each, first, count) for each in stretches]
            yield np.stack([match_length(block, count) for block in blocks])


def _stretch(stretches: Stretches, first: int, count: int) -> NDArray[np.float32]:
    """Samples from `first` on, fewer where the recording ends, none behind."""
    block = stretches.read(first, first + count)
    return block[:, :count]


def sounds(signals: NDArray) -> NDArray[np.bool_]:
    """Whether each of (outputs, channels, samples) does; channels that cancel do not, as in museval."""
    return signals.sum(axis=1).any(axis=-1)


def energy(signal: NDArray) -> float:
    return float(np.square(signal, dtype=np.float64).sum())


def decibels(part: float, whole: float) -> float:
    """How large `part` is beside `whole`, both energies, in dB from LOWEST to HIGHEST."""
    if part == 0 or whole == 0:
        return LOWEST if part == 0 else HIGHEST
    return float(np.clip(10 * np.log10(part / whole), LOWEST, HIGHEST))


def _change(first: Path, second: Path) -> float:
    """The energy of the difference of two recordings beside that of the first, in dB."""
    with open_wav(first, CHECKED) as one, open_wav(second, CHECKED) as other:
        if one.frames != other.frames:
            return HIGHEST
        totals = np.zeros(2)
        for block, again in zip(one.blocks(), other.blocks(), strict=True):
            totals += energy(block - again), energy(block)
    return decibels(*totals)
