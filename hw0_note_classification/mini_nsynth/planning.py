"""Which instruments mini-NSynth has, and which notes each of them plays. Nothing is rendered here.

Two kinds of instruments: General MIDI programs of a soundfont, each in several tunings, envelopes and
filters, and (for training only) instruments of `families`, which share a family's physics and nothing
else. Validation and test notes come from TimGM6mb alone, from programs that training never plays,
whatever other soundfonts are installed.

Everything follows from the seed: each instrument has its own random generator, so that they can be made
in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.synthesis import default_soundfont
from hw0_note_classification.mini_nsynth.programs import NSYNTH_NOTES, PITCH_RANGES, PROGRAMS, source_of
from hw0_note_classification.note_index import FAMILIES, SAMPLE_RATE, SOURCES

VELOCITIES = (25, 50, 75, 100, 127)  # NSynth's
NOTES = {"train": 6000, "valid": 700, "test": 900}
QUICK_NOTES = {"train": 260, "valid": 80, "test": 80}
NOTES_PER_INSTRUMENT = {"train": 4, "valid": 10, "test": 12}  # many instruments teach more than many notes
MODELLED_SHARE = 0.5  # of the training instruments: made by `families`, not by a soundfont

Soundfont = tuple[Path, frozenset[int]]  # a file and the General MIDI programs that it has


@dataclass(frozen=True)
class InstrumentPlan:
    """One instrument: where its sound comes from and which (pitch, velocity) it plays."""

    split: str
    family: str
    number: int  # NSynth's `instrument`
    seed: tuple[int, ...]
    notes: tuple[tuple[int, int], ...]
    soundfont: Path | None = None  # None: an instrument of `families`
    program: int = 0
    varied: bool = True  # False: the program as it is in the soundfont

    @property
    def source(self) -> str:
        return "synthetic" if self.soundfont is None else source_of(self.program)

    @property
    def name(self) -> str:
        """NSynth's `instrument_str`."""
        return f"{self.family}_{self.source}_{self.number:03d}"

    def note_str(self, pitch: int, velocity: int) -> str:
        """NSynth's name of a note."""
        return f"{self.name}-{pitch:03d}-{velocity:03d}"

    def entries(self) -> dict[str, dict]:
        """The instrument's part of `examples.json`, less the running number `note`."""
        shared = {
            "instrument": self.number,
            "instrument_str": self.name,
            "sample_rate": SAMPLE_RATE,
            "qualities": [0] * 10,  # NSynth's annotators listened; nobody did here
            "qualities_str": [],
            "instrument_family": FAMILIES.index(self.family),
            "instrument_family_str": self.family,
            "instrument_source": SOURCES.index(self.source),
            "instrument_source_str": self.source,
        }
        names = {self.note_str(*note): note for note in self.notes}
        return {
            name: {"note_str": name, "pitch": p, "velocity": v, **shared} for name, (p, v) in names.items()
        }


def plan_instruments(
    seed: int, soundfonts: Sequence[Soundfont], notes: dict[str, int]
) -> list[InstrumentPlan]:
    """All instruments of all splits; `notes` is the number of notes of each.

    Training plays `soundfonts` beside TimGM6mb, validation and test TimGM6mb alone.
    """
    plans: list[InstrumentPlan] = []
    for split_index, split in enumerate(notes):
        extra = soundfonts if split == "train" else ()
        for family_index, (family, share) in enumerate(family_shares().items()):
            choices = voices_of(family, split, extra)
            rng = np.random.default_rng([seed, split_index, family_index])
            for index, count in enumerate(portions(round(notes[split] * share), NOTES_PER_INSTRUMENT[split])):
                modelled = split == "train" and rng.random() < MODELLED_SHARE
                soundfont, program = (None, 0) if modelled else choices[index % len(choices)]
                place = (seed, split_index, family_index, index)
                keys = draw_notes(rng, family, count)
                plans.append(
                    InstrumentPlan(
                        split,
                        family,
                        len(plans),
                        place,
                        keys,
                        soundfont,
                        program,
                        varied=index >= len(choices),
                    )
                )
    return plans


def family_shares() -> dict[str, float]:
    """Square root of NSynth's own shares: bass stays the commonest family, none is too small to be learnt."""
    roots = {family: np.sqrt(count) for family, count in NSYNTH_NOTES.items()}
    return {family: root / sum(roots.values()) for family, root in roots.items()}


def voices_of(family: str, split: str, extra: Sequence[Soundfont]) -> list[tuple[Path, int]]:
    """(soundfont, program) for each voice that the family has in a split."""
    programs = PROGRAMS[family][split]
    voices = [(default_soundfont(), program) for program in programs]
    return voices + [(path, program) for path, has in extra for program in programs if program in has]


def portions(total: int, size: int) -> list[int]:
    """`total` in portions of `size`, the last one smaller: 25 by 10 is [10, 10, 5]."""
    return [min(size, total - first) for first in range(0, total, size)]


def draw_notes(rng: np.random.Generator, family: str, count: int) -> tuple[tuple[int, int], ...]:
    """`count` different (pitch, velocity) within the family's range, in order."""
    low, high = PITCH_RANGES[family]
    cells = rng.choice((high - low + 1) * len(VELOCITIES), size=count, replace=False)
    return tuple((int(low + c // len(VELOCITIES)), VELOCITIES[c % len(VELOCITIES)]) for c in sorted(cells))
