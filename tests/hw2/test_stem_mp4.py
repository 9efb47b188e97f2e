"""MUSDB18's .stem.mp4, written here by PyAV: the right streams, sample by sample, from any place."""

from __future__ import annotations

import numpy as np
import pytest

from common.audio import AudioError
from hw2_source_separation.musdb import open_song, open_split
from hw2_source_separation.stem_mp4 import STREAMS, open_stem_mp4

NAME = "Dan - Night"


@pytest.fixture(scope="module")
def truth(musdb_maker):
    """The five streams in the order of the file, int16 (2, samples)."""
    stems = musdb_maker.stems_of(musdb_maker.song_named(NAME))
    return {name: (stems | {"mixture": musdb_maker.mixed(stems)})[name] for name in STREAMS}


@pytest.fixture(scope="module")
def aac(musdb_maker, truth, tmp_path_factory):
    return musdb_maker.write_stem_mp4(tmp_path_factory.mktemp("stems") / f"{NAME}.stem.mp4", truth)


def test_streams_come_in_the_order_of_musdb18():
    assert STREAMS == ("mixture", "drums", "bass", "other", "vocals")


def test_lossless_streams_are_read_sample_by_sample(musdb_maker, truth, tmp_path):
    path = musdb_maker.write_stem_mp4(tmp_path / "a.stem.mp4", truth, codec="alac")
    song = open_song("a", path)
    for name, samples in truth.items():
        np.testing.assert_allclose(song.read(name), musdb_maker.as_float(samples), atol=1e-6)
        part = song.read(name, start=70_001, frames=9_999)
        np.testing.assert_allclose(part, musdb_maker.as_float(samples)[:, 70_001:80_000], atol=1e-6)


def test_aac_streams_are_in_time_with_what_was_coded(musdb_maker, truth, aac):
    song = open_song(NAME, aac)
    assert (song.frames, song.sample_rate) == (round(4.5 * 44_100), 44_100)
    assert song.stems() == ("vocals", "drums", "bass", "other")
    for name, samples in truth.items():
        if name != "drums":  # noise, of which AAC keeps the loudness alone
            heard, coded = song.read(name), musdb_maker.as_float(samples)
            error = np.square(heard - coded).sum() / np.square(coded).sum()
            assert error < (0.2 if name == "mixture" else 1e-3), name


@pytest.mark.parametrize(
    ("start", "frames"), [(0, 100), (5, 44_100), (4_095, 3), (4_097, 100), (99_999, 50_001), (198_449, 1)]
)
def test_a_part_is_that_part_of_the_whole(aac, start, frames):
    song = open_song(NAME, aac)
    for name in ("vocals", "bass", "other"):  # the noise of the drums is made up anew each time
        whole = song.read(name)
        np.testing.assert_array_equal(
            song.read(name, start=start, frames=frames), whole[:, start : start + frames]
        )


def test_a_data_folder_of_stem_mp4(aac, tmp_path):
    for split, name in (("train", "a"), ("train", "b"), ("test", "c")):
        (tmp_path / split).mkdir(exist_ok=True)
        (tmp_path / split / f"{name}.Stem.MP4").symlink_to(aac)
    names = {split: [song.name for song in open_split(tmp_path, split)[0]] for split in ("train", "test")}
    assert names == {"train": ["a"], "test": ["c"]}


def test_a_file_with_other_streams_is_refused(musdb_maker, truth, tmp_path):
    two = {name: truth[name] for name in ("mixture", "vocals")}
    with pytest.raises(AudioError, match="has 2 audio streams, a .stem.mp4 has 5: mixture, drums"):
        open_stem_mp4(musdb_maker.write_stem_mp4(tmp_path / "a.stem.mp4", two))


@pytest.mark.parametrize("content", [b"", b"no film at all" * 100])
def test_a_file_that_is_no_mp4(tmp_path, content):
    (tmp_path / "a.stem.mp4").write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.stem\.mp4: damaged or truncated"):
        open_stem_mp4(tmp_path / "a.stem.mp4")


def test_a_file_cut_short_has_lost_its_index(aac, tmp_path):
    (tmp_path / "a.stem.mp4").write_bytes(aac.read_bytes()[:-50_000])
    with pytest.raises(AudioError, match=r"a\.stem\.mp4: damaged or truncated"):
        open_stem_mp4(tmp_path / "a.stem.mp4")


def test_a_stream_that_ends_early_is_told(aac):
    vocals = open_stem_mp4(aac)["vocals"]
    longer = type(vocals)(vocals.path, vocals.number, 44_100, 2, frames=vocals.frames + 60_000)
    with pytest.raises(AudioError, match=r"truncated, vocals lacks \d+ samples after 3\.401 s"):
        longer.read(start=150_000, frames=60_000)
