"""The eleven families as recipes: a random generator in, one instrument out.

    rng = np.random.default_rng(0)
    organ = RECIPES["organ"](rng)
    organ.play(60, 100, rng, num_samples=64_000, sample_rate=16_000)  # (64000,)

Each recipe says in numbers what makes the family (how it is excited, what carries the sound, how it ends)
and draws the rest at random. The ranges come from acoustics textbooks (Fletcher & Rossing; Benade,
"Fundamentals of Musical Acoustics") and from what the electronic instruments' controls allow. None was
fitted to recordings.
"""

from collections.abc import Callable

import numpy as np

from hw0_note_classification.mini_nsynth.engines import Instrument
from hw0_note_classification.mini_nsynth.families.basses_and_guitars import bass, guitar
from hw0_note_classification.mini_nsynth.families.keyboards_and_mallets import keyboard, mallet
from hw0_note_classification.mini_nsynth.families.organs import organ
from hw0_note_classification.mini_nsynth.families.strings import string
from hw0_note_classification.mini_nsynth.families.voices import synth_lead, vocal
from hw0_note_classification.mini_nsynth.families.winds import brass, flute, reed

RECIPES: dict[str, Callable[[np.random.Generator], Instrument]] = {
    "bass": bass, "brass": brass, "flute": flute, "guitar": guitar, "keyboard": keyboard, "mallet": mallet,
    "organ": organ, "reed": reed, "string": string, "synth_lead": synth_lead, "vocal": vocal,
}  # fmt: skip
