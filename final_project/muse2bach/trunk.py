"""The recurrent parts of the network: the trunk, over the past, and the outlook, over what is given.

Both take one step for every STRIDE frames, an eighth note: what happens between is told to the heads
directly, and the recurrence, which cannot be computed in parallel, is half as long.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES
from final_project.muse2bach.field_embedding import FieldEmbedding, SequenceDropout
from final_project.muse2bach.frame_batch import BAR, FERMATA, KEYS, PLACES, FrameBatch
from final_project.muse2bach.past import DECAYS, EARLIER, HELD, HINTS, RUNS, STEPS
from final_project.muse2bach.tokens import UNKNOWN_TOKEN
from final_project.muse2bach.voice_fields import DEGREES, INTERVALS, OCTAVE, degree, interval

STRIDE = 2  # frames


def trunk_sizes() -> list[int]:
    """How many classes each field of `trunk_fields` has."""
    voice = [UNKNOWN_TOKEN + 1, HELD * FRAMES_PER_QUARTER, STEPS, EARLIER, *[STEPS * RUNS] * HINTS]
    return (
        voice * len(VOICES)
        + [INTERVALS] * (len(VOICES) - 1)
        + [DEGREES] * len(VOICES)
        + [*PLACES, BAR, FERMATA, KEYS]
    )


def trunk_fields(frames: FrameBatch) -> Tensor:
    """All that is known before a frame: int64 (B, T, F)."""
    beat = frames.place[..., 0] % FRAMES_PER_QUARTER
    fields = []
    for voice in range(len(VOICES)):
        hints = frames.hint[..., voice, :] * RUNS + frames.run[..., voice, :]
        fields += [
            frames.previous[..., voice],
            frames.held[..., voice] * FRAMES_PER_QUARTER + beat,
            frames.step[..., voice],
            frames.earlier[..., voice],
            *hints.unbind(-1),
        ]
    bass = frames.previous[..., -1]
    fields += [interval(bass, frames.previous[..., voice]) for voice in range(len(VOICES) - 1)]
    fields += [degree(frames.previous[..., voice], frames) for voice in range(len(VOICES))]
    fields += [*frames.place.unbind(-1), frames.bar, frames.fermata, frames.key]
    return torch.stack(fields, dim=-1)


class Trunk(nn.Module):
    """(B, T, ...) -> summaries (B, ceil(T / STRIDE), width) of all before each STRIDE-th frame."""

    def __init__(self, *, width: int, layers: int, dropout: float, field_dropout: float) -> None:
        super().__init__()
        self.fields = FieldEmbedding(trunk_sizes(), width, dropout=field_dropout)
        self.classes = nn.Linear(len(DECAYS) * OCTAVE, width)
        self.recurrence = nn.GRU(width, width, layers, batch_first=True, dropout=dropout if layers > 1 else 0)
        self.dropout = SequenceDropout(dropout)

    def forward(self, frames: FrameBatch, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Summaries, and the hidden state after the last step."""
        frames = frames.frames(slice(None, None, STRIDE))
        x = (self.fields(trunk_fields(frames)) + self.classes(frames.classes)).relu()
        x, hidden = self.recurrence(self.dropout(x), hidden)
        return self.dropout(x), hidden


class Outlook(nn.Module):
    """What is given in each step and later: (B, T, ...) -> (B, ceil(T / STRIDE), out)."""

    def __init__(self, *, width: int, out: int, dropout: float) -> None:
        super().__init__()
        sizes = [UNKNOWN_TOKEN + 1] * (STRIDE * len(VOICES)) + [*PLACES, BAR, FERMATA, KEYS]
        self.fields = FieldEmbedding(sizes, width)
        self.recurrence = nn.GRU(width, width, batch_first=True)
        self.out = nn.Linear(width, out)
        self.dropout = SequenceDropout(dropout)

    def forward(self, frames: FrameBatch) -> Tensor:
        given = _by_step(frames.given)  # (B, T / STRIDE, STRIDE * 4)
        rest = frames.frames(slice(None, None, STRIDE))
        context = torch.stack([*rest.place.unbind(-1), rest.bar, rest.fermata, rest.key], dim=-1)
        x = self.fields(torch.cat([given, context], dim=-1)).relu()
        x, _ = self.recurrence(self.dropout(x).flip(1))
        return self.out(self.dropout(x.flip(1)))


def _by_step(given: Tensor) -> Tensor:
    """The frames of each step side by side; the last step is filled with what is not known."""
    batch, frames, voices = given.shape
    missing = -frames % STRIDE
    given = torch.cat([given, given.new_full((batch, missing, voices), UNKNOWN_TOKEN)], dim=1)
    return given.reshape(batch, -1, STRIDE * voices)
