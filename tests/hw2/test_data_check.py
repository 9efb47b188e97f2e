"""The full check finds each kind of bad file, and tells notes from faults."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

from hw2_source_separation import data, data_check, song_levels
from hw2_source_separation.musdb import open_song

SONG = "Eve - Rain"


@pytest.fixture
def rewrite(musdb_copy):
    """Write a file of a test song anew: `rewrite("vocals", lambda samples: samples / 2)`."""

    def write(stem: str, change, **options) -> None:
        path = musdb_copy / "test" / SONG / f"{stem}.wav"
        samples, rate = sf.read(path)
        sf.write(path, change(samples), rate, **options)

    return write


@pytest.fixture
def check(musdb_copy, capsys):
    """Check the copy: `check()` -> exit code and what is printed."""
    return lambda: (data.Check(musdb_copy, jobs=1).run(), capsys.readouterr().out)


def with_nan(samples):
    samples[100_000] = np.nan
    return samples


def test_good_data_are_good(tiny_musdb, capsys):
    assert data.Check(tiny_musdb, jobs=2).run() == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[-1] for line in said] == [
        "train, 3 songs, 0.3 minutes",
        "validation, 1 songs, 0.1 minutes",
        "test, 2 songs, 0.2 minutes",
    ]


@pytest.mark.parametrize(
    ("stem", "change", "options", "found"),
    [
        ("vocals", lambda x: 0 * x, {}, "1 found: silent recording (Eve - Rain/vocals)"),
        ("bass", lambda x: x[:, 0], {}, "1 found: mono recording, heard on both channels (Eve - Rain: bass)"),
        (
            "drums",
            with_nan,
            {"subtype": "FLOAT"},
            "1 found: file that cannot be read (Eve - Rain: drums.wav: NaN or infinite samples",
        ),
        (
            "mixture",
            lambda x: 2 * x,
            {},
            "1 found: mixture that is not the sum of its stems (Eve - Rain: the difference has -6.0 dB of",
        ),
        (
            "other",
            lambda x: x[:-300],
            {},
            "1 found: stems of slightly different lengths, cut to the shortest (Eve - Rain: by 300 samples)",
        ),
        (
            "other",
            lambda x: x[:-100_000],
            {},
            "1 found: stems of different lengths (Eve - Rain: vocals 277830, other 177830 samples)",
        ),
        (
            "other",
            lambda x: x[:441],
            {},
            "1 found: stems of different lengths (Eve - Rain: vocals 277830, other 441",
        ),
    ],
)
def test_check_finds_each_kind_of_bad_audio(rewrite, check, stem, change, options, found):
    rewrite(stem, change, **options)
    status, said = check()
    assert status == 2 and found in said


def test_check_finds_songs_that_lack_a_stem_or_are_too_short(musdb_copy, check):
    (musdb_copy / "train" / "Dan - Night" / "vocals.wav").unlink()
    for path in (musdb_copy / "train" / "Ben - Noon").iterdir():
        sf.write(path, np.zeros((441, 2)), 44_100)
    status, said = check()
    assert status == 2
    assert "1 found: song that lacks a stem (Dan - Night: no vocals)" in said
    assert "1 found: song shorter than 1 s (Ben - Noon: 0.010 s)" in said


def test_check_goes_on_where_a_split_has_no_usable_song(musdb_copy, check):
    for song in (musdb_copy / "train").iterdir():
        (song / "bass.wav").unlink()
    status, said = check()
    assert status == 2
    assert said.count("1 found: split without a usable song") == 2
    assert "test, 2 songs" in said


def test_check_finds_a_flac_that_ends_early(musdb_maker, musdb_copy, check):
    folder = musdb_copy / "test" / SONG
    samples, rate = sf.read(folder / "drums.wav")
    (folder / "drums.wav").unlink()
    sf.write(folder / "drums.flac", samples, rate)
    content = (folder / "drums.flac").read_bytes()
    (folder / "drums.flac").write_bytes(content[: len(content) // 2])
    status, said = check()
    assert status == 2 and "1 found: file that cannot be read (Eve - Rain: drums.flac: " in said


def test_check_finds_test_songs_in_train(musdb_copy, check):
    (musdb_copy / "train" / "Ben - Noon").rename(musdb_copy / "train" / SONG)
    status, said = check()
    assert status == 2 and "1 found: song of the test split that is in train/, too (Eve - Rain)" in said


def test_other_rates_and_coded_mixtures_are_notes(musdb_maker, musdb_copy, check):
    song = musdb_maker.song_named(SONG)
    stems = musdb_maker.stems_of(song)
    streams = {
        "mixture": stems["other"],
        **{name: stems[name] for name in ("drums", "bass", "other", "vocals")},
    }
    musdb_maker.write_stem_mp4(musdb_copy / "test" / "coded.stem.mp4", streams, codec="alac")
    files = {name: stems[name][:, ::2] for name in ("vocals", "drums", "bass", "other")}
    musdb_maker.write_song(musdb_copy / "train" / "half", files, sample_rate=22_050)
    status, said = check()
    assert status == 0
    assert "1 noted: song not at 44100 Hz, resampled as it is read (half: 22050 Hz)" in said
    assert "1 noted: mixture that is not the sum of its stems (coded: the difference has " in said


def test_songs_are_read_in_blocks(tiny_musdb, monkeypatch):
    song = open_song(SONG, tiny_musdb / "test" / SONG)
    whole = song_levels.measure_levels(song)
    monkeypatch.setattr(song_levels, "BLOCK_SECONDS", 1)
    blocks = list(song_levels.blocks_of(song))
    assert blocks[0] == (0, 44_100) and blocks[-1] == (6 * 44_100, round(0.3 * 44_100))
    assert sum(frames for _, frames in blocks) == song.frames
    in_blocks = song_levels.measure_levels(song)
    assert in_blocks.levels == pytest.approx(whole.levels, abs=1e-4)
    assert in_blocks.sung == whole.sung == 0.5
    assert not data_check.examine_song(song).found


def test_levels_are_root_mean_squares_in_db(musdb_maker, tmp_path):
    square = np.tile(np.array([16_384, -16_384], dtype=np.int16), (2, 44_100))  # half of full scale
    sine = np.tile(16_384 * np.sin(2 * np.pi * 441 * np.arange(88_200) / 44_100), (2, 1)).astype(np.int16)
    files = {"vocals": square, "accompaniment": sine}
    levels = song_levels.measure_levels(open_song("a", musdb_maker.write_song(tmp_path / "a", files)))
    assert levels.levels["vocals"] == pytest.approx(-6.02, abs=0.01)
    assert levels.levels["accompaniment"] == pytest.approx(-9.03, abs=0.01)
    assert levels.vocals_to_accompaniment == pytest.approx(3.01, abs=0.01)
    assert levels.sung == 1


def test_silence_has_no_level(musdb_maker, tmp_path):
    silence = np.zeros((2, 60_000), dtype=np.int16)
    files = {"vocals": silence, "accompaniment": silence + 8_192}
    levels = song_levels.measure_levels(open_song("a", musdb_maker.write_song(tmp_path / "a", files)))
    assert (levels.levels["vocals"], levels.vocals_to_accompaniment, levels.sung) == (-np.inf, -np.inf, 0)
