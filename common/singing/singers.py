"""Who sings: voices that differ in timbre, range and manner, and which split each belongs to.

A `Singer` is a voice of espeak-ng (a language and a variant: other formants, other source) and what singing
adds. The voices of train, validation and test have different variants, so that a model is never tested on a
voice that it has heard; `vary` draws relatives of a singer within its split.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from common.singing.espeak import SingingError

Split = Literal["train", "validation", "test"]
LOWEST, HIGHEST = 36, 96  # MIDI; below, WORLD's envelopes are too short, above, a vowel is one harmonic


@dataclass(frozen=True, slots=True)
class Singer:
    """Everything that makes a voice.

    `voice` is espeak-ng's: a language and a variant, "en-us+f2". `lowest`..`highest` (MIDI) is the
    comfortable range, for whoever writes the notes: any pitch 36..96 is sung. `formant_shift` moves the
    formants up (a factor, shorter throat). `breathiness` 0..1 is noise in the vowels, `breaths` whether one
    hears the singer breathe in. `ring` (dB) lifts the singer's formant around 3 kHz. Vibrato:
    `vibrato_rate` Hz, `vibrato_depth` cents (peak), `vibrato_delay` seconds after the vowel. `portamento`
    is the time of a glide between notes in seconds, `scoop` how far below (cents) a phrase begins,
    `unsteadiness` how far (cents) the pitch wanders, `tuning` how much too high (cents) it is throughout.
    `offglide` is how long (seconds) a held diphthong moves to its second vowel, 0: no longer than in speech.
    `formant_tuning` 0..1 is how far the fundamental is lifted where it passes the first formant (`timbre`).

    SingingError for values outside these.
    """

    name: str
    voice: str
    lowest: int
    highest: int
    formant_shift: float = 1.0
    breathiness: float = 0.2
    breaths: bool = True
    ring: float = 0.0
    vibrato_rate: float = 5.5
    vibrato_depth: float = 40.0
    vibrato_delay: float = 0.3
    portamento: float = 0.09
    scoop: float = 60.0
    unsteadiness: float = 7.0
    tuning: float = 0.0
    offglide: float = 0.0
    formant_tuning: float = 0.0

    def __post_init__(self) -> None:
        bounds = {
            "lowest": (LOWEST, self.highest),
            "highest": (self.lowest, HIGHEST),
            "formant_shift": (0.7, 1.4),
            "breathiness": (0, 1),
            "ring": (0, 12),
            "vibrato_rate": (3, 9),
            "vibrato_depth": (0, 150),
            "vibrato_delay": (0, 2),
            "portamento": (0.02, 0.3),
            "scoop": (0, 300),
            "unsteadiness": (0, 30),
            "tuning": (-100, 100),
            "offglide": (0, 0.5),
            "formant_tuning": (0, 1),
        }
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise SingingError(
                    f"{name} must be {low}..{high}, got {getattr(self, name)}; change the singer"
                )

    @property
    def language(self) -> str:
        """The language (and accent) that is spoken: "en-us"."""
        return self.voice.partition("+")[0]

    @property
    def variant(self) -> str:
        """The variant of espeak-ng's voice: "f2", or "" for its own."""
        return self.voice.partition("+")[2]

    def in_language(self, language: str) -> Singer:
        """The same voice in another of espeak-ng's languages: "de", "fr-fr", ..."""
        return replace(self, voice=f"{language}+{self.variant}" if self.variant else language)


