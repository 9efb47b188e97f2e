"""Stretches of stems: the same from their files and from the cache; the cache made once, and mended."""

from __future__ import annotations

import os

import numpy as np
import pytest
import soundfile as sf

from common.audio import AudioError
from hw1_instrument_detection import data, stem_cache
from hw1_instrument_detection.stem_cache import StemCache, StemFiles, open_stems
from hw1_instrument_detection.track_cache import has_stem_audio

RATE = 24_000


@pytest.fixture
def tracks(tiny_slakh):
    return data.open_tracks(tiny_slakh)


def opened(tracks, folder, **options) -> StemFiles:
    return open_stems(tracks, **{"sample_rate": RATE, "folder": folder, "limit_gb": 1, "jobs": 1} | options)


def test_cache_and_files_give_the_same(tracks, tmp_path):
    cache, files = opened(tracks, tmp_path / "cache"), StemFiles(sample_rate=RATE)
    assert type(cache) is StemCache
    for track in tracks:
        for start in (0.0, 3.3, track.duration - 2):
            ours, theirs = (
                reader.read(track, [2, 0], start=start, num_samples=5 * RATE) for reader in (cache, files)
            )
            assert (ours.shape, ours.dtype) == ((2, 5 * RATE), np.float32)
            # Resampled before or after it was cut: they differ next to the cuts. And 16 bit.
            edge = 200
            np.testing.assert_allclose(ours[:, edge:-edge], theirs[:, edge:-edge], atol=2e-2)
            inside = slice(edge, int(1.9 * RATE))
            np.testing.assert_allclose(ours[:, inside], theirs[:, inside], atol=2e-3)


def test_a_cached_stem_is_its_file_at_the_same_rate(tracks, tmp_path):
    cache = opened(tracks, tmp_path)
    track = next(track for track in tracks if track.sample_rate == RATE)
    stem, _ = sf.read(track.stems[1].path, dtype="float32")
    read = cache.read(track, [1], start=0.5, num_samples=RATE)[0]
    np.testing.assert_allclose(read, stem[RATE // 2 : RATE // 2 + RATE], atol=1 / 32767)


@pytest.mark.parametrize("reader", ["cache", "files"])
def test_behind_the_end_is_silence(tracks, tmp_path, reader):
    reader = opened(tracks, tmp_path) if reader == "cache" else StemFiles(sample_rate=RATE)
    waveforms = reader.read(tracks[0], [0, 1, 2], start=19.0, num_samples=3 * RATE)
    assert not waveforms[:, RATE + 1 :].any()
    assert not reader.read(tracks[0], [0], start=20.0, num_samples=100).any()
    assert reader.read(tracks[0], [], start=0.0, num_samples=100).shape == (0, 100)


def test_the_cache_is_made_once(tracks, tmp_path, monkeypatch):
    opened(tracks[:2], tmp_path)
    written = []
    write = StemCache.write
    monkeypatch.setattr(
        StemCache, "write", lambda self, track: written.append(track.name) or write(self, track)
    )
    opened(tracks, tmp_path)
    assert written == ["Track00003", "Track00004"]
    (tmp_path / "Track00001.npy").write_bytes(b"half")
    np.save(tmp_path / "Track00002.npy", np.zeros((1, 10), dtype=np.int16))
    os.utime(tmp_path / "Track00003.npy", (0, 0))  # older than the stems: they have changed since
    opened(tracks, tmp_path)
    assert written[2:] == ["Track00001", "Track00002", "Track00003"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"Track0000{n}.npy" for n in (1, 2, 3, 4)]


def test_a_file_that_is_gone_is_replaced_by_the_stems(tracks, tmp_path):
    cache = opened(tracks, tmp_path)
    (tmp_path / "Track00001.npy").unlink()
    read = cache.read(tracks[0], [1], start=0.0, num_samples=RATE)
    assert np.array_equal(read, StemFiles(sample_rate=RATE).read(tracks[0], [1], start=0.0, num_samples=RATE))


def test_a_broken_stem_is_told_and_leaves_nothing(slakh_copy, tmp_path, capsys):
    tracks = data.open_tracks(slakh_copy)
    tracks[1].stems[2].path.write_bytes(b"fLaC")
    cache = opened(tracks, tmp_path / "cache")
    assert capsys.readouterr().err.count("not remixed: ") == 1
    assert len(list((tmp_path / "cache").iterdir())) == 3
    with pytest.raises(AudioError, match="S02.flac"):
        cache.read(tracks[1], [2], start=0.0, num_samples=RATE)


def test_too_large_or_not_to_be_written_means_no_cache(tracks, tmp_path, capsys):
    assert type(opened(tracks, tmp_path / "cache", limit_gb=0.001)) is StemFiles
    assert "more than 0.001; no cache: decoding stems each time" in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()
    (tmp_path / "file").write_text("")
    assert type(opened(tracks, tmp_path / "file")) is StemFiles
    assert "cannot be written" in capsys.readouterr().err


def test_only_tracks_with_all_stems_can_be_remixed(slakh_copy):
    tracks = data.open_tracks(slakh_copy)
    assert all(has_stem_audio(track) for track in tracks)
    stem_cache.open_stems([], sample_rate=RATE, folder=slakh_copy / "cache", limit_gb=1)
