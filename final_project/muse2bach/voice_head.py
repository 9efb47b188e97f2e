"""The last step of the network: which token one voice takes in a frame, the other voices known or not.

A head sees the trunk's summary of all earlier frames and, of this frame, everything from where its own
voice stands (voice_fields.py). Its logits are sums of scores of the absolute pitch, of the step from the last
pitch, of the interval class with each other voice, of the degree of the key, and of being what a hint
expects: so what is learnt in one key holds in all.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from final_project.muse2bach.chorale import VOICES
from final_project.muse2bach.field_embedding import SequenceDropout
from final_project.muse2bach.frame_batch import FrameBatch
from final_project.muse2bach.past import DECAYS, HINTS, NO_STEP, WIDEST
from final_project.muse2bach.tokens import PITCHES, UNKNOWN_TOKEN, VOCABULARY
from final_project.muse2bach.voice_fields import OCTAVE, key_of

REACH = 24  # semitones of a step that has a score of its own
SCORES = {  # how many of each kind a head gives
    "absolute": VOCABULARY,
    "step": 2 * REACH + 1,
    "harmony": (len(VOICES) - 1) * OCTAVE,
    "degree": OCTAVE,
    "hint": HINTS,
}


class VoiceHead(nn.Module):
    """Logits of one voice, (B, T, VOCABULARY)."""

    def __init__(self, voice: int, *, trunk: int, width: int, dropout: float) -> None:
        super().__init__()
        self.voice = voice
        self.others = [other for other in range(len(VOICES)) if other != voice]
        self.classes = nn.Linear(len(DECAYS) * OCTAVE, width, bias=False)
        self.trunk = nn.Linear(trunk, width)
        self.hidden = nn.Linear(width, width)
        self.scores = nn.Linear(width, sum(SCORES.values()))
        self.dropout = SequenceDropout(dropout)
        self.register_buffer("tokens", torch.arange(VOCABULARY), persistent=False)

    def forward(self, facts: Tensor, summary: Tensor, frames: FrameBatch, known: Tensor) -> Tensor:
        """facts (B, T, width): the embedded fields. summary (B, T, trunk). known (B, T, 4): tokens."""
        turned = turned_classes(frames.classes, frames.previous[..., self.voice])
        x = facts + self.trunk(summary) + self.classes(turned)
        x = self.dropout(x.relu())
        x = self.dropout(self.hidden(x).relu())
        scores = dict(zip(SCORES, self.scores(x).split(list(SCORES.values()), dim=-1), strict=True))
        return (
            scores["absolute"]
            + self._steps(scores["step"], frames)
            + self._harmony(scores["harmony"], frames, known)
            + self._degrees(scores["degree"], frames)
            + self._hints(scores["hint"], frames)
        )

    def _steps(self, scores: Tensor, frames: FrameBatch) -> Tensor:
        """The score of the step from the last pitch to each token."""
        previous = frames.previous[..., self.voice, None]
        semitones = self.tokens - previous  # (B, T, VOCABULARY)
        fits = (semitones.abs() <= REACH) & (previous < PITCHES) & (self.tokens < PITCHES)
        return scores.gather(-1, semitones.clamp(-REACH, REACH) + REACH) * fits

    def _harmony(self, scores: Tensor, frames: FrameBatch, known: Tensor) -> Tensor:
        """The scores of the intervals with the other voices: with their last pitch where not yet known."""
        total = torch.zeros_like(scores[..., :1])
        for other, scored in zip(self.others, scores.split(OCTAVE, dim=-1), strict=True):
            new, last = known[..., other, None], frames.previous[..., other, None]
            pitch = torch.where(new == UNKNOWN_TOKEN, last, new)
            fits = (pitch < PITCHES) & (self.tokens < PITCHES)
            total = total + scored.gather(-1, (self.tokens - pitch) % OCTAVE) * fits
        return total

    def _degrees(self, scores: Tensor, frames: FrameBatch) -> Tensor:
        """The score of the degree of the key that each token is."""
        key = key_of(frames)[..., None]
        fits = (key > 0) & (self.tokens < PITCHES)
        return scores.gather(-1, (self.tokens - (key - 1)) % OCTAVE) * fits

    def _hints(self, scores: Tensor, frames: FrameBatch) -> Tensor:
        """The scores of being what each hint expects."""
        expected = frames.hint[..., self.voice, None, :]  # (B, T, 1, HINTS)
        semitones = (self.tokens - frames.previous[..., self.voice, None])[..., None]
        agrees = (expected != NO_STEP) & (semitones + WIDEST == expected)  # (B, T, VOCABULARY, HINTS)
        return (agrees * scores[..., None, :]).sum(dim=-1)


def turned_classes(classes: Tensor, previous: Tensor) -> Tensor:
    """Shares of pitch classes (B, T, 24), counted upwards from the last pitch (B, T)."""
    upwards = (previous[..., None] + torch.arange(OCTAVE, device=previous.device)) % OCTAVE
    shares = classes.unflatten(-1, (len(DECAYS), OCTAVE))
    return shares.gather(-1, upwards[..., None, :].expand_as(shares)).flatten(-2)