SINGERS: dict[Split, tuple[Singer, ...]] = {
    "train": (
        Singer("Ada", "en-us+f2", 57, 77, breathiness=0.35, vibrato_depth=35, portamento=0.08),
        Singer("Bea", "en-gb-x-rp+Annie", 57, 79, vibrato_rate=5.9, vibrato_depth=50, ring=3),
        Singer("Clara", "en-us+f4", 55, 74, breathiness=0.15, vibrato_depth=25, scoop=90, portamento=0.11),
        Singer("Dora", "en-gb-scotland+steph", 55, 76, breathiness=0.5, vibrato_depth=22, vibrato_delay=0.45),
        Singer("Edgar", "en-us+m3", 45, 65, vibrato_depth=30),
        Singer("Frank", "en-gb-x-rp+m7", 43, 64, vibrato_rate=5.2, vibrato_depth=50, ring=5, portamento=0.1),
        Singer("Gus", "en-us+m1", 48, 67, breathiness=0.3, vibrato_depth=20, scoop=110, unsteadiness=10),
        Singer("Hugh", "en-us-nyc+pablo", 47, 67, vibrato_rate=5.8, vibrato_depth=40),
        Singer("Ivan", "en-gb-x-gbclan+m5", 40, 60, formant_shift=0.95, vibrato_depth=35, portamento=0.12),
        Singer("Jack", "en-us+Michael", 45, 64, vibrato_rate=6.1, vibrato_delay=0.2, ring=2, breaths=False),
    ),
    "validation": (
        Singer("Kate", "en-us+Andrea", 57, 77, breathiness=0.25, vibrato_depth=38),
        Singer("Liam", "en-gb-x-rp+antonio", 46, 66, vibrato_rate=5.4, vibrato_depth=35, ring=2),
        Singer("Maud", "en-gb-scotland+Alicia", 58, 79, vibrato_rate=6.0, vibrato_depth=45),
        Singer("Ned", "en-us+iven", 43, 63, vibrato_depth=28, scoop=80, breathiness=0.3),
    ),
    "test": (
        Singer("Olga", "en-us+f1", 56, 77, breathiness=0.4, vibrato_rate=5.7, vibrato_depth=38),
        Singer("Paul", "en-gb-x-rp+Gene", 45, 66, vibrato_depth=42, ring=3),
        Singer("Queenie", "en-us+belinda", 59, 80, vibrato_rate=6.1, vibrato_depth=45, portamento=0.1),
        Singer("Ralph", "en-gb-scotland+Diogo", 42, 62, vibrato_rate=5.1, vibrato_depth=30, breathiness=0.1),
        Singer("Sue", "en-us-nyc+anika", 58, 79, vibrato_depth=30, vibrato_delay=0.4, breathiness=0.3),
        Singer("Tom", "en-us+edward", 46, 67, vibrato_rate=5.9, vibrato_depth=48, scoop=100),
    ),
}


def vary(singer: Singer, rng: np.random.Generator) -> Singer:
    """A relative of `singer`: the same espeak-ng voice, other formants, breath, vibrato and glides."""
    spread = rng.uniform(-1, 1, 9)
    return replace(
        singer,
        formant_shift=float(np.clip(singer.formant_shift * (1 + 0.06 * spread[0]), 0.8, 1.25)),
        breathiness=float(np.clip(singer.breathiness + 0.15 * spread[1], 0, 1)),
        ring=float(np.clip(singer.ring + 2 * spread[2], 0, 10)),
        vibrato_rate=float(np.clip(singer.vibrato_rate + 0.5 * spread[3], 4.5, 7)),
        vibrato_depth=float(np.clip(singer.vibrato_depth * (1 + 0.4 * spread[4]), 0, 80)),
        vibrato_delay=float(singer.vibrato_delay * (1 + 0.4 * spread[5])),
        portamento=float(np.clip(singer.portamento * (1 + 0.3 * spread[6]), 0.05, 0.15)),
        scoop=float(singer.scoop * (1 + 0.5 * spread[7])),
        unsteadiness=float(singer.unsteadiness * (1 + 0.4 * spread[8])),
    )


def draw_singers(split: Split, count: int, rng: np.random.Generator) -> list[Singer]:
    """`count` varied singers of `split`: every voice once, in drawn order, before one comes again."""
    voices = SINGERS[split]
    order = [i for _ in range(-(-count // len(voices))) for i in rng.permutation(len(voices))]
    return [vary(voices[i], rng) for i in order[:count]]
