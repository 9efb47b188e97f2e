"""Takes whose errors are known, because they were put in: what the beautifier is measured with.

Errors come in three ways. `sung`: the notes are detuned, and perhaps moved, before they are sung, so that
only pitch and time are wrong. `tape`: a good take runs over a tape machine with an unsteady speed: each note
has an error and a drift of its own, and formants and time move with it. The take without errors, sung by the
same voice with the same vibrato and unsteadiness, is kept beside each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from common.singing import Singer, draw_singers, sing
from common.singing.singers import Split
from common.synthesis import Note
from final_project.singing.diction import clear

SAMPLE_RATE = 44_100  # Hz
SMOOTHING = 0.04  # s, of the steps in the speed of the tape
WORDS = "shine a light on all the fields we know and sing a song of long ago"
STEPS = (0, 2, 4, 5, 7, 9, 11, 12)  # a major scale from its tonic
BEATS = (0.4, 0.4, 0.6, 0.8, 1.2)  # s, the lengths of notes


@dataclass(frozen=True)
class ErroneousTake:
    """A take and the truth about it; waveforms float32 (samples,) at `sample_rate`.

    score: what should have been sung, in the time of `clean`. starts, ends (notes,): where in the take these
    notes lie, seconds. cents (notes,): by how much each is too high. clean_times: where in `clean` lies
    what the take has every `clean_step` seconds; empty where both have the same time, or onsets were moved.
    """

    name: str
    waveform: NDArray[np.float32]
    clean: NDArray[np.float32]
    score: tuple[Note, ...]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    cents: NDArray[np.float64]
    clean_times: NDArray[np.float64]
    sample_rate: int = SAMPLE_RATE
    clean_step: float = 0.005


def sung_with_errors(
    lyrics: str,
    score: Sequence[Note],
    singer: Singer,
    *,
    seed: int = 0,
    cents: float = 50.0,
    onset_seconds: float = 0.0,
    sample_rate: int = SAMPLE_RATE,
    name: str = "",
) -> ErroneousTake:
    """`score` sung by `singer`, each note up to `cents` off and `onset_seconds` too early or late.

    Both are drawn evenly. The first note keeps its place. Errors: SingingError as in `common.singing.sing`.
    """
    rng = np.random.default_rng([seed, 1])
    off = rng.uniform(-cents, cents, len(score))
    late = rng.uniform(-onset_seconds, onset_seconds, len(score))
    late[0] = 0.0
    wrong = moved([replace(n, pitch=n.pitch + e / 100) for n, e in zip(score, off, strict=True)], late)
    voices = [
        sing(lyrics, notes, singer, rng=np.random.default_rng(seed), sample_rate=sample_rate)
        for notes in (wrong, score)
    ]
    starts, ends = np.array([[note.start, note.end] for note in wrong]).T
    return ErroneousTake(
        name or singer.name, *voices, tuple(score), starts, ends, off, np.zeros(0), sample_rate
    )


def moved(notes: Sequence[Note], late: NDArray[np.float64]) -> list[Note]:
    """Each note begins `late` (notes,) seconds later; one that touched the next still does."""
    starts = np.array([note.start for note in notes]) + late
    found = []
    for k, note in enumerate(notes):
        end = note.end
        if k + 1 < len(notes):
            touches = notes[k + 1].start - note.end < 0.01
            end = starts[k + 1] if touches else min(end, starts[k + 1])
        found.append(replace(note, start=float(starts[k]), duration=float(end - starts[k])))
    return found


def played_unsteadily(
    take: ErroneousTake, *, seed: int = 0, cents: float = 50.0, drift: float = 20.0
) -> ErroneousTake:
    """The clean waveform of `take` on an unsteady tape: a note is up to `cents` off, and drifts by +-`drift`.

    The errors of `take` itself are not in it.
    """
    rng = np.random.default_rng([seed, 2])
    step, length = take.clean_step, len(take.clean) / take.sample_rate
    off = rng.uniform(-cents, cents, len(take.score))
    curve = np.zeros(int(length / step) + 2)
    for note, error in zip(take.score, off, strict=True):
        begin, end = round(note.start / step), round(note.end / step)
        curve[begin:end] = error + rng.uniform(-drift, drift) * np.linspace(-1, 1, max(end - begin, 1))
    curve = gaussian_filter1d(curve, SMOOTHING / step, mode="nearest")
    return replace(take, cents=off, **on_tape(take, curve))


def on_tape(take: ErroneousTake, curve: NDArray[np.float64]) -> dict:
    """The waveform, and where things lie in it, if the tape is `curve` cents too fast (one value each step).

    A moment of the clean take passes in 2 ** (-cents / 1200) of its time.
    """
    step = take.clean_step
    clean = np.arange(len(curve)) * step
    taped = np.concatenate([[0.0], np.cumsum(np.exp2(-curve[:-1] / 1200)) * step])  # when it is heard
    times = np.arange(int(taped[-1] * take.sample_rate)) / take.sample_rate
    places = np.interp(times, taped, clean) * take.sample_rate
    return {
        "waveform": read_between(take.clean, places),
        "starts": np.interp([note.start for note in take.score], clean, taped),
        "ends": np.interp([note.end for note in take.score], clean, taped),
        "clean_times": np.interp(np.arange(0, taped[-1], step), taped, clean),
    }


def read_between(waveform: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float32]:
    """`waveform` (samples,) at fractional samples `places`: twice oversampled, then cubic (Catmull-Rom)."""
    import soxr

    fine = np.pad(soxr.resample(waveform.astype(float), 1, 2), 8)
    places = np.clip(2 * places, 0, 2 * len(waveform) - 1) + 8
    whole = places.astype(int)
    t = places - whole
    a, b, c, d = (fine[whole + k] for k in (-1, 0, 1, 2))
    value = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return value.astype(np.float32)


def make_takes(
    count: int,
    *,
    split: Split,
    seed: int = 0,
    notes: int = 12,
    cents: float = 50.0,
    onset_seconds: float = 0.0,
    sample_rate: int = SAMPLE_RATE,
) -> list[ErroneousTake]:
    """`count` takes by singers of `split` with melodies that are drawn; every other one is from the tape."""
    rng = np.random.default_rng([seed, 0])
    takes, words = [], WORDS.split()
    for k, singer in enumerate(map(clear, draw_singers(split, count, rng))):
        score = drawn_melody(singer, notes, rng)
        lyrics = " ".join(words[i % len(words)] for i in range(notes))
        take = sung_with_errors(
            lyrics,
            score,
            singer,
            seed=seed + k,
            cents=cents,
            onset_seconds=onset_seconds,
            sample_rate=sample_rate,
            name=f"{singer.name}-{k}",
        )
        takes.append(played_unsteadily(take, seed=seed + k, cents=cents) if k % 2 else take)
    return takes


def drawn_melody(singer: Singer, count: int, rng: np.random.Generator) -> list[Note]:
    """A walk over a major scale in the singer's range, with a rest after every eighth; the last is long."""
    tonic = int(rng.integers(singer.lowest, max(singer.highest - 12, singer.lowest) + 1))
    degree, time, notes = int(rng.integers(0, len(STEPS))), 0.3, []
    for k in range(count):
        length = 1.6 if k == count - 1 else float(rng.choice(BEATS))
        notes.append(Note(tonic + STEPS[degree], time, length))
        time += length + (0.5 if k % 8 == 7 else 0.0)
        degree = int(np.clip(degree + rng.choice([-2, -1, -1, 0, 1, 1, 2]), 0, len(STEPS) - 1))
    return notes
