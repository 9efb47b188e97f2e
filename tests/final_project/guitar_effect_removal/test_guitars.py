import numpy as np
import pytest

from common.synthesis import Note
from final_project.guitar_effect_removal.guitars import (
    PROGRAMS,
    SAMPLE_RATE,
    SPLITS,
    Guitarist,
    Guitars,
    draw_guitarist,
)
from final_project.guitar_effect_removal.phrases import KINDS, Phrase, bend, draw_phrase

LOWEST, HIGHEST = 40, 88  # a guitar's


@pytest.fixture(scope="module")
def guitars():
    with Guitars() as made:
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_a_phrase_is_within_a_guitar_and_its_seconds(kind):
    for seed in range(10):
        phrase = draw_phrase(kind, np.random.default_rng(seed), seconds=6.0)
        assert phrase.notes
        assert all(LOWEST <= note.pitch <= HIGHEST for note in phrase.notes)
        assert all(note.start < 6.5 for note in phrase.notes)
        assert max(note.end for note in phrase.notes) > 3.0


def test_strings_sound_one_note_at_a_time():
    """A strummed chord has no pitch twice, as a guitar has six strings."""
    notes = draw_phrase("strumming", np.random.default_rng(3), seconds=4.0).notes
    for note in notes:
        together = [other for other in notes if other.start <= note.start + 1e-3 < other.end]
        assert len(together) <= 12  # six of the chord before ring until the last string is struck


def test_a_bend_rises_and_comes_back_with_the_next_note():
    steps = bend(Note(60, 1.0, 1.0), 200.0, vibrato=0.0, rate=5.0)
    assert steps[0] == (1.0, 0.0) and steps[-1][1] == pytest.approx(200.0)
    assert np.all(np.diff([cents for _, cents in steps]) >= 0)
    solo = draw_phrase("solo", np.random.default_rng(0), seconds=20.0)
    starts = {note.start for note in solo.notes}
    assert starts <= {time for time, cents in solo.bends if cents == 0.0}
    assert max(cents for _, cents in solo.bends) >= 200


def test_guitars_of_the_splits_differ():
    sounds = [sound for split in SPLITS for sound in PROGRAMS[split]]
    assert len(set(sounds)) == len(sounds) == 7
    for split in SPLITS:
        drawn = {draw_guitarist(split, np.random.default_rng(seed)).program for seed in range(30)}
        assert drawn == {program for _, program in PROGRAMS[split]}


@pytest.mark.parametrize("sound", [sound for split in SPLITS for sound in PROGRAMS[split]])
def test_a_guitar_sounds_in_tune_and_as_loud_as_asked(guitars, sound):
    player = Guitarist(*sound, cents=0.0, pick_up=(0, 0, 0), formant=1000.0, touch={}, loudness=-20.0)
    dry = guitars.play(player, Phrase([Note(57, 0.0, 1.0, 100)], []), seconds=1.0)
    assert dry.shape == (SAMPLE_RATE,) and dry.dtype == np.float32
    assert 20 * np.log10(np.sqrt(np.mean(dry.astype(float) ** 2))) == pytest.approx(-20, abs=0.1)
    power = np.abs(np.fft.rfft(dry * np.hanning(len(dry)))) ** 2
    comb = [
        sum(power[round(k * f) - 2 : round(k * f) + 3].sum() for k in range(1, 6)) for f in (208, 220, 233)
    ]
    assert np.argmax(comb) == 1 and comb[1] > 3 * max(comb[0], comb[2])


def test_no_peak_is_clipped(guitars):
    loud = Guitarist("TimGM6mb", 25, 0.0, (0, 0, 0), 1000.0, {}, loudness=0.0)
    dry = guitars.play(loud, Phrase([Note(57, 0.0, 1.0, 127)], []), seconds=1.0)
    assert np.abs(dry).max() == pytest.approx(0.98)
