"""Notes as waveforms: batches, broken recordings, augmentation."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf
import torch
from torch.utils.data import DataLoader

from common import training
from common.cli import UserError
from hw0_note_classification import data, note_dataset
from hw0_note_classification.note_index import NoteIndex


def test_item_is_the_recording(tiny_nsynth):
    index, _ = data.open_split(tiny_nsynth, "valid")
    item = data.NoteDataset(index)[5]
    expected, _ = sf.read(index[5].path, dtype="float32")
    assert item["waveform"].dtype == torch.float32
    assert item["waveform"].numpy().tolist() == expected.tolist()
    assert (item["target"], item["index"]) == (index[5].family, 5)


@pytest.mark.parametrize("length", [1000, 64_000, 70_000])
def test_every_waveform_has_four_seconds(tmp_path, length):
    ramp = np.linspace(-0.5, 0.5, length)
    sf.write(tmp_path / "a.wav", np.stack([ramp, ramp], axis=1), 16_000, subtype="FLOAT")
    waveform = data.read_note(tmp_path / "a.wav")
    assert (waveform.shape, waveform.dtype) == ((64_000,), np.float32)
    np.testing.assert_allclose(waveform[:length], ramp[:64_000], atol=1e-6)
    assert not waveform[length:].any()


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_cover_the_split_in_order(tiny_nsynth, workers):
    index, _ = data.open_split(tiny_nsynth, "valid")
    batches = list(data.note_batches(index, batch_size=16, workers=workers))
    assert [batch["waveform"].shape for batch in batches] == [(16, 64_000), (16, 64_000), (12, 64_000)]
    assert torch.cat([batch["index"] for batch in batches]).tolist() == list(range(44))
    targets = torch.cat([batch["target"] for batch in batches])
    assert targets.dtype == torch.int64
    assert targets.tolist() == index.family.tolist()


def break_recordings(index: NoteIndex, positions) -> None:
    for position in positions:
        index.path(position).write_bytes(b"RIFF")


@pytest.mark.parametrize("workers", [0, 2])
def test_broken_recordings_are_left_out_of_evaluation(folder, capfd, workers):
    index, _ = data.open_split(folder, "train")
    break_recordings(index, [0, 1, 2, 3, 9])  # a whole batch and one more
    positions = torch.cat(
        [batch["index"] for batch in data.note_batches(index, batch_size=4, workers=workers)]
    )
    assert positions.tolist() == [i for i in range(44) if i not in (0, 1, 2, 3, 9)]
    told = capfd.readouterr().err
    assert told.count("skipped: ") == 6  # each once, and the sum
    assert "5 skipped: recording cannot be read" in told


@pytest.mark.parametrize("workers", [0, 2])
def test_broken_recordings_are_replaced_in_training(folder, workers):
    index, _ = data.open_split(folder, "train")
    break_recordings(index, [7, 8, 43])
    dataset = data.NoteDataset(index)
    for _ in range(2):  # told and counted once, however often it is met
        batches = list(DataLoader(dataset, batch_size=11, num_workers=workers))
    positions = torch.cat([batch["index"] for batch in batches]).tolist()
    assert positions == [*range(7), 9, 9, *range(9, 43), 0]
    assert torch.cat([batch["target"] for batch in batches]).tolist() == index.family[positions].tolist()
    assert dataset.problems().counts == {"recording cannot be read": 3}


def test_a_recording_of_another_rate_is_not_a_note(folder):
    index, _ = data.open_split(folder, "train")
    sf.write(index.path(0), np.full(1000, 0.5), 44_100)
    with pytest.raises(UserError, match="sample rate is 44100 Hz; resample it to 16000 Hz"):
        data.read_note(index.path(0))
    assert data.NoteDataset(index)[0]["index"] == 1


def test_training_ends_when_the_disk_is_gone(folder, monkeypatch):
    monkeypatch.setattr(note_dataset, "GIVE_UP_AFTER", 10)
    index, _ = data.open_split(folder, "train")
    break_recordings(index, range(10))
    with pytest.raises(UserError, match="10 recordings in a row cannot be read"):
        data.NoteDataset(index)[0]


def test_a_split_of_unreadable_recordings_is_refused_at_the_start(folder):
    index, _ = data.open_split(folder, "train")
    break_recordings(index, range(len(index)))
    with pytest.raises(UserError, match=r"\.wav: "):
        data.open_split(folder, "train")


def add_noise(waveform, generator):
    return waveform + torch.from_numpy(generator.standard_normal(len(waveform), dtype=np.float32))


def test_drawn_items_are_augmented_by_their_generator_alone(tiny_nsynth):
    index, _ = data.open_split(tiny_nsynth, "valid")
    dataset = data.NoteDataset(index, augment=add_noise)

    def noise(seed):
        return dataset.draw(3, np.random.default_rng(seed))["waveform"] - dataset[3]["waveform"]

    assert 0.99 < noise(1).std() < 1.01
    assert torch.equal(noise(1), noise(1))
    assert (noise(1) - noise(2)).abs().mean() > 0.5


def test_without_augmentation_drawing_is_reading(tiny_nsynth):
    dataset = data.NoteDataset(data.open_split(tiny_nsynth, "valid")[0])
    assert torch.equal(dataset.draw(3, np.random.default_rng(0))["waveform"], dataset[3]["waveform"])


def test_training_loader_reads_the_same_with_any_number_of_workers(tiny_nsynth):
    index, _ = data.open_split(tiny_nsynth, "valid")
    dataset = data.NoteDataset(index, augment=add_noise)

    def epoch(number, workers):
        loader = training.training_loader(dataset, training.TrainingConfig(batch_size=11, workers=workers))
        loader.batch_sampler.epoch = number
        return torch.cat([batch["waveform"] for batch in loader])

    first = epoch(1, workers=0)
    assert first.shape == (44, 64_000)
    assert torch.equal(first, epoch(1, workers=2))
    assert not torch.equal(first, epoch(2, workers=0))
