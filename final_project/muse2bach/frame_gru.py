"""The plain recurrent baseline: a GRU over frames of absolute pitches, and a head for each voice.

    frames before -> pitches embedded -> GRU -> summary ---+-> head of a voice -> logits of its token
    this frame: the voices above, embedded ----------------+

p(frame t, voice v | all earlier frames, the voices of frame t above v), in the order soprano, alto, tenor,
bass. It is told no intervals, no durations, no bars, and nothing of what is given later: what is given it
takes as if it had sung it. Beside it one sees what the network (network.py) gains by all these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from common.cli import UserError, at_least
from final_project.muse2bach.chorale import VOICES, Chorale
from final_project.muse2bach.step_model import Context
from final_project.muse2bach.tokens import UNKNOWN_TOKEN, VOCABULARY, to_tokens


@dataclass(kw_only=True)
class FrameGruConfig:
    """The plain GRU."""

    width: int = 256
    """Channels of the recurrent layer, and of the hidden layer of each head."""
    embedding: int = 64
    """Channels of an embedded pitch."""
    dropout: float = 0.15
    """Share of channels that training sets to zero, before and after the recurrent layer and in the heads."""

    def __post_init__(self) -> None:
        at_least(1, width=self.width, embedding=self.embedding)
        if not 0 <= self.dropout < 1:
            raise UserError(f"--dropout is {self.dropout}; give a share from 0 to below 1")


@dataclass(frozen=True, eq=False)
class FrameGruState:
    """Between two frames: the summary of all before, (B, width), and the GRU's own state (1, B, width)."""

    summary: Tensor
    hidden: Tensor


class FrameGru(nn.Module):
    """See the top of the file. It is a `StepModel`; training calls `forward`."""

    def __init__(self, config: FrameGruConfig) -> None:
        super().__init__()
        self.config = config
        width, embedding = config.width, config.embedding
        self.pitches = nn.ModuleList(nn.Embedding(UNKNOWN_TOKEN + 1, embedding) for _ in VOICES)
        self.recurrence = nn.GRU(len(VOICES) * embedding, width, batch_first=True)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width + above * embedding, width),
                nn.ReLU(),
                nn.Dropout(config.dropout),
                nn.Linear(width, VOCABULARY),
            )
            for above in range(len(VOICES))
        )
        self.dropout = nn.Dropout(config.dropout)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def forward(self, tokens: Tensor) -> Tensor:
        """log p of each token, all before it being known: (B, T, 4) -> float32 (B, T, 4)."""
        before = torch.cat([torch.full_like(tokens[:, :1], UNKNOWN_TOKEN), tokens[:, :-1]], dim=1)
        summary, _ = self._summary(before)
        logits = torch.stack([self._logits(summary, tokens, voice) for voice in range(len(VOICES))], dim=-2)
        return logits.float().log_softmax(-1).gather(-1, tokens[..., None])[..., 0]

    def _summary(self, before: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Of all frames up to each of `before` (B, T, 4): (B, T, width); the GRU's state after the last."""
        x = torch.cat(self._embedded(before), dim=-1)  # (B, T, 4 * embedding)
        x, hidden = self.recurrence(self.dropout(x), hidden)
        return self.dropout(x), hidden

    def _embedded(self, tokens: Tensor) -> list[Tensor]:
        """Tokens (..., 4) by voice, (..., embedding) each."""
        return [table(tokens[..., voice]) for voice, table in enumerate(self.pitches)]

    def _logits(self, summary: Tensor, known: Tensor, voice: int) -> Tensor:
        """Of one voice, (..., VOCABULARY). summary: (..., width). known: tokens (..., 4), read above it."""
        return self.heads[voice](torch.cat([summary, *self._embedded(known)[:voice]], dim=-1))

    @torch.no_grad()
    def log_likelihoods(
        self, chorales: Sequence[Chorale], given: Sequence[int] = ()
    ) -> list[NDArray[np.float32]]:
        """As in `StepModel`."""
        self.eval()
        told = [self(self._tensor(chorale.voices[None]))[0].cpu().numpy() for chorale in chorales]
        return [np.where(np.isin(range(len(VOICES)), given), np.float32(0), each) for each in told]

    def order(self, given: Sequence[int] = ()) -> tuple[int, ...]:
        """As in `StepModel`."""
        return tuple(voice for voice in range(len(VOICES)) if voice not in given)

    @torch.no_grad()
    def start(self, given: NDArray[np.int16], context: Context) -> FrameGruState:
        """As in `StepModel`."""
        self.eval()
        context.check(given.shape[1])
        nothing = torch.full((len(given), 1, len(VOICES)), UNKNOWN_TOKEN, device=self.device)
        return self._state(nothing)

    @torch.no_grad()
    def log_probs(self, state: FrameGruState, known: NDArray[np.int16], voice: int) -> Tensor:
        """As in `StepModel`."""
        return self._logits(state.summary, self._tensor(known), voice).float().log_softmax(-1)

    @torch.no_grad()
    def advance(self, state: FrameGruState, frame: NDArray[np.int16]) -> FrameGruState:
        """As in `StepModel`."""
        return self._state(self._tensor(frame)[:, None], state.hidden)

    def select(self, state: FrameGruState, rows: NDArray[np.int64]) -> FrameGruState:
        """As in `StepModel`."""
        index = torch.as_tensor(rows, device=self.device)
        return FrameGruState(state.summary[index], state.hidden[:, index])

    def _state(self, before: Tensor, hidden: Tensor | None = None) -> FrameGruState:
        """After one more frame, (B, 1, 4)."""
        summary, hidden = self._summary(before, hidden)
        return FrameGruState(summary[:, 0], hidden)

    def _tensor(self, voices: NDArray[np.int16]) -> Tensor:
        """Their tokens, on the model's device."""
        return torch.as_tensor(to_tokens(voices), device=self.device)
