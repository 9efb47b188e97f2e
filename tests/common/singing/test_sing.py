"""A sung line is listened to with other ears: librosa's YIN for the pitch, band levels for the sounds."""

import itertools

import joblib
import librosa
import numpy as np
import pytest

from common.singing import SINGERS, SingingError, plan_song, sing
from common.singing.phonemes import is_voiced
from common.synthesis import Note

RATE = 44100
LYRICS = "so far a sail\nso long"
SINGER = SINGERS["train"][4]


def line(lowest):
    notes = [Note(lowest + 5 + p, 0.6 + 0.5 * i, 0.5) for i, p in enumerate((0, 2, 4))]
    return [*notes, Note(lowest + 12, 2.1, 0.7), Note(lowest + 9, 3.4, 0.5), Note(lowest + 7, 3.9, 1.0)]


NOTES = line(SINGER.lowest)


def sung(lyrics=LYRICS, notes=NOTES, singer=SINGER, seed=0, **options):
    return sing(lyrics, notes, singer, rng=np.random.default_rng(seed), **options)


@pytest.fixture(scope="module")
def voice():
    return sung()


def rms(waveform, start, end):
    return np.sqrt(np.mean(waveform[round(start * RATE) : round(end * RATE)] ** 2))


def band(waveform, start, end, low, high):
    """RMS of `waveform` between two times and two frequencies."""
    piece = waveform[round(start * RATE) : round(end * RATE)]
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)))) / len(piece)
    frequencies = np.fft.rfftfreq(len(piece), 1 / RATE)
    return np.sqrt(np.sum(spectrum[(frequencies >= low) & (frequencies < high)] ** 2))


@pytest.mark.parametrize("singer", [SINGERS["train"][0], SINGERS["train"][4], SINGERS["test"][0]])
def test_pitch_is_that_of_the_notes(singer):
    notes = line(singer.lowest)
    waveform = librosa.resample(sung(notes=notes, singer=singer), orig_sr=RATE, target_sr=16000)
    f0 = librosa.yin(waveform, fmin=70, fmax=700, sr=16000, frame_length=1024, hop_length=160)
    times = np.arange(len(f0)) * 0.01
    for note in notes:  # between the glides and the consonants all frames are voiced
        inside = (times > note.start + 0.12) & (times < note.end - 0.15)
        cents = 1200 * np.log2(f0[inside] / librosa.midi_to_hz(note.pitch))
        assert np.mean(np.abs(cents) < 50) >= 0.95, note


def test_the_result_is_finite_soft_and_as_long_as_asked(voice):
    assert voice.dtype == np.float32 and np.isfinite(voice).all()
    assert len(voice) == round((NOTES[-1].end + 0.5) * RATE)
    assert 0.1 < np.abs(voice).max() <= 0.98
    levels = 20 * np.log10([rms(voice, note.start + 0.1, note.end - 0.1) for note in NOTES])
    assert np.abs(levels + 20).max() < 5
    for duration in (1.0, 9.0):
        part = sung(duration=duration)
        assert len(part) == round(duration * RATE)
        shared = min(len(part), len(voice))
        assert np.array_equal(part[:shared], voice[:shared])


def test_vowels_begin_on_the_beat_after_a_hiss(voice):
    """The s of "so", "sail", "so" ends where the note begins: low tone takes over from high noise."""
    for beat in (NOTES[0].start, NOTES[3].start, NOTES[4].start):
        before, after = ((beat - 0.05, beat - 0.015), (beat + 0.015, beat + 0.05))
        assert band(voice, *before, 5000, 16000) > 3 * band(voice, *before, 80, 1000)
        assert band(voice, *after, 80, 1000) > 10 * band(voice, *after, 5000, 16000)


