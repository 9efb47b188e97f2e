"""What is sung can be sung, and the mix is what it says: decibels, sums, seconds."""

from __future__ import annotations

import numpy as np
import pytest

from common.band.arranger import arrange
from common.band.form import VOCAL
from common.band.making import first_tune, shuffled_tunes
from common.band.score import BandPart, Instrument
from common.band.tunes import Chord
from common.singing import SINGERS
from common.synthesis import Note
from hw2_source_separation.mini_musdb import maker, mixing, vocals
from hw2_source_separation.mini_musdb.lyrics import lyrics
from hw2_source_separation.mini_musdb.phrases import (
    LONGEST_PHRASE,
    MOST_SUNG,
    SHORTEST,
    draw_transposition,
    join_fast,
    split_phrases,
    sung_phrases,
)
from hw2_source_separation.mini_musdb.planning import SONGBOOKS
from hw2_source_separation.stems import SAMPLE_RATE

BAND = (Instrument(0, is_drum=True, role="drums"), Instrument(33, role="bass"), Instrument(25, role="chords"))
SINGER = SINGERS["train"][0]
LYRIC = next(lyric for lyric in lyrics("train") if SINGER.language.startswith(lyric.language))


def line(*pitches, length=0.5, start=0.0):
    return [Note(pitch, start + place * length, length) for place, pitch in enumerate(pitches)]


@pytest.fixture(scope="module")
def performances():
    """Arranged songs and what is sung in them."""
    rng = np.random.default_rng(0)
    sources = shuffled_tunes(rng, "train", shares=SONGBOOKS)
    found = []
    for _ in range(12):
        tune = first_tune([next(sources) for _ in range(6)])
        key = draw_transposition(tune, SINGER, rng)
        piece = arrange(tune, BAND, rng=rng, duration=30.0, singer=True, transposition=key)
        found.append((piece, sung_phrases(piece, SINGER, LYRIC, rng)))
    return found


# ---- the singer's part ----


def test_all_that_is_sung_can_be_sung(performances):
    for piece, phrases in performances:
        notes = [note for phrase in phrases for note in phrase.notes]
        assert all(SINGER.lowest <= note.pitch <= SINGER.highest for note in notes)
        starts, ends = np.array([n.start for n in notes]), np.array([n.end for n in notes])
        assert np.all(starts[1:] >= ends[:-1] - 1e-9)
        assert np.median(np.diff(starts)) > SHORTEST
        assert np.diff(starts).min() > SHORTEST - 0.065  # between an early and a late one
        assert ends[-1] <= piece.duration


def test_the_voice_sings_in_its_sections_and_breathes(performances):
    shares = []
    for piece, phrases in performances:
        sections = [section for section in piece.sections if section.name in VOCAL]
        for phrase in phrases:
            assert any(s.start - 0.04 <= phrase.start and phrase.end <= s.end + 0.04 for s in sections)
            assert phrase.end - phrase.start < 2 * LONGEST_PHRASE
            assert phrase.words
        gaps = [b.start - a.end for a, b in zip(phrases, phrases[1:], strict=False)]
        assert min(gaps, default=1.0) > 0.03
        shares.append(sum(phrase.end - phrase.start for phrase in phrases) / piece.duration)
    assert max(shares) <= MOST_SUNG
    assert 0.55 < np.mean(shares) < 0.8


def test_the_key_is_the_singers(performances):
    """Nearly all of a tune fits without folding single notes: the steps of the melody are its own."""
    for piece, phrases in performances:
        sung = {round(note.start, 1): note.pitch for phrase in phrases for note in phrase.notes}
        shifts = [sung[at] - n.pitch for n in piece.melody if (at := round(n.start, 1)) in sung]
        assert np.mean(np.array(shifts) == np.median(shifts)) > 0.75


def test_fast_notes_are_joined_and_phrases_cut_at_rests():
    joined = join_fast(line(60, 62, 64, 65, length=0.1))
    assert [(note.pitch, round(note.duration, 3)) for note in joined] == [(60, 0.2), (64, 0.2)]
    phrases = split_phrases([*line(60, 62), *line(64, 65, start=2.0)])
    assert [[note.pitch for note in phrase] for phrase in phrases] == [[60, 62], [64, 65]]
    long = [*line(60, 62, 64, 65), Note(67, 2.0, 2.0), *line(60, 62, 64, 65, start=4.0)]
    assert [len(phrase) for phrase in split_phrases(long)] == [5, 4]
    assert split_phrases([]) == []


def test_a_second_voice_sings_the_chord():
    chords = [Chord(0.0, 1.0, 0, "maj"), Chord(1.0, 1.0, 5, "maj")]
    low, high = SINGER.lowest, SINGER.highest
    c = next(pitch for pitch in range(low + 10, high) if pitch % 12 == 0)
    notes = line(c, c, c, c)
    below = vocals.harmony(notes, chords, SINGER, above=False)
    assert [note.pitch - c for note in below] == [-5, -5, -3, -3]  # g under C, a under F
    assert [note.start for note in below] == [note.start for note in notes]


# ---- takes ----


