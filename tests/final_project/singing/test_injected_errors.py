"""Errors that are put in are there, where the truth says; measures know the answer."""

import numpy as np
import pytest

from common.singing import SINGERS
from common.synthesis import Note
from final_project.singing import injected_errors
from final_project.singing.beautifier_measures import (
    STEP,
    independent_pitch,
    mel_bands,
    mel_cepstra,
    mel_cepstral_distortion,
    note_centres,
    vibrato,
)
from final_project.singing.injected_errors import (
    drawn_melody,
    moved,
    on_tape,
    played_unsteadily,
    read_between,
    sung_with_errors,
)

SCORE = [Note(60, 0.2, 0.7), Note(64, 0.9, 0.7)]


@pytest.fixture(scope="module")
def take():
    singer = SINGERS["validation"][0]
    return sung_with_errors("shine on", SCORE, singer, cents=60, onset_seconds=0.05, sample_rate=16_000)


def centres(waveform, starts, ends) -> np.ndarray:
    pitch = independent_pitch(waveform, starts, ends, [60, 64], sample_rate=16_000)
    return note_centres(pitch, starts, ends)


def test_sung_errors_are_heard(take):
    heard = centres(take.waveform, take.starts, take.ends)
    np.testing.assert_allclose(100 * (heard - [60, 64]), take.cents, atol=15)
    written = np.array([[note.start, note.end] for note in SCORE]).T
    np.testing.assert_allclose(centres(take.clean, *written), [60, 64], atol=0.15)
    assert take.starts[0] == 0.2 and 0.85 <= take.starts[1] <= 0.95


def test_the_tape_is_wrong_by_what_it_says(take):
    taped = played_unsteadily(take, cents=80, drift=0)
    heard = centres(taped.waveform, taped.starts, taped.ends)
    np.testing.assert_allclose(100 * (heard - [60, 64]), taped.cents, atol=15)
    # what the take has at any time lies in the clean one where `clean_times` says
    assert taped.clean_times[0] == 0 and (np.diff(taped.clean_times) > 0).all()


def test_a_tape_at_twice_the_speed(take):
    fast = on_tape(take, np.full(600, 1200.0))
    assert fast["starts"][0] == pytest.approx(0.1) and fast["ends"][1] == pytest.approx(0.8)
    assert fast["clean_times"][100] == pytest.approx(1.0, abs=0.01)


def test_reading_between_samples():
    times = np.arange(800) / 16_000
    wave = np.sin(2 * np.pi * 1000 * times).astype(np.float32)
    places = np.arange(50, 700, 0.7)
    np.testing.assert_allclose(
        read_between(wave, places), np.sin(2 * np.pi * 1000 * places / 16_000), atol=0.01
    )


def test_moved_notes_still_touch():
    late = moved(SCORE, np.array([0.0, 0.1]))
    assert late[1].start == pytest.approx(1.0) and late[0].end == pytest.approx(1.0)


def test_melodies_lie_in_the_singers_range():
    for singer in SINGERS["validation"]:
        notes = drawn_melody(singer, 12, np.random.default_rng(0))
        assert len(notes) == 12
        assert all(singer.lowest <= note.pitch <= max(singer.highest, singer.lowest + 12) for note in notes)


def test_takes_come_in_both_kinds(monkeypatch, take):
    monkeypatch.setattr(injected_errors, "sung_with_errors", lambda *_, **__: take)
    sung, taped = injected_errors.make_takes(2, split="validation")
    assert not len(sung.clean_times) and len(taped.clean_times)


def test_vibrato_by_hand():
    times = np.arange(150) * STEP
    curve = 60 + 0.1 * times + 0.4 * np.sin(2 * np.pi * 5.5 * times)
    assert vibrato(curve) == pytest.approx((5.5, 40), rel=0.05)
    assert vibrato(curve[:60]) is None


def test_distortion_by_hand():
    one = np.zeros((3, 24))
    other = one.copy()
    other[:, 4] = 1.0
    assert mel_cepstral_distortion(one, one) == 0
    assert mel_cepstral_distortion(one, other) == pytest.approx(10 / np.log(10) * np.sqrt(2))  # 6.14 dB
    assert np.isnan(mel_cepstral_distortion(one[:0], other[:0]))
    np.testing.assert_allclose(mel_bands(513).sum(axis=1), 1.0)


def test_a_louder_voice_has_the_same_cepstra(take):
    pitch = np.full(150, 60.0)
    one, other = (mel_cepstra(gain * take.clean, pitch, sample_rate=16_000) for gain in (1.0, 0.5))
    assert mel_cepstral_distortion(one[30:80], other[30:80]) < 0.1


def test_pitch_outside_of_the_notes_is_unknown(take):
    pitch = independent_pitch(take.clean, np.array([0.3]), np.array([0.5]), [60], sample_rate=16_000)
    assert np.flatnonzero(np.isfinite(pitch)).tolist() == list(range(30, 50))


def test_a_pitch_is_found_below_a_loud_formant_at_4_khz():
    """A high [i], whose seventh partial is the loudest: its period is no whole number of samples."""
    times = np.arange(16_000) / 16_000
    f0 = 440 * 2 ** ((74.8 - 69) / 12)
    partials = {1: 0.4, 2: 0.004, 6: 0.5, 7: 1.0, 8: 0.2}
    waveform = 0.1 * sum(a * np.sin(2 * np.pi * n * f0 * times) for n, a in partials.items())
    span = np.array([0.2]), np.array([0.8])
    found = independent_pitch(waveform.astype(np.float32), *span, np.array([75.0]), sample_rate=16_000)
    assert note_centres(found, *span) == pytest.approx(74.8, abs=0.03)
