"""Lyrics + notes -> a singing voice: espeak-ng speaks, WORLD sings.

    from common.singing import SINGERS, sing
    waveform = sing("Shine a light", notes, SINGERS["train"][0], rng=np.random.default_rng(0))

Conventions: seconds, MIDI pitch, Hz; waveforms are mono float32 (samples,) in [-1, 1].
"""

from common.singing.espeak import SingingError, languages
from common.singing.lyrics import SungText, Tape
from common.singing.sing import plan_song, sing, sing_texts
from common.singing.singers import SINGERS, Singer, draw_singers, vary
from common.singing.timing import SongPlan, TimedPhoneme, TimedSyllable

__all__ = [
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
