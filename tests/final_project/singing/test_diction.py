"""Songs are sung with clear diphthongs and high notes that have a fundamental; the plan stays the same."""

import numpy as np

from common.singing import SINGERS, sing
from common.synthesis import Note
from final_project.singing.diction import FORMANT_TUNING, OFFGLIDE, clear
from final_project.singing.performance import Ensemble, perform
from final_project.singing.sung_songs import SungSong

MAUD = SINGERS["validation"][2]
RATE = 22_050


def test_singers_keep_their_accent_or_take_a_language():
    assert clear(MAUD).voice == MAUD.voice and clear(MAUD, "de").language == "de"
    assert (clear(MAUD).offglide, clear(MAUD).formant_tuning) == (OFFGLIDE, FORMANT_TUNING)


def test_whoever_performs_has_it(glory):
    assert all(singer.offglide == OFFGLIDE for singer in perform(glory, Ensemble(MAUD)).singers)
    song = SungSong("star", "Star", "", "de", MAUD, "Stern", (Note(60, 0.5, 0.5),), seed=0)
    assert song.voice == clear(MAUD, "de")


def test_the_fundamental_of_a_high_i_is_heard():
    """As it is spoken, the first formant of [i] lies an octave below this note."""

    def below_upper_partials(singer) -> float:
        note = Note(76, 0.3, 0.8)
        voice = sing("he", [note], singer, rng=np.random.default_rng(0), sample_rate=RATE)
        piece = voice[round(0.5 * RATE) : round(0.9 * RATE)]
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece))))
        hertz = np.fft.rfftfreq(len(piece), 1 / RATE)
        f0 = 440 * 2 ** ((note.pitch - 69) / 12)
        return 20 * np.log10(
            spectrum[(hertz > 1.5 * f0)].max() / spectrum[np.abs(hertz - f0) < 0.1 * f0].max()
        )

    assert below_upper_partials(MAUD) > below_upper_partials(clear(MAUD)) + 6
