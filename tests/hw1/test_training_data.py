"""What a run says about the data it was trained on."""

from __future__ import annotations

import json

import pytest

from common.cli import UserError
from common.training_data import FILE_NAME
from hw1_instrument_detection import data
from hw1_instrument_detection.training_data import TrainingData, is_mini


def test_it_is_kept_in_the_run_folder(tiny_slakh, tmp_path):
    train, _ = data.open_training_splits(tiny_slakh)
    said = TrainingData.of(tiny_slakh, train)
    said.save(tmp_path)
    assert TrainingData.load(tmp_path) == said
    assert (said.clips, said.tracks, said.is_mini) == (12, 4, False)
    assert said.name == tiny_slakh.name
    assert said.prevalence().tolist() == (train.targets.sum(axis=0) / 12).tolist()


def test_tracks_are_those_of_the_clips_used(tiny_slakh):
    train, _ = data.open_training_splits(tiny_slakh)
    assert TrainingData.of(tiny_slakh, train.subset(train.track == 1)).tracks == 1


def test_mini_data_are_marked(tmp_path):
    assert not is_mini(tmp_path)
    (tmp_path / "mini_slakh.json").write_text("{}")
    assert is_mini(tmp_path)


def test_a_folder_that_says_nothing_or_nonsense(tmp_path):
    assert TrainingData.load(tmp_path) is None
    (tmp_path / FILE_NAME).write_text(json.dumps({"name": "x"}))
    with pytest.raises(UserError, match=FILE_NAME):
        TrainingData.load(tmp_path)
