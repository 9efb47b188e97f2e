"""Notes -> audio: FluidSynth plays them with a soundfont (.sf2, .sf3).

    with Synthesizer() as synthesizer:
        waveform = synthesizer.render([Note(pitch=69, start=0.0, duration=1.0, velocity=100)], program=40)

Conventions: seconds, MIDI pitch (69 is A4 = 440 Hz), MIDI velocity 1..127, General MIDI programs from 0,
drums in bank 128. Waveforms are float32 `(2, samples)` and are not limited: loud music may pass 1.
"""

from common.synthesis.library import SynthesisError
from common.synthesis.score import GENERATORS, PERCUSSION_BANK, Note, Part
from common.synthesis.soundfonts import default_soundfont, find_soundfonts
from common.synthesis.synthesizer import MAX_PARTS, Synthesizer

__all__ = [
    "GENERATORS",
    "MAX_PARTS",
    "PERCUSSION_BANK",
    "Note",
    "Part",
    "SynthesisError",
    "Synthesizer",
    "default_soundfont",
    "find_soundfonts",
]
