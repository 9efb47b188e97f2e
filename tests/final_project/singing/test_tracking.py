"""A hummed line is tracked as it was made, also in chunks; noise, silence and chords are refused."""

import numpy as np
import pytest

from common.cli import UserError
from final_project.singing import tracking
from final_project.singing.one_line import check_one_line
from final_project.singing.tracking import runs, track, track_blocks

LINE = [(57.2, 0.2, 0.7), (64.0, 0.8, 1.3)]


@pytest.fixture(scope="module")
def line(hummed):
    return hummed(LINE, rate=16_000)


def test_pitch_and_voice_of_a_line(line):
    found = track(line, sample_rate=16_000)
    for pitch, start, end in LINE:
        inside = slice(round((start + 0.03) / 0.005), round((end - 0.03) / 0.005))
        assert found.voiced[inside].all()
        np.testing.assert_allclose(found.pitch[inside], pitch, atol=0.03)
    assert not found.voiced[: round(0.18 / 0.005)].any()  # the hiss before the first note has no pitch
    assert not found.voiced[round(1.33 / 0.005) :].any()
    check_one_line(found)


@pytest.mark.parametrize("pitch", [74.9, 75.37, 76.2])
@pytest.mark.parametrize("upper", [0.0, 0.001])
def test_a_high_note_that_is_nearly_a_sine_is_not_lost(pitch, upper):
    """Harvest, alone, finds nothing of some of them, or the sixth part of their frequency."""
    times = np.arange(16_000) / 16_000
    f0 = 440 * 2 ** ((pitch - 69) / 12) * (1 + 0.02 * np.sin(2 * np.pi * 5 * times))
    phase = 2 * np.pi * np.cumsum(f0) / 16_000
    sine = 0.1 * np.sin(phase) + 0.1 * upper * sum(np.sin(number * phase) for number in range(2, 7))
    found = track(sine.astype(np.float32), sample_rate=16_000)
    inside = slice(10, -10)
    assert found.voiced[inside].mean() > 0.97
    assert np.nanmax(np.abs(found.pitch[inside] - pitch)) < 0.6


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_any_sample_rate_gives_the_same_pitch(hummed, rate):
    found = track(hummed([(60.0, 0.1, 0.5)], rate=rate), sample_rate=rate)
    assert np.nanmedian(found.pitch) == pytest.approx(60.0, abs=0.03)


def test_chunks_give_what_the_whole_gives(line, monkeypatch):
    whole = track(line, sample_rate=16_000)
    monkeypatch.setattr(tracking, "CHUNK", 120)
    blocks = np.array_split(line, 7)
    parts = track_blocks(blocks, sample_rate=16_000, frames=len(line))
    assert len(parts) == len(whole) == len(line) // 80 + 1
    both = parts.voiced & whole.voiced
    assert both.sum() > 0.97 * whole.voiced.sum()
    np.testing.assert_allclose(parts.pitch[both], whole.pitch[both], atol=0.05)


def test_silence_is_refused():
    with pytest.raises(UserError, match="silent"):
        check_one_line(track(np.full(16_000, 1e-5, np.float32), sample_rate=16_000))


def test_noise_is_refused():
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    with pytest.raises(UserError, match="has one pitch"):
        check_one_line(track(noise, sample_rate=16_000))


def test_two_voices_are_refused(hummed):
    one, other = (hummed([(pitch, 0.1, 1.0)]) for pitch in (57.0, 61.0))
    with pytest.raises(UserError, match="give a recording of one sung line"):
        check_one_line(track(one + other, sample_rate=16_000))


def test_runs_by_hand():
    assert runs(np.array([True, False, True, True])) == [(0, 1), (2, 4)]
    assert runs(np.zeros(3, dtype=bool)) == []
