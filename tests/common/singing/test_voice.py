"""The parts of a voice, each against an answer that is known: envelopes, pitch, level, breath."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from common.singing import SINGERS, Singer, SingingError, draw_singers, vary
from common.singing.aperiodicity import noise_shares
from common.singing.bandwidth import widen
from common.singing.breath import breath_envelopes
from common.singing.dynamics import fade, loudness
from common.singing.espeak import SAMPLE_RATE, SpokenPhoneme, variants
from common.singing.phonemes import Manner
from common.singing.pitch_curve import sung_pitch, to_hertz
from common.singing.timbre import evenness, formant_at_pitch
from common.singing.world import FRAME, NEPERS, analyse, bin_frequencies, synthesize, tone
from common.synthesis import Note

PLAIN = Singer(
    "plain", "en-us", 50, 70, vibrato_depth=0, scoop=0, unsteadiness=0, portamento=0.1, breathiness=0
)


def pulses(f0, seconds=0.5):
    waveform = np.zeros(round(seconds * SAMPLE_RATE))
    waveform[np.round(np.arange(0, len(waveform) - 1, SAMPLE_RATE / f0)).astype(int)] = 0.5
    return waveform, [SpokenPhoneme("a", 0, seconds, 0)]


@pytest.mark.parametrize("f0", [75.0, 120.0, 240.0])
def test_the_tone_of_speech_is_found(f0):
    assert tone(*pulses(f0)) == pytest.approx(f0, rel=0.01)


def test_a_whisper_is_refused():
    noise = 0.1 * np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    with pytest.raises(SingingError, match="no steady tone"):
        analyse(noise, [SpokenPhoneme("a", 0, 1, 0)])


def test_a_missing_vocoder_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyworld", None)
    with pytest.raises(SingingError, match="pyworld-prebuilt is not installed"):
        analyse(*pulses(100.0))


@pytest.mark.parametrize("sample_rate", [22050, 44100, 48000])
@pytest.mark.parametrize("f0", [0.0, 200.0])
def test_level_and_pitch_of_what_is_synthesized(sample_rate, f0):
    """Flat power 0.01 up to 11 kHz: an RMS of 0.1 at any rate, if there is nothing above."""
    frequencies = bin_frequencies(sample_rate)
    envelopes = np.tile(np.where(frequencies <= SAMPLE_RATE / 2, np.log(0.01), -30.0), (200, 1))
    noise = np.full(envelopes.shape, 0.001)
    sound = synthesize(np.full(200, f0), envelopes, noise, sample_rate=sample_rate)[sample_rate // 10 :]
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(0.1, rel=0.1)
    if f0:
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        assert spectrum[: round(300 / sample_rate * len(sound))].argmax() * sample_rate / len(
            sound
        ) == pytest.approx(f0, abs=2)


def test_widening_goes_on_above_and_leaves_the_vowel_below():
    flat = np.zeros((2, 513), np.float32)
    wide = widen(flat, np.array([False, True]), sample_rate=44100)
    frequencies = bin_frequencies(44100)
    assert wide.shape == (2, 1025)
    assert wide[:, frequencies < 5000] == pytest.approx(0, abs=1e-6)
    vowel, hiss = (wide[i, np.searchsorted(frequencies, (12000, 14000, 16000))] / NEPERS for i in (0, 1))
    assert vowel[1] == pytest.approx(-12 * np.log2(14000 / 6000), abs=0.1)
    assert (hiss > vowel).all() and hiss[0] > -4 and hiss[2] > -15
    assert (np.diff(wide, axis=1) <= 1e-6).all()


def test_formants_move_up():
    frequencies = np.arange(513) * SAMPLE_RATE / 1024
    peak = -(((frequencies - 1000) / 200) ** 2).astype(np.float32)[None]
    moved = widen(peak, np.array([False]), sample_rate=44100, formant_shift=1.2)
    assert bin_frequencies(44100)[moved[0].argmax()] == pytest.approx(1200, abs=22)


def test_noise_belongs_to_fricatives_breath_and_the_top():
    clear, breathy = (noise_shares(replace(PLAIN, breathiness=b), sample_rate=44100) for b in (0.0, 1.0))
    low, high = np.searchsorted(bin_frequencies(44100), (500, 15000))
    vowel, hissing = Manner.VOWEL.value, Manner.VOICED_FRICATIVE.value
    assert clear[vowel, low] < 0.01 < breathy[vowel, low]
    assert clear[:, high].min() > 0.99
    middle = np.searchsorted(bin_frequencies(44100), 4000)
    assert clear[hissing, middle] > 0.3 > clear[vowel, middle]


def test_evenness_gives_back_what_a_pitch_loses():
    """A narrow formant at 1000 Hz: a tone of 500 Hz hits it, one of 660 Hz does not."""
    peak = -0.5 * ((bin_frequencies(44100) - 1000) / 80) ** 2
    gains = evenness(np.tile(np.maximum(peak, -12), (100, 1)), np.full(100, 660.0), sample_rate=44100)
    hit = evenness(np.tile(np.maximum(peak, -12), (100, 1)), np.full(100, 500.0), sample_rate=44100)
    assert gains.min() > 0 > hit.max()
    assert np.array_equal(evenness(np.zeros((9, 1025)), np.zeros(9), sample_rate=44100), np.zeros(9))


def test_a_pitch_above_the_first_formant_takes_its_level():
    """Formants at 300 and 2400 Hz with a hole of 40 dB between: 600 Hz falls into it, 250 Hz does not."""
    frequencies = bin_frequencies(44100)
    decibels = np.max(
        [-40 * np.ones_like(frequencies), *(-((frequencies - f) ** 2) / 1e3 for f in (300, 2400))], 0
    )
    envelopes, f0 = np.tile(NEPERS * decibels, (3, 1)), np.array([600.0, 250.0, 0.0])

    def levels(share, hertz):
        tuned = formant_at_pitch(envelopes, f0, share=share, sample_rate=44100)
        assert np.array_equal(tuned[1:], envelopes[1:])
        return tuned[0, round(hertz / frequencies[1])] / NEPERS

    assert levels(0.0, 600) == pytest.approx(-40)
    assert levels(0.5, 600) == pytest.approx(-20, abs=1)
    assert levels(1.0, 600) == pytest.approx(0, abs=1)
    assert levels(1.0, 1200) == pytest.approx(-40, abs=1) and levels(1.0, 2400) == pytest.approx(0, abs=1)


def curve(notes, singer, seconds=4.0, seed=0):
    return sung_pitch(notes, singer, round(seconds / FRAME), np.random.default_rng(seed))


def test_without_ornaments_the_pitch_is_the_notes():
    notes = [Note(60, 0.5, 1.0), Note(67, 1.5, 1.0)]
    pitch = curve(notes, PLAIN)
    assert pitch[round(0.7 / FRAME)] == pytest.approx(60, abs=0.01)
    assert pitch[round(2.2 / FRAME)] == pytest.approx(67, abs=0.01)
    gliding = (pitch > 60.5) & (pitch < 66.5)
    assert gliding.sum() * FRAME == pytest.approx(0.1, abs=0.04)
    assert gliding[round(1.48 / FRAME)]
    assert 67.05 < pitch.max() < 67.3  # overshoot
    assert 59.7 < pitch[: round(1.45 / FRAME)].min() < 59.97  # preparation
    assert to_hertz(np.array([69.0])) == pytest.approx(440)


def test_vibrato_has_its_rate_depth_and_delay():
    singer = replace(PLAIN, vibrato_rate=6.0, vibrato_depth=50, vibrato_delay=0.5)
    pitch = curve([Note(60, 0.0, 3.5)], singer) - 60
    assert np.abs(pitch[: round(0.5 / FRAME)]).max() < 0.01
    steady = pitch[round(1.0 / FRAME) : round(3.0 / FRAME)]
    assert 0.35 < steady.max() < 0.6
    rate = np.abs(np.fft.rfft(steady * np.hanning(len(steady)), 8192)).argmax() / 8192 / FRAME
    assert rate == pytest.approx(6.0, rel=0.1)
    short = curve([Note(60, 0.0, 0.3)], singer) - 60
    assert np.abs(short).max() < 0.01


def test_a_phrase_begins_below_and_rests_do_not_glide():
    notes = [Note(60, 0.5, 0.5), Note(65, 2.0, 1.0)]
    pitch = curve(notes, replace(PLAIN, scoop=100))
    assert pitch[round(0.5 / FRAME)] == pytest.approx(59, abs=0.1)
    assert pitch[round(0.9 / FRAME)] == pytest.approx(60, abs=0.05)
    assert pitch[round(1.9 / FRAME)] == pytest.approx(64, abs=0.01)


def test_unsteadiness_is_in_cents():
    pitch = np.concatenate(
        [curve([Note(60, 0, 4)], replace(PLAIN, unsteadiness=10), seed=s) for s in range(20)]
    )
    assert 0.08 < np.std(pitch) < 0.16


def test_loudness_follows_velocity():
    notes = [Note(60, 0, 0.4, 100), Note(60, 0.4, 0.4, 60)]
    level = loudness(notes, round(0.8 / FRAME))
    assert level[10] == pytest.approx(0, abs=0.1) and level[-10] == pytest.approx(-8, abs=0.1)
    swelling = loudness([Note(60, 0, 1.0, 100)], round(1 / FRAME))
    assert swelling.argmax() * FRAME == pytest.approx(0.5, abs=0.02)


def test_edges_fade():
    gains = fade(100)
    assert gains[0] < -15 and gains[-1] < -40 and gains[50] == pytest.approx(0)
    assert np.isfinite(fade(1)).all()


def test_a_breath_is_a_soft_noise():
    envelopes = breath_envelopes(0.3, -25.0, sample_rate=44100)
    shares = np.ones_like(envelopes)
    sound = synthesize(np.zeros(len(envelopes)), envelopes, shares, sample_rate=44100)
    assert 20 * np.log10(np.sqrt(np.mean(sound**2))) == pytest.approx(-20 - 25, abs=4)


def test_voices_of_the_splits_are_disjoint_and_exist():
    variant = {split: {singer.variant for singer in singers} for split, singers in SINGERS.items()}
    assert sum(len(names) for names in variant.values()) == len(set.union(*variant.values())) == 20
    assert set.union(*variant.values()) <= set(variants())
    names = [singer.name for singers in SINGERS.values() for singer in singers]
    assert len(set(names)) == len(names)


def test_nobody_has_the_diction_of_the_final_project_unasked():
    """HW2's data would have to be made and measured anew."""
    rng = np.random.default_rng(0)
    for singers in SINGERS.values():
        for singer in (*singers, *(vary(singer, rng) for singer in singers)):
            assert singer.offglide == singer.formant_tuning == 0


def test_singers_are_drawn_varied_and_repeatably():
    drawn = draw_singers("test", 13, np.random.default_rng(3))
    assert drawn == draw_singers("test", 13, np.random.default_rng(3))
    assert {singer.voice for singer in drawn[:6]} == {singer.voice for singer in SINGERS["test"]}
    assert len({singer.formant_shift for singer in drawn}) == 13
    rng = np.random.default_rng(0)
    for singer in SINGERS["train"]:
        assert {vary(singer, rng).voice for _ in range(20)} == {singer.voice}


def test_a_singer_speaks_other_languages_with_the_same_voice():
    singer = SINGERS["train"][0].in_language("de")
    assert (singer.voice, singer.language, singer.variant) == ("de+f2", "de", "f2")


@pytest.mark.parametrize(
    "change",
    [{"lowest": 20}, {"highest": 99}, {"breathiness": 2.0}, {"vibrato_rate": 20.0}, {"offglide": 2.0}],
)
def test_impossible_singers_are_refused(change):
    with pytest.raises(SingingError, match=f"{next(iter(change))} must be"):
        replace(PLAIN, **change)
