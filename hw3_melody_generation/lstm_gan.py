"""The conditional LSTM-GAN: one network composes, another tells its melodies from true ones.

    lyrics -> condition: a vector of each syllable, and of its word             (B, T, 2 E)
    noise, condition -> Generator: linear, ReLU, LSTMs, linear                  -> melody, points (B, T, 3)
    melody, condition -> Discriminator: linear, leaky ReLU, LSTMs, linear       -> logits "true" (B, T)

The generator is never shown a true melody. It learns from the discriminator's gradient alone, through the
melody: so its notes must be numbers that can change a little, and not choices. What NoteScale makes of notes
is such a number for each of pitch, duration and rest, and generated ones are rounded to the nearest value.
There is no likelihood: the generator draws melodies, and cannot tell how probable a given one would be.

A step has fresh noise, and all steps of a melody share some, from which its register can come. Both networks
read from left to right: note t is made, and judged, before the words after t are known.

Source: Yu, Srivastava and Canales 2021, "Conditional LSTM-GAN for Melody Generation from Lyrics" (ACM TOMM
17; arXiv 1908.05551), after C-RNN-GAN (Mogren 2016). Published: 400 cells; 30 random numbers in [0, 1] per
step; 10 + 10 numbers for syllable and word, by skip-gram; notes by value; one judgement per melody, the mean
of the steps' sigmoids. Different here, as 400 cells and 400 epochs take a GPU:

- 64 cells, and notes by rank (see NoteScale); each step is judged by itself; noise is in [-1, 1].
- A word's vector is the mean of its syllables' vectors, so that words need no vocabulary.
- The last layer of both networks sees the input of the LSTMs beside their output: without this path the
  generator takes long to vary a note, and the discriminator to see that it does not.
- The discriminator is given hints: the step to each pitch from the one before, by which it sees repeated
  notes and leaps, and how much each note varies within the batch (minibatch standard deviation, Karras et al.
  2018), by which it sees a collapse while it happens. Without the latter, rests soon were all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.cli import UserError, at_least
from hw3_melody_generation.constraints import Constraints
from hw3_melody_generation.encoding import PITCH, SYLLABLE, WORD
from hw3_melody_generation.note_scale import Layout, NoteScale
from hw3_melody_generation.sampling import Sampling

STEP_GAIN = 4.0  # a semitone is about 0.1 of the deviation by which pitches are standardized


@dataclass(kw_only=True)
class LstmGanConfig:
    """The conditional LSTM-GAN."""

    hidden: int = 64
    """Cells in each LSTM layer. Published: 400."""
    layers: int = 2
    """LSTM layers in each of the two networks."""
    embedding: int = 10
    """Numbers per syllable, and as many per word, learnt by skip-gram from the training lyrics."""
    noise: int = 30
    """Random numbers that the generator receives anew for each note."""
    melody_noise: int = 8
    """Random numbers that it receives once, for all notes of a melody. Published: 0."""
    layout: Layout = "ranks"
    """How notes become numbers: durations and rests by rank, or by value as published."""
    hints: bool = True
    """Show the discriminator the steps between pitches, and how notes vary within a batch. Published: no."""
    dropout: float = 0.1
    """Share of activations that training sets to zero, in both networks."""

    def __post_init__(self) -> None:
        at_least(1, hidden=self.hidden, layers=self.layers, embedding=self.embedding)
        at_least(0, noise=self.noise, melody_noise=self.melody_noise)
        if not 0 <= self.dropout < 1:
            raise UserError(f"--dropout is {self.dropout}; give a value in [0, 1)")


class Generator(nn.Module):
    """condition (B, T, C), noise (B, T, Z) -> points (B, T, 3), see NoteScale."""

    def __init__(self, condition: int, config: LstmGanConfig) -> None:
        super().__init__()
        self.input = nn.Linear(condition + config.noise + config.melody_noise, config.hidden)
        self.lstm = _lstm(config)
        self.output = nn.Linear(2 * config.hidden, 3)

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        x = F.relu(self.input(torch.cat([condition, noise], dim=-1)))  # (B, T, C + Z) -> (B, T, H)
        memory, _ = self.lstm(x)
        return self.output(torch.cat([memory, x], dim=-1))  # (B, T, 2 H) -> (B, T, 3)


class Discriminator(nn.Module):
    """points (B, T, 3), condition (B, T, C) -> logits (B, T), above 0 for "true", and features (B, T, 2 H).

    Step t judges the melody up to note t. With hints, all melodies of a batch must be true, or all made: the
    variation within it would tell.
    """

    def __init__(self, condition: int, config: LstmGanConfig) -> None:
        super().__init__()
        self.hints = config.hints
        self.dropout = nn.Dropout(config.dropout)
        self.input = nn.Linear(3 + 4 * config.hints + condition, config.hidden)
        self.lstm = _lstm(config)
        self.output = nn.Linear(2 * config.hidden, 1)

    def forward(self, points: Tensor, condition: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        hints = [pitch_steps(points), variation(points, mask)] if self.hints else []
        x = self.dropout(torch.cat([points, *hints, condition], dim=-1))
        x = F.leaky_relu(self.input(x), 0.2)  # (B, T, 3 + 4 + C) -> (B, T, H)
        memory, _ = self.lstm(x)
        features = torch.cat([memory, x], dim=-1)
        return self.output(features).squeeze(-1), features  # (B, T, 2 H) -> (B, T)


def pitch_steps(points: Tensor) -> Tensor:
    """From each pitch to the next, of points (B, T, 3): (B, T, 1), enlarged, 0 for the first note."""
    pitch = points[..., PITCH]
    steps = F.pad(pitch[:, 1:] - pitch[:, :-1], (1, 0))
    return (STEP_GAIN * steps).clamp(-STEP_GAIN, STEP_GAIN)[..., None]


def variation(points: Tensor, mask: Tensor) -> Tensor:
    """Standard deviation over the batch at each step, of points (B, T, 3): (B, T, 3), the same for all B."""
    there = mask[..., None].float()
    count = there.sum(dim=0).clamp_min(1)  # (T, 1)
    mean = (points * there).sum(dim=0) / count
    variance = ((points - mean).square() * there).sum(dim=0) / count
    return (variance + 1e-8).sqrt().expand_as(points)  # the root of 0 has no gradient


class LstmGan(nn.Module):
    """Both networks, and how they see notes and lyrics: `scale` and `syllables`, fitted before training."""

    has_likelihood = False

    def __init__(
        self,
        config: LstmGanConfig,
        *,
        num_syllables: int,
        durations: tuple[float, ...],
        rests: tuple[float, ...],
    ) -> None:
        super().__init__()
        self.config = config
        self.scale = NoteScale(durations, rests, layout=config.layout)
        self.register_buffer("syllables", torch.zeros(num_syllables + 1, config.embedding))
        self.generator = Generator(2 * config.embedding, config)
        self.discriminator = Discriminator(2 * config.embedding, config)

    def condition(self, batch: Mapping[str, Tensor]) -> Tensor:
        """What is known of each syllable: its vector, and the mean vector of its word, (B, T, 2 E)."""
        syllable = self.syllables[batch["lyrics"][..., SYLLABLE]]  # (B, T) -> (B, T, E)
        word = batch["lyrics"][..., WORD]
        same = ((word[:, :, None] == word[:, None, :]) & batch["mask"][:, None]).float()  # (B, T, T)
        share = same / same.sum(dim=-1, keepdim=True).clamp_min(1)
        return torch.cat([syllable, share @ syllable], dim=-1)

    def noise(self, texts: int, steps: int, generator: torch.Generator | None = None) -> Tensor:
        """Even in [-1, 1], on the CPU: (texts, steps, noise + melody_noise)."""
        fresh = torch.rand(texts, steps, self.config.noise, generator=generator)
        shared = torch.rand(texts, 1, self.config.melody_noise, generator=generator)
        return 2 * torch.cat([fresh, shared.expand(-1, steps, -1)], dim=-1) - 1

    @torch.no_grad()
    def generate(
        self,
        batch: Mapping[str, Tensor],
        *,
        sampling: Sampling,
        generator: torch.Generator,
        constraints: Constraints | None = None,
    ) -> Tensor:
        """Notes int64 (B, T, 3) for the lyrics of `batch`, of any length.

        generator: on the CPU. Of `sampling` the temperature counts: the noise is multiplied by it. The rest
        is for distributions, which this model has not. Pitches that may not sound, or never did in the
        training data, give way to the nearest one that may.
        """
        noise = self.noise(*batch["mask"].shape, generator).to(batch["mask"].device) * sampling.temperature
        notes = self.scale.codes(self.generator(self.condition(batch), noise))
        nearest = (constraints or Constraints()).nearest_allowed().to(notes.device)
        notes[..., PITCH] = nearest[notes[..., PITCH]]
        return notes


def _lstm(config: LstmGanConfig) -> nn.LSTM:
    dropout = config.dropout if config.layers > 1 else 0.0
    return nn.LSTM(config.hidden, config.hidden, config.layers, batch_first=True, dropout=dropout)
