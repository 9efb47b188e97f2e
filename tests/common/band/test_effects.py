"""The effects are held to what is known of them: gains at frequencies, times of echoes, levels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import sosfreqz

from common.band import effects
from common.band.channels import draw_channel
from common.band.effects import Room
from common.band.score import Instrument

RATE = 44100


def tone(frequency: float = 440.0, *, seconds: float = 1.0, peak: float = 0.1, channels: int = 2):
    time = np.arange(round(seconds * RATE)) / RATE
    return np.tile(peak * np.sin(2 * np.pi * frequency * time), (channels, 1)).astype(np.float32)


def gain_at(section, frequency: float) -> float:
    """dB."""
    _, response = sosfreqz(section[None], [frequency], fs=RATE)
    return 20 * np.log10(abs(response[0]))


@pytest.mark.parametrize("gain", [-9.0, 6.0])
def test_equalizers_change_what_they_say(gain):
    peak = effects.peaking(1000.0, gain, 1.0, sample_rate=RATE)
    low = effects.low_shelf(200.0, gain, sample_rate=RATE)
    high = effects.high_shelf(4000.0, gain, sample_rate=RATE)
    assert gain_at(peak, 1000.0) == pytest.approx(gain, abs=0.01)
    assert gain_at(low, 200.0) == pytest.approx(gain / 2, abs=0.01)  # half of it at the corner
    assert gain_at(high, 4000.0) == pytest.approx(gain / 2, abs=0.01)
    assert (gain_at(low, 5.0), gain_at(high, 22000.0)) == pytest.approx((gain, gain), abs=0.01)
    for section, elsewhere in ((peak, 20.0), (peak, 20000.0), (low, 5000.0), (high, 100.0)):
        assert gain_at(section, elsewhere) == pytest.approx(0.0, abs=0.1)


def test_passes_cut_12_db_per_octave():
    low, high = (cut(1000.0, sample_rate=RATE) for cut in (effects.low_pass, effects.high_pass))
    assert (gain_at(low, 1000.0), gain_at(high, 1000.0)) == pytest.approx((-3.01, -3.01), abs=0.01)
    assert gain_at(low, 2000.0) == pytest.approx(-12.3, abs=0.5)
    assert gain_at(high, 500.0) == pytest.approx(-12.3, abs=0.5)
    assert (gain_at(low, 10.0), gain_at(high, 20000.0)) == pytest.approx((0.0, 0.0), abs=0.01)


def test_a_pause_does_not_lower_the_active_level():
    sounding = tone(peak=0.1)
    paused = np.concatenate([sounding, np.zeros_like(sounding), sounding], axis=1)
    for waveform in (sounding, paused, paused[:1]):
        assert effects.active_level(waveform, sample_rate=RATE) == pytest.approx(-23.01, abs=0.02)
    assert effects.active_level(np.zeros_like(sounding), sample_rate=RATE) == -180.0
    assert effects.active_level(sounding[:, :10], sample_rate=RATE) < 0.0  # shorter than a block


def test_a_level_is_reached_and_silence_stays():
    loud = effects.at_level(tone(), -30.0, sample_rate=RATE)
    assert effects.active_level(loud, sample_rate=RATE) == pytest.approx(-30.0, abs=1e-3)
    assert not effects.at_level(np.zeros((1, 100), np.float32), -30.0, sample_rate=RATE).any()


def test_drive_leaves_the_soft_and_bends_the_loud():
    soft, loud = tone(peak=0.001), tone(peak=1.0)
    np.testing.assert_allclose(effects.drive(soft, 12.0), soft, rtol=1e-4, atol=1e-9)
    bent = effects.drive(loud, 12.0)[0]
    spectrum = np.abs(np.fft.rfft(bent))
    assert np.abs(bent).max() < 0.3
    assert spectrum[1320] > 0.05 * spectrum[440] > 1000 * spectrum[880]  # odd harmonics alone


def test_the_compressor_halves_what_passes_its_threshold():
    quiet, loud = tone(peak=0.02), tone(peak=0.5)  # -37 and -9 dB
    squeezed = [effects.compress(w, -29.0, 2.0, sample_rate=RATE)[:, RATE // 2 :] for w in (quiet, loud)]
    levels = [effects.active_level(waveform, sample_rate=RATE) for waveform in squeezed]
    assert levels == pytest.approx([-36.99, -29.0 + 20.0 / 2], abs=0.1)


def test_echoes_come_on_time():
    impulse = np.zeros((1, RATE), np.float32)
    impulse[0, 100] = 1.0
    echoed = effects.echo(impulse, delay=0.25, feedback=0.5, mix=0.4, sample_rate=RATE)[0]
    places = np.flatnonzero(echoed)
    np.testing.assert_array_equal(places, 100 + np.arange(4) * 11025)
    np.testing.assert_allclose(echoed[places], [1.0, 0.4, 0.2, 0.1], rtol=1e-6)


def test_chorus_adds_a_copy_that_sways():
    impulse = np.zeros((2, RATE), np.float32)
    impulse[:, 4410::4410] = 1.0
    doubled = effects.chorus(impulse, depth=0.003, rate=1.0, mix=0.5, sample_rate=RATE)
    late = [
        np.average(np.arange(800), weights=doubled[0, s + 1 : s + 801]) + 1 for s in range(4410, RATE, 4410)
    ]
    assert min(late) == pytest.approx(0.009 * RATE, abs=30) and max(late) == pytest.approx(
        0.015 * RATE, abs=30
    )


def test_a_room_decays_and_is_as_strong_as_its_mix():
    rooms = [effects.draw_room(np.random.default_rng(seed), sample_rate=RATE) for seed in range(40)]
    norms = [np.sqrt(np.square(room.response).sum(axis=1)) for room in rooms]
    assert {round(float(norm), 3) for pair in norms for norm in pair} == {0.0, 0.5, 1.0}
    for room in rooms:
        first, last = np.array_split(np.square(room.response), 2, axis=1)
        assert first.sum() >= 30 * last.sum()
    response = np.zeros((2, 10), np.float32)
    response[0, 3] = response[1, 5] = 1.0
    impulse = np.zeros((2, 20), np.float32)
    impulse[:, 0] = 1.0
    wet = effects.reverberate(impulse, Room(response), 0.25)
    expected = impulse.copy()
    expected[0, 3] = expected[1, 5] = 0.25
    np.testing.assert_allclose(wet, expected, atol=1e-6)


def test_the_panorama_keeps_the_power():
    waveform = tone()
    for position in (-1.0, -0.3, 0.0, 1.0):
        placed = effects.pan(waveform, position)
        assert np.square(placed).sum() == pytest.approx(np.square(waveform).sum(), rel=1e-5)
    assert np.abs(effects.pan(waveform, -1.0)[1]).max() < 1e-6  # nothing on the right
    np.testing.assert_allclose(effects.pan(waveform, 0.0), waveform, rtol=1e-6)
    np.testing.assert_array_equal(effects.pan(waveform[:1], -1.0), waveform[:1])  # mono has no sides


@pytest.mark.parametrize("channels", [1, 2])
def test_every_drawn_chain_keeps_shape_and_stays_finite(channels):
    waveform = tone(seconds=0.3, channels=channels)
    waveform[:, :100] = 0.0
    instruments = [
        Instrument(0, is_drum=True, role="drums"),
        Instrument(4, role="chords"),
        Instrument(16, role="pad"),
        Instrument(30, role="melody"),
        Instrument(33, role="bass"),
        Instrument(48, role="pad"),
        Instrument(81, role="arpeggio"),
    ]
    for seed in range(30):
        rng = np.random.default_rng(seed)
        room = effects.draw_room(rng, sample_rate=RATE)
        for instrument in instruments:
            channel = draw_channel(rng, instrument, tempo=120.0, sample_rate=RATE)
            played = channel.apply(waveform.copy(), room, position=0.5, sample_rate=RATE)
            assert played.shape == waveform.shape and played.dtype == np.float32
            assert np.isfinite(played).all() and played.any()
            silent = channel.apply(np.zeros_like(waveform), room, position=0.5, sample_rate=RATE)
            assert np.isfinite(silent).all() and np.abs(silent).max() < 1e-6


def test_chains_go_from_nothing_to_strong():
    rng = np.random.default_rng(0)
    guitar = Instrument(30, role="chords")
    chains = [draw_channel(rng, guitar, tempo=120.0, sample_rate=RATE) for _ in range(300)]
    bare = [c for c in chains if not len(c.equalizer) and c.drive is None and c.compressor is None]
    assert 0.1 < len(bare) / len(chains) < 0.3
    assert 0.4 < sum(c.drive is not None for c in chains) / len(chains) < 0.8
    assert any(c.cabinet is not None for c in chains) and any(c.echo is not None for c in chains)
