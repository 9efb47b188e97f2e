"""Reading parts of songs: sample by sample what the files hold, at one rate, on two channels."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

from common import audio
from common.audio import AudioError
from hw2_source_separation import songs
from hw2_source_separation.musdb import open_song

NAME = "Ada - Morning"


@pytest.fixture(scope="module")
def truth(musdb_maker):
    """The stems of a song as float32 (2, samples), `mixture` and `accompaniment` among them."""
    stems = musdb_maker.stems_of(musdb_maker.song_named(NAME))
    backing = {name: samples for name, samples in stems.items() if name != "vocals"}
    everything = {**stems, "mixture": musdb_maker.mixed(stems), "accompaniment": musdb_maker.mixed(backing)}
    return {name: musdb_maker.as_float(samples) for name, samples in everything.items()}


@pytest.fixture(scope="module")
def song(tiny_musdb):
    return open_song(NAME, tiny_musdb / "train" / NAME)


@pytest.mark.parametrize("stem", ["vocals", "drums", "bass", "other", "mixture", "accompaniment"])
def test_each_stem_is_read_sample_by_sample(song, truth, stem):
    whole = song.read(stem)
    assert whole.dtype == np.float32 and whole.shape == (2, song.frames) == (2, 6 * 44_100)
    np.testing.assert_allclose(whole, truth[stem], atol=1e-6)
    np.testing.assert_array_equal(song.read(stem, start=1_234, frames=777), whole[:, 1_234:2_011])
    np.testing.assert_array_equal(song.read(stem, start=song.frames - 1), whole[:, -1:])


def test_stems_add_up_to_the_mixture(song):
    total = sum(song.read(stem) for stem in song.stems())
    np.testing.assert_allclose(total, song.read("mixture"), atol=1e-6)


@pytest.mark.parametrize(("start", "frames"), [(-1, 10), (0, 0), (0, 264_601), (264_600, 1)])
def test_a_part_lies_within_the_song(song, start, frames):
    with pytest.raises(ValueError, match=r"must lie in 0\.\.264600"):
        song.read("vocals", start=start, frames=frames)


def test_only_the_part_is_decoded(song, monkeypatch):
    decoded = []
    decode = audio._decode
    monkeypatch.setattr(audio, "_decode", lambda *a: decoded.append(a[-1]) or decode(*a))
    song.read("accompaniment", start=100_000, frames=500)
    assert decoded == [500, 500, 500]


def test_two_stems_and_no_mixture(musdb_maker, truth, tmp_path):
    files = {name: (truth[name] * 32_768).astype(np.int16) for name in ("vocals", "accompaniment")}
    song = open_song("mine", musdb_maker.write_song(tmp_path / "mine", files))
    assert song.stems() == ("vocals", "accompaniment")
    np.testing.assert_allclose(song.read("mixture"), truth["mixture"], atol=1e-6)
    np.testing.assert_allclose(song.read("accompaniment"), truth["accompaniment"], atol=1e-6)
    assert song.has("vocals", "accompaniment", "mixture") and not song.has("drums")
    with pytest.raises(AudioError, match="mine: has no drums; add the stem"):
        song.read("drums")


def test_mono_sounds_on_both_channels(musdb_copy):
    path = musdb_copy / "train" / NAME / "vocals.wav"
    samples, rate = sf.read(path)
    sf.write(path, samples[:, 0], rate)
    vocals = open_song(NAME, path.parent).read("vocals", start=150_000, frames=1_000)
    assert vocals.shape == (2, 1_000) and vocals.any()
    np.testing.assert_array_equal(vocals[0], vocals[1])


@pytest.mark.parametrize("rate", [48_000, 22_050, 44_056])
def test_another_rate_is_resampled_part_by_part_as_the_whole(musdb_maker, tmp_path, rate):
    rng = np.random.default_rng(0)
    noise = {name: rng.integers(-3_000, 3_000, (2, 3 * rate)) for name in ("vocals", "accompaniment")}
    noise = {name: samples.astype(np.int16) for name, samples in noise.items()}
    song = open_song("mine", musdb_maker.write_song(tmp_path / "mine", noise, sample_rate=rate))
    whole = song.read("vocals")
    assert song.sample_rate == 44_100 and song.frames == whole.shape[1] == 3 * 44_100
    original = musdb_maker.as_float(noise["vocals"])
    expected = audio.resample(original, original_rate=rate, target_rate=44_100)
    np.testing.assert_allclose(whole, expected, atol=1e-6)
    for start, frames in ((0, 500), (12_345, 20_000), (100_001, 1), (song.frames - 700, 700)):
        part = song.read("vocals", start=start, frames=frames)
        np.testing.assert_allclose(part, whole[:, start : start + frames], atol=1e-5)


def test_a_resampled_sine_keeps_its_pitch_and_phase(musdb_maker, tmp_path):
    time = np.arange(2 * 48_000) / 48_000
    tone = np.stack([np.sin(2 * np.pi * 441 * time)] * 2) * 8_192
    files = {name: tone.astype(np.int16) for name in ("vocals", "accompaniment")}
    song = open_song("mine", musdb_maker.write_song(tmp_path / "mine", files, sample_rate=48_000))
    heard = song.read("vocals", start=30_000, frames=10_000)[0]
    expected = np.sin(2 * np.pi * 441 * np.arange(30_000, 40_000) / 44_100) / 4
    np.testing.assert_allclose(heard, expected, atol=1e-3)


def test_nan_is_told_with_its_place(musdb_copy):
    path = musdb_copy / "train" / NAME / "vocals.wav"
    samples, rate = sf.read(path)
    samples[88_200] = np.nan
    sf.write(path, samples, rate, subtype="FLOAT")
    song = open_song(NAME, path.parent)
    assert np.isfinite(song.read("vocals", frames=88_200)).all()
    with pytest.raises(AudioError, match=r"vocals\.wav: NaN or infinite samples, the first at 2\.000 s"):
        song.read("vocals", start=80_000, frames=10_000)


def test_a_flac_that_ends_early_is_told_where_it_ends(musdb_maker, tmp_path):
    planned = musdb_maker.song_named(NAME)
    folder = musdb_maker.write_song(tmp_path / NAME, musdb_maker.stems_of(planned), suffix=".flac")
    drums = folder / "drums.flac"
    drums.write_bytes(drums.read_bytes()[: drums.stat().st_size // 2])
    song = open_song(NAME, folder)
    song.read("drums", frames=44_100)
    with pytest.raises(AudioError, match=r"drums\.flac: (damaged or )?truncated"):
        song.read("drums", start=200_000, frames=44_100)


def test_the_length_is_that_of_the_shortest_file(musdb_copy):
    path = musdb_copy / "train" / NAME / "bass.wav"
    samples, rate = sf.read(path)
    sf.write(path, samples[:-1_000], rate)
    song = open_song(NAME, path.parent)
    assert song.frames == 6 * 44_100 - 1_000
    assert song.read("mixture").shape == song.read("accompaniment").shape == (2, song.frames)
    assert songs.LENGTH_TOLERANCE * rate > 1_000
