"""Stems: aligned with the score and with each other, at their levels, the same from the same generator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from common.band.effects import active_level
from common.band.presets import Preset, band_soundfonts, presets
from common.band.rendering import PEAK, choose_presets, render_stems
from common.band.score import BandPart, Instrument, Piece, Section
from common.band.tunes import Chord, Tune, TuneNote
from common.band.voices import SynthesizerPool, Voice, draw_voice, fit_to_keys
from common.synthesis import PERCUSSION_BANK, Note

RATE = 44100
TIM, MERLIN = band_soundfonts().values()
C_MAJOR = Chord(0.0, 4.0, 0, "maj")
TUNE = Tune(
    "One Note", "test", "4/4", 4.0, 0, "major", (TuneNote(0.0, 4.0, 60),), (C_MAJOR,), True, length=4.0
)


def part(program: int, role: str, notes, *, level: float = 0.0, pan: float = 0.0) -> BandPart:
    instrument = Instrument(program, is_drum=role == "drums", role=role)
    return BandPart(instrument, tuple(notes), pan, level)


def piece(*parts: BandPart, duration: float = 4.0) -> Piece:
    section = Section("verse", 0.0, duration, tuple(range(len(parts))))
    beats = np.arange(0.0, duration + 0.1, 0.5)
    return Piece("One Note", TUNE, "pop", 120.0, 0, duration, (section,), parts, beats, (), ())


@pytest.fixture(scope="module")
def synthesizers():
    with SynthesizerPool(sample_rate=RATE) as pool:
        yield pool


@pytest.fixture(scope="module")
def trio() -> Piece:
    """Piano chords, a bass that is silent from 2 s on, drums."""
    piano = [Note(pitch, 0.5 * beat, 0.4, 90) for beat in range(7) for pitch in (60, 64, 67)]
    bass = [Note(36, 0.5 * beat, 0.4, 90) for beat in range(4)]
    drums = [Note(36 if beat % 2 else 38, 0.5 * beat, 0.1, 100) for beat in range(7)]
    return piece(
        part(0, "chords", piano, level=-6.0, pan=-0.5), part(33, "bass", bass), part(0, "drums", drums)
    )


@pytest.fixture(scope="module")
def trio_presets() -> list[Preset]:
    return [Preset(TIM, 0, 0), Preset(MERLIN, 0, 33), Preset(TIM, PERCUSSION_BANK, 0)]


@pytest.fixture(scope="module")
def stems(trio, trio_presets, synthesizers):
    """(3, 2, samples). Read them, do not change them."""
    return render_stems(trio, trio_presets, rng=np.random.default_rng(0), synthesizers=synthesizers)


def test_stems_are_aligned_and_their_sum_peaks_at_minus_one_db(stems):
    assert stems.shape == (3, 2, 4 * RATE) and stems.dtype == np.float32
    assert np.abs(stems.sum(axis=0)).max() == pytest.approx(PEAK, rel=1e-4) and PEAK < 0.95
    assert np.abs(stems).max() <= PEAK
    assert all(stem.any() for stem in stems)


def test_the_same_generator_gives_the_same_stems(trio, trio_presets, stems, synthesizers):
    again = render_stems(trio, trio_presets, rng=np.random.default_rng(0), synthesizers=synthesizers)
    np.testing.assert_array_equal(again, stems)
    other = render_stems(trio, trio_presets, rng=np.random.default_rng(1), synthesizers=synthesizers)
    assert not np.array_equal(other, stems)


def test_mono_is_one_channel_at_the_same_level(trio, trio_presets, synthesizers):
    mono = render_stems(
        trio, trio_presets, rng=np.random.default_rng(0), synthesizers=synthesizers, mono=True
    )
    assert mono.shape == (3, 1, 4 * RATE)
    assert np.abs(mono.sum(axis=0)).max() == pytest.approx(PEAK, rel=1e-4)


def test_levels_are_those_of_the_parts_whatever_the_preset(trio, synthesizers):
    chosen = [Preset(MERLIN, 0, 3), Preset(TIM, 0, 38), Preset(MERLIN, PERCUSSION_BANK, 25)]
    differences = []
    for seed in range(12):
        rendered = render_stems(
            trio, chosen, rng=np.random.default_rng(seed), synthesizers=synthesizers, mono=True
        )
        piano, bass, _ = (active_level(stem, sample_rate=RATE) for stem in rendered)
        differences.append(piano - bass)
    assert np.mean(differences) == pytest.approx(-6.0, abs=2.0)  # the part's own level
    assert 1.0 < np.std(differences) < 6.0  # and the engineer's taste


def test_notes_sound_when_the_score_says(trio, trio_presets, synthesizers):
    """The drums begin on the beat; the bass is silent after its last note, but for the room."""
    for seed in range(4):
        rendered = render_stems(
            trio, trio_presets, rng=np.random.default_rng(seed), synthesizers=synthesizers, mono=True
        )
        drums, bass = rendered[2, 0], rendered[1, 0]
        strokes = np.abs(drums).reshape(-1, 441).max(axis=1)  # every 10 ms
        rises = np.flatnonzero(strokes[1:] > 4 * strokes[:-1] + 0.02 * strokes.max()) + 1
        assert set(range(50, 350, 50)) <= {int(rise) + late for rise in rises for late in (0, -1, 1)}
        assert np.square(bass[int(3.5 * RATE) :]).mean() < 0.02 * np.square(bass[: 2 * RATE]).mean()


def test_the_end_is_no_click(stems):
    assert np.abs(stems[:, :, -2:]).max() < 1e-3


def test_a_left_part_is_on_the_left(synthesizers):
    one = piece(part(0, "melody", [Note(60, 0.0, 1.0)], pan=-0.8), duration=1.5)
    left, right = render_stems(
        one, [Preset(TIM, 0, 0)], rng=np.random.default_rng(0), synthesizers=synthesizers
    )[0]
    assert np.square(left).sum() > 3 * np.square(right).sum()


def test_each_part_needs_a_preset(trio, synthesizers):
    with pytest.raises(ValueError, match="one preset for each of 3 parts is needed, got 1"):
        render_stems(trio, [Preset(TIM, 0, 0)], rng=np.random.default_rng(0), synthesizers=synthesizers)


def test_parts_of_one_program_share_their_preset(trio):
    twice = replace(trio, parts=(trio.parts[0], trio.parts[2], trio.parts[0]))
    for seed in range(10):
        first, drums, second = choose_presets(np.random.default_rng(seed), twice.parts, presets("train"))
        assert first == second and (first.program, first.bank) == (0, 0)
        assert (drums.program, drums.bank) == (0, PERCUSSION_BANK)


# ---- voices ----


def test_a_shifted_voice_sounds_at_the_same_pitch(synthesizers):
    notes = [Note(69, 0.0, 1.0)]
    for shift in (-4, 0, 4):
        waveform = Voice(Preset(TIM, 0, 73), shift=shift).play(notes, synthesizers, duration=1.0)[0]
        spectrum = np.abs(np.fft.rfft(waveform[RATE // 4 : RATE // 4 + RATE // 2] * np.hanning(RATE // 2)))
        lowest = np.flatnonzero(spectrum > 0.2 * spectrum.max())[0] * 2.0
        assert lowest == pytest.approx(440.0, abs=8.0)


def test_voices_differ_and_keep_the_keys_that_sound(synthesizers):
    flute, contrabass = Instrument(73, role="melody"), Instrument(43, role="bass")
    rng = np.random.default_rng(0)
    voices = [draw_voice(rng, Preset(TIM, 0, 73), flute, [Note(72, 0, 1)], synthesizers) for _ in range(60)]
    assert len({voice.shift for voice in voices}) == 9
    assert 0.2 < np.mean([not voice.generators and voice.shift == 0 for voice in voices]) < 0.6
    highest = Preset(MERLIN, 0, 43)  # no key above 64
    shifts = {draw_voice(rng, highest, contrabass, [Note(64, 0, 1)], synthesizers).shift for _ in range(60)}
    assert shifts == {-4, -3, -2, -1, 0}


def test_kits_keep_their_keys(synthesizers):
    drums = Instrument(0, is_drum=True, role="drums")
    rng = np.random.default_rng(0)
    voices = [
        draw_voice(rng, Preset(TIM, PERCUSSION_BANK, 0), drums, [Note(36, 0, 1)], synthesizers)
        for _ in range(20)
    ]
    assert {voice.shift for voice in voices} == {0}


def test_keys_that_a_font_lacks_are_known(synthesizers):
    assert 64 not in synthesizers.keys(Preset(TIM, 0, 65))  # a hole in the alto saxophone
    assert max(synthesizers.keys(Preset(MERLIN, 0, 43))) == 64
    assert synthesizers.keys(Preset(TIM, 0, 0)) >= set(range(21, 109))


def test_what_a_font_cannot_play_moves_by_octaves_and_drums_are_left_out(synthesizers):
    parts = (
        part(65, "melody", [Note(62, 0.0, 0.5), Note(64, 0.5, 0.5)]),
        part(43, "bass", [Note(90, 0.0, 0.5)]),
        part(0, "drums", [Note(36, 0.0, 0.1), Note(5, 0.5, 0.1)]),
    )
    chosen = [Preset(TIM, 0, 65), Preset(MERLIN, 0, 43), Preset(TIM, PERCUSSION_BANK, 0)]
    fitted = fit_to_keys(piece(*parts), chosen, synthesizers)
    assert [[note.pitch for note in p.notes] for p in fitted.parts] == [[62, 76], [54], [36]]


def test_names_are_the_fonts(synthesizers):
    assert synthesizers.name(Preset(MERLIN, 0, 0)) == "Piano Merlin"