def test_hiss_reaches_beyond_espeaks_eleven_kilohertz(voice):
    beat = NOTES[0].start
    below, above, top = (
        band(voice, beat - 0.06, beat - 0.01, *edges) for edges in ((8e3, 11e3), (11e3, 14e3), (14e3, 17e3))
    )
    assert above > 0.25 * below
    assert top > 0.1 * below


def test_rests_are_silent_but_for_a_breath(voice):
    assert np.abs(voice[round(2.81 * RATE) : round(2.84 * RATE)]).max() < 1e-3
    assert np.abs(voice[round(5.0 * RATE) :]).max() < 1e-3
    plan = plan_song(LYRICS, NOTES, SINGER)
    first = min(p.start for p in plan.phonemes if p.start > 2.8)
    breath = rms(voice, first - 0.2, first - 0.05)
    assert -60 < 20 * np.log10(breath / rms(voice, 4.1, 4.7)) < -15


def test_nothing_clicks(voice):
    """Out of silence the voice rises softly, and between voiced sounds no step is larger than within them."""
    steps = np.abs(np.diff(voice))
    usual = max(steps[round((n.start + 0.1) * RATE) : round((n.end - 0.15) * RATE)].max() for n in NOTES)
    plan = plan_song(LYRICS, NOTES, SINGER)
    sounds = [None, *plan.phonemes, None]
    for before, after in itertools.pairwise(sounds):
        joined = before and after and after.start - before.end < 1e-6
        if joined and is_voiced(before.ipa) and is_voiced(after.ipa):
            at = round(after.start * RATE)
            assert steps[at - 100 : at + 100].max() < 1.5 * usual
        elif not joined:
            edges = [round(p.start * RATE) for p in [after] if p] + [
                round(p.end * RATE) for p in [before] if p
            ]
            assert all(np.abs(voice[at - 20 : at + 20]).max() < 0.02 for at in edges)


def test_the_same_seed_sings_the_same_in_every_process(voice):
    def elsewhere():
        return sing(LYRICS, NOTES, SINGER, rng=np.random.default_rng(0))

    for other in joblib.Parallel(n_jobs=2)(joblib.delayed(elsewhere)() for _ in range(2)):
        assert np.array_equal(other, voice)
    assert not np.array_equal(sung(seed=1), voice)


def test_a_melisma_holds_the_vowel_through_its_notes():
    notes = [Note(50, 0.5, 0.4), Note(54, 0.9, 0.4), Note(57, 1.3, 0.6)]
    voice = sung("ah", notes)
    assert min(rms(voice, t, t + 0.02) for t in np.arange(0.55, 1.8, 0.02)) > 0.02


@pytest.mark.parametrize("sample_rate", [16000, 48000])
def test_other_sample_rates_sing_as_loud(sample_rate, voice):
    other = sung(sample_rate=sample_rate)
    assert len(other) == round((NOTES[-1].end + 0.5) * sample_rate)
    levels = [np.sqrt(np.mean(signal**2)) for signal in (other, voice)]
    assert levels[0] == pytest.approx(levels[1], rel=0.15)


def test_other_languages():
    voice = sung("schöne Nacht", NOTES[:3], SINGER.in_language("de"))
    assert rms(voice, 0.7, 2.0) > 0.03


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ([], "no notes"),
        ([Note(30, 0, 1)], "pitch 30 cannot be sung"),
        ([Note(97, 0, 1)], "pitch 97 cannot be sung"),
        ([Note(60, 0, 1), Note(60, 0.9, 1)], "begins before the one at 0.000 s ends"),
        ([Note(60, 1, 1), Note(60, 0, 1)], "sort the notes"),
    ],
)
def test_notes_that_are_no_melody_are_refused(notes, message):
    with pytest.raises(SingingError, match=message):
        sung(notes=notes)


def test_impossible_durations_and_rates_are_refused():
    with pytest.raises(SingingError, match="duration must be more than 0"):
        sung(duration=0.0)
    with pytest.raises(SingingError, match="sample_rate must be at least"):
        sung(sample_rate=8000)
