"""Lyrics + notes -> a singing voice, or a choir: espeak-ng speaks, WORLD sings.

    from common.singing import SINGERS, sing
    waveform = sing("Shine a light", notes, SINGERS["train"][0], rng=np.random.default_rng(0))

`sing` takes running text, `sing_words` words that have notes of their own, `sing_choir` several such parts.
Conventions: seconds, MIDI pitch, Hz; waveforms are float32 in [-1, 1], a voice (samples,), a choir
(2, samples).
"""

from common.singing.choir import ChoirPart, sing_choir, singers_for_parts
from common.singing.espeak import SingingError, languages
from common.singing.lyrics import SungText, Tape
from common.singing.sing import plan_song, sing, sing_texts
from common.singing.singers import SINGERS, Singer, draw_singers, vary
from common.singing.sung_words import SungWord, sing_words
from common.singing.timing import SongPlan, TimedPhoneme, TimedSyllable

__all__ = [
    "ChoirPart",
    "SungWord",
    "sing_choir",
    "sing_words",
    "singers_for_parts",
    "SINGERS",
    "Singer",
    "SingingError",
    "SongPlan",
    "SungText",
    "Tape",
    "TimedPhoneme",
    "TimedSyllable",
    "draw_singers",
    "languages",
    "plan_song",
    "sing",
    "sing_texts",
    "vary",
]
