"""A choir is heard part by part: in tune, level, left and right, not quite together, and the same by seed."""

from dataclasses import replace

import numpy as np
import pytest
import pyworld

from common.band.effects import active_level
from common.singing import SINGERS, SingingError
from common.singing import lyrics as spoken_lyrics
from common.singing.choir import LATENESS, ChoirPart, _not_together, sing_choir, singers_for_parts
from common.singing.pitch_curve import sung_pitch
from common.singing.sung_words import SungWord, phrases
from common.synthesis import Note

RATE = 16000
PITCHES = {"soprano": (72, 74, 76), "bass": (48, 43, 48)}


def melody(pitches, start=0.5, length=0.6):
    return [Note(pitch, start + length * place, length) for place, pitch in enumerate(pitches)]


def words(*texts):
    return [SungWord(text, range(place, place + 1), 0, (1,)) for place, text in enumerate(texts)]


def part(name, voices=2):
    notes = melody(PITCHES[name])
    return ChoirPart(notes, words("so", "far", "a"), singers_for_parts([notes])[0], voices)


def sung(*parts, seed=0, **options):
    return sing_choir(parts, rng=np.random.default_rng(seed), sample_rate=RATE, **options)


@pytest.fixture(scope="module")
def alone():
    return {name: sung(part(name)) for name in PITCHES}


def levels(waveform):
    return [active_level(side[None], sample_rate=RATE) for side in waveform]


def test_parts_are_equally_loud_and_finite(alone):
    for sound in alone.values():
        assert sound.dtype == np.float32 and sound.shape == (2, round((0.5 + 3 * 0.6 + 0.5) * RATE))
        assert np.isfinite(sound).all() and np.abs(sound).max() <= 0.98
        assert active_level(sound, sample_rate=RATE) == pytest.approx(-20, abs=0.5)


@pytest.mark.parametrize("name", PITCHES)
def test_several_voices_sing_one_pitch(alone, name):
    f0, times = pyworld.harvest(alone[name].mean(axis=0).astype(float), RATE, f0_floor=70, f0_ceil=700)
    for note in melody(PITCHES[name]):
        steady = f0[(times > note.start + 0.15) & (times < note.end - 0.2)]
        cents = 1200 * np.log2(np.median(steady[steady > 0]) / 440) - 100 * (note.pitch - 69)
        assert abs(cents) < 40


def test_the_first_part_stands_left_the_last_right(alone):
    both = sung(part("soprano", 1), part("bass", 1))
    spectra = np.abs(np.fft.rfft(both, axis=1))
    frequencies = np.fft.rfftfreq(both.shape[1], 1 / RATE)
    low = np.sqrt((spectra[:, (frequencies > 80) & (frequencies < 200)] ** 2).sum(axis=1))
    high = np.sqrt((spectra[:, (frequencies > 500) & (frequencies < 700)] ** 2).sum(axis=1))
    assert low[1] > 1.5 * low[0] and high[0] > high[1]
    left, right = levels(alone["bass"])  # a part of its own stands in the middle
    assert left == pytest.approx(right, abs=2.5)


def test_the_seed_decides(alone):
    assert np.array_equal(sung(part("bass")), alone["bass"])
    assert not np.array_equal(sung(part("bass"), seed=1), alone["bass"])


def test_nothing_clips_and_the_length_is_as_asked():
    short = ChoirPart(melody((60,), start=0.1, length=0.3), words("ah"), SINGERS["train"][0], 1)
    loud = sung(*[short] * 16, duration=0.3)
    assert loud.shape == (2, round(0.3 * RATE)) and np.abs(loud).max() == pytest.approx(0.98, abs=1e-3)


def test_words_are_spoken_once_for_all_voices(monkeypatch):
    heard = []
    speak = spoken_lyrics.speak
    monkeypatch.setattr(spoken_lyrics, "speak", lambda text, voice: heard.append(text) or speak(text, voice))
    sung(part("bass", 3), duration=0.5)
    assert heard == ["so far a"]


def test_singers_are_a_little_early_or_late_and_never_overlap():
    (phrase,) = phrases(words("so", "far", "a"), melody(PITCHES["bass"]), "en-us")
    starts = []
    for seed in range(40):
        notes = _not_together(phrase, np.random.default_rng(seed))
        assert all(a.end <= b.start + 1e-9 for a, b in zip(notes, notes[1:], strict=False))
        assert notes[-1].end == pytest.approx(phrase.notes[-1].end)
        starts.append([note.start for note in notes])
    lateness = np.array(starts) - [note.start for note in phrase.notes]
    assert np.abs(lateness).max() <= LATENESS + 1e-9
    assert 0.005 < lateness.std() < 0.015


def test_tuning_moves_the_whole_line():
    singer, notes = SINGERS["train"][0], melody((60, 62))
    usual, sharp = (
        sung_pitch(notes, s, 300, np.random.default_rng(0)) for s in (singer, replace(singer, tuning=8))
    )
    assert sharp - usual == pytest.approx(0.08)


def test_singers_are_chosen_by_range_and_no_one_twice():
    lines = [melody(p) for p in ((67, 76), (60, 69), (53, 62), (43, 55))]
    chosen = singers_for_parts(lines)
    assert len(set(chosen)) == 4
    for singer, notes in zip(chosen, lines, strict=True):
        assert all(singer.lowest <= note.pitch <= singer.highest for note in notes)


def test_impossible_choirs_are_refused():
    with pytest.raises(SingingError, match="without parts"):
        sung()
    with pytest.raises(SingingError, match="1 to 16 voices, got 0"):
        part("bass", 0)
    with pytest.raises(SingingError, match="no vowel to sing"):
        sung(ChoirPart(melody((60,)), words("..."), SINGERS["train"][0]))
