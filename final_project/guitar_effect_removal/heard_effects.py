"""Which effects are on in a recording of any length: memory does not grow with it.

The detector judges stretches of LONGEST seconds, as long as it hears in the evaluation, one after the other;
the last one ends with the recording. What is said of the whole is the mean of the probabilities over the
stretches in which something is played.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from common import audio
from common.audio_blocks import Block, Stretches, prefetched, resample_blocks
from final_project.guitar_effect_removal.cleaning import PAUSE
from final_project.guitar_effect_removal.detection import LONGEST, LoadedDetector, reached
from final_project.guitar_effect_removal.effects import EFFECTS, in_order
from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from hw2_source_separation.streaming import BLOCK_SECONDS


@dataclass(frozen=True)
class HeardEffects:
    """probabilities, thresholds: (len(EFFECTS),), in the order of EFFECTS."""

    probabilities: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    @property
    def chain(self) -> tuple[str, ...]:
        """The effects that are said to be on, in the usual order from guitar to loudspeaker."""
        return in_order(reached(self.probabilities, self.thresholds))

    def to_json(self) -> dict[str, Any]:
        """{"chain": names, "probabilities": by name}."""
        rounded = (round(float(probability), 4) for probability in self.probabilities)
        return {"chain": list(self.chain), "probabilities": dict(zip(EFFECTS, rounded, strict=True))}


def hear_effects(detector: LoadedDetector, path: Path) -> HeardEffects | None:
    """What the detector says of an audio file; None for a silent one. Errors: AudioError."""
    info = audio.info(path)
    samples = -(-info.frames * SAMPLE_RATE // info.sample_rate)
    blocks = audio.read_blocks(path, samples=round(BLOCK_SECONDS * info.sample_rate))
    heard = resample_blocks(blocks, original_rate=info.sample_rate, target_rate=SAMPLE_RATE)
    found, powers = [], []
    for stretch in prefetched(stretches(heard, samples, round(LONGEST * SAMPLE_RATE))):
        found.append(detector.probabilities(torch.from_numpy(np.ascontiguousarray(stretch))))
        powers.append(np.square(stretch, dtype=np.float64).mean())
    if not max(powers):
        return None
    played = np.array(powers) >= PAUSE * max(powers)
    return HeardEffects(np.mean(np.array(found)[played], axis=0), detector.thresholds)


def stretches(blocks: Iterator[Block], samples: int, length: int) -> Iterator[Block]:
    """A recording of `samples` in stretches of `length`; the last ends with it and may overlap."""
    recording = Stretches(blocks)
    for start in range(0, samples, length):
        first = max(0, min(start, samples - length))
        yield recording.read(first, first + length)
