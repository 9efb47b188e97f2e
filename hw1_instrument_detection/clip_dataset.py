"""The clips of an index as waveforms, read from disk one at a time: for training and for evaluation.

Waveforms are float32 mono, shape (samples,), 5 s at the rate of the model. A clip that cannot be read does
not stop a run of hours: it is told once, counted, and either replaced (training) or left out (evaluation).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from common.audio import AudioError
from common.cli import UserError
from common.problems import Problems
from common.training import collate_readable
from hw1_instrument_detection.clip_index import SAMPLE_RATE, ClipIndex

GIVE_UP_AFTER = 100  # unreadable clips in a row: not dirt any more, the disk or the folder is gone

Augment = Callable[[torch.Tensor, np.random.Generator], torch.Tensor]


class ClipDataset(Dataset):
    """The clips of an index, read from disk one at a time.

    An item has `waveform` float32 (samples,), five seconds at `sample_rate` Hz, `target` float32 (9,) and
    `index` (its position). `dataset[position]` is the clip as it is; `draw(position, generator)`, which
    `common.training` calls with the generator of that clip in that epoch, is `augment(waveform, generator)`
    of it. A clip that turns out broken is told once and counted; its place is taken by the next good one
    (`replace_broken`, for training: batches keep their size), or the item is None (`clip_batches` drops it).
    """

    def __init__(
        self,
        index: ClipIndex,
        *,
        sample_rate: int = SAMPLE_RATE,
        augment: Augment | None = None,
        replace_broken: bool = True,
    ) -> None:
        self.clips = index
        self.sample_rate = sample_rate
        self.augment = augment
        self.replace_broken = replace_broken
        # In shared memory, so that the workers of a loader tell what they found.
        self._broken = torch.zeros(len(index), dtype=torch.bool).share_memory_()

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, position: int) -> dict | None:
        if not self.replace_broken:
            return self._read(position)
        for step in range(GIVE_UP_AFTER):
            if (item := self._read((position + step) % len(self.clips))) is not None:
                return item
        raise UserError(f"{self.clips.folder}: {GIVE_UP_AFTER} clips in a row cannot be read; check the data")

    def draw(self, position: int, generator: np.random.Generator) -> dict | None:
        """The item at `position`, augmented with what `generator` gives."""
        return self.augmented(self[position], generator)

    def augmented(self, item: dict | None, generator: np.random.Generator) -> dict | None:
        """`item` with what `augment` makes of its waveform."""
        if item is not None and self.augment is not None:
            item["waveform"] = self.augment(item["waveform"], generator)
        return item

    def problems(self) -> Problems:
        """The clips that could not be read so far, in all workers."""
        problems = Problems()
        for position in self._broken.nonzero()[:, 0].tolist():
            problems.add("clip cannot be read", self.clips.name(position))
        return problems

    def _read(self, position: int) -> dict | None:
        try:
            waveform = torch.from_numpy(self.clips.waveform(position, sample_rate=self.sample_rate))
        except AudioError as error:
            self._tell(position, error)
            return None
        target = torch.from_numpy(self.clips.targets[position].astype(np.float32))
        return {"waveform": waveform, "target": target, "index": position}

    def _tell(self, position: int, error: AudioError) -> None:
        if not self._broken[position]:
            self._broken[position] = True
            print(f"skipped: {error}", file=sys.stderr, flush=True)


def clip_batches(
    index: ClipIndex, *, sample_rate: int = SAMPLE_RATE, batch_size: int = 32, workers: int = 0
) -> Iterator[dict[str, torch.Tensor]]:
    """Every readable clip once, in order, for evaluation.

    A batch has `waveform` (batch, samples) float32, `target` (batch, 9) float32 and `index` (batch,) int64,
    the positions in `index`; unreadable clips are told, left out and counted at the end.
    """
    dataset = ClipDataset(index, sample_rate=sample_rate, replace_broken=False)
    loader = DataLoader(dataset, batch_size=batch_size, num_workers=workers, collate_fn=collate_readable)
    yield from (batch for batch in loader if batch is not None)
    dataset.problems().report(index.folder)
