"""Mel spectrograms of stems: the same from their files and from the cache, at each speed, and they add up."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from common.audio import AudioError
from common.features import MelSpectrogram
from hw1_instrument_detection import data, spectrogram_cache
from hw1_instrument_detection.spectrogram_cache import SpectrogramCache, SpectrogramFiles, open_spectrograms
from hw1_instrument_detection.stem_cache import StemFiles

RATE, HOP, BANDS = 24_000, 600, 64
SPEEDS = (1.0, 2 ** (-3 / 12), 2 ** (3 / 12))
EDGE = 3  # frames of which a part of the window lies outside of what was read


@pytest.fixture
def tracks(tiny_slakh):
    return data.open_tracks(tiny_slakh)


def mel() -> MelSpectrogram:
    return MelSpectrogram(sample_rate=RATE, n_fft=2048, hop_length=HOP, n_mels=BANDS)


def opened(tracks, folder, **options) -> SpectrogramFiles:
    given = {"sample_rate": RATE, "speeds": SPEEDS, "folder": folder, "limit_gb": 1, "jobs": 1}
    return open_spectrograms(tracks, mel(), **given | options)


def decibels(power):
    return 10 * np.log10(power + 1e-4 * power.max() + 1e-12)


def test_cache_and_files_give_the_same(tracks, tmp_path):
    cache, files = opened(tracks, tmp_path), SpectrogramFiles(mel(), sample_rate=RATE, speeds=SPEEDS)
    assert type(cache) is SpectrogramCache
    for track in tracks:
        for speed in SPEEDS:
            ours, theirs = (
                reader.read(track, 1, start=3.0 * speed, frames=41, speed=speed) for reader in (cache, files)
            )
            assert (ours.shape, ours.dtype) == ((41, BANDS), np.float32)
            inside = slice(EDGE, -EDGE)
            np.testing.assert_allclose(decibels(ours)[inside], decibels(theirs)[inside], atol=1.0)


def test_a_cached_stem_is_the_spectrogram_of_its_waveform(tracks, tmp_path):
    cache = opened(tracks, tmp_path)
    waveform = StemFiles(sample_rate=RATE).read(tracks[1], [0], start=0.0, num_samples=4 * RATE)
    expected = mel()(torch.from_numpy(waveform))[0].T.numpy()
    found = cache.read(tracks[1], 0, start=0.0, frames=len(expected), speed=1.0)
    # Kept as square roots in half precision: 11 bits, so 0.1 % of the power.
    np.testing.assert_allclose(found[:-EDGE], expected[:-EDGE], rtol=2e-3, atol=1e-5 * expected.max())


def test_speed_moves_pitch_and_time(tracks, tmp_path):
    cache = opened(tracks, tmp_path)
    centres = mel().centre_frequencies.numpy()
    stem = tracks[1].stems[1]  # the bass, one note after another
    start, end = float(stem.notes.start[0]), float(stem.notes.end[0])
    for speed in SPEEDS[1:]:
        frames = int((end - start) / speed * RATE / HOP)
        found = cache.read(tracks[1], 1, start=start, frames=frames, speed=speed).sum(axis=0)
        plain = cache.read(tracks[1], 1, start=start, frames=frames, speed=1.0).sum(axis=0)
        mean = [float((centres * power).sum() / power.sum()) for power in (found, plain)]
        assert mean[0] / mean[1] == pytest.approx(speed, rel=0.1)
    duration = tracks[1].duration
    assert cache.frames_at(tracks[1], SPEEDS[2]) == pytest.approx(duration / SPEEDS[2] * RATE / HOP, abs=2)


def test_powers_of_stems_add_up_to_that_of_the_mix(tracks, tmp_path):
    cache = opened(tracks, tmp_path)
    for track in tracks:
        stems = range(len(track.stems))
        waveforms = StemFiles(sample_rate=RATE).read(track, stems, start=0.0, num_samples=10 * RATE)
        mix = mel()(torch.from_numpy(waveforms.sum(axis=0, keepdims=True)))[0].T.numpy()
        total = sum(cache.read(track, stem, start=0.0, frames=len(mix), speed=1.0) for stem in stems)
        assert total[:-EDGE].sum() == pytest.approx(mix[:-EDGE].sum(), rel=0.1)
        loud = mix[:-EDGE] > 1e-3 * mix.max()
        difference = (decibels(total) - decibels(mix))[:-EDGE][loud]
        assert abs(np.median(difference)) < 0.5 and np.abs(difference).mean() < 2


def test_behind_the_end_is_silence(tracks, tmp_path):
    for reader in (opened(tracks, tmp_path), SpectrogramFiles(mel(), sample_rate=RATE, speeds=SPEEDS)):
        power = reader.read(tracks[0], 0, start=19.0, frames=81, speed=1.0)
        assert not power[41 + EDGE :].any()
        assert not reader.read(tracks[0], 0, start=25.0, frames=10, speed=1.0).any()


def test_a_speed_that_is_not_kept_is_an_error(tracks, tmp_path):
    for reader in (opened(tracks, tmp_path), SpectrogramFiles(mel(), sample_rate=RATE, speeds=SPEEDS)):
        with pytest.raises(ValueError, match="speed must be one of"):
            reader.read(tracks[0], 0, start=0.0, frames=10, speed=1.5)


def test_the_cache_is_made_once(tracks, tmp_path, monkeypatch):
    opened(tracks, tmp_path)
    monkeypatch.setattr(SpectrogramCache, "encode", lambda *_: pytest.fail("made again"))
    opened(tracks, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"Track0000{n}.npy" for n in (1, 2, 3, 4)]


def test_few_files_stay_open_and_none_goes_to_another_process(tracks, tmp_path, monkeypatch):
    monkeypatch.setattr(spectrogram_cache, "MOST_OPEN", 2)
    cache = opened(tracks, tmp_path)
    first = [cache.read(track, 0, start=1.0, frames=20, speed=1.0) for track in tracks]
    assert len(cache._open) == 2
    other = pickle.loads(pickle.dumps(cache))
    assert not other._open
    for track, power in zip(tracks, first, strict=True):
        assert np.array_equal(other.read(track, 0, start=1.0, frames=20, speed=1.0), power)


def test_what_is_gone_is_computed(tracks, tmp_path):
    (tmp_path / "cache").mkdir()
    cache = SpectrogramCache(tmp_path / "cache", mel(), sample_rate=RATE, speeds=SPEEDS)
    files = SpectrogramFiles(mel(), sample_rate=RATE, speeds=SPEEDS)
    ours, theirs = (reader.read(tracks[0], 1, start=2.0, frames=20, speed=1.0) for reader in (cache, files))
    assert np.array_equal(ours, theirs)


def test_too_large_means_no_cache(tracks, tmp_path, capsys):
    assert type(opened(tracks, tmp_path / "cache", limit_gb=0.001)) is SpectrogramFiles
    assert "no cache: spectrograms of stems each time" in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()


def test_a_stem_that_cannot_be_read_is_told(slakh_copy, tmp_path, capsys):
    tracks = data.open_tracks(slakh_copy)
    tracks[1].stems[2].path.write_bytes(b"fLaC")
    cache = opened(tracks, tmp_path / "cache")
    assert capsys.readouterr().err.count("not remixed: ") == 1
    with pytest.raises(AudioError, match="S02.flac"):
        cache.read(tracks[1], 2, start=0.0, frames=10, speed=1.0)
