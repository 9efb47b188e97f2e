"""Finding the note: known onsets in synthesized recordings, of any rate and length."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

from common.audio import AudioError
from hw0_note_classification import note_finder
from hw0_note_classification.note_finder import find_note, onsets

RATE = 16_000


def tone(seconds: float, *, rate: int = RATE, pitch: float = 440.0, vibrato: float = 0.0) -> np.ndarray:
    """A harmonic tone of peak 1 with an attack of 10 ms and a release of 50 ms; `vibrato` in semitones."""
    time = np.arange(round(seconds * rate)) / rate
    bend = pitch * (2 ** (vibrato / 12) - 1) / 6 * np.sin(2 * np.pi * 6 * time) / (2 * np.pi)
    phase = 2 * np.pi * (pitch * time + bend)
    waveform = sum(np.sin(harmonic * phase) / harmonic for harmonic in (1, 2, 3, 4, 5, 6))
    waveform *= np.clip(time / 0.01, 0, 1) * np.clip((seconds - time) / 0.05, 0, 1)
    return waveform / np.abs(waveform).max()


def recording(seconds: float, *notes: tuple[float, float, float], rate: int = RATE, noise=1e-4) -> np.ndarray:
    """(samples,) with notes of (start s, duration s, amplitude) over soft noise."""
    waveform = noise * np.random.default_rng(0).standard_normal(round(seconds * rate))
    for start, duration, amplitude in notes:
        first, sound = round(start * rate), amplitude * tone(duration, rate=rate)
        waveform[first : first + len(sound)] += sound
    return waveform


def found(path, waveform, rate=RATE):
    sf.write(path, waveform, rate, subtype="FLOAT")
    return find_note(path, sample_rate=RATE)


@pytest.mark.parametrize("duration", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("start", [0.5, 8.3, 15.0])
def test_the_note_in_a_long_file_is_found_with_its_attack(tmp_path, start, duration):
    waveform = recording(20.0, (start, duration, 0.5))
    note = found(tmp_path / "a.wav", waveform)
    assert start - 0.06 < note.start <= start
    assert note.end == pytest.approx(note.start + 4)
    first = round(note.start * RATE)
    np.testing.assert_allclose(note.waveform, waveform[first : first + 64_000], atol=1e-6)


def test_the_loudest_note_is_taken(tmp_path):
    notes = (2.0, 3.0, 0.1), (9.0, 3.0, 0.5), (15.0, 3.0, 0.2)
    assert 8.94 < found(tmp_path / "a.wav", recording(20.0, *notes)).start <= 9.0


def test_a_noise_before_the_note_is_left_out(tmp_path):
    notes = (7.5, 0.05, 0.05), (9.0, 2.0, 0.5)
    assert 8.94 < found(tmp_path / "a.wav", recording(20.0, *notes)).start <= 9.0


def test_a_note_at_the_end_is_padded(tmp_path):
    note = found(tmp_path / "a.wav", recording(20.0, (18.0, 2.0, 0.5)))
    assert 17.94 < note.start <= 18.0 and note.end == pytest.approx(20.0)
    assert note.waveform.shape == (64_000,)
    assert np.abs(note.waveform[:32_000]).max() > 0.4
    assert not note.waveform[round((20.0 - note.start) * RATE) :].any()


@pytest.mark.parametrize("rate", [11_025, 22_050, 44_100, 48_000])
def test_any_rate_and_number_of_channels(tmp_path, rate):
    waveform = recording(90.0, (80.0, 2.0, 0.5), rate=rate)  # 10 ms are no whole number of samples at 11 025
    note = found(tmp_path / "a.wav", np.stack([waveform, 0.3 * waveform], axis=1), rate)
    assert 79.94 < note.start <= 80.0
    assert note.waveform.shape == (64_000,)
    assert np.abs(note.waveform).max() == pytest.approx(0.5 * 1.3 / 2, rel=0.1)


def test_the_size_of_the_blocks_makes_no_difference(tmp_path, monkeypatch):
    waveform = recording(20.0, (8.3, 2.0, 0.5))
    whole = found(tmp_path / "a.wav", waveform)
    monkeypatch.setattr(note_finder, "BLOCK_SECONDS", 0.7)
    parts = find_note(tmp_path / "a.wav", sample_rate=RATE)
    assert (parts.start, parts.end) == (whole.start, whole.end)


def test_a_long_file_is_read_in_parts(tmp_path, monkeypatch):
    sf.write(tmp_path / "a.wav", recording(120.0, (100.0, 2.0, 0.5)), RATE)
    read, read_blocks, lengths = note_finder.audio.read, note_finder.audio.read_blocks, []

    def counted(*arguments, **options):
        waveform, rate = read(*arguments, **options)
        lengths.append(waveform.shape[1] / rate)
        return waveform, rate

    def counted_blocks(*arguments, **options):
        for block in read_blocks(*arguments, **options):
            lengths.append(len(block) / RATE)
            yield block

    monkeypatch.setattr(note_finder.audio, "read", counted)
    monkeypatch.setattr(note_finder.audio, "read_blocks", counted_blocks)
    monkeypatch.setattr(note_finder, "BLOCK_SECONDS", 10.0)
    find_note(tmp_path / "a.wav", sample_rate=RATE)
    assert sum(lengths) >= 120 and max(lengths) <= 10.0


def test_a_sound_without_onset_gives_its_loudest_seconds(tmp_path):
    time = np.arange(20 * RATE) / RATE
    swell = np.exp(-0.5 * ((time - 11) / 3) ** 2)  # loudest from 9 to 13 s
    note = found(tmp_path / "a.wav", 0.5 * swell * np.sin(2 * np.pi * 440 * time))
    assert note.start == pytest.approx(9.0, abs=0.1)


def test_an_onset_of_something_soft_is_not_preferred_to_the_loudest_seconds(tmp_path):
    time = np.arange(20 * RATE) / RATE
    swell = np.exp(-0.5 * ((time - 11) / 1.5) ** 2)
    waveform = 0.5 * swell * np.sin(2 * np.pi * 440 * time)
    waveform += recording(20.0, (12.9, 1.0, 0.03), noise=0.0)
    assert found(tmp_path / "a.wav", waveform).start == pytest.approx(9.0, abs=0.1)


def test_frames_are_as_long_as_they_say(tmp_path):
    sf.write(tmp_path / "a.wav", np.ones(90 * 11_025) / 2, 11_025)  # 10 ms are 110.25 samples
    envelope = note_finder.read_envelope(tmp_path / "a.wav")
    assert len(envelope.energies) * envelope.frame == pytest.approx(90, abs=envelope.frame)
    assert envelope.energies.sum() == pytest.approx(90 * 11_025 / 4, rel=1e-3)


def test_a_note_of_four_seconds_is_taken_as_it_is(tiny_nsynth):
    path = sorted((tiny_nsynth / "nsynth-test" / "audio").iterdir())[7]
    expected, _ = sf.read(path, dtype="float32")
    note = find_note(path, sample_rate=RATE)
    assert (note.start, note.end) == (0.0, 4.0)
    np.testing.assert_array_equal(note.waveform, expected)


def test_silence_before_a_short_note_is_trimmed(tmp_path):
    note = found(tmp_path / "a.wav", recording(2.5, (1.0, 1.0, 0.5), noise=0.0))
    assert 0.95 <= note.start <= 1.0 and note.end == pytest.approx(2.5)
    assert np.abs(note.waveform[:1600]).max() > 0.4
    assert not note.waveform[round(1.6 * RATE) :].any()


@pytest.mark.parametrize("samples", [1, 10, 159, 161])
def test_very_short_files(tmp_path, samples):
    note = found(tmp_path / "a.wav", np.full(samples, 0.5))
    assert note.waveform.shape == (64_000,)
    assert np.count_nonzero(note.waveform) == samples


@pytest.mark.parametrize("seconds", [2.0, 10.0])
def test_silence_is_refused(tmp_path, seconds):
    with pytest.raises(AudioError, match=r"a\.wav: silent"):
        found(tmp_path / "a.wav", np.zeros(round(seconds * RATE)))
    left = tone(seconds)
    with pytest.raises(AudioError, match="silent when mixed to one channel"):
        found(tmp_path / "a.wav", np.stack([left, -left], axis=1))


def test_onsets_are_where_the_notes_begin():
    starts = [0.5, 1.2, 1.6, 3.0, 4.4]
    waveform = recording(6.0, *((start, 0.35, 0.4) for start in starts))
    times = onsets(waveform.astype(np.float32), RATE)
    assert times == pytest.approx(starts, abs=0.03)


def test_a_vibrato_is_no_row_of_onsets():
    waveform = np.concatenate([np.zeros(RATE), 0.5 * tone(3.0, vibrato=0.5)]).astype(np.float32)
    assert onsets(waveform, RATE) == pytest.approx([1.0], abs=0.03)
