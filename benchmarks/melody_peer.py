"""The network that HW3's transformer is measured against: what one would build from torch's own layers.

torch's nn.Transformer of the same width, heads and layers, with learned positions; each note is the sum of
three embeddings, three linear heads tell the next. Compared with ours it lacks the hints, features of words
and lines, biases by distance, and heads that know each other. It has no cache: each step of generation runs
the decoder over all notes so far (the encoder runs once, as in ours).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hw3_melody_generation.encoding import SYLLABLE
from hw3_melody_generation.transformer import TransformerConfig

MOST_STEPS = 512


class PlainTransformer(nn.Module):
    """As MelodyTransformer: batch -> log p of pitch, duration and rest, (B, T, 3)."""

    def __init__(self, config: TransformerConfig, *, num_syllables: int, sizes: tuple[int, int, int]) -> None:
        super().__init__()
        width = config.width
        self.syllables = nn.Embedding(num_syllables + 1, width)
        self.notes = nn.ModuleList(nn.Embedding(size + 1, width) for size in sizes)  # the last: the beginning
        self.positions = nn.Embedding(MOST_STEPS, width)
        self.transformer = nn.Transformer(
            width,
            config.heads,
            config.encoder_layers,
            config.decoder_layers,
            dim_feedforward=4 * width,
            dropout=config.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.heads = nn.ModuleList(nn.Linear(width, size) for size in sizes)

    def forward(self, batch: dict[str, Tensor], hidden: Tensor | None = None) -> Tensor:
        """hidden: not looked at; ours has it."""
        notes = batch["notes"]
        start = torch.tensor([head.out_features for head in self.heads]).expand(len(notes), 1, 3)
        x = self.decode(torch.cat([start, notes[:, :-1]], dim=1), self.encode(batch))
        chosen = [head(x).log_softmax(-1).gather(-1, notes[..., [k]]) for k, head in enumerate(self.heads)]
        return torch.cat(chosen, dim=-1)

    def encode(self, batch: dict[str, Tensor]) -> Tensor:
        """The syllables in their context, (B, T, D)."""
        syllables = batch["lyrics"][..., SYLLABLE]
        return self.transformer.encoder(self.syllables(syllables) + self._places(syllables.shape[1]))

    def decode(self, before: Tensor, memory: Tensor) -> Tensor:
        """before (B, T, 3): the notes, each a step late -> (B, T, D)."""
        x = self._places(before.shape[1])
        for column, embedding in enumerate(self.notes):
            x = x + embedding(before[..., column])
        mask = nn.Transformer.generate_square_subsequent_mask(before.shape[1])
        return self.transformer.decoder(x, memory, tgt_mask=mask, tgt_is_causal=True)

    @torch.no_grad()
    def generate(self, batch: dict[str, Tensor], generator: torch.Generator) -> Tensor:
        """Notes int64 (B, T, 3), each drawn from what all before it say."""
        texts, steps = batch["mask"].shape
        memory = self.encode(batch)
        notes = torch.tensor([head.out_features for head in self.heads]).expand(texts, 1, 3)
        for _ in range(steps):
            last = self.decode(notes, memory)[:, -1]
            drawn = [
                torch.multinomial(F.softmax(head(last), -1), 1, generator=generator) for head in self.heads
            ]
            notes = torch.cat([notes, torch.stack(drawn, dim=-1)], dim=1)
        return notes[:, 1:]

    def _places(self, steps: int) -> Tensor:
        return self.positions(torch.arange(steps))
