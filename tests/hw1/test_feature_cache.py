"""The cache of a frozen encoder's features: the same numbers, computed once, for heads trained in seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from common.cli import UserError
from common.run_folder import RunFolder
from common.training import TrainingConfig
from hw1_instrument_detection import ASSIGNMENT, feature_cache
from hw1_instrument_detection.clip_dataset import ClipDataset
from hw1_instrument_detection.data import open_split
from hw1_instrument_detection.detector import load_detector
from hw1_instrument_detection.detector_training import cached_features, fit_detector
from hw1_instrument_detection.encoders.huggingface import LayerSum
from hw1_instrument_detection.feature_cache import CachedDetector, FeatureCache, fingerprint
from hw1_instrument_detection.losses import Loss, LossConfig
from hw1_instrument_detection.models import HeadConfig, InstrumentDetector, MelEncoder, MelEncoderConfig


@pytest.fixture
def clips(slakh_copy):
    """Five clips of two tracks."""
    return open_split(slakh_copy, "validation")[0]


def items(dataset) -> list[dict]:
    return [dataset[position] for position in range(len(dataset))]


def frozen_encoder(seed: int = 0) -> MelEncoder:
    torch.manual_seed(seed)
    return MelEncoder(MelEncoderConfig(width=4)).requires_grad_(False).eval()


class Layered(nn.Module):
    """An encoder as a checkpoint's: fixed features of two layers, and a sum of them that learns."""

    sample_rate, num_features, frames_per_second = 16_000, 3, 10.0
    config = {"kind": "layered"}

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([1.0, 2.0]), requires_grad=False)
        self.layer_sum = LayerSum(2)

    def fixed_features(self, waveform: Tensor) -> Tensor:
        frames = waveform.reshape(len(waveform), 1, 1, 50, -1).square().mean(dim=-1)  # (B, 1, 1, T)
        return (frames * self.scale[:, None, None]).expand(-1, -1, 3, -1)  # (B, 2, 3, T)

    def learnt_features(self, fixed: Tensor) -> Tensor:
        return self.layer_sum(fixed)

    def forward(self, waveform: Tensor) -> Tensor:
        return self.learnt_features(self.fixed_features(waveform))


def test_cached_features_are_the_encoders(clips, tmp_path):
    encoder = frozen_encoder()
    cached = FeatureCache(tmp_path, encoder).dataset(clips, batch_size=2)
    plain = items(ClipDataset(clips, sample_rate=24_000))
    assert len(cached) == len(clips) == 5 and cached.positions.tolist() == [0, 1, 2, 3, 4]
    for item, expected in zip(items(cached), plain, strict=True):
        features = encoder(expected["waveform"][None])[0]
        torch.testing.assert_close(item["waveform"], features, rtol=1e-3, atol=1e-3)  # half precision
        assert item["waveform"].dtype == torch.float32
        assert torch.equal(item["target"], expected["target"]) and item["index"] == expected["index"]


def test_the_second_time_nothing_is_computed(clips, tmp_path, monkeypatch):
    encoder = frozen_encoder()
    first = items(FeatureCache(tmp_path, encoder).dataset(clips))
    monkeypatch.setattr(MelEncoder, "forward", lambda *_: pytest.fail("it computes"))
    again = items(FeatureCache(tmp_path, encoder).dataset(clips.subset(np.array([3, 1]))))
    assert torch.equal(again[0]["waveform"], first[3]["waveform"])
    assert torch.equal(again[1]["waveform"], first[1]["waveform"])


def test_what_was_cached_when_it_was_stopped_is_kept(clips, tmp_path, monkeypatch):
    encoder, write = frozen_encoder(), feature_cache.write_array
    written: list[Path] = []

    def stopped_after_three(path: Path, array: np.ndarray) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(path)
        write(path, array)

    with monkeypatch.context() as patch:
        patch.setattr(feature_cache, "write_array", stopped_after_three)
        with pytest.raises(KeyboardInterrupt):
            FeatureCache(tmp_path, encoder).dataset(clips)
    times = {path: path.stat().st_mtime_ns for path in written}
    cache = FeatureCache(tmp_path, encoder)
    assert len(cache.dataset(clips)) == 5
    assert {path: path.stat().st_mtime_ns for path in written} == times
    assert len(list(cache.folder.iterdir())) == 5  # and nothing half-written


