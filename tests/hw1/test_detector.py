"""A trained detector from its folder: the same answers in any batch, and a clear word about bad folders."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from common.cli import UserError
from common.run_folder import ModelFolderError
from hw1_instrument_detection import detector as module
from hw1_instrument_detection.data import open_training_splits
from hw1_instrument_detection.detector import detect_clips, load_detector
from hw1_instrument_detection.thresholds import save_thresholds


@pytest.fixture(scope="module")
def clips(tiny_release):
    return open_training_splits(tiny_release)[0]


@pytest.fixture(scope="module")
def detector(cnn_run):
    return load_detector(cnn_run, device="cpu")


def noise(*shape: int) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_batched_equals_single_and_twice_equals_once(detector, cnn_run, clips):
    positions, together = detect_clips(detector, clips, batch_size=20)
    _, alone = detect_clips(detector, clips, batch_size=1)
    _, again = detect_clips(load_detector(cnn_run, device="cpu"), clips, batch_size=1)
    assert positions.tolist() == list(range(len(clips)))
    assert together.shape == (len(clips), 9) and together.dtype == np.float64
    assert ((together > 0) & (together < 1)).all()
    np.testing.assert_allclose(alone, together, atol=1e-6)
    np.testing.assert_array_equal(alone, again)


@pytest.mark.parametrize("samples", [1_000, 24_000, 120_000, 300_001])
def test_any_length_is_heard(detector, samples):
    assert detector.sample_rate == 24_000
    found, frames = detector.activity(noise(2, samples))
    assert found.shape == (2, 9) and np.isfinite(found).all()
    assert frames.shape[:2] == (2, 9) and np.isfinite(frames).all()
    assert frames.shape[2] == pytest.approx(samples / 24_000 * detector.frames_per_second, abs=1)
    np.testing.assert_array_equal(detector.probabilities(noise(2, samples)), found)


def test_a_large_batch_is_heard_in_parts(detector, monkeypatch):
    waveforms = noise(5, 2, 24_000)
    whole = detector.activity(waveforms)
    heard = []
    activity = detector.model.activity
    monkeypatch.setattr(detector.model, "activity", lambda part: heard.append(len(part)) or activity(part))
    monkeypatch.setattr(module, "MOST_SAMPLES", 2 * 48_000)
    for found, expected in zip(detector.activity(waveforms), whole, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert heard == [2, 2, 1]
    assert detector.probabilities(waveforms[:0]).shape == (0, 9)


def test_a_clip_is_no_surer_than_its_surest_moment(detector):
    found, frames = detector.activity(noise(3, 120_000))
    assert (found <= frames.max(axis=2) + 1e-9).all() and (found >= frames.min(axis=2) - 1e-9).all()


def test_unreadable_clips_are_left_out(detector, release_copy):
    clips = open_training_splits(release_copy)[0]
    for position in (3, 4):
        clips.path(position).write_bytes(b"no numpy")
    positions, probabilities = detect_clips(detector, clips, batch_size=2)
    assert positions.tolist() == [i for i in range(len(clips)) if i not in (3, 4)]
    assert probabilities.shape == (len(clips) - 2, 9)
    for position in range(len(clips)):
        clips.path(position).write_bytes(b"no numpy")
    with pytest.raises(UserError, match="none of the clips can be read"):
        detect_clips(detector, clips)


def test_thresholds_come_with_the_model(cnn_run, own_copy):
    folder = own_copy(cnn_run)
    chosen = np.linspace(0.1, 0.9, 9)
    save_thresholds(folder, chosen)
    np.testing.assert_array_equal(load_detector(folder).thresholds, chosen)
    (folder / "thresholds.json").unlink()
    np.testing.assert_array_equal(load_detector(folder).thresholds, np.full(9, 0.5))
    (folder / "thresholds.json").write_text("[]")
    with pytest.raises(ModelFolderError, match="thresholds.json: not a JSON object"):
        load_detector(folder)


def change_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "ssl"}, "model 'ssl' is no detector"),
        ({"assignment": "hw0_note_classification"}, "belongs to hw0_note_classification"),
        ({"depth": 3}, "unknown key depth"),
        ({"model": "crnn"}, "weights do not fit"),
        ({"encoder": {"kind": "tuba"}}, "encoder 'tuba' is unknown"),
        ({"encoder": {"kind": "mel"}}, "missing key"),
        ({"format": 99}, "format 99 is unknown"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused(cnn_run, own_copy, changes, message):
    folder = own_copy(cnn_run)
    change_config(folder, **changes)
    with pytest.raises(ModelFolderError, match=message):
        load_detector(folder)


def test_no_model_folder(tmp_path):
    with pytest.raises(ModelFolderError, match="no such folder"):
        load_detector(tmp_path / "nowhere")
    with pytest.raises(ModelFolderError, match="not a model folder"):
        load_detector(tmp_path)
