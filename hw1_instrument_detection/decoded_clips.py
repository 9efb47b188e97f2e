"""Clips decoded once: int16 files that later epochs and later runs read a hundred times as fast.

    DATA/.cache_24000/clips/*.npy    240 kB a clip at 24 kHz: 0.2 GB for mini-Slakh, 5 GB for Slakh2100

Named as in feature_cache.py by the audio file and the place in it. A folder that cannot be written to, or a
spoilt file, costs the time that the cache would have saved and nothing else. The release is decoded already.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from common.audio import AudioError
from hw1_instrument_detection.clip_dataset import ClipDataset
from hw1_instrument_detection.clip_index import CLIP_SECONDS, ClipIndex
from hw1_instrument_detection.feature_cache import digest, identity, write_array

FULL_SCALE = 32767


class DecodedClips(ClipDataset):
    """A `ClipDataset` whose waveforms, clipped to [-1, 1] and rounded to 16 bits, are kept in `folder`."""

    def __init__(self, index: ClipIndex, *, sample_rate: int, folder: Path) -> None:
        super().__init__(index, sample_rate=sample_rate)
        self.folder = folder
        self.samples = round(CLIP_SECONDS * sample_rate)

    def _read(self, position: int) -> dict | None:
        if self.clips.path(position).suffix == ".npy":
            return super()._read(position)  # the release: decoded already
        place = self.folder / f"{digest(identity(self.clips, position))}.npy"
        decoded = self._cached(place)
        if decoded is None:
            try:
                waveform = self.clips.waveform(position, sample_rate=self.sample_rate)
            except AudioError as error:
                self._tell(position, error)
                return None
            decoded = np.rint(FULL_SCALE * waveform.clip(-1, 1)).astype(np.int16)
            self._keep(place, decoded)
        waveform = torch.from_numpy(decoded.astype(np.float32) / FULL_SCALE)
        target = torch.from_numpy(self.clips.targets[position].astype(np.float32))
        return {"waveform": waveform, "target": target, "index": position}

    def _cached(self, place: Path) -> np.ndarray | None:
        try:
            decoded = np.load(place, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return decoded if decoded.shape == (self.samples,) and decoded.dtype == np.int16 else None

    def _keep(self, place: Path, decoded: np.ndarray) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_array(place, decoded)
        except OSError:
            pass  # a read-only or full disk: it is decoded each time
