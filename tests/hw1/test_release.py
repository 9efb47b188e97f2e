"""The layout of the course's release: clips paired with labels by name, and its whole tracks."""

from __future__ import annotations

import json

import numpy as np
import pytest

from common.audio import AudioError
from common.cli import UserError
from hw1_instrument_detection import release
from hw1_instrument_detection.clip_index import read_npy_clip


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_labels_are_those_planned(tiny_release, slakh_maker, split, inside):
    root = tiny_release / "slakh" if inside else tiny_release
    assert release.holds(root, split)
    index, problems = release.open_split(root, split)
    tracks = [track for track in slakh_maker.plan() if track.split == split]
    assert problems.counts == {}
    assert index.targets.tolist() == np.concatenate([slakh_maker.truth(t) for t in tracks]).tolist()
    assert index.tracks == tuple(track.name for track in tracks)
    assert index.name(1) == f"{tracks[0].name}_1"


def edit_labels(root, change) -> None:
    path = root / "slakh" / "test_labels.json"
    labels = json.loads(path.read_text())
    change(labels)
    path.write_text(json.dumps(labels))


def test_clips_and_labels_are_paired_by_name(release_copy):
    edit_labels(release_copy, lambda labels: labels.pop("Track01876_0.npy"))
    (release_copy / "slakh" / "test" / "Track01876_2.npy").unlink()
    index, problems = release.open_split(release_copy, "test")
    assert [index.name(p) for p in range(3)] == ["Track01876_1", "Track01876_3", "Track01877_0"]
    assert problems.first == {
        "clip without a label": ["Track01876_0.npy"],
        "label without its clip": ["Track01876_2.npy"],
    }


@pytest.mark.parametrize("label", [[0] * 8, [2] + [0] * 8, "000000000", None, [0.5] * 9, [[0]] * 9])
def test_labels_of_another_kind_are_left_out(release_copy, label):
    edit_labels(release_copy, lambda labels: labels.update({"Track01876_0.npy": label}))
    index, problems = release.open_split(release_copy, "test")
    assert len(index) == 6
    assert problems.first == {"label that is not 9 times 0 or 1": ["Track01876_0.npy"]}


def test_step_ten_comes_after_step_two(release_copy):
    clips = release_copy / "slakh" / "test"
    (clips / "Track01876_0.npy").rename(clips / "Track01876_10.npy")
    edit_labels(
        release_copy, lambda labels: labels.update({"Track01876_10.npy": labels.pop("Track01876_0.npy")})
    )
    index, _ = release.open_split(release_copy, "test")
    assert [index.name(p) for p in range(4)] == [f"Track01876_{step}" for step in (1, 2, 3, 10)]


@pytest.mark.parametrize("content", ["", "[]", "{", "\0"])
def test_broken_labels(release_copy, content):
    (release_copy / "slakh" / "test_labels.json").write_text(content)
    with pytest.raises(UserError, match="test_labels.json: is not"):
        release.open_split(release_copy, "test")


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (np.zeros(119_999, dtype=np.float32), "119999"),
        (np.zeros((1, 120_000), dtype=np.float32), "1, 120000"),
        (np.zeros(120_000, dtype=np.int16), "floats"),
        (np.full(120_000, np.nan), "NaN"),
        (np.array([object()] * 3), "not a numpy array"),
    ],
)
def test_clips_of_another_kind_are_refused(tmp_path, clip, reason):
    np.save(tmp_path / "a.npy", clip, allow_pickle=True)
    with pytest.raises(AudioError, match=f"a.npy: .*{reason}"):
        read_npy_clip(tmp_path / "a.npy", sample_rate=24_000)


def test_double_precision_and_another_rate(tmp_path):
    time = np.arange(120_000) / 24_000
    np.save(tmp_path / "a.npy", 0.5 * np.sin(2 * np.pi * 440 * time))
    waveform = read_npy_clip(tmp_path / "a.npy", sample_rate=16_000)
    assert (waveform.shape, waveform.dtype) == ((80_000,), np.float32)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(80_000) / 16_000)
    np.testing.assert_allclose(waveform[500:-500], expected[500:-500], atol=1e-3)


def test_whole_tracks(tiny_release, slakh_maker):
    for root in (tiny_release, tiny_release / "slakh"):
        tracks = release.whole_tracks(root)
        assert [track.name for track in tracks] == ["Track01876", "Track01877"]
        planned = [track for track in slakh_maker.plan() if track.split == "test"]
        for whole, track in zip(tracks, planned, strict=True):
            assert whole.targets.tolist() == slakh_maker.truth(track, steps=4).tolist()


def test_whole_tracks_without_midi_are_told(release_copy, capsys):
    (release_copy / "test_track" / "Track01876.mid").unlink()
    (release_copy / "test_track" / "Track01877.mid").write_bytes(b"no MIDI")
    assert release.whole_tracks(release_copy) == []
    told = capsys.readouterr().err.splitlines()
    assert ["Track01876.mid: no such file" in told[0], "not readable as MIDI" in told[1]] == [True, True]


def test_a_release_without_whole_tracks(tmp_path):
    assert release.whole_tracks(tmp_path) == []
