import numpy as np
import pytest

from common.cli import UserError
from final_project.guitar_effect_removal.amps import amps_of, soft_clip
from final_project.guitar_effect_removal.effects import (
    CLIPPING,
    EFFECTS,
    MOST,
    ORDER,
    RANGES,
    Effect,
    apply_chain,
    draw_chain,
    draw_effect,
    parse_chain,
    rms,
)

RATE = 44_100
AMPS = amps_of("train")


def tone(frequency=220.0, seconds=1.0, level=0.1):
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)).astype(
        np.float32
    )


def spectrum_at(waveform, frequency):
    """Amplitude of a waveform of one second at a whole number of Hz."""
    return (
        2 * np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)))[round(frequency)]) / (len(waveform) / 2)
    )


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_changes_the_sound_but_neither_its_length_nor_its_level(name):
    dry = tone() * np.linspace(1, 0.2, RATE, dtype=np.float32)
    wet = apply_chain(dry, [draw_effect(name, np.random.default_rng(0), amps=AMPS)], sample_rate=RATE)
    assert wet.shape == dry.shape and wet.dtype == np.float32
    assert rms(wet) == pytest.approx(rms(dry), rel=1e-4)
    assert rms(wet - dry) > 0.01 * rms(dry)


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_does_the_same_whatever_the_level(name):
    effect = draw_effect(name, np.random.default_rng(1), amps=AMPS)
    loud = apply_chain(tone(), [effect], sample_rate=RATE)
    soft = apply_chain(tone(level=0.01), [effect], sample_rate=RATE)
    np.testing.assert_allclose(10 * soft, loud, atol=1e-4)


def test_silence_and_an_empty_chain_change_nothing():
    assert np.array_equal(apply_chain(tone(), (), sample_rate=RATE), tone())
    silence = np.zeros(RATE, dtype=np.float32)
    assert not apply_chain(silence, parse_chain("distortion,reverb"), sample_rate=RATE).any()


def test_distortion_adds_odd_harmonics_and_overdrive_even_ones_too():
    distorted = apply_chain(tone(), parse_chain("distortion:30"), sample_rate=RATE)
    overdriven = apply_chain(tone(), parse_chain("overdrive:20"), sample_rate=RATE)
    assert spectrum_at(distorted, 660) > 0.1 * spectrum_at(distorted, 220)
    assert spectrum_at(distorted, 440) < 1e-3 * spectrum_at(distorted, 220)
    assert spectrum_at(overdriven, 440) > 0.01 * spectrum_at(overdriven, 220)


def test_clipping_does_not_fold_what_it_adds_back():
    """The third harmonic of 9 kHz lies at 27 kHz; folded at 22.05 kHz it would sound at 17.1 kHz."""
    clipped = soft_clip(tone(9000.0, level=1.0) * 3, bias=0.0)
    assert spectrum_at(clipped, 17_100) < 1e-3 * spectrum_at(clipped, 9000)


def test_a_cabinet_takes_the_treble_away():
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    power = np.abs(np.fft.rfft(apply_chain(noise, parse_chain("amp:0"), sample_rate=RATE))) ** 2
    assert power[10_000:].mean() < 1e-3 * power[500:3000].mean()


def test_a_delay_comes_when_it_is_said_to():
    click = np.zeros(RATE, dtype=np.float32)
    click[:50] = 0.5
    chain = (Effect("delay", {"mix": 0.5, "delay_seconds": 0.25, "feedback": 0.0}),)
    wet = apply_chain(click, chain, sample_rate=RATE)
    assert np.argmax(np.abs(wet[1000:])) + 1000 == pytest.approx(0.25 * RATE, abs=60)


@pytest.mark.parametrize("count", range(MOST + 1))
def test_a_chain_has_different_effects_in_order_and_one_that_clips(count):
    for seed in range(20):
        names = [effect.name for effect in draw_chain(count, np.random.default_rng(seed), amps=AMPS)]
        assert len(set(names)) == len(names) == count
        assert names == sorted(names, key=ORDER.index)
        assert sum(name in CLIPPING for name in names) <= 1


def test_all_effects_are_drawn_as_often():
    rng = np.random.default_rng(0)
    names = [draw_chain(1, rng, amps=AMPS)[0].name for _ in range(1600)]
    counts = np.array([names.count(name) for name in EFFECTS])
    assert counts.min() > 140 and counts.max() < 265  # 200 each; 60 are four and a half standard deviations


def test_a_chain_is_written_and_read_again():
    chain = draw_chain(4, np.random.default_rng(0), amps=AMPS)
    assert tuple(Effect.from_json(effect.to_json()) for effect in chain) == chain


def test_a_chain_in_words():
    chain = parse_chain("distortion:20, reverb:0.4,delay")
    assert [effect.name for effect in chain] == ["distortion", "reverb", "delay"]
    assert chain[0].parameters == {"drive_db": 20.0} and chain[1].parameters["mix"] == 0.4
    assert chain[2].parameters["mix"] == pytest.approx(RANGES["delay"]["mix"].middle)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fuzz", "fuzz: no such effect; choose of distortion"),
        ("distortion:much", "'much' is no number; give drive_db of distortion"),
        ("distortion:500", "distortion: drive_db is 500; give 0 to 70 dB"),
        ("reverb:1.5", "reverb: mix is 1.5; give 0 to 1"),
        ("delay,delay,delay,delay,delay,delay", "6 effects are too many; give at most 5"),
    ],
)
def test_a_chain_that_cannot_be_played_is_refused(text, message):
    with pytest.raises(UserError, match=message):
        parse_chain(text)


def test_amps_of_the_splits_differ():
    settings = [tuple(amp.values()) for split in ("train", "validation", "test") for amp in amps_of(split)]
    assert len(set(settings)) == len(settings) == 56
    assert amps_of("test") == amps_of("test")
