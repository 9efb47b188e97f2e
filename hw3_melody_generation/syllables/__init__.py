"""Any text -> syllables to sing, with their words, lines, stress, tones and the marks behind them.

    lyrics = syllabify("Twinkle, twinkle, little star")

Languages: English (english), German (german), Mandarin (mandarin), Japanese in kana (japanese); other text in
Latin letters is read as English. The modules say by which rules.
"""

from hw3_melody_generation.syllables.german import german_stress
from hw3_melody_generation.syllables.lexicon import stresses
from hw3_melody_generation.syllables.reading import LANGUAGES, read_lyrics, syllabify

__all__ = ["LANGUAGES", "german_stress", "read_lyrics", "stresses", "syllabify"]
