"""What museval says of small signals: makes tests/common/metrics/separation_golden.json anew.

    pip install -r benchmarks/requirements.txt           # museval; ffmpeg and ffprobe must be installed, too
    python scripts/make_separation_golden.py

The tests make the same signals from `CASES` and hold our metrics against these numbers, wherever museval is
missing.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "common" / "metrics" / "separation_golden.json"
RATIOS = ("sdr", "isr", "sir", "sar")
SAMPLE_RATE = 1000  # Hz: a window of 1 s is short


@dataclass(frozen=True)
class Case:
    """Noise as sources, and estimates of them that are filtered, leak and are noisy."""

    seed: int
    samples: int
    sources: int = 2
    channels: int = 2
    noise: float = 0.1
    change: Callable[[NDArray, NDArray], tuple[NDArray, NDArray]] = lambda s, e: (s, e)
    """What makes the case special: of sources and estimates, (sources, channels, samples)."""
    filters: bool = False
    """Whether ISR, SIR and SAR are compared, too: they need samples enough for their filters."""


def silent(which: int, start: int, stop: int, *, source: int = 0) -> Callable:
    """Silence in the sources (which = 0) or the estimates (1)."""

    def change(*signals: NDArray) -> tuple[NDArray, ...]:
        signals[which][source, :, start:stop] = 0
        return signals

    return change


def anti_phase(which: int, start: int, stop: int) -> Callable:
    """Two channels that cancel, which museval takes for silence."""

    def change(*signals: NDArray) -> tuple[NDArray, ...]:
        signals[which][0, 1, start:stop] = -signals[which][0, 0, start:stop]
        return signals

    return change


CASES = {
    "stereo": Case(0, 4300, filters=True),
    "mono": Case(1, 3000, channels=1, filters=True),
    "four sources": Case(2, 5100, sources=4, channels=1, filters=True),
    "one source": Case(3, 2000, sources=1),
    "float32": Case(4, 4300, change=lambda s, e: (s.astype(np.float32), e.astype(np.float32))),
    "silent source": Case(5, 5200, change=silent(0, 1000, 2000), filters=True),
    "silent estimate": Case(6, 5200, change=silent(1, 3900, 5200, source=1), filters=True),
    "silence shorter than a window": Case(7, 3000, change=silent(0, 900, 1990)),
    "anti-phase source": Case(8, 4000, change=anti_phase(0, 2000, 3000)),
    "anti-phase estimate": Case(9, 4000, change=anti_phase(1, 500, 2500)),
    "a channel silent": Case(10, 4000, change=lambda s, e: (s * [[[1.0], [0.0]]], e)),
    "one sample less than two windows": Case(11, 1999),
    "exactly a window": Case(12, 1000),
    "shorter than a window": Case(13, 700),
    "very short": Case(14, 3),
    "one sample": Case(15, 1),
    "estimate too long": Case(16, 3000, change=lambda s, e: (s[..., :2100], e)),
    "estimate too short": Case(17, 3000, change=lambda s, e: (s, e[..., :1500])),
    "nearly perfect": Case(18, 3000, noise=1e-3, change=lambda s, e: (s, s + 1e-3 * (e - s))),
    "very soft": Case(19, 3000, change=lambda s, e: (1e-6 * s, 1e-6 * e)),
    "nothing like it": Case(20, 3000, noise=100.0),
}


def signals(case: Case) -> tuple[NDArray, NDArray]:
    """Sources and estimates of a case, (sources, channels, samples) each, but for the length of some."""
    draw = np.random.RandomState(case.seed).standard_normal  # its numbers are promised never to change
    sources = 0.1 * draw((case.sources, case.channels, case.samples))
    estimates = sources + 0.2 * sources[::-1]
    estimates[..., 2:] += 0.3 * sources[..., :-2]
    estimates = estimates + 0.1 * case.noise * draw(sources.shape)
    return case.change(sources, estimates)


def import_museval() -> ModuleType:
    """Errors: ImportError where museval, or the ffmpeg that its imports look for, is missing."""
    try:
        return importlib.import_module("museval")  # a peer: only who makes the file anew needs it
    except RuntimeError as error:
        raise ImportError(f"museval needs ffmpeg and ffprobe: {error}") from error


def museval_ratios(museval: ModuleType, case: Case) -> NDArray[np.float64]:
    """SDR, ISR, SIR and SAR, (4, sources, windows)."""
    by_sample = (np.moveaxis(each, 1, 2) for each in signals(case))  # museval's axes
    return np.stack(museval.evaluate(*by_sample, win=SAMPLE_RATE, hop=SAMPLE_RATE))


def main() -> None:
    try:
        museval = import_museval()
    except ImportError as error:
        sys.exit(f"error: {error}; pip install -r benchmarks/requirements.txt, and install ffmpeg")
    cases = {}
    for name, case in CASES.items():
        found = museval_ratios(museval, case)[: len(RATIOS) if case.filters else 1]
        values = np.where(np.isnan(found), None, found).tolist()
        cases[name] = dict(zip(RATIOS, values, strict=False))
    versions = {package: metadata.version(package) for package in ("museval", "numpy", "scipy")}
    lines = [f"  {json.dumps(name)}: {json.dumps(values)}" for name, values in cases.items()]
    head = f'{{\n"versions": {json.dumps(versions)},\n"cases": {{\n'
    GOLDEN.write_text(head + ",\n".join(lines) + "\n}\n}\n")
    print(f"{GOLDEN}: {len(cases)} cases")


if __name__ == "__main__":
    main()
