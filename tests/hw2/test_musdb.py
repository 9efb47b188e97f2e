"""Finding songs in data folders, splitting off validation songs, and leaving out what cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from common.cli import UserError
from hw2_source_separation.musdb import (
    STANDARD_VALIDATION,
    find_songs,
    open_split,
    song_paths,
    validation_songs,
)

SONG = "Ben - Noon"
NO_LIST = Path("a folder without validation.txt")


def names_of(root, split):
    return [song.name for song in open_split(root, split)[0]]


def test_splits_of_the_tiny_data(tiny_musdb):
    assert names_of(tiny_musdb, "train") == ["Ada - Morning", "Ben - Noon", "Dan - Night"]
    assert names_of(tiny_musdb, "validation") == ["Cleo - Evening"]
    assert names_of(tiny_musdb, "test") == ["Eve - Rain", "Finn - Snow"]
    for split in ("train", "validation", "test"):
        songs, problems = open_split(tiny_musdb, split)
        assert not problems.lines()
        assert all(song.stems() == ("vocals", "drums", "bass", "other") for song in songs)
    with pytest.raises(ValueError, match="split must be one of train, validation, test, got 'valid'"):
        open_split(tiny_musdb, "valid")


# Which songs validate


def test_the_standard_list_applies_where_its_songs_are():
    assert len(STANDARD_VALIDATION) == 14
    names = ["A Classic Education - NightOwl", "ANiMAL - Rockshow", "Triviul - Angelsaint", "Zeno - Signs"]
    validating, missing = validation_songs(NO_LIST, names)
    assert validating == {"ANiMAL - Rockshow", "Triviul - Angelsaint"} and not missing


@pytest.mark.parametrize(("songs", "validating"), [(2, [1]), (6, [5]), (7, [6]), (15, [6, 13]), (100, None)])
def test_else_every_seventh_song_validates(songs, validating):
    names = [f"song {number:03d}" for number in range(songs)]
    found, _ = validation_songs(NO_LIST, names)
    if validating is None:
        assert len(found) == 14  # as many as the standard list has of MUSDB18's 100
    else:
        assert found == {names[number] for number in validating}


def test_validation_txt_wins_over_the_standard_list(musdb_copy):
    (musdb_copy / "train" / SONG).rename(musdb_copy / "train" / "ANiMAL - Rockshow")
    (musdb_copy / "validation.txt").write_text("\n  Dan - Night \n\nAda - Morning\nNobody - Nothing\n")
    assert names_of(musdb_copy, "validation") == ["Ada - Morning", "Dan - Night"]
    assert names_of(musdb_copy, "train") == ["ANiMAL - Rockshow", "Cleo - Evening"]
    assert open_split(musdb_copy, "validation")[1].lines() == [
        "1 skipped: song that validation.txt names and train/ lacks (Nobody - Nothing)"
    ]
    (musdb_copy / "validation.txt").unlink()
    assert names_of(musdb_copy, "validation") == ["ANiMAL - Rockshow"]


def test_accents_may_be_written_in_either_way(musdb_copy):
    (musdb_copy / "train" / SONG).rename(musdb_copy / "train" / "Be\u0301n - Noon")
    (musdb_copy / "validation.txt").write_text("B\u00e9n - Noon\n", encoding="utf-8")
    assert names_of(musdb_copy, "validation") == ["Be\u0301n - Noon"]


def test_a_song_that_is_unusable_moves_no_other_to_another_split(musdb_copy):
    (musdb_copy / "validation.txt").unlink()  # then the last of four songs validates
    assert names_of(musdb_copy, "validation") == ["Dan - Night"]
    (musdb_copy / "train" / "Dan - Night" / "vocals.wav").unlink()
    with pytest.raises(UserError, match=r"train: no usable song of split validation \(1 skipped: song that"):
        open_split(musdb_copy, "validation")
    assert "Cleo - Evening" in names_of(musdb_copy, "train")


def test_validation_txt_that_is_no_text(musdb_copy):
    (musdb_copy / "validation.txt").write_bytes(b"\xff\xfe\x00\x00")
    with pytest.raises(UserError, match=r"validation\.txt: is not UTF-8 text"):
        open_split(musdb_copy, "train")


# Folders


def test_capitals_flac_and_files_beside(musdb_copy):
    folder = musdb_copy / "test" / "Eve - Rain"
    (folder / "vocals.wav").rename(folder / "Vocals.WAV")
    (folder / "mixture.wav").unlink()
    sf.write(folder / "bass.flac", *sf.read(folder / "bass.wav"))
    (folder / "bass.wav").unlink()
    sf.write(folder / "drums.flac", np.zeros((5, 2)), 44_100)  # but drums.wav is there, and wins
    (folder / "._other.wav").write_bytes(b"what a Mac leaves")
    (folder / "lyrics.txt").write_text("rain")
    song = open_split(musdb_copy, "test")[0][0]
    assert set(song.sources) == {"vocals", "drums", "bass", "other"}
    assert song.frames == round(6.3 * 44_100)
    assert song.read("vocals").any() and song.read("bass").any()


def test_a_bare_folder_may_only_be_tested_on(tiny_musdb):
    assert names_of(tiny_musdb / "test", "test") == ["Eve - Rain", "Finn - Snow"]
    with pytest.raises(UserError, match="test: holds no songs in train/"):
        open_split(tiny_musdb / "test", "train")


def test_a_folder_hides_the_stem_mp4_of_the_same_name(musdb_copy):
    (musdb_copy / "test" / "Eve - Rain.stem.mp4").write_bytes(b"")
    (musdb_copy / "test" / ".hidden").mkdir()
    assert list(song_paths(musdb_copy / "test")) == ["Eve - Rain", "Finn - Snow"]
    assert names_of(musdb_copy, "test") == ["Eve - Rain", "Finn - Snow"]


def test_folder_errors(tmp_path, tiny_musdb):
    with pytest.raises(UserError, match="absent: no such folder"):
        open_split(tmp_path / "absent", "train")
    with pytest.raises(UserError, match="is not a folder"):
        open_split(tiny_musdb / "validation.txt", "train")
    for split, name in (("train", "train"), ("validation", "train"), ("test", "test")):
        with pytest.raises(UserError, match=f"holds no songs in {name}/"):
            open_split(tmp_path, split)


def test_one_song_cannot_train_and_validate(musdb_copy, tmp_path):
    (tmp_path / "train").mkdir()
    (musdb_copy / "train" / SONG).rename(tmp_path / "train" / SONG)
    assert names_of(tmp_path, "validation") == [SONG]
    with pytest.raises(UserError, match="no usable song of split train .no song is left for it"):
        open_split(tmp_path, "train")


# Songs that cannot be used


def spoil(path, change, **options):
    """Write the file anew with what `change` makes of its samples (frames, channels) and its rate."""
    samples, rate = change(*sf.read(path))
    sf.write(path, samples, rate, **options)


SPOILED = {
    "song that lacks a stem (Ben - Noon: no drums)": lambda p: p.unlink(),
    "file that cannot be opened (Ben - Noon: drums.wav: empty, 0 bytes; get the file again)": lambda p: (
        p.write_bytes(b"")
    ),
    "file that cannot be opened (Ben - Noon: drums.wav: truncated, 299956 of 882000 bytes": lambda p: (
        p.write_bytes(p.read_bytes()[:300_000])
    ),
    # 44 bytes of header: the last frame, of 4 bytes, has lost one
    "file that cannot be opened (Ben - Noon: drums.wav: truncated, 299957 of 882000 bytes": lambda p: (
        p.write_bytes(p.read_bytes()[:300_001])
    ),
    "stems of different lengths (Ben - Noon: vocals 220500, drums 110250 samples)": lambda p: spoil(
        p, lambda samples, rate: (samples[: len(samples) // 2], rate)
    ),
    "stems at different sample rates (Ben - Noon: vocals 44100, drums 22050 Hz)": lambda p: spoil(
        p, lambda samples, rate: (samples[::2], rate // 2)
    ),
    "more than two channels (Ben - Noon: vocals 2, drums 6 channels)": lambda p: spoil(
        p, lambda samples, rate: (np.tile(samples, 3), rate)
    ),
}


@pytest.mark.parametrize("expected", SPOILED)
def test_a_spoiled_song_is_left_out_and_told(musdb_copy, expected):
    SPOILED[expected](musdb_copy / "train" / SONG / "drums.wav")
    songs, problems = open_split(musdb_copy, "train")
    assert [song.name for song in songs] == ["Ada - Morning", "Dan - Night"]
    (line,) = problems.lines()
    assert line.startswith(f"1 skipped: {expected}")


def test_a_song_of_10_ms_is_left_out(musdb_copy):
    for path in (musdb_copy / "train" / SONG).iterdir():
        spoil(path, lambda samples, rate: (samples[:441], rate))
    songs, problems = find_songs(musdb_copy, "train")
    assert len(songs) == 2
    assert problems.lines() == ["1 skipped: song shorter than 1 s (Ben - Noon: 0.010 s)"]


def test_a_song_without_singing_is_usable(musdb_copy):
    spoil(musdb_copy / "train" / SONG / "vocals.wav", lambda samples, rate: (0 * samples, rate))
    assert SONG in names_of(musdb_copy, "train")


def test_data_that_end_in_the_middle_of_a_frame(musdb_copy):
    path = musdb_copy / "train" / SONG / "drums.wav"
    content = bytearray(path.read_bytes())
    del content[-3:]  # the header knows: 3 bytes less, one in the last frame
    content[4:8] = (len(content) - 8).to_bytes(4, "little")
    content[40:44] = (len(content) - 44).to_bytes(4, "little")
    path.write_bytes(content)
    song = next(song for song in open_split(musdb_copy, "train")[0] if song.name == SONG)
    assert song.frames == 5 * 44_100 - 1
    assert song.read("drums").shape == (2, song.frames)


def test_all_songs_spoiled_is_an_error_that_says_why(musdb_copy):
    for song in (musdb_copy / "test").iterdir():
        (song / "other.wav").unlink()
    with pytest.raises(UserError, match=r"test: no usable song of split test \(2 skipped: song that lacks"):
        open_split(musdb_copy, "test")
