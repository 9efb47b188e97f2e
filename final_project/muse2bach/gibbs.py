"""Better a chorale by rewriting parts of it again and again, all the rest given (blocked Gibbs sampling).

In each sweep the piece is cut into sections of two bars; in each of them some of the voices are made unknown
for a quarter to a bar, and filled in again. What is new stays where the model finds the section likelier than
before: a model that looks ahead only a little writes what does not lead well into what comes next, and plain
Gibbs sampling, which keeps everything, would make chorales worse.

Sources: Hadjeres et al. 2017, "DeepBach"; Huang et al. 2017, "Counterpoint by Convolution" (Coconet). Unlike
there, only what is likelier is kept, so that this is a search, not a way to draw from the model.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES
from final_project.muse2bach.task import UNKNOWN

SECTION = 8  # quarters
MOST = 4  # quarters that are rewritten at once
LEFT = (
    2  # quarters at the end of a section that are never rewritten: they show whether what is new leads there
)

Fill = Callable[[NDArray[np.int16]], NDArray[np.int16]]
Judge = Callable[[NDArray[np.int16]], NDArray[np.floating]]


def rewrite(
    voices: NDArray[np.int16],
    free: NDArray[np.bool_],
    fill: Fill,
    judge: Judge,
    *,
    generator: torch.Generator,
) -> NDArray[np.int16]:
    """voices (B, frames, 4) after a sweep, which changes only the cells `free` (frames, 4).

    fill: fills in the UNKNOWN cells of (B, frames, 4). judge: log p of each frame of it, (B, frames).
    generator: on the CPU.
    """
    quarters = -(-len(free) // FRAMES_PER_QUARTER)
    offset = FRAMES_PER_QUARTER * _draw(0, min(SECTION, quarters) - 1, generator)
    starts = np.arange(offset, len(free), FRAMES_PER_QUARTER * SECTION)
    erased = free & np.stack([blocks(len(free), starts, generator) for _ in voices])
    if not erased.any():
        return voices
    new = fill(np.where(erased, np.int16(UNKNOWN), voices))
    edges = np.union1d(starts, 0)
    gain = np.add.reduceat(judge(new) - judge(voices), edges, axis=1)  # (B, sections)
    section = np.searchsorted(edges, np.arange(len(free)), side="right") - 1  # (frames,)
    return np.where((gain > 0)[:, section, None], new, voices)


def blocks(frames: int, starts: NDArray[np.int64], generator: torch.Generator) -> NDArray[np.bool_]:
    """What is to be rewritten, bool (frames, 4): in each section one stretch, in one to four voices."""
    chosen = np.zeros((frames, len(VOICES)), dtype=bool)
    for start in starts:
        quarters = _draw(1, MOST, generator)
        begin = start + FRAMES_PER_QUARTER * _draw(0, SECTION - LEFT - quarters, generator)
        voices = torch.randperm(len(VOICES), generator=generator)[: _draw(1, len(VOICES), generator)]
        chosen[begin : begin + FRAMES_PER_QUARTER * quarters, voices.numpy()] = True
    return chosen


def _draw(lowest: int, highest: int, generator: torch.Generator) -> int:
    """A whole number, both ends included."""
    return int(torch.randint(lowest, highest + 1, (), generator=generator))
