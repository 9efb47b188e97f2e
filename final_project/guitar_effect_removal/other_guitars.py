"""Makes another guitar of a guitar: augmentation of what is dry, before any effect is put on.

    dry = another_guitar(dry, generator, sample_rate=44_100)

Three guitars train, and any may be recorded. A remover that has learnt how dry guitars look takes the
colour of an unknown one for an effect and "restores" it; so in training every guitar gets a colour of its
own, by four filters, another pitch and brightness, by its speed, and a noise floor of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common import audio
from common.band.effects import equalize, high_shelf, low_shelf, peaking
from final_project.guitar_effect_removal.effects import rms

LOW_HZ, MIDDLE_HZ, HIGH_HZ = (80.0, 300.0), (250.0, 5000.0), (2000.0, 8000.0)  # where filters are drawn
SHELF_DB, PEAK_DB, WIDTHS = 10.0, 8.0, (0.5, 2.0)  # strongest gains; quality of the peaks
FASTEST = 2 ** (3 / 12)  # three semitones
NOISE_DB = (-100.0, -65.0)  # below the guitar's RMS


def draw_speed(generator: np.random.Generator) -> float:
    """How much faster a guitar is played back, uniformly in semitones."""
    return float(np.exp(generator.uniform(-1, 1) * np.log(FASTEST)))


def at_speed(dry: NDArray[np.float32], speed: float, *, sample_rate: int) -> NDArray[np.float32]:
    """(samples,) -> about samples / speed: faster, higher and brighter."""
    return audio.resample(dry[None], original_rate=round(speed * sample_rate), target_rate=sample_rate)[0]


def another_guitar(
    dry: NDArray[np.float32], generator: np.random.Generator, *, sample_rate: int
) -> NDArray[np.float32]:
    """(samples,) -> (samples,): with another colour and another noise floor."""
    coloured = equalize(dry, draw_colour(generator, sample_rate=sample_rate))
    noise = rms(coloured) * 10 ** (generator.uniform(*NOISE_DB) / 20) * generator.standard_normal(len(dry))
    return (coloured + noise).astype(np.float32)


def draw_colour(generator: np.random.Generator, *, sample_rate: int) -> NDArray:
    """Two shelves and two peaks, sections (4, 6)."""
    shelves = generator.uniform(-SHELF_DB, SHELF_DB, size=2)
    low, high = (_log_uniform(generator, *bounds) for bounds in (LOW_HZ, HIGH_HZ))
    sections = [
        low_shelf(low, shelves[0], sample_rate=sample_rate),
        high_shelf(high, shelves[1], sample_rate=sample_rate),
    ]
    for gain in generator.uniform(-PEAK_DB, PEAK_DB, size=2):
        frequency, quality = _log_uniform(generator, *MIDDLE_HZ), _log_uniform(generator, *WIDTHS)
        sections.append(peaking(frequency, gain, quality, sample_rate=sample_rate))
    return np.vstack(sections)


def _log_uniform(generator: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))
