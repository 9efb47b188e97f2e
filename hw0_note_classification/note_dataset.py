"""The notes of an index as waveforms, read from disk one at a time: for training and for evaluation.

Waveforms are float32 in [-1, 1], shape (samples,), 16 kHz, 4 s. A recording that cannot be read does not stop
a run of hours: it is told once, counted, and either replaced (training) or left out (evaluation).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from common import audio
from common.cli import UserError
from common.problems import Problems
from common.training import collate_readable
from hw0_note_classification.note_index import NUM_SAMPLES, SAMPLE_RATE, NoteIndex

GIVE_UP_AFTER = 100  # unreadable recordings in a row: not dirt any more, the disk or the folder is gone

Augment = Callable[[torch.Tensor, np.random.Generator], torch.Tensor]


def read_note(path: Path, *, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """One recording of four seconds as float32 (samples,), padded with zeros or cut. Raises AudioError.

    The file must have NSynth's rate; `sample_rate` (Hz) is the rate that the model wants.
    """
    waveform, rate = audio.read(path, mono=True, allow_silence=True)
    if rate != SAMPLE_RATE:
        raise audio.AudioError(f"{path}: sample rate is {rate} Hz; resample it to {SAMPLE_RATE} Hz")
    waveform = waveform[:, :NUM_SAMPLES]
    waveform = np.pad(waveform, ((0, 0), (0, NUM_SAMPLES - waveform.shape[1])))
    return audio.resample(waveform, original_rate=SAMPLE_RATE, target_rate=sample_rate)[0]


class NoteDataset(Dataset):
    """The notes of an index, read from disk one at a time.

    An item has `waveform` float32 (samples,), four seconds at `sample_rate` Hz, `target` (the family) and
    `index` (its position). `dataset[position]` is the note as it is; `draw(position, generator)`, which
    `common.training` calls with the generator of that note in that epoch, is `augment(waveform,
    generator)` of it. A recording that turns out broken is told once and counted; its place is taken by
    the next good note (`replace_broken`, for training: batches keep their size), or the item is None
    (`note_batches` drops it).
    """

    def __init__(
        self,
        index: NoteIndex,
        *,
        augment: Augment | None = None,
        replace_broken: bool = True,
        sample_rate: int = SAMPLE_RATE,
    ) -> None:
        self.notes = index
        self.sample_rate = sample_rate
        self.augment = augment
        self.replace_broken = replace_broken
        # In shared memory, so that the workers of a loader tell what they found.
        self._broken = torch.zeros(len(index), dtype=torch.bool).share_memory_()

    def __len__(self) -> int:
        return len(self.notes)

    def __getitem__(self, position: int) -> dict | None:
        if not self.replace_broken:
            return self._read(position)
        for step in range(GIVE_UP_AFTER):
            if (item := self._read((position + step) % len(self))) is not None:
                return item
        raise UserError(
            f"{self.notes.folder}: {GIVE_UP_AFTER} recordings in a row cannot be read; check the data"
        )

    def draw(self, position: int, generator: np.random.Generator) -> dict | None:
        """The item at `position`, augmented with what `generator` gives."""
        item = self[position]
        if item is not None and self.augment is not None:
            item["waveform"] = self.augment(item["waveform"], generator)
        return item

    def problems(self) -> Problems:
        """The recordings that could not be read so far, in all workers."""
        problems = Problems()
        for position in self._broken.nonzero()[:, 0].tolist():
            problems.add("recording cannot be read", self.notes[position].note_str)
        return problems

    def _read(self, position: int) -> dict | None:
        try:
            waveform = torch.from_numpy(read_note(self.notes.path(position), sample_rate=self.sample_rate))
        except audio.AudioError as error:
            if not self._broken[position]:
                self._broken[position] = True
                print(f"skipped: {error}", file=sys.stderr, flush=True)
            return None
        return {"waveform": waveform, "target": int(self.notes.family[position]), "index": position}


def note_batches(
    index: NoteIndex, *, batch_size: int = 64, workers: int = 0
) -> Iterator[dict[str, torch.Tensor]]:
    """Every readable note once, in order, for features and evaluation.

    A batch has `waveform` (batch, NUM_SAMPLES) float32, `target` (batch,) int64 and `index` (batch,) int64,
    the positions in `index`; unreadable notes are told, left out and counted at the end.
    """
    dataset = NoteDataset(index, replace_broken=False)
    loader = DataLoader(dataset, batch_size=batch_size, num_workers=workers, collate_fn=collate_readable)
    yield from (batch for batch in loader if batch is not None)
    dataset.problems().report(index.folder)
