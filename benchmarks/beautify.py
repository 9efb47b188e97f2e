"""The beautifier beside librosa: speed, cents that are left, and memory against length.

    python benchmarks/beautify.py [--out FILE.json]                    # minutes, on an idle core
    OMP_NUM_THREADS=1 python benchmarks/beautify.py                    # of a machine that others use, too
    python benchmarks/beautify.py --notes 4 --repeats 1 --minutes 1    # for a look

The same take, sung out of tune, and its score. `ours` does all of it: track, align, correct, render. The
peer, `librosa`, tracks with pYIN and shifts each note with `librosa.effects.pitch_shift`; where the notes
lie it is told. `librosa, shift alone` is told the pitch, too. They take turns, after one that is not counted.
Seconds are processor time, of all threads. What is left of the errors is measured with YIN near the notes.

Memory is the peak resident set of a fresh process that corrects a file of so many minutes, as beautify.py
does with --auto, on top of what it holds before it reads the file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.memory import peak_megabytes
from benchmarks.singing import take_turns_on_the_processor
from common import cli
from common.audio_blocks import BlockWriter

FADE = 0.005  # s, half of one, where notes of the peer meet


@dataclass
class BenchmarkConfig:
    """Measure the beautifier."""

    notes: int = 24
    """Notes of the take; one lasts two thirds of a second."""
    repeats: int = 5
    """Turns of each."""
    minutes: tuple[float, ...] = (1.0, 10.0)
    """Lengths of the files whose memory is measured; none: leave it out."""
    seed: int = 0
    """Of melody and errors."""
    out: Path | None = None
    """JSON file for the results."""

    def __post_init__(self) -> None:
        cli.at_least(1, notes=self.notes, repeats=self.repeats)


def main(config: BenchmarkConfig) -> None:
    results = measure_speed(config)
    print_speed(results)
    results["memory"] = measure_memory(config.minutes, config.seed) if config.minutes else []
    for row in results["memory"]:
        print(f"{row['minutes']:5.1f} minutes: {row['megabytes']:6.0f} MB more than at the start")
    if config.out:
        config.out.write_text(json.dumps(asdict(config) | results, indent=1, default=str))


def measure_speed(config: BenchmarkConfig) -> dict:
    """Seconds of each turn, and the cents that are left, of each contestant."""
    from final_project.singing.beautifier_measures import independent_pitch, note_centres
    from final_project.singing.corrected_take import Aim, corrected
    from final_project.singing.injected_errors import make_takes

    [take] = make_takes(1, split="validation", seed=config.seed, notes=config.notes)
    rate = take.sample_rate
    written = np.array([note.pitch for note in take.score])
    made: dict[str, np.ndarray] = {"untouched": take.waveform}

    def error(waveform: np.ndarray) -> float:
        pitch = independent_pitch(waveform, take.starts, take.ends, written, sample_rate=rate)
        return float(100 * np.nanmean(np.abs(note_centres(pitch, take.starts, take.ends) - written)))

    def keep(name: str, make: Callable[[], np.ndarray]) -> Callable[[], None]:
        return lambda: made.__setitem__(name, make())

    def with_pyin() -> np.ndarray:
        return shifted(take, written - note_centres(pyin(take.waveform, rate), take.starts, take.ends))

    steps = {
        "ours": keep("ours", lambda: corrected(take.waveform, Aim(score=take.score), sample_rate=rate)),
        "librosa": keep("librosa", with_pyin),
        "librosa, shift alone": keep("librosa, shift alone", lambda: shifted(take, -take.cents / 100)),
    }
    seconds = take_turns_on_the_processor(steps, config.repeats)
    return {
        "take_seconds": len(take.waveform) / rate,
        "seconds": seconds,
        "cents": {name: error(waveform) for name, waveform in made.items()},
    }


def pyin(waveform: np.ndarray, rate: int) -> np.ndarray:
    """The pitch in semitones every 10 ms, NaN where there is none, by librosa."""
    import librosa

    frequency, _, _ = librosa.pyin(waveform, fmin=60.0, fmax=1100.0, sr=rate, hop_length=round(0.01 * rate))
    return 69 + 12 * np.log2(frequency / 440)


def shifted(take, semitones: np.ndarray) -> np.ndarray:
    """The take with each note shifted by so many semitones, by librosa; notes meet in short fades."""
    import librosa

    result, rate = take.waveform.astype(float).copy(), take.sample_rate
    fade = round(FADE * rate)
    for start, end, steps in zip(take.starts, take.ends, np.nan_to_num(semitones), strict=True):
        first, last = max(round(start * rate) - fade, 0), round(end * rate) + fade
        piece = take.waveform[first:last]
        weight = np.minimum(1.0, np.minimum(np.arange(len(piece)), np.arange(len(piece))[::-1]) / (2 * fade))
        sung = librosa.effects.pitch_shift(piece, sr=rate, n_steps=float(steps))
        result[first:last] += weight * (sung - result[first:last])
    return result.astype(np.float32)


def print_speed(results: dict) -> None:
    print(f"a take of {results['take_seconds']:.0f} s, sung {results['cents']['untouched']:.1f} cents off")
    print(f"{'':22}take/s  times librosa  quartiles     cents left")
    for name, seconds in results["seconds"].items():
        speed = results["take_seconds"] / np.median(seconds)
        low, middle, high = np.percentile(np.array(results["seconds"]["librosa"]) / seconds, [25, 50, 75])
        cents = results["cents"][name]
        print(f"{name:22}{speed:6.2f}{middle:15.2f}  {low:5.2f} - {high:5.2f}{cents:13.1f}")


def measure_memory(minutes: tuple[float, ...], seed: int) -> list[dict[str, float]]:
    """The peak of a fresh process for a file of each length."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for length in minutes:
            path = write_long_take(Path(folder) / "long.wav", 60 * length, seed)
            command = [sys.executable, __file__, "--probe", str(path), str(Path(folder) / "out")]
            rows.append({"minutes": length, "megabytes": float(subprocess.check_output(command, text=True))})
    return rows


def write_long_take(path: Path, seconds: float, seed: int) -> Path:
    """A file of `seconds` in which a short take comes again and again."""
    from final_project.singing.injected_errors import make_takes

    [take] = make_takes(1, split="validation", seed=seed, notes=8)
    missing, rate = round(seconds * take.sample_rate), take.sample_rate
    with BlockWriter(path, sample_rate=rate, channels=1, frames=missing) as file:
        while missing > 0:
            file.write(take.waveform[None, :missing])
            missing -= len(take.waveform)
    return path


def probe(path: Path, out: Path) -> float:
    """Megabytes by which the process grows while it corrects a file."""
    import resource

    from final_project.singing.beautify import BeautifyConfig, main

    before = peak_megabytes(resource.RUSAGE_SELF)
    status = main(BeautifyConfig(files=(path,), auto=True, out=out, json=False))
    assert status == 0
    return peak_megabytes(resource.RUSAGE_SELF) - before


if __name__ == "__main__":
    if sys.argv[1:2] == ["--probe"]:
        import contextlib
        import io

        with contextlib.redirect_stdout(io.StringIO()):
            grown = probe(Path(sys.argv[2]), Path(sys.argv[3]))
        print(grown)
    else:
        cli.run(main, BenchmarkConfig)
