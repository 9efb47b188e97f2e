"""The guitarists: whose guitar is which sound of which soundfont, how it is strung, and how it is picked up.

    with Guitars() as guitars:
        dry = guitars.play(draw_guitarist("train", rng), phrase, seconds=8.0)      # float32 (samples,)

The guitars are General MIDI's 24 to 28 of the two soundfonts that come with the dependencies. Their acoustic
guitars are different recordings, the electric ones the same; so that validation and test have recordings of
their own, they have electric guitars of their own. Training: nylon and steel (TimGM6mb), clean electric.
Validation: nylon (Merlin), muted electric. Test: steel (Merlin), jazz. A guitarist has a tuning, a pick-up
(three filters) and a touch (how long strings ring, how bright they are), so even two with one guitar differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from common.band.effects import equalize, high_shelf, low_shelf, peaking
from common.band.presets import band_soundfonts
from common.synthesis import Part, Synthesizer
from final_project.guitar_effect_removal.phrases import Phrase

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

SAMPLE_RATE = 44_100  # Hz
PROGRAMS: dict[Split, tuple[tuple[str, int], ...]] = {
    "train": (("TimGM6mb", 24), ("TimGM6mb", 25), ("TimGM6mb", 27)),
    "validation": (("Merlin", 24), ("TimGM6mb", 28)),
    "test": (("Merlin", 25), ("TimGM6mb", 26)),
}
NAMES = {24: "nylon", 25: "steel", 26: "jazz", 27: "clean", 28: "muted"}
LOUDNESS = (-24.0, -16.0)  # dB, RMS of a dry phrase
HIGHEST_PEAK = 0.98


@dataclass(frozen=True)
class Guitarist:
    """Who plays. cents: tuning; pick_up: gains in dB below 200 Hz, at `formant` Hz, above 3 kHz; touch:
    generators of the synthesizer; loudness: dB, RMS."""

    font: str
    program: int
    cents: float
    pick_up: tuple[float, float, float]
    formant: float
    touch: Mapping[str, float]
    loudness: float

    @property
    def name(self) -> str:
        return NAMES[self.program]


def draw_guitarist(split: Split, rng: np.random.Generator) -> Guitarist:
    """A guitarist of a split."""
    font, program = PROGRAMS[split][rng.integers(len(PROGRAMS[split]))]
    return Guitarist(
        font=font,
        program=program,
        cents=float(rng.normal(0, 6)),
        pick_up=tuple(float(gain) for gain in rng.uniform((-5, -5, -6), (4, 5, 6))),
        formant=float(np.exp(rng.uniform(np.log(500), np.log(2500)))),
        touch={
            "volume_decay": float(rng.uniform(-600, 600)),
            "volume_release": float(rng.uniform(-800, 400)),
            "filter_cutoff": float(rng.uniform(-600, 900)),
        },
        loudness=float(rng.uniform(*LOUDNESS)),
    )


class Guitars:
    """The two soundfonts, opened when they are needed, for many phrases; belongs to one process."""

    def __init__(self) -> None:
        self._synthesizers: dict[str, Synthesizer] = {}

    def __enter__(self) -> Guitars:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for synthesizer in self._synthesizers.values():
            synthesizer.close()

    def play(self, guitarist: Guitarist, phrase: Phrase, *, seconds: float) -> NDArray[np.float32]:
        """The dry guitar, float32 (samples,), `seconds` long. Errors: SynthesisError."""
        if guitarist.font not in self._synthesizers:
            path = band_soundfonts()[guitarist.font]
            self._synthesizers[guitarist.font] = Synthesizer(path, sample_rate=SAMPLE_RATE)
        part = Part(
            guitarist.program,
            phrase.notes,
            cents=guitarist.cents,
            generators=guitarist.touch,
            bends=phrase.bends,
        )
        stereo = self._synthesizers[guitarist.font].render_parts([part], duration=seconds)
        return leveled(equalize(stereo.mean(axis=0), pick_up(guitarist)), guitarist.loudness)


def pick_up(guitarist: Guitarist) -> NDArray:
    """The filters of a guitarist's pick-up, sections (3, 6)."""
    low, middle, high = guitarist.pick_up
    return np.vstack(
        [
            low_shelf(200.0, low, sample_rate=SAMPLE_RATE),
            peaking(guitarist.formant, middle, 0.8, sample_rate=SAMPLE_RATE),
            high_shelf(3000.0, high, sample_rate=SAMPLE_RATE),
        ]
    )


def leveled(waveform: NDArray, decibels: float) -> NDArray[np.float32]:
    """With an RMS of `decibels`, or softer, so that no peak passes HIGHEST_PEAK; silence stays silence."""
    loudness = np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))
    if loudness == 0:
        return waveform.astype(np.float32)
    gain = min(10 ** (decibels / 20) / loudness, HIGHEST_PEAK / np.abs(waveform).max())
    return (gain * waveform).astype(np.float32)
