"""The network of muse2bach: one model for composing, harmonizing, completing, and for the likelihood.

    frames so far -> Trunk (GRU, eighth by eighth) ---+
    what is given -> Outlook (GRU, from the end) -----+-> VoiceHead of each voice -> logits of its token
    this frame: voices known, hints, durations -------+

p(frame t, voice v | all earlier frames, the voices of frame t that are known, whatever is given, also later).
The chain rule over voices, in ORDER after those that are given, and over frames, makes it the likelihood of a
chorale. With nothing given the outlook is not computed.

Sources: orderless training, Uria et al. 2014 and Huang et al. 2017 (Coconet); past, future and present in
three parts, Hadjeres et al. 2017 (DeepBach); hints instead of attention, see hints.py.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from common.cli import UserError, at_least
from final_project.muse2bach.chorale import VOICES, Chorale
from final_project.muse2bach.field_embedding import FieldEmbedding
from final_project.muse2bach.frame_batch import FrameBatch, context_arrays, moves_ahead, past_arrays
from final_project.muse2bach.past import Past, describe_all
from final_project.muse2bach.step_model import Context
from final_project.muse2bach.tokens import UNKNOWN_TOKEN, to_tokens, to_voices
from final_project.muse2bach.trunk import STRIDE, Outlook, Trunk
from final_project.muse2bach.voice_fields import SIZES, voice_fields
from final_project.muse2bach.voice_head import VoiceHead

ORDER = (0, 3, 1, 2)  # soprano, bass, alto, tenor: the outer voices lead


@dataclass(kw_only=True)
class NetworkConfig:
    """The network."""

    trunk: int = 256
    """Channels of the recurrent layers over the past."""
    layers: int = 2
    """Recurrent layers over the past."""
    outlook: int = 128
    """Channels of the recurrent layer over what is given."""
    head: int = 256
    """Channels of the hidden layers of each voice's head."""
    dropout: float = 0.45
    """Share of channels that training sets to zero, the same ones in all frames of an item."""
    field_dropout: float = 0.3
    """Share of the facts about a frame (a pitch, a duration, a hint, ...) that training hides."""

    def __post_init__(self) -> None:
        at_least(1, trunk=self.trunk, layers=self.layers, outlook=self.outlook, head=self.head)
        if not 0 <= self.dropout < 1:
            raise UserError(f"--dropout is {self.dropout}; give a share from 0 to below 1")


@dataclass(frozen=True, eq=False)
class NetworkState:
    """Between two choices. Never changed in place."""

    frame: int
    past: Past
    rows: FrameBatch  # T = 1: what is known of the current frame
    fixed: dict[str, NDArray]  # context and what is given, (B, T, ...)
    outlook: Tensor | None  # (B, steps, trunk)
    summary: Tensor  # (B, 1, trunk), outlook included
    trunk: Tensor  # the same without
    hidden: Tensor | None


