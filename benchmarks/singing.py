"""Singing: seconds of song per second of one core, for one voice, a choir in unison, and four parts.

    python benchmarks/singing.py [--out FILE.json]        # two minutes, on an idle core
    OMP_NUM_THREADS=1 python benchmarks/singing.py        # of a machine that others use, too
    python benchmarks/singing.py --verses 1 --repeats 1   # for a look

All sing the same verses at 90 quarter notes a minute, from text and notes to 44.1 kHz: espeak-ng speaks,
WORLD analyses and sings. They take turns, after one that is not counted. Seconds are processor time, of all
threads of the process: what others do on the machine counts less. "voices" are all singers together.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from common import cli
from common.synthesis import Note
from final_project.singing.performance import SAMPLE_RATE, Ensemble, perform
from final_project.singing.song import Song, SongPart

TEMPO = 90.0  # quarter notes a minute
VERSE = (
    "Twin- kle, twin- kle, lit- tle star, how I won- der what you are!",
    "Up a- bove the world so high, like a dia- mond in the sky.",
)
PITCHES = (67, 67, 74, 74, 76, 76, 74, 72, 72, 71, 71, 69, 69, 67)
QUARTERS = (1, 1, 1, 1, 1, 1, 2) * 2
INTERVALS = {"soprano": 0, "alto": -7, "tenor": -12, "bass": -24}


@dataclass
class BenchmarkConfig:
    verses: int = 2
    """How often the 21 seconds are sung."""
    choir: int = 4
    """Voices of the choir."""
    repeats: int = 3
    """Turns of each."""
    out: Path | None = None
    """JSON file for the results."""

    def __post_init__(self) -> None:
        cli.at_least(1, verses=self.verses, repeats=self.repeats)
        cli.at_least(2, choir=self.choir)


def main(config: BenchmarkConfig) -> None:
    song = melody(config.verses)
    contestants = {
        "one voice": (song, 1),
        f"choir of {config.choir}": (song, config.choir),
        "four parts": (in_parallel(song), 1),
        f"four parts, {config.choir} voices each": (in_parallel(song), config.choir),
    }
    singing = {name: lambda asked=asked: sing(*asked) for name, asked in contestants.items()}
    seconds = take_turns_on_the_processor(singing, config.repeats)
    print(f"{song.end:.0f} s of song at {SAMPLE_RATE} Hz\n{'':30}voices  song/s  voices x song/s")
    for name, (sung, voices) in contestants.items():
        count, speed = voices * len(sung.parts), song.end / np.median(seconds[name])
        print(f"{name:30}{count:6}{speed:8.2f}{count * speed:17.1f}")
    if config.out:
        results = asdict(config) | {"song_seconds": song.end, "seconds": seconds}
        config.out.write_text(json.dumps(results, indent=1, default=str))


def melody(verses: int) -> Song:
    """The verses one after another, from second 0 on."""
    syllables = tuple(" ".join(VERSE).split()) * verses
    ends = np.cumsum(QUARTERS * 2 * verses) * 60 / TEMPO
    starts = [0.0, *ends[:-1].tolist()]
    notes = [
        Note(pitch, start, end - start)
        for pitch, start, end in zip(PITCHES * 2 * verses, starts, ends.tolist(), strict=True)
    ]
    lines = tuple(np.repeat(range(2 * verses), len(PITCHES)).tolist())
    return Song("Twinkle", (SongPart("soprano", tuple(notes), syllables, lines),), tempo=TEMPO)


def in_parallel(song: Song) -> Song:
    """The song in four parts, all of which move as the melody does."""
    parts = (replace(song.melody.transposed(interval), name=name) for name, interval in INTERVALS.items())
    return replace(song, parts=tuple(parts))


def sing(song: Song, voices: int) -> None:
    perform(song, Ensemble(voices=voices))


def take_turns_on_the_processor(steps: dict[str, Callable[[], None]], repeats: int) -> dict[str, list[float]]:
    """Processor seconds of each step, after one that warms up."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(1 + repeats):
        for name, step in steps.items():
            start = time.process_time()
            step()
            times[name].append(time.process_time() - start)
    return {name: seconds[1:] for name, seconds in times.items()}


if __name__ == "__main__":
    cli.run(main, BenchmarkConfig)
