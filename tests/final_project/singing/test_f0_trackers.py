"""The two trackers on tones whose pitch is known."""

from __future__ import annotations

import numpy as np
import pytest

from final_project.singing.f0_trackers import HOP, TRACKERS, to_semitones, track

RATE = 22_050


def voice(hertz: np.ndarray) -> np.ndarray:
    """A sound of ten falling harmonics with the frequency (samples,)."""
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return 0.1 * sum(np.sin(k * phase) / k for k in range(1, 11)).astype(np.float32)


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_steady_tone_and_the_silence_around_it(tracker):
    silence = np.zeros(RATE // 2, np.float32)
    sound = np.concatenate([silence, voice(np.full(RATE, 220.0)), silence])
    pitch = track(sound, tracker, sample_rate=RATE)
    assert len(pitch) == 201  # two seconds, both ends
    assert np.nanmedian(pitch[60:140]) == pytest.approx(57.0, abs=0.06)
    assert np.isfinite(pitch[60:140]).all()
    assert np.isnan(pitch[:40]).all() and np.isnan(pitch[160:]).all()


@pytest.mark.parametrize("tracker", TRACKERS)
def test_vibrato_is_followed(tracker):
    times = np.arange(RATE) / RATE
    sound = voice(330.0 * 2 ** (0.5 / 12 * np.sin(2 * np.pi * 5 * times)))
    pitch = track(sound, tracker, sample_rate=RATE)[20:80]
    truth = to_semitones(np.array([330.0]))[0] + 0.5 * np.sin(2 * np.pi * 5 * (np.arange(20, 80) * HOP))
    assert np.median(np.abs(pitch - truth)) < 0.12


@pytest.mark.parametrize("tracker", TRACKERS)
def test_no_voice_in_silence_and_noise(tracker):
    assert np.isnan(track(np.zeros(RATE), tracker, sample_rate=RATE)).all()
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    assert np.isfinite(track(noise, tracker, sample_rate=RATE)).mean() < 0.2


def test_an_unknown_tracker_is_named():
    with pytest.raises(ValueError, match="'yin'"):
        track(np.zeros(RATE), "yin", sample_rate=RATE)
