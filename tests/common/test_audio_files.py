from pathlib import Path

from common.audio_files import audio_files, named_recordings
from common.distinct_names import distinct


def written(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_a_folder_stands_for_the_audio_files_below_it(tmp_path):
    written(tmp_path, "b/c.FLAC", "a.wav", "words.txt", ".hidden.wav", "empty/words.txt")
    assert list(audio_files([tmp_path])) == [tmp_path / "a.wav", tmp_path / "b/c.FLAC"]
    others = [tmp_path / "words.txt", tmp_path / "empty", tmp_path / "missing.wav"]
    assert list(audio_files(others)) == others


def test_no_two_names_are_alike():
    taken: set[str] = set()
    names = [distinct(name, taken) for name in ("a", "A", "a_2", "a", "b")]
    assert names == ["a", "A_2", "a_2_2", "a_3", "b"]


def test_what_was_written_is_a_recording_only_if_it_is_named(tmp_path):
    written(tmp_path, "solo.wav", "b/Solo.mp3", "out/solo_dry.wav")
    found = named_recordings([tmp_path], tmp_path / "out", name=lambda path: path.stem)
    assert found == [(tmp_path / "b/Solo.mp3", "Solo"), (tmp_path / "solo.wav", "solo_2")]
    made = tmp_path / "out/solo_dry.wav"
    assert named_recordings([made], tmp_path / "out", name=lambda path: path.stem) == [(made, "solo_dry")]
