"""Opening the splits of a data folder of either layout, making mini data, and the commands."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from common.cli import UserError
from hw1_instrument_detection import data


@pytest.fixture(params=["tiny_slakh", "tiny_release"])
def either(request):
    """A data folder in each of the two layouts."""
    return request.getfixturevalue(request.param)


def test_both_layouts_have_the_same_clips(tiny_slakh, tiny_release):
    for split in data.SPLITS:
        one, other = (data.open_split(root, split)[0] for root in (tiny_slakh, tiny_release))
        assert one.tracks == other.tracks
        for name in ("track", "start", "targets"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
        for position in range(len(one)):
            assert one.name(position) == other.name(position)
            # Cut before or after resampling: they differ next to the cuts.
            ours, theirs = (index.waveform(position, sample_rate=24_000) for index in (one, other))
            np.testing.assert_allclose(ours[300:-300], theirs[300:-300], atol=5e-3)


def test_training_splits_are_apart_and_quiet(either, capsys):
    train, valid = data.open_training_splits(either)
    assert (len(train), len(valid)) == (12, 5)
    assert not set(train.tracks) & set(valid.tracks)
    assert capsys.readouterr().err == ""


def test_a_folder_with_a_test_split_only(either, linked):
    root = either / "slakh" if (either / "slakh").is_dir() else either
    folder = linked(root, "test")
    if (root / "test_labels.json").is_file():
        (folder / "test_labels.json").symlink_to(root / "test_labels.json")
    assert len(data.open_test_split(folder)) == 7
    with pytest.raises(UserError, match="holds neither train_labels.json nor train/Track"):
        data.open_training_splits(folder)


def test_shared_tracks_are_told(slakh_copy, capsys):
    (slakh_copy / "train" / "Track00001").rename(slakh_copy / "validation" / "Track00002")
    data.open_training_splits(slakh_copy)
    assert "1 tracks are in train and validation" in capsys.readouterr().err


def test_stems_are_there_in_slakhs_layout_alone(tiny_slakh, tiny_release):
    tracks = data.open_tracks(tiny_slakh)
    assert tuple(track.name for track in tracks) == data.open_split(tiny_slakh, "train")[0].tracks
    assert data.open_tracks(tiny_release) is None


def test_whole_tracks_of_both_layouts(tiny_slakh, tiny_release):
    one, other = data.open_whole_tracks(tiny_slakh), data.open_whole_tracks(tiny_release)
    assert [track.name for track in one] == [track.name for track in other]
    assert all(np.array_equal(a.targets, b.targets) for a, b in zip(one, other, strict=True))


def test_drums_count_where_the_labels_are_our_own(tiny_slakh, tiny_release):
    without, _ = data.open_split(tiny_slakh, "train")
    drums, _ = data.open_split(tiny_slakh, "train", drums_are_percussion=True)
    assert (drums.targets >= without.targets).all()
    assert drums.class_counts()[1] > without.class_counts()[1]
    with pytest.raises(UserError, match="labels leave drums out"):
        data.open_split(tiny_release, "train", drums_are_percussion=True)


def test_folder_errors(tmp_path, tiny_slakh):
    with pytest.raises(UserError, match="no such folder"):
        data.open_test_split(tmp_path / "absent")
    with pytest.raises(UserError, match="is not a folder"):
        data.open_test_split(tiny_slakh / "test" / "Track01876" / "mix.flac")
    with pytest.raises(UserError, match="holds neither test_labels.json nor test/Track"):
        data.open_test_split(tmp_path)
    (tmp_path / "test" / "Track1").mkdir(parents=True)
    with pytest.raises(UserError, match=r"no usable clip of split test \(1 skipped: track without mix"):
        data.open_test_split(tmp_path)


def test_a_split_that_cannot_be_read_at_all_is_refused_at_the_start(release_copy):
    for path in (release_copy / "slakh" / "test").glob("*.npy"):
        path.write_bytes(b"broken")
    with pytest.raises(UserError, match=r"\.npy: not a numpy array"):
        data.open_test_split(release_copy)


# The mini data set


@pytest.fixture
def fake_maker(monkeypatch, tmp_path):
    """A maker of mini-Slakh that writes one file and can be told to fail."""
    made = []

    def make_mini_slakh(root, *, seed=0, soundfonts=(), jobs=2, quick=False):
        root.mkdir(exist_ok=True)
        made.append((root, seed))
        if seed == 13:
            raise KeyboardInterrupt
        (root / "done").write_text("few" if quick else "all")

    module = type(sys)("hw1_instrument_detection.mini_slakh")
    module.make_mini_slakh = make_mini_slakh
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(data, "DEFAULT_DATA", tmp_path / "data" / "mini_slakh")
    return made


def test_mini_data_is_made_once_and_said(fake_maker, capsys, tmp_path):
    first, second = data.ensure_data(None), data.ensure_data(None)
    assert first == second == tmp_path / "data" / "mini_slakh"
    assert (first / "done").read_text() == "all"
    assert len(fake_maker) == 1
    assert capsys.readouterr().err.count("making mini-Slakh") == 1


def test_quick_data_lie_in_a_folder_of_their_own(fake_maker, capsys, tmp_path):
    quick = data.ensure_data(None, quick=True)
    assert quick == tmp_path / "data" / "mini_slakh_quick"
    assert (quick / "done").read_text() == "few"
    assert data.ensure_data(None, quick=True) == quick and len(fake_maker) == 1
    assert data.ensure_data(None) != quick
    assert capsys.readouterr().err.count("making a small mini-Slakh") == 1
    assert data.ensure_data(tmp_path, quick=True) == tmp_path


def test_half_made_data_do_not_count(fake_maker):
    with pytest.raises(KeyboardInterrupt):
        data.make_data(data.default_data(), seed=13)
    assert not data.default_data().exists()
    data.ensure_data(None)
    assert fake_maker[0][0] == fake_maker[1][0]  # the second call goes on where the first stopped


# Commands


def test_info_counts_by_hand(either, slakh_maker, capsys):
    assert data.Info(either).run() == 0
    table = {row[:18].strip(): row[18:].split() for row in capsys.readouterr().out.splitlines()}
    assert table["share of clips"] == ["train", "validation", "test"]
    assert (table["clips"], table["tracks"]) == (["12", "5", "7"], ["4", "2", "2"])
    bass = np.concatenate([slakh_maker.truth(t) for t in slakh_maker.plan() if t.split == "test"])[:, 4]
    assert table["Bass"][2] == f"{bass.mean():.3f}"


def test_make_leaves_a_folder_that_is_there(tmp_path, capsys):
    assert data.Make(tmp_path).run() == 0
    assert "is there already" in capsys.readouterr().out


def test_error_is_one_line(tmp_path):
    command = [sys.executable, data.__file__, "check", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1
