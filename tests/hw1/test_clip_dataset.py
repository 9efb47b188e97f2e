"""Clips as waveforms: batches, broken clips, augmentation."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf
import torch
from torch.utils.data import DataLoader

from common import training
from common.cli import UserError
from hw1_instrument_detection import clip_dataset, data
from hw1_instrument_detection.clip_dataset import ClipDataset, clip_batches


def test_item_is_the_clip(tiny_release):
    index = data.open_test_split(tiny_release)
    item = ClipDataset(index)[5]
    assert np.array_equal(item["waveform"], np.load(index.path(5)))
    assert (item["waveform"].dtype, item["target"].dtype) == (torch.float32, torch.float32)
    assert item["target"].tolist() == index.targets[5].tolist()
    assert item["index"] == 5


def test_clips_come_at_the_rate_of_the_model(tiny_slakh):
    index = data.open_test_split(tiny_slakh)
    for rate in (16_000, 24_000):
        assert ClipDataset(index, sample_rate=rate)[6]["waveform"].shape == (5 * rate,)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_cover_the_split_in_order(tiny_slakh, workers):
    index = data.open_test_split(tiny_slakh)
    batches = list(clip_batches(index, sample_rate=16_000, batch_size=3, workers=workers))
    assert [batch["waveform"].shape for batch in batches] == [(3, 80_000), (3, 80_000), (1, 80_000)]
    assert torch.cat([batch["index"] for batch in batches]).tolist() == list(range(7))
    assert torch.cat([batch["target"] for batch in batches]).tolist() == index.targets.tolist()


def break_clips(index, positions) -> None:
    for position in positions:
        index.path(position).write_bytes(b"not numpy")


@pytest.mark.parametrize("workers", [0, 2])
def test_broken_clips_are_left_out_of_evaluation(release_copy, capfd, workers):
    index = data.open_test_split(release_copy)
    break_clips(index, [0, 1, 5])  # a whole batch and one more
    batches = clip_batches(index, batch_size=2, workers=workers)
    assert torch.cat([batch["index"] for batch in batches]).tolist() == [2, 3, 4, 6]
    told = capfd.readouterr().err
    assert told.count("skipped: ") == 4  # each once, and the sum
    assert "3 skipped: clip cannot be read (Track01876_0, Track01876_1, Track01877_1)" in told


@pytest.mark.parametrize("workers", [0, 2])
def test_broken_clips_are_replaced_in_training(release_copy, workers):
    index = data.open_test_split(release_copy)
    break_clips(index, [2, 3, 6])
    dataset = ClipDataset(index)
    for _ in range(2):  # told and counted once, however often it is met
        batches = list(DataLoader(dataset, batch_size=4, num_workers=workers))
    positions = torch.cat([batch["index"] for batch in batches]).tolist()
    assert positions == [0, 1, 4, 4, 4, 5, 0]
    assert torch.cat([batch["target"] for batch in batches]).tolist() == index.targets[positions].tolist()
    assert dataset.problems().counts == {"clip cannot be read": 3}


def test_training_ends_when_the_disk_is_gone(release_copy, monkeypatch):
    monkeypatch.setattr(clip_dataset, "GIVE_UP_AFTER", 5)
    index = data.open_test_split(release_copy)
    break_clips(index, range(5))
    with pytest.raises(UserError, match="5 clips in a row cannot be read"):
        ClipDataset(index)[0]


def test_a_mix_that_became_shorter_is_told(slakh_copy, capsys):
    index = data.open_test_split(slakh_copy)
    sf.write(index.path(0), np.full(16_000 * 7, 0.5), 16_000)
    dataset = ClipDataset(index, sample_rate=16_000, replace_broken=False)
    assert dataset[0] is not None and dataset[1] is not None  # what is missing of the second is silence
    assert dataset[2] is None and dataset[3] is None
    assert "mix.flac: " in capsys.readouterr().err


def add_noise(waveform, generator):
    return waveform + torch.from_numpy(generator.standard_normal(len(waveform), dtype=np.float32))


def test_drawn_items_are_augmented_by_their_generator_alone(tiny_release):
    dataset = ClipDataset(data.open_test_split(tiny_release), augment=add_noise)

    def noise(seed):
        return dataset.draw(3, np.random.default_rng(seed))["waveform"] - dataset[3]["waveform"]

    assert 0.99 < noise(1).std() < 1.01
    assert torch.equal(noise(1), noise(1))
    assert (noise(1) - noise(2)).abs().mean() > 0.5


def test_without_augmentation_drawing_is_reading(tiny_release):
    dataset = ClipDataset(data.open_test_split(tiny_release))
    assert torch.equal(dataset.draw(3, np.random.default_rng(0))["waveform"], dataset[3]["waveform"])


def test_training_loader_reads_the_same_with_any_number_of_workers(tiny_release):
    dataset = ClipDataset(data.open_test_split(tiny_release), augment=add_noise)

    def epoch(number, workers):
        loader = training.training_loader(dataset, training.TrainingConfig(batch_size=2, workers=workers))
        loader.batch_sampler.epoch = number
        return torch.cat([batch["waveform"] for batch in loader])

    first = epoch(1, workers=0)
    assert torch.equal(first, epoch(1, workers=2))
    assert not torch.equal(first, epoch(2, workers=0))