def test_a_doubled_take_is_late_and_wanders():
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    clicks = (np.arange(len(time)) % 4410 == 2205).astype(np.float32)
    clicks = np.convolve(clicks, np.hanning(20), mode="same").astype(np.float32)
    late = vocals.late_copy(clicks, np.random.default_rng(0))
    delays = [
        np.argmax(late[first : first + 4410]) - np.argmax(clicks[first : first + 4410])
        for first in range(0, len(time), 4410)
    ]
    assert 0.005 * SAMPLE_RATE < min(delays) < max(delays) < 0.04 * SAMPLE_RATE


def test_takes_stand_where_they_were_put():
    waveform = np.ones(100, np.float32)
    np.testing.assert_allclose(vocals.together([vocals.Take(waveform)]), 1.0, rtol=1e-6)
    left = vocals.together([vocals.Take(waveform, -1.0, -6.0206)])
    np.testing.assert_allclose(left[0], np.sqrt(2) / 2, rtol=1e-4)
    np.testing.assert_allclose(left[1], 0.0, atol=1e-6)


# ---- the mix ----


def noise(seed, seconds=4):
    return np.random.default_rng(seed).normal(0, 0.1, (2, seconds * SAMPLE_RATE)).astype(np.float32)


def test_the_voice_stands_above_the_band_by_the_decibels_of_its_median_second():
    voice, band = noise(0), noise(1)
    assert mixing.voice_above_band(10 ** (-6 / 20) * voice, band) == pytest.approx(-6.0, abs=0.1)
    voice[:, : 2 * SAMPLE_RATE] = 0.0  # pauses do not count
    assert mixing.voice_above_band(voice, band) == pytest.approx(0.0, abs=0.1)
    assert mixing.voice_above_band(np.zeros_like(voice), band) == 0.0


def test_the_limiter_lowers_peaks_and_keeps_the_sum():
    stems = np.stack([noise(seed) for seed in range(4)])
    stems[0, :, 50000] += 3.0
    limited = mixing.limit(stems, 6.0)
    mixture = limited.sum(axis=0)
    assert np.abs(mixture).max() == pytest.approx(10 ** (-1 / 20), rel=1e-5)
    gain = limited / np.where(stems == 0, 1, stems)  # one gain for all stems and both sides
    np.testing.assert_allclose(gain, np.broadcast_to(gain[:1, :1], gain.shape), rtol=1e-3)
    loud = 20 * np.log10(gain[0, 0, 0] / gain[0, 0, 50000])
    assert loud == pytest.approx(6.0, abs=0.2)  # the peak is 6 dB lower relative to the rest


def test_stems_that_cancel_each_other_do_not_clip():
    stems = np.stack([noise(0), -noise(0), 0.01 * noise(1), 0.01 * noise(2)])
    assert np.abs(mixing.limit(stems, 3.0)).max() == pytest.approx(mixing.STEM_PEAK, rel=1e-5)


def test_the_mix_has_the_drawn_ratio_and_a_narrow_bass():
    band = {name: noise(seed) for seed, name in enumerate(("drums", "bass", "other"))}
    stems = mixing.mix(noise(7), band, rng=np.random.default_rng(3))
    low, high = mixing.VOICE_ABOVE_BAND
    assert low - 0.3 < mixing.voice_above_band(stems[0], stems[1:].sum(axis=0)) < high + 0.3
    left, right = stems[2]
    assert np.corrcoef(left, right)[0, 1] > 0.9
    assert not stems[..., -1].any()


def test_vocal_chains_reach_from_dry_to_hall():
    rng = np.random.default_rng(0)
    channels = [mixing.draw_vocal_channel(rng, tempo=100.0) for _ in range(100)]
    assert min(channel.reverb for channel in channels) < 0.05
    assert max(channel.reverb for channel in channels) > 0.45
    assert 20 < sum(channel.echo is not None for channel in channels) < 50
    wet = mixing.treat_vocals(noise(0, 1), None, tempo=100.0, rng=rng)
    assert wet.shape == (2, SAMPLE_RATE) and np.isfinite(wet).all()


def test_an_exciter_adds_overtones_above_its_frequency():
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = np.tile(0.1 * np.sin(2 * np.pi * 4000 * time), (2, 1)).astype(np.float32)
    added = mixing.excite(tone, 3000.0, -6.0) - tone
    spectrum = np.abs(np.fft.rfft(added[0] * np.hanning(len(time))))
    assert np.argmax(spectrum[10000:15000]) == pytest.approx(2000, abs=2)  # the third harmonic
    assert spectrum[:3000].max() < 0.01 * spectrum.max()
    level = 20 * np.log10(np.sqrt(np.mean(added**2)) / np.sqrt(np.mean(tone**2)))
    assert level == pytest.approx(-6.0 - 2.4, abs=1.5)  # of what the filter leaves of the tone


def test_a_choir_sings_only_with_the_lead(performances):
    rng = np.random.default_rng(0)
    piece, phrases = performances[0]
    notes = tuple(line(*[60] * int(piece.duration)))
    choir = BandPart(Instrument(52, role="pad"), notes, 0.0, 0.0)
    for _ in range(4):
        kept = maker.beside_the_lead(choir, phrases, rng).notes
        assert kept
        assert all(any(p.start <= note.start < p.end for p in phrases) for note in kept)
    band = BandPart(BAND[2], notes, 0.0, 0.0)
    assert maker.beside_the_lead(band, phrases, rng) is band