class ChoraleNetwork(nn.Module):
    """See the top of the file. It is a `StepModel`; training calls `forward`."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk(
            width=config.trunk,
            layers=config.layers,
            dropout=config.dropout,
            field_dropout=config.field_dropout,
        )
        self.outlook = Outlook(width=config.outlook, out=config.trunk, dropout=config.dropout)
        self.facts = FieldEmbedding(SIZES, config.head, dropout=config.field_dropout)
        self.heads = nn.ModuleList(
            VoiceHead(voice, trunk=config.trunk, width=config.head, dropout=config.dropout)
            for voice in range(len(VOICES))
        )

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    # ---- whole pieces ----

    def forward(
        self, open_frames: FrameBatch, given_frames: FrameBatch | None, tokens: Tensor, asked: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """log p of true tokens (B, N, 4), with nothing given and, for the first rows, with something given.

        given_frames: the first rows of `open_frames` with `given` and `ahead`, or None. tokens: (B, T, 4).
        asked: int64 (N,), the frames whose tokens are asked for. One pass of the trunk serves both.
        """
        summary = self.trunk(open_frames)[0]
        alone = self._log_p(summary, open_frames, tokens, asked)
        if given_frames is None:
            return alone, None
        rows = len(given_frames.given)
        seen = summary[:rows] + self.outlook(given_frames)
        return alone, self._log_p(seen, given_frames, tokens[:rows], asked)

    def _log_p(self, summary: Tensor, frames: FrameBatch, tokens: Tensor, asked: Tensor) -> Tensor:
        """log p of each true token, float32 (B, N, 4), 0 where given. summary: (B, steps, trunk)."""
        log_p = list(torch.zeros_like(tokens[:, asked], dtype=torch.float32).unbind(-1))
        for voice, logits in self._all_logits(summary, frames, tokens, asked):
            target = tokens[:, asked, voice, None]
            chosen = logits.float().log_softmax(-1).gather(-1, target)[..., 0]
            log_p[voice] = chosen * (frames.given[:, asked, voice] == UNKNOWN_TOKEN)
        return torch.stack(log_p, dim=-1)

    def _all_logits(
        self, summary: Tensor, frames: FrameBatch, tokens: Tensor, asked: Tensor
    ) -> Iterator[tuple[int, Tensor]]:
        """Each voice in turn with its logits (B, N, VOCABULARY), told the true tokens of those before it."""
        summary, frames, tokens = summary[:, asked // STRIDE], frames.frames(asked), tokens[:, asked]
        known = frames.given
        for voice in ORDER:
            yield voice, self._logits(summary, frames, known, voice)
            known = _with_voice(known, voice, tokens[..., voice])

    def _logits(self, summary: Tensor, frames: FrameBatch, known: Tensor, voice: int) -> Tensor:
        """Of one voice in each frame, (B, T, VOCABULARY). summary: (B, T, trunk)."""
        facts = self.facts(voice_fields(frames, known, voice))
        return self.heads[voice](facts, summary, frames, known)

    @torch.no_grad()
    def told(self, frames: FrameBatch, tokens: Tensor) -> Tensor:
        """log p of all true tokens (1, T, 4), in eval mode; 0 for those that are given. See `whole`."""
        return self._log_p(self._whole_summary(frames), frames, tokens, _every_frame(tokens))

    def _whole_summary(self, frames: FrameBatch) -> Tensor:
        """(B, steps, trunk), of what is given too."""
        self.eval()
        summary = self.trunk(frames)[0]
        return summary + self.outlook(frames) if (frames.given != UNKNOWN_TOKEN).any() else summary

    def log_likelihoods(
        self, chorales: Sequence[Chorale], given: Sequence[int] = ()
    ) -> list[NDArray[np.float32]]:
        """As in `StepModel`."""
        told = (self.told(*whole(chorale, given, self.device))[0] for chorale in chorales)
        return [log_p.cpu().numpy() for log_p in told]

    @torch.no_grad()
    def distributions(self, chorale: Chorale, given: Sequence[int] = ()) -> Tensor:
        """log p of every token in each cell, all true ones before it being known: (frames, 4, VOCABULARY)."""
        frames, tokens = whole(chorale, given, self.device)
        found: list[Tensor] = [torch.empty(0)] * len(VOICES)
        summary = self._whole_summary(frames)
        for voice, logits in self._all_logits(summary, frames, tokens, _every_frame(tokens)):
            found[voice] = logits[0].float().log_softmax(-1)
        return torch.stack(found, dim=1)

    def predictions(self, chorales: Sequence[Chorale]) -> list[NDArray[np.int16]]:
        """The likeliest pitch, or SILENT, of each cell, all true ones before it being known: (frames, 4)."""
        return [to_voices(self.distributions(each).argmax(dim=-1).cpu().numpy()) for each in chorales]

    # ---- step by step ----

    def order(self, given: Sequence[int] = ()) -> tuple[int, ...]:
        """As in `StepModel`."""
        return tuple(voice for voice in ORDER if voice not in given)

    @torch.no_grad()
    def start(self, given: NDArray[np.int16], context: Context) -> NetworkState:
        """As in `StepModel`."""
        self.eval()
        shown = to_tokens(given)
        batch, frames, _ = shown.shape
        fixed = _fixed(shown, context)
        past = Past(batch, frames)
        outlook = None
        if (shown != UNKNOWN_TOKEN).any():
            nothing = past_arrays(past.describe())  # the outlook looks at what is given alone
            wide = {
                name: np.broadcast_to(each, (batch, frames, *each.shape[2:]))
                for name, each in nothing.items()
            }
            outlook = self.outlook(
                FrameBatch.of({**{k: v.copy() for k, v in wide.items()}, **fixed}, self.device)
            )
        return self._at(0, past, fixed, outlook, None, None)

    def _at(
        self,
        frame: int,
        past: Past,
        fixed: dict[str, NDArray],
        outlook: Tensor | None,
        trunk: Tensor | None,
        hidden: Tensor | None,
    ) -> NetworkState:
        now = {name: each[:, frame : frame + 1] for name, each in fixed.items()}
        rows = FrameBatch.of({**past_arrays(past.describe()), **now}, self.device)
        if frame % STRIDE == 0:
            trunk, hidden = self.trunk(rows, hidden)
        step = frame // STRIDE
        summary = trunk if outlook is None else trunk + outlook[:, step : step + 1]
        return NetworkState(frame, past, rows, fixed, outlook, summary, trunk, hidden)

    @torch.no_grad()
    def log_probs(self, state: NetworkState, known: NDArray[np.int16], voice: int) -> Tensor:
        """As in `StepModel`."""
        tokens = torch.as_tensor(to_tokens(known)[:, None], device=self.device)
        logits = self._logits(state.summary, state.rows, tokens, voice)
        return logits[:, 0].float().log_softmax(-1)

    @torch.no_grad()
    def advance(self, state: NetworkState, frame: NDArray[np.int16]) -> NetworkState:
        """As in `StepModel`; after the last frame nothing can be asked of the state."""
        past = copy.deepcopy(state.past)
        past.push(to_tokens(frame))
        after = state.frame + 1
        if after == state.fixed["given"].shape[1]:
            return replace(state, frame=after, past=past)
        return self._at(after, past, state.fixed, state.outlook, state.trunk, state.hidden)

    def select(self, state: NetworkState, rows: NDArray[np.int64]) -> NetworkState:
        """As in `StepModel`."""
        index = torch.as_tensor(rows, device=self.device)
        return replace(
            state,
            past=state.past.select(rows),
            rows=state.rows.rows(index),
            fixed={name: each[rows] for name, each in state.fixed.items()},
            outlook=None if state.outlook is None else state.outlook[index],
            summary=state.summary[index],
            trunk=state.trunk[index],
            hidden=None if state.hidden is None else state.hidden[:, index],
        )


def _every_frame(tokens: Tensor) -> Tensor:
    """The numbers of the frames of tokens (B, T, 4)."""
    return torch.arange(tokens.shape[1], device=tokens.device)


def _with_voice(known: Tensor, voice: int, tokens: Tensor) -> Tensor:
    """`known` (B, T, 4) with the tokens (B, T) of one voice."""
    columns = list(known.unbind(-1))
    columns[voice] = tokens
    return torch.stack(columns, dim=-1)


def whole(
    chorale: Chorale, given: Sequence[int] = (), device: torch.device | str = "cpu"
) -> tuple[FrameBatch, Tensor]:
    """A chorale as the network reads it, some voices given from beginning to end; its tokens (1, T, 4)."""
    tokens = to_tokens(chorale.voices)[None]
    shown = np.full_like(tokens, UNKNOWN_TOKEN)
    shown[..., list(given)] = tokens[..., list(given)]
    arrays = past_arrays(describe_all(list(tokens))) | _fixed(shown, Context.of(chorale))
    return FrameBatch.of(arrays, device), torch.as_tensor(tokens, device=device)


def _fixed(given: NDArray[np.int64], context: Context) -> dict[str, NDArray]:
    """What is known before the first frame, (B, T, ...): context, what is given (tokens), its moves."""
    batch, frames, _ = given.shape
    context.check(frames)
    told = context_arrays(frames, position=context.position, fermata=context.fermata, key=context.key)
    told = {name: np.repeat(each[None], batch, axis=0) for name, each in told.items()}
    return {**told, "given": given, "ahead": moves_ahead(given)}
