"""Slakh2100 -> the course's release: the same clips and labels, whole tracks, resuming."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

from common.cli import UserError
from hw1_instrument_detection import data, prepare
from hw1_instrument_detection.training_data import is_mini


@pytest.fixture
def prepared(tiny_slakh, tmp_path):
    out = tmp_path / "out"
    assert data.Prepare(tiny_slakh, out, jobs=2).run() == 0
    return out


def test_what_is_prepared_is_the_release(prepared, tiny_release):
    for split in data.SPLITS:
        ours, theirs = (data.open_split(root, split) for root in (prepared, tiny_release))
        assert ours[1].counts == {}
        assert ours[0].targets.tolist() == theirs[0].targets.tolist()
        assert [path.name for path in ours[0].files] == [path.name for path in theirs[0].files]
        for position in range(len(ours[0])):
            one, other = np.load(ours[0].path(position)), np.load(theirs[0].path(position))
            assert (one.dtype, one.shape) == (np.float32, (120_000,))
            np.testing.assert_allclose(one, other, atol=1e-3)


def test_whole_tracks_tell_the_same(prepared, tiny_release):
    ours, theirs = (data.open_whole_tracks(root) for root in (prepared, tiny_release))
    assert [track.name for track in ours] == ["Track01876", "Track01877"]
    assert all(np.array_equal(a.targets, b.targets) for a, b in zip(ours, theirs, strict=True))


def test_a_second_call_writes_nothing_that_is_there(prepared, tiny_slakh, monkeypatch):
    times = {path: path.stat().st_mtime_ns for path in prepared.rglob("*.npy")}
    removed = prepared / "slakh" / "test" / "Track01877_1.npy"
    removed.unlink()
    saved = []
    save = prepare._save
    monkeypatch.setattr(prepare, "_save", lambda path, clip: saved.append(path.name) or save(path, clip))
    data.Prepare(tiny_slakh, prepared, jobs=1).run()
    assert saved == [f"Track01877_{step}.npy" for step in range(3)]  # of that track alone
    kept = [path for path in times if not path.name.startswith("Track01877")]
    assert all(path.stat().st_mtime_ns == times[path] for path in kept)
    assert removed.is_file()


def test_nothing_half_written_is_left(tiny_slakh, tmp_path, monkeypatch):
    def fail(file, clip):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prepare.np, "save", fail)
    with pytest.raises(OSError, match="No space"):
        data.Prepare(tiny_slakh, tmp_path / "out", jobs=1).run()
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_broken_tracks_are_told_and_left_out(slakh_copy, tmp_path, capsys):
    mix = slakh_copy / "test" / "Track01876" / "mix.flac"
    mix.write_bytes(mix.read_bytes()[:5000])
    data.Prepare(slakh_copy, tmp_path / "out", splits=("test",), jobs=1).run()
    assert "Track01876/mix.flac: damaged or truncated" in capsys.readouterr().err
    assert len(data.open_test_split(tmp_path / "out")) == 3
    assert sorted(path.name for path in (tmp_path / "out" / "test_track").iterdir()) == [
        "Track01877.flac",
        "Track01877.mid",
    ]


def test_a_short_track_is_filled_up(slakh_copy, tmp_path):
    sf.write(slakh_copy / "test" / "Track01876" / "mix.flac", np.full(16_000, 0.25), 16_000)
    data.Prepare(slakh_copy, tmp_path / "out", splits=("test",), jobs=1).run()
    clip = np.load(tmp_path / "out" / "slakh" / "test" / "Track01876_0.npy")
    assert clip.shape == (120_000,)
    assert clip[200:23_800].min() > 0.2 and not clip[24_001:].any()
    assert not (tmp_path / "out" / "slakh" / "test" / "Track01876_1.npy").exists()


def test_a_folder_without_tracks(tmp_path):
    with pytest.raises(UserError, match="holds none of train, validation, test"):
        data.Prepare(tmp_path, tmp_path / "out").run()


def test_one_missing_midi_of_a_stem_comes_from_all_src(slakh_copy, tmp_path, tiny_release):
    (slakh_copy / "test" / "Track01876" / "MIDI" / "S01.mid").unlink()
    data.Prepare(slakh_copy, tmp_path / "out", splits=("test",), jobs=1).run()
    ours, theirs = (data.open_whole_tracks(root) for root in (tmp_path / "out", tiny_release))
    assert ours[0].targets.tolist() == theirs[0].targets.tolist()


def test_a_release_of_mini_data_says_that_it_is_mini(slakh_copy, tmp_path):
    (slakh_copy / "mini_slakh.json").write_text("{}")
    data.Prepare(slakh_copy, tmp_path / "out", splits=("validation",), jobs=1).run()
    assert is_mini(tmp_path / "out") and is_mini(tmp_path / "out" / "slakh")
