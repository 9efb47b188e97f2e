"""Notes from the transformer, one after another, for many texts at once.

The decoder keeps keys and values of the notes so far (KV cache): each step computes one note, not all again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from hw3_melody_generation.attention import DecoderCache
from hw3_melody_generation.encoding import DURATION, REST
from hw3_melody_generation.note_context import FIRST_PREVIOUS
from hw3_melody_generation.sampling import Sampling, draw, guided
from hw3_melody_generation.transformer import MelodyTransformer


@torch.no_grad()
def generate(
    model: MelodyTransformer,
    batch: Mapping[str, Tensor],
    *,
    sampling: Sampling,
    generator: torch.Generator,
    allowed: Tensor | None = None,
    given: Tensor | None = None,
) -> Tensor:
    """Notes for the lyrics of `batch`: int64 (B, T, 3).

    generator: on the CPU, so that a seed means the same on every device. allowed: bool (128,), the pitches
    that may be chosen. given: int64 (B, G, 3), the first G notes, from where the melody goes on.
    """
    chooser = _Chooser(model, sampling, generator, allowed)
    decoder = _Decoder(model, batch, guided=sampling.guidance != 1)
    notes = torch.zeros(*batch["mask"].shape, 3, dtype=torch.long, device=batch["mask"].device)
    first = 0 if given is None else given.shape[1]
    if given is not None:
        notes[:, :first] = given
    for step in range(notes.shape[1]):
        x = decoder.step(notes[:, : step + 1])
        if step >= first:
            before = notes[:, step - 1, 0] if step else torch.full_like(notes[:, 0, 0], FIRST_PREVIOUS)
            notes[:, step] = chooser.note(x, before)
    return notes


@torch.no_grad()
def generate_long(
    model: MelodyTransformer, batch: Mapping[str, Tensor], *, window: int, **options: Any
) -> Tensor:
    """Notes for lyrics of any length: int64 (B, T, 3), made `window` syllables at a time.

    Each piece begins half a window before its first new note: the model has seen no longer ones in training.
    options: as for `generate`.
    """
    steps, overlap = batch["mask"].shape[1], window // 2
    notes = torch.zeros(*batch["mask"].shape, 3, dtype=torch.long, device=batch["mask"].device)
    made = 0
    while made < steps:
        first = max(0, made - overlap)
        piece = slice(first, min(steps, first + window))
        given = notes[:, first:made] if made else None
        notes[:, piece] = generate(model, _cut(model, batch, notes, piece), given=given, **options)
        made = piece.stop
    return notes


def _cut(model: MelodyTransformer, batch: Mapping[str, Tensor], notes: Tensor, piece: slice) -> dict:
    """A piece of a batch; the position in the bar goes on from the notes before it."""
    before = notes[:, : piece.start]
    elapsed = (model.durations[before[..., DURATION]] + model.rests[before[..., REST]]).sum(dim=1)
    bar, position = batch["metre"].unbind(dim=1)
    position = torch.where(bar > 0, (position + elapsed) % bar.clamp_min(1e-3), 0)
    mask = batch["mask"][:, piece].clone()
    mask[:, 0] = True  # of a text that has ended already, so that there is something to look at
    return {
        "lyrics": batch["lyrics"][:, piece],
        "mask": mask,
        "metre": torch.stack([bar, position], dim=1),
    }


class _Decoder:
    """The decoder's view of the next note, step by step. guided: with lyrics, and below, without."""

    def __init__(self, model: MelodyTransformer, batch: Mapping[str, Tensor], *, guided: bool) -> None:
        self.model, self.copies = model, 2 if guided else 1
        self.batch = {name: torch.cat([batch[name]] * self.copies) for name in ("lyrics", "mask", "metre")}
        texts, steps = self.batch["mask"].shape
        place = torch.arange(texts, device=self.batch["mask"].device)
        self.hidden = place >= texts // 2 if guided else None
        self.syllables = model.encode(self.batch, self.hidden)
        self.previous = F.pad(self.syllables, (0, 0, 1, 0))[:, :-1]
        across = [layer.cross_attention.keys_values(self.syllables) for layer in model.decoder]
        self.caches = [DecoderCache(keys_values, steps) for keys_values in across]

    def step(self, notes: Tensor) -> Tensor:
        """notes (B, t + 1, 3), the last still open -> (copies B, D), from which note t is told."""
        at, model = notes.shape[1] - 1, self.model
        seen = self.batch | {
            "notes": torch.cat([notes] * self.copies),
            "lyrics": self.batch["lyrics"][:, : at + 1],
        }
        here = slice(at, at + 1)
        aligned = model.aligned(torch.cat([self.syllables[:, here], self.previous[:, here]], dim=-1))
        x = model.notes(model.context(seen, self.hidden).last()) + aligned
        for layer, cache in zip(model.decoder, self.caches, strict=True):
            x = layer.step(x, cache, self.batch["mask"][:, None])
        return model.decoder_norm(x)[:, 0]


class _Chooser:
    """Draws a note: its rest, then its duration, then its pitch."""

    def __init__(
        self,
        model: MelodyTransformer,
        sampling: Sampling,
        generator: torch.Generator,
        allowed: Tensor | None,
    ) -> None:
        self.head, self.sampling, self.generator = model.head, sampling, generator
        self.forbidden = None if allowed is None else ~allowed.to(model.durations.device)

    def note(self, x: Tensor, before: Tensor) -> Tensor:
        """x (copies B, D), before (B,) the previous pitch -> int64 (B, 3)."""
        copies = len(x) // len(before)
        rest = self._draw(self.head.rest_logits(x))
        rests = rest.repeat(copies)
        duration = self._draw(self.head.duration_logits(x, rests))
        logits = self.head.pitch_logits(x, rests, duration.repeat(copies), before.repeat(copies))
        if self.forbidden is not None:
            logits = logits.masked_fill(self.forbidden, -torch.inf)
        return torch.stack([self._draw(logits), duration, rest], dim=1)

    def _draw(self, logits: Tensor) -> Tensor:
        if self.sampling.guidance != 1:
            logits = guided(logits, guidance=self.sampling.guidance)
        return draw(logits.float().cpu(), self.sampling, self.generator).to(logits.device)
