"""From logits to a choice: temperature, top-k, nucleus (top-p), and guidance by the lyrics."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from common.cli import UserError


@dataclass(kw_only=True, frozen=True)
class Sampling:
    """How notes are drawn. The defaults draw from the model's own distribution."""

    temperature: float = 1.0
    """Above 1 bolder, below 1 safer; near 0 the most likely note each time. The measures of the literature
    are taken at 1: lower values soon give narrow, repeating melodies."""
    top_k: int = 0
    """Draw among the k most likely values of each attribute only. 0: among all."""
    top_p: float = 1.0
    """Draw among the most likely values that together have this share, 0 to 1, of the probability."""
    guidance: float = 1.0
    """Classifier-free guidance: how far the model's opinion without lyrics is left behind on the way to its
    opinion with them. 0: the lyrics are not heard. 1: plain sampling. Above 1: the lyrics are exaggerated."""

    def __post_init__(self) -> None:
        for name, valid, rule in (
            ("temperature", self.temperature > 0, "above 0"),
            ("top_k", self.top_k >= 0, "of at least 0"),
            ("top_p", 0 < self.top_p <= 1, "above 0, up to 1"),
            ("guidance", self.guidance >= 0, "of at least 0"),
        ):
            if not valid:
                option = "--" + name.replace("_", "-")
                raise UserError(f"{option} is {getattr(self, name)}; give a value {rule}")


def guided(logits: Tensor, *, guidance: float) -> Tensor:
    """Two opinions as one: logits (2 B, V), first with, then without lyrics -> (B, V).

    Source: Ho and Salimans 2022, "Classifier-Free Diffusion Guidance", equation 6, on log-probabilities.
    """
    with_lyrics, without = logits.log_softmax(dim=-1).chunk(2)
    # Where both say "never", the difference of two infinities would be no number.
    return torch.where(with_lyrics.isneginf(), with_lyrics, without + guidance * (with_lyrics - without))


def draw(logits: Tensor, sampling: Sampling, generator: torch.Generator) -> Tensor:
    """One value from each row of logits (B, V) -> int64 (B,). A row needs one finite logit at least."""
    logits = keep_top(logits / sampling.temperature, top_k=sampling.top_k, top_p=sampling.top_p)
    return torch.multinomial(logits.softmax(dim=-1), 1, generator=generator).squeeze(1)


def keep_top(logits: Tensor, *, top_k: int, top_p: float) -> Tensor:
    """logits (B, V) with all but the most likely values at minus infinity.

    top_p: the smallest set whose probability reaches it, the value that crosses the line included
    (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration").
    """
    if 0 < top_k < logits.shape[-1]:
        least = logits.topk(top_k, dim=-1).values[..., -1:]
        logits = logits.masked_fill(logits < least, float("-inf"))
    if top_p < 1:
        ordered, places = logits.sort(dim=-1, descending=True)
        share = ordered.softmax(dim=-1)
        beyond = share.cumsum(dim=-1) - share >= top_p  # what comes before it is enough already
        logits = logits.masked_fill(beyond.scatter(-1, places, beyond), float("-inf"))
    return logits
