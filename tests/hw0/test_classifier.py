"""Any trained model from its folder: the same answers in any batch, and a clear word about bad folders."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from common.cli import UserError
from common.run_folder import ModelFolderError
from hw0_note_classification.classifier import classify_notes, load_classifier
from hw0_note_classification.data import open_split


@pytest.fixture(scope="module")
def notes(tiny_nsynth):
    return open_split(tiny_nsynth, "test")[0]


@pytest.fixture(params=["cnn_run", "knn_run"])
def run(request):
    return request.getfixturevalue(request.param)


def test_batched_equals_single_and_twice_equals_once(run, notes):
    classifier = load_classifier(run, device="cpu")
    positions, [together] = classify_notes([classifier], notes, batch_size=40)
    _, [alone, again] = classify_notes([classifier, load_classifier(run, device="cpu")], notes, batch_size=1)
    assert positions.tolist() == list(range(40))
    assert together.shape == (40, 11)
    np.testing.assert_allclose(together.sum(axis=1), 1)
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_array_equal(alone, again)


def test_the_model_has_learnt_the_families(run, notes):
    _, [probabilities] = classify_notes([load_classifier(run, device="cpu")], notes)
    assert (probabilities.argmax(axis=1) == notes.family).mean() > 0.6


def test_any_length_is_heard(run):
    classifier = load_classifier(run, device="cpu")
    assert classifier.sample_rate == 16_000
    for samples in (1_000, 64_000, 100_000):
        waveforms = 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(0))
        assert np.isfinite(classifier.probabilities(waveforms)).all()


def test_unreadable_notes_are_left_out(cnn_run, folder):
    index, _ = open_split(folder, "train")
    for position in (3, 4):
        index.path(position).write_bytes(b"RIFF")
    classifier = load_classifier(cnn_run, device="cpu")
    positions, [probabilities] = classify_notes([classifier], index, batch_size=2)
    assert positions.tolist() == [i for i in range(44) if i not in (3, 4)]
    assert probabilities.shape == (42, 11)
    for position in range(44):
        index.path(position).write_bytes(b"RIFF")
    with pytest.raises(UserError, match="none of the recordings can be read"):
        classify_notes([classifier], index)


def change_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "transformer"}, "model 'transformer' is unknown"),
        ({"assignment": "hw2_source_separation"}, "belongs to hw2_source_separation"),
        ({"depth": 3}, "unknown key depth"),
        ({"width": 9}, "weights do not fit"),
        ({"format": 99}, "format 99 is unknown"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused(cnn_run, own_copy, changes, message):
    folder = own_copy(cnn_run)
    change_config(folder, **changes)
    with pytest.raises(ModelFolderError, match=message):
        load_classifier(folder)


def test_no_model_folder(tmp_path):
    with pytest.raises(ModelFolderError, match="no such folder"):
        load_classifier(tmp_path / "nowhere")
    with pytest.raises(ModelFolderError, match="not a model folder"):
        load_classifier(tmp_path)