def test_other_weights_and_edited_audio_are_not_mixed_up(clips, tmp_path):
    first = items(FeatureCache(tmp_path, frozen_encoder()).dataset(clips))
    other = items(FeatureCache(tmp_path, frozen_encoder(seed=1)).dataset(clips))
    assert not torch.equal(first[0]["waveform"], other[0]["waveform"])
    shutil.copyfile(clips.path(4), clips.path(0))  # the first track now is the second
    edited = items(FeatureCache(tmp_path, frozen_encoder()).dataset(clips))
    assert not torch.equal(edited[0]["waveform"], first[0]["waveform"])
    assert torch.equal(edited[4]["waveform"], first[4]["waveform"])


def test_the_fingerprint_is_of_what_stays():
    encoder = Layered()
    before = fingerprint(encoder)
    encoder.layer_sum.weights.data += 1
    assert fingerprint(encoder) == before
    encoder.scale.data += 1
    assert fingerprint(encoder) != before
    with pytest.raises(ValueError, match="must be frozen"):
        fingerprint(MelEncoder(MelEncoderConfig(width=4)))


def test_broken_clips_are_told_and_left_out(clips, tmp_path, capfd):
    clips.path(0).write_bytes(b"torn")
    cached = FeatureCache(tmp_path, frozen_encoder()).dataset(clips)
    assert cached.positions.tolist() == [3, 4] and "skipped: " in capfd.readouterr().err
    clips.path(4).write_bytes(b"torn")
    with pytest.raises(UserError, match="none of the clips can be read"):
        FeatureCache(tmp_path / "new", frozen_encoder()).dataset(clips)


def test_a_torn_file_of_the_cache_is_named(clips, tmp_path):
    cached = FeatureCache(tmp_path, frozen_encoder()).dataset(clips)
    cached.paths[0].write_bytes(b"torn")
    with pytest.raises(UserError, match="cached features cannot be read; delete"):
        cached[0]


@torch.inference_mode()
def test_a_cached_detector_says_what_the_detector_says(clips, tmp_path):
    detector = InstrumentDetector(
        frozen_encoder(), model="cnn", head=HeadConfig(), freeze_encoder=True
    ).eval()
    cached = FeatureCache(tmp_path, detector.encoder).dataset(clips)
    features = torch.stack([item["waveform"] for item in cached])
    waveforms = torch.stack([item["waveform"] for item in items(ClipDataset(clips, sample_rate=24_000))])
    found = CachedDetector(detector).eval()(features)
    torch.testing.assert_close(found, detector(waveforms), rtol=0, atol=1e-2)


def test_a_head_trained_on_the_cache_is_a_detector(slakh_copy, tmp_path):
    train, valid = (open_split(slakh_copy, split)[0] for split in ("train", "validation"))
    detector = InstrumentDetector(frozen_encoder(), model="cnn", head=HeadConfig(), freeze_encoder=True)
    before = {name: tensor.clone() for name, tensor in detector.encoder.state_dict().items()}
    config = TrainingConfig(epochs=2, batch_size=4, workers=0, device="cpu", learning_rate=3e-3)
    run = RunFolder.create(tmp_path / "run", assignment=ASSIGNMENT, config=config)
    loss = Loss(LossConfig(), train.class_counts(), len(train))
    features = cached_features(detector, (train, valid), training=config, folder=tmp_path / "cache")
    best = fit_detector(CachedDetector(detector), *features, loss=loss, training=config, run=run)
    assert 0 < best["valid_map"] <= 1 and len(run.history()) == 2
    loaded = load_detector(run.path, device="cpu").model
    for name, tensor in loaded.encoder.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    waveform = ClipDataset(valid, sample_rate=24_000)[0]["waveform"][None]
    assert torch.equal(loaded(waveform), detector.eval()(waveform))


def test_the_sum_over_the_layers_learns_from_the_cache(clips, tmp_path):
    encoder = Layered()
    cached = FeatureCache(tmp_path, encoder).dataset(clips)
    assert cached[0]["waveform"].shape == (2, 3, 50)
    detector = InstrumentDetector.__new__(InstrumentDetector)
    nn.Module.__init__(detector)
    detector.config, detector.encoder, detector.head = None, encoder, lambda x: (x.mean(dim=2), x)
    CachedDetector(detector).train()(cached[0]["waveform"][None]).sum().backward()
    assert encoder.layer_sum.weights.grad.abs().sum() > 0
