"""Fill in what is not given of a chorale, frame after frame, with any step model (ancestral sampling).

Rules can leave a voice with nothing that fits, because of choices made before. So each result may be written
by several `particles` at once: where the rules took away most of what the model wanted to do, a particle dies
out, and others go on in its place. With many of them this draws from the model as it is where the rules are
kept, not from one that is pushed about at the last moment.
Source: sequential Monte Carlo with resampling (Doucet, de Freitas and Gordon 2001, ch. 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from common.cli import UserError
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, HIGHEST, LOWEST, VOICES
from final_project.muse2bach.parallels import forbidden
from final_project.muse2bach.step_model import Context, StepModel
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.tokens import SILENCE_TOKEN, VOCABULARY, to_voices

Progress = Callable[[float], None]  # is told the share, 0..1, that is done
NEVER = float("-inf")


@dataclass(kw_only=True, frozen=True)
class Sampling:
    """How tokens are drawn. The defaults draw what the model likes, as often as it does, within the rules."""

    temperature: float = 1.0
    """Above 1 bolder, below 1 safer; near 0 the most likely pitch each time."""
    top_p: float = 1.0
    """Draw among the most likely pitches that together have this share, 0 to 1, of the probability."""
    avoid_parallels: bool = True
    """Leave out what makes parallel fifths, octaves or unisons, unless nothing else is left."""
    spacing: bool = True
    """Leave out crossed voices and gaps wider than an octave, too."""
    particles: int = 4
    """How many versions grow side by side for each result, where rules or chords are to be kept."""

    def __post_init__(self) -> None:
        for name, valid, rule in (
            ("temperature", self.temperature > 0, "above 0"),
            ("top_p", 0 < self.top_p <= 1, "above 0, up to 1"),
            ("particles", self.particles >= 1, "of at least 1"),
        ):
            if not valid:
                option = "--" + name.replace("_", "-")
                raise UserError(f"{option} is {getattr(self, name)}; give a value {rule}")


def complete(
    model: StepModel,
    given: NDArray[np.int16],
    context: Context,
    *,
    sampling: Sampling,
    generator: torch.Generator,
    allowed: NDArray[np.bool_] | None = None,
    progress: Progress = lambda share: None,
) -> NDArray[np.int16]:
    """given (B, frames, 4) with every UNKNOWN cell filled in; the others stay as they are.

    allowed: bool (frames, 4, 128), the pitches each voice may sing; where these are all, it may be silent.
    generator: on the CPU. Errors: ValueError for shapes that do not agree.
    """
    constrained = allowed is not None or sampling.avoid_parallels or sampling.spacing
    particles = sampling.particles if constrained else 1
    voices = np.repeat(given, particles, axis=0)  # a result's particles lie side by side
    context.check(voices.shape[1])
    pen = _Pen(model, voices, context, sampling, generator, _allowed_tokens(allowed, voices.shape[1:]))
    for frame in range(voices.shape[1]):
        pen.write(frame)
        if particles > 1:
            pen.resample(particles)
        progress((frame + 1) / voices.shape[1])
    return pen.voices[pen.survivors(particles)]


class _Pen:
    """Writes all rows (B * particles), a frame at a time.

    voices: (rows, frames, 4), filled in place. log_weights: (rows,), how much of what the model wanted was
    allowed since the last resampling.
    """

    def __init__(
        self,
        model: StepModel,
        voices: NDArray[np.int16],
        context: Context,
        sampling: Sampling,
        generator: torch.Generator,
        allowed: NDArray[np.bool_] | None,
    ) -> None:
        self.model, self.voices, self.sampling = model, voices, sampling
        self.generator, self.allowed = generator, allowed
        self.free = voices == UNKNOWN
        frames = np.arange(voices.shape[1])
        self.places = (frames if context.position is None else context.position) % FRAMES_PER_QUARTER
        self.state = model.start(voices, context)
        self.log_weights = torch.zeros(len(voices), dtype=torch.float64)

    def write(self, frame: int) -> None:
        """Fill in a frame, and go on to the next."""
        free = self.free[:, frame]
        known = [voice for voice in range(len(VOICES)) if not free[:, voice].any()]
        for voice in self.model.order(known):
            if free[:, voice].any():
                self._choose(frame, voice, free[:, voice])
        self.state = self.model.advance(self.state, self.voices[:, frame])

    def _choose(self, frame: int, voice: int, free: NDArray[np.bool_]) -> None:
        """One voice, in the rows where it is free."""
        known = self.voices[:, frame].copy()
        known[:, voice] = UNKNOWN
        wanted = self.model.log_probs(self.state, known, voice).cpu().double()  # (rows, VOCABULARY)
        wanted = (wanted / self.sampling.temperature).log_softmax(dim=-1)
        left = wanted
        for ruled_out in self._ruled_out(frame, voice):
            left = without(left, torch.from_numpy(ruled_out))
        tokens = draw(left, self.sampling.top_p, self.generator).numpy()
        self.voices[free, frame, voice] = to_voices(tokens[free])
        self.log_weights += torch.where(torch.from_numpy(free), left.logsumexp(dim=-1), 0.0)

    def _ruled_out(self, frame: int, voice: int) -> Iterator[NDArray[np.bool_]]:
        """Tokens that must not be drawn, (rows, VOCABULARY): first what the user said, then the rules."""
        if self.allowed is not None:
            yield np.tile(~self.allowed[frame, voice], (len(self.voices), 1))
        place, options = int(self.places[frame]), self.sampling
        if options.avoid_parallels:
            yield forbidden(self.voices, frame, voice, place=place)
        if options.spacing:
            yield forbidden(self.voices, frame, voice, place=place, spacing=True)

    def resample(self, particles: int) -> None:
        """In each result whose particles have become unequal, let the heavier ones replace the lighter."""
        weights = self.log_weights.view(-1, particles).softmax(dim=1)  # (B, particles)
        unequal = 1 / weights.square().sum(dim=1) < particles / 2  # the effective number of particles
        if not unequal.any():
            return
        chosen = torch.arange(particles).repeat(len(weights), 1)
        drawn = torch.multinomial(weights[unequal], particles, replacement=True, generator=self.generator)
        chosen[unequal] = drawn
        rows = (chosen + particles * torch.arange(len(weights))[:, None]).flatten()
        self.log_weights = torch.where(unequal.repeat_interleave(particles), 0.0, self.log_weights)
        self.voices, self.free = self.voices[rows.numpy()], self.free[rows.numpy()]
        self.state = self.model.select(self.state, rows.numpy())

    def survivors(self, particles: int) -> NDArray[np.int64]:
        """The row of one particle for each result, drawn by weight."""
        weights = self.log_weights.view(-1, particles).softmax(dim=1)
        chosen = torch.multinomial(weights, 1, generator=self.generator).squeeze(1)
        return (chosen + particles * torch.arange(len(weights))).numpy()


def without(log_probs: Tensor, ruled_out: Tensor) -> Tensor:
    """log_probs (B, V) with `ruled_out` at minus infinity, except in rows where nothing would be left."""
    left = log_probs.masked_fill(ruled_out, NEVER)
    return torch.where(left.isneginf().all(dim=-1, keepdim=True), log_probs, left)


def draw(log_probs: Tensor, top_p: float, generator: torch.Generator) -> Tensor:
    """One token from each row of log_probs (B, V), not normalized: int64 (B,).

    top_p: among the smallest set that has this share, the token that crosses the line included (Holtzman
    et al. 2020, "The Curious Case of Neural Text Degeneration").
    """
    share = log_probs.softmax(dim=-1)
    if top_p < 1:
        ordered, places = share.sort(dim=-1, descending=True)
        beyond = ordered.cumsum(dim=-1) - ordered >= top_p
        share = share.masked_fill(beyond.scatter(-1, places, beyond), 0.0)
    return torch.multinomial(share, 1, generator=generator).squeeze(1)


def _allowed_tokens(allowed: NDArray[np.bool_] | None, shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    """By token instead of pitch, (frames, 4, VOCABULARY)."""
    if allowed is None:
        return None
    if allowed.shape != (*shape, 128):
        raise ValueError(f"allowed must be {(*shape, 128)}, got {allowed.shape}")
    tokens = np.empty((*shape, VOCABULARY), dtype=bool)
    tokens[..., :SILENCE_TOKEN] = allowed[..., LOWEST : HIGHEST + 1]
    tokens[..., SILENCE_TOKEN] = allowed.all(axis=-1)
    return tokens
